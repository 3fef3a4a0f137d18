"""Certificates for tests, made by openssl once a run."""
import hashlib
import os
import re
import ssl
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

    def der(self):
        """The certificate itself."""
        return ssl.PEM_cert_to_DER_cert(self.certificate_text())

    def fingerprint(self):
        """SHA-256, as openssl x509 -fingerprint has it without colons."""
        return hashlib.sha256(self.der()).hexdigest()

    def binding(self, digest="sha256"):
        """tls-server-end-point (RFC 5929) by that hash."""
        return hashlib.new(digest, self.der()).digest()


def _openssl(*words, stdin=None):
    done = subprocess.run(["openssl", *words], check=False, input=stdin,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"openssl {words}: {done.stderr}")


def _days(days):
    """Options for so many from now; from OpenSSL 3.4 on, none is before now,
    but there are dates."""
    said = subprocess.run(["openssl", "version"], check=True, text=True,
                          capture_output=True).stdout
    if days < 0 and tuple(map(int, re.match(
            r"\S+ (\d+)\.(\d+)", said).groups())) >= (3, 4):
        return ["-not_before", "20200101000000Z",
                "-not_after", "20200201000000Z"]
    return ["-days", str(days)]


class Authority:
    """An authority that signs clients' certificates."""

    def __init__(self, name="Example Authority", kind="ec"):
        self.directory = place.home("authority")
        self.name = name
        self.count = 0
        self.own = Certificate(self.directory)
        _openssl("req", "-x509", "-nodes", *_KEYS[kind], "-subj",
                 "/O=Example/CN=" + name, "-days", "30", "-keyout",
                 self.own.key, "-out", self.own.certificate, "-addext",
                 "keyUsage=critical,keyCertSign")

    def text(self):
        """PEM, for clientca.pem."""
        return self.own.certificate_text()

    def sign(self, subject="/CN=joe", altnames="", usage="", kind="ec",
             days=30, digest="sha256", authority=False, key_usage="",
             options=()):
        """A certificate: subject as openssl has it, altnames
        (email:joe@example.com,...), extended key usage; digest "" leaves it
        to the authority's key."""
        self.count += 1
        directory = os.path.join(self.directory, str(self.count))
        os.mkdir(directory)
        made = Certificate(directory)
        request = os.path.join(directory, "request.pem")
        extensions = os.path.join(directory, "extensions")
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("basicConstraints=critical,CA:"
                       f"{'TRUE' if authority else 'FALSE'}\n")
            for word, value in (("subjectAltName", altnames),
                                ("extendedKeyUsage", usage),
                                ("keyUsage", key_usage)):
                if value:
                    file.write(f"{word}={value}\n")
        _openssl("req", "-new", "-nodes", "-utf8", *_KEYS[kind], "-subj",
                 subject, "-keyout", made.key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.own.certificate,
                 "-CAkey", self.own.key, "-CAcreateserial",
                 *(["-" + digest] if digest else []), *options,
                 *_days(days), "-extfile", extensions,
                 "-out", made.certificate)
        return made

    def below(self, name="Example Intermediate"):
        """An authority that this one has signed."""
        made = Authority.__new__(Authority)
        made.directory = place.home("authority")
        made.name = name
        made.count = 0
        made.own = self.sign("/O=Example/CN=" + name, authority=True,
                             key_usage="critical,keyCertSign")
        return made


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


def dated(start, end, name="mx.example.org", signer=None):
    """A pair that is valid between two days (YYYYMMDD), whatever the clock
    says; signer: (certificate, key) paths, else self-signed."""
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
                "default_md=sha256\nx509_extensions=e\n"
                "[p]\ncommonName=supplied\n"
                f"[e]\nsubjectAltName=DNS:{name}\n")
    by = ["-cert", signer[0], "-keyfile", signer[1]] if signer else \
        ["-selfsign", "-keyfile", made.key]
    openssl("ca", "-batch", "-config", "ca.cnf", *by, "-in", "csr",
            "-out", made.certificate, "-notext",
            "-startdate", start + "000000Z", "-enddate", end + "000000Z")
    return made


def expired(name="mx.example.org", signer=None):
    """One whose last day is over."""
    return dated("20200101", "20200201", name, signer)
