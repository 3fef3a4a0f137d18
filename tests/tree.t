#!/bin/sh
# tree - who may include whom: the folder says which process runs the code,
# and an include that points the wrong way would let the session name a
# function that reads a secret, or the keeper one that parses SMTP.
#
# FOLDER ALLOWED... ; beside its own folder. smtpd-auth.c, the only file that
# puts the processes together, may include all.
rules='
lib
control lib
users lib
queue-handoff lib
queue lib queue-handoff/status.h
sasl lib users control/authmechs.h
auth lib users sasl
proxy lib control
session lib control keeper/channel.h
keeper lib control users sasl auth queue-handoff
client lib
passwd lib control users sasl
conf lib
check lib control users sasl auth proxy/balancers.h keeper/find_pair.h keeper/policy_link.h keeper/pair.h keeper/signer.h client passwd/origin.h queue/servers.h
report lib
bench lib client keeper/channel.h session/session_jail.h auth/authenticator_jail.h users/secret.h
'
count=0
failed=0
check() { # what, status
	count=$((count + 1))
	if [ "$2" = 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		failed=1
	fi
}

# Prints each include of file $1 that none of the prefixes $2... allows.
wrong() {
	file=$1
	shift
	sed -n 's/^#include "\(.*\)".*/\1/p' "$file" | while read -r header; do
		good=
		for prefix; do
			case $header in
			"$prefix"/* | "$prefix") good=1 ;;
			esac
		done
		[ "$good" ] || echo "$header"
	done
}

while read -r folder allowed; do
	[ "$folder" ] || continue
	for file in "$folder"/*.c "$folder"/*.h; do
		# shellcheck disable=SC2086 # one word a folder
		found=$(wrong "$file" "$folder" $allowed)
		[ -z "$found" ] || echo "# $file includes $found"
		check "$file" "$([ -z "$found" ]; echo $?)"
	done
done <<END
$rules
END

# A .c at the top is a program.
for file in *.c; do
	grep -q '^main(' "$file"
	check "$file holds a main" $?
done
# A name stands for one thing, but where one room answers what another asks: the
# keeper the session, the authenticator the keeper. And a file begins with its
# name (musl's lies in place of a header).
doubles=$(for file in *.c */*.[ch]; do
	case $file in
	tests/* | build/*) ;;
	*/*) echo "$(basename "${file%.[ch]}") ${file%/*}" ;;
	*) echo "${file%.c} ." ;;
	esac
done | sort -u | awk '{in_[$1] = in_[$1] " " $2}
	END {for (n in in_) if (in_[n] ~ / .* / &&
		in_[n] != " keeper session" && in_[n] != " auth keeper")
		print n ":" in_[n]}')
[ -z "$doubles" ] || echo "# one name: $doubles"
check 'a name stands for one file, or for twins' "$([ -z "$doubles" ]; echo $?)"
for file in *.c */*.[ch]; do
	case $file in tests/* | build/* | musl/*) continue ;; esac
	name=$(basename "$file" | sed 's/\.[ch]$//')
	sed -n '1s,^/\* ,,p; 2s,^ \* ,,p' "$file" | head -n 1 |
		grep -q -e "^$name - "
	check "$file says its name first" $?
done
# And no file is too long to be read in one go.
for file in */*.c *.c; do
	lines=$(wc -l <"$file")
	check "$file has at most 420 lines ($lines)" \
		"$([ "$lines" -le 420 ]; echo $?)"
done
echo "1..$count"
exit $failed
