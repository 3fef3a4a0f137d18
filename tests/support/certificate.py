"""Certificates for tests, made by openssl once a run."""
import os
import subprocess
import tempfile

from . import place

_KEYS = {
    "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ec384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "rsa": ["-newkey", "rsa:2048"],
    "ed25519": ["-newkey", "ed25519"],
}


class Certificate:
    """Paths of a self-signed certificate and its key."""

    def __init__(self, directory):
        self.certificate = os.path.join(directory, "certificate.pem")
        self.key = os.path.join(directory, "key.pem")

    def certificate_text(self):
        """PEM."""
        with open(self.certificate, encoding="ascii") as file:
            return file.read()

    def key_text(self):
        """PEM."""
        with open(self.key, encoding="ascii") as file:
            return file.read()


def certificate(kind="ec", name="mx.example.org", days=30, digest="sha256"):
    """The certificate of this kind for this name (its altname too)."""
    directory = os.path.join(
        place.shared(), f"certificate-{kind}-{name}-{days}-{digest}")
    if os.path.isdir(directory):
        return Certificate(directory)
    part = tempfile.mkdtemp(dir=place.shared())
    made = Certificate(part)
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", *_KEYS[kind], "-" + digest,
         "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name,
         "-days", str(days), "-keyout", made.key, "-out", made.certificate],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    os.chmod(part, 0o755)
    os.chmod(made.key, 0o644)
    try:
        os.rename(part, directory)
    except OSError:  # another test of this run was quicker
        pass
    return Certificate(directory)


def expired(name="mx.example.org"):
    """A pair whose last day is over, whatever the clock says."""
    where = tempfile.mkdtemp(dir=place.base())
    made = Certificate(where)

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=where, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=" + name, "-keyout", made.key,
            "-out", "csr")
    for file in ("index.txt", "index.txt.attr"):
        place.write(os.path.join(where, file), "")
    place.write(os.path.join(where, "ca.cnf"),
                "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\n"
                "new_certs_dir=.\nrand_serial=yes\npolicy=p\n"
                "default_md=sha256\n[p]\ncommonName=supplied\n")
    openssl("ca", "-batch", "-config", "ca.cnf", "-selfsign", "-keyfile",
            made.key, "-in", "csr", "-out", made.certificate, "-notext",
            "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
    return made
