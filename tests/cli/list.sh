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
like "$stdout" '4  DMA-FQ    no      0000:00:1c.0 0000:02:00.0' "a group with what is in it"
like "$stdout" 'direct-relaxable 0x7b800000-0x7fffffff' "and its reserved addresses"
like "$stdout" '1 of 15 devices ready for VFIO; for example: iommuctl --device 0000:03:00.0 compare' "the next step"
run --sysroot "$tmp/intel" list -v
like "$stdout" '^0000:00:06.0 .*no: a bridge$' "-v: bridges too"
like "$stdout" 'msi 0xfee00000-0xfeefffff' "and the MSI window"

run --sysroot "$tmp/intel" list --json
status_is 0 "JSON"
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

run --sysroot "$tmp/amd" list
like "$(line_of 0000:01:00.0)" 'no: group 2 is blocked by 0000:01:00.1 \(snd_hda_intel\); iommuctl bind 0000:01:00.1$' \
	"half a card: who blocks it, and what to run"
like "$stdout" 'reserved 0xfd00000000-0xffffffffff' "the HT hole"
run --sysroot "$tmp/amd" list --json
json_is '.devices[] | select(.id == "0000:00:02.1") | .cdev' vfio1 "the device's own node"
json_is '.devices[] | select(.id == "10000:e0:06.0") | has("group")' false "a device without a group"

run --sysroot "$tmp/none" list
status_is 0 "a machine without an IOMMU is no error"
like "$stdout" 'no IOMMU is in use' "it says so"
like "$stdout" 'enable VT-d in the firmware and boot with intel_iommu=on' "and how to get one"
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
run list
status_is 0 "this machine is listed"
done_testing
