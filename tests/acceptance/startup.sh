#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long the program takes to begin: --version beside /bin/true, which does nothing.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
tools=$(realpath "${top_builddir:-.}")/tests/data
ok "what measures it is built" make -s -C "${top_builddir:-.}" tests/data/turns

# startup MICROSECONDS: the promise; three times as much and a millisecond are held, for this may be a busy machine. 200 runs of each, in turns.
startup() {
	local promise=$1 wall theirs more kept="NOT kept here"
	"$tools/turns" 200 "$tmp/turns" "$IOMMUCTL" --version -- /bin/true
	read -r _ _ _ wall theirs more _ <"$tmp/turns"
	[ "$more" -gt "$promise" ] || kept=kept
	diag "iommuctl --version: $wall us, /bin/true $theirs us; $more us more, promised $promise: $kept"
	ok "--version begins and ends within /bin/true + $((3 * promise + 1000)) us" test "$wall" -gt 0 -a "$more" -le $((3 * promise + 1000))
}
startup 3000
done_testing
