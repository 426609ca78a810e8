#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stress on the healthy simulation, with 2 threads, seeds and personalities interleaved: no mismatch, and the memory that it takes does not
# grow. --long: 10 minutes in total and other seeds each time, else 20 seconds and the same ones.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
RUN_TIMEOUT=600
personalities=(type1-v2 type1-v1 iommufd compat-v2 compat-v1)
seconds=1 rounds=2 first=1
[ -z "${IOMMUCTL_LONG:-}" ] || seconds=10 rounds=12 first=$((RANDOM * 32768 + RANDOM))
first=${STRESS_SEED:-$first}
ops=0 episodes=0 seed=$first
for ((round = 0; round < rounds; round++)); do
	for personality in "${personalities[@]}"; do
		seed=$((seed + 1))
		run -q --json --seed $seed --backend "sim,personality=$personality" stress --threads 2 --time "${seconds}s"
		is "$status $(json '"\(.result) \(.mismatches_total)"')" "0 pass 0" "$personality, seed $seed: $(json .ops) operations" ||
			diag "$(json '.mismatches[:2]')"
		ops=$((ops + $(json .ops))) episodes=$((episodes + $(json .episodes)))
	done
done
diag "seeds $((first + 1)) to $seed: $ops operations in $episodes episodes, $((ops / (rounds * ${#personalities[@]} * seconds))) each second"

# The footprint of a long run: an episode takes what it needs and gives it back, so the most that any takes stays what it is. Half of the run
# and all of it, by what it did and not by the clock: on a busy machine a first half may be nothing.
most() { sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; } # in KiB
start -q --json --seed "$first" --backend sim stress --threads 2 --time 10h
start_works
ok "half of a longer run" has_worked $((seconds * 8)) 1200
early=$(most)
ok "and the other half" has_worked $((seconds * 16)) 1200
late=$(most)
kill -INT "$pid"
finish
is "$status $(json '"\(.result) \(.mismatches_total)"')" "130 interrupted 0" "finds nothing: $(json .ops) operations"
diag "VmHWM at most $early KiB, then $late KiB"
ok "its memory stays the same" test "${late:-0}" -gt 0 -a "${late:-0}" -le $((early * 3 / 2 + 16384))
done_testing
