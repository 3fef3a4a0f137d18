#!/usr/bin/env python3
"""policysocket: what a policy daemon is asked, and what its words do."""
import socket
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_policy import PREFIX, Asking, Daemon, rcpt  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402

THERE = "250 2.1.5 ok"
MESSAGE = "Subject: x\r\n\r\ny\r\n"


def said(daemon, server, action):
    """The reply to a recipient of which the daemon says this."""
    daemon.answer = action
    return rcpt(server)


# ----------------------------------------------------------- at each RCPT ---

ACTIONS = [
    ("OK", THERE), ("ok", THERE), ("DUNNO", THERE), ("dunno", THERE),
    ("DEFER_IF_REJECT later", THERE), ("OK whatever", THERE),
    ("REJECT", "554 5.7.1 Access denied"),
    ("reject go away", "554 5.7.1 go away"),
    ("REJECT 5.7.23 spf fail", "554 5.7.23 spf fail"),
    ("REJECT 4.7.1 odd", "554 5.7.1 odd"),
    ("REJECT 500 a day are enough", "554 5.7.1 500 a day are enough"),
    ("DEFER", "450 4.7.1 Access denied"),
    ("Defer_If_Permit", "450 4.7.1 Service unavailable"),
    ("DEFER_IF_PERMIT 4.2.0 greylisted", "450 4.2.0 greylisted"),
    ("450 4.2.0 later", "450 4.2.0 later"), ("451", "451 4.7.1 Access denied"),
    ("550 no", "550 5.7.1 no"), ("599 5.1.1 who?", "599 5.1.1 who?"),
    ("550 a\tb\x01c", "550 5.7.1 a b?c"),
    ("550 " + "x" * 1000, "550 5.7.1 " + "x" * 400),
]

with case("actions"), Daemon() as daemon, Asking(daemon) as server:
    for action, reply in ACTIONS:
        is_(said(daemon, server, action), reply, action[:40])
    refused = [r for _, r in ACTIONS if r != THERE]
    lines = server.wait_log(PREFIX + "rcpt refused .*$", len(refused))
    is_(len(lines), len(refused), "a line for each refusal")
    is_(lines[0][0].partition("refused ")[2],
        f"rcpt=joe@example.com reason=policy server={daemon.where} "
        r"said=554\x205.7.1\x20Access\x20denied", "which says who and what")
    is_(server.log().count("config fail"), 0, "no other line")

OTHERS = ["HOLD", "WARN x", "permit", "250 ok", "45 x", "4500 x", "x", "OK,",
          "PREPEND no header", "PREPEND", "PREPEND : x", "PREPEND a b: c",
          "PREPEND X-A: a\rb", "PREPEND \xe4: x", "PREPEND X: " + "x" * 996]
with case("what we do not know"), Daemon() as daemon, Asking(daemon) as server:
    for action in OTHERS:
        is_(said(daemon, server, action), THERE, action[:40])
    lines = server.wait_log(PREFIX + "config fail .*$", len(OTHERS))
    is_(len(lines), len(OTHERS), "a line for each")
    is_(lines[1][0].partition("fail ")[2], f"file={daemon.where} "
        r"reason=unusable\x20action:\x20WARN\x20x", "which says what")

for code in (421, 521):
    with case(code), Daemon(f"{code} enough") as daemon, \
            Asking(daemon) as server, server.client() as c:
        c.must(("EHLO x", "250"), ("MAIL FROM:<a@example.org>", "250"))
        c.send("RCPT TO:<joe@example.com>\r\nRCPT TO:<ann@example.com>\r\n")
        is_(c.rest(), f"{code} {str(code)[0]}.7.1 enough\r\n".encode(),
            f"{code} is the last reply")
        server.wait_log(PREFIX + "end .*reason=errors")
        is_(len(daemon.requests), 1, "nobody asks about the next")


# ------------------------------------------------------------- attributes ---

ALWAYS = {"request": "smtpd_access_policy", "queue_id": "", "etrn_domain": "",
          "stress": "", "sasl_sender": "", "ccert_subject": "",
          "ccert_issuer": "", "ccert_fingerprint": "",
          "ccert_pubkey_fingerprint": "", "policy_context": ""}


def attributes(request, expected, what):
    """They are these, and others may be there."""
    is_({name: request.get(name) for name in expected}, expected, what)


with case("attributes"), Daemon() as daemon, Asking(
        daemon, "end rcpt", late_env={"TCPREMOTEHOST": "host.example.net"}
        ) as server:
    with server.client() as c:
        c.must(("EHLO he said \t it", "250"),
               ("MAIL FROM:<\"a b\"@example.org> SIZE=17", "250"),
               ("RCPT TO:<joe@example.com>", "250"))
        attributes(daemon.wait(1), {
            **ALWAYS, "protocol_state": "RCPT", "protocol_name": "ESMTP",
            "helo_name": "he said ? it", "sender": "a b@example.org",
            "recipient": "joe@example.com", "recipient_count": "0",
            "size": "0", "client_address": "127.0.0.1",
            "client_name": "host.example.net",
            "reverse_client_name": "host.example.net",
            "server_address": "127.0.0.1", "sasl_method": "",
            "sasl_username": "", "encryption_protocol": "",
            "encryption_cipher": "", "encryption_keysize": ""}, "at RCPT")
        ok(daemon.requests[0]["client_port"].isdigit(), "the client's port")
        ok(daemon.requests[0]["server_port"].isdigit(), "our port")
        c.must(("DATA", "354"))
        c.send(MESSAGE + ".\r\n")
        starts(c.reply(), "250 2.0.0", "taken")
        attributes(daemon.wait(2), {
            **ALWAYS, "protocol_state": "END-OF-MESSAGE",
            "recipient": "joe@example.com", "recipient_count": "1",
            "size": str(len(MESSAGE)),
            "instance": daemon.requests[0]["instance"]}, "at the end")
        c.must(("HELO other", "250"), ("MAIL FROM:<>", "250"),
               ("RCPT TO:<joe@example.com>", "250"),
               ("RCPT TO:<ann@example.com>", "250"), ("DATA", "354"))
        attributes(daemon.wait(4), {
            "protocol_name": "SMTP", "helo_name": "other", "sender": "",
            "recipient": "ann@example.com",
            "instance": daemon.requests[2]["instance"]}, "the next message")
        ok(daemon.requests[2]["instance"] != daemon.requests[0]["instance"],
           "has an instance of its own")
        c.send(MESSAGE + ".\r\n")
        starts(c.reply(), "250 2.0.0", "taken")
        attributes(daemon.wait(5), {
            "protocol_state": "END-OF-MESSAGE", "recipient": "",
            "recipient_count": "2", "protocol_name": "SMTP"}, "two recipients")
    is_(daemon.connections, 1, "one connection for all")
    instances = {daemon.requests[0]["instance"]}
    for _ in range(3):
        rcpt(server)
        instances.add(daemon.requests[-1]["instance"])
    is_(len(instances), 4, "no two connections have one instance")
    is_(len(set(daemon.raw[0].split(b"\n"))), daemon.raw[0].count(b"\n") + 1,
        "no attribute twice")
    is_([r for r in daemon.raw if b"\0" in r or b"\r" in r], [], "clean")

with case("without HELO"), Daemon() as daemon, Asking(daemon) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"),
               ("RCPT TO:<joe@example.com>", "250"))
    attributes(daemon.wait(1), {"helo_name": "", "protocol_name": "SMTP"},
               "no name, SMTP")

with case("who is logged in is asked about, too"), Daemon() as daemon, Asking(
        daemon, users={"joe@example.com": "secret"}, certificate="ec"
        ) as server, server.client() as c:
    c.starttls()
    c.must(("EHLO x", "250"))
    c.login("PLAIN", "joe@example.com", "secret")
    c.must(("MAIL FROM:<joe@example.com>", "250"))
    c.talk(("RCPT TO:<far@example.net>", "250", "it may relay"))
    attributes(daemon.wait(1), {
        "sasl_method": "PLAIN", "sasl_username": "joe@example.com",
        "encryption_protocol": "TLSv1.2", "recipient": "far@example.net"},
        "login and TLS")
    like(daemon.requests[0]["encryption_cipher"], "^ECDHE_ECDSA_", "cipher")
    like(daemon.requests[0]["encryption_keysize"], "^(128|256)$", "key size")
    daemon.answer = "REJECT over quota"
    c.talk(("RCPT TO:<far@example.net>", "554 5.7.1 over quota", "refused"))

with case("RELAYCLIENT"), Daemon("REJECT") as daemon, Asking(
        daemon, env={"RELAYCLIENT": ""}) as server:
    starts(rcpt(server, "far@example.net"), "554 5.7.1", "is asked about, too")


# ------------------------------------------------------------------ order ---

with case("our own checks come first"), Daemon("REJECT no") as daemon, Asking(
        daemon, control={"badrcptto": "bad@example.com\n",
                         "validrcptto": "joe@example.com\n"},
        env={"MAXRCPT": "1"}) as server, server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"))
    c.talk(("RCPT TO:<bad@example.com>", "553 5.7.1", "badrcptto"),
           ("RCPT TO:<joe@example.net>", "550 5.7.1", "relaying"),
           ("RCPT TO:<ann@example.com>", "550 5.1.1", "validrcptto"),
           ("RCPT TO:joe>", "501 5.1.3", "syntax"))
    is_(daemon.requests, [], "nobody was asked")
    c.talk(("RCPT TO:<joe@example.com>", "554 5.7.1 no", "then the daemon"))
    daemon.answer = "DUNNO"
    c.talk(("RCPT TO:<joe@example.com>", "250", "joe"),
           ("RCPT TO:<joe@example.com>", "452", "maxrcpt"))
    is_(len(daemon.requests), 2, "maxrcpt comes first, too")

with case("relaylimits"), Daemon() as daemon, Guarded(
        env={"POLICYSOCKET": daemon.where},
        control={"relaylimits": ":2\n"}) as server:
    daemon.answer = lambda request, _: \
        "REJECT no" if request["recipient"].startswith("no") else "DUNNO"
    with server.client() as c:
        c.must(("EHLO x", "250"))
        c.login("PLAIN", "joe@example.com", "secret")
        c.must(("MAIL FROM:<joe@example.com>", "250"))
        for _ in range(5):
            c.must(("RCPT TO:<no@example.net>", "554 5.7.1 no"))
        c.talk(("RCPT TO:<a@example.net>", "250", "refusals do not count"),
               ("RCPT TO:<no@example.net>", "554", "one more"),
               ("RCPT TO:<b@example.net>", "250", "nor does that"),
               ("RCPT TO:<c@example.net>", "450 4.7.1", "over the limit"))
        is_([r["recipient"] for r in daemon.requests[-2:]],
            ["no@example.net", "b@example.net"],
            "over the limit nobody is asked")


# ---------------------------------------------------------------- PREPEND ---

def prepended(daemon, server, lines):
    """The message's head after so many recipients with these lines."""
    answers = iter(lines)
    daemon.answer = lambda *_: next(answers)
    server.forget()
    with server.client() as c:
        c.must(("EHLO x", "250"), ("MAIL FROM:<a@example.org>", "250"))
        for number in range(len(lines)):
            c.must((f"RCPT TO:<{number}@example.com>", "2"))
        c.must(("DATA", "354"))
        c.send(MESSAGE + ".\r\n")
        starts(c.reply(), "250 2.0.0", "is taken")
    return server.messages()[0]


def begins(message, head, what):
    """So the message begins."""
    ok(message.message.startswith(head.encode()), what,
       message.message[:200])


with case("PREPEND"), Daemon() as daemon, Asking(daemon) as server:
    message = prepended(daemon, server, [
        "PREPEND X-One: 1", "DUNNO", "prepend  X-Two: \xe4  ",
        "PREPEND bad", "PREPEND X-Empty:"])
    begins(message, "X-One: 1\nX-Two: \xe4  \nX-Empty:\nReceived: ",
           "above Received, in their order")
    ok(message.message.endswith(b"\nSubject: x\n\ny\n"),
       "and the message behind it", message.message)
    message = prepended(daemon, server, ["DUNNO"])
    begins(message, "Received: ", "the next message has none of it")
    wide = "X-Wide: " + "x" * 990
    message = prepended(daemon, server, ["PREPEND " + wide] * 25)
    begins(message, 20 * (wide + "\n") + "Received: ",
           "twenty, as long as they may be")
    is_(len(server.wait_log(PREFIX + "config fail .*$", 6)), 6,
        "what is bad or too much is logged")

with case("PREPEND of another transaction"), Daemon("PREPEND X-A: b") as \
        daemon, Asking(daemon) as server, server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"),
           ("RCPT TO:<joe@example.com>", "250"), ("RSET", "250"))
    daemon.answer = "DUNNO"
    starts(c.message(MESSAGE), "250 2.0.0", "is taken")
    begins(server.messages()[0], "Received: ", "RSET forgets it")


# ------------------------------------------------------- after the final dot ---

ENDS = [("REJECT", "554 5.7.1 Access denied"), ("451 4.3.2 later", None),
        ("552 5.2.2 full", None), ("DEFER_IF_PERMIT x", "450 4.7.1 x")]

with case("the end alone"), Daemon() as daemon, Asking(
        daemon, "end") as server, server.client() as c:
    for action, reply in ENDS:
        daemon.answer = action
        is_(c.message(MESSAGE), reply or action, "the end: " + action)
    daemon.answer = "PREPEND X: y"
    starts(c.message(MESSAGE), "250 2.0.0", "PREPEND is DUNNO at the end")
    daemon.answer = "DUNNO"
    starts(c.message(MESSAGE), "250 2.0.0", "and the connection goes on")
    is_({r["protocol_state"] for r in daemon.requests}, {"END-OF-MESSAGE"},
        "RCPT is not asked about")
    is_([m.complete for m in server.records()].count(True), 2,
        "only two had their envelope")
    is_(len(server.messages()), 2, "so many are queued")
    lines = server.wait_log(PREFIX + "message (refused|temp) .*$", 4)
    like(lines[0][0], "message refused .* reason=policy server=" +
         daemon.where + r" said=554\\x205.7.1", "a line says who and what")
    like(lines[1][0], "message temp ", "4xx: temp")
    like(server.wait_log(PREFIX + "config fail .*$")[0][0],
         r"unusable\\x20action:\\x20PREPEND", "PREPEND is logged")

with case("521 at the end"), Daemon("521 5.7.1 bye") as daemon, Asking(
        daemon, "end") as server, server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"),
           ("RCPT TO:<joe@example.com>", "250"), ("DATA", "354"))
    c.send(MESSAGE + ".\r\nNOOP\r\n")
    is_(c.rest(), b"521 5.7.1 bye\r\n", "closes")
    is_(server.messages(), [], "nothing is queued")

with case("BDAT"), Daemon("REJECT no") as daemon, Asking(
        daemon, "end") as server, server.client() as c:
    c.must(("EHLO x", "250"), ("MAIL FROM:<a@example.org>", "250"),
           ("RCPT TO:<joe@example.com>", "250"))
    c.send(f"BDAT {len(MESSAGE)} LAST\r\n" + MESSAGE)
    starts(c.reply(), "554 5.7.1 no", "is asked about at its end")
    is_(server.messages(), [], "nothing is queued")

with case("counts at the end"), Daemon("REJECT no") as daemon, Guarded(
        env={"POLICYSOCKET": daemon.where + " end"},
        control={"relaylimits": ":1\n"}) as server, server.client() as c:
    c.must(("EHLO x", "250"))
    c.login("PLAIN", "joe@example.com", "secret")
    for _ in range(3):
        c.must(("MAIL FROM:<joe@example.com>", "250"),
               ("RCPT TO:<a@example.net>", "250"), ("DATA", "354"))
        c.send(MESSAGE + ".\r\n")
        starts(c.reply(), "554 5.7.1 no", "relaylimits: given back")


# ------------------------------------------------------ where it may be ---

for what, family in (("IPv4", socket.AF_INET), ("IPv6", socket.AF_INET6)):
    with case(what), Daemon("REJECT hello", True, family) as daemon, \
            Asking(daemon) as server:
        is_(rcpt(server), "554 5.7.1 hello", what)

with case("control/policysocket"), Daemon("REJECT") as daemon, Asking(
        daemon, env={"POLICYSOCKET": ""}) as server:
    server.write("policysocket", f"# the daemon\n{daemon.where} rcpt\n")
    is_(rcpt(server), THERE, "an empty variable: nobody is asked")
with case("the file"), Daemon("REJECT") as daemon, Server() as server:
    server.write("policysocket", f"{daemon.where} rcpt end\n")
    starts(rcpt(server), "554", "the file")

BAD = [("POLICYSOCKET", "localhost:10031"), ("POLICYSOCKET", "127.0.0.1"),
       ("POLICYSOCKET", "127.0.0.1:0"), ("POLICYSOCKET", "127.0.0.1:70000"),
       ("POLICYSOCKET", "::1:10031"), ("POLICYSOCKET", "[127.0.0.1:1"),
       ("POLICYSOCKET", "/socket data"), ("POLICYSOCKET", "/" + "x" * 108),
       ("POLICYFAIL", "reject"), ("POLICYTIMEOUT", "soon")]
for name, value in BAD:
    with case(f"{name}={value[:30]}"), Server(env={name: value}) as server:
        with server.client(greet=False) as c:
            starts(c.reply(), "421 4.3.0", f"{name}={value[:30]}: 421")
        server.wait_log(PREFIX + f"config fail file={name} reason=")

done()
