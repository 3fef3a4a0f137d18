#!/usr/bin/env python3
"""docs/scale.md: the balancer's configuration is that of bench/scale, which
haproxy takes; and a small run of it loses nothing."""
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_balancer import why_not  # noqa: E402


is_(re.search(r"(?ms)^```haproxy\n(.*?)^```", text_of("docs/scale.md"))[1],
    text_of("bench/scale.cfg"), "the file that was run")
probe = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc",
         "mount", "-t", "tmpfs", "none", "/mnt"]
why = why_not("haproxy", "mailfront")
if why or not ROOT or subprocess.run(
        probe, check=False, capture_output=True).returncode:
    skip("a run", why or "needs root and name spaces")
else:
    done_ = subprocess.run([TOP + "/bench/scale", "60"], text=True,
                           capture_output=True, check=False, timeout=800)
    is_(done_.returncode, 0, "a run of 60 messages: nothing lost")
    like(done_.stdout, r"(?m)^front1 is lost(.|\n)*^queue2 is lost(.|\n)*"
         r"^accepted \(250\) +60,(.|\n)*^lost +0$",
         f"though hosts were: {done_.stderr}")
done()
