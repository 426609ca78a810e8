# SPDX-License-Identifier: GPL-2.0-or-later
# dirty verify: starting and stopping, mappings that change, windows, races and lies. Which case finds which misbehaviour, and none finds
# anything without one. For the plain binary and for one built with ThreadSanitizer. --long: more seeds.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
RUN_TIMEOUT=120
seeds=1 found_seeds=1
[ -z "${IOMMUCTL_LONG:-}" ] || seeds='1 2 3' found_seeds='1 2'

state='read-twice keep-then-clear start-twice stop-start off-and-on writes-before-start stop-in-flight read-unstarted'
remap='map-after-start remap-same-iova unmap-with-bits'
window='window-one-call window-read-clear window-read-unmap window-clear-unmap window-unmap'
race='race-read-clear race-readers race-keep race-leaves race-maps race-switch'
lie='lie-page-size lie-range lie-flags lie-unmapped'
beyond='beyond-hole beyond-readonly beyond-nowhere beyond-leaf-begin beyond-leaf-end'

# verify BACKEND SEED ROUNDS CASE...
verify() {
	local backend=$1 seed=$2 rounds=$3 case args=()
	shift 3
	for case; do args+=(--case "$case"); done
	run -q --backend "$backend" --seed "$seed" dirty verify --strict --rounds "$rounds" "${args[@]}" --json
}
# with result $1, by name
cases_with() { json "[.cases[] | select(.result == \"$1\") | .name] | sort | join(\" \")" | tr -d '"'; }
sorted() { printf '%s\n' "$@" | sort | paste -sd' '; }

for seed in $seeds; do
	# shellcheck disable=SC2086 # lists of names
	verify sim "$seed" "$(scaled 3)" $state $remap $window $race race-unmap $lie $beyond
	status_is 0 "seed $seed: an IOMMU that keeps its word"
	# shellcheck disable=SC2086
	is "$(cases_with pass)" "$(sorted $state $remap $window $race race-unmap $lie $beyond)" "each case has been run and passes"
done

# FAULT: the cases that must fail; those that may, by chance or because all of their device's reads are looked at too
while IFS='|' read -r fault must may; do
	for seed in $found_seeds; do
		# shellcheck disable=SC2086
		verify "sim,fault=$fault" "$seed" 2 $state $remap $window $race race-unmap $lie $beyond
		status_is 1 "$fault, seed $seed: found"
		failed=$(cases_with fail)
		for case in $must; do
			like " $failed " " $case " "by $case"
		done
		for case in $failed; do
			like " $must $may " " $case " "$case may find it"
		done
		is "$(cases_with error)" "" "no case ends in an error"
	done
done <<END
dirty-lost-unmap|unmap-with-bits window-one-call race-unmap|
dirty-no-clear|read-twice keep-then-clear $race|
dirty-shift|$state $remap window-one-call window-read-clear lie-page-size lie-range lie-flags beyond-hole beyond-readonly beyond-nowhere race-read-clear race-readers|race-keep race-leaves race-maps race-switch race-unmap
dirty-straddle|race-leaves beyond-leaf-begin beyond-leaf-end|$race race-unmap
dirty-huge-partial|race-leaves beyond-leaf-begin beyond-leaf-end|
dirty-no-flush|window-read-clear race-read-clear race-readers|$race
dirty-early-flush|window-read-clear|$race
dirty-stale-start|start-twice stop-start off-and-on writes-before-start stop-in-flight race-switch|
dirty-read-marks|window-read-clear|$state $remap $window $lie $beyond
END

# a race: on a busy machine every other run has none to see
for seed in {1..30}; do
	run -q --backend sim,fault=stale-iotlb --seed "$seed" dirty verify --case race-unmap
	[ "$status" -eq 0 ] || break
done
status_is 1 "a write that still reaches what was unmapped is found as well"

# the table of orders and windows is the same each time
# shellcheck disable=SC2086
verify sim 9 "$(scaled 3)" $window
is "$(json '[.windows[] | [.order, .window, .outcome] | join("; ")]' | jq -r '.[]')" "$(cat <<'END'
one call that reads and unmaps; before the unmap; reported
one call that reads and unmaps; between the unmap and its flush; reported
one call that reads and unmaps; after the unmap's flush; refused
read and clear; between reading and the flush; reported
read and clear; after the read's flush; reported
read, then unmap; before the unmap; lost
read, then unmap; between the unmap and its flush; lost
read, then unmap; after the unmap's flush; refused
read and clear, then unmap; between reading and the flush; lost
read and clear, then unmap; after the read's flush; lost
read and clear, then unmap; before the unmap; lost
read and clear, then unmap; between the unmap and its flush; lost
read and clear, then unmap; after the unmap's flush; refused
unmap; before the unmap; lost
unmap; between the unmap and its flush; lost
unmap; after the unmap's flush; refused
END
)" "which order loses a write in which window"
json_is '[.cases[] | select(.name == "window-read-unmap") | .why]' '["this order loses what is written between the two calls and up to the flush"]' \
	"and in words"

# the other sources
for source in device type1; do
	run -q --seed 4 dirty verify --source $source --strict --rounds "$(scaled 3)" --beyond --json --case read-unstarted \
		--case start-twice --case race-read-clear --case race-maps --case race-switch --case lie-page-size --case lie-range --case lie-flags \
		--case beyond-readonly --case beyond-neighbours --case window-one-call
	# where every page is reported nothing was measured, and no more than a skip comes of it
	status_is "$([ $source = type1 ] && echo 4 || echo 0)" "source $source"
	json_is '[.cases[] | select(.result != "pass" and .result != "skip")]' '[]' "no case fails"
	json_is '[.cases[] | select(.name | test("^lie|readonly|unstarted")) | .result] | unique' '["pass"]' "what it answers is judged"
	json_is '[.cases[] | select(.name == "window-one-call") | .why]' "[\"nobody can place a write into the kernel's windows\"]" \
		"what cannot be done says so"
done
json_is '[.cases[] | select(.name == "beyond-neighbours") | .result]' '["pass"]' "there is no bit where nothing is mapped"
json_is '[.cases[] | select(.name == "race-switch") | .result, .why]' '["skip","source type1 reports every mapped page: not a measurement"]' \
	"where every page is reported a race says nothing"

# danger, and more than is promised, on request only
run -q dirty verify --case lie-page-size-huge --json
status_is 4 "what may crash a kernel is skipped"
json_is '.cases[0].why' "may crash the kernel where it has a known bug: needs --allow-crash" "with the reason"
run -q --allow-crash dirty verify --case lie-page-size-huge
status_is 0 "and run with --allow-crash"
run -q dirty verify --json
json_is '[.cases[] | select(.name | test("^beyond"))]' '[]' "no case asks for more than is promised"
run -q dirty verify --beyond --json
json_is '[.cases[] | select(.name | test("^beyond-[hrl]")) | .result] | length > 3 and all(. == "pass")' true "but with --beyond they do"

for threads in 1 2 4; do
	run -q --seed 5 dirty verify --strict --threads $threads --case race-read-clear --case race-maps
	status_is 0 "--threads $threads"
done
done_testing
