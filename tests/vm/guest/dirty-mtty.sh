# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: a mediated device, the kernel's sample mtty, by every way that leads to one; its DMA log, whose driver keeps none and
# sets no bit; and dirty tracking by a container with nothing but that device in it, then with hardware beside it (lsi).
. "$(dirname "$0")/lib.sh"
uuid=0123abcd-4567-89ab-cdef-0123456789ab
mdev=/sys/bus/mdev/devices/$uuid
lsi=$(pci_lsi)

# holders: processes that have the device open, by its own node or its group's
holders() {
	local fd file
	for fd in /proc/[0-9]*/fd/*; do
		file=$(readlink "$fd" 2>/dev/null)
		[ "$file" != "/dev/vfio/$group" ] && [ "$file" != "/dev/vfio/devices/$cdev" ] || echo "$fd" | cut -d/ -f3
	done | sort -u
}

# --- it is made, and found
run --json list
is "$status $(json '.mdevs | length')" "0 0" "there is no mediated device before one is made"
run --device $uuid maps
refused 2 "there is no mediated device $uuid: No such device" "a UUID that nobody has"
like "$stderr" '^hint: .*mdev_supported_types' "is no riddle: how one is made"
echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create
group=$(basename "$(readlink $mdev/iommu_group)") cdev=$(basename $mdev/vfio-dev/*)
run --json list
is "$(json '.mdevs[] | "\(.id) \(.parent) \(.type) \(.driver) \(.group) \(.cdev)"')" "$uuid mtty mtty-1 mtty $group $cdev" "list shows it"
is "$(json ".groups[] | select(.id == $group) | \"\(.devices | join(\" \")) \(.viable)\"")" "$uuid true" "and its group, which nothing blocks"
run list
like "$stdout" "^$uuid +$group  mtty +mtty, mtty-1 \(Single port serial\)$" "also to people"
for id in ${uuid%?} ${uuid}0 ${uuid//-/} mtty; do
	run --device $id maps
	refused 64 'neither a PCI address nor the UUID of a mediated device' "'$id' is no name"
done
run --device ${uuid%b}c maps
refused 2 'there is no mediated device' "another UUID"
like "$stderr" "^hint: .*$uuid" "what there is is named"

# --- every backend maps for it, and nobody can have it do DMA
for backend in vfio vfio-v1 iommufd iommufd-compat iommufd-compat,type=v1 auto; do
	on=(--backend "$backend" --device $uuid)
	script_passes "$backend: map and unmap" "${on[@]}" <<-END
		map a --size 64K --iova 0x10000000
		!EEXIST map b --size 4K --iova 0x10001000
		map b --size 2M --mem memfd --prot r
		!EINVAL map c --size 4K --iova 0x30000800
		unmap a
		map c --size 4K --iova 0x10001000
		maps
		device info
		device features
		unmap --all
	END
	is "$(json '"\(.backend) \(.device) \(.driver)"')" "$([ "$backend" = auto ] && echo iommufd || echo "${backend%,*}") $uuid none" "$backend: the result says by whom"
	is "$(json '.results[6].data | "\(.mappings | length) \(.capabilities | "\(.no_hardware) \(.has_pins) \(.has_page_tables)")"')" \
		"2 true false false" "$backend: no hardware is there, a map pins nothing"
	is "$(json '.results[7].data.regions[0] | "\(.name) \(.size)"')" "bar0 8" "$backend: what the device is is told"
	is "$(json '[.results[8].data.features[] | select(.name | startswith("DMA_LOGGING")) | "\(.nr) \(.get) \(.set)"] | join(", ")')" \
		"6 false true, 7 false true, 8 true false" "$backend: it can log its DMA"
	is "$(holders)" "" "$backend: nothing is left behind"
done
for backend in vfio iommufd; do
	on=(--backend $backend --device $uuid)
	run --json "${on[@]}" compare --loops 1
	is "$status $(json .result)" "4 skip" "$backend: compare is skipped"
	like "$stderr" "$uuid is a mediated device: its accesses to memory are made by the kernel" "$backend: and says why"
	run "${on[@]}" dma copy 0x1000 0x2000 --size 4
	refused 4 'is a mediated device' "$backend: so is dma"
	run "${on[@]}" --driver edu maps
	refused 4 'is a mediated device' "$backend: also where a driver is named"
	run "${on[@]}" device reset
	refused 4 'cannot reset' "$backend: it has no reset"
done
script_passes "upper case is the same device" --device ${uuid^^} <<-END
	map a --size 4K
END
is "$(json .device)" $uuid "which is named as the kernel does"
run --backend iommufd --device $uuid hwinfo
refused 4 "no IOMMU is before mediated device $uuid" "there is no IOMMU to ask"
script_passes "iommufd: spaces are as for others" --backend iommufd --device $uuid <<-END
	map a --size 64K --iova 0x10000000
	ioas new other
	ioas copy a --to other
	attach other
	!EBUSY destroy other
	attach main
	destroy other
	map k --size 4K --iova kernel
END
for backend in vfio iommufd; do
	start --backend $backend --device $uuid map --size 4K
	wait_for 20 grep -q 'is mapped at iova' "$tmp/stderr"
	run --backend $backend --device $uuid maps
	refused 2 "in use by .*\(pid $pid\)" "$backend: who has it is named"
	kill -INT "$pid"
	finish
	is "$status $(holders)" "130 " "$backend: and lets go of it"
done

# --- its own log: the kernel checks what is asked, the sample driver sets no bit
for backend in vfio vfio-v1 iommufd iommufd-compat; do
	on=(--backend $backend --device $uuid)
	script_passes "$backend: the device's log" "${on[@]}" <<-END
		!EINVAL dirty start --source device
		map a --size 256K --iova 0x10000000
		map b --size 64K --iova 0x20000000
		map a2 --size 64K --iova 0x10040000
		dirty read-clear a --source device
		dirty start --source device
		dirty read-clear a -o $tmp/a.dirty
		dirty read-clear a --page-size 64K
		dirty read-clear --iova 0x10001000 --size 12K
		dirty read-clear --iova 0x10000000 --size 0x10010000
		!EINVAL dirty read-clear a --page-size 2048
		!EINVAL dirty read-clear a --page-size 3000
		!EINVAL dirty read-clear a --page-size 12K
		!EINVAL dirty read-clear a --page-size 0
		!EOVERFLOW dirty read-clear --iova 0xfffffffffffff000 --size 8K
		dirty start --source device
		dirty unmap b
		dirty stop
		dirty stop
		dirty start a --source device --page-size 64K
		dirty read-clear a
		dirty stop
		dirty start a a2 --source device --page-size 4K
		!EINVAL dirty start a a+64K --source device
		!EINVAL dirty start a2 a a+252K --source device
		dirty start a a+4K a2 --source device --size 4K
		dirty stop
		!EINVAL dirty start --source device --iova 0x10000800 --size 4K --page-size 4K
		!EINVAL dirty start --source device --iova 0x10000000 --size 4K --page-size 64K
		!EINVAL dirty start --source device --iova 0x10000000 --size 65000 --page-size 4K
		!EOVERFLOW dirty start --source device --iova 0xfffffffffffff000 --size 8K --page-size 4K
	END
	is "$(dirty_read_bits)" "0/64 0/64 0/4 0/3 0/65552 0/16 0/4" "$backend: no bit is set, by whatever pages"
	is "$(json '.results[16].data | "\(.unmapped_bytes) \(.order)"')" "65536 unmap-read" "$backend: it is unmapped, then read: the log outlasts the mapping"
	is "$(json '[.results[] | select(.data.source?) | .data.source] | unique | join(" ")')" device "$backend: it is the device's"
	is "$(holders)" "" "$backend: nothing is left behind"
	run --json dirty show "$tmp/a.dirty"
	is "$status $(json '"\(.source) \(.backend) \(.device) \(.dirty_pages) \(.pages) \(.over_reports)"')" "0 device $backend $uuid 0 64 false" "$backend: a file knows whose it is"
done
for backend in vfio iommufd; do
	on=(--backend $backend --device $uuid)
	printf '%s\n' 'map a --size 64K --iova 0x10000000' 'dirty start a a+4K --source device' >"$tmp/script"
	run "${on[@]}" run "$tmp/script"
	refused 2 'cannot start dirty tracking by device: Invalid argument' "$backend: ranges that overlap"
	like "$stderr" '^hint: ranges 0x10000000-0x1000ffff and 0x10001000-0x1000ffff overlap' "$backend: are named"
	run "${on[@]}" dirty verify --source device
	refused 4 'is a mediated device' "$backend: verify has nobody who writes"
	run "${on[@]}" dirty start --source device
	refused 2 'cannot start dirty tracking by device: Invalid argument' "$backend: nothing is mapped"
	like "$stderr" '^hint: .*at least one' "$backend: and a range is needed"
	run "${on[@]}" --unchecked dirty read-clear --source device --iova 0x10000000 --size 64K --page-size 3000
	refused 2 'by pages of 0xbb8: Invalid argument' "$backend: an odd page"
	like "$stderr" '^hint: .*0xbb8 is not a power of two' "$backend: is explained"
	run "${on[@]}" dirty read --source device --iova 0x10000000 --size 64K
	refused 4 'cannot read without that' "$backend: bits cannot be kept"
	like "$stderr" '^hint: .*read-clear' "$backend: what can be done"
done
for verb in start read-clear; do
	run --device $uuid dirty $verb --source device --iova 0x10000000 --size 64K --page-size 3000
	refused 64 'no power of two' "an odd page is refused before the kernel is asked: $verb"
done

# --- the container's tracking: real where nothing but this device is in it
script_passes "type1: nothing is pinned, nothing is dirty" --backend vfio --device $uuid <<-END
	map a --size 256K --iova 0x10000000
	map b --size 64K --iova 0x20000000
	!EINVAL dirty read-clear a --source type1
	dirty start --source type1
	fill a --byte 0x11
	dirty read-clear a
	dirty read-clear --iova 0x10000000 --size 0x10010000
	!EINVAL dirty read-clear a --page-size 2048
	!EINVAL dirty read-clear a --page-size 64K
	!EINVAL dirty read-clear a --size 4K
	!EINVAL dirty read-clear a+4K --size 252K
	dirty unmap b
	dirty stop
	dirty stop
	!EINVAL dirty read-clear a --source type1
END
is "$(dirty_read_bits)" "0/64 0/65552 0/16" "no bit, and no word that pages are over-reported"
is "$(json '.results[11].data | "\(.unmapped_bytes) \(.order)"')" "65536 at-once" "one call reads and unmaps"
run --device $uuid --backend vfio dirty read --source type1 --iova 0x10000000 --size 64K
refused 4 'cannot read without that' "bits cannot be kept"
take "$lsi"
script_passes "with hardware beside it" --backend vfio --device $uuid <<-END
	map a --size 256K --iova 0x10000000
	dirty start --source type1
	dirty read-clear a
	device info $lsi
	dirty read-clear a
	map b --size 64K --iova 0x20000000
	dirty unmap b
END
is "$(dirty_read_bits)" "0/64 64/64! 16/16!" "every page is reported from then on, and that is said"
script_passes "beside hardware" --backend vfio --device "$lsi" <<-END
	map a --size 256K --iova 0x10000000
	device features $uuid
	dirty start
	dirty read-clear a
	check --pins
END
is "$(dirty_read_bits)" "64/64!" "the same the other way round"
run --json --backend vfio --device "$lsi" device info $uuid
is "$status $(json .id)" "0 $uuid" "a device of a session by its UUID"
run --backend vfio --device "$lsi" device info ${uuid%b}c
refused 2 'there is no mediated device' "one that is not there"
run --backend vfio --device "$lsi" device info mtty
refused 64 'neither a PCI address nor the UUID' "no name"
left_nothing "$lsi" "nothing is left behind"
script_passes "v1 has none" --backend vfio-v1 --device $uuid <<-END
	map a --size 4K
	!EACCES dirty start --source type1
	!EACCES dirty read-clear a --source type1
	!EACCES dirty stop --source type1
END
script_passes "nor has the container that /dev/iommu serves" --backend iommufd-compat --device $uuid <<-END
	map a --size 4K
	!ENOTTY dirty start --source type1
	!ENOTTY dirty read-clear a --source type1
	!ENOTTY dirty stop --source type1
END
for backend in vfio iommufd; do
	run --backend $backend --device $uuid dirty start --source iommu
	refused 4 '.' "$backend: there is no page table that could be asked"
done

# --- and it goes
echo 1 >$mdev/remove
ok "the device is removed" [ ! -e $mdev ]
run --json list
is "$(json '.mdevs | length')" 0 "list no longer shows it"
is "$(json "[.groups[] | select(.id == $group)] | length")" 0 "nor its group"
run --device $uuid maps
refused 2 'there is no mediated device' "and nobody finds it"
done_testing
