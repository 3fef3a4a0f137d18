#!/usr/bin/env python3
"""App passwords, their dates, senders, disabled users: the commands of
smtpd-passwd, and what the server makes of them."""
import datetime
import hashlib
import os
import re
import stat
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import b64, scram_secret, user_file  # noqa: E402

JOE = "joe@example.com"
ANN = "ann@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
ALL = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256")
LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 auth "
FORM = re.compile(r"([a-km-z]{4}-){4}[a-km-z]{4}\n")


def day(offset):
    """YYYY-MM-DD, so many days from today in UTC."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return (today + datetime.timedelta(days=offset)).isoformat()


def text(server):
    """The user file."""
    with open(server.path("authusers"), encoding="utf-8") as file:
        return file.read()


def line(server, user=JOE):
    """A user's line without the login."""
    for one in text(server).splitlines():
        if one.startswith(user + ":"):
            return one[len(user) + 1:]
    return None


def words(server, user=JOE):
    """The words of field 5 as pairs."""
    return [word.split("=", 1) for word in
            line(server, user).split(":")[3].split()]


def newapp(server, *arguments):
    """Makes an app password; what was printed."""
    ran = server.passwd(*arguments)
    ok(FORM.fullmatch(ran.stdout), f"{arguments}: a readable password, "
       "alone on standard output", ran.stdout)
    return ran.stdout.strip(), ran.stderr


def refused(server, arguments, status, *said):
    """A command that must change nothing."""
    before = text(server)
    ran = server.passwd(*arguments, check=False)
    ok(ran.returncode == status and not ran.stdout
       and all(word in ran.stderr for word in said)
       and ran.stderr.count("\n") == 1 and text(server) == before,
       f"{' '.join(arguments)}: {status}, and nothing changes", ran)


with case("newapp"), Server(users={JOE: "secret", ANN: "other"}) as server:
    phone, said = newapp(server, "newapp", "JOE@example.com", "phone")
    is_(said, "smtpd-passwd: new app password phone for joe@example.com, "
        "shown this once: can use SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\n",
        "what it is for and can do")
    tablet, _ = newapp(server, "newapp", JOE, "tablet-2")
    ok(phone != tablet, "another one each time")
    ok(phone not in text(server) and
       phone.replace("-", "") not in text(server), "is stored as a hash")
    found = [(name, value.split("}")[0]) for name, value in words(server)]
    is_(found, [("smtp_secret_scram-sha-1", "{SCRAM-SHA-1"),
                ("smtp_secret_phone", "{SCRAM-SHA-256"),
                ("smtp_secret_phone", "{SCRAM-SHA-1"),
                ("smtp_secret_tablet-2", "{SCRAM-SHA-256"),
                ("smtp_secret_tablet-2", "{SCRAM-SHA-1")],
        "one secret a hash, under the label")
    secrets = [line(server).split(":")[0]] + [v for _, v in words(server)]
    for scheme in ("SCRAM-SHA-256", "SCRAM-SHA-1"):
        shared = {tuple(s.split("}")[1].split(",")[:2]) for s in secrets
                  if s.startswith("{" + scheme + "}")}
        is_(len(shared), 1, f"{scheme}: one salt and count for all")
    for mechanism in ALL:
        for password, label in (("secret", None), (phone, "phone"),
                                (tablet, "tablet-2")):
            is_(server.login(mechanism, JOE, password), OK,
                f"{mechanism}: {label or 'the own password'}")
            want = f" label={label}" if label else ""
            server.wait_log(LOG + f"ok user={JOE} mech={mechanism}{want}$")
        is_(server.login(mechanism, JOE, phone.upper()), FAILED,
            f"{mechanism}: in upper case it is another")
        is_(server.login(mechanism, ANN, phone), FAILED,
            f"{mechanism}: is of no use to another user")
    is_(server.passwd("check", JOE, stdin=phone).returncode, 0,
        "check knows it")
    server.passwd("set", JOE, stdin="changed")
    for mechanism in ALL:
        is_(server.login(mechanism, JOE, phone), OK,
            f"{mechanism}: outlives a change of the own password")
        is_(server.login(mechanism, JOE, "changed"), OK,
            f"{mechanism}: beside the new one")
        is_(server.login(mechanism, JOE, "secret"), FAILED,
            f"{mechanism}: the old one is gone")
    ran = server.passwd("-i", "4096", "set", JOE, stdin="secret")
    ok("-i ignored" in ran.stderr and
       line(server).startswith("{SCRAM-SHA-256}16384,"),
       "set -i gives way to app passwords, and says so", ran)
    with case("exit codes"):
        refused(server, ("newapp", JOE, "phone"), 1, "phone", "delapp")
        refused(server, ("newapp", "nobody@example.com", "x"), 1, "no such")
        refused(server, ("newapp", JOE, "scram-sha-1"), 100, "scram-sha-1")
        for label in ("", "Phone", "a b", "a" * 33, "a:b", "a=b", "a.b"):
            refused(server, ("newapp", JOE, label), 100, "label")
    is_(server.passwd("list").stdout.splitlines()[1:3], [
        f"{JOE}: app phone: never expires: SCRAM-SHA-256 SCRAM-SHA-1 PLAIN "
        "LOGIN",
        f"{JOE}: app tablet-2: never expires: SCRAM-SHA-256 SCRAM-SHA-1 "
        "PLAIN LOGIN"], "list shows labels")

with case("delapp"), Server(users={JOE: "secret"}) as server:
    phone, _ = newapp(server, "newapp", JOE, "phone")
    tablet, _ = newapp(server, "newapp", JOE, "tablet")
    server.passwd("expire", JOE, "phone", day(9))
    ran = server.passwd("delapp", JOE, "phone")
    is_(ran.stdout, f"deleted app password phone of {JOE}\n", "says so")
    ok("phone" not in text(server), "secrets and date are gone")
    for mechanism in ALL:
        is_(server.login(mechanism, JOE, phone), FAILED,
            f"{mechanism}: the deleted one")
        is_(server.login(mechanism, JOE, tablet), OK,
            f"{mechanism}: the other one")
    refused(server, ("delapp", JOE, "phone"), 1, "phone")
    refused(server, ("delapp", "nobody@example.com", "x"), 1, "no such")
    refused(server, ("delapp", JOE, "A"), 100, "label")

with case("more than fit"), Server() as server:
    user_file(server, [f"{JOE}:{scram_secret('SCRAM-SHA-256', 'secret')}"])
    made = 0
    while server.passwd("newapp", JOE, f"n{made}",
                        check=False).returncode == 0:
        made += 1
    ok(9 <= made <= 15, "a line holds ten app passwords or so", made)
    refused(server, ("newapp", JOE, "more"), 111, JOE, "too long")
    apps = " ".join(f"smtp_secret_n{i}={{PLAIN}}p{i}" for i in range(31))
    user_file(server, [f"{JOE}:{{PLAIN}}x:::{apps}:::"])
    refused(server, ("newapp", JOE, "more"), 111, JOE, "32")
    # Weaker, and costlier than one hash: but each gets in.
    is_(server.login("PLAIN", JOE, "p30"), OK, "the last of 32 secrets")

with case("dates"), Server(users={JOE: "secret"}) as server:
    phone, _ = newapp(server, "newapp", JOE, "phone")
    tablet, _ = newapp(server, "newapp", JOE, "tablet")
    usual = [server.login(mechanism, JOE, "wrong") for mechanism in ALL]
    for date, good in ((day(1), True), (day(400), True), ("9999-12-31", True),
                       (day(0), False), (day(-1), False),
                       ("2001-01-01", False), ("never", True)):
        ran = server.passwd("expire", JOE, "phone", date)
        ok(f"expires {date}" in ran.stdout or "never" in ran.stdout,
           f"expire {date}: says so", ran)
        got = [server.login(mechanism, JOE, phone) for mechanism in ALL]
        is_(got, [OK] * len(ALL) if good else usual,
            f"{date}: {'good' if good else 'the replies of a wrong password'}")
        if not good:
            for mechanism in ALL:
                server.wait_log(LOG + f"fail user={JOE} mech={mechanism} "
                                "reason=expired$")
        is_(server.login("SCRAM-SHA-256", JOE, tablet), OK,
            f"{date}: the other one is not touched")
        is_(server.login("PLAIN", JOE, "secret"), OK,
            f"{date}: nor the own password")
    ok("smtp_expires" not in text(server), "never leaves no date behind")
    server.passwd("expire", JOE, "phone", "2001-01-01")
    ran = server.passwd("check", JOE, stdin=phone, check=False)
    ok(ran.returncode == 1 and "expired" in ran.stderr, "check says why",
       ran)
    server.passwd("expire", JOE, "tablet", "2999-12-31")
    listed = server.passwd("list").stdout
    ok("app phone: expired 2001-01-01: " in listed and
       "app tablet: expires 2999-12-31: " in listed, "list shows dates",
       listed)
    for date in ("2026-02-30", "2026-1-1", "26-01-01", "tomorrow", "",
                 "2026-01-01:x", "2026-01-01 x"):
        refused(server, ("expire", JOE, "phone", date), 100, "YYYY-MM-DD")
    refused(server, ("expire", JOE, "nothing", "never"), 1, "nothing")
    refused(server, ("expire", JOE, "scram-sha-1", "never"), 100)
    refused(server, ("expire", "nobody@example.com", "x", "never"), 1)

with case("a date that cannot be read"), Server() as server:
    apps = "smtp_secret_a={PLAIN}apple smtp_expires_a=soon"
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::smtp_secret_a={{PLAIN}}a"])
    server.write("authusers", f"{JOE}:{{PLAIN}}secret:::{apps}\n", 0o600)
    refused(server, ("build",), 111, "authusers:1: ", "YYYY-MM-DD")
    refused(server, ("newapp", JOE, "b"), 111, "authusers:1: ")
    server.passwd("expire", JOE, "a", "never")
    is_(server.login("PLAIN", JOE, "apple"), OK, "expire puts it right")

with case("weaker secrets"), Server(users={JOE: "secret"}) as server:
    server.passwd("-m", "cram-md5", "-m", "DIGEST-MD5", "set", JOE,
                  stdin="secret")
    stored = dict(words(server))
    a1 = hashlib.md5(f"{JOE}:mx.example.org:secret".encode()).hexdigest()
    is_(stored["smtp_secret_digest-md5"],
        "{DIGEST-MD5}mx.example.org," + a1, "DIGEST-MD5, the realm is me")
    # As doveadm pw -s CRAM-MD5 -p secret has it.
    is_(stored["smtp_secret_cram-md5"],
        "{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac39"
        "5731b56", "CRAM-MD5, Dovecot's form")
    server.passwd("-m", "cram-md5", "set", ANN, stdin="k" * 65)
    is_(dict(words(server, ANN))["smtp_secret_cram-md5"],
        "{CRAM-MD5}27b7a38df6efd1400c525816494f98a12e1df2505cdc138ece701b47a"
        "d0c2409", "a password longer than MD5's block")
    newapp(server, "-m", "cram-md5", "newapp", JOE, "phone")
    is_([value.split("}")[0] for name, value in words(server)
         if name == "smtp_secret_phone"],
        ["{SCRAM-SHA-256", "{SCRAM-SHA-1", "{CRAM-MD5"],
        "an app password's, under its label")
    server.passwd("set", JOE, stdin="secret")
    ok("-md5=" not in text(server).split(ANN)[0],
       "set without -m takes those of the old password away")
    is_(server.login("SCRAM-SHA-1", JOE, "secret"), OK, "others still work")
    refused(server, ("-m", "plain", "set", JOE), 100, "plain", "cram-md5")
    os.unlink(server.path("me"))
    refused(server, ("-m", "digest-md5", "set", JOE), 111, "me", "realm")
    server.write("me", "a:b\n")
    refused(server, ("-m", "digest-md5", "set", JOE), 111, "me", "colon")
    server.write("me", "mx.example.org\n")

with case("sender"), Server(users={JOE: "secret"}) as server:
    before = line(server)
    is_(server.passwd("sender", JOE).stdout, "", "none yet")
    ran = server.passwd("sender", JOE, "sales@example.com", "@joe.example",
                         "!<>")
    is_(ran.stdout, f"senders changed for {JOE}\n", "says so")
    is_(words(server)[-1], ["smtp_sender",
                            "sales@example.com,@joe.example,!<>"],
        "the list in field 5")
    is_(server.passwd("sender", JOE).stdout,
        "sales@example.com\n@joe.example\n!<>\n", "is printed, one a line")
    server.passwd("sender", JOE, "j\u00f6e@example.org")
    is_(server.passwd("sender", JOE).stdout, "j\u00f6e@example.org\n",
        "is replaced, not added to")
    server.passwd("set", JOE, stdin="secret")
    is_(server.passwd("sender", JOE).stdout, "j\u00f6e@example.org\n",
        "outlives a change of password")
    server.passwd("set", JOE, stdin="secret")
    for address, says in (("*@example.org", "no wildcard: @domain"),
                          ("@*.example.org", "no wildcard"),
                          ("@.example.org", "no suffix"),
                          ("joe@example.org.", "ends in a dot")):
        like(server.passwd("sender", JOE, "a@b.example", address).stderr,
             rf"^smtpd-passwd: warning: {re.escape(address)} never matches: "
             rf"it .*{says}.*\n$", f"{address}: stored, with a warning")
        is_(server.passwd("sender", JOE).stdout, f"a@b.example\n{address}\n",
            f"{address}: stored")
    is_(server.passwd("sender", JOE, "a@b.example", "@c.example",
                      "!<>").stderr, "", "none for those that match")
    server.passwd("sender", JOE, "-")
    is_(server.passwd("sender", JOE).stdout, "", "- empties it")
    ok("smtp_sender" not in text(server), "and leaves nothing behind")
    for address in ("joe", "joe@", "", "a b@example.com", "<>", "<a@b>,x@y",
                    "a@b:c", "a@b,c@d"):
        refused(server, ("sender", JOE, address), 100, "address")
    refused(server, ("sender", "nobody@example.com"), 1, "no such user")
    refused(server, ("sender", "nobody@example.com", "a@b"), 1, "no such")
    refused(server, ("sender", JOE, *["x" * 200 + "@example.com"] * 30), 111,
            "too long")

with case("disable and enable"), Server(users={JOE: "secret"}) as server:
    phone, _ = newapp(server, "newapp", JOE, "phone")
    before = text(server)
    is_(server.passwd("disable", JOE).stdout, f"disabled {JOE}\n", "says so")
    is_(text(server), before.replace(JOE + ":", JOE + ":!"),
        "one ! in front of the secret, nothing else")
    for mechanism in ALL:
        for password in ("secret", phone):
            is_(server.login(mechanism, JOE, password), FAILED,
                f"{mechanism}: refused")
        server.wait_log(LOG + f"fail user={JOE} mech={mechanism} "
                        "reason=disabled$", 2)
    server.passwd("disable", JOE)
    ok(":!!" not in text(server), "twice is as once")
    newapp(server, "newapp", JOE, "later")
    is_(server.login("PLAIN", JOE, phone), FAILED, "newapp enables nobody")
    server.passwd("delapp", JOE, "later")
    is_(server.passwd("enable", JOE).stdout, f"enabled {JOE}: can use "
        "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\n", "enable says so")
    is_(text(server), before, "all is as it was")
    for mechanism in ALL:
        is_(server.login(mechanism, JOE, phone), OK, f"{mechanism}: taken")
    server.write("authusers", f"{JOE}:!!*:::\n", 0o600)
    server.passwd("enable", JOE)
    is_(line(server), "*:::", "enable takes every ! away")
    refused(server, ("disable", "nobody@example.com"), 1, "no such user")
    refused(server, ("enable", "nobody@example.com"), 1, "no such user")

with case("beside bad lines"), Server(
        users={JOE: "secret", ANN: "x", "bob@example.com": "y"}) as server:
    phone, _ = newapp(server, "newapp", JOE, "phone")
    BAD = "no colon\na\tb:c\n" + ANN + ":{PLAIN}twice\n"
    server.write("authusers", text(server) + BAD, 0o600)
    for command in (("enable", JOE), ("sender", JOE, "a@b"),
                    ("newapp", JOE, "x"), ("expire", JOE, "phone", "never")):
        refused(server, command, 111, "authusers:5: no colon")
    for command, password in ((("delapp", JOE, "phone"), phone),
                              (("disable", JOE), "secret"),
                              (("del", "bob@example.com"), "y")):
        user = command[1]
        is_(server.login("PLAIN", user, password), OK, f"{command}: before")
        ran = server.passwd(*command)
        first = 4 if command[0] == "del" else 5
        ok(all(f"authusers:{first + n}: " in ran.stderr for n in range(3)),
           f"{command}: names each bad line", ran)
        is_(server.login("PLAIN", user, password), FAILED,
            f"{command}: after")
        ok(text(server).endswith(BAD), f"{command}: they stay")
    is_(server.login("PLAIN", ANN, "x"), OK, "a good line still counts")
    is_(server.login("PLAIN", ANN, "twice"), FAILED, "its double never did")

with case("rights"), Server(users={JOE: "secret"}) as server:
    newapp(server, "newapp", JOE, "phone")
    for name, mode in (("authusers", 0o640), ("authusers.cdb", 0o440)):
        os.chmod(server.path(name), mode)
        if os.geteuid() == 0:
            os.chown(server.path(name), 12345, 23456)

    def rights():
        """Owner, group and mode of both files."""
        return [(s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)) for s in
                (os.stat(server.path(n))
                 for n in ("authusers", "authusers.cdb"))]
    server.write("more", "htpasswd@example.com:$1$saltsalt$"
                 "qjXMvbEw8oaL.CzflDtaK/\n")
    before = rights()
    for command in (("expire", JOE, "phone", "2999-01-01"),
                    ("newapp", JOE, "x"), ("delapp", JOE, "phone"),
                    ("sender", JOE, "a@b"), ("disable", JOE),
                    ("enable", JOE),
                    ("import", "htpasswd", server.path("more"))):
        server.passwd(*command)
        is_(rights(), before, f"{command[0]} keeps owner, group and mode")

with case("SASLprep"), Server() as server:
    for given, prepared, what in (
            ("I\u00adX", "IX", "a soft hyphen is nothing"),
            ("user", "user", "ASCII stays"), ("USER", "USER", "so does case"),
            ("\u00aa", "a", "NFKC"), ("\u2168", "IX", "a Roman number"),
            ("a\u00a0b", "a b", "a blank is a blank"),
            ("e\u0301t\u00e9", "\u00e9t\u00e9", "composed and not")):
        ran = server.passwd("set", JOE, stdin=given)
        is_("was prepared" in ran.stderr, given != prepared,
            f"{what}: a warning if it is another")
        for mechanism in ALL:
            is_(server.login(mechanism, JOE, prepared), OK,
                f"{what}: {mechanism}")
        if given != prepared:
            is_(server.login("PLAIN", JOE, given), FAILED,
                f"{what}: unprepared it is another")
    for given, why in (("a\tb", "forbidden"), ("\u0627" + "1", "direction"),
                       ("\U0001f600", "3.2"), ("\u00ad", "nothing is left"),
                       ("\ufdfa" * 170, "511")):
        ran = server.passwd("set", JOE, stdin=given)
        ok("cannot be prepared" in ran.stderr and why in ran.stderr,
           f"{given[:3]!r}: stored as given, with a warning", ran)
        is_(server.login("PLAIN", JOE, given), OK, f"{given[:3]!r}: works")

with case("a clear password beside SCRAM"), Server() as server:
    user_file(server, [
        f"{JOE}:{{PLAIN}}secret:::smtp_secret_old="
        f"{scram_secret('SCRAM-SHA-256', 'app', 5000, b'0123456789abcdef')}"])
    new, _ = newapp(server, "newapp", JOE, "new")
    salts = {value.split(",")[1] for _, value in words(server)
             if value.startswith("{SCRAM-SHA-256}5000,")}
    is_(salts, {b64(b"0123456789abcdef")},
        "newapp takes salt and count of what is there")
    for password in ("app", new):
        is_(server.login("SCRAM-SHA-256", JOE, password), OK,
            "each by the one exchange")

done()
