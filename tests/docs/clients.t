#!/usr/bin/env python3
"""docs/clients.md: the configurations and commands in it, run by the programs
they are for. They are changed in this alone: the name is one that is reached
here, and the authority is the test's."""
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.transcript import blocks  # noqa: E402

NAME = "localhost"
PAIR = certificate("ec", NAME)
WORK = home("clients")
NULLMAILER = os.path.join(TOP, "build/peers/nullmailer")
POSTFIX = os.path.join(TOP, "build/peers/postfix")
MESSAGE = ("From: joe@example.com\nTo: ann@example.net\n"
           "Subject: from a client\n\nHello Ann.\n.\n..\n")
BLOCKS = blocks(os.path.join(TOP, "docs/clients.md"))
NAMED = {}
for block in BLOCKS:
    for word in block.info[1:]:
        NAMED[word.partition("=")[2]] = "\n".join(block.lines) + "\n"


def submission(args, **env):
    """A server on 465 (-s) or 587, as the document has it."""
    return Server(args=args, control={
        "me": "mail.example.com\n", "servercert.pem": PAIR.certificate_text(),
        "serverkey.pem": PAIR.key_text()}, users={"joe@example.com": "secret"},
        env={"FORCETLS": "1", "REQUIREAUTH": "1", **env})


def here(text, server):
    """The document's text, for the server under test."""
    text = re.sub(r"(port |Port = |--port[= ]|:)(465|587)",
                  rf"\g<1>{server.port}", text)
    text = text.replace("mail.example.com", NAME)
    return text.replace("/etc/ssl/certs/ca-certificates.crt",
                        PAIR.certificate)


def saved(name, text, mode=0o600):
    """A file with this text."""
    path = os.path.join(WORK, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def run(words, stdin="", **env):
    """Exit code and output."""
    done = subprocess.run(
        words, input=stdin, text=True, capture_output=True, check=False,
        timeout=300, cwd=WORK, env={"PATH": os.environ["PATH"], "HOME": WORK,
                                   "LC_ALL": "C", **env})
    return done.returncode, done.stdout + done.stderr


def arrived(server, what, result, body="Hello Ann."):
    """One message of Joe's, and nothing wrong."""
    code, output = result
    is_(code, 0, f"{what}: exit 0") or diag(output)
    server.wait_idle()
    found = server.messages()
    if is_(len(found), 1, f"{what}: one message arrived"):
        is_((found[0].sender, found[0].recipients, found[0].env.get(
            "SMTPAUTHUSER")), ("joe@example.com", ["ann@example.net"],
                               "joe@example.com"), f"{what}: as Joe, to Ann")
        ok(body in found[0].body.decode(), f"{what}: the text",
           found[0].body)


def there(program, what):
    """Is the program there? Else a skip."""
    if shutil.which(program) or os.path.exists(program):
        return True
    skip(what, f"{program} is not installed")
    return False


saved("message", MESSAGE)
for name in ("msmtprc", "muttrc", "muttrc-plus", "remotes", "main.cf", "sasl_passwd", "gitconfig",
             "curl", "swaks", "tcp.rules", "tcprules", "config-v1.1.xml"):
    ok(name in NAMED, f"the document has {name}")

with case("msmtp"):
    if there("msmtp", "msmtp"):
        with submission(["-s"]) as server:
            path = saved("msmtprc", here(NAMED["msmtprc"], server))
            arrived(server, "msmtp", run(
                ["msmtp", "-C", path, "ann@example.net"], MESSAGE))

for name in ("mutt", "neomutt"):
    root = os.path.join(TOP, "build/peers", name)
    program = f"{root}/usr/bin/{name}"
    if not there(program, name):
        continue

    def mutt(server, more=""):
        """It sends from the command line."""
        path = saved("muttrc", here(NAMED["muttrc"], server) + more)
        return run([program, "-n", "-F", path, "-s", "from a client",
                    "ann@example.net"], "Hello Ann.\n", TERM="dumb",
                   LD_LIBRARY_PATH=root + "/usr/lib/x86_64-linux-gnu")

    with case(name), submission(["-s"]) as server:
        arrived(server, name, mutt(server))
    with case(f"{name} and -PLUS"), submission(
            ["-s"], AUTHMECHS="SCRAM-SHA-256 PLAIN SCRAM-SHA-256-PLUS") \
            as server:
        code, output = mutt(server)
        ok(code != 0 and "SASL authentication failed" in output,
           f"{name} chooses -PLUS, and fails", output)
        server.wait_log("auth cancel mech=SCRAM-SHA-256-PLUS")
        ok("mech=PLAIN" not in server.log(), f"{name} tries nothing else")
        arrived(server, f"{name} with a list", mutt(
            server, NAMED["muttrc-plus"]))

with case("nullmailer"):
    program = NULLMAILER + "/usr/lib/nullmailer/smtp"
    if there(program, "nullmailer"):
        with submission(["-s"]) as server:
            words = here(NAMED["remotes"], server).split()
            is_(words[1], "smtp", "nullmailer: the protocol")
            options = "".join(word.removeprefix("--") + "\n" for word in
                              [f"host={words[0]}", *words[2:],
                               f"x509cafile={PAIR.certificate}"])
            queued = saved("queued", "joe@example.com\nann@example.net\n\n" +
                           MESSAGE)

            def nullmailer(given):
                """Its protocol program, as nullmailer-send runs it."""
                return run(["sh", "-c", f'exec "$0" 3<{queued}', program],
                           given, HELOHOST="client.example.net",
                           LD_LIBRARY_PATH=NULLMAILER +
                           "/usr/lib/x86_64-linux-gnu")

            arrived(server, "nullmailer", nullmailer(options))
            code, output = nullmailer(options.replace("secret", "wrong"))
            ok("535 5.7.8" in output and 0 < code < 32,
               "nullmailer: 535 is temporary to it: no flag 32",
               f"{code} {output}")

with case("git send-email"):
    if there("/usr/lib/git-core/git-send-email", "git send-email"):
        with submission(["-s"]) as server:
            path = saved("gitconfig", here(NAMED["gitconfig"], server) +
                         f"\tsmtpSSLCertPath = {PAIR.certificate}\n"
                         "[user]\n\tname = Joe\n\temail = joe@example.com\n")
            arrived(server, "git send-email", run(
                ["git", "send-email", "--quiet", "--confirm=never",
                 "--suppress-cc=all", "--to=ann@example.net", "message"],
                GIT_CONFIG_GLOBAL=path, GIT_CONFIG_NOSYSTEM="1"))

with case("curl"):
    if there("curl", "curl"):
        with submission(["-s"]) as server:
            arrived(server, "curl", run(
                ["sh", "-c", here(NAMED["curl"], server)],
                CURL_CA_BUNDLE=PAIR.certificate))

with case("swaks"):
    if there("swaks", "swaks"):
        with submission([]) as server:
            arrived(server, "swaks", run(
                ["sh", "-c", here(NAMED["swaks"], server)]), "swaks")

with case("Postfix"):
    program = POSTFIX + "/usr/sbin/postconf"
    if there(program, "Postfix"):
        directory = home("postfix")
        for name in ("master.cf.dist", "master.cf"):
            source = POSTFIX + "/usr/share/postfix/" + name
            if os.path.exists(source):
                shutil.copy(source, directory + "/master.cf")
                break
        text = NAMED["main.cf"]
        # What a setting replaces is left out: postconf warns of the second.
        given = {line.partition(" = ")[0] for line in text.splitlines()}
        with open(POSTFIX + "/usr/share/postfix/main.cf.debian",
                  encoding="utf-8") as file:
            kept = [line for line in file
                    if line.partition("=")[0].strip() not in given]
        with open(directory + "/main.cf", "w", encoding="utf-8") as file:
            file.writelines(kept)
            file.write(text)
        libraries = ":".join((POSTFIX + "/usr/lib/x86_64-linux-gnu",
                              POSTFIX + "/usr/lib/postfix"))
        code, output = run([program, "-c", directory, "-n"],
                           LD_LIBRARY_PATH=libraries)
        is_(code, 0, "Postfix: postconf reads main.cf") or diag(output)
        ok("unused parameter" not in output and "warning" not in output,
           "Postfix: it knows every parameter", output)
        shown = dict(line.split(" = ", 1) for line in output.splitlines()
                     if " = " in line)
        for line in text.splitlines():
            name, _, value = line.partition(" = ")
            is_(shown.get(name), value, f"Postfix: {name}")
        is_(NAMED["sasl_passwd"].split()[0], shown.get("relayhost"),
            "Postfix: the password's key is the relay host")

with case("tcp.rules"):
    saved("tcp.rules", NAMED["tcp.rules"])
    code, output = run(["sh", "-c", NAMED["tcprules"]])
    is_(code, 0, "tcprules reads the rules") or diag(output)
    for address, expected in (
            ("192.0.2.17", {"TLSMIN": "1.0", "OLDCLIENTS": "1"}),
            ("192.0.2.18", {"TLSMIN": "1.1"}),
            ("192.0.2.19", {"FORCETLS": "0"}),
            ("192.0.2.20", {"RELAYCLIENT": "", "FORCETLS": "0"}),
            ("127.0.0.1", {"FORCETLS": "0"}), ("203.0.113.7", {})):
        code, output = run(["tcprulescheck", "tcp.cdb"],
                           TCPREMOTEIP=address)
        found = dict(re.findall(r"set environment variable (\w+)=(.*)",
                                output))
        is_(found, expected, f"tcp.rules: {address}")
        # And the server takes them: it greets with such an environment.
        with submission([], **expected) as server, server.client() as c:
            offer = "\n".join(c.hello())
            is_("AUTH " in offer, "FORCETLS" in expected,
                f"tcp.rules: {address}: AUTH before TLS")
            if "TLSMIN" in expected:
                tried = subprocess.run(
                    ["openssl", "s_client", "-starttls", "smtp", "-connect",
                     f"127.0.0.1:{server.port}", "-cipher",
                     "DEFAULT@SECLEVEL=0", "-tls1" if expected["TLSMIN"] ==
                     "1.0" else "-tls1_1"], stdin=subprocess.DEVNULL,
                    capture_output=True, text=True, check=False)
                like(tried.stdout, r"Cipher is ECDHE", f"tcp.rules: {address}:"
                     f" TLS {expected['TLSMIN']}")
            if "OLDCLIENTS" in expected:
                c.starttls()
                ok(any(line.startswith("AUTH=") for line in c.hello()),
                   f"tcp.rules: {address}: AUTH= in the offer")
            if "RELAYCLIENT" in expected:
                starts(c.message("x\r\n", "scanner@example.com",
                                 "x@example.net"), "250",
                       f"tcp.rules: {address}: relays without a login")

with case("autoconfig"):
    tree = xml.etree.ElementTree.fromstring(
        NAMED["config-v1.1.xml"].encode())
    outgoing = tree.find("emailProvider/outgoingServer")
    is_((outgoing.findtext("hostname"), outgoing.findtext("port"),
         outgoing.findtext("socketType")),
        ("mail.example.com", "465", "SSL"), "config-v1.1.xml is XML")

done()
