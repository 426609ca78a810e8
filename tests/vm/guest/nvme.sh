# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: an NVMe controller by each use of its driver. nvme.sh LOOPS BACKEND...
. "$(dirname "$0")/lib.sh"
nvme=$(pci 1b36:0010)
loops=$1
shift

# on BACKEND OPTIONS WHAT LOOPS ARGS...
on() {
	compare_passes "$1, ${2:-identify}: $3" "$4" --backend "$1" --device "$nvme" --driver "nvme${2:+,$2}" --canary require "${@:5}"
}

# host_has_disk: the kernel's own driver found the namespace.
host_has_disk() { [ -b /dev/nvme0n1 ] && [ "$(cat /sys/class/block/nvme0n1/size)" -eq 131072 ]; }
sum() { dd if=/dev/nvme0n1 bs=1M skip="$1" count="$2" 2>/dev/null | md5sum; }

host=no
[ ! -d /sys/bus/pci/drivers/nvme ] || host=yes
if [ $host = yes ]; then
	ok "the host's driver has the disk" wait_for 20 host_has_disk
	yes nvme | head -c 4194304 | dd of=/dev/nvme0n1 bs=1M conv=fsync 2>/dev/null
	yes lost | head -c 8388608 | dd of=/dev/nvme0n1 bs=1M seek=8 conv=fsync 2>/dev/null
	before=$(sum 0 8) beyond=$(sum 16 48) lost=$(sum 8 8)
fi
take "$nvme"

for backend in "$@"; do
	scratch=scratch=16384+16384
	for iova in fixed:0x10000000 random adversarial; do
		on "$backend" $scratch "${iova%:*}" "$loops" --size 4K..64K --iova $iova
	done
	is "$(json '"\(.backend) \(.device) \(.driver) \(.directions | join(" "))"')" "${backend%,*} $nvme nvme read write" "the result says what was driven, and both ways"
	on "$backend" $scratch,max-transfer=16K "512 KiB in 32 commands at once" 10 --size 512K
	on "$backend" $scratch "512 KiB in one command" 10 --size 512K
	on "$backend" $scratch,sgl "by SGLs" 50 --size 4K..64K
	on "$backend" $scratch,queues=3 "two threads, each with a queue" 60 --size 4K..64K --threads 2
	on "$backend" $scratch "page by page" 30 --size 8K..64K --map-granule page --unmap page
	on "$backend" $scratch "everything unmapped at once" 10 --size 8K --unmap all
	on "$backend" $scratch "read-only and unmapped accesses" 20 --size 4K --readonly --probe-unmapped
	on "$backend" "" "its own data" 20 --size 8K
	is "$(json '"\(.directions | join(" "))"')" "write" "which goes one way"
	on "$backend" log=5 "a log page" 20 --size 8K
	on "$backend" blocks=0+64 "blocks that are read" 20 --size 32K
	left_nothing "$nvme" "nothing is left behind by it"
done

cat >"$tmp/blocks.iommu" <<'END'
map a --size 4K
fill a --byte 0
dma write a --size 4K
check a --byte 0x6e
END
cat >"$tmp/compare.iommu" <<'END'
map a --size 4K
fill a --byte 0
dma read a --size 4K
END
if [ $host = yes ]; then
	run --backend "$1" --device "$nvme" --driver nvme,blocks=0+8 run "$tmp/blocks.iommu"
	is "$status" 1 "the device wrote what the disk has"
	like "$stdout$stderr" 'byte 0x76 where 0x6e was due' "which begins with an n, and goes on with a v"
	# nothing shows where a device reads that only reads
	run --backend "$1" --device "$nvme" --driver nvme,compare=0+8 run "$tmp/compare.iommu"
	is "$status" 1 "memory that differs from blocks is the device's error" || diag "$stdout $stderr"
	like "$stdout$stderr" 'the device reported an error' "and told as that"
fi
run --backend "$1" --device "$nvme" --driver nvme,compare=65536+8 run "$tmp/compare.iommu"
status_is 0 "memory that does not is none" || diag "$stdout $stderr"

run compare --backend "$1" --device "$nvme" --driver nvme,scratch=131064+16 --size 4K --loops 1
refused 64 'are not all in namespace 1' "blocks beyond the namespace are refused"
run compare --backend "$1" --device "$nvme" --driver nvme,scratch=0+16,ns=2 --size 4K --loops 1
refused 2 'namespace' "a namespace that is not there is refused"
run compare --backend "$1" --device "$nvme" --driver nvme,scratch=0+2048,max-transfer=1M --size 4K --loops 1
refused 64 'max-transfer=1M' "more than the controller moves at once is refused"

if [ $host = yes ]; then
	run unbind "$nvme"
	status_is 0 "unbind" || diag "$stderr"
	ok "the host's driver has the disk again" wait_for 20 host_has_disk
	is "$(sum 0 8) $(sum 16 48)" "$before $beyond" "what was not scratch is as it was"
	isnt "$(sum 8 8)" "$lost" "and scratch is not"

	mkswap /dev/nvme0n1 >/dev/null && swapon /dev/nvme0n1
	run bind "$nvme"
	refused 2 'nvme0n1 is swap' "a disk in use is not given"
	swapoff /dev/nvme0n1
	mke2fs /dev/nvme0n1 >/dev/null 2>&1
	mkdir -p /mnt && mount -t ext4 -o ro /dev/nvme0n1 /mnt
	is $? 0 "a file system is mounted"
	run bind --force "$nvme"
	status_is 0 "unless by force" || diag "$stderr"
	run compare --backend "$1" --device "$nvme" --driver nvme,scratch=16384+16384 --size 4K --loops 1
	refused 2 'taken by force while nvme0n1 is mounted on /mnt' "then its blocks are no scratch"
	like "$stderr" 'hint: .*unbind.*without --force' "and what to do is told"
	on "$1" "" "its own data it may write" 5 --size 4K
	# what is mounted from a disk that is gone says so even when nobody remembers the force
	rm "/run/iommuctl/bind/$nvme"
	run compare --backend "$1" --device "$nvme" --driver nvme,scratch=16384+16384 --size 4K --loops 1
	refused 2 '/dev/nvme0n1, mounted on /mnt, is on a disk that is gone' "nor while it is mounted still"
	umount /mnt
	on "$1" scratch=16384+16384 "once it is not" 5 --size 4K
	echo "nvme" >"/sys/bus/pci/devices/$nvme/driver_override"
	run unbind "$nvme"
	echo >"/sys/bus/pci/devices/$nvme/driver_override"
fi
done_testing
