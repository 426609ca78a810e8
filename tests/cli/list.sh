# SPDX-License-Identifier: GPL-2.0-or-later
# iommuctl list on fake machines: what a newcomer reads, and what a script reads.
. "$(dirname "$0")/lib.sh"
for host in intel amd none; do bash "$top_srcdir/tests/data/mkhost" $host "$tmp/$host"; done

line_of() { grep -- "^$1 " <<<"$stdout"; } # the line of a device

run --sysroot "$tmp/intel" list
status_is 0 "a laptop is listed"
like "$stdout" 'IOMMU units: dmar0, dmar1; 11 groups, 15 devices' "with its units"
like "$(line_of 0000:03:00.0)" ' 7  vfio-pci .* 1000:0012 .* ready$' "a device on vfio-pci is ready"
like "$(line_of 0000:04:00.0)" 'no: bound to nvme; iommuctl bind 0000:04:00.0$' "an idle disk: what to run"
like "$(line_of 0000:01:00.0)" 'no: bound to nvme: nvme0n1p1 is mounted on /boot$' "the disk in use: no such advice"
unlike "$stdout" '^0000:00:06.0 ' "bridges are left out"
like "$(line_of 0000:00:14.2)" 'no: not bound to vfio-pci, and group 5 is blocked by 0000:00:14.0 \(xhci_hcd\); iommuctl bind 0000:00:14.2 0000:00:14.0$' \
	"what else is in the way, whose it is, and one command for both"
is "$(awk 'length > 120 && !/ is blocked by /' "$tmp/stdout")" "" "no line is longer than 120, but for those that name others"
like "$stdout" '4  DMA-FQ    no      0000:00:1c.0 0000:02:00.0' "a group with what is in it"
like "$stdout" 'direct-relaxable 0x7b800000-0x7fffffff' "and its reserved addresses"
like "$stdout" '1 of 15 devices ready for VFIO; for example: iommuctl --device 0000:03:00.0 compare' "the next step"
run --sysroot "$tmp/intel" list -v
like "$stdout" '^0000:00:06.0 .*no: a bridge$' "-v: bridges too"
like "$stdout" 'msi 0xfee00000-0xfeefffff' "and the MSI window"

run --sysroot "$tmp/intel" list --tree
status_is 0 "a tree"
is "$(grep -n '^dmar0$\|^  group 0 (DMA)\|^    0000:00:02.0 \|^dmar1$\|^  group 1 (DMA)$' "$tmp/stdout" | cut -d: -f1 | tr '\n' ' ')" \
	"4 5 6 8 9 " "units, their groups, the devices of these"
like "$stdout" '^  group 5 \(DMA-FQ\), host drivers on 1 of 2, direct-relaxable 0x77a5f000-0x77a7efff$' "what there is to know of a group"
like "$stdout" '^    0000:01:00.0 via 0000:00:06.0  nvme  144d:a80a' "a device and the bridge above it"
like "$stdout" '^      no: bound to nvme; iommuctl bind 0000:04:00.0$' "and what to do"
unlike "$stdout" '^    0000:00:06.0 ' "bridges have no line of their own"
run --sysroot "$tmp/intel" list --tree -v
like "$stdout" '^    0000:00:06.0  pcieport' "-v: they have"
run --sysroot "$tmp/amd" list --tree
like "$stdout" '^  group 2 \(DMA\), host drivers on 1 of 2, reserved 0xfd00000000' "reserved addresses"
run --sysroot "$tmp/amd" list --tree -v
is "$(grep -A 3 '^behind no IOMMU unit' "$tmp/stdout" | head -n 3 | cut -c1-18)" "behind no IOMMU un
  in no group
    10000:e0:06.0 " "what is behind no unit comes last"
run --sysroot "$tmp/none" list --tree
like "$stdout" '^    0000:00:03.0  e1000  8086:100e' "a tree without an IOMMU"
mkdir -p "$tmp/amd/sys/class/iommu/ivhd1"
run --sysroot "$tmp/amd" list --tree
like "$stdout" '^ivhd1: no PCI device is behind it$' "a unit with nothing behind it"

run --sysroot "$tmp/intel" list --json
status_is 0 "JSON"
json_is '[.devices[] | select(.id == "0000:01:00.0" or .id == "0000:04:00.0") | .bridges] | tostring' '[["0000:00:06.0"],[]]' \
	"the bridges above a device"
json_is '.iommus | join(" ")' "dmar0 dmar1" "iommus"
json_is '.groups | length' 11 "groups"
json_is '.groups[5] | "\(.id) \(.type) \(.viable) \(.devices | join(",")) \(.blockers | join(","))"' \
	"5 DMA-FQ false 0000:00:14.0,0000:00:14.2 0000:00:14.0" "a group"
json_is '.groups[5].reserved[0] | "\(.start) \(.last) \(.type)"' "0x77a5f000 0x77a7efff direct-relaxable" "a reserved region"
json_is '.devices[] | select(.id == "0000:01:00.0") | "\(.ids) \(.class) \(.driver) \(.group) \(.iommu) \(.reset_methods | join(",")) \(.ready)"' \
	"144d:a80a 010802 nvme 3 dmar1 flr,bus false" "a device"
json_is '.devices[] | select(.id == "0000:06:00.0") | "<\(.driver)> <\(.cdev)> \(.why)"' "<> <> not bound to vfio-pci" \
	"a device without a driver"
json_is '.devices[] | select(.ready) | .id' 0000:03:00.0 "which is ready"
json_is '[.devices, .groups] | map(map(to_entries[]) | group_by(.key)[] | select(map(.value | type) | unique | length > 1)[0].key) | join(" ")' \
	"" "no key changes its type from one device to the next"
json_is '[.. | nulls] | length' 0 "and none is null"

mv "$tmp/intel/sys/bus/pci/drivers/e1000e" "$tmp/intel/sys/bus/pci/drivers/"$'e1000e\n0000:09:00.0  1  vfio-pci'
ln -sfn $'../../../../bus/pci/drivers/e1000e\n0000:09:00.0  1  vfio-pci' "$tmp/intel/sys/bus/pci/devices/0000:02:00.0/driver"
run --sysroot "$tmp/intel" list
unlike "$stdout" '^0000:09:00.0' "a name with a line break makes no line of its own"

run --sysroot "$tmp/amd" list
like "$(line_of 0000:01:00.0)" 'no: group 2 is blocked by 0000:01:00.1 \(snd_hda_intel\); iommuctl bind 0000:01:00.1$' \
	"half a card: who blocks it, and what to run"
like "$stdout" 'reserved 0xfd00000000-0xffffffffff' "the HT hole"
run --sysroot "$tmp/amd" list --json
json_is '.devices[] | select(.id == "0000:00:02.1") | .cdev' vfio1 "the device's own node"
json_is '.devices[] | select(.id == "10000:e0:06.0") | has("group")' false "a device without a group"

# x86 without interrupt remapping: VFIO refuses unless it is told not to
chips() { printf '           CPU0\n  24:     0   %s  24-edge      nvme0q0\n' "$1" >"$tmp/intel/proc/interrupts"; }
unsafe=$tmp/intel/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
chips IO-APIC
run --sysroot "$tmp/intel" list
like "$(line_of 0000:03:00.0)" 'no: interrupts are not remapped, and nothing allows VFIO to do without; iommuctl audit --explain interrupt-remapping-off' \
	"a device on vfio-pci whose interrupts are not remapped is not ready"
mkdir -p "${unsafe%/*}"
for answer in N:false Y:true; do
	echo ${answer%:*} >"$unsafe"
	run --sysroot "$tmp/intel" list --json
	json_is '.devices[] | select(.id == "0000:03:00.0") | .ready' ${answer#*:} "allow_unsafe_interrupts is ${answer%:*}"
done
rm "$unsafe"
cp "$tmp/intel/proc/cmdline" "$tmp/cmdline"
sed -i 's/$/ vfio_iommu_type1.allow_unsafe_interrupts=1/' "$tmp/intel/proc/cmdline"
run --sysroot "$tmp/intel" list --json
json_is '.devices[] | select(.id == "0000:03:00.0") | .ready' true "the command line says so for a module that is not loaded"
mv "$tmp/cmdline" "$tmp/intel/proc/cmdline"
chips IR-PCI-MSI
run --sysroot "$tmp/intel" list --json
json_is '.devices[] | select(.id == "0000:03:00.0") | .ready' true "interrupts that are remapped"
rm "$tmp/intel/proc/interrupts"

run --sysroot "$tmp/none" list
status_is 0 "a machine without an IOMMU is no error"
like "$stdout" 'no IOMMU is in use' "it says so"
like "$stdout" 'enable VT-d in the firmware and boot with intel_iommu=on' "and how to get one"
printf 'flags\t\t: fpu hypervisor lahf_lm\n' >>"$tmp/none/proc/cpuinfo"
run --sysroot "$tmp/none" list
like "$stdout" 'give the guest a virtual IOMMU' "and another way in a guest"
run --sysroot "$tmp/none" list --json
json_is '[.iommus, .groups] | tostring' '[[],[]]' "both lists are there and empty"

run --sysroot "$tmp/nowhere" list
status_is 2 "no such sysroot"
like "$stderr" "cannot use the sysroot .*: No such file" "is told"
mkdir "$tmp/empty"
run --sysroot "$tmp/empty" list
status_is 0 "an empty capture lists nothing"
run list extra
status_is 64 "list takes no words"
run list --time 1s
status_is 64 "--time without --follow"
run list --follow --time 0s
status_is 64 "no time at all"
run list --follow --tree
status_is 64 "a tree does not move"
run --sysroot "$tmp/intel" list --follow
status_is 64 "nor does a capture"
like "$stderr" 'list: --follow: nothing happens on a captured machine' "which is said"
echo 'list --follow' >"$tmp/follow.iommu"
run run "$tmp/follow.iommu"
isnt "$status" 0 "nor is it a line of a script"

# whether anything happens meanwhile is up to this machine; skip: built without libnl
run list --follow --time 300ms
if [ "$status" -eq 4 ]; then
	like "$stderr" 'cannot follow changes: built without libnl' "what is missing is said"
else
	status_is 0 "--follow ends in time"
	like "$stdout" '^changes +[0-9]+$' "with the number of changes"
	run list --follow --time 300ms --json
	is "$(tail -n 1 "$tmp/stdout" | jq -r '"\(.command) \(.result) \(.lost)"')" "list pass 0" "the report is the last object"
	start list --follow
	start_catches
	kill -INT "$pid"
	finish
	like "$(<"$tmp/stdout")" '^list: INTERRUPTED$' "a signal ends it"
	start list --follow
	start_catches
	kill -TERM "$pid"
	finish
	is "$status" 143 "and makes the exit status"
fi
run list
status_is 0 "this machine is listed"
uuid=0123abcd-4567-89ab-cdef-0123456789ab
parent=$tmp/none/sys/devices/virtual/mtty/mtty
mkdir -p "$parent/$uuid/vfio-dev/vfio0" "$parent/mdev_supported_types/mtty-1" "$tmp/none/sys/bus/mdev/devices" \
	"$tmp/none/sys/bus/mdev/drivers/mtty" "$tmp/none/sys/kernel/iommu_groups/31/devices"
echo 'Single port serial' >"$parent/mdev_supported_types/mtty-1/name"
ln -s ../mdev_supported_types/mtty-1 "$parent/$uuid/mdev_type"
ln -s ../../../../../bus/mdev/drivers/mtty "$parent/$uuid/driver"
ln -s ../../../../../kernel/iommu_groups/31 "$parent/$uuid/iommu_group"
ln -s "../../../devices/virtual/mtty/mtty/$uuid" "$tmp/none/sys/bus/mdev/devices/$uuid"
ln -s "../../../../devices/virtual/mtty/mtty/$uuid" "$tmp/none/sys/kernel/iommu_groups/31/devices/$uuid"
for how in "" --tree; do
	run --sysroot "$tmp/none" list $how
	status_is 0 "a mediated device is listed${how:+, with --tree}"
	like "$(line_of $uuid)" '   31  mtty    mtty, mtty-1 \(Single port serial\)$' "by its UUID, with group, driver, parent and type"
done
run --sysroot "$tmp/none" list
like "$stdout" "^   31  -         yes     $uuid\$" "its driver does not block its group, where the name is whole"
run --sysroot "$tmp/none" list --json
json_is '.mdevs[] | "\(.id) \(.parent) \(.type) \(.type_name) \(.driver) \(.group) \(.cdev)"' \
	"$uuid mtty mtty-1 Single port serial mtty 31 vfio0" "and in JSON"
run --sysroot "$tmp/amd" list --json
json_is '.mdevs | length' 0 "a machine without any"
unlike "$(run --sysroot "$tmp/amd" list; cat "$tmp/stdout")" 'mediated' "says nothing of them"

done_testing
