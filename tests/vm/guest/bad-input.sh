# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: bad input on real devices; every refusal has its message and status, and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi) nic=$(pci 8086:10d3) disk=$(pci 1b36:0010)

run compare --device 0000:00:1e.7
refused 2 '0000:00:1e\.7' "no such device"
run bind 0000:00:1e.7
refused 2 '0000:00:1e\.7' "bind: no such device"
run compare --device "$lsi"
refused 2 "$lsi is not bound to vfio-pci" "a device without a driver"
run compare --device "$nic"
refused 2 "$nic is bound to e1000e" "a device that a host driver has"
is "$(driver_of "$nic")" e1000e "which keeps it"

ip link set eth0 up
run bind "$nic"
refused 2 'eth0' "bind: an interface that is up"
mke2fs /dev/nvme0n1 >/dev/null 2>&1
mkdir -p /mnt
modprobe ext4
mount -t ext2 /dev/nvme0n1 /mnt || diag "cannot mount"
run bind "$disk"
refused 2 '/mnt' "bind: a mounted file system"
umount /mnt
mkswap /dev/nvme0n1 >/dev/null && swapon /dev/nvme0n1
run bind "$disk"
refused 2 'swap' "bind: swap"
swapoff /dev/nvme0n1
is "$(driver_of "$nic") $(driver_of "$disk")" "e1000e nvme" "the devices in use stay where they are"
run --dry-run bind "$disk"
is "$status $(driver_of "$disk")" "0 nvme" "--dry-run changes nothing"
run --json bind "$disk"
is "$status $(json '.devices[0] | "\(.from) \(.to) \(.changed)"')" "0 nvme vfio-pci true" "a disk that is not in use is bound"
run --json unbind "$disk"
is "$status $(driver_of "$disk")" "0 nvme" "and given back"
ok "and works" wait_for 10 test -b /dev/nvme0n1
ip link set eth0 down
run --json bind "$nic"
is "$status $(driver_of "$nic")" "0 vfio-pci" "an interface that is down is bound"
run --json unbind "$nic"
is "$status $(driver_of "$nic")" "0 e1000e" "and given back"

run bind "$lsi"
status_is 0 "lsi is bound"
group=$(group_of "$lsi")
IOMMUCTL_WRAPPER=as-user
run compare --device "$lsi" --loops 10
refused 2 "/dev/vfio/$group" "no permission for the group's node"
chown user "/dev/vfio/$group"
ulimit -l 64
run compare --device "$lsi" --loops 10 --size 64K
refused 2 '[Mm][Ee][Mm][Ll][Oo][Cc][Kk]|ulimit -l|locked' "MEMLOCK is too small"
like "$stderr" '^hint:.*[0-9]' "and the number needed is said"
ulimit -l unlimited
run bind "$nic"
isnt "$status $(driver_of "$nic")" "0 vfio-pci" "an ordinary user cannot bind"
IOMMUCTL_WRAPPER=

# map ... on the device; SIZE 0 and wrapping are usage errors, unless the kernel is to be asked.
map() { run map --device "$lsi" --backend vfio --hold 0s "$@"; }
map --iova 0x10000000 --size 8K
status_is 0 "a plain map works"
map --iova 0xfee00000 --size 4K
refused 64 '0xfee00000' "an iova in the MSI window"
map --unchecked --iova 0xfee00000 --size 4K
refused 2 'cannot map 0x1000 bytes at iova 0xfee00000: Invalid argument' "an iova in the MSI window, the kernel's answer"
map --iova 0xfffffffffffe0000 --size 8K
refused 64 '0xfffffffffffe0000' "an iova above the aperture"
map --iova 0xfffffffffffff000 --size 8K
refused 64 'iova|size' "a range that wraps"
map --unchecked --iova 0xfffffffffffff000 --size 8K
refused 2 'cannot map 0x2000 bytes at iova 0xfffffffffffff000: Invalid argument' "a range that wraps, the kernel's answer"
map --iova 0x10000000 --size 0
refused 64 'size' "size 0"
map --unchecked --iova 0x10000000 --size 0
refused 2 'cannot map 0x0 bytes at iova 0x10000000: Invalid argument' "size 0, the kernel's answer"
map --iova 0x10000800 --size 4K --unchecked
refused 2 'Invalid argument' "a misaligned iova, the kernel's answer"
map --iova 0x10000000 --size 12Q
refused 64 'size' "a size with a tail"

run compare --device "$lsi" --loops 10 --iova fixed:0xfee00000
isnt "$status" 0 "compare at the MSI window does not pass"
refused "$status" 'fee00000' "and says why"
run compare --device "$lsi" --loops 10 --iova fixed:0x100000000000000
isnt "$status" 0 "compare above the device's reach does not pass"
refused "$status" '0x100000000000000' "and says why"
run compare --device "$lsi" --loops 10 --size 0
refused 64 'size' "compare: size 0"
run compare --device "$lsi" --size 64K..8K
refused 64 'size' "compare: a size range the wrong way round"

cat >"$tmp/overlap" <<END
map first --size 16K --iova 0x10000000
!EEXIST map second --size 8K --iova 0x10002000
map third --size 8K --iova 0x10004000
unmap third
unmap first
map second --size 8K --iova 0x10002000
END
run --device "$lsi" --backend vfio run "$tmp/overlap"
status_is 0 "an overlapping map is refused with EEXIST, its neighbours are not"
left_nothing "$lsi" "nothing is left behind by the maps"

# The kernel logs only some of the faults, and the device reports none: what was not seen is no verdict.
{
	echo "map a --size 4K --iova 0x10000000"
	for i in 0 1 2 3 4 5 6 7 8 9 a b; do echo "!dma copy a 0x1${i}800000 --size 64"; done
	echo "!dma copy a a+0x800 --size 64"
} >"$tmp/refused"
run --json --device "$lsi" --backend vfio run --keep-going "$tmp/refused"
is "$(json '[.results[1:13][] | select(.result != "pass" and .result != "skip")] | length')" 0 "accesses that are refused, whether seen or not, are no failures" ||
	diag "$(json '[.results[] | "\(.line) \(.result) \(.detail)"]')"
ok "some are seen, or told as not seen" test "$(json '[.results[1:13][] | select(.result == "pass" or (.detail | test("was not seen")))] | length')" = 12
is "$status $(json '.results[13].result')" "1 fail" "an access that must be refused and is not is one"

run --backend nosuch compare
refused 64 'nosuch' "an unknown backend"
run --driver nosuch compare --device "$lsi"
refused 64 'nosuch' "an unknown driver"
run --backend sim,fault=nosuch compare
refused 64 'nosuch' "an unknown fault"
run compare --nosuch
is "$status $(grep -c nosuch "$tmp/stderr")" "64 1" "an unknown option"
run nosuch
refused 64 'nosuch' "an unknown command"
run --driver edu compare --device "$lsi" --loops 1
refused 2 'edu' "a driver for another device"

run compare --device "$lsi" --size 8K --loops 2000 --log /dev/full
refused 2 'No space left' "a full disk for --log"
if [ -e /dev/full ]; then
	# shellcheck disable=SC2086
	"$IOMMUCTL" --json compare --device "$lsi" --size 8K --loops 10 >/dev/full 2>"$tmp/stderr"
	is "$?" 2 "a full disk for stdout"
	like "$(cat "$tmp/stderr")" 'No space left' "and says so"
fi
left_nothing "$lsi" "nothing is left behind"
compare_passes "and the device still passes" 200 --device "$lsi" --size 8K..64K --canary require
run compare --backend mock --loops 1
refused 2 'cannot open /dev/iommu' "a kernel without iommufd has no mock device"
like "$stderr" 'hint: .*CONFIG_IOMMUFD_TEST' "and is told what it takes"
done_testing
