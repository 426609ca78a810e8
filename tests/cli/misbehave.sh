# SPDX-License-Identifier: GPL-2.0-or-later
# Every misbehaviour of the simulated IOMMU is found within 2,000 loops, under its right name; the saved repro shows it
# again with the fault and passes without; and the same options find nothing where nothing is wrong.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

# name | options of the contract's table | classes it may be told as
table=$(grep -v '^#' "$top_srcdir/tests/misbehaviours")

run --backend sim,help
status_is 0 "the misbehaviours are listed"
listed=$stdout

found() { # NAME SEED OPTIONS CLASSES
	local name=$1 seed=$2 options=$3 classes=$4 repro=$tmp/$1-$2.iommu class
	# shellcheck disable=SC2086
	run -q --seed "$seed" --backend "sim,fault=$name:p=0.01" compare --loops 2000 $options --save-repro "$repro" --json
	status_is 1 "$name, seed $seed: found" || return
	json_is .result fail "$name, seed $seed: and that is the result"
	ok "$name, seed $seed: by its name" grep -qE "\"class\": *\"(${classes// /|})\"" "$tmp/stdout"
	for class in $(json '.classes | keys[]'); do
		# two threads on one frame overwrite each other's poison as well
		[ "$name/$class" != early-unpin/unwritten ] || continue
		like " $classes " " $class " "$name, seed $seed: $class is a right name for it"
	done
	json_is '[.failures[].class] | length > 0' true "$name, seed $seed: with evidence"
	ok "$name, seed $seed: the repro is saved" test -s "$repro" || return
	run -q --seed "$seed" --backend "sim,fault=$name:p=0.01" run "$repro" --json
	status_is 1 "$name, seed $seed: the repro shows it again"
	json_is '[.results[] | select(.result == "fail")] | length > 0' true "$name, seed $seed: a line of it fails"
	# fewer turns are enough to see that nothing is wrong, and some are of 4 MiB
	sed 's/^repeat .*/repeat 100/' "$repro" >"$repro.short"
	run -q --backend sim run "$repro.short"
	status_is 0 "$name, seed $seed: the repro passes without the fault"
}

while IFS='|' read -r name options classes; do
	[ -n "$name" ] || continue
	like "$listed" "^ *$name " "$name is listed"
	for seed in 1 2 3; do found "$name" "$seed" "$options" "$classes"; done
	for seed in 4 5; do
		# shellcheck disable=SC2086
		run -q --seed "$seed" compare --loops 2000 $options --save-repro "$tmp/none" --json
		status_is 0 "$name off, seed $seed: $options finds nothing"
		json_is '[.result, .classes, .failures]' '["pass",{},[]]' "$name off, seed $seed: nothing at all" ||
			diag "$(json .failures)"
		nok "$name off, seed $seed: no repro is written" test -e "$tmp/none"
	done
done <<<"$table"

# how a one-way device shows it
run -q --seed 1 --backend sim,fault=stale-iotlb:p=0.02 --driver sim,dirs=write compare --iova fixed:0x40000000 --loops 2000 --json
status_is 1 "a device that only writes shows stale-iotlb"
json_is '.classes | keys | join(" ")' stale-write "as stale-write"

# a graveyard of one, and none: what nobody can see is not claimed
run -q --seed 1 --backend sim,fault=stale-iotlb:p=0.02 compare --graveyard 1 --iova fixed:0x40000000 --loops 2000 --json
json_is '.classes | keys | join(" ")' stale-write "a graveyard of one shows stale-iotlb by its name"
run -q --seed 1 compare --graveyard 0 --loops 10 --tap
unlike "$stdout" "old pages stay untouched" "without a graveyard nothing is said of old pages"

# after=N: so many operations go well
run -q --seed 1 --backend sim,fault=short-unmap:after=100000 compare --loops 200
status_is 0 "a fault after=100000 operations does not show in 200 loops"
run -q --seed 1 --backend sim,fault=short-unmap:after=150 compare --loops 2000 --json
status_is 1 "after=150 it does"
first=$(json '.failures[0].loop')
ok "and not in the first loops (loop $first)" test "$first" -ge 20
run -q --seed 1 --backend sim,fault=short-unmap:p=0 compare --loops 500
status_is 0 "p=0 is never"

# two at once are both found
run -q --seed 1 --backend sim,fault=short-unmap:p=0.01,fault=stale-iotlb:p=0.01 compare --loops 2000 --iova fixed:0x40000000 --keep-going --json
json_is '.classes | has("short-unmap") and (has("stale-write") or has("stale-read"))' true "two misbehaviours, both are told"

# untranslated stops everything before a test's own DMA
run -q --backend sim,fault=untranslated compare --loops 100 --json
status_is 1 "an IOMMU that is off is a failure"
json_is '[.loops, .bytes, (.classes | keys[])]' '[0,0,"untranslated"]' "and no loop is run on it"
printf 'map a --size 4K\nfill a --byte 1\ndma read a --size 4K\n' >"$tmp/off"
run -q --backend sim,fault=untranslated run "$tmp/off" --json
status_is 1 "nor a script's DMA"
json_is '.results[-1] | [.command, .result]' '["dma read a --size 4K","fail"]' "whose line says so"
run -q --backend sim,fault=untranslated --canary off compare --loops 100 --json
isnt "$status" 0 "also without the canary it is no pass"
done_testing
