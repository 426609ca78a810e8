# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest, by busybox: what list, caps and audit say, and what sysfs and the registers say, into /out; then a capture. The
# host judges it (tests/vm/audit.sh), which is faster. audit.sh [bind]
units=/sys/class/iommu
devices=/sys/bus/pci/devices
for edu in "$devices"/*; do [ "$(cat "$edu/device")" != 0x11e8 ] || break; done
edu=$(basename "$edu")
echo "$edu" >/out/edu

say() { # FILE COMMAND...
	local file=$1
	shift
	"$@" >"/out/$file" 2>"/out/$file.err"
	echo $? >"/out/$file.status"
}
link_of() { basename "$(readlink "$1")" 2>/dev/null; }

sys_devices() { # ID GROUP UNIT DRIVER
	for dev in "$devices"/*; do
		echo "$(basename "$dev") $(link_of "$dev/iommu_group") $(link_of "$dev/iommu") $(link_of "$dev/driver")"
	done
}
sys_groups() { # ID TYPE DEVICE... START-LAST-TYPE...
	for group in $(ls /sys/kernel/iommu_groups | sort -n); do
		echo $group $(cat /sys/kernel/iommu_groups/$group/type) $(ls /sys/kernel/iommu_groups/$group/devices) \
			$(tr ' ' - </sys/kernel/iommu_groups/$group/reserved_regions)
	done
}

# UNIT REGISTER VALUE, as the hardware has them, past the kernel. AMD's address is that of the first block in IVRS.
registers() {
	for unit in "$units"/*; do
		name=$(basename "$unit")
		if [ -e "$unit/intel-iommu" ]; then
			base=$((0x$(cat "$unit/intel-iommu/address")))
			echo "$name vtd.ver $(devmem $base 32)"
			echo "$name vtd.cap $(devmem $((base + 0x8)) 64)"
			echo "$name vtd.ecap $(devmem $((base + 0x10)) 64)"
		elif [ -e "$unit/amd-iommu" ]; then
			base=$((0x$(dd if=/sys/firmware/acpi/tables/IVRS bs=1 skip=56 count=4 2>/dev/null | od -An -tx4 | tr -d ' ')))
			echo "$name amd.efr $(devmem $((base + 0x30)) 64)"
			echo "$name amd.efr2 $(devmem $((base + 0x1a0)) 64)"
		elif [ -e "$unit/device/features" ]; then # a string of bits, bit 0 first
			bits=$(cat "$unit/device/features") i=0 value=0
			while [ $i -lt ${#bits} ]; do
				value=$((value | ${bits:$i:1} << i)) i=$((i + 1))
			done
			echo "$name virtio-iommu.features $value"
		fi
	done
}

look() { # FOLDER
	mkdir -p "/out/$1"
	sys_devices >"/out/$1/devices"
	sys_groups >"/out/$1/groups"
	say "$1/list" iommuctl --json list
	say "$1/caps" iommuctl --json caps
	say "$1/audit" iommuctl --json audit
}

ulimit -l unlimited
look free
registers >/out/registers
say free/user as-user iommuctl --json audit
cp /sys/firmware/acpi/tables/IVRS /out/ 2>/dev/null
if [ "$1" = bind ]; then
	# all that shares edu's group, but for bridges
	for dev in $edu $(ls $devices/$edu/iommu_group/devices 2>/dev/null); do
		[ -e $devices/$dev/pci_bus ] || say "bind.$dev" iommuctl bind $dev
	done
	look bound
	ulimit -l 8192
	say bound/memlock iommuctl --json audit
	ulimit -l unlimited
fi
say capture iommuctl capture /out/capture.tar
