# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: compare on lsi and edu through VFIO, as root and as an ordinary user; the system calls of its loop.
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

# Where the kernel has no time that can be read without it, the clock is asked by a call (228, clock_gettime), at moments of its own.
clock_call=228
[ "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" != tsc ] || clock_call=none
# What 64 loops call, as "NAME COUNT": the difference between two runs, beyond which both have looked at the machine as often.
calls() { # OPTIONS...: of compare
	local n
	for n in 640 704; do
		IOMMUCTL_WRAPPER="env LD_PRELOAD=/usr/lib/count-calls.so COUNT_CALLS=$tmp/calls.$n" \
			run -q compare --backend vfio --device "$lsi" --loops $n --size 8K --iova fixed:0x10000000 "$@"
		[ "$status" -eq 0 ] || diag "$stderr"
	done
	awk -v clock="$clock_call" 'NR == FNR { n[$1] = $2; next } { n[$1] = $2 - n[$1] } END { for (i in n) if (n[i] && i != clock) print i, n[i] }' \
		"$tmp/calls.640" "$tmp/calls.704" | sed 's/^9 /mmap /; s/^11 /munmap /; s/^16 /ioctl /; s/^28 /madvise /' | sort | xargs
}
if [ -e /usr/lib/count-calls.so ]; then
	is "$(calls --graveyard 0)" "ioctl 128 mmap 64 munmap 64" "a loop maps fresh memory and unmaps it, and makes no other system call"
	is "$(calls --graveyard 0 --reuse)" "ioctl 128" "with --reuse there are map and unmap only"
	is "$(calls --graveyard 4)" "ioctl 136 mmap 4 munmap 4" "a graveyard takes its memory and its pins for 16 loops at once"
	is "$(calls --graveyard 4 --reuse)" "ioctl 128" "with --reuse a graveyard keeps its memory and pins"
	is "$(calls --graveyard 0 --map-granule page)" "ioctl 320 mmap 64 munmap 64" "a map call for each page is counted"
fi

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
done_testing
