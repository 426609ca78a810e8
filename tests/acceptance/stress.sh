#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stress on the healthy simulation, with 2 threads, seeds and personalities interleaved: no mismatch, and the memory that it takes does not
# grow. --long: 10 minutes in total, else 10 seconds.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
RUN_TIMEOUT=600
personalities=(type1-v2 type1-v1 iommufd compat-v2 compat-v1)
seconds=1 rounds=2
[ -z "${IOMMUCTL_LONG:-}" ] || seconds=10 rounds=12
first=${STRESS_SEED:-$((RANDOM * 32768 + RANDOM))}
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

# The footprint of a long run: an episode takes what it needs and gives it back, so the most that any takes stays what it is.
resident() { # SECONDS: the most in that time, in KiB
	local now most=0 end=$((SECONDS + $1))
	while [ $SECONDS -lt $end ]; do
		now=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
		[ "${now:-0}" -le $most ] || most=$now
		sleep 0.05
	done
	echo "$most"
}
start -q --json --seed "$first" --backend sim stress --threads 2 --time "$((seconds * 20))s"
early=$(resident $((seconds * 8)))
late=$(resident $((seconds * 8)))
finish
status_is 0 "a longer run passes"
diag "VmRSS at most $early KiB, then $late KiB"
ok "its memory stays the same" test "$late" -gt 0 -a "$late" -le $((early * 3 / 2 + 16384))
done_testing
