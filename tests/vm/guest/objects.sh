# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: iommufd's objects by name. objects.sh mock: the kernel's test device, with its own data types; objects.sh
# device: edu and lsi behind the guest's IOMMU, what they reach after attach, replace, detach and destroy; objects.sh device
# scalable: the same behind one that keeps translations which a replacement under DMA should have removed.
. "$(dirname "$0")/lib.sh"

# script NAME ARGS... <<EOT: every line of the script on stdin is as it should be.
script() {
	local name=$1
	shift
	cat >"$tmp/script"
	run -q "$@" run "$tmp/script" --json
	status_is 0 "$name" || diag "$(json '.results[] | select(.result != "pass")')"
}
# detail LINE REGEX NAME: what a line of it said
detail() { like "$(json ".results[] | select(.line == $1) | .detail")" "$2" "$3"; }

on_mock() {
	script "spaces, copies, options" --backend mock <<'EOT'
map a --size 64K --iova 0x2000000
dma write a --size 4K
ioas new other
map b --size 64K --iova 0x2000000 --ioas other
ioas copy a --to other --iova 0x3000000
ioas copy a+0x1000 --to other --iova kernel --size 8K
!EEXIST ioas copy a --to other
!ENOENT ioas copy 0x9000000 --size 4K --to other
ioas option huge-pages
ioas option huge-pages 0 --ioas other
ioas option rlimit-mode
!EBUSY ioas option rlimit-mode 1
ioas ranges other
ioas allow other 0x5000000..0x5ffffff
map k --size 4K --iova kernel --ioas other
!EADDRINUSE ioas allow main 0x0..0xffff
!EINVAL ioas change-process
!ENODEV ioas vfio get
ioas vfio set other
ioas vfio get
ioas vfio clear
hwinfo
attach other
dma write b --size 4K
!EBUSY destroy other
attach main
dma write a --size 4K
destroy other
!ENOENT destroy other
free a
map m --size 64K --mem memfd --iova 0x2000000
ioas change-process
EOT
	detail 22 '^mock, 8 bytes' "the mock tells what it is"
	detail 20 'other$' "the container's space is told by name"
	script "nested page tables" --backend mock <<'EOT'
map a --size 64K --iova 0x2000000
hwpt new parent --nest-parent
hwpt new nested --parent parent --data mock,iotlb=0xbadbeef
hwpt invalidate nested --type mock flags=1
hwpt invalidate nested --type mock entry=0 entry=1
hwpt invalidate nested --type mock
!EINVAL hwpt invalidate nested --type 0xdadbeef
attach nested
!ENODEV dma write a --size 4K
!EBUSY destroy nested
attach main
!EBUSY destroy parent
destroy nested
destroy parent
dma write a --size 4K
EOT
	detail 5 '^2 of 2 entries' "the kernel counts invalidations"
	script "page faults read and answered" --backend mock <<'EOT'
hwpt new parent --nest-parent
faultq new q
hwpt new fq --parent parent --data mock,iotlb=0xbadbeef --fault-queue q
attach fq
!EAGAIN faultq read q
faultq trigger --addr 0x123000 --perm w --group 7
faultq read q --wait 10s
faultq answer q
!EAGAIN faultq read q
faultq trigger --addr 0x124000 --group 8
faultq read q --wait 10s
faultq answer q --invalid
!EINVAL faultq answer q 77
!EBUSY destroy q
attach main
destroy fq
destroy q
EOT
	detail 7 '^1 faults, the first at 0x123000' "the fault that was triggered is read"
	detail 8 '^1 answered' "and answered"
	script "virtual IOMMUs" --backend mock <<'EOT'
hwpt new parent --nest-parent
viommu new v --parent parent --data mock,in=5
viommu device vd v --id 0x123
!EEXIST viommu device vd2 v --id 0x124
hwpt new vn --parent v --data mock,iotlb=0xbadbeef
hwpt invalidate v --type mock-viommu vdev=0x123,cache=1
viommu events ev v --type 0xbeefbeef --depth 2
attach vn
!EAGAIN viommu read ev
viommu trigger
viommu read ev
attach main
map hq --size 8K --iova 0x4000000
viommu queue q0 v --type 0xdeadbeef --index 0 --iova 0x4000000 --size 4K
!EBUSY destroy v
destroy q0
destroy ev
destroy vn
destroy vd
destroy v
destroy parent
EOT
	detail 11 '^1 events' "the event that was triggered is read"
	script "PASIDs" --backend mock,pasid <<'EOT'
ioas new s
hwpt new home --pasid
hwpt new pp --pasid
hwpt new ps --pasid --parent s
attach main
!EINVAL attach pp --pasid 5
attach home
attach pp --pasid 5
attach ps --pasid 5
attach ps --pasid 6
!EBUSY destroy ps
!EINVAL attach s --pasid 7
detach --pasid 5
detach --pasid 6
!ENOENT detach --pasid 6
destroy ps
EOT
	script "no PASIDs without the option" --backend mock <<'EOT'
hwpt new home
attach home
!EINVAL attach home --pasid 5
EOT
	script "replaced under accesses" --backend mock <<'EOT'
ioas new x
replace main x --rounds 50
EOT
	# what is left open at the end is taken down in an order that works, or the kernel would complain
	script "left for the end" --backend mock,pasid <<'EOT'
ioas new s
faultq new q
hwpt new parent --nest-parent --pasid
hwpt new nested --parent parent --data mock,iotlb=1 --fault-queue q
hwpt new ps --pasid --parent s
viommu new v --parent parent --data mock
viommu device vd v --id 1
viommu events ev v --type 0xbeefbeef
map a --size 64K --iova 0x2000000
ioas copy a --to s
attach parent
attach ps --pasid 3
maps
EOT
}

# replaced DEVICE ROUNDS NAME OPTIONS...
replaced() {
	RUN_TIMEOUT=150 script "$1: $3" --backend iommufd --device "$1" --canary require <<EOT
ioas new x
replace main x --rounds $2 ${*:4}
EOT
	diag "$(json '.results[] | select(.line == 2) | .detail')"
}

# What QEMU's scalable mode translates while the kernel takes an entry of the PASID table down stays in its IOTLB, out of
# reach of the invalidations that follow (docs/differences.md, findings). That is found, or it did not happen; nothing else may go wrong. Last: other
# sessions' canaries would meet what is left.
replaced_scalable() {
	RUN_TIMEOUT=150 run -q --json --backend iommufd --device "$1" --canary require run "$tmp/script"
	like "$status $(json '[.results[] | select(.result != "pass")][0].detail')" \
		'^(0 null|1 (stale-read|stale-write|untranslated): .*)$' "$1: replaced while its DMA runs: stale translations are found, nothing else" ||
		diag "$stdout $stderr"
	diag "$(json '.results[] | select(.line == 2) | .detail')"
}

on_device() {
	local edu lsi dev rounds
	edu=$(pci_edu) lsi=$(pci_lsi)
	take "$edu" "$lsi"
	# edu needs nothing from memory: detached it can still try
	script "edu: detached it reaches nothing" --backend iommufd --device "$edu" --canary require <<'EOT'
map a --size 8K --iova 0x100000
fill a --stamp 1
dma copy a a+0x1000 --size 4K
check a --offset 4K --stamp 1 --from 0
fill a --offset 4K --byte 0x5a
detach
dma copy a a+0x1000 --size 4K --may-fault
check a --offset 4K --byte 0x5a
attach main
dma copy a a+0x1000 --size 4K
check a --offset 4K --stamp 1 --from 0
EOT
	run -q --tap --backend iommufd --device "$edu" --canary require run "$tmp/script"
	for dev in "$edu" "$lsi"; do
		script "$dev: another space" --backend iommufd --device "$dev" --canary require <<'EOT'
map a --size 8K --iova 0x100000
fill a --stamp 1
dma copy a a+0x1000 --size 4K
ioas new other
map b --size 8K --iova 0x100000 --ioas other
fill b --stamp 2
fill a --offset 4K --byte 0x11
attach other
dma copy b b+0x1000 --size 4K
check b --offset 4K --stamp 2 --from 0
check a --offset 4K --byte 0x11
ioas copy a --to other --iova 0x200000
dma copy a a+0x1000 --size 4K
check a --offset 4K --stamp 1 --from 0
!EBUSY destroy other
attach main
dma copy a a+0x1000 --size 4K
EOT
		# the pages under test lie where an untranslated access would find pages of ours
		script "$dev: after destroying the page table" --backend iommufd --device "$dev" --canary require <<'EOT'
map a --size 4K --iova 0x100000
fill a --byte 0x11
dma copy a a --size 64
ioas new other
map b --size 4K --iova canary --ioas other
fill b --byte 0x22
hwpt new pt --parent other
attach pt
dma copy a b --size 64 --may-fault
ioas copy a --to other
dma copy a b --size 64
check b --size 64 --byte 0x11
fill b --byte 0x22
attach main
destroy pt
dma copy a b --size 64 --may-fault
check b --byte 0x22
destroy other
dma copy a b --size 64 --may-fault
check b --byte 0x22
EOT
		script "$dev: options, hwinfo, page tables" --backend iommufd --device "$dev" <<'EOT'
hwinfo
ioas option huge-pages
ioas new s
ioas option huge-pages 0 --ioas s
ioas ranges s
hwpt new pt --parent s
attach pt
maps
!EBUSY destroy pt
attach main
destroy pt
ioas vfio set s
ioas vfio clear
destroy s
EOT
		# edu takes 0.1 s for a transfer, by QEMU's clock
		rounds=12
		[ "$dev" != "$lsi" ] || rounds=60
		replaced "$dev" "$rounds" "replaced between its transfers" --between
		json_is '.results[] | select(.line == 2) | .detail | test(" 0 interrupted")' true "$dev: and none of them was interrupted"
		# lsi's program is in memory too: a fetch may meet a replacement
		[ "${1:-}" = scalable ] || replaced "$dev" "$rounds" "replaced while its DMA runs"
		left_nothing "$dev" "$dev: nothing is left behind"
	done
	[ "${1:-}" = scalable ] || return 0
	printf 'ioas new x\nreplace main x --rounds 60\n' >"$tmp/script"
	replaced_scalable "$lsi"
	left_nothing "$lsi" "$lsi: nothing is left behind after that either"
}

"on_$1" "${@:2}"
done_testing
