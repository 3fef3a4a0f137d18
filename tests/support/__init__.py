"""What black-box tests stand on; see tests/README."""
from .certificate import Authority, certificate
from .client import Client, Reply
from .patience import Stopwatch
from .place import TOP, home, ignored, text_of
from .server import ACCOUNT, ROOT, Server, parallel
from .tap import (case, diag, done, is_, like, ok, skip, skip_all, starts,
                  took)

__all__ = ["ACCOUNT", "Authority", "Client", "ROOT", "Reply", "Server", "Stopwatch",
           "TOP", "case",
           "certificate", "diag", "done", "home",
           "ignored", "is_", "like", "ok",
           "parallel", "skip", "skip_all", "starts", "text_of", "took"]
