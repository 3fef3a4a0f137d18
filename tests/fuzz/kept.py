"""What fuzzing keeps of a target, what of that reaches which lines, and the
words that its parsers look for."""
import glob
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, "build")


def targets():
    """The names of all."""
    return sorted(os.path.basename(path)[:-2]
                  for path in glob.glob(HERE + "/*.c"))


def parsers(name):
    """The files that a target is there for: its comment says so."""
    with open(f"{HERE}/{name}.c", encoding="ascii") as file:
        comment = file.read().split("*/")[0]
    return re.findall(r"\S+\.c\b", comment.split("Parsers:")[1])


def kept(name):
    """Where its inputs are kept in the tree."""
    return f"{HERE}/corpus/{name}.tar.xz"


def unpack(name, directory):
    """Its kept inputs into a directory; returns their lengths."""
    if not os.path.exists(kept(name)):
        return []
    with tarfile.open(kept(name)) as tar:
        # Pythons before 3.11.4, Debian 12's, have no filters.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(directory)
        return sorted(member.size for member in tar.getmembers())


def pack(name, directory):
    """Keeps these inputs: the same octets for the same files."""
    with tarfile.open(kept(name), "w:xz", preset=9,
                      format=tarfile.USTAR_FORMAT) as tar:
        for entry in sorted(os.listdir(directory)):
            with open(f"{directory}/{entry}", "rb") as file:
                octets = file.read()
            member = tarfile.TarInfo(entry)
            member.size = len(octets)
            tar.addfile(member, io.BytesIO(octets))


def dictionary(name):
    """The words that its parsers look for: their strings. Returns its path."""
    words = set()
    for source in [f"tests/fuzz/{name}.c", *parsers(name)]:
        with open(f"{TOP}/{source}", encoding="latin-1") as file:
            for line in file:
                if not line.startswith("#include"):
                    words.update(re.findall(r'"((?:[^"\\]|\\.)+)"', line))
    path = f"{BUILD}/corpus/{name}.dict"
    with open(path, "w", encoding="ascii") as file:
        for word in sorted(words):
            octets = word.encode("latin-1").decode("unicode_escape")
            file.write('"' + "".join(f"\\x{ord(octet) & 255:02x}"
                                     for octet in octets) + '"\n')
    return path


def covered(name):
    """How much of its parsers the kept inputs reach: lines, and all."""
    objects = f"{BUILD}/cover/objects"
    for path in glob.glob(objects + "/**/*.gcda", recursive=True):
        os.unlink(path)
    with tempfile.TemporaryDirectory() as directory:
        unpack(name, directory)
        subprocess.run([f"{BUILD}/cover/{name}", directory], check=True,
                       stdout=subprocess.DEVNULL)
    lines = {}
    for source in parsers(name):
        said = subprocess.run(
            ["gcov", "--json-format", "--stdout",
             f"{objects}/{source[:-2]}.gcda"],
            capture_output=True, check=True, cwd=TOP).stdout
        for file in json.loads(said)["files"]:
            if file["file"] == source:
                for line in file["lines"]:
                    at = source, line["line_number"]
                    lines[at] = lines.get(at, 0) + line["count"]
    return sum(count > 0 for count in lines.values()), len(lines)
