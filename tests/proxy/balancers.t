#!/usr/bin/env python3
"""Real balancers before a real server: haproxy, nginx, stunnel."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_balancer import (Haproxy, Nginx, Stunnel,  # noqa: E402
                                    documented, why_not)
from support.extra_process import wait_for  # noqa: E402

why = why_not("haproxy", "nginx", "libnginx-mod-stream", "stunnel4")
if why:
    skip_all(why)

JOE = "joe@example.com"
ON = {"PROXYPROTOCOL": "127.0.0.1"}
LOG = r"^smtpd-auth: \d+ "
HAPROXY = """
global
    stats socket {home}/admin.sock mode 660 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout check 30s
listen a
    bind 127.0.0.1:{port} {bind}
    {option}
    server a 127.0.0.1:{server} {send}
"""


def pem():
    """Certificate and key, as haproxy and stunnel want them."""
    pair = certificate("ec")
    path = os.path.join(home("pem"), "both.pem")
    with open(path, "w", encoding="ascii") as file:
        file.write(pair.certificate_text() + pair.key_text())
    return path


def balancer(server, send, bind="", option=""):
    """haproxy before it."""
    return Haproxy(HAPROXY, server=server.port, send=send, bind=bind,
                   option=option)


def named(server, c, what, event="connect", count=1):
    """The log has our end of the connection to the balancer."""
    address, port = c.sock.getsockname()
    server.wait_log(LOG + re.escape(address) + rf" {event} port="
                    rf"{server.port} proxy=127\.0\.0\.1$", count)
    starts(c.message(), "250 ", f"{what}: a message")
    c.must(("QUIT", "221 "))
    is_(server.messages()[-1].env.get("TCPREMOTEPORT"), str(port),
        f"{what}: it is this client")


for what, send in (("send-proxy", "send-proxy"),
                   ("send-proxy-v2", "send-proxy-v2"),
                   ("all options", "send-proxy-v2-ssl-cn proxy-v2-options "
                    "ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,"
                    "crc32c,unique-id")):
    with case(what), Server(env=ON) as server, \
            balancer(server, send) as proxy, proxy.client() as c:
        named(server, c, "haproxy, " + what)

with case("nginx"), Server(env=ON) as server, Nginx(
        """
        load_module {modules}/ngx_stream_module.so;
        daemon off; pid {home}/pid; user nobody nogroup;
        error_log stderr;
        events { }
        stream {
            server { listen 127.0.0.1:{port}; proxy_protocol on;
                     proxy_pass 127.0.0.1:{server}; }
        }
        """, server=server.port) as proxy, proxy.client() as c:
    named(server, c, "nginx")

with case("stunnel"), Server(env=ON) as server, Stunnel(
        """
        foreground = yes
        pid =
        [smtps]
        accept = 127.0.0.1:{port}
        connect = 127.0.0.1:{server}
        cert = {pem}
        protocol = proxy
        """.replace("\n        ", "\n"), server=server.port,
        pem=pem()) as proxy, proxy.client(greet=False) as c:
    c.wrap()
    c.expect("220 ")
    named(server, c, "stunnel")

# TLS 1.3 at the balancer; a client of its other port has none.
with case("TLS 1.3"), Server(
        env={**ON, "PROXYTLS": "1", "FORCETLS": None}, certificate="ec",
        users={JOE: "secret"}) as server, Haproxy(HAPROXY + """
listen clear
    bind 127.0.0.1:{port2}
    server a 127.0.0.1:{server} send-proxy-v2-ssl
""", server=server.port, option="",
        bind=f"ssl crt {pem()} alpn smtp",
        send="send-proxy-v2-ssl-cn proxy-v2-options ssl,authority,"
        "ssl-cipher") as proxy:
    text = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}",
         "-tls1_3", "-servername", "mx.example.org", "-crlf", "-ign_eof"],
        input="EHLO x\nAUTH PLAIN AGpvZUBleGFtcGxlLmNvbQBzZWNyZXQ=\n"
        "QUIT\n", capture_output=True, text=True, check=False).stdout
    like(text, r"New, TLSv1\.3, Cipher is TLS_", "openssl s_client -tls1_3")
    like(text, r"\r?\n250-AUTH ", "AUTH is offered")
    ok("STARTTLS" not in text, "STARTTLS is not")
    like(text, r"\r?\n235 2\.7\.0 ", "a login")
    server.wait_log(r" tls ok version=TLSv1\.3 cipher=TLS_\w+ "
                    r"sni=mx\.example\.org$")
    with proxy.client(greet=False) as c:
        c.wrap()
        c.expect("220 ")
        c.hello()
        starts(c.login("PLAIN", JOE, "secret"), "235 ", "another login")
        starts(c.message(), "250 ", "and a message")
    like(server.messages()[-1].received, "with ESMTPSA ", "ESMTPSA")
    with Client(proxy.port2) as c:
        words = c.hello()
        ok("STARTTLS" in words and not any(
            word.startswith("AUTH ") for word in words),
           "a clear client, whose header has the TLV: STARTTLS, no AUTH",
           *words)
        c.starttls()
        ok(any(word.startswith("AUTH ") for word in c.hello()),
           "then AUTH, end to end")

# Health checks: haproxy says that we are up, and nothing is logged.
for what, send, option in (
        ("check", "send-proxy-v2 check inter 1s fastinter 100ms", ""),
        ("smtpchk", "send-proxy-v2 check inter 1s fastinter 100ms",
         "option smtpchk EHLO balancer.example.com")):
    with case(what), Server(env=ON) as server, \
            balancer(server, send, option=option) as proxy:
        def checks():
            """So far, and how the last one went."""
            rows = [line.split(",") for line in
                    proxy.ask("show stat").splitlines()]
            heads = {name: i for i, name in enumerate(rows[0])}
            row, = [r for r in rows if r[1] == "a" and
                    "check_status" in heads and r[heads["check_status"]]]
            return row[heads["status"]], row[heads["check_status"]]

        wait_for(lambda: checks()[0].startswith("UP") and
                 checks()[1] == ("L7OK" if option else "L4OK"),
                 f"{what}: it is up")
        with proxy.client() as c:
            named(server, c, what)
        server.wait_log(" end .*reason=quit$")
        lines = server.log().splitlines()
        is_(len(lines), 3, f"{what}: the lines of one client")
    with case(what + ", down"), Server(env=ON, control={"me": None}) \
            as server, balancer(server, send, option=option) as proxy:
        if option:
            wait_for(lambda: checks()[0] == "DOWN", f"{what}: down")
            ok(True, f"{what}: a broken set-up is down")

# What docs/running.md has: the same text, other places.
with case("docs/running.md"), Server(env=ON) as server:
    text = documented()
    for there, here in (("/run/haproxy/", "{home}/"),
                        ("bind :587", "bind 127.0.0.1:{port}"),
                        ("10.0.0.11:587", f"127.0.0.1:{server.port}")):
        is_(text.count(there), 1, f"the document has {there}")
        text = text.replace(there, here)
    with Haproxy(text) as proxy:
        with proxy.client() as c:
            named(server, c, "docs/running.md")
        proxy.ask("set table banned4 key 127.0.0.1 data.gpc0 1")
        try:    # the reset may come as early as the connection is there
            with proxy.client(greet=False) as c:
                is_(c.rest(), b"", "banned")
        except ConnectionResetError:
            ok(True, "banned")

done()
