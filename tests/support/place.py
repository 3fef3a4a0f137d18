"""Where things are: the tree, and temporary directories.

Everything a test makes stands below one directory under $TMPDIR that is
removed when the test ends (kept with KEEP=1). It is readable by all, because
the server under test runs as another account.
"""
import atexit
import faulthandler
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
_base = None
_lock = threading.RLock()


def _ended(_number, _frame):
    print("# ended for taking too long; where each thread is:", flush=True)
    faulthandler.dump_traceback()
    sys.exit(1)


# A test that is ended for taking too long says where it stood, and stops its
# servers, too.
signal.signal(signal.SIGTERM, _ended)


def base():
    """The directory of this test's run."""
    global _base
    if _base is None:
        _base = tempfile.mkdtemp(prefix="smtpd-auth-test.")
        os.chmod(_base, 0o755)
        if not os.environ.get("KEEP"):
            atexit.register(shutil.rmtree, _base, ignore_errors=True)
    return _base


def text_of(name):
    """A file of the tree."""
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def home(prefix="home"):
    """A new empty directory, readable by all."""
    path = tempfile.mkdtemp(prefix=prefix + ".", dir=base())
    os.chmod(path, 0o755)
    return path


def shared():
    """What tests of one run share: certificates and the like."""
    path = os.environ.get("TEST_SHARED")
    if not path:
        return base()
    os.makedirs(path, exist_ok=True)
    return path


def program(name):
    """A program of the tree. TEST_PROGRAMS may name another directory."""
    return os.path.join(os.environ.get("TEST_PROGRAMS", TOP), name)


def install(source, path):
    """A program, by a process of its own: what another thread forks at this
    moment would hold it open for writing, and a "text file busy" is none."""
    subprocess.run(["install", "-m755", source, path], check=True)


def _once(name, make):
    """The path of a program that make(path) makes where nobody has yet: other
    threads wait, another process has made the same."""
    with _lock:
        path = os.path.join(base(), name)
        if not os.path.exists(path):
            own = f"{path}.{os.getpid()}"
            make(own)
            os.chmod(own, 0o755)
            os.rename(own, path)
        return path


def copied(source, name):
    """A copy of a program that every account can run."""
    return _once(name, lambda path: install(source, path))


def installed(name):
    """The same of a program of the tree."""
    return copied(program(name), name)


def write(path, content, mode=0o644):
    """Writes a file (text or bytes) with this mode."""
    data = content if isinstance(content, bytes) else content.encode()
    if mode & 0o111:
        # As install() does.
        subprocess.run(["cp", "/dev/stdin", path], input=data, check=True)
    else:
        with open(path, "wb") as file:
            file.write(data)
    os.chmod(path, mode)


# The C library's own signals; glibc's posix_spawn, by which make starts its
# commands, leaves them ignored, and no library function can change that.
RESERVED_SIGNALS = 1 << 31 | 1 << 32


def ignored(status):
    """SigIgn of a /proc/PID/status, without the C library's own."""
    return int(status["SigIgn"], 16) & ~RESERVED_SIGNALS


def stub(name):
    """A copy of a program of tests/stub that every account can run."""
    built = os.environ.get("RECORD_PROGRAM")
    if built:
        return copied(os.path.join(os.path.dirname(built), name), name)
    source = os.path.join(TOP, "tests", "stub", name + ".c")
    return _once(name, lambda path: subprocess.run(
        ["cc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-static", "-o", path,
         source], check=True))


def record_program():
    """The recording queue program."""
    return stub("record")
