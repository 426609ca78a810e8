# SPDX-License-Identifier: GPL-2.0-or-later
# stress on the simulated IOMMU: nothing is found where nothing is wrong, everything where something is; choices, shards, limits.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
few=$(scaled 3000)

# healthy: every personality, every mix
seed=1
for personality in type1-v2 type1-v1 iommufd compat-v2 compat-v1; do
	for mix in churn edges dirty huge lifecycle all; do
		ops=$few
		[ $mix = huge ] && ops=$((few / 4))
		seed=$((seed + 1))
		run -q --backend sim,personality=$personality --seed $seed stress --mix $mix --ops "$ops" --json
		status_is 0 "$mix on $personality passes"
		json_is "[.result, .classes, .mismatches, .personality, .dma, .ops > $ops * 0.9]" \
			"[\"pass\",{},[],\"$personality\",\"done\",true]" "and says so"
	done
done
json_is '[.kinds | keys[]] | length > 15' true "many kinds of operations were done"
json_is '[.episodes > 1, .checks > .episodes, .kinds.map.ops > 10, .kinds["bad-map"].refused > 0]' '[true,true,true,true]' \
	"in several episodes with looks between"
json_is '[.skipped[] | select(.what == "map-file") | .why]' '["the backend maps by address only"]' \
	"what the interface does not have is skipped, with the reason"

# a copy that goes past its mapping, where the tool's own pages follow
for again in "0x9ddf3f73e6b2eb48 --mix all --episode 203" "0xc1f3f09e82d4ff28 --mix edges --episode 711"; do
	run -q --backend sim,personality=iommufd --seed ${again%% *} stress --threads 2 ${again#* }
	status_is 0 "what lies behind a window is nobody's mistake: ${again#* }"
done

# nothing was asked of the IOMMU: nothing is said of it
for silent in "--mix check=1 --ops 50" "--mix dirty-read=1 --ops 50" "--mix fill=1,move=1 --ops 50"; do
	run -q --backend sim --seed 5 stress $silent
	status_is 4 "no verdict: $silent"
	like "$stdout" "skip  every answer is the model's: nothing that the mix has was asked of the IOMMU" "with the reason"
	unlike "$stdout" '^ok ' "and nothing is ok"
done
run -q --backend sim --seed 5 stress --shard 8/8 --ops 3
status_is 4 "no verdict where the shard has none of the ops"
like "$stdout" "skip  every answer is the model's: no op was done" "with the reason, too"
run -q --backend sim --seed 5 stress --mix fill=1,map=1 --ops 50
status_is 0 "one kind that asks is enough"

# every misbehaviour is found, by few operations
finds() { # FAULT CLASSES MIX
	run -q --backend "sim,fault=$1" --seed 3 stress --mix "${3:-churn}" --ops 20000 --json
	status_is 1 "$1 is found"
	json_is '[.result, .ops < 2000, (.mismatches | length > 0)]' '["fail",true,true]' "soon"
	like "$(jq -r '.classes | keys | join(" ")' <<<"$stdout")" "$2" "as $2"
	json_is '.mismatches[0] | [has("op"), has("expected"), has("got"), (.expected | length > 0)] | all' true \
		"with the operation, what was due and what came"
}
finds stale-iotlb 'stale-(read|write)|foreign|unwritten|misplaced'
finds psi-mask 'stale-(read|write)|foreign|unwritten|misplaced|unmapped-access'
finds unmap-skip-pte 'map-refused|unmapped-access'
finds early-unpin 'stale-write|foreign|stale-read'
finds short-unmap short-unmap
finds ro-writable readonly-write
finds pin-leak pin-leak
finds overlap-ok overlap-accepted
finds iova-reserved reserved-accepted
finds untranslated untranslated

# a read that a stale translation lets through is told by what it brings
run -q --backend sim,fault=stale-iotlb --seed 2 stress --mix map=20,unmap=20,dma=10,dma-denied=20 --threads 1 --ops 4000 --json
status_is 1 "a read through a mapping that is gone is found"
like "$(jq -r '.mismatches[0].got' <<<"$stdout")" 'what was mapped before at iova 0x[0-9a-f]+, by the device.s read' \
	"and said to be one"

# what one operation in five leaves behind stops the device for good, now and then: told as what it is, never as an error of the tool
for seed in 1 7 12; do
	run -q --backend sim,fault=unmap-skip-pte:p=0.2 --seed $seed stress --ops 4000 --keep-going
	status_is 1 "mappings that stay are found"
	unlike "$stderr" 'did not finish its DMA' "and the run ends without an error"
done

# switched off later, it shows as data that did not arrive: the canary is asked at once, and no DMA follows
run -q --backend sim,fault=untranslated:after=100 --seed 12 stress --mix churn --threads 1 --ops 20000 --keep-going --json
status_is 1 "an IOMMU that is switched off in the middle is found"
json_is '[.classes.untranslated, .episodes, (.mismatches | length > 1), .mismatches[0].kind != "check"]' '[1,1,true,true]' \
	"as what it is, and --keep-going does not go on with that"

# a report names the command that does it again
run -q --backend sim,fault=short-unmap:after=40 --seed 5 stress --mix churn --threads 1 --time 5s
status_is 1 "a mismatch in text"
like "$stdout" 'first mismatch, in episode 0: thread 0, op [0-9]+: ' "is told with its operation"
like "$stdout" 'what was done before to the same slot or range:' "and those before it"
again=$(sed -n 's/^again: iommuctl //p' "$tmp/stdout")
like "$again" '^--backend sim,fault=short-unmap:after=40 --seed 0x5 stress --mix churn --threads 1 --episode 0$' \
	"the command that does it again is told"
first=$(grep -A 2 'first mismatch' "$tmp/stdout")
# shellcheck disable=SC2086 # words of a command line
run -q $again
status_is 1 "that one fails"
is "$(grep -A 2 'first mismatch' "$tmp/stdout")" "$first" "in the same way"
run -q --backend sim,fault=short-unmap --driver sim,dirs=read --allow-crash --seed 5 stress --ops 500 --episode-ops 300 --probe-unmapped
like "$stdout" 'again: iommuctl --backend sim,fault=short-unmap --driver sim,dirs=read --allow-crash --seed 0x5 stress --mix all --threads 2 --episode 0 --episode-ops 300 --probe-unmapped' \
	"with every option that choices depend on"
run -q --backend sim,fault=short-unmap:p=0.02 --seed 5 stress --mix churn --ops "$few" --keep-going --json
json_is '[.result, .mismatches_total > 1, .episodes > 1]' '["fail",true,true]' "--keep-going goes on"

# what only one interface has
run -q --backend sim,personality=compat-v2,fault=no-rights-ok --seed 3 stress --mix edges --ops 5000 --json
status_is 1 "no-rights-ok is found"
json_is '.mismatches[0].expected' EINVAL "as a map that the page table has to refuse"
run -q --backend sim,fault=dirty-huge-partial --seed 3 stress --mix dirty --ops 20000 --json
status_is 1 "dirty-huge-partial is found, as large pages come often enough"

# the same seed, the same operations; the shards of a run are the run
words() { jq -c '[.episode, .thread, .n, .op, .errno]' "$@" | sort; }
for i in 1 2; do run -q --seed 9 stress --mix all --threads 1 --ops "$few" --log "$tmp/log$i"; done
ok "one thread does the same twice" cmp -s "$tmp/log1" "$tmp/log2"
run -q --seed 10 stress --mix all --threads 1 --ops "$few" --log "$tmp/log3"
nok "another seed does something else" cmp -s "$tmp/log1" "$tmp/log3"
for i in 1 2 3; do run -q --seed 9 stress --mix all --threads 1 --ops "$few" --shard $i/3 --log "$tmp/part$i"; done
is "$(words "$tmp"/part? | md5sum)" "$(words "$tmp/log1" | md5sum)" "three shards do what one run does"
is "$(jq .episode "$tmp"/part? | sort -n | uniq | wc -l)" "$(jq .episode "$tmp/log1" | sort -n | uniq | wc -l)" \
	"no episode is left out"
run -q --seed 9 stress --mix all --threads 1 --episode 1 --log "$tmp/one"
is "$(jq -c 'select(.episode == 1) | [.n, .op]' "$tmp/log1" | head -n 100)" "$(jq -c '[.n, .op]' "$tmp/one" | head -n 100)" \
	"--episode does that one"

# a file of weights
printf 'map 3 # and nothing but\nunmap 1\n' >"$tmp/mix"
run -q stress --mix "$tmp/mix" --ops 300 --json
json_is '[.result, (.kinds | keys - ["check", "map", "unmap"])]' '["pass",[]]' "a file says what is done"
run -q stress --mix "$tmp/mix" --ops 300
like "$stdout" 'ok    unmap reports what was mapped' "what was done is judged"
for question in 'data arrives where it belongs' 'old pages stay untouched' 'no fault where none was due'; do
	like "$stdout" "skip  $question: no DMA was done" "without DMA nothing is said of: $question"
done
printf 'map 1\nnonsense 2\n' >"$tmp/mix"
run stress --mix "$tmp/mix"
status_is 64 "a file with a mistake is refused"
like "$stderr" 'mix:2' "and the line is named"

# no DMA: said, and the rest goes on
run -q --driver sim,dirs=read stress --mix churn --ops 500
like "$stdout" 'no DMA was done: the device does not write what it read before' "a run without DMA says so"
like "$stdout" 'skip  data arrives where it belongs: no DMA was done' "and claims nothing of it"
like "$stdout" 'skipped: dma \(' "the kinds are skipped"

# a script's line leaves the script's buffers alone
cat >"$tmp/script" <<END
map a --size 64K --iova 0x10000000
fill a --stamp 1
stress --mix all --ops $few
check a --stamp 1
stress --mix churn --ops 200 --threads 3
check a --stamp 1
unmap a
END
run -q run "$tmp/script" --json
json_is '[.result, ([.results[] | .result] | unique)]' '["pass",["pass"]]' "in a script it disturbs nothing"
echo "stress --ops 200 --save-repro $tmp/inside" >"$tmp/script"
run -q --backend sim,fault=short-unmap run "$tmp/script"
status_is 64 "--save-repro is refused there"
like "$stderr" 'sessions of their own' "and why is said"

# memory is one episode's; what a sanitizer keeps of freed memory is not ours
turns=$(realpath "${top_builddir:-.}")/tests/data/turns # says what the kernel noted down as the most: nothing has to look in time
peak() { # OPS
	ASAN_OPTIONS="$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64" "$turns" 1 "$tmp/turns" \
		"$IOMMUCTL" -q --seed 4 stress --mix churn --ops "$1" -- true || return
	awk '{ print $7 }' "$tmp/turns"
}
if is_slow || [ ! -x "$turns" ]; then
	skip "ten times as many operations take no more memory" "too slow here, or without tests/data/turns"
else
	early=$(peak 20000) late=$(peak 200000)
	ok "ten times as many operations take no more memory ($early and $late KiB)" \
		test "${early:-0}" -gt 0 -a "${late:-0}" -gt 0 -a $((late)) -lt $((early + early / 4 + 2048))
fi

# an end by signal
start -q stress --time 1h --json
start_works
kill -INT $pid
finish
status_is 130 "SIGINT ends it"
json_is '[.result, .mismatches, .ops > 0]' '["interrupted",[],true]' "with what was done so far"

# mistakes
for bad in '--mix nope' '--threads 0' '--threads 65' '--shard 0/2' '--shard 3/2' '--shard 2' '--ops 0' '--time 0' '--time soon' \
	'--episode-ops 0' '--episode x' '--episode 1 --shard 1/2' '--tries 0' '--no-shrink' 'word' '--nonsense'; do
	# shellcheck disable=SC2086
	run stress $bad
	status_is 64 "stress $bad is refused"
done
run -q stress --ops 10 --log "$tmp/no/such"
status_is 2 "a log that cannot be written is an error"
done_testing
