#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# list, caps and audit on machines of 1000 and 2000 devices: time grows with the number of devices and no faster, memory stays
# small, and reading a machine takes less time than lspci -vvv on the same files.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
tools=$(realpath "${top_builddir:-.}")/tests/data
ok "what makes such machines is built" make -s -C "${top_builddir:-.}" tests/data/mkmany tests/data/turns

for n in 1000 2000; do "$tools/mkmany" $n "$tmp/$n"; done
run --sysroot "$tmp/2000" --json list
json_is '"\(.devices | length) \(.groups | length)"' "2000 286" "2000 devices in 286 groups"

# The instructions of one run, or nothing.
instructions() { # N COMMAND
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$IOMMUCTL" --sysroot "$tmp/$1" "$2" 2>&1 >/dev/null |
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# Both sizes at once: what is counted does not depend on who else runs.
grows() { # COMMAND
	local small large
	instructions 1000 "$1" >"$tmp/small" &
	large=$(instructions 2000 "$1")
	wait $!
	small=$(cat "$tmp/small")
	diag "$1: $small, $large instructions"
	ok "$1: twice the devices, at most 2.2 times the instructions" test "${small:-0}" -gt 0 -a $((10 * large)) -le $((22 * small))
}

# The promise is told, and half of it held: this may be a busy machine.
races() { # COMMAND
	local ours theirs permille kib kept="NOT kept here"
	"$tools/turns" 5 "$tmp/turns" "$IOMMUCTL" --sysroot "$tmp/2000" "$1" -- lspci -O "sysfs.path=$tmp/2000/sys/bus/pci" -vvv
	read -r ours theirs permille _ _ _ kib <"$tmp/turns"
	[ "$permille" -gt 1000 ] || kept=kept
	diag "$1: $((ours / 1000)) ms, lspci -vvv $((theirs / 1000)) ms, ratio $((permille / 1000)).$(printf %03d $((permille % 1000))), promised 1.0: $kept"
	ok "$1: at most twice the time of lspci" test "$permille" -gt 0 -a "$permille" -le 2000
	ok "$1: under 50 MB" test "$kib" -gt 0 -a "$kib" -lt 51200
}

for command in list caps audit; do
	if command -v lspci >/dev/null; then
		races $command
	else
		skip "$command: at most twice the time of lspci" "lspci is not installed"
		skip "$command: under 50 MB" "lspci is not installed"
	fi
	if command -v valgrind >/dev/null; then
		grows $command
	else
		skip "$command: twice the devices, at most 2.2 times the instructions" "valgrind is not installed"
	fi
done
done_testing
