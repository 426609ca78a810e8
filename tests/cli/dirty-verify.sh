# SPDX-License-Identifier: GPL-2.0-or-later
# dirty verify: clean on an IOMMU that keeps its word, a failure on each that does not, and what it says of both. The long form is
# tests/acceptance/dirty.sh.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
RUN_TIMEOUT=120

for seed in 1 2 3; do
	run -q --seed $seed dirty verify --strict --rounds "$(scaled 5)" --json
	status_is 0 "seed $seed: every bit is right"
	json_is '[.result, .missing, .missing_pages, .spurious_pages, .marked, .over_reports]' '["pass",[],0,0,false,false]' "nothing missing, nothing spurious"
done
json_is '.source' iommu "by the page tables"
json_is '[.rounds, .writes > 1000]' "[$(scaled 5),true]" "the rounds asked for, and writes by the thousand"
json_is '[.cases[].result] | unique - ["pass", "skip"]' '[]' "each case passes or is skipped"
json_is '[.cases[] | select(.result == "skip" and .why == "")]' '[]' "those that are skipped say why"
json_is '[.leaves[] | .size]' '[4096,2097152,1073741824]' "entries of each size are measured"
json_is '[.leaves[] | .reported / .written | floor]' '[1,512,32768]' "and report all of themselves: of 8 pages in one entry of 1G it is each an eighth of it"
json_is '.leaf' 1073741824 "the largest entry seen"
json_is '.rates.read_clear_gib_s > 0' true "a rate of reading"
json_is '[.windows[] | select(.order == "one call that reads and unmaps" and .outcome == "lost")]' '[]' \
	"in one call that reads and unmaps no write is lost, whenever it comes"
json_is '[.windows[] | select(.order == "read, then unmap" and .outcome == "lost")] | length > 0' true "between two calls some are"

# every misbehaviour, in one round
for fault in dirty-lost-unmap dirty-no-clear dirty-shift dirty-straddle dirty-huge-partial dirty-no-flush dirty-early-flush \
	dirty-stale-start dirty-read-marks; do
	for seed in 1 2; do
		run -q --seed $seed --backend sim,fault=$fault dirty verify --strict --json
		status_is 1 "$fault, seed $seed: found"
		json_is '.missing_pages + .spurious_pages > 0' true "as missing or spurious"
	done
done
json_is '.missing_pages' 0 "reads that set bits lose none"
json_is '.spurious | length > 0 and all(.iova | test("^0x"))' true "spurious pages are told by their address"
json_is '[.spurious[0] | .case, .round, .page_size, .what] | map(type) | unique - ["string","number"]' '[]' "with case, round, size and reason"
run -q --seed 1 --backend sim,fault=dirty-read-marks dirty verify --case device-reads --json
status_is 0 "without --strict they are no failure"
json_is '.spurious_pages > 0' true "but counted"
json_is '.cases[0].why | test("^spurious: ")' true "and said"
leafs='--case leaf-2M --case leaf-1G --case leaf-merge --case leaf-seen'
for strict in '' --strict; do
	run -q --seed 77 --backend sim,fault=dirty-no-clear dirty verify $strict $leafs --json
	status_is "$([ -n "$strict" ] && echo 1 || echo 0)" "more pages than an entry has${strict:+, strictly}"
	json_is '[.missing_pages, .spurious_pages > 0]' '[0,true]' "are spurious, and none is missing"
	json_is '[.cases[] | select(.spurious > 0 and (.why | test("^spurious: a bit for the page at "))) | .name]' \
		'["leaf-2M","leaf-1G","leaf-merge","leaf-seen"]' "which each case says"
done
run -q --seed 77 --backend sim,fault=dirty-huge-partial dirty verify $leafs --json
status_is 1 "fewer pages than an entry has"
json_is '[.missing_pages > 0, .spurious_pages]' '[true,0]' "are missing, strictly or not"
json_is '.cases[] | select(.name == "leaf-2M") | .why | test("^missing: no bit for the page at .*: its entry of 0x200000 bytes was written, and it is not in ")' \
	true "with what was written"
run -q --seed 1 --backend sim,fault=dirty-no-flush dirty verify --case repeated
status_is 1 "missing ones are without it, too"
like "$stdout" '^FAIL +repeated: missing: no bit for the page at iova 0x[0-9a-f]+: write [0-9]+ of the case, 0x[0-9a-f]+ bytes at 0x[0-9a-f]+, is not in ' \
	"with the page and what was written there"

# the choices of a case are its own
run -q --seed 7 --backend sim,fault=dirty-shift dirty verify --case straddling --case strided --json
json_is '[.missing[].case] | unique' '["straddling","strided"]' "pages of each case are kept"
both=$(json '[.missing[] | select(.case == "straddling") | .page_size, (.what | sub("at 0x[0-9a-f]*"; ""))]')
run -q --seed 7 --backend sim,fault=dirty-shift dirty verify --case straddling --json
json_is '[.missing[] | select(.case == "straddling") | .page_size, (.what | sub("at 0x[0-9a-f]*"; ""))]' "$both" \
	"a case alone does what it does among others"
json_is '[.cases[].name]' '["straddling"]' "and no other is told of"

# devices of all kinds
for dirs in write copy rw; do
	run -q --seed 5 --driver sim,dirs=$dirs dirty verify --strict --json
	status_is 0 "a device that can $dirs: every bit is right"
	json_is '[.cases[] | select(.name == "device-reads") | .result]' "$([ $dirs = write ] && echo '["skip"]' || echo '["pass"]')" \
		"what it reads is watched where it reads"
done
run -q --driver sim,dirs=read --canary off dirty verify
status_is 4 "a device that cannot write has nothing to show"
like "$stderr" 'cannot write to memory' "and that is said"
run -q --seed 5 --driver sim,mask=30 dirty verify --strict --json
status_is 0 "a device of 30 address bits"
json_is '[.cases[] | select(.result == "skip") | .name] | contains(["chunks", "leaf-1G"])' true "skips what has no room"
json_is '[.leaves[] | [.size, .reads, .why]]' \
	'[[4096,2,""],[2097152,2,""],[1073741824,0,"no aperture is large enough for entries of 1G"]]' "a size that was not measured is told with its reason"
json_is '.cases[] | select(.name == "leaf-costs") | .why' \
	'entries of 0x40000000 bytes were not measured: no aperture is large enough for entries of 1G' "which the case says as well"
run -q --seed 5 --canary off --backend sim,personality=iommufd dirty verify --strict --case leaf-seen --case huge-pages-off --json
json_is '[.cases[] | .result, .why]' \
	'["pass","leaf in effect seen: 0x200000 bytes","pass","leaf in effect seen with large pages off: 0x1000 bytes"]' \
	"where large entries can be switched off, the difference is seen"
for value in 0 1; do
	cat >"$tmp/script" <<END
ioas option huge-pages $value
dirty verify --case huge-pages-off
ioas option huge-pages
END
	run -q --seed 5 --canary off --backend sim,personality=iommufd run --json "$tmp/script"
	json_is ".results[2] | [.result, .detail]" "[\"pass\",\"huge-pages $value\"]" "set to $value before, they are so afterwards"
done

# little memory; what a memory checker sets aside for itself would not fit
if ! is_slow && (ulimit -v 5000000 && "$IOMMUCTL" --version >"$tmp/version" 2>&1); then
	limited() { # KIB ARGS...
		local kib=$1
		shift
		(ulimit -v "$kib" && exec "$IOMMUCTL" "$@") >"$tmp/stdout" 2>"$tmp/stderr"
		status=$?
		stdout=$(<"$tmp/stdout")
		stderr=$(<"$tmp/stderr")
	}
	limited 5000000 -q --seed 5 dirty verify --case leaf-costs --json
	status_is 0 "no memory for entries of 1G"
	json_is '.leaves[2] | .size, (.why | test("^no memory for leaves of 0x40000000 bytes"))' $'1073741824\ntrue' "they are told as not measured"
	limited 400000 -q --seed 5 dirty verify
	status_is 2 "hardly any memory"
	like "$stderr" ': Cannot allocate memory$' "is an error that says so"
	unlike "$stderr" 'Cannot allocate memory: Cannot' "once"
fi

# the other sources
run -q --seed 5 dirty verify --strict --source device --json
status_is 0 "the device's own log: every bit is right"
json_is '[.source, .missing_pages, .spurious_pages]' '["device",0,0]' "by pages, whatever entries translate them"
json_is '[.cases[] | select(.name == "windows" or .name == "chunks" or .name == "random") | .result] | unique' '["pass"]' "over 64 GiB, too"
run -q --seed 5 dirty verify --strict --source type1 --json
status_is 4 "a source that reports every mapped page is no pass"
json_is '[.over_reports, .missing_pages, (.reported_pages > 1000)]' '[true,0,true]' "it misses nothing, as it reports everything"
json_is '[.cases[] | select(.name == "random") | .result, .why]' \
	'["skip","source type1 reports every mapped page: not a measurement"]' "and the reason is said"

# forms
run -q --tap dirty verify --strict --case random --case none --case huge-pages-off
status_is 0 "as TAP"
like "$stdout" '^1\.\.3$' "a point for each case"
like "$stdout" '^ok [0-9]+ - huge-pages-off # SKIP whether entries are large cannot be chosen here' "with the reason of one that is skipped"
run -q --tap --seed 1 --backend sim,fault=dirty-no-flush dirty verify --case repeated
is "$(grep -c '^  missing:$' <<<"$stdout"), $(grep -c '^    - "0x' <<<"$stdout")" "1, 5" "several pages of a kind are a list below one key"
run -q dirty verify --case huge-pages-off
status_is 4 "nothing but skipped cases is a skip"
run -q dirty verify --case no-such-case
status_is 64 "a case that does not exist is a usage error"
like "$stderr" "there is no .*'no-such-case'" "that names it"
run -q dirty verify --list --json
status_is 0 "--list"
json_is '[.cases[] | select(.title == "")]' '[]' "names each case and says what it is"
json_is '[.cases[] | select(.danger != "none") | .danger] | unique' '["crash"]' "with its danger"
run -q --dry-run dirty verify
status_is 0 "--dry-run does nothing"
unlike "$stdout" 'rounds' "indeed"

cat >"$tmp/script" <<'END'
map a --size 64K
dirty verify --strict --case random --case windows
dirty start
!EBUSY dirty verify
dirty stop
END
run -q run "$tmp/script"
status_is 0 "in a script, beside a buffer; refused while tracking is on"

start -q dirty verify --strict --rounds 1000000 --json
start_catches
kill -INT "$pid"
finish
status_is 130 "interrupted"
json_is '[.result, .rounds < 1000000, .missing_pages, .spurious_pages]' '["interrupted",true,0,0]' "it tells what it saw until then"
done_testing
