"""Exim as if it were installed and configured: what arrives goes on to a sink.
Behind private(PACKAGE, ACCOUNTS) of extra_sendmail.py."""
import subprocess

from .extra_sendmail import directory, write

PACKAGE = "exim4-daemon-light"
ACCOUNTS = {"Debian-exim": 4711}
SPOOL = "/var/spool/exim4"
CONF = """
primary_hostname = mx.example.org
keep_environment =
untrusted_set_sender = *
local_from_check = false
smtp_accept_queue_per_connection = 0
acl_not_smtp = check
begin acl
check:
  deny message = 5.7.1 not today
       condition = ${{if eq{{$h_subject:}}{{refuse}}}}
  accept
begin routers
out:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = {port}
begin retry
* * F,2h,15m
"""


def configure(port):
    """What its sendmail needs; there is no daemon."""
    write("/etc/exim4/exim4.conf", CONF.format(port=port))
    for path in (SPOOL, "/var/log/exim4"):
        directory(path, 0o750, "Debian-exim")


def waiting():
    """Messages in the queue."""
    return int(subprocess.run(["/usr/sbin/exim4", "-bpc"], check=True,
                              capture_output=True).stdout)
