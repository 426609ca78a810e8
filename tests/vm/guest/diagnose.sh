# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: what diagnose makes of a device by each backend. diagnose.sh healthy|"depends FACTOR..." RUNS TIME BACKEND...: the
# verdict that is due.
. "$(dirname "$0")/lib.sh"
want=$1 runs=$2 time=$3
shift 3
# seven runs are the fewest that tell anything: the short form, which leaves the script as it is
brief=()
[ "$runs" -ge 10 ] || brief=(--no-shrink)

diagnosed() { # BACKEND ID
	local backend=$1 id=$2 begun=$EPOCHREALTIME
	RUN_TIMEOUT=1500 run -q --seed 7 --json --backend "$backend" --device "$id" diagnose --runs "$runs" --time "$time" "${brief[@]}" -o "/out/$backend.txt"
	cp "$tmp/stdout" "/out/$backend.json"
	diag "$backend: $(json '"\(.runs) runs, \(.loops) loops, \(.combinations_tried) combinations"') in $(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }') s"
	is "$status $(json '[.verdict] + [.factors[] | select(.matters) | .name] | join(" ")')" "$3" "$backend: $3" || {
		diag "$(json '.baseline.options // "", (.factors[] | "\(.name): \(.verdict)"), .error.text // ""' 2>&1 | head -c 4000)"
		diag "stderr: $(head -c 1000 "$tmp/stderr")"
	}
	is "$(json '.environment | [(.iommu | test("^dmar[0-9]")), ([.registers[].name] | contains(["vtd.cap", "vtd.ecap"])), .ids] | join(" ")')" \
		"true true $4" "$backend: whose IOMMU it is, with its registers, and which device"
	left_nothing "$id" "$backend: nothing is left behind"
}

for id in $(pci_lsi) $(pci 8086:10d3); do
	take "$id"
	ids=1000:0012
	[ "$id" = "$(pci_lsi)" ] || ids=8086:10d3
	for backend; do
		if [ "$want" = healthy ]; then
			diagnosed "$backend" "$id" "0 nothing-failed" $ids
			json_is '[.factors[] | select(.name == "iova-mode").levels[] | select(.runs > 0 and .failures == 0)] | length >= 4' true \
				"$backend: with the ways to choose IOVAs all tried"
		else
			diagnosed "$backend" "$id" "1 $want" $ids
			json_is '.repro | test("\n *dma ")' true "$backend: with a script"
			json_is '.baseline | .failures > 2 and .failures == .runs' true "$backend: and failures in every run of the baseline"
			json_is '.answers[] | select(.id == "dmar-unit").answer | test("^dmar[0-9]")' true "$backend: the unit is named"
			ok "$backend: the report is a file as well" grep -q '^it depends on ' "/out/$backend.txt"
		fi
	done
done
# QEMU's has the bit fixed, as the specification allows; what has none, or has it fixed, says so
[ -z "$(pci 8086:10d3)" ] || json_is '.factors[] | select(.name == "no-snoop") |
	([.levels[] | select(.runs > 0)] | length) == 2 or (.levels[1].why_not | test("^Enable No Snoop stays clear"))' true \
	"a PCI Express device: No Snoop is set and cleared, or fixed"
done_testing
