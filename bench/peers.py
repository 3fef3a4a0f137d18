"""The other people's servers the benchmark compares with.

They run from where ./deps bench unpacked them, below build/peers: nothing is
installed, no account added, no file written outside the work directory.

Mailfront runs under tcpserver as smtpd-auth does, with cvm-pwfile, a plain
password and the sink as its qmail-queue. It finds its libraries by
LD_LIBRARY_PATH; against a loader cache that knows them, as an installed one
has, the difference could not be measured.

Postfix runs as installed from Debian would, its own default of a hundred
sessions a process included, with Cyrus SASL's sasldb. It has no queue program:
each message is put on HOLD, in a spool on a tmpfs. What it logs goes to
/dev/log if somebody listens there.
"""

import glob
import gzip
import os
import shutil
import signal
import subprocess
import time

import sides

PEERS = os.path.join(sides.TOP, "build", "peers")
MULTIARCH = "usr/lib/x86_64-linux-gnu"
SECONDS_TO_STOP = 20


def peer(*names):
    return os.path.join(PEERS, *names)


def unpacked(*packages):
    return all(os.path.exists(peer(name, ".complete")) for name in packages)


def package_version(name):
    """As Debian's changelog of the unpacked package has it."""
    documents = peer(name, "usr/share/doc", name)
    for file in ("changelog.Debian.gz", "changelog.gz"):
        try:
            with gzip.open(os.path.join(documents, file), "rt") as text:
                return text.readline().split("(")[1].split(")")[0]
        except OSError:
            continue
    return "unknown"


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def new_directory(path, mode=0o755):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    os.chmod(path, mode)
    return path


def link(path, directory):
    """If there is such a file, and no other of its name in the directory."""
    here = os.path.join(directory, os.path.basename(path))
    if os.path.exists(path) and not os.path.lexists(here):
        os.symlink(path, here)


class Mailfront(sides.Tcpserver):
    """mailfront smtp qmail with cvm-pwfile, a fork and exec for each AUTH."""

    name = "mailfront"
    scenarios = ("connect", "auth", "message", "pipeline", "big-data", "idle")

    def supports(self, scenario, tls):
        return (tls is None and scenario in self.scenarios
                and unpacked("mailfront", "cvm"))

    def version(self):
        return "mailfront %s, cvm %s" % (package_version("mailfront"),
                                         package_version("cvm"))

    def directory(self):
        return os.path.join(self.work.directory, self.name)

    def users(self):
        return os.path.join(self.directory(), "passwd")

    def prepare(self):
        new_directory(self.directory())
        # The domain has been split off the login when cvm-pwfile gets it.
        write(self.users(), "%s:%s:65534:65534:bench:/nonexistent:/bin/false\n"
              % (self.work.user.split("@")[0], self.work.password))

    def environment(self):
        return {"LD_LIBRARY_PATH": peer("mailfront", "usr/lib"),
                "MODULE_PATH": peer("mailfront", "usr/lib/mailfront"),
                "CVM_SASL_PLAIN": peer("cvm", "usr/bin/cvm-pwfile"),
                "CVM_PWFILE_PATH": self.users(),
                "CVM_PWFILE_PWCMP": "plain",
                "QMAILHOME": self.directory(),
                "QMAILQUEUE": self.work.sink}

    def program(self, tls):
        return [peer("mailfront", "usr/sbin/mailfront"), "smtp", "qmail",
                "cvm-authenticate", "require-auth", "add-received", "accept"]


MAIN_CF = """\
compatibility_level = 3.6
config_directory = {directory}/config
queue_directory = {directory}/spool
data_directory = {directory}/data
daemon_directory = {postfix}/usr/lib/postfix/sbin
command_directory = {postfix}/usr/sbin
shlib_directory = {postfix}/usr/lib/postfix
meta_directory = {directory}/config
mail_owner = {owner}
setgid_group = {group}
import_environment = MAIL_CONFIG TZ LANG=C LD_LIBRARY_PATH SASL_PATH

myhostname = {host}
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no

smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_security_options = noanonymous
cyrus_sasl_config_path = {directory}/config
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access static:HOLD

smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
message_size_limit = 0
mailbox_size_limit = 0
virtual_mailbox_limit = 0
queue_minfree = 0
# No delivery takes place that arriving mail could run ahead of.
in_flow_delay = 0
"""

MAIN_CF_TLS = """\
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {key}, {certificate}
"""

MAIN_CF_IMPLICIT = """\
smtpd_tls_wrappermode = yes
"""

# Nothing in a chroot, as upstream ships it. 0 is as many as are wanted.
MASTER_CF = """\
127.0.0.1:{port} inet n - n - 0 smtpd
pickup   unix n - n 60    1 pickup
cleanup  unix n - n -     0 cleanup
qmgr     unix n - n 300   1 qmgr
tlsmgr   unix - - n 1000? 1 tlsmgr
rewrite  unix - - n -     - trivial-rewrite
bounce   unix - - n -     0 bounce
defer    unix - - n -     0 bounce
trace    unix - - n -     0 bounce
verify   unix - - n -     1 verify
flush    unix n - n 1000? 0 flush
proxymap unix - - n -     - proxymap
error    unix - - n -     - error
retry    unix - - n -     - error
anvil    unix - - n -     1 anvil
"""

SMTPD_CONF = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN
sasldb_path: {directory}/config/sasldb2
"""

# The mount is in a namespace of the server's own, so that it is gone with it,
# however it ends. Arguments: spool, owner, group, the command.
IN_NEW_NAMESPACE = """\
set -eu
spool=$1 owner=$2 group=$3
shift 3
mount -t tmpfs -o mode=755 tmpfs "$spool"
cd "$spool"
mkdir active bounce corrupt defer deferred flush hold incoming private \
        saved trace maildrop public pid
chmod 700 active bounce corrupt defer deferred flush hold incoming private \
        saved trace
chown "$owner" active bounce corrupt defer deferred flush hold incoming \
        private saved trace
chown "$owner:$group" maildrop public
chmod 730 maildrop
chmod 710 public
exec "$@"
"""


class Postfix(sides.Side):
    """master and its smtpd processes. Needs root, as Postfix does."""

    name = "postfix"
    # No "scram": sasldb has the bare password, and Cyrus SASL would derive
    # the key anew at each AUTH, which is not the work of the other sides.
    scenarios = ("connect", "auth", "message", "pipeline", "big-data",
                 "big-bdat", "idle")
    owner = "daemon"    # Any account that owns nothing of the other sides.
    group = "mail"
    packages = ("postfix", "sasl2-bin", "libsasl2-modules")
    process = None

    def supports(self, scenario, tls):
        return (scenario in self.scenarios and os.geteuid() == 0
                and unpacked(*self.packages))

    def version(self):
        return "postfix %s, cyrus-sasl %s" % (package_version("postfix"),
                                              package_version("sasl2-bin"))

    def directory(self):
        return os.path.join(self.work.directory, self.name)

    def file(self, name):
        return os.path.join(self.directory(), name)

    def environment(self):
        return {"PATH": os.environ["PATH"],
                "LD_LIBRARY_PATH": self.file("libraries"),
                "SASL_PATH": self.file("plugins"),
                "MAIL_CONFIG": self.file("config")}

    def configure(self, port, tls):
        values = {"directory": self.directory(), "postfix": peer("postfix"),
                  "owner": self.owner, "group": self.group, "port": port,
                  "host": self.work.host}
        main = MAIN_CF
        if tls is not None:
            values["certificate"], values["key"] = self.work.certificate(tls)
            main += MAIN_CF_TLS
            if self.implicit:
                main += MAIN_CF_IMPLICIT
        write(self.file("config/main.cf"), main.format(**values))
        write(self.file("config/master.cf"), MASTER_CF.format(**values))
        write(self.file("config/sasl/smtpd.conf"), SMTPD_CONF.format(**values))

    def link_libraries(self):
        """In one directory, for the fewest failed opens at a start."""
        places = [peer("postfix", "usr/lib/postfix")]
        # With what the system lacked when they were unpacked.
        places += [peer(name, MULTIARCH) for name in self.packages]
        for place in places:
            for path in glob.glob(os.path.join(place, "*.so*")):
                link(path, self.file("libraries"))
        for name in ("libplain.so", "libsasldb.so"):
            for place in places + ["/" + MULTIARCH]:
                link(os.path.join(place, "sasl2", name), self.file("plugins"))

    def add_user(self):
        account, realm = self.work.user.split("@")
        database = self.file("config/sasldb2")
        subprocess.run([peer("sasl2-bin", "usr/sbin/saslpasswd2"), "-p", "-c",
                        "-f", database, "-u", realm, account],
                       input=self.work.password.encode(), check=True,
                       env=self.environment())
        shutil.chown(database, self.owner)

    def prepare(self, port, tls):
        new_directory(self.directory())
        for name in ("config", "config/sasl", "spool", "data", "libraries",
                     "plugins"):
            new_directory(self.file(name))
        shutil.chown(self.file("data"), self.owner)
        os.chmod(self.file("data"), 0o700)
        self.configure(port, tls)
        self.link_libraries()
        self.add_user()

    def start(self, tls):
        port = sides.free_port()
        self.prepare(port, tls)
        master = [peer("postfix", "usr/lib/postfix/sbin/master"), "-d",
                  "-c", self.file("config")]
        log = os.path.join(self.work.directory, self.name + ".log")
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private",
                 "sh", "-c", IN_NEW_NAMESPACE, "sh", self.file("spool"),
                 self.owner, self.group] + master,
                env=self.environment(), cwd=self.directory(),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True)
        try:
            sides.wait_for(port, lambda: self.process.poll() is None)
        except (RuntimeError, TimeoutError):
            self.stop()
            raise
        return port

    def pids(self):
        return [self.process.pid]

    def stop(self):
        """All are in the process group of master; nothing is worth saving."""
        if self.process is None:
            return
        group = self.process.pid
        end = time.monotonic() + SECONDS_TO_STOP
        try:
            while time.monotonic() < end:
                os.killpg(group, signal.SIGKILL)
                self.process.wait()
                time.sleep(0.02)
        except ProcessLookupError:
            self.process = None
            return
        raise TimeoutError("postfix does not end")


MAIN_CF_DOVECOT = """\
smtpd_sasl_type = dovecot
smtpd_sasl_path = {directory}/dovecot/client
"""

DOVECOT_CONF = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols =
auth_mechanisms = plain
disable_plaintext_auth = no
default_login_user = mail
default_internal_user = daemon
default_internal_group = daemon
ssl = no
passdb {{
  driver = passwd-file
  args = scheme=CRYPT username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid=daemon gid=daemon home=/nonexistent
}}
service auth {{
  unix_listener {home}/client {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

# Dovecot where it was built to be, for itself alone.
IN_ITS_PLACE = """\
set -eu
package=$1
shift
mount -t overlay overlay -o "lowerdir=$package/usr:/usr" /usr
exec "$@"
"""


class PostfixDovecot(Postfix):
    """Postfix that asks Dovecot's auth service, as most sites have it."""

    name = "postfix-dovecot"
    scenarios = ("phone", "phone-starttls")
    packages = Postfix.packages + ("dovecot-core",)
    dovecot = None

    def version(self):
        return "dovecot " + package_version("dovecot-core")

    def configure(self, port, tls):
        super().configure(port, tls)
        with open(self.file("config/main.cf"), "a") as file:
            file.write(MAIN_CF_DOVECOT.format(directory=self.directory()))

    def start_dovecot(self):
        home = self.file("dovecot")
        write(home + "/users", "%s:%s\n" % (self.work.user, sides.scram_secret(
            self.work.password, sides.DEFAULT_ITERATIONS)))
        write(home + "/conf", DOVECOT_CONF.format(home=home))
        with open(os.path.join(self.work.directory, "dovecot.log"), "wb") as out:
            self.dovecot = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                 IN_ITS_PLACE, "sh", os.path.realpath(peer("dovecot-core")),
                 "/usr/sbin/dovecot", "-F", "-c", home + "/conf"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
                env={"PATH": os.environ["PATH"]}, start_new_session=True)
        end = time.monotonic() + sides.SECONDS_TO_START
        while not os.path.exists(home + "/client"):
            if self.dovecot.poll() is not None or time.monotonic() > end:
                raise RuntimeError("dovecot does not start")
            time.sleep(0.02)

    def prepare(self, port, tls):
        super().prepare(port, tls)
        new_directory(self.file("dovecot"))
        self.start_dovecot()

    def pids(self):
        return [self.process.pid, self.dovecot.pid]

    def stop(self):
        super().stop()
        if self.dovecot is not None:
            self.dovecot.terminate()
            self.dovecot.wait()
        self.dovecot = None
