# SPDX-License-Identifier: GPL-2.0-or-later
# bench --against: several backends in one run, by turns; what is beside what, what is missing here, and what is refused.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
loops=$(scaled 300)
against() { run -q bench map --loops "$loops" --size 4K "$@"; }

# figures of all backends in one report
beside against --against sim,personality=iommufd --json
status_is 0 "two backends"
json_is '[.result, .backend, .device, .turns, .loops] | map(tostring) | join(" ")' "pass sim sim 3 $loops" "the first one's keys, and the loops of all turns together"
json_is '[keys_unsorted[0:5][]] | join(" ")' "command version kernel seed result" "the common keys first"
json_is '[.results[] | .name + " " + .backend] | join(", ")' \
	"map+unmap sim, map+unmap sim,personality=iommufd, map sim, map sim,personality=iommufd, unmap sim, unmap sim,personality=iommufd, memory sim, memory sim,personality=iommufd" \
	"each row says its backend, next to the first one's"
json_is '[.results[] | (.samples | length) == .rounds and .rounds == ([45, '"$loops"'] | min)] | all' true "rounds of three turns, 15 each"
json_is '[.results[] | select(.unit == "ns") | .count == '"$loops"' and ([.histogram[].count] | add) == .count] | all' true "all times are in the histogram"
json_is '[.results[] | .reference == "stores" and .ratio > 0 and .ratio_interval >= 0] | all' true "beside its own plain loop"
json_is '[.against[] | .name] | join(" ")' "map+unmap map unmap memory" "each figure of the second has the first's beside it"
json_is '[.against[] | .backend + " " + .against] | unique | join(";")' "sim,personality=iommufd sim" "and says whose"
json_is '[.against[] | .ratio_low <= .ratio and .ratio <= .ratio_high and .p > 0 and .p <= 1] | all' true "a ratio with its interval"
json_is '[.against[] | .verdict] - ["same", "faster", "slower"] | length' 0 "and a verdict"
json_is '(.results[1].value == .against[0].value) and (.results[0].value == .against[0].against_value)' true "the figures are those of the rows"
json_is '[.backends[] | [.backend, .spec, .name, .device, .driver, .result, (.turns | tostring)] | join(" ")] | join(", ")' \
	"sim sim sim sim sim pass 3, sim,personality=iommufd sim,personality=iommufd sim sim sim pass 3" "what became of each backend"
json_is '[.backends[].iova] | unique | length' 1 "the same place on both"
cp "$tmp/stdout" "$tmp/a.json"
run -q bench map --size 4K,8K --loops 10 --turns 2 --against sim --against sim,aperture=48
status_is 0 "text, three backends"
like "$stdout" '^on sim; sim \(2\); sim,aperture=48, by turns, 2 each$' "text: which, and how often; one that is given twice has a number"
like "$stdout" '^ *4K +map\+unmap +sim \(2\) ' "text: a column for the backend"
like "$stdout" '^beside sim, by the rounds of 2 turns:$' "text: a table of what is beside the first"
like "$stdout" '^size +figure +backend +first +here +times as fast +95 % +verdict' "text: its columns"
is "$(grep -cE ' (no difference beyond noise|faster|slower|differs by less|unknown)' <<<"$stdout")" 16 "text: a verdict for each"
like "$stdout" '^backend sim,aperture=48: sim, device sim, driver sim, 2 of 2 turns' "text: each backend, device and driver is said"
like "$stdout" '^ok +sim \(2\): every unmap reports what was mapped' "text: checks say their backend"
run -q bench map --size 4K --loops 4 --turns 16 --against sim --json
json_is '[.turns, .loops] | map(tostring) | join(" ")' "4 4" "no more turns than loops"
run -q bench map --size 4K --time 100ms --against sim --turns 2 --json
json_is '[.results[] | .rounds >= 2] | all' true "a time instead of loops"

# a device that works in another way, packet by packet, is five times and more as slow on a machine with nothing else to do; on a busy
# one the other may be, whose engine is another thread. Which of them is, the figures and the ratio have to agree on.
run -q bench dma --size 1M --loops "$(scaled 36)" --depth 1 --against sim,model=igb --json
status_is 0 "another device" || diag "$stderr"
json_is '[.backends[].driver] | join(" ")' "sim igb" "another device has another driver"
json_is '[.backends[].checked_bytes > 0] | all' true "what DMA moved was looked at on both"
json_is '[.against[] | .name] | join(" ")' "copy-hit copy-hit-time copy-miss copy-miss-time" "beside each other is what both can do"
json_is '[.against[] | select(.ratio < 0.5 or .ratio > 2) | (.ratio < 1) == if .unit == "ns" then .value > .against_value else .value < .against_value end] | all' \
	true "a slower backend's ratio is below 1, of times and of rates" || diag "$(json '.against[]')"
json_is '[.against[] | select(.verdict == "faster" or .verdict == "slower") | (.verdict == "slower") == (.ratio < 1)] | all' true "and so is its verdict"

# rows for programs, pictures
against --against sim,personality=iommufd --csv="$tmp/rows.csv" --plot "$tmp/rows.svg"
status_is 0 "--csv, --plot"
is "$(wc -l <"$tmp/rows.csv")" 9 "--csv: a row for each figure of each backend"
is "$(head -n 1 "$tmp/rows.csv" | grep -o 'backend,device,against,against_ratio,against_verdict$')" "backend,device,against,against_ratio,against_verdict" "--csv: columns"
like "$(sed -n 2p "$tmp/rows.csv")" ',sim,sim,,,$' "--csv: the first has nothing beside it"
like "$(sed -n 3p "$tmp/rows.csv")" ',"sim,personality=iommufd",sim,sim,[0-9.]+,(same|faster|slower)$' "--csv: the second has"
against --size 4K,8K --against sim --plot "$tmp/rows.svg"
for line in 'map p50, sim' 'map p50, sim \(2\)'; do like "$(cat "$tmp/rows.svg")" ">$line<" "--plot: $line"; done

# another run of the same, held against it
sound() { # of an idle machine, so that verdicts are the files' and not this moment's
	jq -c --argjson by "$1" '.results[] |= ((if .backend == "sim" then 1 else $by end) as $b | (if .unit == "ns" then $b else 1 / $b end) as $f | (.value * $f) as $v | .value = $v | .samples = [range(15) | $v * (1 + ((. * 7 % 15) - 7) / 1000)] | .ratio /= $b | .ratio_interval = 0.01)' "$tmp/a.json"
}
sound 1 >"$tmp/quiet.json"
sound 1.3 >"$tmp/slower.json"
run bench compare "$tmp/quiet.json" "$tmp/quiet.json" --json
status_is 0 "compare: a file of two backends with itself" || diag "$stderr"
json_is '[.results[] | .backend] | unique | join(" ")' "sim sim,personality=iommufd" "compare: rows of both backends"
run bench compare "$tmp/quiet.json" "$tmp/slower.json" --json
status_is 1 "compare: one backend became slower"
json_is '[.results[] | .backend + " " + .verdict] | unique | join(", ")' "sim same, sim,personality=iommufd slower" "compare: that one"
run -q bench map --loops 30 --size 4K --json
jq -c '.results[] |= (.value as $v | .samples = [range(15) | $v * (1 + ((. * 7 % 15) - 7) / 1000)])' "$tmp/stdout" >"$tmp/one.json"
run bench compare "$tmp/one.json" "$tmp/quiet.json"
like "$stdout" 'only in .*quiet.json: map 4K, on sim,personality=iommufd$' "compare: a file of one backend has the first's rows"
unlike "$stderr" . "compare: and that is no error"
jq -c '.results[0].backend = "a\u202eb"' "$tmp/a.json" >"$tmp/bad.json"
run bench compare "$tmp/a.json" "$tmp/bad.json"
status_is 2 "compare: a backend that turns text around"
like "$stderr" 'printable ASCII' "compare: is refused"

# what is missing here
if [ ! -e /dev/iommu ]; then
	against --against mock --json
	status_is 0 "a backend that is not here: the others are measured"
	json_is '[.backends[] | .backend + " " + .result] | join(", ")' "sim pass, mock skip" "not here: it is skipped"
	json_is '.backends[1].why' "unsupported here: cannot open /dev/iommu: No such file or directory" "not here: and why"
	json_is '[(.results | length), (.against | length)] | tostring' '[4,0]' "not here: nothing is beside the first"
	like "$stderr" '^iommuctl: bench: mock: cannot open /dev/iommu' "not here: on stderr, too"
	is "$(grep -c 'cannot open' <<<"$stderr")" 1 "not here: once, whatever the turns"
	against --against mock
	like "$stdout" '^skip +mock: measured: unsupported here' "not here: the line of that backend"
	like "$stdout" '^nothing is beside sim' "not here: and that nothing is beside the other"
	run -q --backend mock bench map --loops 6 --size 4K --against sim --json
	status_is 0 "the first is not here"
	json_is '[.backend, (.results | length), (.against | length)] | map(tostring) | join(" ")' "sim 4 0" "the first is not here: figures without a ratio"
	run -q --backend mock bench map --loops 6 --size 4K --against iommufd --device 0000:00:04.0 --json
	status_is 4 "none is here"
	json_is '[.result, (.results // [] | length)] | map(tostring) | join(" ")' "skip 0" "none is here: nothing was measured"
else
	skip "a backend that is not here" "there is a /dev/iommu"
fi
run -q bench map --loops 6 --size 4K --iova kernel --against sim,personality=iommufd --json
status_is 0 "what one backend cannot do"
json_is '[.backends[] | .result + " " + (.turns | tostring)] | join(", ")' "skip 0, pass 3" "is skipped there"

run -q bench map --loops 6 --size 64K --granule 4K --against sim,dma_entry_limit=2 --json
status_is 2 "what one backend could not do for another reason"
json_is '[.result, .error.errno, .backends[0].result, .backends[1].result, (.results | length)] | map(tostring) | join(" ")' "error ENOSPC pass error 4" \
	"is an error of that one, and the other's figures are there"

# what goes wrong is found, and said of its backend
against --against sim,fault=short-unmap --json
status_is 1 "short-unmap"
json_is '.classes | keys | join(" ")' short-unmap "short-unmap: as that"
json_is '.results | length' 8 "short-unmap: with the figures of both"
json_is '[.backends[] | .result + " " + (.turns | tostring)] | join(", ") | test("^pass 3, fail [1-3]$")' true "short-unmap: that one failed" || diag "$(json '.backends')"
against --against sim,fault=short-unmap
like "$stdout" '^FAIL +sim,fault=short-unmap: every unmap reports what was mapped' "short-unmap: of that backend"
like "$stdout" '^ok +sim: every unmap reports what was mapped' "short-unmap: and not of the other"
run -q bench dma --loops 6 --size 4K --depth 1 --against sim,fault=untranslated
status_is 1 "untranslated"
like "$stdout" '^FAIL +sim,fault=untranslated: the IOMMU translates: untranslated' "untranslated: of that backend"
like "$stdout" '^backend sim: .* 1 of 3 turns' "untranslated: nothing further is done, on the other neither"
run -q --backend sim,fault=unmap-skip-pte bench map --loops 20 --size 4K --against sim --json
status_is 1 "the first fails"
json_is '[.backends[] | .result + " " + (.turns | tostring)] | join(", ") | test("^fail [01], pass 3$")' true "the first fails: it is measured no more, the other is" || diag "$(json '.backends')"
run -q bench dirty --loops 6 --size 1M --against sim,fault=dirty-no-clear --json
status_is 1 "dirty-no-clear"
json_is '[.backends[].spurious_pages > 0] | tostring' '[false,true]' "dirty-no-clear: counted for each"
json_is '[.backends[] | .result + " " + (.turns | tostring)] | join(", ") | test("^pass 3, fail [1-3]$")' true "dirty-no-clear: that one failed" || diag "$(json '.backends')"

# interrupted: what was measured is told
start -q bench map --size 4K --loops 1000000000 --warmup 0 --against sim --json
start_works
kill -INT "$pid"
finish
is "$status" 130 "interrupted"
json_is '[.result, .backends[0].turns, .backends[1].turns, .results[0].name] | tostring' '["interrupted",1,0,"map+unmap"]' "interrupted: with what was measured"

# nothing is opened
run --dry-run bench map --against sim,personality=iommufd
status_is 0 "--dry-run"
like "$stdout" 'would open .* with sim,personality=iommufd backend' "--dry-run: says what"
unlike "$stdout" 'pairs/s' "--dry-run: measures nothing"

refused() { # MESSAGE ARGS...
	local message=$1
	shift
	run -q bench "$@"
	status_is 64 "bench $*"
	like "$stderr" "$message" "bench $*: says $message"
	like "$stderr" '^hint: ' "bench $*: and a hint"
	unlike "$stdout" 'pairs/s|PASS' "bench $*: measures nothing"
}
for bench in stamp bitmap sim; do refused 'has no --against: it measures no backend' $bench --against sim; done
refused "'paper' is no backend" map --against paper
refused "which backend" map --against ''
refused "unknown option 'foo'" map --against sim,foo=1
refused 'sim,foo=1: unknown' map --against sim --against sim,foo=1
refused 'backend vfio needs a device' map --against vfio
refused 'more than 4' map --against sim --against sim --against sim --against sim --against sim
refused '--turns goes with --against' map --turns 3
for turns in 0 17 x -1; do refused '--turns' map --against sim --turns $turns; done
refused 'takes no --against' compare --against sim a b
refused 'takes no --turns' compare --turns 3 a b
refused 'no --threshold without --against' map --threshold 5
refused '0xfee00000' map --iova 0xfee00000 --against sim
printf 'bench map --loops 3 --against sim\n' >"$tmp/script"
run -q run "$tmp/script"
status_is 64 "in a script"
like "$stderr" "a script's line or a session's command has one already" "in a script: why"
run -q --session none bench map --against sim
status_is 64 "in a session"
like "$stderr" 'leave out --session' "in a session: what to do"
done_testing
