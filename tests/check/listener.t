#!/usr/bin/env python3
"""smtpd-check on HOST:PORT: the real server behind tcpserver, certificates
that hold and that do not, logins, a test message; and listeners that do
everything wrong, so that every LIVE_ row of the table is provoked."""
import base64
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.certificate import expired  # noqa: E402
from support.extra_smtpd_check import *  # noqa: E402

LOGIN, PASSWORD = "joe@example.com", "correct horse"
PAIR = certificate("ec", "localhost", 90)
TRUSTING = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": PAIR.certificate}


def see(port, *options, host="localhost", env=None, stdin=PASSWORD + "\n"):
    """smtpd-check with the roots that know PAIR."""
    return run(*options, f"{host}:{port}", stdin=stdin, env=env or TRUSTING)


def submission(**more):
    """As on port 587, with PAIR."""
    more.setdefault("env", {"FORCETLS": "1", "REQUIREAUTH": "1"})
    more.setdefault("users", {LOGIN: PASSWORD})
    more.setdefault("control", {})
    more["control"] = {"servercert.pem": PAIR.certificate_text(),
                       "serverkey.pem": PAIR.key_text(), **more["control"]}
    return Server(**more)


def tells(output, name, says=""):
    """The row is there."""
    line = output.find(name)
    return ok(line != "" and says in line, f"{name}: {line[:110] or says}",
              output.text, output.errors)


with case("all is well"), submission() as server:
    output = see(server.port, "-l", LOGIN, "-t", "me@elsewhere.example")
    where = f"(localhost:{server.port})"
    is_(output.status, 0, "exit 0")
    for start in ("AUTH: not offered before TLS", "TLS: STARTTLS, TLS 1.2",
                  "certificate: made out for localhost",
                  "certificate: signed by a known root",
                  "AUTH: SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN",
                  "relaying: refused without a login: 530 5.7.0",
                  "login: joe@example.com by SCRAM-SHA-256",
                  "login: joe@example.com by SCRAM-SHA-1",
                  "login: joe@example.com by PLAIN",
                  "login: joe@example.com by LOGIN",
                  "message: to me@elsewhere.example: 250 2.0.0 ok"):
        ok(any(line.startswith("ok   " + start) and line.endswith(where)
               for line in output.lines), start, output.text)
    like(output.text, r"\nok   certificate: (89|90) days left \(localhost:",
         "days")
    is_(output.lines[-1], f"phone: server localhost, port {server.port}, "
        "security STARTTLS, login joe@example.com, authentication "
        '"password"', "last what to type into a phone")
    message = server.messages()[0]
    is_((message.sender, message.recipients),
        ("joe@example.com", ["me@elsewhere.example"]), "the envelope")
    like(message.body.decode(), r"Subject: test of localhost:\d+ by smtpd-ch",
         "the message")
    is_([m[1] for m in server.wait_log(r"auth ok .*mech=(\S+)", 4)],
        ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"],
        "the server saw each mechanism once")
    ok(PASSWORD not in output.text + output.errors, "no word of the password")
    is_(see(server.port).status, 0, "without -l and -t")
    output = see(server.port, "-t", "me@elsewhere.example")
    tells(output, "LIVE_MESSAGE", "MAIL: 530")
    is_(output.status, 1, "exit 1")
    output = see(server.port, "-l", LOGIN, stdin="wrong\n")
    tells(output, "LIVE_LOGIN", "SCRAM-SHA-256: 535 5.7.8")
    is_(output.text.count("FAIL login"), 4, "a wrong password, by each")
    output = see(server.port, "-l", LOGIN, "-t", "a@b.example", stdin="no\n")
    tells(output, "LIVE_MESSAGE", "no login worked")
    output = see(server.port, "-l", LOGIN, host="127.0.0.1")
    tells(output, "LIVE_NAME", "127.0.0.1")
    is_(output.text.count("ok   login"), 4,
        "to this host itself the password is said")

with case("implicit TLS"), submission(args=["-s"]) as server:
    output = see(server.port, "-l", LOGIN)
    is_(output.status, 0, "found out, though the port is not 465")
    like(output.text, r"ok   TLS: from the first byte", "and told")
    like(output.lines[-1], "security SSL/TLS", "for the phone too")

with case("rsa"), Server(certificate="rsa", users={LOGIN: PASSWORD},
                         env={"FORCETLS": "1"}) as server:
    output = see(server.port)
    like(output.text, "ok   TLS: STARTTLS", "a server with an RSA key")
    tells(output, "LIVE_TRUST", "self-signed")
    like(output.cure("LIVE_TRUST"),
         "^certbot .*/fullchain.pem servercert.pem && .*/privkey.pem "
         r"serverkey.pem \(on the server\)$", "with both links")
    tells(output, "LIVE_NAME", "localhost")

with case("a chain"):
    # A root, an intermediate, a leaf; then without the intermediate.
    where = home("chain")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=where, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def read(name):
        with open(os.path.join(where, name), encoding="ascii") as file:
            return file.read()
    for name, issuer, extension in (
            ("root", None, "basicConstraints=critical,CA:TRUE"),
            ("middle", "root", "basicConstraints=critical,CA:TRUE"),
            ("leaf", "middle", "subjectAltName=DNS:localhost")):
        with open(os.path.join(where, "ext"), "w", encoding="ascii") as file:
            file.write(extension + "\n")
        openssl("req", "-new", "-nodes", "-newkey", "rsa:2048" if
                name == "middle" else "ec", *(
                    () if name == "middle" else
                    ("-pkeyopt", "ec_paramgen_curve:P-256")),
                "-subj", "/CN=" + name, "-keyout", name + ".key", "-out",
                name + ".csr")
        signed = ("-signkey", "root.key") if issuer is None else (
            "-CA", issuer + ".pem", "-CAkey", issuer + ".key",
            "-CAcreateserial")
        openssl("x509", "-req", "-in", name + ".csr", *signed, "-days", "40",
                "-extfile", "ext", "-out", name + ".pem")
    trusting = {**TRUSTING, "SSL_CERT_FILE": where + "/root.pem"}
    with submission(control={
            "servercert.pem": read("leaf.pem") + read("middle.pem"),
            "serverkey.pem": read("leaf.key")}) as server:
        is_(see(server.port, env=trusting).status, 0, "with intermediate")
        server.write("servercert.pem", read("leaf.pem"))
        tells(see(server.port, env=trusting), "LIVE_TRUST", "intermediate")
        server.write("servercert.pem", read("leaf.pem") + read("root.pem"))
        is_(see(server.port, env=trusting).status, 1, "a wrong intermediate")
    old = expired("localhost")
    with submission(control={"servercert.pem": old.certificate_text(),
                             "serverkey.pem": old.key_text()}) as server:
        output = see(server.port, env={**TRUSTING,
                                       "SSL_CERT_FILE": old.certificate})
        tells(output, "CERT_EXPIRED")
        is_(output.find("LIVE_TRUST") + output.find("LIVE_NAME"), "",
            "and nothing else is wrong with it")
        output = see(server.port, env={**TRUSTING, "SSL_CERT_FILE": "/none"})
        tells(output, "CERT_ROOTS", "No such file")

with case("clear"), submission(env={"FORCETLS": "0"}) as server:
    # What tcp.rules allows to this host says nothing of what others see.
    output = see(server.port)
    is_(output.find("LIVE_AUTH_CLEAR"), "", "asked from the host itself")
    like(output.text, r"ok   AUTH: offered before TLS to this host itself;",
         "no warning")
    is_(output.status, 0, "and no fault")

with case("no certificate"), Server(users={LOGIN: PASSWORD},
                                    env={"FORCETLS": "1"}) as server:
    output = see(server.port)
    tells(output, "LIVE_NO_STARTTLS")
    tells(output, "LIVE_NO_AUTH")

with case("an open relay"), submission(
        env={"FORCETLS": "1", "REQUIREAUTH": "0",
             "RELAYCLIENT": ""}) as server:
    tells(see(server.port), "LIVE_RELAY", "relay-test@example.net")

with case("the server is broken"), submission(
        control={"me": None}) as server:
    tells(see(server.port), "LIVE_GREETING", "421 4.3.0")


def directory_of(server, *more):
    """A service directory that a server may have come from."""
    service = home("service")
    os.mkdir(service + "/env")
    for name in ("CONTROLDIR", "QMAILQUEUE", "RECORD_DIR", "REQUIREAUTH",
                 *more):
        with open(f"{service}/env/{name}", "w", encoding="ascii") as file:
            file.write(server.env[name] + "\n")
    server.write("me", "localhost\n")
    with open(service + "/run", "w", encoding="ascii") as file:
        file.write(f"#!/bin/sh\nexec tcpserver 127.0.0.1 {server.port} "
                   f"smtpd-auth -u {ACCOUNT} -j {server.empty}\n")
    return service


with case("a service directory that runs"), submission() as server:
    service = directory_of(server)
    output = run("-l", LOGIN, "-t", "me@elsewhere.example", service,
                 stdin=PASSWORD + "\n", env=TRUSTING)
    for start in ("service: listens on 127.0.0.1", "login: joe@example.com by",
                  "message: to me@elsewhere.example"):
        ok("\nok   " + start in output.text, start, output.text,
           output.errors)
    server.stop()
    output = run("-l", LOGIN, service, stdin=PASSWORD + "\n", env=TRUSTING)
    is_(output.status, 111, "stopped: exit 111")
    like(output.errors, "^smtpd-check: fatal: unable to connect to "
         rf"127\.0\.0\.1:{server.port}: Connection refused$", "and why")

BEHIND = {"FORCETLS": "1", "REQUIREAUTH": "1", "PROXYPROTOCOL": "127.0.0.1"}
with case("behind a balancer, and this host may be one"), \
        submission(env=BEHIND) as server:
    output = see(server.port, "-l", LOGIN, "-t", "me@elsewhere.example")
    is_(output.status, 0, "exit 0")
    like(output.text, r"ok   PROXY: a header comes first, and this host may "
         rf"send it \(localhost:{server.port}\)\n", "found out, and told")
    is_(output.text.count("ok   login"), 4, "it logs in")
    is_(len(server.messages()), 1, "and sends a message")
    is_(len(re.findall(r" connect port=\d+ proxy=127\.0\.0\.1\n",
                       server.log())), 5, "the header names the client")
    is_(re.findall(r"detail=(\w+)", server.log()), ["none", "timeout"],
        "found out by one handshake and one silence")
with case("the same, TLS first"), submission(env=BEHIND, args=["-s"]) \
        as server:
    output = see(server.port, "-l", LOGIN)
    is_((output.status, output.text.count("ok   login")), (0, 4), "it logs in")
    like(output.text, "ok   TLS: from the first byte", "within TLS")
with case("the same, not this host"), \
        submission(env={**BEHIND, "PROXYPROTOCOL": "192.0.2.7"}) as server:
    output = see(server.port)
    tells(output, "LIVE_ENDED", "(a PROXY header was sent)")
    is_(output.status, 1, "exit 1")
with case("the same, by its service directory"), submission(env=BEHIND) \
        as server:
    service = directory_of(server, "PROXYPROTOCOL")
    output = run("-l", LOGIN, service, stdin=PASSWORD + "\n", env=TRUSTING)
    is_(output.text.count("ok   login"), 4, "it logs in")
    ok("reason=proxy" not in server.log(), "the header is sent at once",
       server.log())
with case("the header, IPv6"):
    heard = []

    def balanced(listener):
        """Hangs up on silence and on what begins otherwise."""
        while True:
            try:
                c, end = listener.accept()
            except OSError:  # the case is over
                return
            c.settimeout(4)
            with c:
                try:
                    octets = c.recv(4096)
                except OSError:
                    continue
                if octets[:5] == b"\r\n\r\n\0":
                    heard.append((octets, end[1]))
                    c.sendall(b"554 go away\r\n")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as sock:
        threading.Thread(target=balanced, args=(sock,), daemon=True).start()
        port = sock.getsockname()[1]
        tells(see(port, host="[::1]"), "LIVE_GREETING", "554 go away")
    loopback = socket.inet_pton(socket.AF_INET6, "::1")
    is_([octets for octets, _ in heard],
        [b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24" + 2 * loopback +
         from_.to_bytes(2, "big") + port.to_bytes(2, "big")
         for _, from_ in heard], "both ends, as they are")
    ok(heard, "it came")


class Wrong(threading.Thread):
    """A listener that says what the test wants: replies by command."""

    def __init__(self, replies=(), tls=None, greeting="220 x ESMTP",
                 address="127.0.0.1"):
        super().__init__(daemon=True)
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.replies = {"EHLO": "250-x\n250 AUTH PLAIN", "MAIL": "530 no",
                        "RCPT": "550 no", "QUIT": "221 x", **dict(replies)}
        self.tls = tls
        self.greeting = greeting
        self.heard = []
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        """One conversation."""
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection,
                                                  server_side=True)
            self.talk(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def talk(self, connection):
        """Replies until there is none."""
        def say(text):
            connection.sendall(text.replace("\n", "\r\n").encode() + b"\r\n")
        say(self.greeting)
        for line in connection.makefile("rb"):
            self.heard.append(line)
            words = line.decode("latin-1").split()
            key = " ".join(words[:2])
            reply = self.replies.get(
                key, self.replies.get(words[0] if words else "", None))
            if callable(reply):
                reply = reply(line)
            if reply is None:
                return
            say(reply)


TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS.load_cert_chain(PAIR.certificate, PAIR.key)

with case("greetings and EHLO"):
    tells(see(Wrong(greeting="554 go away").port), "LIVE_GREETING", "554 go")
    tells(see(Wrong(greeting="hello").port), "LIVE_ENDED", "no SMTP reply")
    tells(see(Wrong({"EHLO": None}).port), "LIVE_ENDED", "closed")
    tells(see(Wrong({"EHLO": "502 what"}).port), "LIVE_EHLO", "502 what")
    tells(see(Wrong({"EHLO": "250 " + "x" * 9000}).port), "LIVE_ENDED",
          "line without end")
    tells(see(Wrong({"EHLO": "250-x\n250-\x1b[31m\n250 AUTH"}).port),
          "LIVE_NO_STARTTLS")
    output = see(Wrong(greeting="554 \x1b[31mred").port)
    ok("\x1b" not in output.text, "what a terminal obeys is not printed")

with case("TLS"):
    tells(see(Wrong({"EHLO": "250-x\n250 STARTTLS"}).port), "LIVE_ENDED")
    tells(see(Wrong({"EHLO": "250-x\n250 STARTTLS",
                     "STARTTLS": "454 no"}).port), "LIVE_TLS", "454 no")
    tells(see(Wrong({"EHLO": "250-x\n250 STARTTLS",
                     "STARTTLS": "220 go\n250 smuggled"}).port), "LIVE_TLS")
    tells(see(Wrong({"EHLO": "250-x\n250 STARTTLS", "STARTTLS": "220 go",
                     }).port), "LIVE_TLS")

with case("login"):
    plain = {"AUTH PLAIN": "235 ok"}
    output = see(Wrong(plain, tls=TLS).port, "-l", LOGIN)
    like(output.text, "ok   login: joe@example.com by PLAIN", "PLAIN alone")
    output = see(Wrong({"EHLO": "250-x\n250 AUTH GSSAPI PLAIN", **plain},
                       tls=TLS).port, "-l", LOGIN)
    tells(output, "LIVE_UNTRIED", "GSSAPI")
    is_(output.status, 0, "which is no fault")
    # It does not know the password, and lets everyone in.
    scram = {"EHLO": "250-x\n250 AUTH SCRAM-SHA-256"}
    tells(see(Wrong({**scram, "AUTH": "235 come in"}, tls=TLS).port, "-l",
              LOGIN), "LIVE_SIGNATURE", "SCRAM-SHA-256")

    def impostor(signature):
        """Plays along; its last word is signature."""
        def first(line):
            bare = base64.b64decode(line.split()[2]).decode()[3:]
            nonce = re.search("r=(.*)", bare)[1]
            return "334 " + base64.b64encode(
                f"r={nonce}x,s=c2FsdA==,i=4096".encode()).decode()
        return {**scram, "AUTH": first, **{
            key: "334 " + base64.b64encode(signature).decode()
            for key in FINALS}}

    class Finals(dict):
        """Any other line is the client's last message."""
        def get(self, key, default=None):
            if key in self:
                return self[key]
            return default if default is not None else self["*"]

    FINALS = ["*"]
    wrong = Wrong(tls=TLS)
    wrong.replies = Finals({**wrong.replies, **impostor(b"v=AAAA")})
    tells(see(wrong.port, "-l", LOGIN), "LIVE_SIGNATURE", "SCRAM-SHA-256")
    wrong = Wrong(tls=TLS)
    wrong.replies = Finals({**wrong.replies, **scram, "AUTH": "334 cj14",
                            "*": None})
    tells(see(wrong.port, "-l", LOGIN), "LIVE_LOGIN", "no challenge")
    wrong = Wrong({"EHLO": "250-x\n250 AUTH LOGIN CRAM-MD5",
                   "AUTH LOGIN": "334 ***", "AUTH CRAM-MD5": None}, tls=TLS)
    output = see(wrong.port, "-l", LOGIN)
    tells(output, "LIVE_LOGIN", "LOGIN: no challenge")
    tells(output, "LIVE_ENDED", "closed")

    # RFC 2195: tim, tanstaaftanstaaf.
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    wrong = Wrong({"EHLO": "250-x\n250 AUTH CRAM-MD5", "AUTH":
                   "334 " + base64.b64encode(challenge).decode()}, tls=TLS)
    wrong.replies = Finals({**wrong.replies, "*": "235 ok"})
    output = see(wrong.port, "-l", "tim", stdin="tanstaaftanstaaf\n")
    like(output.text, "ok   login: tim by CRAM-MD5", "CRAM-MD5")
    is_(base64.b64decode(wrong.heard[-1]),
        b"tim b913a602c7eda7a495b4e6e7334d3890", "the RFC's own example")

with case("a password is said to nobody unknown"):
    # From 127.0.0.1 to 127.0.0.2: not the same host, as far as can be seen.
    other = Wrong({"AUTH PLAIN": "235 ok"}, tls=TLS, address="127.0.0.2")
    output = see(other.port, "-l", LOGIN, host="127.0.0.2")
    tells(output, "LIVE_UNSAFE")
    ok(not any(line.startswith(b"AUTH") for line in other.heard),
       "no AUTH was sent")

    output = see(Wrong({"EHLO": "250-x\n250-STARTTLS\n250 AUTH PLAIN",
                        "STARTTLS": "454 no"}, address="127.0.0.2").port,
                 host="127.0.0.2")
    tells(output, "LIVE_AUTH_CLEAR", "PLAIN")


class Turning(Wrong):
    """The first connection that says EHLO is all right; the later ones are as
    told: without STARTTLS, or with another certificate."""

    def __init__(self, later, **more):
        self.later, self.count = later, 0
        self.lines = []
        super().__init__(tls=None, **more)

    def serve(self, connection):
        offer = None
        try:
            connection.sendall(b"220 x ESMTP\r\n")
            file = connection.makefile("rb", buffering=0)
            while line := file.readline():
                self.lines.append(line)
                word = line.split()[:1]
                if offer is None:
                    self.count += 1
                    context = TLS if self.count == 1 else self.later
                    offer = "STARTTLS" if context else "AUTH PLAIN"
                if word == [b"EHLO"]:
                    connection.sendall(b"250-x\r\n250 " + offer.encode() +
                                       b"\r\n")
                elif word == [b"STARTTLS"]:
                    connection.sendall(b"220 go\r\n")
                    connection = context.wrap_socket(connection,
                                                     server_side=True)
                    file = connection.makefile("rb", buffering=0)
                    offer = "AUTH PLAIN LOGIN"
                else:
                    connection.sendall({
                        b"AUTH": b"235 ok", b"DATA": b"354 go"}.get(
                            word[0] if word else b"", b"250 ok") + b"\r\n")
        except OSError:
            pass
        finally:
            connection.close()


OTHER = certificate("ec", "localhost", 30)
ANOTHER = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ANOTHER.load_cert_chain(OTHER.certificate, OTHER.key)


def service_of(port):
    """A service directory for what listens there, with PAIR."""
    place_ = home("turning")
    for name in ("env", "control"):
        os.mkdir(f"{place_}/{name}")
    for name, text_ in (("env/CONTROLDIR", place_ + "/control"),
                        ("env/QMAILQUEUE", "/bin/true"),
                        ("control/me", "localhost"),
                        ("control/servercert.pem", PAIR.certificate_text()),
                        ("control/serverkey.pem", PAIR.key_text()),
                        ("run", "#!/bin/sh\nexec tcpserver 127.0.0.1 "
                         f"{port} smtpd-auth -u {ACCOUNT}\n")):
        with open(f"{place_}/{name}", "w", encoding="ascii") as file_:
            file_.write(text_ + "\n")
    return place_


with case("later connections"):
    for what, later, says in (
            ("no STARTTLS", None, "has no TLS"),
            ("another certificate", ANOTHER, "has another certificate")):
        for ask in (("-l", LOGIN), ("-l", LOGIN, "-t", "a@b.example"),
                    ("-t", "a@b.example")):
            for directory in (False, True):
                turning = Turning(later)
                output = run(*ask, service_of(turning.port), env=TRUSTING,
                             stdin=PASSWORD + "\n") if directory else \
                    see(turning.port, *ask)
                name = f"{what}, {' '.join(ask)}, " + (
                    "a service directory" if directory else "HOST:PORT")
                ok(says in output.find("LIVE_CHANGED"), name + ": is told",
                   output.text, output.errors)
                is_(output.status, 1, name + ": exit 1")
                is_([line for line in turning.lines
                     if line.startswith((b"AUTH", b"DATA"))], [],
                    name + ": no password, no message")
    # A certificate that holds as well as the first is as good: a cluster.
    both = home("both") + "/roots.pem"
    with open(both, "w", encoding="ascii") as file:
        file.write(PAIR.certificate_text() + OTHER.certificate_text())
    turning = Turning(ANOTHER)
    output = see(turning.port, "-l", LOGIN,
                 env={**TRUSTING, "SSL_CERT_FILE": both})
    like(output.text, "ok   login: joe@example.com by PLAIN",
         "another certificate that holds")
    is_(output.find("LIVE_CHANGED"), "", "is no change for the worse")

skipped = []
with case("port 465 in clear"):
    if ROOT:
        try:
            taken = socket.create_server(("127.0.0.1", 465))
        except OSError:
            skip("port 465", "is taken on this host")
            skipped.append("LIVE_PLAIN_465")
        else:
            def clear():
                """One client."""
                connection, _ = taken.accept()
                connection.sendall(b"220 x ESMTP\r\n")
                connection.recv(4096)
                connection.close()
            threading.Thread(target=clear, daemon=True).start()
            tells(see(465), "LIVE_PLAIN_465")
            taken.close()
    else:
        skip("port 465", "needs root")
        skipped.append("LIVE_PLAIN_465")

with case("nobody there"):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    output = see(port)
    is_((output.status, output.text), (111, ""), "exit 111, no line")
    like(output.errors, rf"^smtpd-check: fatal: unable to connect to "
         rf"localhost:{port}: Connection refused$", "and why")
    output = see(25, host="no-such-host.invalid")
    is_(output.status, 111, "no such host: exit 111")

with case("the table"):
    all_heard(lambda name: name.startswith("LIVE_"), *skipped)

done()
