#!/usr/bin/env python3
"""queue-qmqp in front of Postfix's qmqpd, and of its qmqp-sink."""
import os
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, is_, like, ok  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_postfix import ENVIRONMENT, Postfix  # noqa: E402
from support.extra_qmqp import Qmqp, Site  # noqa: E402
from support.extra_sendmail import envelope, text  # noqa: E402

# An address of the loopback that no other test listens at.
OWN = "127.%d.%d.9" % (os.getpid() >> 8 & 127, os.getpid() & 255)
postfix = Postfix(settings="""qmqpd_authorized_clients = 127.0.0.1
smtputf8_autodetect_classes = sendmail, verify, qmqpd
""", services=f"{OWN}:628 inet n - n - - qmqpd\n")
sink = postfix.sink


def setting(line):
    """One more; whoever is connected to next has it."""
    postfix.setting(line)
    subprocess.run(["/usr/sbin/postfix", "reload"], env=ENVIRONMENT,
                   check=True, capture_output=True)


def queue(subject, *recipients, sender="joe@example.com", body="one\n.\n",
          through=None):
    """One message through it."""
    return (through or SITE).queue(text(subject, body).encode(), envelope(
        sender, *(recipients or ("ann@example.net",))))


SITE = Site(text=OWN + "\n")
JOE = "joe@example.com"
with postfix:
    wait_for(lambda: queue("hello").code == 0, "qmqpd")
    with case("a message"):
        got = queue("plain", "ann@example.net", "bob@example.org",
                    body="one\n.\n..two\n\u00e4\n")
        is_((got.code, got.custom), (0, b""), "is taken")
        like(got.log, rf"\Aqueue-qmqp: {OWN}: answer=KOk: queued as \w+\n\Z",
             "one line, with the queue id")
        arrived = sink.expect("plain", 2)
        is_((arrived[0].sender, sorted(sum((m.recipients for m in arrived),
                                           []))),
            (JOE, ["ann@example.net", "bob@example.org"]), "its envelope")
        is_(arrived[0].body, "one\n.\n..two\n\u00e4\n".encode(), "its body")
        is_(queue("bounce", sender="").code, 0, "a null sender is taken")
        is_(sink.expect("bounce")[0].sender, "", "and arrives")
        many = [f"user{n}@example.net" for n in range(2000)]
        is_(queue("many", *many).code, 0, "2000 recipients")
        is_(sorted(sum((m.recipients for m in sink.expect("many", 2000)),
                       [])), sorted(many), "get it, once")
        body = ("x" * 70 + "\n") * 100000
        is_(queue("large", body=body).code, 0, "7 MB are taken")
        is_(len(sink.expect("large")[0].body), len(body), "and arrive")
        is_(queue("utf8", "\u00e4nn@b\u00fccher.example").code, 0,
            "UTF-8 addresses are taken")
        ok(" SMTPUTF8" in sink.expect("utf8")[0].mail, "with SMTPUTF8, where "
           "qmqpd is among the smtputf8_autodetect_classes",
           sink.found("utf8")[0].mail)
    with case("too large"):
        setting("message_size_limit = 100000")
        # Its daemons end one by one; the limit counts once they are new.
        wait_for(lambda: queue("size", body="x\n" * 60000).code == 82,
                 "the new limit")
        got = queue("size", body="x\n" * 60000)
        is_((got.code, got.custom[:1]), (82, b"D"), "is refused for good")
        # More than the kernel takes: it answers and goes while we send.
        got = queue("size", body="x\n" * 6000000)
        is_((got.code, got.custom), (82, b"D5.3.4 netstring length "
            b"exceeds storage limit while receiving message content"),
            "early, too")
        like(got.log, rf"\Aqueue-qmqp: {OWN}: early answer=Dnetstring ", "told")
    with case("not authorized"):
        setting("qmqpd_authorized_clients = 192.0.2.1")
        other = Qmqp()
        both = Site(text=f"{OWN}\n{other.name}\n")
        wait_for(lambda: queue("no", through=both).code == 0 and
                 other.accepted, "the new setting")
        other.accepted.clear()
        got = queue("no", through=both)
        is_((got.code, len(other.accepted)), (0, 1), "the next server has it")
        like(got.log, rf"\Aqueue-qmqp: {OWN}: answer=DError: \S+ is not "
             rf"authorized to use this service\nqueue-qmqp: {other.name}: "
             r"answer=Kok\n\Z", "and the log names who refuses us")
        got = queue("no")
        is_((got.code, got.custom), (82, b"Z4.3.5 mail servers do not take "
            b"mail from this host"), "no bounce where there is none")
        got = queue("no", through=both, body="x\n" * 6000000)
        is_((got.code, len(other.accepted)), (0, 2), "a large one: the same")
        wait_for(lambda: postfix.waiting() == 0, "an empty queue")
        is_(sink.found("size"), [], "nothing of what was refused is sent")
with case("down"):
    # Its last daemon may hold the socket a moment longer: 74, gone.
    wait_for(lambda: queue("down").code == 73, "a port that nobody listens at")
    is_(queue("down").code, 73, "Postfix is down")
    other = Qmqp()
    is_((queue("down", through=Site(text=f"{OWN}\n{other.name}\n")).code,
         len(other.accepted)), (0, 1), "the next server has it")
with case("qmqp-sink"):
    taker = subprocess.Popen(
        ["/usr/sbin/qmqp-sink", "-c", f"{OWN}:628", "20"], env=ENVIRONMENT,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: queue("sink").code == 0, "qmqp-sink")
        runs = [SITE.start() for _ in range(20)]
        is_([run.finish(text("sink").encode(), envelope(JOE, "a@b")).code
             for run in runs], [0] * 20, "twenty at once")
    finally:
        taker.terminate()
        taker.wait()
done()
