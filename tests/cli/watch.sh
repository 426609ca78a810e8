# SPDX-License-Identifier: GPL-2.0-or-later
# iommuctl watch: on captured machines, whose log tells every driver's faults; live; in a script; what cannot be watched.
. "$(dirname "$0")/lib.sh"

# A machine with its conventional devices behind a bridge: 01:02.0 and 01:05.0 in group 2, and a device of its own in group 1.
root=$tmp/root
put_device() { # PATH GROUP
	local dir=$root/sys/devices/$1 name=${1##*/}
	mkdir -p "$dir" "$root/sys/bus/pci/devices" "$root/sys/kernel/iommu_groups/$2/devices"
	ln -s "../../../devices/$1" "$root/sys/bus/pci/devices/$name"
	ln -s "/sys/kernel/iommu_groups/$2" "$dir/iommu_group"
	ln -s "/sys/devices/$1" "$root/sys/kernel/iommu_groups/$2/devices/$name"
	printf '0x1234\n' | tee "$dir/vendor" "$dir/device" "$dir/subsystem_vendor" >"$dir/subsystem_device"
	echo 0x00ff00 >"$dir/class"
	echo 0x10 >"$dir/revision"
}
put_device pci0000:00/0000:00:02.0 1
put_device pci0000:00/0000:00:03.0 2
put_device pci0000:00/0000:00:03.0/0000:01:02.0 2
put_device pci0000:00/0000:00:03.0/0000:01:05.0 2
mkdir -p "$root/iommuctl"
cat >"$root/iommuctl/kmsg" <<'EOT'
DMAR: Host address width 39
DMAR: DRHD: handling fault status reg 2
DMAR: [DMA Write NO_PASID] Request device [0000:00:02.0] fault addr 0x8000000 [fault reason 0x05] PTE Write access is not set
DMAR: [DMA Read PASID 0x2a] Request device [0000:00:02.0] fault addr 0x9000 [fault reason 0x91] Unknown
DMAR: [DMA Write] Request device [01:00.0] fault addr 7000 [fault reason 06] PTE Read access is not set
DMAR: [INTR-REMAP] Request device [7f:1f.0] fault index 0 [fault reason 37] Blocked a compatibility format interrupt request
vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x000a]
vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0x1000 flags=0x0070]
virtio_iommu virtio0: page fault from EP 16 at 0x8000000 []
viommu_fault_handler: 54 callbacks suppressed
arm-smmu-v3 arm-smmu-v3.0.auto: event 0x13 received:
arm-smmu-v3 arm-smmu-v3.0.auto: 	0x0000001000000013
arm-smmu-v3 arm-smmu-v3.0.auto: 	0x0000020800000000
arm-smmu-v3 arm-smmu-v3.0.auto: 	0x0000000009000000
arm-smmu-v3 arm-smmu-v3.0.auto: 	0x0000000000000000
riscv,iommu 3010000.iommu: Fault 15 devid: 0x10 iotval: 8000000 iotval2: 0
usb 1-1: new high-speed USB device number 3 using xhci_hcd
EOT

run --sysroot "$root" watch
status_is 0 "a captured log is shown, and that is all"
like "$stdout" '^watching kmsg; not trace \(nothing happens on a captured machine\); not uevent ' "which sources, and why not the others"
like "$stdout" '^fault   0000:00:02.0  vt-d, group 1, write 0x8000000: PTE Write access is not set \(0x05\)$' "VT-d"
like "$stdout" '^fault   0000:01:00.0  vt-d, the id of 0000:01:02.0, group 2, write 0x7000: PTE Read access is not set \(0x06\)$' \
	"the bridge's id stands for what is behind it"
like "$stdout" '^fault   0000:7f:1f.0  vt-d: interrupt remapping: Blocked a compatibility format interrupt request \(0x25\)$' \
	"a decimal reason of a device that is not there"
like "$stdout" '^fault   0000:00:02.0  amd-vi, write: IO_PAGE_FAULT; which device it was is not certain$' "QEMU's AMD IOMMU: no bus, no address"
like "$stdout" '^lost    54 messages or more' "what the kernel left out"
like "$stdout" '^faults   9$' "all of them are counted"
run --sysroot "$root" --json watch
status_is 0 "in JSON"
is "$(jq -rc '.kind // "result"' "$tmp/stdout" 2>/dev/null | uniq -c | tr -s ' \n' ' ')" " 1 start 9 fault 1 lost 1 result " "an object on each line"
first='select(.source == "vt-d" and .iova == "0x8000000")'
json_is "$first | [.kind, .device, .group, .access, .reason, .attribution, .expected] | map(tostring) | join(\" \")" \
	"fault 0000:00:02.0 1 write PTE Write access is not set (0x05) device false" "a fault's keys"
json_is "$first | .raw" \
	"DMAR: [DMA Write NO_PASID] Request device [0000:00:02.0] fault addr 0x8000000 [fault reason 0x05] PTE Write access is not set" "and its line"
json_is "$first | has(\"time\")" false "when it was is not known"
json_is 'select(.pasid) | "\(.pasid) \(.reason)"' "42 first-stage accessed or dirty bit could not be set (0x91)" "PASID, and a reason by its number"
json_is 'select(.alias_of) | "\(.device) \(.alias_of) \(.group) \(.attribution)"' "0000:01:00.0 0000:01:02.0 2 device" "an alias, and its group"
json_is 'select(.attribution == "time") | [.source, .device, has("iova"), has("group"), .access] | map(tostring) | join(" ")' \
	"amd-vi 0000:00:02.0 false false write" "what only the time ties to a device"
json_is 'select(.attribution == "none") | "\(.source) \(.device) \(has("group"))"' "vt-d 0000:7f:1f.0 false" "what nothing does"
json_is 'select(.source == "amd-vi" and .iova) | .reason' "IO_PAGE_FAULT: page present, no permission" "AMD's flags"
json_is 'select(.source == "smmuv3") | "\(.device) \(.iova) \(.access) \(.reason)"' "0000:00:02.0 0x9000000 read F_PERMISSION (0x13)" "SMMUv3: five lines are one event"
json_is 'select(.source == "virtio") | "\(.device) \(.iova) \(has("access")) \(.group)"' "0000:00:02.0 0x8000000 false 1" "virtio-iommu"
json_is 'select(.source == "riscv") | "\(.device) \(.iova) \(.access)"' "0000:00:02.0 0x8000000 write" "RISC-V"
json_is 'select(.command) | "\(.result) \(.faults) \(.lost)"' "pass 9 54" "the last line counts"

run --sysroot "$root" --json watch 0000:01:05.0
is "$(jq -rc 'select(.kind == "fault") | "\(.device) \(.attribution)"' "$tmp/stdout" | tr '\n' ' ')" "0000:01:00.0 device " \
	"a device behind the bridge: by its group"
run --sysroot "$root" --json watch 1
is "$(jq -rc 'select(.kind == "fault") | .attribution' "$tmp/stdout" | sort | uniq -c | tr -s ' \n' ' ')" " 6 device 1 time " \
	"a group: and what may be of it"
run --sysroot "$root" --json watch 00:02.0 2
is "$(jq -rc 'select(.kind == "fault") | .kind' "$tmp/stdout" | wc -l)" 8 "several: all of each"
run --sysroot "$root" --json watch --count 2
json_is 'select(.command) | .faults' 2 "--count ends it"

run --sysroot "$root" watch 0000:09:00.0
status_is 2 "a device that is not there"
like "$stderr" 'watch: there is no PCI device 0000:09:00.0' "is said"
run --sysroot "$root" watch 7
status_is 2 "a group that is not there"
like "$stderr" 'watch: there is no IOMMU group 7' "is said"
run watch fish
status_is 64 "what is neither"
like "$stderr" "'fish' is neither a PCI address nor the number of an IOMMU group" "is said"
run --sysroot "$root" watch --source uevent,trace
status_is 2 "no source that can be watched"
like "$stderr" 'watch: nothing can be watched: nothing happens on a captured machine' "is said"
run watch --source faultq
status_is 2 "a queue of nobody's"
like "$stderr" 'only the process that makes a queue reads it' "is said"
run watch --source fish
status_is 64 "a source that is none"
like "$stderr" "^iommuctl: watch: --source: " "is said"
run watch --source ,
status_is 64 "no source at all"
for option in '--time 0s' '--time x' '--count 0' '--count x'; do
	# shellcheck disable=SC2086
	run watch $option
	status_is 64 "$option"
done
run --backend sim watch --time 1s
status_is 4 "the simulation has nothing to watch"
like "$stderr" 'the simulated IOMMU logs nothing where watch looks' "is said"

# Live, where this user may see anything: uevents need no right, the log does.
run watch --time 300ms --source uevent
if [ "$status" -eq 0 ]; then
	pass "--time ends it"
	like "$stdout" '^watching uevent$' "one source"
	start watch --source uevent
	wait_for 10 grep -q '^watching' "$tmp/stdout"
	kill -INT "$pid"
	finish
	status_is 130 "a signal ends it"
	like "$stdout" '^faults   0$' "with the counts so far"
	echo 'watch --source uevent --time 100ms' >"$tmp/script"
	run run "$tmp/script"
	status_is 0 "in a script"
	like "$stdout" 'watch --source uevent --time 100ms: 0 faults, 0 changes, 0 lost' "with its counts"
else
	for name in "--time ends it" "one source" "a signal ends it" "with the counts so far" "in a script" "with its counts"; do
		skip "$name" "uevents cannot be had: $(tail -n 1 "$tmp/stderr")"
	done
fi
echo 'watch' >"$tmp/script"
run run "$tmp/script"
status_is 64 "in a script it has to end"
like "$stderr" 'in a script it needs an end: --time or --count' "is said"
done_testing
