"""The Test Anything Protocol: a line a check, read by prove.

Checks may come from several threads. A test ends with done(); when a file
holds no check at all, that is a failure too.
"""
import contextlib
import re
import sys
import threading
import traceback

_lock = threading.Lock()
_count = 0
_failed = 0


def _line(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def diag(text):
    """A comment in the output."""
    for line in str(text).splitlines() or [""]:
        _line("# " + line)


def ok(good, what, *details):
    """One check; the details are shown when it fails."""
    global _count, _failed
    what = re.sub(r"[#\r\n]", "?", str(what))
    with _lock:
        _count += 1
        if good:
            _line(f"ok {_count} - {what}")
            return True
        _failed += 1
        _line(f"not ok {_count} - {what}")
        for detail in details:
            diag(detail)
    return False


def _short(value):
    text = repr(value)
    return text if len(text) < 1200 else text[:600] + " ... " + text[-500:]


def is_(got, expected, what):
    """Equal."""
    return ok(got == expected, what, "     got: " + _short(got),
              "expected: " + _short(expected))


def starts(got, expected, what):
    """got (text, a Reply) begins with expected."""
    got = str(got)
    return ok(got.startswith(expected), what, "     got: " + _short(got),
              "expected: " + _short(expected) + "...")


def like(got, pattern, what):
    """The pattern (re.search) is found in got."""
    got = str(got)
    return ok(re.search(pattern, got) is not None, what,
              "     got: " + _short(got), " pattern: " + pattern)


def took(watch, least, most, what):
    """A Stopwatch: not less by the clock, not more undisturbed seconds."""
    late = watch.exceeds(most)
    return ok(watch.clock() >= least and not late, what,
              f"by the clock {watch.clock():.2f} s, undisturbed "
              f"{watch.undisturbed():.2f} s, expected {least} to {most}")


def skip(what, why):
    """A check that cannot be made here."""
    global _count
    with _lock:
        _count += 1
        _line(f"ok {_count} - {what} # SKIP {why}")


def skip_all(why):
    """Nothing of this file can be tested here."""
    _line(f"1..0 # SKIP {why}")
    sys.exit(0)


@contextlib.contextmanager
def case(what):
    """A block of checks: an exception inside is one failed check."""
    try:
        yield
    except Exception as error:  # pylint: disable=broad-except
        where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
                 for frame in traceback.extract_tb(error.__traceback__)[1:]]
        ok(False, what, f"{type(error).__name__}: {error}",
           "at " + " ".join(where))


def done():
    """The plan, and the end of the program."""
    if _count == 0:
        ok(False, "the file holds checks")
    _line(f"1..{_count}")
    sys.exit(1 if _failed else 0)
