# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: bad input and missing parts on /dev/iommu; every refusal has its message and status, and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi) nic=$(pci 8086:10d3)

for backend in iommufd iommufd-compat; do
	run compare --backend $backend
	refused 64 "backend $backend needs a device" "$backend: no device"
	run compare --backend $backend --device 0000:00:1e.7
	refused 2 '0000:00:1e\.7' "$backend: no such device"
	run compare --backend $backend --device "$lsi"
	refused 2 "$lsi is not bound to vfio-pci" "$backend: a device without a driver"
	run compare --backend $backend --device sim
	refused 64 "backend $backend has no device sim" "$backend has no simulated device"
done
run compare --backend iommufd,type=v1 --device "$lsi"
refused 64 'bad option' "an option that iommufd does not have"
like "$stderr" '^hint:.*rlimit=user, rlimit=process' "and which it has"
run compare --backend iommufd-compat,type=v3 --device "$lsi"
refused 64 'bad option' "an option that iommufd-compat does not have"
like "$stderr" '^hint:.*type=v1, type=v2' "and which it has"
run compare --backend iommufd --device "$lsi" --vf-token 1234
refused 64 'not a UUID' "a token that is none"

take "$lsi"
cdev=/dev/vfio/devices/$(basename "/sys/bus/pci/devices/$lsi/vfio-dev"/*)
run compare --backend iommufd --device "$lsi" --vf-token 00112233-4455-6677-8899-aabbccddeeff
refused 2 "cannot bind $lsi" "a token for a device that takes none"
like "$stderr" '^hint:.*(takes none|takes no --vf-token)' "and says so"

# map BACKEND ARGS...
map() { run map --device "$lsi" --hold 0s --backend "$@"; }
for backend in iommufd iommufd-compat; do
	map $backend --iova 0x10000000 --size 8K
	status_is 0 "$backend: a plain map works"
	map $backend --iova 0xfee00000 --size 4K
	refused 64 '0xfee00000' "$backend: an iova in the MSI window"
	map $backend --unchecked --iova 0xfee00000 --size 4K
	refused 2 'cannot map 0x1000 bytes at iova 0xfee00000: Invalid argument' "$backend: the kernel's answer to it"
	like "$stderr" '^hint: 0xfee00000-0xfeefffff is reserved' "and why"
	map $backend --unchecked --iova 0xfffffffffffff000 --size 8K
	refused 2 'at iova 0xfffffffffffff000: Value too large' "$backend: a range that wraps, the kernel's answer"
	like "$stderr" '^hint: iova \+ size goes past 2\^64' "and why"
	map $backend --unchecked --iova 0x10000000 --size 0
	refused 2 'cannot map 0x0 bytes at iova 0x10000000: Invalid argument' "$backend: size 0, the kernel's answer"
	map $backend --unchecked --iova 0x10000800 --size 4K
	refused 2 'Invalid argument' "$backend: a misaligned iova, the kernel's answer"
	map $backend --unchecked --iova 0x1000000000000000 --size 4K
	refused 2 'Invalid argument' "$backend: above the aperture, the kernel's answer"
	like "$stderr" '^hint: this IOMMU takes iovas in 0x0-' "and which it takes"
done
map iommufd-compat --iova kernel --size 4K
refused 4 'cannot choose' "iommufd-compat: no iova of the kernel's choice"
map iommufd --iova kernel --size 4K
status_is 0 "iommufd: one of the kernel's choice"

# What the kernel chooses keeps off the PCI windows, where it would go by itself: all below them is in use.
cat >"$tmp/choice" <<'END'
map low --size 4K --iova kernel
map again --size 4K --iova kernel
unmap low
map third --size 4K --iova kernel
unmap --all
END
run --json run "$tmp/choice" --device "$lsi" --backend iommufd
is "$status $(json .result)" "0 pass" "the kernel chooses again and again"

# script NAME BACKEND: the lines on stdin
script() {
	cat >"$tmp/script"
	run --device "$lsi" --backend "$2" run "$tmp/script"
	status_is 0 "$2: $1" || diag "$stdout"
}
whole() {
	cat <<END
map first --size 16K --iova 0x10000000
!EEXIST map second --size 8K --iova 0x10002000
map third --size 8K --iova 0x10004000
!ENOENT unmap --iova 0x10001000 --size 4K
!ENOENT unmap --iova 0x10000000 --size 20K
map first2 --size 16K --iova 0x10000000
unmap third
END
}
script "overlaps are refused, a part is not removed, what lies left of a part is" iommufd < <(whole)
script "the same by the container's interface" iommufd-compat < <(whole)
script "nothing to unmap is an error" iommufd <<<'!ENOENT unmap --iova 0x10000000 --size 8K'
script "nothing to unmap is none" iommufd-compat <<<'unmap --iova 0x10000000 --size 8K'
script "v1 cuts a part out" iommufd-compat,type=v1 <<END
map first --size 16K --iova 0x10000000
unmap --iova 0x10001000 --size 4K
map hole --size 4K --iova 0x10001000
!EEXIST map left --size 4K --iova 0x10000000
!EEXIST map right --size 4K --iova 0x10002000
unmap --iova 0x10000000 --size 16K
END
left_nothing "$lsi" "nothing is left behind by the maps"

mv /dev/iommu /dev/iommu.away
for backend in iommufd iommufd-compat; do
	run compare --backend $backend --device "$lsi" --loops 1
	refused 2 'cannot open /dev/iommu' "$backend: no /dev/iommu"
	like "$stderr" '^hint:.*CONFIG_IOMMUFD' "and what to do"
done
run --json compare --device "$lsi" --loops 5
is "$status $(json .backend)" "0 vfio" "auto takes vfio where there is no /dev/iommu"
mv /dev/iommu.away /dev/iommu
mv "$cdev" "$cdev.away"
run compare --backend iommufd --device "$lsi" --loops 1
refused 2 "there is no $cdev" "no node of the device's own"
run --json compare --device "$lsi" --loops 5
is "$status $(json .backend)" "0 vfio" "auto takes vfio where the device has no node of its own"
mv "$cdev.away" "$cdev"
run --json compare --device "$lsi" --loops 5
is "$status $(json .backend)" "0 iommufd" "and iommufd where both are there"

run compare --backend iommufd --device "$nic"
refused 2 "$nic is (bound to e1000e|not bound)" "a device that is not VFIO's"
left_nothing "$lsi" "nothing is left behind"
compare_passes "and the device still passes" 200 --backend iommufd --device "$lsi" --size 8K..64K --canary require
done_testing
