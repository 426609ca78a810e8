# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the kernel's own test device, as root and as an ordinary user; what is found out behind its back.
. "$(dirname "$0")/lib.sh"

# on_mock NAME LOOPS ARGS...: passes, each loop's map and unmap held against the page table (probes map and unmap as well).
on_mock() {
	local name=$1 loops=$2
	shift 2
	compare_passes "$name" "$loops" --backend mock "$@" || return
	is "$(json "\"\(.page_table) \(.translated) \(.page_table_checks >= 2 * $loops)\"")" "checked false true" \
		"$name: every map and unmap was held against the page table, no data was translated"
}

for iova in fixed:0x10000000 random adversarial kernel sequential; do
	on_mock "${iova%:*}" 150 --size 8K..64K --iova $iova
	on_mock "${iova%:*}, 2M pages of hugetlb" 10 --size 2M --mem hugetlb-2M --iova $iova
	on_mock "${iova%:*}, a memory file" 40 --size 8K..64K --mem memfd --iova $iova
done
is "$(json '"\(.backend) \(.device) \(.driver)"')" "mock mock mock" "the result says what was driven"
is "$(json '.directions | join(" ")')" "read write" "and that both directions were compared"
is "$(json .faults_seen) $(json .foll_pin)" "true judged" "the kernel's log and its pins are watched"
on_mock "4K" 200 --size 4K
is "$(json .page_table_checks)" 400 "once after each map, once after each unmap"
on_mock "transparent huge pages" 20 --size 2M --mem thp
on_mock "two threads" 400 --threads 2
on_mock "eight threads on four queues" 400 --threads 8 --size 4K..64K --graveyard 4
on_mock "mapped and unmapped page by page" 100 --size 8K..64K --map-granule page --unmap page
on_mock "mapped in random pieces" 100 --size 8K..64K --map-granule random
on_mock "everything unmapped at once" 100 --size 8K..64K --unmap all
on_mock "no graveyard" 100 --graveyard 0
on_mock "a graveyard of 64, memory used again" 200 --graveyard 64 --reuse
on_mock "smaller than a page" 200 --size 64..6K
on_mock "read-only and unmapped accesses" 100 --readonly --probe-unmapped
on_mock "by the kernel's slow path" 100 --size 8K..64K --driver mock,slow-path
on_mock "a device without dirty tracking" 20 --backend mock,no-dirty
on_mock "a device with PASIDs" 20 --backend mock,pasid
on_mock "chosen by its device" 20 --device mock

run compare --backend mock --loops 5
like "$stdout" 'no IOMMU translated this data' "text: it is said that nothing was translated"
like "$stdout" '10 maps and unmaps were held against' "text: and what was looked at instead"
like "$stdout" 'skip +the IOMMU translates: not asked: ' "text: the canary was not asked, which is no pass"
unlike "$stdout" 'ok +the IOMMU translates' "text: nobody claims that the IOMMU translates"
unlike "$stderr" 'warning' "without a warning"
run compare --backend mock --loops 5 --canary require
refused 2 'canary is required but cannot be had: not asked: ' "who requires the canary is refused"
run compare --backend mock --loops 5 --device 0000:00:04.0
refused 64 'no device 0000:00:04.0' "another device is refused"
run compare --backend mock,dirty --loops 5
refused 64 "no option 'dirty'" "an unknown option is refused"
run compare --backend mock --loops 5 --driver mock,fast
refused 64 'no option "fast"' "an unknown option of the driver is refused"
run compare --backend mock --loops 5 --iova fixed:0xfff000
refused 64 'not usable here' "an address below the aperture is refused"

# What a script sees of it.
cat >"$tmp/script" <<'END'
map a --size 8K --iova 0x2000000
fill a --size 4K --stamp 1
dma copy a a+4096 --size 4K
check a --offset 4096 --size 4K --stamp 1 --from 0
!EEXIST map b --size 4K --iova 0x2001000
!EINVAL map b --size 4K --iova 0x80000000
!EINVAL map b --size 4K --iova 0x2004001
!ENOENT unmap --iova 0x2000000 --size 4K
dma read a --size 8K
unmap a
! dma read 0x2000000 --size 64
! dma write 0x2000000 --size 64
map a --size 8K --iova 0x2000000 --prot r
dma read a --size 64
! dma write a --size 64
unmap --all
map h --size 2M --mem hugetlb-2M --iova 0x40000000
dma write h --size 2M
unmap h
map m --size 64K --mem memfd --iova kernel
dma write m+0x1800 --size 0x2000
unmap m
END
run --json run --backend mock "$tmp/script"
is "$status $(json '[.results[] | select(.result != "pass")] | length')" "0 0" "a script does what it says" ||
	diag "$(json '.results[] | select(.result != "pass")')" "$stderr"

# Elsewhere than where it began: other spaces, other page tables, nested ones, single PASIDs. Each is asked what it holds.
cat >"$tmp/script" <<'END'
map a --size 8K --iova 0x2000000
ioas new other
ioas copy a --to other
attach other
dma read a --size 8K
map b --size 16K --iova 0x3001000 --ioas other
dma write b --size 16K
unmap b
! dma read 0x3001000 --size 64
attach main
unmap a
hwpt new np --nest-parent
attach np
map c --size 64K --iova random
unmap c
hwpt new n --parent np --data mock
attach n
map d --size 64K --iova random
unmap d
attach main
destroy n
destroy np
END
run --json run --backend mock "$tmp/script"
is "$status $(json '[.results[] | select(.result != "pass")] | length')" "0 0" "attached to other spaces and page tables" ||
	diag "$(json '.results[] | select(.result != "pass")')" "$stderr"
cat >"$tmp/script" <<'END'
ioas new sp
hwpt new p --pasid --parent sp
attach p --pasid 5
map a --size 12K --iova 0x2001000 --ioas sp
unmap a
attach p --pasid 5
detach --pasid 5
! detach --pasid 6
END
run --json run --backend mock,pasid "$tmp/script"
is "$status $(json '[.results[] | select(.result != "pass")] | length')" "0 0" "a PASID attached elsewhere" ||
	diag "$(json '.results[] | select(.result != "pass")')" "$stderr"

# Memory that is mapped more than once, in parts, or copied: the kernel's pins are as many as the maps, and no leak.
cat >"$tmp/script" <<'END'
map a --size 16K --iova 0x2000000
map b --size 16K --iova 0x3000000 --memory-of a
map c --size 4K --iova 0x4000000 --memory-of a+4K
unmap c
unmap a
unmap b
map a --size 16K --iova 0x2000000
map b --size 16K --iova 0x2004000
ioas copy a --size 32K --iova 0x5000000
ioas copy 0x2004000 --size 16K --iova kernel
free b
unmap --all
ioas new first
map e --size 8K --iova 0x2000000 --ioas first
attach first
dma read e --size 8K
hwpt new np --parent main --nest-parent
viommu new v --parent np --data mock,in=5
viommu device vd v --id 0x10
hwpt new on-v --parent v --data mock
attach on-v
attach first
dma write e --size 8K
END
run --json run --backend mock "$tmp/script"
is "$status $(json '[.results[] | select(.result != "pass")] | length')" "0 0" "memory of several mappings, copies, accesses that go along" ||
	diag "$(json '.results[] | select(.result != "pass")')" "$stderr"

# A user's: what it may open is enough, and there is no canary to miss.
chmod 0666 /dev/iommu
IOMMUCTL_WRAPPER=as-user
on_mock "as a user" 200 --size 8K..64K
is "$(json .foll_pin)" "the kernel has no nr_foll_pin counters, or they lag (only root may refresh them)" "a user sees no counters of all pins, and says so"
IOMMUCTL_WRAPPER=

# Told apart from a pass: the kernel warns while it runs.
rm -f "$tmp/going"
(
	wait_for 60 test -s "$tmp/going"
	echo "WARNING: on purpose, by tests/vm/guest/mock.sh" >/dev/kmsg
	echo 512 >/proc/sys/kernel/tainted
) &
run --json compare --backend mock --time 20s --log "$tmp/going"
wait
is "$status $(json '.classes | keys | join(" ")')" "1 kernel" "a kernel that warns meanwhile is a failure of its own"

# Another program undoes, doubles and moves what was mapped; each of its points is one of ours.
while IFS= read -r line; do
	case $line in
	"ok "*) pass "behind: ${line#*- }" ;;
	"not ok "*) fail "behind: ${line#*- }" ;;
	*) diag "$line" ;;
	esac
done < <(behind)
is "$(ls /sys/bus/iommufd_mock/devices 2>/dev/null | wc -l)" 0 "no mock device is left"
done_testing
