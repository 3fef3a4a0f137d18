#!/usr/bin/env python3
"""SIGTERM: before the commit the connection ends and nothing is queued, after
it the queue program is waited for, its outcome told and logged."""
import os
import signal
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_points import (  # noqa: E402
    greeting, in_chunks, in_exchange, in_tls, transaction)
from support.extra_process import Family, queue_script, wait_for  # noqa: E402

JOE = "joe@example.com"
STOPPING = "421 4.3.2 service stopping"
SET_UP = {"users": {JOE: "secret"}, "certificate": "ec"}

if not ROOT:
    skip_all("only root finds and signals the processes of others")


def term(family, everybody=False):
    """As a supervisor sends it; everybody: as systemd by default."""
    if everybody:
        for process in [family.session, *family.others()]:
            process.signal(signal.SIGTERM)
    family.keeper.signal(signal.SIGTERM)


def logged_in(c):
    """With a sender, under TLS."""
    in_tls(c)
    starts(c.login("PLAIN", JOE, "secret"), "235", "logged in")
    c.must((f"MAIL FROM:<{JOE}>", "250"))


def half_a_line(c):
    """A command that is not whole."""
    c.send("NOO")
    c.drained()


def in_data(c):
    """354 was read."""
    transaction(c)
    c.must(("DATA", "354"))
    c.send("Subject: x\r\n")
    c.drained()


def in_handshake(c):
    """STARTTLS was answered."""
    c.hello()
    c.must(("STARTTLS", "220"))


def idle(item):
    """The client waits for nothing, or is in the middle of something."""
    point, says, everybody = item
    what = f"{point.__name__.replace('_', ' ')}" + (
        ", all processes" if everybody else "")
    with case(what), Server(**SET_UP) as server, server.client() as c:
        point(c)
        term(Family(server, c), everybody)
        if says:
            starts(c.reply(), says, f"{what}: the last word")
        c.ends(what)
        is_(server.wait_idle(2), [], f"{what}: all are gone")
        is_(server.messages(), [], f"{what}: nothing is queued")
        server.wait_log(r" end seconds=\S+ messages=0 reason=term$")
        refused = "message refused" in server.log()
        is_(refused, point in (in_chunks, in_data),
            f"{what}: an open message is logged, and no other")
        if refused:
            like(server.log(), r"message refused .*reason=term\n",
                 f"{what}: as refused by this")


parallel(idle, [(point, STOPPING, everybody)
                for point in (greeting, transaction, in_chunks, in_exchange,
                              in_tls, logged_in, half_a_line, in_data)
                for everybody in (False, True)] + [(in_handshake, "", False)],
         4)


def commit(what, client, expected, exit_code=0, everybody=False):
    """The queue program has its whole envelope, and waits for our word."""
    path = queue_script("cat >/dev/null; cat <&1 >/dev/null\n"
                        'echo $$ >"$RECORD_DIR/pid"\n'
                        f'read word <"$RECORD_DIR/go"\nexit {exit_code}\n')
    with case(what), Server(env={"QMAILQUEUE": path}, **SET_UP) as server:
        go = server.record_directory + "/go"
        os.mkfifo(go)
        os.chmod(go, 0o666)
        with server.client() as c:
            family = Family(server, c)
            client(c)
            wait_for(lambda: os.path.exists(server.record_directory + "/pid"),
                     "the whole envelope")
            term(family, everybody)
            if not everybody:
                # The signal was taken when it is not pending any more.
                wait_for(lambda: family.keeper.descriptors() and not any(
                    "signalfd" in target for target in
                    family.keeper.descriptors().values()), "its notice")
                ok(family.keeper.alive(), f"{what}: the keeper waits")
                with open(go, "w", encoding="ascii") as file:
                    file.write("x\n")
            for start in expected:
                starts(c.reply(), start, f"{what}: {start}")
            c.ends(what)
        is_(server.wait_idle(2), [], f"{what}: all are gone")
        return server.log()


def data(c):
    """By DATA."""
    c.envelope()
    c.must(("DATA", "354"))
    c.send("x\r\n.\r\n")


def data_in_tls(c):
    """By DATA, under TLS."""
    c.starttls()
    data(c)


def pipelined(c, behind):
    """By BDAT, with commands behind it."""
    c.envelope()
    c.send("BDAT 3 LAST\r\nx\r\n" + behind)


QUEUED = "250 2.0.0 ok "
like(commit("commit", data, (QUEUED, STOPPING)),
     r"message ok [^\n]*\n[^\n]* end [^\n]*messages=1 reason=term\n",
     "commit: logged")
like(commit("commit, TLS", data_in_tls, (QUEUED, STOPPING)),
     r"message ok [^\n]*\n[^\n]* end [^\n]*messages=1 reason=term\n",
     "commit, TLS: logged")
like(commit("commit, refused", data, ("554 5.3.0 ", STOPPING), exit_code=31),
     r"message refused [^\n]*exit=31\n[^\n]* end [^\n]*reason=term\n",
     "commit, refused: logged")
like(commit("commit, QUIT behind it", lambda c: pipelined(c, "QUIT\r\n"),
            (QUEUED, "221 2.0.0")),
     r"message ok [^\n]*\n[^\n]* end [^\n]*reason=quit\n",
     "commit, QUIT behind it: logged as the end that it was")
like(commit("commit, another message behind it", lambda c: pipelined(
    c, "MAIL FROM:<a@example.org>\r\nRCPT TO:<x@example.net>\r\n"),
            (QUEUED, "250 2.1.0 ", STOPPING)),
     r"message ok [^\n]*\n[^\n]* end [^\n]*messages=1 reason=term\n",
     "commit, another message behind it: logged")
like(commit("commit, the queue program too", data, ("451 4.3.0 ", STOPPING),
            everybody=True),
     r"message temp [^\n]*signal=15\n[^\n]* end [^\n]*reason=term\n",
     "commit, the queue program too: logged")

with case("the signal is for the keeper"), Server(**SET_UP) as server, \
        server.client() as c:
    in_exchange(c)
    family = Family(server, c)
    for process in (family.session, family.other()):
        process.signal(signal.SIGTERM)
    # Were it heard, nobody would be there to answer.
    starts(c.command("am9lQGV4YW1wbGUuY29t"), "334",
           "session and authenticator ignore it")
    starts(c.command("c2VjcmV0"), "235", "the login goes on")

done()
