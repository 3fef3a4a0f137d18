"""Transcripts in a document of docs/, and the programs that play them.

A transcript is a fenced block below a comment <!-- play: NAME=VALUE ... -->.
Its lines: "$ COMMAND" the program that talks to the server (or another shell
command, with its output in "> " lines), "C: " what is typed, "S: " what the
server says, "L: " what its log says, "..." any lines up to the next, "closed"
the program's end; anything else is what the program itself says. {name}
stands for one word, which is then known by that name.
"""
import os
import re
import select
import shlex
import subprocess
import time

from . import tap
from .client import DEADLINE


class Block:
    """A fenced block of a document."""

    def __init__(self, number, info, play, lines):
        self.number = number  # of the line in the document
        self.info = info
        self.play = play  # None, or the words of its comment
        self.lines = lines


def blocks(path):
    """Every fenced block of a document."""
    found, inside, play = [], None, None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            comment = re.fullmatch(r"<!-- play:(.*) -->", line)
            if inside is not None and line == "```":
                found.append(inside)
                inside = play = None
            elif inside is not None:
                inside.lines.append(line)
            elif line.startswith("```"):
                inside = Block(number, line[3:].split(), play, [])
            elif comment:
                play = dict(word.split("=", 1)
                            for word in comment[1].split())
            elif line:
                play = None
    if inside is not None:
        raise ValueError(f"{path}: a block without an end")
    return found


class Words(dict):
    """What {names} stand for."""

    def pattern(self, text):
        """A regular expression for a line with {names}."""
        parts, seen = [], set()
        for part in re.split(r"(\{[a-z]+\})", text):
            name = part[1:-1]
            if not re.fullmatch(r"\{[a-z]+\}", part):
                parts.append(re.escape(part))
            elif name in self:
                parts.append(re.escape(self[name]))
            elif name in seen:
                parts.append(f"(?P={name})")
            else:
                seen.add(name)
                parts.append(rf"(?P<{name}>\S+)")
        return "".join(parts)

    def matches(self, text, got):
        """Is it this line? Then its names are known from now on."""
        match = re.fullmatch(self.pattern(text), got)
        if match:
            self.update(match.groupdict())
        return match is not None

    def filled(self, text):
        """A line with the words in place of the names."""
        return re.sub(r"\{([a-z]+)\}", lambda m: self[m[1]], text)


class Program:
    """telnet, nc or s_client at the other end of pipes."""

    def __init__(self, words):
        self.process = subprocess.Popen(  # pylint: disable=R1732
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, "LC_ALL": "C"})
        self.output = b""

    def type(self, line):
        """A line as from a keyboard."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def line(self):
        """The next line it prints, None at the end."""
        end = time.monotonic() + DEADLINE
        while b"\n" not in self.output:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("it says nothing more than " +
                                   repr(self.output))
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                rest, self.output = self.output, b""
                return rest.decode() or None
            self.output += data
        line, _, self.output = self.output.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "backslashreplace")

    def stop(self):
        """Its end."""
        self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def command_words(command, server):
    """The command, with the port that the server under test listens on."""
    command = re.sub(r"(?<!\S)(127\.0\.0\.1|mail\.example\.com) \d+$",
                     f"127.0.0.1 {server.port}", command)
    command = re.sub(r"mail\.example\.com:\d+$",
                     f"127.0.0.1:{server.port} -servername mail.example.com",
                     command)
    if str(server.port) not in command:
        raise ValueError("a command without a known address: " + command)
    return shlex.split(command)


def is_smtp(line):
    """A reply's line, of the server, not of the program."""
    return re.match(r"[2-5][0-9][0-9][ -]", line) is not None


def shell(command, directory):
    """What a shell command prints."""
    return subprocess.run(["sh", "-c", command], cwd=directory, check=True,
                          capture_output=True, text=True).stdout.splitlines()


class Player:
    """Plays one transcript; one check a line."""

    def __init__(self, block, server, directory):
        self.block, self.server, self.directory = block, server, directory
        self.words, self.program, self.printed = Words(), None, []
        self.skipping = False  # after "..."

    def play(self):
        """All of it."""
        try:
            for offset, line in enumerate(self.block.lines, 1):
                here = f"line {self.block.number + offset}: {line}"
                if not self.step(line, here):
                    return
        finally:
            if self.program:
                self.program.stop()

    def step(self, line, here):
        """One line; False when it makes no sense to go on."""
        mark, text = line[:3], line[3:]
        if line.startswith("$ "):
            return self.run(line[2:], here)
        if line.startswith("> "):
            got = self.printed.pop(0) if self.printed else None
            return tap.ok(got is not None and
                          self.words.matches(line[2:], got), here,
                          f"got: {got!r}")
        if line == "...":
            self.skipping = True
        elif line == "closed":
            got = self.program.line()
            while got is not None and not is_smtp(got):
                got = self.program.line()
            return tap.is_(got, None, here)
        elif mark in ("C: ", "C:"):
            self.program.type(self.words.filled(text))
        elif mark == "S: ":
            return self.said(text, here)
        elif mark == "L: ":
            match = self.server.wait_log(
                r"^smtpd-auth: \d+ 127\.0\.0\.1 " + self.words.pattern(text) +
                "$")[-1]
            self.words.update(match.groupdict())
            return tap.ok(True, here)
        else:  # the program's own words, somewhere in a line
            got = self.program.line()
            while got is not None and line not in got:
                if is_smtp(got):
                    break
                got = self.program.line()
            return tap.ok(got is not None and line in got, here, repr(got))
        return True

    def run(self, command, here):
        """Another shell command, or the program that connects."""
        if re.match(r"(telnet|nc|openssl s_client) ", command):
            self.program = Program(command_words(command, self.server))
        else:
            self.printed = shell(self.words.filled(command), self.directory)
            return tap.ok(self.printed, here)
        return True

    def said(self, text, here):
        """A line of the server's: the next, or after "..." a later one."""
        got = self.program.line()
        while got is not None and (
                not is_smtp(got) or
                self.skipping and not self.words.matches(text, got)):
            got = self.program.line()
        self.skipping = False
        return tap.ok(got is not None and self.words.matches(text, got), here,
                      f"got: {got!r}")
