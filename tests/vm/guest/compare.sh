# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: compare on lsi and edu through VFIO, as root and as an ordinary user, and its speed.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi) edu=$(pci_edu)
loops=${1:-2000}

take "$lsi" "$edu"
group=$(group_of "$lsi")

for iova in fixed:0x10000000 random adversarial; do
	compare_passes "root, vfio, ${iova%:*}" "$loops" --backend vfio --device "$lsi" --size 8K..64K --iova $iova --canary require
	left_nothing "$lsi" "nothing is left behind by it"
done
is "$(json '"\(.backend) \(.device) \(.driver)"')" "vfio $lsi lsi" "the result says what was driven"
is "$(json '.directions | join(" ")')" "read write" "and that both directions were compared"
for iova in fixed:0x10000000 adversarial; do
	compare_passes "root, vfio-v1, ${iova%:*}" 500 --backend vfio-v1 --device "$lsi" --size 8K..64K --iova $iova --canary require
done
compare_passes "root, mapped and unmapped page by page" 200 --backend vfio --device "$lsi" --size 8K..64K --map-granule page --unmap page
compare_passes "root, everything unmapped at once" 200 --backend vfio --device "$lsi" --size 8K..64K --unmap all
compare_passes "root, read-only and unmapped accesses" 200 --backend vfio --device "$lsi" --size 8K --readonly --probe-unmapped --canary require
compare_passes "root, auto chooses a backend for the device" 50 --device "$lsi" --size 8K
compare_passes "root, edu" 10 --backend vfio --device "$edu" --size 4K --canary require
left_nothing "$edu" "nothing is left behind by edu"

chown user "/dev/vfio/$group"
ulimit -l unlimited
IOMMUCTL_WRAPPER=as-user
for iova in fixed:0x10000000 random adversarial; do
	compare_passes "user, vfio, ${iova%:*}" "$loops" --backend vfio --device "$lsi" --size 8K..64K --iova $iova
done
like "$stderr" 'canary|pagemap' "a user is told that there is no canary"
like "$stderr" 'iomem hides the PCI windows' "and that the PCI windows are estimates"
run map --backend vfio --device "$lsi" --size 4K --iova 0xfd000000 --hold 0s
refused 64 'PCI space \(estimated' "a user cannot map into PCI space, though the kernel hides where it is"
run compare --backend vfio --device "$lsi" --size 8K --loops 10 --canary require
refused 2 'canary|pagemap' "a user who requires the canary is refused"
left_nothing "$lsi" "nothing is left behind by the user's runs"
ulimit -l 8192
compare_passes "user, Debian's default MEMLOCK is enough" 200 --backend vfio --device "$lsi" --size 8K
IOMMUCTL_WRAPPER=
ulimit -l unlimited

# loops/s of the last compare.
rate() { json '.loops / .elapsed_s'; }
median() { sort -n | sed -n "$((($1 + 1) / 2))p"; }

# Pairs, one after the other, so that a busy host slows both; the median of the ratios counts.
# The floor is what a busy shared host must still reach; the promise is for a quiet machine, and is printed beside what
# was measured here.
speed() { # GRAVEYARD FLOOR PROMISE
	local i raw
	for i in 1 2 3 4 5; do
		raw=$(raw-vfio-loop "$group" "$lsi" 8192 3000 0x10000000 | sed -n 's/.*miscompares 0 loops.s //p')
		run --json compare --backend vfio --device "$lsi" --loops 3000 --size 8K --iova fixed:0x10000000 --graveyard "$1"
		echo "$(rate) ${raw:-0}" | awk '$2 > 0 { printf "%.3f %.0f %.0f\n", $1 / $2, $1, $2 }'
	done >"$tmp/speed"
	median 5 <"$tmp/speed" >"$tmp/median"
	diag "speed at graveyard $1: measured $(awk '{ print $1 }' "$tmp/median") of the plain loop, promised $3: $(
		awk -v want="$3" '{ print ($1 >= want ? "kept" : "NOT kept here") }' "$tmp/median"
	)"
	diag "  ratios of the 5 pairs: $(awk '{ print $1 }' "$tmp/speed" | sort -n | xargs)"
	diag "  at the median: $(awk '{ print $2 " loops/s, the plain loop " $3 }' "$tmp/median")"
	ok "graveyard $1: at least $2 of the plain loop's speed" awk -v floor="$2" '{ exit !($1 >= floor) }' "$tmp/median"
}
speed 0 0.5 0.8
speed 4 0.4 0.6
done_testing
