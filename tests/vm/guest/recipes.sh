# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: recipe drivers of lsi, nvme and edu against the drivers in C: compare passes by both, and the rates side by side.
# recipes.sh [LOOPS [PAIRS [LOOPS-OF-A-PAIR]]]
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi) edu=$(pci_edu) nvme=$(pci 1b36:0010)
loops=${1:-200} pairs=${2:-3} each=${3:-400}
[ "$loops" -le 1000 ] || RUN_TIMEOUT=600

take "$lsi" "$edu" "$nvme"

recipe() { echo "recipe:/t/recipes/$1.recipe"; }

# by_both BACKEND ID DRIVER RECIPE LOOPS ARGS...: both pass, and say the same of what they compared
by_both() {
	local what=$3 c
	compare_passes "$what, $1" "$5" --backend "$1" --device "$2" --driver "$3" --canary require "${@:6}"
	c=$(json '[.directions, (.skipped | length), .bytes]')
	rates=('' "$(json '.loops / .elapsed_s')")
	compare_passes "recipe:$4, $1" "$5" --backend "$1" --device "$2" --driver "$(recipe "$4")" --canary require "${@:6}"
	rates[0]=$(json '.loops / .elapsed_s')
	is "$(json '[.directions, (.skipped | length), .bytes]')" "$c" "recipe:$4, $1: in the same directions, as many bytes"
	is "$(json .driver)" "recipe:$4" "recipe:$4, $1: the result says whose it was"
	left_nothing "$2" "recipe:$4, $1: nothing is left behind by it"
}
by_both vfio "$lsi" lsi lsi "$loops" --seed 1 --size 4K..64K --iova fixed:0x10000000
by_both iommufd "$nvme" nvme nvme-identify "$loops" --seed 1 --size 4K..16K --iova fixed:0x10000000
by_both iommufd "$lsi" lsi lsi 50 --seed 1 --size 8K --readonly --probe-unmapped --iova adversarial
by_both vfio "$edu" edu edu 10 --seed 1 --size 4K
run compare --backend vfio --device "$lsi" --driver "$(recipe edu)" --loops 1
refused 2 "recipe /t/recipes/edu.recipe is not for $lsi [(]1000:0012[)]" "a recipe for another device is refused"

# Pairs, one after the other. The promise is for a quiet machine, and the median is held against it; what fails is a recipe that does not
# reach half of the driver in any pair, which a busy host alone hardly brings about.
rate() { # ID DRIVER ARGS...
	run --json compare --backend vfio --device "$1" --driver "$2" "${@:3}"
	json 'if .result == "pass" then .loops / .elapsed_s else 0 end'
}
speed() { # ID DRIVER RECIPE ARGS...
	local i c r
	for ((i = 0; i < pairs; i++)); do
		c=$(rate "$1" "$2" "${@:4}")
		r=$(rate "$1" "$(recipe "$3")" "${@:4}")
		ratio "$r" "$c"
	done | sort -n >"$tmp/speed"
	judge "$3"
}
ratio() { awk -v r="$1" -v c="$2" 'BEGIN { printf "%.3f %.1f %.1f\n", (c > 0 ? r / c : 0), r, c }'; }
judge() { # RECIPE: by the lines of $tmp/speed, RATIO LOOPS/S LOOPS/S-IN-C, the lowest first
	local median pairs
	pairs=$(wc -l <"$tmp/speed")
	median=$(sed -n "$(((pairs + 1) / 2))p" "$tmp/speed")
	diag "recipe:$1: measured ${median%% *} of the driver in C, promised 0.8: $(awk '{ print ($1 >= 0.8 ? "kept" : "NOT kept here") }' <<<"$median")"
	diag "  ratios: $(cut -d' ' -f1 "$tmp/speed" | xargs); loops/s at the median: $(cut -d' ' -f2 <<<"$median"), in C $(cut -d' ' -f3 <<<"$median")"
	ok "recipe:$1: at least half of the driver's speed" awk -v best="$(tail -n 1 "$tmp/speed")" 'BEGIN { exit !(best + 0 >= 0.5) }'
}
speed "$lsi" lsi lsi --loops "$each" --size 8K --iova fixed:0x10000000
speed "$nvme" nvme nvme-identify --loops "$each" --size 4K --iova fixed:0x10000000

# 100 ms of each of edu's transfers are its own
ratio "${rates[@]}" >"$tmp/speed"
judge edu
done_testing
