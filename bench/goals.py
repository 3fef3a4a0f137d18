"""The scenarios, and what is to be reached in them.

A row is (scenario, tls, clients). Goals are for the side smtpd-auth, started
as root with everything on; the figures are ratios within one run.
"""

# scenario, tls, clients at once, sessions a round, sessions with --quick
PLAN = (
    ("connect", None, 1, 1500, 100),
    ("connect", None, 20, 1500, 200),
    ("connect", None, 100, 1500, 200),
    ("auth", None, 1, 1000, 60),
    ("message", None, 1, 1000, 60),
    ("message", None, 20, 1000, 100),
    ("message", None, 100, 1000, 100),
    ("pipeline", None, 1, 50, 15),
    ("scram", None, 1, 400, 60),
    ("scram", None, 20, 400, 60),
    ("tls-message", "ec", 1, 300, 40),
    ("tls-message", "ec", 20, 400, 60),
    ("tls-message", "rsa", 1, 200, 30),
    ("tls-message", "rsa", 20, 300, 40),
    ("phone", "ec", 1, 300, 40),
    ("phone", "ec", 20, 400, 60),
    ("phone-starttls", "ec", 1, 300, 40),
    ("big-data", None, 1, 3, 1),
    ("big-bdat", None, 1, 3, 1),
    ("big-data", "ec", 1, 3, 1),
    ("big-bdat", "ec", 1, 3, 1),
    ("idle", None, 1000, 1000, 100),
    ("idle", "ec", 1000, 1000, 100),
    ("lookup", None, 1, 500, 100),
    ("build", None, 1, 1, 1),
    ("steps", None, 1, 1, 1),
)

BIG = 200 * 1024 * 1024     # octets of the message in big-*
USERS = (10, 10 ** 4, 10 ** 6, 10 ** 7)
BUILD_USERS = 10 ** 6

TITLES = {
    "connect": "Connect: greeting, EHLO, QUIT",
    "auth": "AUTH PLAIN",
    "message": "AUTH PLAIN and a message of 2 KB",
    "pipeline": "AUTH PLAIN and ten pipelined messages of three recipients",
    "scram": "AUTH SCRAM-SHA-256",
    "tls-message": "Implicit TLS, AUTH PLAIN and a message of 2 KB",
    "phone": "Implicit TLS, AUTH PLAIN against the default secret, 2 KB",
    "phone-starttls": "The same by STARTTLS",
    "big-data": "A message of 200 MB by DATA",
    "big-bdat": "A message of 200 MB by BDAT",
    "idle": "Idle connections",
    "lookup": "AUTH PLAIN among many users",
    "build": "smtpd-passwd build of a million users",
}

# row, figure, against which side (None: the figure itself), at most, what for
AT_MOST = [
    (("connect", None, c), "cpu", "limit", 1.6) for c in (1, 20, 100)
] + [
    (("message", None, c), "cpu", side, most)
    for side, most in (("limit", 1.5), ("postfix", 0.85))
    for c in (1, 20, 100)
] + [
    (("pipeline", None, 1), "cpu", "limit", 1.5),
    # Ten messages: one stall of a delayed acknowledgement would show.
    (("pipeline", None, 1), "p50", None, 40000),
] + [
    (("tls-message", "ec", c), "cpu", side, most)
    for side, limits in (("limit", (1.15, 1.25)), ("postfix", (0.95, 1.0)))
    for c, most in zip((1, 20), limits)
] + [
    (("tls-message", "rsa", c), "cpu", "postfix", 1.6) for c in (1, 20)
] + [
    (("phone", "ec", c), "cpu", "postfix-dovecot", 0.7) for c in (1, 20)
] + [
    (("tls-message", "ec", 1), "p50", "limit", 1.15),
    (("tls-message", "ec", 1), "p50", None, 40000),
    (("big-data", None, 1), "cpu", "limit", 1.6),
    (("big-bdat", None, 1), "cpu", "limit", 1.3),
    (("idle", None, 1000), "pss", None, 45),
    (("idle", "ec", 1000), "pss", None, 80),
    (("lookup", None, 10 ** 7), "cpu", "10 users", 1.2),
    (("build", None, BUILD_USERS), "seconds", None, 3),
]

AT_LEAST = [
    (("big-data", None, 1), "mb_s", side, 10)
    for side in ("postfix", "mailfront")
]
