#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long the program takes to begin: --version beside /bin/true, which does nothing. The promise is of a machine with nothing else to do, and
# told; held is the processor's time.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
tools=$(realpath "${top_builddir:-.}")/tests/data
ok "what measures it is built" make -s -C "${top_builddir:-.}" tests/data/turns

# startup MICROSECONDS: the promise; three times as much processor time and a millisecond are held, for a processor may be slow. 200 runs of each,
# in turns.
startup() {
	local promise=$1 cpu their_cpu wall theirs more kept="NOT kept here"
	"$tools/turns" 200 "$tmp/turns" "$IOMMUCTL" --version -- /bin/true
	read -r cpu their_cpu _ wall theirs more _ <"$tmp/turns"
	[ "$more" -gt "$promise" ] || kept=kept
	diag "iommuctl --version: $wall us, /bin/true $theirs us; $more us more, promised $promise: $kept"
	diag "on a processor: $cpu us, /bin/true $their_cpu us"
	ok "--version takes no more processor time than /bin/true and $((3 * promise + 1000)) us" \
		test "$cpu" -gt 0 -a $((cpu - their_cpu)) -le $((3 * promise + 1000))
	# which would not show in that
	ok "and it waits for nothing" test "$more" -le 50000
}
startup 3000
done_testing
