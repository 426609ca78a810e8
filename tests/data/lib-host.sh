# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What /sys and /proc show of a machine, below $root: units, groups, devices, disks, network interfaces.

# put PATH TEXT: a file with the text, escapes as in printf %b.
put() {
	[ -d "$root/${1%/*}" ] || mkdir -p "$root/${1%/*}"
	printf '%b' "$2" >"$root/$1"
}

# link PATH TARGET: a relative symbolic link, both below the root, as sysfs has them.
link() {
	local from=${1%/*} to=$2 up=''
	[ -d "$root/$from" ] || mkdir -p "$root/$from"
	while [ "${from%%/*}" = "${to%%/*}" ] && [[ $from = */* && $to = */* ]]; do from=${from#*/} to=${to#*/}; done
	if [ "${from%%/*}" = "${to%%/*}" ] && [[ $to = */* ]]; then from='' to=${to#*/}; fi
	while [ -n "$from" ]; do
		up+=../
		if [[ $from = */* ]]; then from=${from#*/}; else from=''; fi
	done
	ln -sfn "$up$to" "$root/$1"
}

unit() { # NAME
	mkdir -p "$root/sys/devices/virtual/iommu/$1/devices"
	link "sys/class/iommu/$1" "sys/devices/virtual/iommu/$1"
}

group() { # ID TYPE REGION...
	local id=$1 type=$2 text=
	shift 2
	mkdir -p "$root/sys/kernel/iommu_groups/$id/devices"
	put "sys/kernel/iommu_groups/$id/type" "$type\n"
	for region; do text+="$region\n"; done
	put "sys/kernel/iommu_groups/$id/reserved_regions" "$text"
}

# pci PATH VENDOR:DEVICE CLASS [driver=D] [group=N] [unit=U] [reset=METHODS] [resource=LINES]; PATH is below sys/devices
pci() {
	local path=sys/devices/$1 addr=${1##*/} ids=$2 class=$3 word driver='' group='' unit='' reset=''
	local resource='0x0000000000000000 0x0000000000000000 0x0000000000000000\n'
	shift 3
	for word; do local "${word%%=*}=${word#*=}"; done
	put "$path/vendor" "0x${ids%%:*}\n"
	put "$path/device" "0x${ids##*:}\n"
	put "$path/subsystem_vendor" "0x1028\n"
	put "$path/subsystem_device" "0x0a21\n"
	put "$path/class" "0x$class\n"
	put "$path/revision" "0x01\n"
	put "$path/resource" "$resource"
	put "$path/modalias" "pci:v0000${ids%%:*}d0000${ids##*:}sv00001028sd00000A21bc${class:0:2}sc${class:2:2}i${class:4:2}\n"
	put "$path/driver_override" "(null)\n"
	put "$path/dma_mask_bits" "$([ -n "$driver" ] && echo 64 || echo 32)\n"
	[ -z "$reset" ] || put "$path/reset_method" "$reset\n"
	link "sys/bus/pci/devices/$addr" "$path"
	if [ -n "$driver" ]; then
		mkdir -p "$root/sys/bus/pci/drivers/$driver"
		: >"$root/sys/bus/pci/drivers/$driver/bind"
		: >"$root/sys/bus/pci/drivers/$driver/unbind"
		link "$path/driver" "sys/bus/pci/drivers/$driver"
		link "sys/bus/pci/drivers/$driver/$addr" "$path"
	fi
	if [ -n "$group" ]; then
		link "$path/iommu_group" "sys/kernel/iommu_groups/$group"
		link "sys/kernel/iommu_groups/$group/devices/$addr" "$path"
	fi
	if [ -n "$unit" ]; then
		link "$path/iommu" "sys/devices/virtual/iommu/$unit"
		link "sys/devices/virtual/iommu/$unit/devices/$addr" "$path"
	fi
}

disk() { # NAME MAJ:MIN PATH-OF-PARENT [PARTITION...]; partitions get the following minors
	local name=$1 major=${2%%:*} minor=${2##*:} path=$3/$1
	shift 3
	put "$path/dev" "$major:$minor\n"
	mkdir -p "$root/$path/holders" "$root/$path/slaves"
	link "sys/block/$name" "$path"
	link "sys/class/block/$name" "$path"
	for part; do
		minor=$((minor + 1))
		put "$path/$part/dev" "$major:$minor\n"
		put "$path/$part/partition" "$minor\n"
		mkdir -p "$root/$path/$part/holders"
		link "sys/class/block/$part" "$path/$part"
	done
}

mapper() { # NAME MAJ:MIN DM-NAME PATH-OF-SLAVE
	disk "$1" "$2" sys/devices/virtual/block
	put "sys/devices/virtual/block/$1/dm/name" "$3\n"
	link "$4/holders/$1" "sys/devices/virtual/block/$1"
	link "sys/devices/virtual/block/$1/slaves/${4##*/}" "$4"
}

net() { # NAME PATH-OF-PARENT FLAGS OPERSTATE
	put "$2/net/$1/flags" "$3\n"
	put "$2/net/$1/operstate" "$4\n"
	link "sys/class/net/$1" "$2/net/$1"
}

common() { # KERNEL CPU-VENDOR CMDLINE
	put proc/sys/kernel/osrelease "$1\n"
	put proc/cpuinfo "processor\t: 0\nvendor_id\t: $2\n"
	put proc/cmdline "BOOT_IMAGE=/vmlinuz-$1 root=/dev/mapper/vg-root ro $3\n"
	put proc/swaps "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
	put proc/self/mountinfo "22 1 0:21 / /proc rw - proc proc rw\n"
	: >"$root/sys/bus/pci/drivers_probe"
	mkdir -p "$root/sys/class/iommu" "$root/sys/kernel/iommu_groups" "$root/sys/block" "$root/sys/class/net" "$root/dev/vfio"
}

# --- units with registers, and the files of a capture ----------------------------------------------------------------
vtd() { # NAME ADDRESS CAP ECAP VERSION
	local dir=sys/devices/virtual/iommu/$1/intel-iommu
	unit "$1"
	put "$dir/address" "${2#0x}\n"
	put "$dir/cap" "$3\n"
	put "$dir/ecap" "$4\n"
	put "$dir/version" "$5\n"
	put "$dir/domains_supported" "$((1 << (4 + 2 * (0x$3 & 7))))\n" # ND
	put "$dir/domains_used" '12\n'
}

amdvi() { # NAME CAP FEATURES
	unit "$1"
	put "sys/devices/virtual/iommu/$1/amd-iommu/cap" "$2\n"
	put "sys/devices/virtual/iommu/$1/amd-iommu/features" "$3\n"
}

param() { put "sys/module/$1/parameters/$2" "$3\n"; } # MODULE NAME VALUE

# interrupts CHIP...: a line of /proc/interrupts for each
interrupts() {
	local text='            CPU0       CPU1\n' n=24 chip
	for chip; do
		text+="  $n:          0          7   $chip  $n-edge      device$n\n"
		n=$((n + 1))
	done
	put proc/interrupts "$text"
}

# kmsg LINE...: the kernel's log. node PATH MODE UID GID: who may open it; once given, the list is all there is.
kmsg() {
	local line
	mkdir -p "$root/iommuctl"
	for line; do printf '%s\n' "$line"; done >>"$root/iommuctl/kmsg"
}
node() {
	mkdir -p "$root/iommuctl" "$root/$(dirname "$1")"
	: >"$root/$1"
	printf '%s\n' "$*" >>"$root/iommuctl/nodes"
}
unreadable() { # ERRNO PATH...
	local path
	mkdir -p "$root/iommuctl"
	for path in "${@:2}"; do echo "$path $1" >>"$root/iommuctl/unreadable"; done
}

# --- what ioctls told ------------------------------------------------------------------------------------------------
# asked DEVICE...: iommuctl/ioctl.json; each argument is a JSON object that asked_device printed.
asked() {
	local devices='' d
	for d; do devices+=${devices:+,}$d; done
	mkdir -p "$root/iommuctl"
	printf '{"asked":true,"has_iommufd":true,"iommufd_err":0,"vfio_api":0,"vfio_err":0,"devlink_asked":true,"devlink_err":0,"extensions":[{"name":"VFIO_TYPE1v2_IOMMU","nr":3,"before":1}],"devices":[%s],"ports":[]}\n' \
		"$devices" >"$root/iommuctl/ioctl.json"
}

# asked_device ID PAGE-SIZES RANGES HW-TYPE HW-NAME CAPABILITIES PASID [REGISTER=VALUE...]: hardware info and what type1 told.
# RANGES is "0x0-0xfedfffff,0xfef00000-0xffffffffffff".
# $features, if set, is a list of further keys: "has_features":true,"dma_logging":true,"migration_flags":1,
asked_device() {
	local id=$1 ranges='' regs='' word
	for word in ${3//,/ }; do ranges+="${ranges:+,}{\"start\":\"${word%-*}\",\"last\":\"${word#*-}\"}"; done
	for word in "${@:8}"; do
		regs+="${regs:+,}{\"name\":\"${word%%=*}\",\"value\":\"${word#*=}\",\"source\":\"IOMMU_GET_HW_INFO of $id\"}"
	done
	printf '{"id":"%s","vfio_err":0,"vfio_why":"","hw_err":0,"hw_why":"","has_vfio":true,"page_sizes":"%s",' "$id" "$2"
	printf '"has_migration":true,"dirty_page_sizes":"0x1000","max_dirty_bitmap":268435456,"has_dma_avail":true,"dma_avail":65535,'
	printf '%s' "${features:-}"
	printf '"has_hw_info":true,"hw_type":%s,"hw_type_name":"%s","capabilities":"%s","max_pasid_log2":%s,' "$4" "$5" "$6" "$7"
	printf '"ranges":[%s],"extensions":[{"name":"VFIO_DMA_CC_IOMMU","nr":4,"before":0,"after":1}],"regs":[%s]}' "$ranges" "$regs"
}
