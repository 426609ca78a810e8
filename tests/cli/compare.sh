# SPDX-License-Identifier: GPL-2.0-or-later
# compare on the simulated IOMMU: every option does what it says and passes where nothing is wrong; the output's contract.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
few=$(scaled 200)

passes() { # NAME ARGS...
	local name=$1
	shift
	run -q --seed 7 "$@" --json
	status_is 0 "$name passes" || return
	json_is '[.result, .classes, .failures, .command]' '["pass",{},[],"compare"]' "$name finds nothing"
}

for size in 8K 64..4096; do passes "--size $size" compare --loops "$few" --size $size; done
passes "--iova fixed:0" compare --loops "$few" --iova fixed:0 --size 4K..64K

# where random and sequential IOVAs begin: multiples of the power of two that holds the mapping, or a page before one
begins() { # MODE ALIGN WANT NAME
	run -q --seed 7 compare --loops "$few" --iova "$1" --align "$2" --size 4K..64K --log "$tmp/align"
	status_is 0 "--iova $1 --align $2 passes"
	is "$(jq -r '"\(.iova) \(.size)"' "$tmp/align" | while read -r iova size; do
		for ((block = 4096; block < 2 * size; block *= 2)); do :; done
		echo $((iova % block == 0)) $(((iova + 4096) % block == 0))
	done | sort -u | head -n 2)" "$3" "$4"
}
for mode in random sequential; do
	begins $mode size "1 0" "each $mode mapping is aligned to its size"
	begins $mode across "0 1" "each $mode mapping lies across a border of its size"
done
run -q compare --iova fixed:0 --align size
status_is 64 "a fixed iova has its alignment"
like "$stderr" 'align is for --iova random and sequential, not for --iova fixed:0' "and that is said"

# the pause between two loops
run -q --seed 7 compare --loops 20 --delay 10ms --json
json_is '[.result, .loops, .elapsed_s >= 0.2]' '["pass",20,true]' "--delay waits after each unmap"
for bad in 10 61s x; do
	run -q compare --delay $bad
	status_is 64 "--delay $bad is refused"
done

# what the device can do
passes "dirs=write" --driver sim,dirs=write compare --loops "$few" --size 4K..64K
json_is '.directions | join(" ")' write "one direction is judged"
json_is '.bytes > 0 and (.bytes % .loops) >= 0' true "and its bytes counted"
json_is '[.skipped[] | select(.what | test("read"))] | length' 1 "the other is listed as skipped"
passes "dirs=rw" --driver sim,dirs=rw compare --loops "$few" --size 4K..64K
json_is '.directions | join(" ")' "read write" "two are"
passes "more than the device's buffer" --driver sim,dirs=rw compare --loops 5 --size 3M
run -q --driver sim,dirs=read compare --loops 10 --json
status_is 4 "a device that only reads shows nothing: skip"
json_is '[.result, .loops]' '["skip",0]' "and no loop is claimed"
printf 'map a --size 4K --iova 0x100000\ndma read a --size 4K\n' >"$tmp/reads.iommu"
run --driver sim,dirs=read run "$tmp/reads.iommu"
status_is 0 "what it is asked to read it reads"
like "$stderr" 'warning: no canary: a device that only reads shows no canary' "without a canary, and that is said"
run --driver sim,dirs=read --canary require run "$tmp/reads.iommu"
status_is 2 "or not at all where one is required"
like "$stderr" 'the canary is required but cannot be had: a device that only reads' "and that is said"
passes "a mask of 32 bits" --driver sim,mask=32 compare --loops "$few" --iova random
passes "a mask of 32 bits, adversarial" --driver sim,mask=32 compare --loops "$few" --iova adversarial
json_is '.skipped | length > 0' true "cases beyond the mask are listed"
json_is '[.skipped[] | select((.what | length) == 0 or (.why | length) == 0)] | length' 0 "each with its reason"
run -q --driver sim,mask=32 --seed 1 compare --loops 200 --log "$tmp/mask" --size 4K..64K
is "$(jq -s '[.[] | select(.iova | length > 10)] | length' "$tmp/mask")" 0 "no IOVA beyond the mask is used"
run -q --driver sim,mask=32 compare --iova fixed:0x100000000
status_is 64 "a fixed IOVA beyond the mask is refused"

# the counts
run -q --seed 7 compare --loops 50 --size 8K --json
json_is '[.loops, .bytes]' "[50,$((50 * 8192 * 2))]" "bytes are the payload, once per direction"
passes "--time" compare --time 200ms
json_is '.elapsed_s >= 0.2 and .elapsed_s < 20' true "it ran that long"
passes "--time with --loops" compare --time 60s --loops 5
json_is .loops 5 "whichever comes first"

# the contract: keys, their order and types
types='{"backend":"string","bytes":"number","classes":"object","command":"string","device":"string","directions":"array","driver":"string","elapsed_s":"number","failures":"array","faults":"array","kernel":"string","loops":"number","rates":"object","result":"string","seed":"string","skipped":"array","version":"string"}'
keys='[.|to_entries[]|select(.key|IN("command","version","backend","device","driver","kernel","seed","result","loops","bytes","elapsed_s","directions","rates","classes","failures","faults","skipped"))|{key,value:(.value|type)}]|from_entries'
contract() { # NAME
	is "$(jq -cS "$keys" "$tmp/stdout")" "$types" "$1: every key of the contract, with its type"
	json_is '[keys_unsorted[0:5][]] | join(" ")' "command version kernel seed result" "$1: the common ones first"
	json_is '.seed | test("^0x[0-9a-f]+$")' true "$1: the seed is a string of hex"
	is "$(wc -l <"$tmp/stdout") $(jq -s length "$tmp/stdout")" "1 1" "$1: one object on one line" || head -c 300 "$tmp/stdout"
}
run -q --seed 0x7 compare --loops 20 --json
contract "a pass"
json_is .seed 0x7 "the seed given is the seed told"
json_is '.rates | to_entries | all(.value | type == "number")' true "rates are numbers"
run -q --seed 7 --backend sim,fault=stale-iotlb:p=0.05 compare --loops 500 --iova fixed:0x40000000 --json
status_is 1 "a failing run"
contract "a failure"
json_is '.failures[0] | [(.loop|type), (.class|type), (.iova|type), (.length|type), (.expected|type), (.got|type)] | join(" ")' \
	"number string string number object object" "a failure has its keys"
json_is '.failures[0].iova | test("^0x[0-9a-f]+$")' true "addresses are hex strings"
json_is '.loops == .failures[0].loop + 1' true "the run ends with the first failure"
run -q --backend sim,fault=stale-iotlb:p=0.05 --seed 7 compare --loops 500 --iova fixed:0x40000000 --json --keep-going
json_is '[.loops, (.failures | length > 3)]' '[500,true]' "--keep-going goes on"
json_is '([.classes[]] | add) >= (.failures | length)' true "every failure is counted"
run -q compare --iova fixed:0xfee00000 --json
status_is 64 "a refused one"
json_is '[.result, (.error.text | length > 0)]' '["usage",true]' "is an object too"

# determinism
strip='del(.elapsed_s, .rates)'
same() { # NAME ARGS...
	local name=$1
	shift
	run -q --seed 11 "$@" --json
	cp "$tmp/stdout" "$tmp/first"
	run -q --seed 11 "$@" --json
	is "$(jq -cS "$strip" "$tmp/stdout")" "$(jq -cS "$strip" "$tmp/first")" "$name: same seed, same result"
}
same "random sizes" compare --loops "$few" --size 4K..64K --iova random
same "a failure" --backend sim,fault=stale-iotlb:p=0.02 compare --loops 500 --iova fixed:0x40000000 --keep-going
same "an adversarial failure" --backend sim,fault=psi-mask:p=0.02 compare --loops 500 --iova adversarial --keep-going
for log in 1.a 1.b 2.a; do run -q --seed ${log%.*} compare --loops 50 --size 4K..64K --log "$tmp/log$log"; done
ok "the logs are there" test -s "$tmp/log1.a" -a -s "$tmp/log2.a"
is "$(<"$tmp/log1.a")" "$(<"$tmp/log1.b")" "same seed, same choices"
isnt "$(<"$tmp/log1.a")" "$(<"$tmp/log2.a")" "another seed, other choices"

# the log
run -q --seed 3 --backend sim,fault=short-unmap:p=0.1 compare --loops 100 --size 4K..64K --log "$tmp/log" --keep-going --json
is "$(jq -s length "$tmp/log")" 100 "one line of NDJSON per loop"
is "$(jq -s '[.[].loop] == [range(100)]' "$tmp/log")" true "in order"
is "$(jq -s '[.[] | select(.size < 4096 or .size > 65536 or .size % 64 != 0)] | length' "$tmp/log")" 0 "sizes are in the range"
is "$(jq -s '[.[].size] | unique | length > 5' "$tmp/log")" true "and differ"
is "$(jq -s '[.[] | select(.result == "fail")] | length > 0 and all(.class == "short-unmap" and (.text | length > 0))' "$tmp/log")" true \
	"a failed loop says how"
run -q compare --loops 5 --log "$tmp/log"
is "$(jq -s length "$tmp/log")" 5 "a new run begins a new log"
run -q --seed 3 compare --loops 100 --iova fixed:0x40000000 --log "$tmp/log"
is "$(jq -rs '[.[].iova] | unique | join(" ")' "$tmp/log")" 0x40000000 "fixed is fixed"
run -q --seed 3 compare --loops 100 --iova sequential --log "$tmp/log"
is "$(jq -s '[.[].iova] | unique | length' "$tmp/log")" 100 "sequential never comes twice"

# text and TAP
run --seed 0x2a compare --loops 20
status_is 0 "text"
like "$stdout" '^compare: PASS' "ends with the verdict"
like "$stdout" '20 loops' "tells the loops"
like "$stdout$stderr" '0x2a' "tells the seed"
like "$stdout" '^ok +data arrives where it belongs' "tells the checks"
unlike "$stdout" $'\033' "no colours where nobody sees them"
run --seed 1 --backend sim,fault=stale-iotlb compare --iova fixed:0x40000000
like "$stdout" '^compare: FAIL' "a failure ends with FAIL"
like "$stdout" 'stale-write: [0-9]+ times' "and says what"
run -q compare --loops 5 --color always
like "$stdout" $'\033' "colours on request"
run -q compare --loops 5 --tap
like "$(head -n 1 "$tmp/stdout")" '^TAP version 1[34]$' "TAP begins with its version"
if command -v prove >/dev/null; then
	proven() { # ARGS...: prove a run with these arguments
		printf '#!/bin/sh\nexec %s -q --tap %s\n' "$IOMMUCTL" "$*" >"$tmp/one.t"
		prove -e sh "$tmp/one.t" >"$tmp/prove" 2>&1
	}
	ok "prove reads the TAP of a pass" proven compare --loops 5
	nok "prove fails with a failure" proven --backend sim,fault=stale-iotlb compare --iova fixed:0x40000000
	like "$(<"$tmp/prove")" 'Failed: 1\)' "one test point of it"
	unlike "$(<"$tmp/prove")" 'Parse errors' "and it parses"
	proven compare --iova kernel
	unlike "$(<"$tmp/prove")" 'Parse errors' "a skipped run parses too"
	proven compare --iova fixed:0xfee00000
	unlike "$(<"$tmp/prove")" 'Parse errors' "a refused one too"
else
	skip "prove reads the TAP" "prove is not installed"
fi

# progress
run compare --loops 200 --progress always
like "$stderr" 'compare' "progress on request"
run -q compare --loops 200
is "$stderr" "" "quiet is quiet"
done_testing
