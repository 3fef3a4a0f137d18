#!/usr/bin/env python3
"""Each mechanism: initial response or not, authorization id, cancelling, a
wrong password, and what SCRAM must refuse."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import Scram, b64, challenge_of  # noqa: E402

JOE = "joe@example.com"
USERS = {JOE: "secret"}
ALL = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256")
SCRAMS = ALL[2:]
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
MALFORMED = "501 5.5.2"
UNKNOWN = "504 5.5.4 authentication mechanism not offered"
CANCELLED = "501 5.7.0"


def login_by(c, user, password, initial):
    """LOGIN, with the name in the AUTH line or not; the last reply."""
    if initial:
        c.must(("AUTH LOGIN " + b64(user), "334 UGFzc3dvcmQ6"))
    else:
        c.must(("AUTH LOGIN", "334 VXNlcm5hbWU6"),
               (b64(user), "334 UGFzc3dvcmQ6"))
    return c.command(b64(password))


with case("each mechanism"), Server(users=USERS) as server:
    for name in ALL:
        for initial in (True, False):
            how = f"{name} {'with' if initial else 'without'} initial response"
            with case(how), server.client() as c:
                c.hello()
                if name == "LOGIN":
                    is_(login_by(c, JOE, "secret", initial), OK, how)
                else:
                    is_(c.login(name, JOE, "secret", initial=initial), OK,
                        how)
                starts(c.message("\r\n", JOE, "x@example.net"), "250 ",
                       how + ": it relays")
            with case(how + ": wrong"), server.client() as c:
                c.hello()
                if name == "LOGIN":
                    is_(login_by(c, JOE, "Secret", initial), FAILED,
                        how + ": wrong password")
                else:
                    is_(c.login(name, JOE, "Secret", initial=initial),
                        FAILED, how + ": wrong password")
                starts(c.message("\r\n", JOE), "250 ",
                       how + ": the connection goes on")
        with case(f"{name} in lower case"), server.client() as c:
            sent = b64(f"\0{JOE}\0secret") if name == "PLAIN" else ""
            starts(c.command("auth " + name.lower()), "334 ",
                   f"auth {name.lower()}")
            starts(c.command("*"), CANCELLED, f"auth {name.lower()}: *")
            if sent:
                is_(c.command("AuTh pLaIn " + sent), OK, "AuTh pLaIn x")

with case("names that are none"), Server(users=USERS) as server:
    for name in ("PLAINE", "PLAI", "P" * 20, "P" * 21, "P" * 40, "P" * 41,
                 "PLAIN" * 700, "?"):
        with case(name), server.client() as c:
            is_(c.command(f"AUTH {name} AGpvZQBwYXNz"), UNKNOWN,
                f"AUTH, a name of {len(name)} octets: 504")
            is_(c.command("NOOP").code, 250,
                f"AUTH, a name of {len(name)} octets: it goes on")

with case("logins"), Server(users={JOE: "secret", "nodomain": "secret",
                                   "colon@example.com": "a:b\tc d",
                                   "utf8@example.com": "s\u00e9cret",
                                   "long@example.com": "p" * 200}) as server:
    for user, password, what in (
            ("JOE@Example.COM", "secret", "a login in upper case"),
            ("nodomain", "secret", "a login without a domain"),
            ("colon@example.com", "a:b\tc d", "colon and blanks"),
            ("utf8@example.com", "s\u00e9cret", "a password in UTF-8"),
            ("long@example.com", "p" * 200, "a password of 200 octets")):
        for name in ALL:
            with case(f"{name}: {what}"), server.client() as c:
                is_(c.login(name, user, password), OK, f"{name}: {what}")
    for user, password, what in (
            (JOE, "", "an empty password"),
            (JOE, "secret ", "a blank more"),
            (JOE, "secre", "an octet less"),
            (JOE, "secret\x00", "a NUL more"),
            (JOE, "x" * 5000, "a password of 5000 octets"),
            ("joe", "secret", "a login without its domain"),
            (JOE + ".", "secret", "a login with a dot more"),
            ("#site", "secret", "the reserved record #site"),
            ("#mechs", "secret", "the reserved record #mechs")):
        for name in ("PLAIN", "LOGIN"):
            with case(f"{name}: {what}"), server.client() as c:
                got = c.login(name, user, password)
                ok(got in (FAILED, "501 5.5.2 malformed authentication "
                           "response"), f"{name}: {what}", got)
                starts(c.command("NOOP"), "250", f"{name}: {what}: goes on")

with case("empty responses"), Server(users=USERS) as server:
    for line, start in (("AUTH PLAIN =", "5"), ("AUTH SCRAM-SHA-256 =", "5"),
                        ("AUTH SCRAM-SHA-1 =", "5")):
        with server.client() as c:
            got = c.command(line)
            ok(got.startswith((MALFORMED, "535 5.7.8")),
               f"{line}: an empty message is none", got)
            is_(c.login("PLAIN", JOE, "secret"), OK, f"{line}: goes on")
    with server.client() as c:
        got = c.command("AUTH LOGIN =")
        if got.code == 334:
            is_(got, "334 UGFzc3dvcmQ6", "LOGIN =: the empty name is a name")
            got = c.command(b64("secret"))
        ok(got.startswith((MALFORMED, FAILED)), "LOGIN =: nobody", got)
        is_(c.login("PLAIN", JOE, "secret"), OK, "LOGIN =: goes on")
    with server.client() as c:
        c.must(("AUTH PLAIN", "334 "))
        got = c.command("")
        ok(got.startswith((MALFORMED, FAILED)),
           "PLAIN: an empty line is an empty response", got)
        c.must(("AUTH LOGIN", "334 "), (b64(JOE), "334 "))
        got = c.command("")
        ok(got.startswith((MALFORMED, FAILED)),
           "LOGIN: an empty password line is no password", got)
        is_(c.login("PLAIN", JOE, "secret"), OK, "empty lines: goes on")

with case("PLAIN's syntax"), Server(users=USERS) as server:
    for message in ("", JOE, f"{JOE}\0secret", "\0\0secret", "\0\0",
                    f"\0{JOE}", "\0", f"\0{JOE}\0secret\0more",
                    f"\0{JOE}\0"):
        with case(repr(message)), server.client() as c:
            got = c.command("AUTH PLAIN " + (b64(message) or "="))
            ok(got.startswith((MALFORMED, FAILED)),
               f"PLAIN {message!r}: refused", got)

with case("authorization id"), Server(users={JOE: "secret",
                                             "eve@example.com": "secret"}
                                      ) as server:
    for name in ("PLAIN", *SCRAMS):
        for authzid, start in (("", OK), (JOE, OK),
                               ("eve@example.com", FAILED)):
            with case(f"{name}: {authzid}"), server.client() as c:
                is_(c.login(name, JOE, "secret", authzid), start,
                    f"{name}: authorization id "
                    f"{authzid or 'empty'}: {start[:3]}")

with case("cancel"), Server(users=USERS) as server:
    scram = {name: b64(Scram(name, JOE, "secret").first) for name in SCRAMS}
    table = [(("AUTH PLAIN",), "PLAIN at 334"),
             (("AUTH LOGIN",), "LOGIN at the name"),
             (("AUTH LOGIN", b64(JOE)), "LOGIN at the password"),
             (("AUTH LOGIN " + b64(JOE),), "LOGIN, name in the AUTH line")]
    for name in SCRAMS:
        table += [((f"AUTH {name}",), f"{name} at 334"),
                  ((f"AUTH {name} {scram[name]}",), f"{name} at the challenge"),
                  ((f"AUTH {name}", scram[name]),
                   f"{name} at the challenge, no initial response")]
    with server.client() as c:
        for lines, what in table:
            with case(what):
                c.must(*((line, "334 ") for line in lines))
                is_(c.command("*"), "501 5.7.0 authentication cancelled",
                    f"* to {what}")
        is_(c.login("PLAIN", JOE, "secret"), OK,
            f"after {len(table)} times * a login succeeds")
    for name in SCRAMS:
        with case(f"{name}: * to v="), server.client() as c:
            scram = Scram(name, JOE, "secret")
            got = c.command(f"AUTH {name} {b64(scram.first)}")
            got = c.command(b64(scram.final(challenge_of(got))))
            is_(challenge_of(got), "v=" + b64(scram.server_signature),
                f"{name}: the server's signature goes out as 334")
            starts(c.command("*"), CANCELLED, f"{name}: * to the signature")
            starts(c.command("AUTH PLAIN"), "334 ",
                   f"{name}: * to the signature is no login")
            c.command("*")
        with case(f"{name}: text to v="), server.client() as c:
            scram = Scram(name, JOE, "secret")
            got = c.command(f"AUTH {name} {b64(scram.first)}")
            c.must((b64(scram.final(challenge_of(got))), "334 "))
            got = c.command(b64("more"))
            ok(got.code >= 500, f"{name}: text where the empty line belongs",
               got)
            starts(c.command("AUTH PLAIN"), "334 ",
                   f"{name}: text there is no login")

with case("what SCRAM must refuse"), Server(users=USERS) as server:
    for name in SCRAMS:
        for header, good in (("y,,", True), (f"n,a={JOE},", True),
                             ("p=tls-server-end-point,,", False),
                             ("p=tls-unique,,", False), ("x,,", False),
                             (",,", False), ("n,", False), ("", False),
                             ("n,b=x,", False)):
            with case(f"{name}: {header}"), server.client() as c:
                scram = Scram(name, JOE, "secret", header)
                got = c.command(f"AUTH {name} {b64(scram.first)}")
                if got.code == 334:
                    got = c.command(b64(scram.final(challenge_of(got))))
                if got.code == 334:
                    got = c.command("")
                if good:
                    is_(got, OK, f"{name}: header {header!r} is taken")
                else:
                    ok(got.startswith((MALFORMED, FAILED)),
                       f"{name}: header {header!r} is refused", got)
        for first in ("n,,", "n,,n=", f"n,,n={JOE}", f"n,,r=abc,n={JOE}",
                      f"n,,n={JOE},r=", "n,,n=,r=abc",
                      f"n,,m=ext,n={JOE},r=abc", "n,,n=a=2,r=abc",
                      f"n,,n={JOE},r=a\x01c", f"n,,n={JOE},r=a\x7fc",
                      f"n,,n={JOE}\0,r=abc", "n,,n=" + "u" * 3000 + ",r=abc"):
            with case(f"{name}: {first[:40]!r}"), server.client() as c:
                got = c.command(f"AUTH {name} {b64(first)}")
                if got.code == 334:
                    got = c.command(b64("c=biws,r=x,p=AAAA"))
                ok(got.startswith((MALFORMED, FAILED)),
                   f"{name}: first message {first[:40]!r}", got)
        for change, what in (
                ({"nonce": "clientnonce"}, "the client's nonce alone"),
                ({"nonce": "other"}, "another nonce"),
                ({"channel": b64("y,,")}, "another header"),
                ({"channel": ""}, "an empty binding"),
                ({"channel": "biws!"}, "a binding that is no base64"),
                ({"password": "wrong"}, "another password's proof")):
            with case(f"{name}: {what}"), server.client() as c:
                scram = Scram(name, JOE, "secret")
                got = c.command(f"AUTH {name} {b64(scram.first)}")
                final = scram.final(challenge_of(got), **change)
                got = c.command(b64(final))
                ok(got.startswith((MALFORMED, FAILED)), f"{name}: {what}",
                   got)
        for change, what in (
                (lambda t: t.partition(",p=")[0], "no proof"),
                (lambda t: t.partition(",p=")[0] + ",p=", "an empty proof"),
                (lambda t: t[:-4] + "====", "a proof that is no base64"),
                (lambda t: t + b64("x" * 8), "a proof that is too long"),
                (lambda t: t[:-8], "a proof that is too short"),
                (lambda t: t + ",x=y", "an attribute behind the proof"),
                (lambda t: t.partition(",")[2], "no c="),
                (lambda t: "", "nothing")):
            with case(f"{name}: {what}"), server.client() as c:
                scram = Scram(name, JOE, "secret")
                got = c.command(f"AUTH {name} {b64(scram.first)}")
                got = c.command(b64(change(scram.final(challenge_of(got)))))
                ok(got.startswith((MALFORMED, FAILED)), f"{name}: {what}",
                   got)
                starts(c.command("NOOP"), "250 ", f"{name}: {what}: goes on")
        with case(f"{name}: extension"), server.client() as c:
            scram = Scram(name, JOE, "secret")
            got = c.command(f"AUTH {name} {b64(scram.first)}")
            got = c.command(b64(scram.final(challenge_of(got),
                                            extension=",x=unknown")))
            if got.code == 334:
                got = c.command("")
            is_(got, OK, f"{name}: an unknown extension is passed over")
        with case(f"{name}: replay"):
            seen = []
            for _ in range(2):
                with server.client() as c:
                    scram = Scram(name, JOE, "secret")
                    got = c.command(f"AUTH {name} {b64(scram.first)}")
                    seen.append(scram.parts(challenge_of(got))["r"])
                    if len(seen) == 1:
                        final = scram.final(challenge_of(got))
                        starts(c.command(b64(final)), "334 ", "a good proof")
                    else:
                        got = c.command(b64(final))
                        ok(got.startswith((MALFORMED, FAILED)),
                           f"{name}: a recorded proof is worth nothing", got)
            ok(seen[0] != seen[1] and all(
                r.startswith("clientnonce") and len(r) >= 27 for r in seen),
               f"{name}: each exchange has a nonce of its own", seen)

done()
