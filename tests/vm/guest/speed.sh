# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: what `bench` does with a device, and `bench map` and `compare` held against plain C loops of the same ioctls and nothing else.
# speed.sh ways:BACKEND | against:BACKEND | map:BACKEND:LOOPS:PAIRS | compare:BACKEND:LOOPS:PAIRS:GRAVEYARD...
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
iova=0x10000000
take "$lsi"

plain() { # BACKEND SIZE LOOPS [pairs]: loops a second; or pairs of map and unmap, and the median ns of each
	case $1 in
	iommufd) raw-iommufd-loop "$lsi" "$2" "$3" $iova $4 ;;
	vfio) raw-vfio-loop "$(group_of "$lsi")" "$lsi" "$2" "$3" $iova $4 ;;
	esac | sed -n 's/ miscompares 0//; s/.* loops [0-9]* \(pairs\|loops\).s //; s/ [a-z]*-ns / /gp; /^[0-9.]*$/p'
}

# Once each, one after the other: the ratio, ours, the plain loop's.
pair_map() { # BACKEND LOOPS: three lines, of the rate and of each median time
	local raw map unmap
	read -r raw map unmap <<<"$(plain "$1" 4096 "$2" pairs)"
	run --backend "$1" --device "$lsi" --json bench map --warmup "$2" --loops "$2" --size 4096 --iova $iova --reference "plain-loop=${raw:-0}"
	echo "rate $(json '.results[0] | "\(.ratio) \(.value)"') $raw"
	echo "map $(json '.results[1].p50') ${map:-0}" | awk '$3 > 0 { print $1, $2 / $3, $2, $3 }'
	echo "unmap $(json '.results[2].p50') ${unmap:-0}" | awk '$3 > 0 { print $1, $2 / $3, $2, $3 }'
}
pair_compare() { # BACKEND LOOPS GRAVEYARD
	local raw
	raw=$(plain "$1" 8192 "$2")
	run --json compare --backend "$1" --device "$lsi" --loops "$2" --size 8K --iova fixed:$iova --graveyard "$3"
	echo "$(json 'select(.result == "pass") | .rates.loops_per_s') ${raw:-0}" | awk '$2 > 0 { print $1 / $2, $1, $2 }'
}

# The median of the pairs counts, each of which a busy host slows as a whole: the promise is for a quiet machine, and is held against it here.
# What fails is what does not reach half of that in a quarter of the pairs, which a busy host alone hardly brings about.
judge() { # NAME PAIRS FLOOR..CEILING PROMISE..MOST <RATIO OURS PLAIN
	local name=$1 pairs=$2
	awk 'NF == 3 { printf "%.3f %.0f %.0f\n", $1, $2, $3 }' | sort -n >"$tmp/speed"
	is "$(wc -l <"$tmp/speed")" "$pairs" "$name: $pairs pairs were measured"
	sed -n $(((pairs + 1) / 2))p "$tmp/speed" >"$tmp/median"
	diag "$name: $(awk '{ print $1 }' "$tmp/median") of the plain loop's, promised $4: $(
		awk -v least="${4%..*}" -v most="${4#*..}" '{ print ($1 >= least && (most == "" || $1 <= most) ? "kept" : "NOT kept here") }' "$tmp/median"
	)"
	diag "  ratios of the $pairs pairs: $(awk '{ print $1 }' "$tmp/speed" | xargs)"
	diag "  at the median: $(awk '{ print $2 ", the plain loop " $3 }' "$tmp/median")"
	ok "$name: $3 of the plain loop's, in a quarter of the pairs" awk -v least="${3%..*}" -v most="${3#*..}" '
		$1 >= least && (most == "" || $1 <= most) { good++ } END { exit !(4 * good >= NR && NR) }' "$tmp/speed"
}

speed_map() { # BACKEND LOOPS PAIRS
	local i what
	for ((i = 0; i < $3; i++)); do pair_map "$1" "$2"; done >"$tmp/pairs"
	for what in rate map unmap; do sed -n "s/^$what //p" "$tmp/pairs" >"$tmp/pairs.$what"; done
	judge "bench map, $1, pairs a second" "$3" 0.5.. 0.9.. <"$tmp/pairs.rate"
	judge "bench map, $1, ns of map" "$3" 0.5..2 0.9..1.1 <"$tmp/pairs.map"
	judge "bench map, $1, ns of unmap" "$3" 0.5..2 0.9..1.1 <"$tmp/pairs.unmap"
}

speed_compare() { # BACKEND LOOPS PAIRS GRAVEYARD FLOOR PROMISE
	local i
	for ((i = 0; i < $3; i++)); do pair_compare "$1" "$2" "$4"; done >"$tmp/pairs"
	judge "compare, $1, graveyard $4" "$3" "$5.." "$6.." <"$tmp/pairs"
}

# Everything that maps and transfers, a few times each.
ways() { # BACKEND
	run --backend "$1" --device "$lsi" --json bench map --size 4K,64K --granule whole,4K --threads 1,2 --loops 20
	json_is '[.result, ([.results[].reference] | unique | join(" ")), (.results | length)] | tostring' \
		'["pass","plain-ioctl",32]' "$1: bench map, in pieces and by two threads" || diag "$(json "{result, note, failures}") $stderr"
	run --backend "$1" --device "$lsi" --json bench unmap --size 64K --loops 20
	json_is '[.result, ([.results[] | select(.unit == "ns") | .name] | join(" "))] | tostring' \
		'["pass","whole many-at-once each all whole-used many-at-once-used"]' "$1: bench unmap" || diag "$(json "{result, note, failures}") $stderr"
	run --backend "$1" --device "$lsi" --json bench dma --size 4K,64K --loops 20
	json_is '[.result, ([.results[].name] | unique | join(" ")), (.note | test("^misses go through [0-9]+ mappings .* looked at"))] | tostring' \
		'["pass","copy-hit copy-hit-time copy-miss copy-miss-time",true]' "$1: bench dma" || diag "$(json "{result, note, failures}") $stderr"
	diag "$1: $(json '[.results[] | "\(.name) \(.size) \(.value | floor * 1) \(.unit)"] | join(", ")')"
	run --backend "$1" --device "$lsi" --json bench map --size 768M --loops 1
	status_is 2 "$1: more memory than there is, is refused"
	like "$stderr" 'of memory are needed, and .* may be taken' "$1: with the numbers"
}

# One device, which each backend has in its turn.
against() { # BACKEND
	local bench others='[.backends[] | "\(.backend) \(.driver) \(.turns)"] | join(", ")'
	for bench in map unmap dma; do
		run --backend "$1" --device "$lsi" --json bench $bench --size 4K --loops 60 --turns 2 --against vfio --against iommufd-compat
		json_is "[.result, ($others)] | tostring" "[\"pass\",\"$1 lsi 2, vfio lsi 2, iommufd-compat lsi 2\"]" "$1: bench $bench against vfio and iommufd-compat" ||
			diag "$(json "{result, note, failures, backends}") $stderr"
		json_is '[.against[] | select(.p == null or .ratio <= 0 or .ratio_low > .ratio or .ratio > .ratio_high)] | length' 0 "$1: each figure of bench $bench is judged"
		json_is '[.results[] | select(.backend == "vfio") | .name] == [.against[] | select(.backend == "vfio") | .name]' true "$1: bench $bench: vfio's beside each of its own"
	done
	diag "$1: $(json '[.against[] | "\(.backend) \(.name) \(.ratio | . * 100 | floor / 100) \(.verdict)"] | join(", ")')"
}

for what in "$@"; do
	IFS=: read -r kind backend loops pairs graveyard <<<"$what"
	case $kind:$graveyard in
	ways:) ways "$backend" ;;
	against:) against "$backend" ;;
	map:) speed_map "$backend" "$loops" "$pairs" ;;
	compare:0) speed_compare "$backend" "$loops" "$pairs" 0 0.45 0.9 ;;
	compare:*) speed_compare "$backend" "$loops" "$pairs" "$graveyard" 0.4 0.8 ;;
	esac
done
left_nothing "$lsi" "nothing is left behind"
done_testing
