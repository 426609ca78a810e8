# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: `bench dirty` held against plain C loops that do the same ioctls and nothing else. dirty-speed.sh [PAIRS]
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
pairs=${1:-5} size=268435456 loops=20
take "$lsi"

plain() { # mock|GROUP PERCENT LOOPS: GiB/s
	raw-dirty-loop "$1" $size "$3" "$2" | sed -n 's/.* GiB.s //p'
}

# speed NAME mock|GROUP LOOPS "PERCENT..." OPTIONS...: pairs, one after the other, so that a busy host slows both; the median of the ratios
# is held against the promise, which is for a quiet host, and printed. What fails is what is slow in every pair: on a busy host medians scatter.
speed() {
	local name=$1 of=$2 loops=$3 percents=$4 i percent ours raw
	shift 4
	rm -f "$tmp"/pairs.*
	for ((i = 0; i < pairs; i++)); do
		run "$@" --json bench dirty --loops "$loops" --size $size
		[ "$status" -eq 0 ] || diag "$stderr"
		json '.results[] | select(.unit == "GiB/s") | "\(.name) \(.value) \(.reference) \(.ratio)"' >"$tmp/rates"
		for percent in $percents; do
			ours=$(sed -n "s/^read-clear-$percent% \([^ ]*\) .*/\1/p" "$tmp/rates")
			raw=$(plain "$of" "$percent" "$loops")
			echo "$ours $raw" | awk 'NF == 2 && $2 > 0 { printf "%.3f %.2f %.2f\n", $1 / $2, $1, $2 }' >>"$tmp/pairs.$percent"
		done
	done
	is "$(cut -d ' ' -f 3 "$tmp/rates" | sort -u)" plain-ioctl "$name: bench dirty has the bare ioctl beside each rate"
	diag "$name: its own ratios: $(cut -d ' ' -f 1,4 "$tmp/rates" | xargs)"
	ok "$name: and ours is at least half as fast" awk '!($4 >= 0.5) { exit 1 }' "$tmp/rates"
	for percent in $percents; do
		sort -n "$tmp/pairs.$percent" >"$tmp/sorted"
		is "$(wc -l <"$tmp/sorted")" $pairs "$name, $percent % dirty: $pairs pairs were measured"
		sed -n $(((pairs + 1) / 2))p "$tmp/sorted" >"$tmp/median"
		diag "$name, $percent % dirty: $(awk '{ print $2 " GiB/s, " $1 " of the plain loop (" $3 ")" }' "$tmp/median"), promised 0.9: $(
			awk '{ print ($1 >= 0.9 ? "kept" : "NOT kept here") }' "$tmp/median"
		); all: $(awk '{ print $1 }' "$tmp/sorted" | xargs)"
		ok "$name, $percent % dirty: at least 0.5 of the plain loop's speed" awk '{ exit !($1 >= 0.5) }' <(tail -n 1 "$tmp/sorted")
	done
}
speed mock mock $loops "1 50 100" --backend mock
speed type1 "$(group_of "$lsi")" 2000 100 --backend vfio --device "$lsi"
left_nothing "$lsi" "nothing is left behind"
done_testing
