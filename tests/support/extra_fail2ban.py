"""For the tests of contrib/fail2ban: where fail2ban is unpacked, what is ours,
and the environment that its programs want."""
import os

from .place import TOP

PEER = os.path.join(TOP, "build/peers/fail2ban")
OURS = os.path.join(TOP, "contrib/fail2ban")
ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
       "PYTHONDONTWRITEBYTECODE": "1",
       "PYTHONPATH": PEER + "/usr/lib/python3/dist-packages"}
