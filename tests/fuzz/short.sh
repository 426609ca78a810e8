#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each fuzzer replays its seeds and runs for a few seconds on changed copies of them. The seed is the day's; it is said when
# something is found, and the input that found it is kept in the build folder. tests/fuzz/run is the long one.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
top_builddir=${top_builddir:-.}
. "$top_srcdir/tests/tap.sh"
export ASAN_OPTIONS="detect_leaks=1:max_allocation_size_mb=256${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
seconds=${FUZZ_SECONDS:-4}
seed=${FUZZ_SEED:-$(date +%Y%m%d)}

# fuzz NAME TEXT OPTIONS...: passes when it comes to its end, which is said with the number of runs.
fuzz() {
	local name=$1 text=$2 keep=$top_builddir/tests/fuzz/found-$1 log=$tap_tmp/$1.log
	shift 2
	if "$top_builddir/tests/fuzz/fuzz_$name" --seed "$seed" --keep "$keep" "$@" "$top_srcdir/tests/fuzz/seeds/$name" >"$log" 2>&1 &&
		grep -qE '^[1-9][0-9]* inputs, [1-9][0-9]* runs$' "$log"; then
		pass "$name $text: $(tail -n 1 "$log")"
	else
		fail "$name $text"
		tail -n 60 "$log" | sed 's/^/# /'
	fi
}

for name in acpi bench bitmap config log recipe repro session text; do
	fuzz $name "replays its seeds"
	fuzz $name "survives $seconds s of seed $seed" --seconds "$seconds"
done
done_testing
