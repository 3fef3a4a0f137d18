"""Points of the protocol at which something happens to a connection: each
takes a client there."""


def greeting(c):
    """Nothing was said yet."""


def transaction(c):
    """A sender and a recipient."""
    c.hello()
    c.envelope()


def in_data(c):
    """354 was read."""
    transaction(c)
    c.must(("DATA", "354"))


def half_a_message(c):
    """Some octets were passed on."""
    in_data(c)
    c.send(b"Subject: x\r\n" + b"y" * 200000 + b"\r\n")
    c.drained()


def in_chunks(c):
    """One chunk of two."""
    transaction(c)
    c.send("BDAT 10\r\n0123456789")
    c.expect("250 2.")


def in_exchange(c):
    """AUTH LOGIN, asked for the name."""
    c.hello()
    c.must(("AUTH LOGIN", "334"))


def in_tls(c):
    """After the handshake."""
    c.hello()
    c.starttls()
    c.hello()
