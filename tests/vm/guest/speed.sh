# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: `bench map` held against plain C loops that do the same ioctls and nothing else. speed.sh BACKEND:LOOPS...
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
pairs=15 size=4096 iova=0x10000000
take "$lsi"

plain() { # BACKEND LOOPS: pairs of map and unmap a second
	case $1 in
	iommufd) raw-iommufd-loop "$lsi" $size "$2" $iova ;;
	vfio) raw-vfio-loop "$(group_of "$lsi")" "$lsi" $size "$2" $iova pairs ;;
	esac | sed -n 's/.* pairs.s //p'
}

ours() { # BACKEND LOOPS REFERENCE: the ratio to it, and the rate
	run --backend "$1" --device "$lsi" --json bench map --warmup "$2" --loops "$2" --size $size --iova $iova --reference "plain-loop=${3:-0}"
	json '.results[0] | "\(.ratio) \(.value)"'
}

# Pairs, one after the other, so that a busy host slows both; the median of the ratios counts. The floor is what a busy
# shared host must still reach; the promise is for a quiet machine, and is printed beside what was measured here.
speed() { # BACKEND LOOPS FLOOR PROMISE
	local i raw
	for ((i = 0; i < pairs; i++)); do
		raw=$(plain "$1" "$2")
		echo "$(ours "$1" "$2" "$raw") $raw" | awk 'NF == 3 { printf "%.3f %.0f %.0f\n", $1, $2, $3 }'
	done | sort -n >"$tmp/speed"
	is "$(wc -l <"$tmp/speed")" $pairs "$1: $pairs pairs were measured"
	sed -n $(((pairs + 1) / 2))p "$tmp/speed" >"$tmp/median"
	diag "$1: $(awk '{ print $1 }' "$tmp/median") of the plain loop's speed, promised $4: $(
		awk -v want="$4" '{ print ($1 >= want ? "kept" : "NOT kept here") }' "$tmp/median"
	)"
	diag "  ratios of the $pairs pairs: $(awk '{ print $1 }' "$tmp/speed" | xargs)"
	diag "  at the median: $(awk '{ print $2 " pairs/s, the plain loop " $3 }' "$tmp/median")"
	ok "$1: at least $3 of the plain loop's speed" awk -v floor="$3" '{ exit !($1 >= floor) }' "$tmp/median"
}
for what in "$@"; do speed "${what%:*}" "${what#*:}" 0.5 0.9; done
left_nothing "$lsi" "nothing is left behind"
done_testing
