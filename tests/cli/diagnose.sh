# SPDX-License-Identifier: GPL-2.0-or-later
# diagnose on the simulated IOMMU: it names what a misbehaviour depends on and nothing else, and says what it cannot tell.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
named='[.verdict] + [.factors[] | select(.matters) | .name] | join(" ")'
export RUN_TIMEOUT=900

told() { # WANT FAULT ARGS...: one misbehaviour, and what is to be named
	local want=$1 fault=$2
	shift 2
	run -q --seed 7 --backend "sim,fault=$fault" diagnose --time 300s "$@" --json
	status_is 1 "$fault fails"
	json_is "$named" "$want" "$fault: $want" || diag "$(json '.baseline, (.factors[] | "\(.name): \(.verdict)")')"
}
level() { # FACTOR VALUE: runs and failures
	json "[.factors[] | select(.name == \"$1\").levels[] | select(.value | startswith(\"$2\")) | .runs, .failures] | join(\" \")"
}

# the factor is named, and no other
told "depends iova-mode" stale-iotlb
is "$(level iova-mode fixed) $(level iova-mode random)" "10 10 10 0" "a stale IOTLB fails where IOVAs are used again, and not at random ones"
json_is '.factors[] | select(.name == "iova-mode") | .p_value < 1e-6 and .p_corrected >= .p_value' true "with its p, and that corrected"
json_is '[.factors[] | select(.name != "iova-mode" and .tested) | .p_value] | length >= 9 and all(. == 1)' true "all others fail alike"
json_is '[.factors[] | select(.tested | not) | select(.verdict == "")] | length' 0 "what was not tested says why"
json_is '.answers | length >= 10 and all(.answer != "" and .question != "")' true "every question has an answer"
json_is '.answers[] | select(.id == "iova").answer' "yes, it depends on it" "IOVA fixed or random: so"
json_is '.answers[] | select(.id == "ats").answer | test("not testable in this boot")' true "with and without ATS: not in this boot"
json_is '.answers[] | select(.id == "snoop").answer | test("Enable No Snoop: not testable here: the device has no PCI Express")' true "no snoop: not here"
json_is '.answers[] | select(.id == "device").answer | test("^not likely")' true "nor is it the device's programming"
json_is '[.command, .result, (.repro | type), (.failures | length > 0), .environment.release]' \
	"[\"diagnose\",\"fail\",\"string\",true,\"$(uname -r)\"]" "the contract's keys"
json_is '.failures[0].expected.generation != null and .failures[0].got != null or .failures[0].text != ""' true "what was seen first, and where from"
json .repro >"$tmp/found.iommu"
is "$(grep -vc '^#' "$tmp/found.iommu")" "$(awk '!/^#/ { n++ } END { print n < 13 ? n : 12 }' "$tmp/found.iommu")" "the script is short"
run -q --seed 9 --backend sim,fault=stale-iotlb run "$tmp/found.iommu"
status_is 1 "it shows the fault"
run -q --seed 9 run "$tmp/found.iommu"
status_is 0 "and passes without"

told "depends size alignment" psi-mask --no-shrink
is "$(level alignment 'to its size') $(level alignment across) $(level size 2K)" "10 0 10 10 10 0" "half an invalidation: unaligned, and more than a page"
json_is '.factors[] | select(.name == "iova-mode").explained_by' iova-reuse "that an IOVA is used again is what it takes to see it"
json_is '[.factors[] | select(.explained_by == "size").name] | join(" ")' "map-granule unmap-mode" "maps of a page are mappings of one page"
json_is '[.combinations[] | select(.failures > 0)] | length' 1 "together: it takes all of them"

# what every level shows alike depends on none
for fault in short-unmap unmap-skip-pte early-unpin; do told no-factor $fault --runs 7 --no-shrink; done
json_is '.factors[] | select(.name == "size").verdict | test("no dependence seen: .*would have been seen 4 times of 5")' true "and what would have been seen is told"
told no-factor ro-writable --runs 7 --no-shrink
json_is '.baseline.options | test("--readonly")' true "what only a probe shows keeps the probe"
told "depends iova-mode" overlap-ok --runs 7 --no-shrink
json_is '[.factors[] | select(.name == "alignment").levels[].why_not] | map(select(. != ""))[0] | test("adversarial cases bring their own")' true \
	"what the baseline leaves no choice of is not tested"

# a fault that comes and goes
told "depends iova-mode" stale-iotlb:p=0.01 --no-shrink
json_is '.baseline.run_loops >= 100' true "the runs are as long as that takes"
json_is '.baseline.failures >= 5' true "and most of the baseline's fail"

# what only an adversarial case shows at first is looked at again at a fixed iova, whose size and alignment can be varied
run -q --seed 3 --backend sim,fault=psi-mask:p=0.01 diagnose --time 300s --runs 2 --no-shrink --json
json_is '.baseline.options | test("^--iova fixed:.* --size ")' true "no adversarial baseline where a fixed one will do"

# too few runs show nothing, and that is said
told no-factor stale-iotlb --runs 2 --no-shrink
run -q --seed 7 --backend sim,fault=stale-iotlb diagnose --runs 2 --no-shrink
like "$stdout" 'so few runs would not have shown any difference' "two runs are told to be too few"
like "$stdout" 'FAIL  no run fails' "although something failed"

# an IOMMU that does not translate ends it at once
run -q --seed 7 --backend sim,fault=untranslated diagnose --json
status_is 1 "untranslated fails"
json_is '[.verdict, (.runs <= 1), .repro != ""]' '["untranslated",true,true]' "and nothing more is tried"

# nothing fails
much='[.loops > 1000, .bytes > 1000000, .combinations_tried >= 3, .rate_upper_bound > 0 and .rate_upper_bound < 0.01, .repro]'
for time in 4s 20s 80s; do # how much that is depends on what else the machine does
	run -q --seed 7 diagnose --time $time --json
	[ "$(json "$much")" != '[true,true,true,true,""]' ] || break
done
status_is 0 "a healthy IOMMU passes"
json_is "$named" nothing-failed "nothing failed"
json_is "$much" '[true,true,true,true,""]' "and how much was tried"
json_is '[.factors[].levels[] | select(.runs > 0 and (.failures != 0 or .loops == 0))] | length' 0 "by level"
json_is '(.loops * .rate_upper_bound * 1000 | round)' 3000 "the bound is three by the number of loops"
run -q --seed 7 diagnose --time 2s
like "$stdout" 'nothing failed: [0-9]+ runs of [0-9]+ combinations, [0-9]+ loops' "in words"
like "$stdout" 'with 95 % confidence less than one loop of [0-9]+ fails' "with the bound"

# files
run -q --seed 7 --backend sim,fault=short-unmap diagnose --runs 2 --no-shrink -o "$tmp/bug.txt" --save-repro "$tmp/bug.iommu"
like "$(<"$tmp/bug.txt")" 'what maintainers ask:' "-o writes the report"
like "$(<"$tmp/bug.txt")" 'diagnose: FAIL' "with its verdict"
run -q --seed 7 --backend sim,fault=short-unmap run "$tmp/bug.iommu"
status_is 1 "--save-repro writes the script"
run -q --seed 7 --backend sim,fault=short-unmap diagnose --runs 2 --no-shrink -o "$tmp/bug.json"
is "$(jq -r '[.command, .result] | join(" ")' "$tmp/bug.json")" "diagnose fail" "a name in .json is JSON"
run -q diagnose -o "$tmp/not/there" --time 100ms
status_is 2 "a file that cannot be written is told before anything is run"

# another boot: the same baseline, and what differs
run -q --seed 7 --backend sim,fault=stale-iotlb diagnose --time 300s --no-shrink --json
cp "$tmp/stdout" "$tmp/a.json"
run -q --seed 8 --backend sim,fault=stale-iotlb diagnose --with "$tmp/a.json" --no-shrink --json
json_is '[.baseline.runs, .baseline.failures, [.factors[] | select(.tested)] | length]' '[10,10,0]' "a boot that differs in nothing: the baseline alone is run"
jq '.baseline.boot.kernel = "5.4.0"' "$tmp/a.json" >"$tmp/old.json"
run -q --seed 8 diagnose --with "$tmp/old.json" --json
json_is "$named" "depends kernel" "a kernel on which it does not fail"
json_is '.answers[] | select(.id == "kernel").answer | test("matters: .*5.4.0 10 of 10")' true "with both boots' counts"
json_is '.result' pass "this boot is without failure"
jq '.baseline.boot.kernel = "5.4.0" | .baseline.boot.ats = "enabled"' "$tmp/a.json" >"$tmp/two.json"
run -q --seed 8 diagnose --with "$tmp/two.json" --json
json_is '[.factors[] | select(.matters)] | length' 0 "two settings at once tell nothing"
json_is '[.factors[] | select(.name == "ats").levels[].why_not] | join("") | test("differs in more than this")' true "and that is said"
# a command line that differs in what is no factor: the kernel is not to blame for it
jq '.baseline.boot.kernel = "5.4.0" | .environment.cmdline += " iommu=strict,x vfio.y=1"' "$tmp/a.json" >"$tmp/line.json"
run -q --seed 8 diagnose --with "$tmp/line.json" --json
json_is '[.factors[] | select(.matters)] | length' 0 "a command line that differs, too: the kernel is not blamed"
json_is '.boots_differ | test("iommu=strict .there., iommu=x .there., vfio.y=1 .there.$")' true "and what differs is told"
run -q --seed 8 diagnose --with "$tmp/line.json"
like "$stdout" 'the boots also differ in: .*vfio.y=1 .there.' "in the text as well"
jq '.baseline.boot.kernel = "5.4.0" | .environment.cmdline += " pci=noats intel_iommu=sp_off"' "$tmp/a.json" >"$tmp/line.json"
run -q --seed 8 diagnose --with "$tmp/line.json" --json
json_is "$named" "depends kernel" "settings that are factors do not count there"
json_is '.boots_differ' null "nor are they told"
for bad in '.command = "compare"' '.device = "0000:00:04.0"' '.baseline = null' '.baseline.levels.size = 99' 'del(.baseline.levels.size)' \
	'.baseline.failures = 11' '.baseline.probe = "x"' '.baseline.run_loops = 0' '.baseline.runs = -1' '.version = "0.0.1"' 'del(.version)'; do
	jq "$bad" "$tmp/a.json" >"$tmp/bad.json"
	run -q diagnose --with "$tmp/bad.json"
	status_is 64 "refused: $bad"
done
printf '{' >"$tmp/bad.json"
run -q diagnose --with "$tmp/bad.json"
status_is 64 "half a file is refused"
run -q diagnose --with "$tmp/not.json"
status_is 2 "one that is not there cannot be read"
# all that a file alone can tell is told before anything is opened: there is no such device, and nobody comes to see that
early() { # STATUS WORDS FILE TEXT
	run -q --device 0000:ff:1f.7 diagnose --with "$tmp/a.json" --with "$3" --json
	status_is "$1" "$4: status $1"
	is "$(json '[has("factors"), has("runs"), has("environment")] | any')" false "$4: nothing was run or looked at"
	like "$stderr" "^iommuctl: .*$3.*$2" "$4: told"
	is "$(grep -vc '^hint: ' <<<"$stderr")" 1 "$4: in one line"
}
early 2 'No such file' "$tmp/not.json" "not there"
early 64 '' "$tmp/bad.json" "half a file"
printf '{"command": "compare"}' >"$tmp/bad.json"
early 64 'no report of diagnose' "$tmp/bad.json" "another command's"
jq '.version = "0.0.1"' "$tmp/a.json" >"$tmp/bad.json"
early 64 'version 0.0.1 of iommuctl wrote it' "$tmp/bad.json" "another version's"
jq 'del(.baseline.loops)' "$tmp/a.json" >"$tmp/bad.json"
early 64 'not whole' "$tmp/bad.json" "without its counts"
run -q --device 0000:ff:1f.7 diagnose --with "$tmp/a.json"
like "$stderr" '^iommuctl: diagnose: ' "with a good file it goes on"
is "$(grep -c -e 'a\.json' -e --with <<<"$stderr")" 0 "to what is no file's fault: the device is not there"

# a signal: what there is by then
start -q --progress always --seed 7 diagnose --time 300s --json
wait_for 60 grep -q runs "$tmp/stderr" # drawn after the first
kill -INT "$pid"
finish
status_is 130 "a signal ends it"
json_is '[.result, .runs > 0]' '["interrupted",true]' "with what was tried"

# the same seed, the same verdict and numbers where nothing depends on time
run -q --seed 3 --backend sim,fault=psi-mask diagnose --time 300s --no-shrink --runs 7 --json
json '[.factors[] | [.levels[] | .runs, .failures]]' >"$tmp/once"
run -q --seed 3 --backend sim,fault=psi-mask diagnose --time 300s --no-shrink --runs 7 --json
is "$(json '[.factors[] | [.levels[] | .runs, .failures]]')" "$(<"$tmp/once")" "the same seed gives the same table"

# what cannot be done
run -q --driver sim,dirs=read diagnose --json
status_is 4 "a device that shows nothing of its reads: skip"
for bad in "--runs 0" "--runs 101" "--time x" "--time 0s" "word"; do
	# shellcheck disable=SC2086
	run -q diagnose $bad
	status_is 64 "diagnose $bad is refused"
done
run --driver sim,dirs=write --seed 7 --backend sim,fault=stale-iotlb diagnose --time 300s --no-shrink --runs 7 --json
json_is "$named" "depends iova-mode" "a device that only writes shows it as well"
run -q --driver sim,mask=32 --seed 7 --backend sim,fault=stale-iotlb diagnose --time 300s --no-shrink --runs 7 --json
json_is "$named" "depends iova-mode" "and one with an address space of 4G"
done_testing
