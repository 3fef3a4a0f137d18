#!/usr/bin/env python3
"""smtpd-report and what strangers put into a log: nothing of it acts, on a
page, on a terminal or in a metric, and nobody writes lines of ours."""
import html.parser
import re
import sys
import xml.etree.ElementTree
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import DAY, Connections, label, report

SVG = "{http://www.w3.org/2000/svg}"
EVIL = ['"><script>alert(1)</script>', "</title><image href='http://x/'>",
        "</desc></svg><b onload=x>", "\x1b]0;x\x07\x1b[2J", "\u202egnp.exe",
        "\x9b31m", "a\nb", "&lt;", '"} 1\nsmtpd_auth_evil 1', "</pre><i>",
        "\u200b", "{{7*7}}", "=cmd|' /C calc'!A0", "\u00e9\u6f22", "\\x41"]


def escaped(text):
    """A value as lib/log.h writes it."""
    return "".join(chr(c) if 0x21 <= c < 0x7f and c != 0x5c else
                   "\\x%02X" % c for c in text.encode())[:120]


def log():
    """Each of them as each value."""
    made = Connections()
    for i, evil in enumerate(EVIL):
        value = escaped(evil)
        made.connection(
            DAY + i * 60, f"192.0.2.{i + 1}",
            *(f"auth fail user={value} mech={value} reason={value}",) * 30,
            f"auth ok user={value} mech={value}",
            f"rcpt refused rcpt={value} reason={value} user={value} limit=5",
            f"sender refused from={value} reason={value}",
            f"message ok id={value} user={value} from={value} to={value} "
            f"rcpts=60 size=10 qp={i} msgid={value}",
            f"message refused id={value} reason={value}",
            f"config fail file={value} reason={value}",
            f"connect refused port={value} reason={value}",
            tls=value, port=value, reason=value)
    return "".join(f"{label(t)} {text}\n" for t, text in made.sorted())


LOG = log()
TAGS = set("""html head meta title style body header h1 h2 p main section div
    b span em ul li table thead tbody tr th td svg desc rect line text
    pre""".split())


class Page(html.parser.HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        for name, value in attrs:
            if "//" in (value or "") and name != "xmlns":
                self.attributes.add(f"{name}={value}")

    def handle_data(self, data):
        self.text += data


def svgs(text):
    """Its pictures, which must be XML."""
    return [xml.etree.ElementTree.fromstring(found) for found in
            re.findall(r"<svg .*?</svg>", text, re.S)]


with case("the page"):
    text = report("-f", "html", stdin=LOG)
    page = Page(text)
    is_(page.tags - TAGS, set(), "no element of theirs")
    is_({name for name in page.attributes if name.startswith("on") or
         name in ("href", "src", "xlink:href") or "=" in name}, set(),
        "no attribute that acts or fetches")
    ok("url(" not in text and "@import" not in text, "no style that fetches")
    ok("default-src 'none'; style-src 'unsafe-inline'" in text,
       "and the page forbids it")
    ok('"><script>alert(1)</script>' in page.text, "a name can be read")
    ok("é漢" in page.text, "in its own letters")
    ok("\\x1b]0;x\\x07\\x1b[2J" in page.text, "what acts cannot")
    for what in "\x1b\x07\x9b\u202e\u200b":
        ok(what not in text, f"{ascii(what)} is not on the page")
    ok("\\x41" in page.text, "a backslash of theirs is no escape")
    pictures = svgs(text)
    ok(len(pictures) > 5, "it has pictures", len(pictures))
    for picture in pictures:
        titles = [picture.find(SVG + name) for name in ("title", "desc")]
        ok(all(title is not None and title.text for title in titles),
           "a picture has title and description")
        is_(picture.get("aria-labelledby"),
            " ".join(title.get("id") for title in titles),
            "and is named by them")
        is_({tag.tag[len(SVG):] for tag in picture.iter()} -
            {"svg", "title", "desc", "style", "rect", "line", "text"}, set(),
            "no element of theirs in it")

with case("lines of a message on a page"):
    text = report("-f", "html", "-m", "192.0.2.10", stdin=LOG)
    page = Page(text)
    is_(page.tags - TAGS, set(), "no element of theirs")
    ok("user=</pre><i>" in page.text, "the line can be read")

with case("the terminal"):
    for arguments in ((), ("-u", EVIL[3]), ("-m", "192.0.2.4")):
        text = report(*arguments, stdin=LOG)
        is_(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", text), [],
            f"{arguments}: no control character")
    ok("é漢" in report(stdin=LOG), "letters are shown where they may be")
    is_(re.findall(r"[^\x0a\x20-\x7e]", report(
        stdin=LOG, env={"LC_ALL": "C"})), [], "and else are not")

with case("metrics"):
    text = report("-f", "prometheus", stdin=LOG)
    is_([line for line in text.splitlines() if not re.fullmatch(
        r'# (HELP|TYPE) smtpd_auth_\w+ .*|smtpd_auth_\w+'
        r'(\{\w+="([^"\\]|\\[\\"n])*"\})? [0-9.e+]+', line)], [],
        "every line is one")
    ok("\nsmtpd_auth_evil" not in text, "and ours")

with case("a shell"):
    made = Connections()
    made.connection(DAY, "192.0.2.1", "message ok id=1 user=x from=x to=x "
                    "rcpts=1 size=1 qp=77;reboot msgid=a'$(reboot)`b`")
    made.connection(DAY, "192.0.2.1", "message ok id=2 user=x from=x to=x "
                    "rcpts=1 size=1 qp=78 msgid=a\\x0Ab\\x1B")
    text = report("-m", "x", stdin="".join(
        f"{label(t)} {line}\n" for t, line in made.sorted()))
    ok("grep -F 'message-id=<a'\\''$(reboot)`b`>' /var/log/mail.log" in text,
       "a Message-ID stands in quotes", text)
    ok("grep -F ' qp 77;reboot ' " in text, "so does qp")
    is_(len(re.findall("Postfix +grep", text)), 1,
        "one with odd octets is put into no command")

FORGED = """\
Nov 27 10:00:00 mx sshd[7]: Invalid user smtpd-auth: 1 192.0.2.1 auth ok user=x
Nov 27 10:00:00 mx sshd[7]: smtpd-auth: 1 192.0.2.1 auth ok user=x mech=PLAIN
Nov 27 10:00:00 mx evil: smtpd-auth: 1 192.0.2.1 auth ok user=x mech=PLAIN
Nov 27 10:00:00 mx smtpd-auth-evil: 1 192.0.2.1 auth ok user=x mech=PLAIN
Nov 27 10:00:00 mx tcpserver: ok smtpd-auth: 1 192.0.2.1 auth ok user=x
2026-11-27T10:00:00+00:00 mx xsmtpd-auth: 1 192.0.2.1 auth ok user=x mech=PLAIN
@400000006b0812345678abcd smtpd-auth: 1 192.0.2.1 auth ok user=x mech=PLAIN
@400000006b08123411111111 qmail: smtpd-auth: 1 192.0.2.1 auth ok user=x
@400000006b08123411111111 smtpd-auth: 1 192.0.2.1; auth ok user=x mech=PLAIN
@400000006b08123411111111 smtpd-auth: 1x 192.0.2.1 auth ok user=x mech=PLAIN
@400000006b08123411111111 smtpd-auth: -1 192.0.2.1 auth ok user=x mech=PLAIN
smtpd-auth: 1 192.0.2.1
smtpd-auth: fatal: unable to auth ok
smtpd-auth: 1 192.0.2.1 > 334 smtpd-auth: 1 192.0.2.1 auth ok user=x mech=PLAIN
smtpd-auth: 1 192.0.2.1 < auth ok user=x mech=PLAIN
"""

with case("forged lines"):
    for line in FORGED.splitlines():
        like(report(stdin=line + "\n"), r"\nLogins +0\n", line)
    like(report(stdin="x" * 1000000 + " smtpd-auth: 1 192.0.2.1 auth ok\n"
                "smtpd-auth: 1 192.0.2.1 auth ok user=x\n"),
         r"\nLogins +1\n", "a line that is too long for any is passed by")

HUGE = "99999999999999999999"
ODD = ("18446744073709551615", HUGE, "18446744073709551614", "-1", "1e5", "",
       "nan", ".5", "1.999999999999999999", "0x10")

with case("numbers beyond sense"):
    for number in ODD:
        made = Connections()
        made.connection(
            DAY, "192.0.2.1", f"message ok id=1 user=x from=x to=x "
            f"rcpts={number} size={number} qp={number}",
            f"rcpt refused rcpt=x reason=limit user=x limit={number}",
            f"log lost={number}", f"end seconds={number} messages={number}",
            port=number)
        text = "".join(f"{label(t)} {line}\n" for t, line in made.sorted())
        for form in ("text", "html", "prometheus"):
            ok("essages" in report("-f", form, stdin=text),
               f"{number}: -f {form}")

done()
