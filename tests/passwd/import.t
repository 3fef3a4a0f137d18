#!/usr/bin/env python3
"""import and export: other programs' user files, made by those programs
where Debian has them, and real Dovecot on what is exported."""
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_auth import scram_secret, user_file  # noqa: E402

PEERS = os.path.join(place.TOP, "build", "peers")
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
# "secret" each, by crypt(3).
MD5 = "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"
SHA512 = ("$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/"
          "otop/Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/")
BCRYPT = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"
DES = "abNANd1rDfiNc"
SCRAM = scram_secret("SCRAM-SHA-256", "secret")


def lines(server):
    """The user file as {login: rest of the line}."""
    with open(server.path("authusers"), encoding="utf-8",
              errors="surrogateescape") as file:
        return dict(line.rstrip("\n").split(":", 1) for line in file
                    if not line.startswith("#"))


def imported(server, format_, content, *options, name=None, status=0):
    """Imports a file of this content (None: it is there); what was said."""
    path = os.path.join(server.home, name or format_)
    if content is not None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        place.write(path, content, 0o600)
    ran = server.passwd(*options, "import", format_, path, check=False)
    is_(ran.returncode, status, f"{format_}: exit {status}")
    ran.said = [line.replace(path + ":", "") for line in
                 ran.stderr.splitlines()]
    ran.report = ran.stdout.splitlines()
    return ran


def refusals(ran):
    """{line: reason}."""
    found = (re.fullmatch(r"smtpd-passwd: (\d+): refused: (.*)", line)
             for line in ran.said)
    return {int(m[1]): m[2] for m in found if m}


def notes(ran):
    """{line: what was said of a user who came}."""
    found = (re.fullmatch(r"smtpd-passwd: (\d+): (?!refused)(.*)", line)
             for line in ran.said)
    return {int(m[1]): m[2] for m in found if m}


def good(server, user, *mechanisms, password="secret"):
    """He gets in by these."""
    for mechanism in mechanisms:
        is_(server.login(mechanism, user, password), OK,
            f"{user}: {mechanism}")


ALL = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN")
OFFER = {"AUTHMECHS": " ".join(ALL)}

with case("dovecot"), Server(env=OFFER) as server:
    ran = imported(server, "dovecot", f"""# users
joe@example.com:{SCRAM}:1000:1000:Joe smtp_sender=@x:/home/joe::userdb_quota=1
Ann@Example.com:{{SHA512-CRYPT}}{SHA512}::::::
off@example.com:!{{PLAIN}}secret
bare@example.com:{BCRYPT}

clear@example.com:{{PLAIN}}secret::::::allow_nets=127.0.0.0/8
ssha@example.com:{{SSHA}}abcdef::::::
argon@example.com:{{ARGON2ID}}$argon2id$v=19$x::::::
nobody@example.com:::::::nopassword=y
nocolon@example.com
quota@example.com:{{PLAIN}}secret::::::userdb_quota_rule=*:storage=100M
joe@EXAMPLE.com:{{PLAIN}}again
b@example.com:{{SCRAM-SHA-256}}rubbish
c d@example.com:{{PLAIN}}x
e@example.com:{{PLAIN}}x:::smtp_expires_a=soon
""", status=1)
    is_(ran.report[0], "6 users imported, 1 of them disabled; 8 lines "
        "refused", "the sum")
    is_(ran.report[1:5], ["SCRAM-SHA-256: 1 of 6", "SCRAM-SHA-1: 0 of 6",
                          "PLAIN: 6 of 6", "LOGIN: 6 of 6"],
        "how many can use each mechanism")
    reasons = refusals(ran)
    is_(sorted(reasons), [8, 9, 10, 11, 13, 14, 15, 16],
        "each refused line by its number")
    for number, word in ((8, "scheme"), (9, "scheme"), (10, "no password"),
                         (11, "no colon"), (13, "earlier line"),
                         (14, "malformed"), (15, "blank"),
                         (16, "YYYY-MM-DD")):
        ok(word in reasons[number], f"line {number}: {word}", reasons)
    ok("limits the login" in notes(ran).get(7, ""),
       "a note where Dovecot is stricter", ran.said)
    is_(lines(server)["joe@example.com"],
        f"{SCRAM}:1000:1000:Joe smtp_sender=@x:/home/joe::userdb_quota=1",
        "a line comes with all its fields")
    good(server, "joe@example.com", "SCRAM-SHA-256", "PLAIN")
    is_(lines(server)["quota@example.com"], "{PLAIN}secret::::::"
        "userdb_quota_rule=*:storage=100M", "field 8 with its colons")
    for user in ("ann", "bare", "clear", "quota"):
        good(server, user + "@example.com", "PLAIN", "LOGIN")
    is_(server.login("PLAIN", "off@example.com", "secret"), FAILED,
        "disabled there is disabled here")
    before = lines(server)
    ran = imported(server, "dovecot", None, status=1)
    ok(ran.report[0].startswith("0 users imported") and
       refusals(ran)[2] == "the user exists already: del comes first",
       "a second time nobody comes", ran)
    is_(lines(server), before, "and nobody is replaced")

with case("htpasswd"), Server(env=OFFER,
                              control={"authdomain": "example.com\n"}) as server:
    ran = imported(server, "htpasswd", f"joe:{BCRYPT}\nann:{MD5}\ndes:{DES}\n"
                    "apr:$apr1$saltsalt$OxyQI/apgvgIzaJrwB2E10\n"
                    "sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nplain:secret\n"
                    "nothing:\n# comment\nempty\n$5$:x\ncost:$2y$31$"
                    "abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n",
                    status=1)
    is_(ran.report[:5], ["3 users imported, 0 of them disabled; 7 lines refused",
                      "SCRAM-SHA-256: 0 of 3", "SCRAM-SHA-1: 0 of 3",
                      "PLAIN: 3 of 3", "LOGIN: 3 of 3"], "the report")
    reasons = refusals(ran)
    for number, word in ((4, "$apr1$"), (5, "{SHA}"), (6, "clear"),
                         (7, "no password"), (9, "no colon"), (10, "clear"),
                         (11, "costs too much")):
        ok(word in reasons[number], f"line {number}: {word}", reasons)
    for user in ("joe", "ann", "des"):
        good(server, user + "@example.com", "PLAIN")
    with case("made by openssl"):
        made = subprocess.run(["openssl", "passwd", "-6", "secret"],
                              capture_output=True, text=True, check=True)
        imported(server, "htpasswd", "six:" + made.stdout, name="six")
        good(server, "six@example.com", "PLAIN")

with case("shadow"), Server(env=OFFER) as server:
    ran = imported(server, "shadow", f"root:*:19000:0:99999:7:::\n"
                    f"joe:{SHA512}:19000:0:99999:7:::\n"
                    f"off:!{SHA512}:19000:0:99999:7:::\n"
                    f"late:{MD5}:19000:0:99999:7::19001:\n"
                    f"future:{MD5}:19000:0:99999:7::99999:\n"
                    "none::19000::::::\nnew:!!:19000::::::\nstar:!*:1::::::\n"
                    "x:x:19000::::::\n", status=1)
    is_(ran.report[0], "4 users imported, 2 of them disabled; 5 lines refused",
        "the sum")
    reasons = refusals(ran)
    for number, word in ((1, "locked"), (6, "no password"), (7, "locked"),
                         (8, "locked"), (9, "another file")):
        ok(word in reasons[number], f"line {number}: {word}", reasons)
    ok("expired" in notes(ran)[4], "an expired account: disabled, and said")
    good(server, "joe", "PLAIN")
    good(server, "future", "PLAIN")
    for user in ("off", "late"):
        is_(server.login("PLAIN", user, "secret"), FAILED, f"{user}: refused")


def vpasswd_cdb(path, pairs):
    """As vpopmail makes it: key user, data the rest; by tinycdb."""
    text = b"".join(b"+%d,%d:%s->%s\n" % (len(k), len(d), k, d)
                    for k, d in pairs) + b"\n"
    subprocess.run(["cdb", "-c", path], input=text, check=True)


VPASSWD = (f"joe:{MD5}:1:0:Joe Doe:/home/vpopmail/domains/example.com/joe:"
           "NOQUOTA:secret\n"
           f"ann:{MD5}:1:0:Ann:/home/vpopmail/domains/example.com/ann:NOQUOTA\n"
           f"bob:{MD5}:1:0:Bob:/x:NOQUOTA:other\n"
           f"nosmtp:{MD5}:1:2048:N:/x:NOQUOTA:secret\n"
           f"norelay:{MD5}:1:32:N:/x:NOQUOTA:secret\n"
           f"nopop:{MD5}:1:2:N:/x:NOQUOTA\n")

with case("vpasswd"), Server(env=OFFER) as server:
    ran = imported(server, "vpasswd", VPASSWD + "short:x:1\n"
                    "flags:x:1:many:N:/x:Q\nnone::1:0:N:/x:Q\n", "-i", "4096",
                    name="domains/example.com/vpasswd", status=1)
    is_(ran.report[:5], ["6 users imported, 2 of them disabled; 3 lines refused",
                      "SCRAM-SHA-256: 3 of 6", "SCRAM-SHA-1: 3 of 6",
                      "PLAIN: 6 of 6", "LOGIN: 6 of 6"], "the report")
    ok("not a line of vpasswd" in refusals(ran)[7] and
       "not a line of vpasswd" in refusals(ran)[8] and
       "no password" in refusals(ran)[9], "why lines were refused", ran)
    ok("another one" in notes(ran)[3], "a clear password that does not fit "
       "the crypt string is not taken", ran.said)
    good(server, "joe@example.com", *ALL)
    ok(lines(server)["joe@example.com"].startswith("{SCRAM-SHA-256}4096,"),
       "from the clear password SCRAM secrets are made")
    for user in ("ann", "bob", "nopop"):
        good(server, user + "@example.com", "PLAIN")
    is_(server.login("PLAIN", "bob@example.com", "other"), FAILED,
        "the other password is none")
    for number, user in ((4, "nosmtp"), (5, "norelay")):
        ok("vpopmail" in notes(ran)[number], f"{user}: disabled, and said")
        is_(server.login("PLAIN", user + "@example.com", "secret"), FAILED,
            f"{user}: refused")

with case("vpasswd.cdb"), Server(env=OFFER) as server:
    os.makedirs(os.path.join(server.home, "domains/example.org"))
    path = os.path.join(server.home, "domains/example.org/vpasswd.cdb")
    pairs = [tuple(p.encode() for p in line.split(":", 1))
             for line in VPASSWD.splitlines()]
    vpasswd_cdb(path, pairs + [(b"evil", b"x:1:0:N:/x:Q\nroot:" +
                                MD5.encode() + b":1:0:N:/x:Q")])
    ran = imported(server, "vpasswd", None, "-i", "4096",
                    name="domains/example.org/vpasswd.cdb", status=1)
    is_(ran.report[0], "6 users imported, 2 of them disabled; 1 line refused",
        "the same users")
    good(server, "joe@example.org", *ALL)
    good(server, "ann@example.org", "PLAIN")
    ok("root@example.org" not in lines(server) and "root" not in lines(server),
       "a record with a line end in it is no second user")
    data = open(path, "rb").read()
    for what, broken in (("cut short", data[:-300]),
                         ("a length out of bounds",
                          data[:2048] + b"\xff\xff\xff\x7f" + data[2052:]),
                         ("not a cdb", b"\0" * 100),
                         ("tables out of bounds", b"\xff" * 2048 + b"\0")):
        with case(what):
            place.write(path, broken)
            before = lines(server)
            ran = server.passwd("import", "vpasswd", path, check=False)
            ok(ran.returncode in (1, 111) and not ran.stdout.startswith("6")
               and lines(server) == before, f"{what}: nothing comes", ran)

with case("sqmail"), Server(env=OFFER) as server:
    ran = imported(server, "sqmail", "# s/qmail\n\njoe@example.com:secret\n"
                    "ann@example.com:pass word  \noff@example.com:secret\n"
                    "!off@example.com:\n!@gone.example\nold@gone.example:secret"
                    "\nsys:?\nenv:!\n@virtual.example:&\n@:+\n*:=\n"
                    "hash@example.com:%5f4dcc3b5aa765d61d8327deb882cf99\n"
                    "nothing\nequals:=secret\nc:a:b\n",
                    "-i", "4096", status=1)
    is_(ran.report[:3], [
        "5 users imported, 2 of them disabled; 10 lines refused",
        "SCRAM-SHA-256: 5 of 5", "SCRAM-SHA-1: 5 of 5"], "the report")
    reasons = refusals(ran)
    for number, word in ((6, "disables"), (7, "disables"), (9, "another"),
                         (10, "another"), (11, "domain"), (12, "domain"),
                         (13, "domain"), (14, "hash"), (15, "no password"),
                         (16, "=")):
        ok(word in reasons.get(number, ""), f"line {number}: {word}", reasons)
    good(server, "joe@example.com", *ALL)
    good(server, "ann@example.com", "PLAIN", password="pass word")
    good(server, "c", "PLAIN", password="a:b")
    for user in ("off@example.com", "old@gone.example"):
        is_(server.login("PLAIN", user, "secret"), FAILED, f"{user}: disabled")
    ok("pass word" not in str(lines(server)),
       "no password is stored in the clear")


def peer_env(name):
    """To run what was unpacked."""
    return {**os.environ, "LD_LIBRARY_PATH": os.path.join(
        PEERS, name, "usr/lib",
        os.path.basename(os.path.dirname(
            os.path.realpath("/usr/lib/" + os.uname().machine +
                             "-linux-gnu/libc.so.6"))))}


with case("sasldb"), Server(env=OFFER) as server:
    listing = ("joe@example.com: userPassword\nann@example.com: "
               "cmusaslsecretOTP\nrubbish\n")
    ran = imported(server, "sasldb", listing, status=1)
    ok(ran.report[0] == "1 user imported, 1 of them disabled; 2 lines refused"
       and "without a password" in ran.stderr,
       "the listing has no passwords: disabled until set", ran)
    is_(server.login("PLAIN", "joe@example.com", ""), "501 5.5.2 malformed "
        "authentication response", "no password is no way in")
    server.passwd("set", "joe@example.com", stdin="secret")
    good(server, "joe@example.com", *ALL)
    server.passwd("del", "joe@example.com")
    dump = (b"VERSION=3\nformat=print\ntype=hash\ndb_pagesize=4096\n"
            b"HEADER=END\n joe\\00example.com\\00userPassword\n secret\n"
            b" ann\\00example.com\\00cmusaslsecretOTP\n x\n"
            b" utf\\c3\\a9\\00example.com\\00userPassword\n s\\5c\\c3\\a9\\\\\n"
            b" a@b\\00example.com\\00userPassword\n secret\n"
            b" lone\n secret\n b\\00x\\00userPassword\n bad\\zz\nDATA=END\n")
    ran = imported(server, "sasldb", dump, "-i", "4096", name="dump",
                    status=1)
    is_(ran.report[0], "3 users imported, 0 of them disabled; 3 lines refused",
        "a dump in text", )
    good(server, "joe@example.com", *ALL)
    good(server, "utf\u00e9@example.com", "PLAIN", password="s\\\u00e9\\")
    good(server, "a@b", "PLAIN")
    ok("not a line of db_dump" in refusals(ran)[17], "an escape that is none",
       ran.said)
    hexed = (b"VERSION=3\nformat=bytevalue\ntype=hash\nHEADER=END\n " +
             b"hex\0example.com\0userPassword".hex().encode() + b"\n " +
             b"secret".hex().encode() + b"\nDATA=END\n")
    imported(server, "sasldb", hexed, "-i", "4096", name="hexed")
    good(server, "hex@example.com", "PLAIN")

LOAD = shutil.which("db5.3_load") or shutil.which("db_load")
# Every format as Windows has it: a byte order mark, and CR LF.
WINDOWS = {
    "dovecot": f"joe@example.com:{MD5}::::::userdb_x=a:b\n",
    "htpasswd": f"joe@example.com:{MD5}\n",
    "shadow": f"joe@example.com:{MD5}:19000:0:99999:7:::\n",
    "vpasswd": f"joe@example.com:{MD5}:1:0:J:/x:NOQUOTA:secret\n",
    "sqmail": "joe@example.com:secret\n!joe@example.net:\n"
              "joe@example.net:x\n",
    "sasldb": "VERSION=3\nformat=print\ntype=hash\nHEADER=END\n "
              "joe\\00example.com\\00userPassword\n secret\nDATA=END\n",
}
for format_, content in WINDOWS.items():
    with case(f"{format_} from Windows"), Server(env=OFFER) as server:
        ran = imported(server, format_, b"\xef\xbb\xbf" +
                       content.replace("\n", "\r\n").encode(),
                       status=int(format_ == "sqmail"))
        good(server, "joe@example.com", "PLAIN")
        if format_ in ("vpasswd", "sqmail", "sasldb"):
            good(server, "joe@example.com", "SCRAM-SHA-256")
        ok("\r" not in str(lines(server)) and "\ufeff" not in
           str(lines(server)), f"{format_}: neither CR nor mark is stored",
           lines(server))
        if format_ == "sqmail":
            is_(server.login("PLAIN", "joe@example.net", "x"), FAILED,
                "what disables is heeded, too")

with case("UTF-16"), Server(env=OFFER) as server:
    ran = imported(server, "htpasswd", f"joe:{MD5}\r\n".encode("utf-16"),
                   status=111)
    ok("UTF-16" in ran.stderr, "is named", ran)

with case("odd lines"), Server(env=OFFER) as server:
    ran = imported(server, "htpasswd", b"joe:" + MD5.encode() + b"\n" +
                   b"x" * 600 + b"\nhuge:" + b"y" * 100000 + b"\nnul:" +
                   MD5.encode() + b"\0\nann:" + MD5.encode(), status=1)
    is_(sorted(refusals(ran)), [2, 3, 4], "each bad one by its number")
    good(server, "joe", "PLAIN")
    good(server, "ann", "PLAIN")

with case("a Berkeley db"), Server(env=OFFER) as server:
    path = os.path.join(server.home, "sasldb2")
    if LOAD is None:
        skip("a Berkeley db", "needs db5.3-util")
    else:
        subprocess.run([LOAD, "-T", "-t", "hash", path], check=True, input=(
            "joe\\00example.com\\00userPassword\nsecret\n"
            "ann\\00example.com\\00userPassword\nsecret\n").encode())
        ran = imported(server, "sasldb", None, "-i", "4096", name="sasldb2")
        is_(ran.report[0], "2 users imported, 0 of them disabled; 0 lines "
            "refused", "its users come, by db_dump")
        good(server, "joe@example.com", *ALL)
        good(server, "ann@example.com", "PLAIN")
        place.write(path, b"\0" * 4096)
        ran = imported(server, "sasldb", None, name="sasldb2", status=111)
        ok("db_dump cannot read it" in ran.stderr, "one that is none", ran)
        ran = subprocess.run(
            [place.program("smtpd-passwd"), "-f", server.path("authusers"),
             "import", "sasldb", path], env={"PATH": "/nonexistent"},
            capture_output=True, text=True, check=False)
        ok(ran.returncode == 111 and "db-util" in ran.stderr,
           "without db_dump: says which package has it", ran)
    program = os.path.join(PEERS, "sasl2-bin/usr/sbin/saslpasswd2")
    if not os.path.exists(program):
        skip("saslpasswd2's own", "sasl2-bin is not unpacked")
    else:
        path = os.path.join(server.home, "cyrus")
        for user in ("eve", "dan"):
            subprocess.run([program, "-p", "-c", "-f", path, "-u",
                            "example.net", user], input=b"secret", check=True,
                           env=peer_env("sasl2-bin"))
        imported(server, "sasldb", None, "-i", "4096", name="cyrus")
        good(server, "eve@example.net", *ALL)
        good(server, "dan@example.net", "PLAIN")

with case("whatever file it is"), Server() as server:
    for format_, path, status, word in (
            ("apache", "/dev/null", 100, "htpasswd"),
            ("", "/dev/null", 100, "unknown format"),
            ("dovecot", "/nonexistent/file", 111, "/nonexistent/file"),
            ("dovecot", "/", 111, "directory"),
            ("htpasswd", place.program("smtpd-passwd"), 111, "no text"),
            ("vpasswd", place.program("smtpd-passwd"), 111, "cdb")):
        ran = server.passwd("import", format_, path, check=False)
        ok(ran.returncode == status and word in ran.stderr and
           not os.path.exists(server.path("authusers")),
           f"{format_} {path[:20]}: {status}", ran)
    ran = server.passwd("import", "htpasswd", "/dev/stdin",
                         stdin=f"joe@example.com:{MD5}\n")
    good(server, "joe@example.com", "PLAIN")
    before = lines(server)
    server.write("authusers", open(server.path("authusers")).read() +
                 "bad line\n", 0o600)
    ran = server.passwd("import", "htpasswd", "/dev/stdin",
                         stdin=f"new@example.com:{MD5}\n", check=False)
    ok(ran.returncode == 111 and "authusers:3: no colon" in ran.stderr,
       "a bad line that was there stops it", ran)
    good(server, "joe@example.com", "PLAIN")
    is_(server.login("PLAIN", "new@example.com", "secret"), FAILED,
        "and nobody came")

with case("an import with -m"), Server() as server:
    imported(server, "sqmail", "joe@example.com:secret\n", "-i", "4096", "-m",
             "cram-md5", "-m", "digest-md5")
    gecos = lines(server)["joe@example.com"].split(":")[3]
    ok("{CRAM-MD5}cd3ba7de" in gecos and "{DIGEST-MD5}mx.example.org," in gecos,
       "clear passwords make weaker secrets too, when asked", gecos)
    ran = imported(server, "sqmail", b"latin@example.com:s\xe9cret\n", "-i",
                    "4096", name="latin")
    ok("SASLprep" in notes(ran).get(1, ""), "one that cannot be prepared is "
       "stored as it is, and said", ran.said)
    ran = imported(server, "sqmail", "long@example.com:" + "x" * 512 + "\n",
                    name="long", status=1)
    ok("511" in refusals(ran)[1], "one that is too long is refused")

with case("export dovecot"), Server() as server:
    second = scram_secret("SCRAM-SHA-1", "secret")
    user_file(server, [
        f"Joe@example.com:{SCRAM}:1000:1000:Joe smtp_secret_scram-sha-1="
        f"{second} Doe smtp_sender=@x smtp_secret_a={{PLAIN}}app "
        "smtp_expires_a=2030-01-01:/home/joe::x=y", "# a comment",
        f"off@example.com:!{MD5}"])
    exported = server.passwd("export", "dovecot").stdout
    is_(exported, f"joe@example.com:{SCRAM}:1000:1000:Joe Doe:/home/joe::x=y\n"
        f"off@example.com:!{MD5}\n", "nothing of ours, and no site key")
    for arguments, status in ((("export", "postfix"), 100), (("export",), 100),
                              (("export", "dovecot", "x"), 100)):
        ran = server.passwd(*arguments, check=False)
        is_((ran.returncode, ran.stdout), (status, ""), f"{arguments}")
    server.write("authusers", "bad\nann@example.com:x\n", 0o600)
    ran = server.passwd("export", "dovecot", check=False)
    ok(ran.returncode == 111 and ran.stdout == "ann@example.com:x\n" and
       "authusers:1: no colon" in ran.stderr, "a bad line is left out", ran)

done()
