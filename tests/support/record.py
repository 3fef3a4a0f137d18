"""What the recording queue program (tests/stub/record.c) wrote down."""
import os


class Record:
    """One run of the queue program."""

    def __init__(self, path):
        self.path = path
        self.pid = int(path.rpartition(".")[2])
        self.complete = os.path.exists(os.path.join(path, "complete"))

    def read(self, name):
        """A file as bytes; empty when the program did not come that far."""
        try:
            with open(os.path.join(self.path, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    @property
    def message(self):
        """As it was given: our Received line first, LF line ends."""
        return self.read("message")

    @property
    def received(self):
        """The first header field, unfolded, without its name."""
        lines = self.message.decode("utf-8", "backslashreplace").split("\n")
        field = lines[0]
        for line in lines[1:]:
            if line[:1] not in (" ", "\t"):
                break
            field += line
        return field

    @property
    def body(self):
        """What the client sent: all behind the first header field."""
        lines = self.message.split(b"\n")
        n = 1
        while n < len(lines) and lines[n][:1] in (b" ", b"\t"):
            n += 1
        return b"\n".join(lines[n:])

    @property
    def envelope(self):
        """Raw."""
        return self.read("envelope")

    @property
    def sender(self):
        """Of the envelope."""
        return self.envelope.split(b"\0")[0][1:].decode("utf-8")

    @property
    def recipients(self):
        """Of the envelope."""
        return [path[1:].decode("utf-8")
                for path in self.envelope.split(b"\0")[1:-2]]

    @property
    def env(self):
        """The environment."""
        words = self.read("env").decode("utf-8", "backslashreplace")
        return dict(word.split("=", 1) for word in words.split("\0") if word)

    @property
    def argv(self):
        """A list."""
        return self.read("argv").decode().split("\0")[:-1]

    @property
    def descriptors(self):
        """Number: target."""
        pairs = (line.split(" ", 1)
                 for line in self.read("descriptors").decode().splitlines())
        return {int(number): target for number, target in pairs}

    @property
    def status(self):
        """/proc/self/status: name: value."""
        pairs = (line.split(":", 1)
                 for line in self.read("status").decode().splitlines())
        return {name: value.strip() for name, value in pairs}


def records(directory):
    """All runs recorded here, oldest first."""
    names = sorted(os.listdir(directory))
    paths = (os.path.join(directory, name) for name in names)
    return [Record(path) for path in paths
            if os.path.exists(os.path.join(path, "done"))]
