#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The speed at which dirty bitmaps become ranges, are counted and compared, beside that of merely reading them. The promises are for a quiet
# machine with AVX-512 and are printed beside what was measured; what a busy one must still reach is half of them.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
promises="ranges-0.1:0.8 ranges-50:0.3 count:0.9 diff:0.9"
for i in 1 2 3 4 5; do
	run --json bench bitmap
	status_is 0 "run $i" || diag "$stderr"
	json '.results[] | "\(.name) \(.ratio)"' >>"$tmp/ratios"
done
floor=0.5
grep -qw avx512_vbmi2 /proc/cpuinfo || floor=0.01
for promise in $promises; do
	name=${promise%:*} want=${promise#*:}
	median=$(awk -v name="$name" '$1 == name { print $2 }' "$tmp/ratios" | sort -n | sed -n 3p)
	diag "$name: $median of reading, promised $want: $(awk -v is="${median:-0}" -v want="$want" 'BEGIN { print (is >= want ? "kept" : "NOT kept here") }')"
	ok "$name: at least $floor of what is promised" awk -v is="${median:-0}" -v want="$want" -v floor=$floor 'BEGIN { exit !(is >= want * floor) }'
done
done_testing
