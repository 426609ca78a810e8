#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dirty verify: 20 rounds over 4 seeds without a false alarm, and every misbehaviour found in every run of one round. --long: 100 rounds
# over 20 seeds.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
RUN_TIMEOUT=600
seeds=4
[ -z "${IOMMUCTL_LONG:-}" ] || seeds=20

clean=0 rounds=0 writes=0 began=$(date +%s)
for seed in $(seq 1 $seeds); do
	run -q --json --seed "$seed" dirty verify --strict --rounds 5
	[ "$status" = 0 ] && clean=$((clean + 1)) || diag "seed $seed: $(json '[.cases[] | select(.result != "pass" and .result != "skip")]')"
	rounds=$((rounds + $(json .rounds))) writes=$((writes + $(json .writes)))
	[ "$(json '.missing_pages + .spurious_pages')" = 0 ] || diag "seed $seed: pages missing or spurious"
done
is "$clean" $seeds "$seeds seeds of 5 rounds are clean"
is "$rounds" $((5 * seeds)) "that is $((5 * seeds)) rounds"
diag "$writes writes in $(($(date +%s) - began)) s"

for personality in type1-v1 iommufd compat-v2 compat-v1; do
	run -q --json --seed 1 --backend sim,personality=$personality dirty verify --strict --rounds 2
	is "$status" 0 "so is personality $personality"
done

for fault in dirty-lost-unmap dirty-no-clear dirty-shift dirty-straddle dirty-huge-partial dirty-no-flush dirty-early-flush \
	dirty-stale-start dirty-read-marks; do
	found=0 named=0
	for seed in $(seq 1 $seeds); do
		run -q --json --seed "$seed" --backend sim,fault=$fault dirty verify --strict
		[ "$status" = 1 ] && found=$((found + 1))
		[ "$(json '.missing_pages + .spurious_pages > 0')" = true ] && named=$((named + 1))
	done
	is "$found" $seeds "$fault fails in each of $seeds runs of one round"
	is "$named" $seeds "$fault is told as missing or spurious"
done
done_testing
