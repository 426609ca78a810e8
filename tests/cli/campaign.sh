# SPDX-License-Identifier: GPL-2.0-or-later
# A campaign in eight parts finds what one run finds; the commands in docs/campaigns.md are commands.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
is_slow && skip_all "too slow under $IOMMUCTL_WRAPPER"
episodes=24
# the simulation does the same twice where no operation has a thread beside it: no `flight`
printf '%s\n' 'map 20' 'unmap 16' 'unmap-range 4' 'remap 10' 'bad-map 4' 'bad-unmap 3' 'fill 8' 'check 4' 'dma 24' 'dma-denied 2' >"$tmp/mix"

findings() { jq -c '.mismatches[] | [.episode, .op, .expected, .got]' "$@" | sort; }

# shards RUNNER DIR BACKEND: DIR/1.json ... DIR/8.json
shards() {
	mkdir -p "$2"
	local part="'$IOMMUCTL' -q --backend '$3' --seed 7 stress --mix '$tmp/mix' --threads 1 --episodes $episodes --keep-going"
	part="$part --shard {}/8 --json >'$2'/{}.json 2>>'$2'/errors; [ \$? -le 1 ]"
	case $1 in
	parallel) seq 8 | parallel -j 2 "$part" ;;
	xargs) seq 8 | xargs -P 2 -I '{}' sh -c "$part" ;;
	esac
}

compare_parts() { # RUNNER BACKEND
	shards "$1" "$tmp/parts" "$2"
	status=$?
	status_is 0 "eight parts by $1 end with a verdict: $2"
	is "$(findings "$tmp"/parts/?.json)" "$(findings "$tmp/one.json")" "and find what one run finds"
	is "$(jq -s 'map(.episodes) | add' "$tmp"/parts/?.json)" $episodes "in as many episodes"
	rm -rf "$tmp/parts"
}

for fault in stale-iotlb:p=0.02 short-unmap:p=0.01 short-unmap:after=90 unmap-skip-pte:p=0.005; do
	backend=sim,fault=$fault
	run -q --backend "$backend" --seed 7 stress --mix "$tmp/mix" --threads 1 --episodes $episodes --keep-going --json
	status_is 1 "one run finds $fault"
	cp "$tmp/stdout" "$tmp/one.json"
	json_is "[.mismatches_total > 0, (.mismatches | length) == .mismatches_total, .episodes == $episodes,
		([.mismatches[].episode] | unique | length) < $episodes]" '[true,true,true,true]' \
		"in some episodes and not in others, and tells all"
	compare_parts xargs "$backend"
	if command -v parallel >/dev/null; then
		compare_parts parallel "$backend"
	else
		skip "eight parts by GNU parallel: $fault" "parallel is not installed"
	fi
	episode=$(jq '.mismatches[-1].episode' "$tmp/one.json")
	run -q --backend "$backend" --seed 7 stress --mix "$tmp/mix" --threads 1 --episode "$episode" --json
	is "$(findings "$tmp/stdout")" "$(findings "$tmp/one.json" | jq -c "select(.[0] == $episode)")" \
		"--episode $episode finds the same again"
done

# parts without work
run -q stress --episodes 7 --shard 8/8
status_is 4 "a part that has no episode is skipped"
like "$stdout$stderr" 'shard 8 of 8 has no episode: there are 7 in all' "with the reason"
run stress --episodes 3 --episode 1
status_is 64 "--episodes goes without --episode"
run stress --episodes 0
status_is 64 "no episodes are no campaign"

# the page's commands: those of `sim` are run, the others are parsed
sed -n '/^```/,/^```/s/^ *\(iommuctl .*\)$/\1/p' "$top_srcdir/docs/campaigns.md" >"$tmp/commands"
isnt "$(wc -l <"$tmp/commands")" 0 "docs/campaigns.md has commands"
mkdir "$tmp/cwd" && cd "$tmp/cwd" || exit 1
while read -r words; do
	words=${words%%[|>]*}
	words=${words//\$\{SEED\}/7} words=${words//\$\{I\}/1}
	words=${words#iommuctl }
	case $words in
	*'--backend sim'*) want='0 1' ;;
	*) want='0 1 2 4' ;; # no device to be had here
	esac
	# shellcheck disable=SC2086
	run $words
	case " $want " in *" $status "*) pass "iommuctl $words" ;; *) fail "iommuctl $words: exit status $status" ;; esac
done <"$tmp/commands"
done_testing
