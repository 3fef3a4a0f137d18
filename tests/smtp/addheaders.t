#!/usr/bin/env python3
"""addheaders: Date and Message-ID of those who send from here; msgid= in the
log."""
import email.utils
import re
import time
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

JOE = "joe@example.com"
USERS = {JOE: "secret"}
ON = {"ADDHEADERS": "1"}
RELAY = {**ON, "RELAYCLIENT": ""}
HAS = "Date: x\r\nMessage-ID: <a@b>\r\n"
DATE = r"Date: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000)\n"
ID = r"Message-ID: <([\d.]+@mx\.example\.org)>\n"


def body(server):
    """Of the last message, as text."""
    return server.messages()[-1].body.decode("latin-1")


def wire(size):
    """Lines of 100 octets with their ends, so many octets."""
    return ("x" * 98 + "\r\n") * (size // 100)


with case("a message"), Server(users=USERS, env=ON) as server:
    with server.client() as c:
        c.hello()
        c.login("PLAIN", JOE, "secret")
        starts(c.message("Subject: x\r\n\r\ny\r\n"), "250 2.0.0", "is taken")
        m = server.messages()[-1]
        match = re.fullmatch(f"Subject: x\n{DATE}{ID}\ny\n", body(server))
        ok(match, "both lines are the last of its header", body(server))
        stamp = email.utils.parsedate_to_datetime(match[1])
        ok(abs(stamp.timestamp() - time.time()) < 60, "the date is now",
           match[1])
        own = match[2].partition("@")[0]
        like(m.received, f" id {re.escape(own)};", "the id is Received's")
        like(server.wait_log("message ok .*")[-1][0],
             f"message ok id={re.escape(own)} .* size=17 qp=\\d+ "
             f"msgid={re.escape(match[2])}$",
             "and the log's, whose size= is the client's octets")
        c.message("Subject: y\r\n\r\n")
        ok(match[2] not in body(server), "the next message has its own id")

    # What comes, what goes on; the two lines are D and M.
    for text, wanted, what in (
            ("Subject: x\r\n\r\nDate: y\r\n", "Subject: x\nDM\nDate: y\n",
             "a header and a body"),
            (HAS + "\r\ny\r\n", "Date: x\nMessage-ID: <a@b>\n\ny\n", "both"),
            ("Date:\r\nMessage-Id:\r\n\r\n", "Date:\nMessage-Id:\n\n",
             "both, empty"),
            ("Date: x\r\n\r\ny\r\n", "Date: x\nM\ny\n", "no Message-ID"),
            ("MESSAGE-ID: <a@b>\r\n\r\ny\r\n", "MESSAGE-ID: <a@b>\nD\ny\n",
             "no Date"),
            ("Subject: x\r\nDKIM-Signature: v=1; h=date\r\n\r\n",
             "Subject: x\nDKIM-Signature: v=1; h=date\n\n", "signed"),
            ("", "DM", "nothing at all"),
            ("\r\n", "DM\n", "an empty line"),
            ("Subject: x\r\n", "Subject: x\nDM", "a header alone"),
            ("just text\r\nmore: y\r\n", "DM\njust text\nmore: y\n",
             "no header"),
            ("Subject: x\r\njust text\r\n", "Subject: x\nDM\njust text\n",
             "no empty line behind the header"),
            ("Date: x\r\nMessage-ID: <a@b>\r\njust text\r\n",
             "Date: x\nMessage-ID: <a@b>\njust text\n",
             "the same with nothing to add"),
            (" x\r\ny\r\n", "DM\n x\ny\n", "a blank in front"),
            ("Subject: x\r\n ..y\r\n..z\r\n", "Subject: x\n ..y\nDM\n.z\n",
             "dots"),
            ("Subject : x\r\n date: y\r\n\r\n", "Subject : x\n date: y\nDM\n",
             "a continuation is no field")):
        for bdat in (False, True):
            name = f"{what}, {'BDAT' if bdat else 'DATA'}"
            with case(name), server.client() as c:
                c.login("PLAIN", JOE, "secret")
                chunk = text.replace("\r\n..", "\r\n.").encode()
                if bdat:
                    c.envelope()
                    half = len(chunk) // 2
                    c.send(b"BDAT %d\r\n%sBDAT %d LAST\r\n%s" % (
                        half, chunk[:half], len(chunk) - half, chunk[half:]))
                    starts(c.reply(), "250 ", name + ": a chunk")
                    starts(c.reply(), "250 ", name + ": taken")
                else:
                    starts(c.message(text), "250 ", name + ": taken")
                got = re.sub(ID, "M", re.sub(DATE, "D", body(server)))
                is_(got, wanted, name)
                server.wait_log(f"message ok .* size={len(chunk)} ")

    with case("octet by octet"), server.client() as c:
        c.login("PLAIN", JOE, "secret")
        c.envelope()
        c.must(("DATA", "354 "))
        c.send_bytewise("Subject: x\r\nnot a field\r\n.\r\n")
        starts(c.reply(), "250 ", "taken")
        like(body(server), f"^Subject: x\n{DATE}{ID}\nnot a field\n$",
             "a line is held until it is known what it is")
    with case("no line end"), server.client() as c:
        c.login("PLAIN", JOE, "secret")
        c.envelope()
        c.send("BDAT 4 LAST\r\ntext")
        starts(c.reply(), "250 ", "taken")
        like(body(server), f"^{DATE}{ID}\ntext\n$", "it gets all of it")
    with case("the log"), server.client() as c:
        c.login("PLAIN", JOE, "secret")
        for line, shown in (
                ("Message-ID: <x@y>", "x@y"),
                ("message-id:\r\n <folded@y>", "folded@y"),
                ("Message-ID: bare@y z", "bare@y"),
                ("Message-ID: <a b\\\x80\x1b@y>",
                 r"a\x20b\x5C\xC2\x80\x1B@y"),
                ("Message-ID: <" + "l" * 400 + "@y>", "l" * 250)):
            c.message(line + "\r\n\r\n")
            server.wait_log(f"message ok .* msgid={re.escape(shown)}$")
            ok(True, f"msgid={shown[:30]}")

with case("who"):
    for who, env, login, added in (
            ("RELAYCLIENT", RELAY, False, True),
            ("nobody", ON, False, False),
            ("a login", ON, True, True),
            ("a login, 0", {"ADDHEADERS": "0"}, True, False),
            ("RELAYCLIENT, 0", {**RELAY, "ADDHEADERS": "0"}, False, False),
            ("RELAYCLIENT, default", {"RELAYCLIENT": ""}, False, False)):
        with Server(users=USERS, env=env) as server, server.client() as c:
            if login:
                c.login("PLAIN", JOE, "secret")
            c.message("Subject: x\r\n\r\n")
            is_("Date: " in body(server), added, f"{who}: added or not")
            c.message(" x\r\n")
            like(body(server), f"^{DATE}{ID}\n x\n$" if added else "^\n x\n$",
                 f"{who}: a blank in front")
    for port, control, args, added in (
            ("587", {}, [], True), ("465", {}, [], True),
            ("25", {}, [], False), ("587", {"addheaders": "0\n"}, [], False),
            ("25", {"addheaders": "1\n"}, [], True)):
        with Server(users=USERS, control=control, args=args,
                    late_env={"TCPLOCALPORT": port}) as server:
            with server.client() as c:
                c.login("PLAIN", JOE, "secret")
                c.message("Subject: x\r\n\r\n")
                is_("Date: " in body(server), added, f"port {port}, {control}")
    with Server(users=USERS, certificate="ec", args=["-s"]) as server:
        with server.client(tls=True) as c:
            c.login("PLAIN", JOE, "secret")
            c.message("Subject: x\r\n\r\n")
            ok("Date: " in body(server), "-s")

with case("databytes"), Server(env={**RELAY, "DATABYTES": "1000"}) as server:
    with server.client() as c:
        starts(c.message(wire(1000)), "250 ",
               "the lines that are added do not count")
        like(server.wait_log("message ok .*")[0][0], r" size=1000 ",
             "nor in size=")
        ok(len(server.messages()[-1].body) > 1000, "but they are there")
        starts(c.message(wire(1100)), "552 5.3.4", "one line more")

with case("refused"), Server(env={**RELAY, "DATABYTES": "1000"}) as server:
    with server.client() as c:
        for text, shown in ((HAS, "a@b"),
                            ("Subject: x\r\n", r"[\d.]+@mx\.example\.org")):
            c.envelope()
            c.must(("DATA", "354 "))
            c.send(text + "\r\n")
            c.drained()
            c.send(wire(1100) + ".\r\n")
            starts(c.reply(), "552 5.3.4", "too large")
            server.wait_log(f"message refused .* reason=size msgid={shown}$")
        c.envelope()
        c.send(f"BDAT {len(HAS)}\r\n{HAS}RSET\r\n")
        starts(c.reply(), "250 ", "a chunk")
        starts(c.reply(), "250 ", "RSET")
        server.wait_log("message refused .* reason=reset msgid=a@b$")
        c.must(("MAIL FROM:<a@b.example>", "250 "), ("RSET", "250 "))
        c.envelope()
        c.must(("DATA", "354 "))
        c.send("Message-ID: <c@d>\r\n")
        c.drained()
        c.send("\nx\r\n.\r\n")
        starts(c.reply(), "554 5.6.0", "a bare LF")
        server.wait_log("message refused .* reason=line-ends msgid=c@d$")
        ok(True, "msgid= as far as it came")

for text, shown in (("Message-ID: <x@y>\r\n\r\n", " msgid=x@y"),
                    ("Subject: x\r\n\r\n", "")):
    with case("not completed"), Server() as server, server.client() as c:
        c.message(text)
        like(server.wait_log("message ok .*")[0][0], rf" qp=\d+{shown}$",
             f"port 25: {shown or 'no msgid= where there is none'}")

with case("the queue"), Server(env=RELAY, record={"EXIT": "31"}) as server:
    with server.client() as c:
        c.message("Message-ID: <x@y>\r\n\r\n")
        server.wait_log("message refused .* exit=31 msgid=x@y$")
        ok(True, "the queue program's no")

with case("large"), Server(env=RELAY) as server, server.client() as c:
    text = "Subject: x\r\n\r\n" + wire(3000000)
    starts(c.message(text), "250 ", "a large message")
    is_(re.sub(DATE + ID, "", body(server)), text.replace("\r\n", "\n"),
        "nothing of it is lost")

done()
