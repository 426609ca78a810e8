# SPDX-License-Identifier: GPL-2.0-or-later
# bench on the simulated IOMMU: its figures, its output's contract, what it refuses and what it finds wrong.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
loops=$(scaled 2000)
bench() { run -q bench map --loops "$loops" "$@"; }

bench --json
status_is 0 "bench map"
json_is '[.result, .bench, .loops, .size, .mem] | join(" ")' "pass map $loops 4096 anon" "says what it did"
json_is '[keys_unsorted[0:5][]] | join(" ")' "command version kernel seed result" "the common keys first"
json_is '[.results[] | [.name, .unit] | join(" ")] | join(", ")' "map+unmap pairs/s, map ns, unmap ns" "three figures"
json_is '[.results[1, 2] | .p50 <= .p99 and .p99 <= .p999 and .p50 > 0 and .value > 0] | all' true "times with their percentiles"
json_is '[.results[] | .value, .p50 // 0, .p99 // 0, .p999 // 0 | type] | unique | join(" ")' number "all are numbers"
json_is '.clock_ns > 0' true "the clock's own cost is told"
json_is '.iova | test("^0x[0-9a-f]+000$")' true "and the place"
# a pair takes about as long as its halves: generous, machines are busy
json_is '(1e9 / .results[0].value) as $pair | (.results[1].p50 + .results[2].p50) as $halves | $pair > $halves / 10 and $pair < $halves * 100 + 1e5' \
	true "the rate fits the times"
is "$(wc -l <"$tmp/stdout")" 1 "one object on one line"
first=$(json .iova)
run -q --seed 9 bench map --loops 10 --json
again=$(json .iova)
run -q --seed 9 bench map --loops 10 --json
is "$(json .iova)" "$again" "a seed chooses the place"
isnt "$again" "$first" "another seed another"

bench --reference plain-loop=1000 --json
json_is '.results[0] | [.reference, .reference_value, (.ratio == .value / 1000)] | tostring' '["plain-loop",1000,true]' "a reference and the ratio to it"
json_is '[.results[1, 2] | has("reference")] | any' false "which is the rate's"
bench --iova 0x40000000 --size 2M --mem memfd --json
json_is '[.result, .iova, .size, .mem] | join(" ")' "pass 0x40000000 2097152 memfd" "place, size and memory as given"
run -q --backend sim,personality=iommufd bench map --loops "$loops" --iova kernel --json
json_is '[.result, .iova != "0x0"] | tostring' '["pass",true]' "a place that the backend chooses"
bench --warmup 0 --json
json_is '[.result, .warmup] | tostring' '["pass",0]' "no warm-up"
bench
status_is 0 "text"
like "$stdout" '^ *map\+unmap +pairs/s' "a table"
like "$stdout" 'clock cost.*taken off' "the clock's cost is stated"
like "$stdout" 'no DMA' "and that none was issued"
bench --tap
like "$stdout" '^ok 1 - every unmap reports what was mapped' "a check"

# in a script
printf 'map a --size 4K --iova 0x40000000\nfill a --byte 3\nbench map --loops 10\n!EEXIST bench map --loops 10 --iova 0x40000000\ncheck a --byte 3\ncheck --pins\n' >"$tmp/script"
run -q run "$tmp/script" --json
status_is 0 "a line of a script" || diag "$(json '.results[]')"

# what goes wrong is found
for fault in short-unmap pin-leak; do
	run -q --backend sim,fault=$fault bench map --loops "$loops" --json
	status_is 1 "$fault fails"
	json_is '.classes | keys[0]' $fault "as $fault"
	json_is '.results | length' 3 "with its figures"
done

# bitmaps
run -q bench bitmap --loops 3 --size 16G --json
status_is 0 "bitmap" || diag "$stderr"
json_is '[.results[].name] | join(" ")' "ranges-0.1 runs-0.1 ranges-50 runs-50 count diff" "bitmap: its figures"
json_is '[.results[] | .reference == "read" and .value > 0 and .reference_value > 0 and .ratio == .value / .reference_value] | all' true \
	"bitmap: against reading"
json_is '.note | test("^[0-9]+ bitmaps of [0-9]+K in turn, [0-9]+M in all; by (avx512|avx2|plain);")' true "bitmap: how"
run -q bench bitmap --size 16G --page-size 3000
status_is 64 "bitmap: pages that are none"

# dirty bits
run -q bench dirty --loops 3 --size 1M --json
status_is 0 "dirty" || diag "$stderr"
json_is '[.results[].name] | join(" ")' "read-clear-1% read-clear-1%-time reported-1% read-clear-50% read-clear-50%-time reported-50% read-clear-100% read-clear-100%-time reported-100%" "dirty: its figures"
json_is '[.results[] | select(.unit == "pages per written page") | .value] | unique | join(" ")' 1 "dirty: each page once"
run -q --backend sim,fault=dirty-no-flush bench dirty --loops 3 --size 1M
status_is 1 "dirty: pages that are missing are a failure"
like "$stdout" 'FAIL.*every page that was written is reported' "dirty: which is said"
run -q bench dirty --source type1 --loops 3 --size 1M
status_is 0 "dirty: of the container"
like "$stdout" 'every mapped page' "dirty: it measures nothing of what was written"

refused() { # STATUS MESSAGE ARGS...
	local want=$1 message=$2
	shift 2
	run -q bench "$@"
	status_is "$want" "bench $*"
	like "$stderr" "$message" "bench $*: says $message"
	unlike "$stdout" PASS "bench $*: claims no pass"
}
refused 64 'which benchmark'
refused 64 "'mop' is no benchmark; there is map, dirty, bitmap" mop
refused 64 'one benchmark at a time' map map
refused 64 '0 loops' map --loops 0
refused 64 'more than' map --loops 1000000001
refused 64 'more than' map --warmup 1000000001
refused 64 'not a number' map --loops many
for size in 0 100 4097; do refused 64 'not a multiple of 4096' map --size $size; done
refused 64 'more than 64G' map --size 65G
refused 64 'no --source' map --source iommu
refused 64 'no --page-size' bitmap --page-size 8K
refused 64 'neither an address' map --iova nowhere
refused 64 '0xfee00000' map --iova 0xfee00000
refused 64 'wraps' map --iova 0xfffffffffffff000 --size 8K
refused 64 'multiples' map --iova 0x1001
refused 2 'Invalid argument' map --unchecked --iova 0xfee00000
refused 4 'cannot choose an iova' map --iova kernel
for reference in '' x =1 x= x=y x=0 x=-1 x=nan x=inf x=1y; do refused 64 'NAME=RATE' map --reference "$reference"; done

# interrupted: what was measured is told
start -q bench map --loops 1000000000 --json
if is_slow; then sleep 10; else sleep 1; fi
kill -INT "$pid"
finish
is "$status" 130 "interrupted"
json_is '[.result, (.loops > 0 and .loops < 1000000000), .results[0].name] | tostring' '["interrupted",true,"map+unmap"]' "with what was measured"
done_testing
