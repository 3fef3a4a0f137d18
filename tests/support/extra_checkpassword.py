"""Checkpassword programs in sh, and what they were given."""
import os
import re

from . import place

# It notes what it was given and how it was started, and then does what the
# password says. The shell changes its own descriptors and signals for a
# command; in a subshell, or reading by itself, it does not.
SCRIPT = r"""
run=$(mktemp -d "$CHECK_DIR/run.XXXXXX") || exit 111
cat </proc/$$/cmdline >"$run/argv"
cat </proc/$$/environ >"$run/env"
while read -r word rest; do
	echo "$word $rest"
done </proc/$$/status >"$run/status"
cut -d' ' -f5 </proc/$$/stat >"$run/group"
(ls -l /proc/$$/fd >"$run/descriptors")
cat <&3 >"$run/record"
password=$(tr '\0' '\n' <"$run/record" | sed -n 2p)
echo $$ >"$run/pid"
mv "$run" "$CHECK_DIR/done.${run##*.}"
run=$CHECK_DIR/done.${run##*.}
case $password in
secret*) exec "$@" ;;
exit\ *) exit "${password#exit }" ;;
signal) kill -SEGV $$ ;;
talk) echo "235 2.7.0 ok, go ahead"; echo to-the-log >&2; exit 1 ;;
hang)
	sleep 1000 &
	echo $! >"$run/child"
	exec sleep 1000
	;;
leave)
	sleep 1000 &
	echo $! >"$run/child"
	exit 0
	;;
esac
exit 1
"""


class Run:
    """One run of the program."""

    def __init__(self, path):
        self.path = path

    def read(self, name):
        """What it has noted, as bytes."""
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    @property
    def record(self):
        """What was on descriptor 3."""
        return self.read("record")

    @property
    def argv(self):
        """Its arguments."""
        return self.read("argv").decode().split("\0")[:-1]

    @property
    def env(self):
        """Its environment."""
        return dict(text.split("=", 1) for text in
                    self.read("env").decode().split("\0")[:-1])

    @property
    def status(self):
        """/proc/PID/status: name: value."""
        return {name: value.strip() for name, value in
                (line.split(":", 1) for line in
                 self.read("status").decode().splitlines())}

    @property
    def descriptors(self):
        """Number: target, but for the script itself."""
        found = re.findall(r" (\d+) -> (.*)",
                           self.read("descriptors").decode())
        return {int(number): target for number, target in found
                if not target.endswith("/checkpassword")}

    @property
    def pid(self):
        """Its own."""
        return int(self.read("pid"))

    @property
    def child(self):
        """The one that it has left in the background."""
        return int(self.read("child"))


class Program:
    """A recording program: .path, .env for the server, .runs(), .last()."""

    def __init__(self, text=SCRIPT, mode=0o755):
        self.directory = place.home("check")
        os.chmod(self.directory, 0o777)
        self.path = os.path.join(place.home("program"), "checkpassword")
        place.write(self.path, "#!/bin/sh\n" + text, mode)

    @property
    def env(self):
        """For the server's environment."""
        return {"CHECK_DIR": self.directory}

    def runs(self):
        """Those that have noted everything."""
        found = [os.path.join(self.directory, name)
                 for name in os.listdir(self.directory)
                 if name.startswith("done.")]
        return [Run(path) for path in sorted(found, key=os.path.getmtime)]

    def last(self):
        """The only one since the last time."""
        found = self.runs()
        if len(found) != 1:
            raise AssertionError(f"{len(found)} runs of the program")
        os.rename(found[0].path, found[0].path.replace("done.", "old."))
        return Run(found[0].path.replace("done.", "old."))
