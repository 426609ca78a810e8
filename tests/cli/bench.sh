# SPDX-License-Identifier: GPL-2.0-or-later
# bench on the simulated IOMMU: its figures, its output's contract, what it refuses and what it finds wrong.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
loops=$(scaled 2000)
bench() { run -q bench map --loops "$loops" --size 4K "$@"; }

bench --json
status_is 0 "bench map"
json_is '[.result, .bench, .loops, .size, .mem] | join(" ")' "pass map $loops 4096 anon" "says what it did"
json_is '[keys_unsorted[0:5][]] | join(" ")' "command version kernel seed result" "the common keys first"
json_is '[.results[] | [.name, .unit] | join(" ")] | join(", ")' "map+unmap pairs/s, map ns, unmap ns, memory GiB/s" "its figures"
json_is '[.results[1, 2] | .p50 <= .p99 and .p99 <= (.p999 // .max) and .max >= (.p999 // 0) and .p50 > 0 and .value > 0] | all' true "times with their percentiles"
json_is '[.results[1, 2] | has("p999") == (.count >= 1000)] | all' true "the 99.9th of a thousand and more"
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
# what cannot be told from the clock's cost is no reference
json_is '[.results[1, 2] | .reference // "stores"] | unique | join(" ")' stores "which is the rate's: times have the built-in one"
bench --iova 0x40000000 --size 2M --mem memfd --json
json_is '[.result, .iova, .size, .mem] | join(" ")' "pass 0x40000000 2097152 memfd" "place, size and memory as given"
run -q --backend sim,personality=iommufd bench map --loops "$loops" --iova kernel --json
json_is '[.result, (.results[1].count == '"$loops"')] | tostring' '["pass",true]' "a place that the backend chooses"
bench --warmup 0 --json
json_is '[.result, .warmup] | tostring' '["pass",0]' "no warm-up"
bench
status_is 0 "text"
like "$stdout" '^map\+unmap +[0-9.]+[kM]? pairs/s' "a table"
like "$stdout" '^memory is fresh for each round' "memory that changes between rounds is stated"
like "$stdout" 'clock cost.*taken off' "the clock's cost is stated"
like "$stdout" 'no DMA' "and that none was issued"
bench --tap
like "$stdout" '^ok 1 - every unmap reports what was mapped' "a check"

# in a script
printf 'map a --size 4K --iova 0x40000000\nfill a --byte 3\nbench map --loops 10\n!EEXIST bench map --loops 10 --iova 0x40000000\ncheck a --byte 3\ncheck --pins\n' >"$tmp/script"
run -q run "$tmp/script" --json
status_is 0 "a line of a script" || diag "$(json '.results[]')"

printf '!bench map --size 0\n!EINVAL bench dma --size 0\n!bench map --granule 8K --size 4K\nbench map --size 4K --loops 3\n' >"$tmp/script"
run -q run "$tmp/script" --json
status_is 0 "a script: sizes that cannot be are refused, as it asks" || diag "$(json '.results[]')"
json_is '[.results[] | .result + " " + .errno] | join(", ")' "pass EINVAL, pass EINVAL, pass EINVAL, pass " "a script: by this errno"
printf 'bench map --size 0\n' >"$tmp/script"
run -q run "$tmp/script"
status_is 64 "a script: without a ! it is a usage error"
like "$stderr" ':1: .*--size: 0 is not a multiple of 4K above 0' "a script: and is told"
printf '!bench map --size nothing\n' >"$tmp/script"
run -q run "$tmp/script"
status_is 64 "a script: what is no size is one with a !, too"

# what goes wrong is found
for fault in short-unmap pin-leak; do
	run -q --backend sim,fault=$fault bench map --loops "$loops" --json
	status_is 1 "$fault fails"
	json_is '.classes | keys[0]' $fault "as $fault"
	json_is '.results | length' 12 "with its figures"
done

# unmaps
unmap() { run -q "$@" bench unmap --size 64K --loops 20 --json; }
beside unmap
status_is 0 "unmap" || diag "$stderr"
json_is '[.results[] | select(.unit == "ns") | .name] | join(" ")' "whole many-at-once each all whole-used many-at-once-used" "unmap: its ways"
json_is '[.results[] | .reference == "stores" and .ratio > 0] | all' true "unmap: beside stores"
for fault in short-unmap pin-leak untranslated; do
	unmap --backend "sim,fault=$fault"
	status_is 1 "unmap: $fault fails"
	json_is '.classes | keys | join(" ")' $fault "unmap: as $fault"
done
printf 'map a --size 4K\nfill a --byte 3\nbench unmap --size 64K --loops 5\ncheck a --byte 3\nunmap a\n' >"$tmp/script"
run -q run "$tmp/script" --json
status_is 0 "unmap: what else is mapped stays" || diag "$(json '.results[]')"

# transfers
dma() { run -q "$@" bench dma --size 64K --loops 5 --json; }
beside dma
status_is 0 "dma" || diag "$stderr"
json_is '[.results[] | select(.depth == 1) | .name] | unique | join(" ")' "copy-hit copy-hit-time copy-miss copy-miss-time read-hit read-hit-time read-miss read-miss-time write-hit write-hit-time write-miss write-miss-time" "dma: its figures"
json_is '[.results[] | .reference == "memcpy" and .ratio > 0] | all' true "dma: against memcpy"
json_is .note "misses go through 512 mappings of 128K; 4M were looked at afterwards" "dma: how"
for fault in stale-iotlb:stale-write untranslated:untranslated short-unmap:short-unmap; do
	dma --backend "sim,fault=${fault%:*}"
	status_is 1 "dma: ${fault%:*} fails"
	json_is '.classes | keys | join(" ")' "${fault#*:}" "dma: as ${fault#*:}"
done

# bitmaps
beside run -q bench bitmap --loops 3 --size 8G,16G --page-size 4K,8K --json
status_is 0 "bitmap" || diag "$stderr"
json_is '[.results[].name] | [.[0:6], .[18:24]] | unique | map(join(" ")) | join(", ")' "ranges-0.1 runs-0.1 ranges-50 runs-50 count diff" \
	"bitmap: its figures, of each size and page"
json_is '.results | length' 24 "bitmap: two sizes by two pages"
json_is '[.results[] | .reference == "read" and .value > 0 and .reference_value > 0 and .ratio > 0] | all' true "bitmap: against reading"
json_is '.note | test("^[0-9]+ bitmaps of [0-9]+K in turn, [0-9]+M in all; by (avx512|avx2|plain);")' true "bitmap: how"
run -q bench bitmap --size 16G --page-size 3000
status_is 64 "bitmap: pages that are none"

# patterns
beside run -q bench stamp --loops 5 --size 8K,64K --threads 1,2 --json
status_is 0 "stamp" || diag "$stderr"
json_is '[.results[].name] | [.[0:8], .[24:32]] | unique | map(join(" ")) | join(", ")' \
	"memcpy stamp verify stamp+verify poison poison+verify memset read" "stamp: its figures, of each size and number of threads"
json_is '.results | length' 32 "stamp: two sizes by two numbers of threads"
json_is '[.results[] | .unit == "GiB/s" and .value > 0 and (.name == "memcpy" or (.reference == "memcpy" and .ratio > 0))] | all' true \
	"stamp: against memcpy"
json_is '.note | test("^patterns by (avx512|avx2|plain), (never past the caches|past the caches from [0-9.]+[KMG] on)$")' true "stamp: how"
start -q bench stamp --size 4M --loops 1000000000 --warmup 1 --json
start_works
kill -INT "$pid"
finish
is "$status" 130 "stamp: interrupted"
json_is '[.result, .results[0].name, .results[0].value > 0] | tostring' '["interrupted","stamp",true]' "stamp: with what was measured"

# the simulation itself
beside run -q bench sim --loops 20 --json
status_is 0 "sim" || diag "$stderr"
leaves=$(echo map-{2M,1G}-{'bytes B/leaf,','leaves ns/leaf,'}) nr=12
# valgrind has 128G of addresses to give
if is_slow && [[ $(json .note) == *'; no addresses for all large leaves' ]]; then leaves='' nr=8; fi
json_is '[.results[] | [.name, .unit] | join(" ")] | join(", ")' "$(echo map+unmap{,-ops}' pairs/s,' dma-{hit,hit-2M,miss,miss-far}' GiB/s,' loop-{8,256}K' loops/s,' \
	"$leaves" scaling-{map+unmap,map+unmap-ops,dma,map+dma+unmap}{,-cpu}' x,' | sed 's/,$//; s/  / /')" "sim: its figures"
json_is '[.results[] | .value > 0 and .ratio > 0] | all' true "sim: each against a plain loop"
json_is '[.results[] | .threads // 1] | [.[0:'$nr'], .['$nr':]] | map(unique) | tostring' '[[1],[2]]' "sim: two threads where none were asked for"
json_is '[.results[] | select(.unit == "B/leaf") | .value <= 8.4] | all' true "sim: 8 bytes a leaf and 5 %"
run -q bench sim --loops 20 --threads 3 --json
json_is '[.results[] | .unit] | unique | join(" ")' x "sim: what more threads bring"
run -q --backend sim,fault=untranslated bench sim --loops 20
status_is 2 "sim: a copy that goes elsewhere is no figure"
like "$stderr" 'did not arrive' "sim: which is said"
run -q --backend sim,model=nvme bench sim
status_is 4 "sim: not of a model"

# dirty bits
beside run -q bench dirty --loops 3 --size 1M --json
status_is 0 "dirty" || diag "$stderr"
json_is '[.results[].name] | join(" ")' "read-clear-1% read-clear-1%-time reported-1% read-clear-50% read-clear-50%-time reported-50% read-clear-100% read-clear-100%-time reported-100%" "dirty: its figures"
json_is '[.results[] | select(.unit == "pages per written page") | .value] | unique | join(" ")' 1 "dirty: each page once"
json_is '[.results[] | select(.unit != "pages per written page") | .reference == "plain-entries" and .ratio > 0] | all' true "dirty: against page-table entries"
run -q bench dirty --loops 3 --size 1M,2M --page-size 4K,64K --source device --json
status_is 0 "dirty: lists" || diag "$stderr"
json_is '[.results[] | select(.name == "read-clear-50%") | [.size, .page_size, .reference] | join(" ")] | join(", ")' \
	"1048576 4096 plain-words, 2097152 4096 plain-words, 1048576 65536 plain-words, 2097152 65536 plain-words" "dirty: sizes by pages, against a log's words"
run -q --backend sim,fault=dirty-no-flush bench dirty --loops 3 --size 1M
status_is 1 "dirty: pages that are missing are a failure"
like "$stdout" 'FAIL.*every page that was written is reported' "dirty: which is said"
run -q bench dirty --source type1 --loops 3 --size 1M
status_is 0 "dirty: of the container"
like "$stdout" 'beside memset of the bitmap; it reports every mapped page' "dirty: it measures nothing of what was written"

# lists, and what may be in them
bench --size 4K..16K,1M --json
json_is '[.results[] | select(.name == "map") | .size] | tostring' '[4096,8192,16384,1048576]' "sizes by powers of two, and another"
json_is '[.results[] | .threads, .granule, .size, .count, .rounds | type] | unique | join(" ")' number "each figure with its combination"
json_is '[.results[] | .tight | type] | unique | join(" ")' boolean "and whether it is tight"
json_is '[.results[] | .rounds == (.samples | length)] | all' true "a sample for each round"
json_is '[.results[] | select(.p50) | .count as $n | ([.histogram[].count] | add) == $n] | all' true "the histogram has every time"
json_is '.machine != "" and (.load | type) == "number"' true "which machine, and how busy"
run -q bench map --time 30ms --precision 50% --json
json_is '[.loops > 0, has("warmup")] | tostring' '[true,false]' "a time instead of loops"
bench --size 4K,64K
like "$stdout" '^ *64K +map ' "text: a column for what differs"
like "$stdout" '^bench map, memory anon' "text: what does not is said once"
cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
bench --cpu "$cpu" --json
status_is 0 "on one processor"
run -q --progress always bench map --size 4K,8K --time 2s --precision 0.01
like "$stderr" 'map 8K, 2 of 2, about .* left: ' "progress: which figure of how many, and how long"

# rows for programs
bench --size 4K,64K --csv
like "$stdout" '^bench,name,unit,size,' "--csv: titles"
is "$(head -n 1 <<<"$stdout" | tr ',' '\n' | wc -l)" "$(sed -n 2p <<<"$stdout" | tr ',' '\n' | wc -l)" "--csv: as many values"
is "$(grep -c '^map,map,ns,' <<<"$stdout")" 2 "--csv: a row for each figure"
unlike "$stdout" PASS "--csv: nothing else on stdout"
like "$stderr" 'bench: PASS' "--csv: the report goes beside"
bench --csv="$tmp/rows.csv" --json
json_is '.results | length' "$(($(wc -l <"$tmp/rows.csv") - 1))" "--csv=FILE: as many as the report has"
echo old >"$tmp/kept"
run -q bench map --loops 10 --csv="$tmp/none/x"
status_is 2 "--csv: a place that is none"
like "$stderr" 'cannot write the rows' "--csv: before anything is measured"
printf 'bench map --loops 10 --csv\n' >"$tmp/script"
run -q run "$tmp/script"
isnt "$status" 0 "--csv: not to a script's stdout"

# pictures
bench --size 4K,64K --plot "$tmp/sizes.svg"
status_is 0 "--plot: over the size"
like "$(cat "$tmp/sizes.svg")" '>map p50<.*' "--plot: with its lines"
bench --plot "$tmp/one.svg"
like "$(cat "$tmp/one.svg")" 'how long each took' "--plot: of one size how it is distributed"
bench --size 4K,64K --plot terminal
like "$stdout" '\* map p50  \+ map p99' "--plot terminal: in the report"
bench --plot "$tmp/one.jpg"
status_is 64 "--plot: what is no picture here"
is "$(ls "$tmp" | grep -c '^\(one\|sizes\)\.')" 2 "--plot: nothing half written"

# two runs
run -q bench map --loops "$loops" --json
cp "$tmp/stdout" "$tmp/a.json"
# faster, slower: every round as if it had been; the machine as it was
slower() { jq -c --argjson by "$1" '(.results[] | select(.ratio) | .ratio) /= $by | (.results[] | select(.unit == "ns") | (.value, .samples[])) *= $by | (.results[] | select(.unit | endswith("/s")) | (.value, .samples[])) /= $by' "$tmp/a.json"; }
# of an idle machine: what this one does meanwhile is not what is tested
jq -c '.results[] |= (.value as $v | .samples = [range(15) | $v * (1 + ((. * 7 % 15) - 7) / 1000)] | .ratio_interval = 0.01)' "$tmp/a.json" >"$tmp/quiet" && mv "$tmp/quiet" "$tmp/a.json"
slower 1.15 >"$tmp/b.json"
n=$(jq '.results | length' "$tmp/a.json")
run bench compare "$tmp/a.json" "$tmp/b.json" --json
status_is 1 "compare: 15 % slower fails"
json_is '[.results[].verdict] | unique | join(" ")' slower "compare: every figure is" || diag "$(json '.results[]')"
json_is '[.results[] | select(.unit == "ns") | .change | . > 0.14 and . < 0.16] | all' true "compare: by so much"
json_is '[.results[] | .change_low <= .change and .change <= .change_high and .p < 0.05] | all' true "compare: with its interval"
json_is '.results | length' "$n" "compare: all of them"
run bench compare "$tmp/b.json" "$tmp/a.json"
status_is 0 "compare: 15 % faster passes"
like "$stdout" "of $n figures 0 are slower, $n faster" "compare: and is said"
run bench compare "$tmp/a.json" "$tmp/a.json" --json
status_is 0 "compare: with itself"
json_is '[.results[].verdict] | unique | join(" ")' same "compare: the same"
jq -c '.results[].samples |= (to_entries | sort_by(.key * 7 % 15) | map(.value))' "$tmp/a.json" >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json" --json
json_is '[.results[].verdict] | unique | join(" ")' same "compare: shuffled rounds"
slower 1.15 | jq -c '(.results[] | select(.ratio)) |= (.ratio *= 1.15 | .reference_value *= if .unit == "ns" then 1.15 else 1 / 1.15 end) | .machine = "another"' >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
status_is 0 "compare: what the machine is slower by is not the tool's"
like "$stdout" 'another machine: .*, then another' "compare: and the machine is named"
like "$stdout" 'same: .* is slower, too' "compare: with both"
jq -c '(.results[] | select(.unit == "ns" and .ratio)) |= (.reference_value *= 1.6)' "$tmp/b.json" >"$tmp/c.json"
run bench compare "$tmp/a.json" "$tmp/c.json"
status_is 0 "compare: the ratios of the rounds say it, whatever the medians do"
slower 1.08 >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
status_is 0 "compare: below the threshold"
run bench compare --threshold 0.5 "$tmp/a.json" "$tmp/b.json"
status_is 1 "compare: above another"
jq -c '.results[] |= (.samples |= .[6:8])' "$tmp/a.json" >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
status_is 4 "compare: too few rounds"
like "$stdout" 'unknown: too few rounds' "compare: which it says"
bad() { # JQ WHAT-IS-SAID NAME
	jq -c "$1" "$tmp/a.json" >"$tmp/b.json"
	run bench compare "$tmp/a.json" "$tmp/b.json"
	status_is 2 "compare: $3"
	like "$stderr" "$2" "compare: $3, which it says"
}
bad '.results[0].value *= 3' 'a value is not what its samples say' 'a value of other rounds'
bad '.results[0].samples[3] = 0' 'nothing was measured in that round' 'an empty round'
bad '.results += [.results[0]]' 'second file has one result twice' 'a result twice'
bad '.result = "fail"' 'the result of that run is fail' 'a run that failed'
like "$stderr" 'hint: run `bench map --json` again' "compare: and what to do"
bad '.result = "interrupted"' 'is interrupted' 'a run that was cut short'
bad 'del(.result)' 'is not known' 'a run without an end'
bad '.results[0].name = "a\u202eb"' 'printable ASCII' 'a name that turns text around'
bad '.results[0].unit = "n\u001b[2J"' 'printable ASCII' 'a unit that a terminal obeys'
jq -c '.machine = "x\u202ey\u001b[2J\n"' "$tmp/a.json" >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
like "$stdout" 'then x\?y\?\[2J\?$' "compare: what is only shown is masked"
jq -c '.results[0].size = 1' "$tmp/a.json" >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
like "$stdout" 'only in .*b.json: .* 1$' "compare: what only one has"
jq -c '.results[].size = 1' "$tmp/a.json" >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
status_is 2 "compare: nothing in common"
run bench compare "$tmp/a.json" "$tmp/none"
status_is 2 "compare: no such file"
head -c 100 "$tmp/a.json" >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
status_is 2 "compare: half a file"
like "$stderr" 'it ends in the middle' "compare: which it says"
jq -c '.bench = "dma"' "$tmp/a.json" >"$tmp/b.json"
run bench compare "$tmp/a.json" "$tmp/b.json"
status_is 64 "compare: of another benchmark"

# what measures is this machine, not the one that --sysroot is of
mkdir -p "$tmp/other/proc"
echo 'MemAvailable: 1 kB' >"$tmp/other/proc/meminfo"
printf 'model name\t: another machine\n' >"$tmp/other/proc/cpuinfo"
for what in "stamp --size 8K" "bitmap --size 16M"; do
	run -q --sysroot "$tmp/other" bench $what --loops 2 --json
	status_is 0 "--sysroot, bench $what: the memory is that of this machine" || diag "$stderr"
	json_is '.machine | test("another")' false "--sysroot, bench $what: and so is the machine that is named"
done

refused() { # STATUS MESSAGE ARGS...
	local want=$1 message=$2
	shift 2
	run -q bench "$@"
	status_is "$want" "bench $*"
	like "$stderr" "$message" "bench $*: says $message"
	unlike "$stdout" PASS "bench $*: claims no pass"
}
refused 64 'which benchmark'
refused 64 "'mop' is no benchmark; there is map, unmap, dirty, dma, stamp, bitmap, sim" mop
refused 64 'one benchmark at a time' map map
refused 64 '0 loops' map --loops 0
refused 64 'more than' map --loops 1000000001
refused 64 'more than' map --warmup 1000000001
refused 64 'not a number' map --loops many
for size in 0 100 4097; do refused 64 'not a multiple of 4K' map --size $size; done
refused 64 'more than 1T' map --size 1025G
refused 64 'multiples of 0x40 bytes' --driver sim,align=64 dma --size 100
refused 64 'more than the 8 queues' dma --threads 9
refused 64 'more than the 64 requests' dma --depth 65
refused 64 'no --source' map --source iommu
refused 2 '8T of memory are needed, and [0-9.]+[KMGT] may be taken' stamp --size 64G --threads 64
refused 64 'neither an address' map --iova nowhere
refused 64 '0xfee00000' map --iova 0xfee00000
refused 64 'wraps' map --iova 0xfffffffffffff000 --size 8K
refused 64 'multiples' map --iova 0x1001
refused 2 'Invalid argument' map --unchecked --iova 0xfee00000
refused 4 'cannot choose an iova' map --iova kernel
refused 64 'it is `compare A.json B.json`' compare x
refused 64 'takes no --size' compare x y --size 4K
refused 64 'has no --threshold' map --threshold 3
refused 64 "'4K,,8K' has nothing between" map --size 4K,,8K
refused 64 'first is above the last' map --size 8K..4K
refused 64 '0 maps nothing' map --granule 0
refused 64 '0 maps nothing' map --granule whole,0
refused 64 '0 bytes show nothing' dma --size 0
for what in "map --cpu 99999" "map --cpu 1023" "map --size 4K..8K --granule 4097" "map --iova 0x1001" "bitmap --page-size 3K" "dma --depth 65"; do
	refused 64 '^hint: ' $what
done
refused 64 'more than 32' map --size "$(seq -s, 4096 4096 135168)"
refused 64 'is none of anon' map --mem anon,paper
refused 64 'not a number from 1 to 64' map --threads 0,1
refused 64 'not a number from 1 to 64' map --threads 65
refused 64 '`bench bitmap. has no --mem' bitmap --mem anon
refused 64 '64K is more than --size, 8K' map --size 4K,8K --granule 64K
refused 64 'not a duration' map --time 3
refused 64 'above 0' map --time 0s
refused 64 '--loops or --time' map --loops 3 --time 1s
refused 64 '--warmup goes with --loops' map --warmup 3
for precision in 0 x 101 -1 nan '1%%'; do refused 64 'percentage' map --precision "$precision"; done
refused 64 'there is no processor 1023: this machine has 0 to' map --cpu 1023
refused 64 'there is no processor 99999' map --cpu 99999
for cpu in x 1- -1 2-1 ''; do refused 64 '^iommuctl: bench: --cpu' map --cpu "$cpu"; done
if [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
	IOMMUCTL_SAVED=$IOMMUCTL
	printf '#!/bin/sh\nexec taskset -c %s "%s" "$@"\n' "$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)" "$IOMMUCTL" >"$tmp/one-cpu"
	chmod +x "$tmp/one-cpu"
	IOMMUCTL=$tmp/one-cpu
	refused 64 'is not one that this process may run on' map --cpu "$(sed -n 's/^Cpus_allowed_list:.*[^0-9]\([0-9]*\)$/\1/p' /proc/self/status)"
	IOMMUCTL=$IOMMUCTL_SAVED
fi
for reference in '' x =1 x= x=y x=0 x=-1 x=nan x=inf x=1y; do refused 64 'NAME=RATE' map --reference "$reference"; done

# a map that is refused where nothing is mapped, and a device that the IOMMU does not hold, are failures; each has a check of its own
for what in untranslated:unmap untranslated:dma untranslated:dirty untranslated:after=40:dirty unmap-skip-pte:map unmap-skip-pte:unmap unmap-skip-pte:dma; do
	run -q --backend "sim,fault=${what%:*}" bench "${what##*:}" --size 64K --loops 100
	status_is 1 "${what##*:}, ${what%:*}: fails"
	if [[ $what == untranslated* ]]; then
		like "$stdout" '^FAIL +the IOMMU translates: untranslated' "${what##*:}, ${what%:*}: as that"
	else
		like "$stdout" '^FAIL +legal maps are accepted: mapping .* was refused where nothing is mapped' "${what##*:}, ${what%:*}: as that"
	fi
	# until the canary is asked again, pages go missing as well
	[[ $what == *after* ]] || is "$(grep -c ^FAIL <<<"$stdout")" 1 "${what##*:}, ${what%:*}: and nothing else" || diag "$stdout"
	unlike "$stderr" hint "${what##*:}, ${what%:*}: without a hint of another process"
done
run -q --backend sim,personality=iommufd,fault=unmap-skip-pte bench map --iova kernel --size 64K --loops 5 --json
status_is 1 "map: refused at a place of the kernel's choice"
json_is '.classes | keys | join(" ")' map-refused "map: as that"

# a read that does not clear is timed as one that does: it is read again
for source in iommu device; do
	run -q --backend sim,fault=dirty-no-clear bench dirty --source $source --loops 5 --size 1M --json
	status_is 1 "dirty, $source: pages that stay reported are a failure"
	json_is '.spurious_pages > 0' true "dirty, $source: which are counted"
	run -q bench dirty --source $source --loops 5 --size 1M --json
	status_is 0 "dirty, $source: which clears"
	json_is .spurious_pages 0 "dirty, $source: and that was looked at"
done
run -q --backend sim,fault=dirty-no-clear bench dirty --source type1 --loops 5 --size 1M --json
status_is 0 "dirty, type1: reports everything, always"
json_is '.spurious_pages // "none"' none "dirty, type1: which is not looked at"
run -q --backend sim,fault=dirty-no-clear bench dirty --loops 5 --size 1M
like "$stdout" '^FAIL +reading clears what it reports: spurious: a bit for the page at iova 0x[0-9a-f]+' "dirty: in the words of dirty verify"
for how in '--loops 5 --size 1M --page-size 8K' '--loops 5 --size 4M --mem hugetlb-2M' '--size 1M --time 20ms'; do
	run -q bench dirty $how
	status_is 0 "dirty, $how: nothing stays" || diag "$stdout$stderr"
done

# what too few times and rounds know nothing of has no key
for few in 5:false:false:false 99:true:false:false 100:true:true:false 1000:true:true:true; do
	beside run -q bench map --size 4K --loops "${few%%:*}" --json
	json_is '[.results[1] | has("interval"), has("p99"), has("p999")] | map(tostring) | join(":")' "${few#*:}" "what ${few%%:*} times say"
	json_is '[.results[] | has("ratio_interval") == has("interval")] | all' true "and of the ratio"
done
json_is '[.. | select(. == null)] | length' 0 "no key is null"

# interrupted: what was measured is told
start -q bench map --loops 1000000000 --warmup 0 --json
start_works
kill -INT "$pid"
finish
is "$status" 130 "interrupted"
json_is '[.result, (.loops > 0 and .loops < 1000000000), .results[0].name] | tostring' '["interrupted",true,"map+unmap"]' "with what was measured"
done_testing
