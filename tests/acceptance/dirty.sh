#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dirty verify at full length: 100 rounds over 20 seeds without a false alarm, and every misbehaviour found in every run of one round.
. "${top_srcdir:?runtests sets it}/tests/cli/lib.sh"
RUN_TIMEOUT=600

clean=0 rounds=0 writes=0 began=$(date +%s)
for seed in $(seq 1 20); do
	run -q --json --seed "$seed" dirty verify --strict --rounds 5
	[ "$status" = 0 ] && clean=$((clean + 1)) || diag "seed $seed: $(json '[.cases[] | select(.result != "pass" and .result != "skip")]')"
	rounds=$((rounds + $(json .rounds))) writes=$((writes + $(json .writes)))
	[ "$(json '.missing_pages + .spurious_pages')" = 0 ] || diag "seed $seed: pages missing or spurious"
done
is "$clean" 20 "20 seeds of 5 rounds are clean"
is "$rounds" 100 "that is 100 rounds"
diag "$writes writes in $(($(date +%s) - began)) s"

for personality in type1-v1 iommufd compat-v2 compat-v1; do
	run -q --json --seed 1 --backend sim,personality=$personality dirty verify --strict --rounds 2
	is "$status" 0 "so is personality $personality"
done

for fault in dirty-lost-unmap dirty-no-clear dirty-shift dirty-straddle dirty-huge-partial dirty-no-flush dirty-early-flush \
	dirty-stale-start dirty-read-marks; do
	found=0 named=0
	for seed in $(seq 1 20); do
		run -q --json --seed "$seed" --backend sim,fault=$fault dirty verify --strict
		[ "$status" = 1 ] && found=$((found + 1))
		[ "$(json '.missing_pages + .spurious_pages > 0')" = true ] && named=$((named + 1))
	done
	is "$found" 20 "$fault fails in each of 20 runs of one round"
	is "$named" 20 "$fault is told as missing or spurious"
done
done_testing
