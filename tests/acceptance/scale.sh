#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# list, caps and audit on machines of 500, 1000 and 2000 devices: time grows with the number of devices and no faster, memory stays
# small, and reading a machine takes no more than twice the time of lspci -vvv on the same files.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
tools=${top_builddir:-.}/tests/data
ok "what makes such machines is built" make -s -C "${top_builddir:-.}" tests/data/mkmany tests/data/measure

for n in 500 1000 2000; do "$tools/mkmany" $n "$tmp/$n"; done
run --sysroot "$tmp/2000" --json list
json_is '"\(.devices | length) \(.groups | length)"' "2000 286" "2000 devices in 286 groups"

# measure COMMAND...: $ms, the least of three runs, and $kib
measure() {
	local once peak
	ms=1000000 kib=0
	for _ in 1 2 3; do
		"$tools/measure" "$tmp/measured" "$@" 2>"$tmp/measure.err"
		read -r once peak <"$tmp/measured"
		[ "$once" -ge "$ms" ] || ms=$once
		[ "$peak" -le "$kib" ] || kib=$peak
	done
}

# The instructions of one run, or nothing.
instructions() { # N COMMAND
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$IOMMUCTL" --sysroot "$tmp/$1" "$2" 2>&1 >/dev/null |
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

lspci_ms=
if command -v lspci >/dev/null; then
	measure lspci -O "sysfs.path=$tmp/2000/sys/bus/pci" -vvv
	lspci_ms=$ms
	diag "lspci: $ms ms, $kib KiB"
fi
for command in list caps audit; do
	measure "$IOMMUCTL" --sysroot "$tmp/2000" $command
	diag "$command: $ms ms, $kib KiB"
	ok "$command: under 50 MB" test "$kib" -lt 51200
	if [ -n "$lspci_ms" ]; then
		ok "$command: at most twice the time of lspci ($ms, $lspci_ms ms)" test "$ms" -le $((2 * lspci_ms + 20))
	else
		skip "$command: at most twice the time of lspci" "lspci is not installed"
	fi
	if command -v valgrind >/dev/null; then
		small=$(instructions 500 $command) middle=$(instructions 1000 $command) large=$(instructions 2000 $command)
		diag "$command: $small, $middle, $large instructions"
		ok "$command: twice the devices, at most 2.2 times the instructions" \
			test "${small:-0}" -gt 0 -a $((10 * middle)) -le $((22 * small)) -a $((10 * large)) -le $((22 * middle))
	else
		skip "$command: twice the devices, at most 2.2 times the instructions" "valgrind is not installed"
	fi
done
done_testing
