"""For the tests of what connections remember: a server with a statedir."""
import os
import pwd

from . import place
from .server import ACCOUNT, ROOT, Server

USERS = "".join(f"{name}@example.com:{{PLAIN}}secret\n"
                for name in ("joe", "ann", "bob"))


class Guarded(Server):
    """A server with a state directory; each client has an address."""

    def __init__(self, env=None, control=None, make=True, **options):
        self.state = os.path.join(place.home("state"), "state")
        self.address = "192.0.2.1"
        if make:
            self.make_state()
        super().__init__(env={"STATEDIR": self.state, **(env or {})},
                         control={"authusers": USERS, **(control or {})},
                         **options)
        self.passwd("build")

    def make_state(self):
        """The account's, for it alone."""
        os.mkdir(self.state, 0o700)
        if ROOT:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(self.state, account.pw_uid, account.pw_gid)

    def command(self):
        # TCPREMOTEIP is a file's, so that each connection may have another.
        self.write("remoteip", self.address + "\n")
        return ["sh", "-c", "read -r TCPREMOTEIP <$CONTROLDIR/remoteip; "
                'export TCPREMOTEIP; exec "$@"', "sh", *super().command()]

    def cramp(self):
        """Once more, and no file gets larger than a block, as when the disk is
        full."""
        usual = self.command
        self.command = lambda: [
            "sh", "-c", "trap '' XFSZ; exec prlimit --fsize=4096 \"$@\"",
            "sh", *usual()]
        self.restart()

    def come_from(self, address):
        """The address of the next connections."""
        self.write("remoteip", address + "\n")

    def file(self):
        """The failures."""
        return os.path.join(self.state, "failures")
