#!/usr/bin/env python3
"""Python's smtplib: STARTTLS, TLS from the first byte, PLAIN and LOGIN."""
import smtplib
import ssl
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_clients import (  # noqa: E402
    JOE, MESSAGE, PASSWORD, RECIPIENT, SENDER, WRONG, arrived)

USERS = {JOE: PASSWORD}


def context():
    """Trusts whatever comes: another test verifies."""
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def connect(server, how):
    """Up to EHLO under TLS."""
    if how == "SMTP_SSL":
        client = smtplib.SMTP_SSL("127.0.0.1", server.port, timeout=300,
                                  context=context())
    else:
        client = smtplib.SMTP("127.0.0.1", server.port, timeout=300)
        if how == "starttls":
            client.starttls(context=context())
    client.ehlo()
    return client


for how, args, word in (("starttls", [], "ESMTPSA"),
                        ("SMTP_SSL", ["-s"], "ESMTPSA"),
                        ("in clear", [], "ESMTPA")):
    with case(how), Server(users=USERS, certificate="ec", args=args, env={
            "FORCETLS": "0" if how == "in clear" else "1"}) as server:
        with case(how + ", login()"), connect(server, how) as client:
            is_(client.login(JOE, PASSWORD)[0], 235, f"{how}: login()")
            is_(client.sendmail(SENDER, [RECIPIENT], MESSAGE), {},
                f"{how}: sendmail()")
            arrived(server, f"{how}, login()", None, word)
        for name in ("PLAIN", "LOGIN"):
            for initial in (True, False):
                what = (f"{how}, {name}, "
                        f"{'with' if initial else 'no'} initial response")
                with case(what), connect(server, how) as client:
                    client.user, client.password = JOE, PASSWORD
                    got = client.auth(
                        name, getattr(client, "auth_" + name.lower()),
                        initial_response_ok=initial)
                    is_(got[0], 235, f"{what}: 235")
                    client.sendmail(SENDER, [RECIPIENT], MESSAGE)
                    arrived(server, what, name, word)
        with case(how + ", wrong password"), connect(server, how) as client:
            try:
                client.login(JOE, WRONG)
                ok(False, f"{how}: a wrong password is refused")
            except smtplib.SMTPAuthenticationError as error:
                is_(error.smtp_code, 535, f"{how}: a wrong password is 535")
        with case(how + ", no login"), connect(server, how) as client:
            try:
                client.sendmail(SENDER, [RECIPIENT], MESSAGE)
                ok(False, f"{how}: no relaying without a login")
            except smtplib.SMTPRecipientsRefused as error:
                is_(error.recipients[RECIPIENT][0], 550,
                    f"{how}: no relaying without a login")
        is_(server.messages(), [], f"{how}: nothing else arrived")

with case("FORCETLS"), Server(users=USERS, certificate="ec",
                              env={"FORCETLS": "1"}) as server:
    with connect(server, "clear") as client:
        try:
            client.login(JOE, PASSWORD)
            ok(False, "FORCETLS=1: no login in clear")
        except smtplib.SMTPNotSupportedError:
            ok(True, "FORCETLS=1: smtplib sees no AUTH in clear")

done()
