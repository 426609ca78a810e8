#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tool promises on the simulated IOMMU, at full length: no false alarm, no miss, repros that hold, and its speed.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
RUN_TIMEOUT=600

# No false alarm: 20 seeds of 20,000 loops each; --long: of 100,000, a few seconds a seed.
n=20000
[ -z "${IOMMUCTL_LONG:-}" ] || n=100000
one_seed() { # SEED
	timeout 600 "$IOMMUCTL" -q --json --backend sim --seed "$1" compare --loops "$n" --size 4K..256K --iova random >"$tmp/seed$1" 2>&1
	echo $? >"$tmp/seed$1.status"
}
for seed in $(seq 1 20); do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	one_seed "$seed" &
done
wait
for seed in $(seq 1 20); do
	is "$(cat "$tmp/seed$seed.status")" 0 "seed $seed: $n loops of 4K..256K at random IOVAs pass" || diag "$(head -c 2000 "$tmp/seed$seed")"
	is "$(jq -c .loops "$tmp/seed$seed" 2>&1)" "$n" "seed $seed: all of them were done"
done

# No miss: misbehaviour | options of the contract's table | the classes it may be found as.
table=$(grep -v '^#' "$top_srcdir/tests/misbehaviours")
seeds=2
[ -z "${IOMMUCTL_LONG:-}" ] || seeds=20
while IFS='|' read -r fault options classes; do
	found=0 named=0 repeated=0 clean=0 quiet=0
	for seed in $(seq 1 $seeds); do
		# shellcheck disable=SC2086 # options are words
		run -q --json --seed "$seed" --backend "sim,fault=$fault:p=0.01" compare --loops 2000 $options --save-repro "$tmp/repro.iommu"
		[ "$status" = 1 ] && found=$((found + 1))
		for class in $(json '.classes | keys[]'); do
			case " $classes " in *" $class "*) named=$((named + 1)) && break ;; esac
		done
		run -q --json --seed "$seed" --backend "sim,fault=$fault:p=0.01" run "$tmp/repro.iommu"
		[ "$status" = 1 ] && repeated=$((repeated + 1))
		run -q --json --seed "$seed" run "$tmp/repro.iommu"
		[ "$status" = 0 ] && clean=$((clean + 1))
		# shellcheck disable=SC2086
		run -q --json --seed "$seed" --backend sim compare --loops 2000 $options
		[ "$status" = 0 ] && quiet=$((quiet + 1))
	done
	is "$found" $seeds "$fault p=0.01 is found within 2000 loops, $seeds seeds"
	is "$named" $seeds "$fault is named $classes"
	is "$repeated" $seeds "$fault: the saved repro fails with the fault"
	is "$clean" $seeds "$fault: the saved repro passes without"
	is "$quiet" $seeds "$fault off: the same options pass"
done <<<"$table"

# Speed is told, not judged: machines differ and are shared.
for i in 1 2 3; do
	run -q --json --backend sim compare --loops 30000 --size 8K --iova fixed:0x40000000
	is "$status" 0 "speed run $i passes"
	diag "8K at a fixed iova: $(json '.rates.loops_per_s | floor') loops/s"
done
done_testing
