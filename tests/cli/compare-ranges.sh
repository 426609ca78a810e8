# SPDX-License-Identifier: GPL-2.0-or-later
# compare maps what it was told and nothing else: pieces end where the buffer ends, fixed ranges are whole huge pages and
# free of the tool's own pages, adversarial cases are told one by one.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

passes() { # NAME ARGS...
	local name=$1
	shift
	run -q "$@" --json
	status_is 0 "$name passes" || return
	json_is '[.result, .classes, .failures]' '["pass",{},[]]' "$name finds nothing"
}

# parts of huge pages: the simulated IOMMU has them without any being reserved
for granule in whole page random; do
	for mem in hugetlb-2M hugetlb-1G; do
		passes "parts of $mem by $granule" --seed 7 compare --mem $mem --iova adversarial --map-granule $granule \
			--loops "$(scaled 400)"
	done
done
for seed in 1 2 3; do
	passes "random pieces of whole huge pages, seed $seed" --seed $seed compare --mem hugetlb-2M --size 4K..8M --loops 20 --map-granule random
done

# fixed ranges as large as the mapping, not as the payload
passes "two threads on 1G pages" --seed 7 compare --mem hugetlb-1G --iova fixed:0x100000000 --threads 2 --size 8K --loops 20
run -q compare --mem hugetlb-1G --iova fixed:0xc0000000 --size 8K
status_is 64 "a huge page across the MSI window is refused before anything is mapped"
like "$stderr" '0xfee00000-0xfeefffff' "and the window is named"
run -q compare --iova fixed:0xffffffffffe00000 --size 4K --threads 2
status_is 64 "threads whose ranges wrap are refused"
like "$stderr" 'wraps around' "and told so"
run -q compare --iova fixed:0xfee00000 --threads 4 --size 4K
status_is 64 "so is the first thread's"
run -q compare --iova fixed:0xfea00000 --threads 4 --size 4K
status_is 64 "and the third thread's"

# the tool's own pages keep away from them
for seed in 1 2 3 4 23 24; do
	run -q --seed "$seed" --driver sim,mask=31 compare --iova fixed:0x40000000 --size 128M --probe-unmapped --loops 1 --json
	[ "$status" -eq 0 ] || break
done
status_is 0 "probes and 128M at a fixed iova: no seed brings them together"
for seed in 1 2 3 4 5 6; do
	run -q --seed "$seed" --driver sim,mask=31,dirs=write compare --iova fixed:0x40000000 --size 256M --loops 1 --graveyard 0 --json
	[ "$status" -eq 0 ] || break
done
status_is 0 "nor the reference of a device that only writes"
passes "a fixed iova where the canary would lie" --canary require compare --iova fixed:0x2a800000 --size 2K --loops 50
passes "and where the probes would" --canary require compare --iova fixed:0x2a804000 --size 32K --loops 50 --probe-unmapped --readonly
run -q compare --iova fixed:0x20000000 --size 256M --loops 1 --probe-unmapped
status_is 64 "where no page of ours lies elsewhere it is refused"
like "$stderr" 'page of the tool.s own' "by that reason"

# a map that must be refused and meets another error first was not judged
run -q --seed 7 --backend sim,dma_entry_limit=7 compare --iova adversarial --loops 20 --graveyard 0 --json
json_is .result pass "with one mapping too few, what can be asked passes"
json_is '[.skipped[] | select(.what | test("^[0-9]+ maps where nothing may be mapped"))] | length' 1 "the rest is listed"
json_is '.skipped[] | select(.what | test("^[0-9]+ maps where")) | .why' \
	"another error came first: No space left on device" "with the errno that came first"
run -q --seed 7 compare --iova adversarial --loops 20 --json
json_is '[.skipped[] | select(.what | test("must be refused"))] | length' 0 "otherwise all are asked"

# adversarial cases are run where they say or told
run -q --seed 7 compare --iova adversarial --loops 20 --json
json_is '[.skipped[] | select(.what | test("^[0-9]+ adversarial cases not reached$"))] | length' 1 "cases that --loops does not reach are told"
need=$(json '.skipped[] | select(.what | test("not reached")) | .why | sub(".*--loops "; "")')
run -q --seed 7 compare --iova adversarial --loops "$need" --json
json_is '[.result, .skipped]' '["pass",[]]' "with as many loops as it says nothing is left out"
run -q --seed 7 --driver sim,mask=20 compare --iova adversarial --loops 20 --json
json_is '[.skipped[] | select(.why | test("mask"))] | length > 50' true "each case beyond a small mask is listed"
run -q --seed 7 compare --unmap all --loops 5 --json
json_is '[.skipped[] | select(.what | test("--unmap all"))] | length' 1 "--unmap all tells what it cannot watch"

# looks at the canary are counted where there is one
json_is '.canaries' 1 "one at the start"
run -q --canary off compare --loops 2000 --json
json_is '[.result, .canaries]' '["pass",0]' "none without it"
run -q compare --loops 2000 --json
json_is '.canaries' 3 "and every 1,000 loops"

# the probes' own faults prove that faults are seen
run -q --seed 7 compare --probe-unmapped --readonly --loops 500
like "$stdout" '^ok +no fault where none was due' "all faults that the probes cause are seen"

# faults: what is not known has no key
run -q --seed 7 compare --probe-unmapped --loops 20 --json
json_is '.faults | length > 0 and all(.iova | type == "string" and test("^0x"))' true "probes' faults are told with their address"
json_is '[.faults_expected > 0, .faults_unclear, .faults_lost]' '[true,0,0]' "and counted as due"
done_testing
