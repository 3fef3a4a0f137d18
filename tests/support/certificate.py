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
