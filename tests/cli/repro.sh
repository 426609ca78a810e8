# SPDX-License-Identifier: GPL-2.0-or-later
# repro: each of the known bugs is found on a simulated IOMMU that has it, and on no healthy one; what cannot be asked says why.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

names=$(cd "$top_srcdir/repro" && printf '%s\n' *.iommu | sed 's/\.iommu$//')
run -q repro list
status_is 0 "the repros are listed"
is "$(awk '$2 ~ /^(none|leak|crash)$/ { print $1 }' "$tmp/stdout")" "$names" "all that there are"
is "$(sed -n 's/^\t//; s/^repro\/\(.*\)\.iommu.*/\1/p' "$top_srcdir/repro/files.am")" "$names" "and all are installed"
ok "at least twenty" test "$(wc -l <<<"$names")" -ge 20
run --json repro list
json_is '[.repros[] | select([.title, .bug, .upstream, .affected, .source, .danger, .sim] | any(. == ""))] | length' 0 "each with its header"
json_is '[.repros[] | .bug | length > 40] | all' true "and words on what is seen"

field() { sed -n "s/^# $2: //p" "$top_srcdir/repro/$1.iommu"; }
# healthy OPTIONS: those of the simulated IOMMU without the faults
healthy() { tr , '\n' <<<"$1" | grep -v '^fault=' | sed 's/^/,/' | tr -d '\n'; }

# --- each with its misbehaviour, and without it
for name in $names; do
	sim=$(field "$name" sim)
	run -q --seed 7 --allow-crash --backend "sim,$sim" repro run "$name" --json
	status_is 1 "$name: affected with $sim"
	json_is '.results | map([.name, .verdict]) | tojson' "[[\"$name\",\"affected\"]]" "$name: that is the verdict"
	json_is '[.result, (.results[0] | (.why | test("^(line [0-9]+|the kernel|pins): ?|^line ")), (.evidence | length > 0 and all(type == "string")))] | tojson' \
		'["fail",true,true]' "$name: with why, and evidence"
	run -q --seed 1 --allow-crash --backend "sim$(healthy "$sim")" repro run "$name" --json
	status_is 0 "$name: not affected without"
	json_is '.results[0] | [.verdict, (.evidence | length > 0)] | tojson' '["not-affected",true]' "$name: everything due was seen" ||
		diag "$(json '.results[0].why')"
done

# --- a misbehaviour that is of no other command has a repro
shown=$(for name in $names; do field "$name" sim | grep -o 'fault=[a-z-]*'; done)
for fault in $("$IOMMUCTL" --backend sim,help | awk '$1 ~ /^last-page$/ { on = 1 } $1 ~ /^mig-/ { on = 0 } on { print $1 }'); do
	ok "$fault makes a repro say affected" grep -qx "fault=$fault" <<<"$shown"
done

# --- all of them, on each personality: none is affected, none goes wrong, and each that could not be asked says why
for personality in type1-v2 type1-v1 iommufd compat-v2 compat-v1; do
	run -q --seed 3 --backend sim,personality=$personality,dma_entry_limit=1000 repro run --all --json
	status_is 0 "$personality: all are run"
	json_is '[.results[].name]' "$(jq -Rnc '[inputs]' <<<"$names")" "$personality: in the order of their names"
	json_is '[.verdicts.affected, .verdicts.error]' '[0,0]' "$personality: no false alarm" || diag "$(json '.results[] | select(.verdict == "error")')"
	json_is '[.results[] | select(.verdict == "skipped" or .verdict == "not-applicable") | .why | length > 10] | all' true \
		"$personality: those that were not asked say why"
	json_is '.results | map(.verdict) | unique - ["not-affected","not-applicable","skipped"]' '[]' "$personality: with one of the verdicts"
	json_is '.verdicts["not-affected"] >= 5' true "$personality: some were asked"
	json_is '[.results[] | select(.why | test("^danger: (leak|crash)")) | .verdict] | unique' '["skipped"]' "$personality: dangerous ones are not run"
done
is "$(json '.results[] | select(.why | startswith("danger: ")) | .name')" \
	"$(for name in $names; do [ "$(field "$name" danger)" = none ] || echo "$name"; done)" "dangerous are those that say so"

# --- TAP
run -q --tap repro run --all
status_is 0 "TAP"
is "$(grep -c '^ok ' "$tmp/stdout")" "$(wc -l <<<"$names")" "one point for each"
like "$stdout" '^ok [0-9]+ - iommufd-area-split # SKIP skipped: danger: crash' "a skip has its reason"
like "$stdout" '^ok [0-9]+ - dma-wrong-page$' "a pass is one"
like "$(grep -A2 '^ok [0-9]* - dma-wrong-page$' "$tmp/stdout")" 'why: "every line came to what is due"' "with its reason"
run -q --tap --backend sim,fault=stale-iotlb repro run dma-wrong-page
status_is 1 "affected"
like "$stdout" '^not ok 1 - dma-wrong-page$' "is a point that failed"
like "$stdout" '"line 27: check b .*: fail: ' "with the line that showed it"
run -q repro run iommufd-iova-wrap dirty-hole
status_is 4 "where none could be asked the run is skipped"
like "$stdout" 'iommufd-iova-wrap: skipped: it is about the interface iommufd, and backend sim has type1-v2' "as each says"
run -q --backend sim repro run type1-last-page --json
json_is '.results[0] | [.verdict, .why] | tojson' '["not-applicable","the IOVAs 0xfffffffffffff000..0xffffffffffffffff are outside of what can be mapped here"]' \
	"a bug that cannot be here is not applicable"
run -q --driver sim,dirs=write repro run dma-wrong-page --json
json_is '.results[0] | [.verdict, (.why | test("a device that can copy memory"))] | tojson' '["skipped",true]' "a device that only writes is no pass"

# --- what goes wrong otherwise is an error
head='# iommuctl repro
# title: t
# bug: b
# upstream: none
# affected: none
# source: seen
# danger: none
# sim: fault=short-unmap
# affected-if: unmap short-unmap: a page is missing'
printf '%s\n\nmap a --size 16K\nunmap a #@unmap\n' "$head" >"$tmp/short.iommu"
run -q --backend sim,fault=short-unmap repro run "$tmp/short.iommu"
status_is 1 "one's own, by its path"
run -q repro run "$tmp/short.iommu"
status_is 0 "is not affected"
run -q --backend sim,fault=pin-leak repro run "$tmp/short.iommu" --json
status_is 0 "another bug, which no line looks for, is not this one"
printf '%s\n\nmap a --size 16K\nunmap a #@unmap\ncheck --pins\n' "$head" >"$tmp/pins.iommu"
run -q --backend sim,fault=pin-leak repro run "$tmp/pins.iommu" --json
status_is 2 "another bug that a line finds is an error"
json_is '.results[0] | [.verdict, (.why | test("^line 13 went wrong in a way that is not this bug.s: pin-leak"))] | tojson' '["error",true]' "which is told"
printf '%s\n\nmap a --size 16K\nunmap a #@unmap\nunmap --iova 0x1000 --size 3\n' "$head" >"$tmp/error.iommu"
run -q repro run "$tmp/error.iommu" --json
status_is 2 "so is a line that cannot be done"
printf '%s\n\nmap a --size 16K\nunmap a #@unmap\nmap b --size 4K --iova 0xfee00000\n' "$head" >"$tmp/refused.iommu"
run -q repro run "$tmp/refused.iommu" --json
status_is 4 "an IOVA that the safety rules refuse is no error"
json_is '.results[0] | [.verdict, (.why | test("^line 13: iova 0xfee00000-0xfee00fff is not usable here"))] | tojson' '["not-applicable",true]' "but not applicable, with the reason"
run -q --backend sim,fault=short-unmap repro run "$tmp/refused.iommu" --json
status_is 1 "what showed the bug before counts"
printf '%s\n\nmap a --size 16K\nunmap a #@unmap\nmapp\n' "$head" >"$tmp/word.iommu"
run -q repro run "$tmp/word.iommu" "$tmp/short.iommu" --json
status_is 2 "or is none"
json_is '[.results[].verdict]' '["error","not-affected"]' "and those after it are run"
printf '%s\n\nmap a --size 16K\nunmap a #@unmap\ndma read 0x5000 --size 64\n' "$head" >"$tmp/fault.iommu"
run -q repro run "$tmp/fault.iommu" --json
status_is 2 "a fault where none was due"
run -q --backend sim,fault=untranslated repro run dma-wrong-page --json
isnt "$status" 0 "an IOMMU that does not translate is no pass"
json_is '.results[0].verdict' error "nor this bug"
run -q --json --device 0000:77:00.0 repro run dma-wrong-page
status_is 2 "without a session nothing can be told"
json_is '.results' '[]' "of any of them"

# --- what is wrong with a file or a name
sed 's/short-unmap: a/short-unmapp: a/' "$tmp/short.iommu" >"$tmp/bad.iommu"
run repro run "$tmp/short.iommu" "$tmp/bad.iommu"
status_is 64 "a header that is wrong"
like "$stderr" "bad.iommu:9:22: 'short-unmapp' is not fail, skip, a class or the name of an error" "is told with line and column"
unlike "$stdout" 'short: ' "and nothing is run"
run repro show nosuch
status_is 2 "a name that is none"
like "$stderr" 'hint: .*repro list' "with where to look"
run repro run ./nosuch.iommu
status_is 2 "nor a file"
for bad in '' 'look' 'show' 'show a b' 'run' 'run --all a' 'list --all' 'list a'; do
	# shellcheck disable=SC2086
	run repro $bad
	status_is 64 "usage: repro $bad"
done
run repro show dma-wrong-page
status_is 0 "show"
like "$stdout" '^title: DMA reaches pages of an earlier mapping' "tells the header"
like "$stdout" '^affected-if: sent: ' "the rules"
like "$stdout" '^ +dma copy b b\+0x3000 --size 12K' "and the script"
run repro show dma-wrong-page --json
json_is '[.name, .danger, (.script | length > 20), (.affected_if | length)] | tojson' '["dma-wrong-page","none",true,2]' "also for programs"
printf 'repro list\n' >"$tmp/script"
run run "$tmp/script"
status_is 64 "a script has no repros"

# --- as a script for `run` a repro says the same by its lines
run -q --backend sim,fault=psi-mask run "$top_srcdir/repro/vtd-flush-mask.iommu"
status_is 1 "run shows the failing line"
run -q run "$top_srcdir/repro/iommufd-area-split.iommu"
status_is 4 "and obeys danger"
done_testing
