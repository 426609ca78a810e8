# SPDX-License-Identifier: GPL-2.0-or-later
# iommuctl caps on made-up machines: registers from every source, what follows from them, and nothing that was not seen.
. "$(dirname "$0")/lib.sh"
host() { # NAME: built once
	[ -d "$tmp/$1" ] || bash "$top_srcdir/tests/data/mkhost" "$1" "$tmp/$1"
	printf '%s' "$tmp/$1"
}
caps() { # NAME ARGUMENT...
	local name=$1
	shift
	run --sysroot "$(host "$name")" caps "$@"
}
# the text of a unit, from its name to the empty line
unit_of() { awk -v name="$1:" '$1 == name { on = 1 } on && !NF { exit } on' <<<"$stdout"; }
row_of() { grep -- "^$1 " <<<"$stdout"; }

# the registers of the report that this tool exists for
caps laptop
status_is 0 "a laptop"
like "$(unit_of dmar1)" '^dmar1: Intel VT-d, registers at 0xfed91000, 7 devices, 12 of 256 domains in use' "its unit"
like "$(unit_of dmar1)" '^  second-stage +39-bit addresses' "39 bits, whatever SAGAW says"
like "$(unit_of dmar1)" '^  page-sizes +4K, 2M, 1G' "page sizes"
like "$(unit_of dmar1)" '^  dirty-tracking +no: .*SSADS \(bit 45\)' "which bit dirty tracking lacks"
like "$(unit_of dmar1)" '^  snoop-control +yes' "snoop control"
like "$(unit_of dmar1)" '^  page-walk-coherency +no: C \(bit 0\)' "no coherent page walks"
like "$(unit_of dmar1)" '^  vtd.cap +0x00d2008c40660462  /sys/class/iommu/dmar1/intel-iommu/cap$' "the register, raw, with its source"
unlike "$stdout" ' MGAW  ' "fields are not listed"
caps laptop -v dmar1
like "$stdout" '^ +21:16 +MGAW +0x26 ' "-v lists them"
like "$stdout" '^ +12:8 +SAGAW +0x4 ' "each"
unlike "$stdout" '^dmar0:' "one unit was named"
unlike "$stdout" '^device ' "and no device"
caps laptop --json
json_is '.registers[] | select(.name == "vtd.ecap" and (.of | index("dmar1"))) | "\(.value) \(.source)"' \
	"0xf050da /sys/class/iommu/dmar1/intel-iommu/ecap" "JSON: a register"
json_is '.registers[] | select(.name == "vtd.ecap" and (.of | index("dmar1"))).fields[] | select(.name == "SC") | "\(.bits) \(.raw)"' \
	"7 0x1" "and a field"
json_is '[.registers[] | {n: .name, v: .value}] | length == (unique | length)' true "no register is decoded twice"
json_is '[.registers[].fields[] | select((.name | length) == 0 or (.spec | length) == 0)] | length' 0 "every field has a name and a source"
json_is '.iommus[] | select(.name == "dmar1") | "\(.kind) \(.address) \(.domains_used) \(.registers["vtd.cap"]) \(.problem)"' \
	"vt-d 0xfed91000 12 0xd2008c40660462 " "a unit"
json_is '.iommus[] | select(.name == "dmar1") | .devices | index("0000:01:00.0") != null' true "with its devices"
json_is '.iommus[] | select(.name == "dmar1").facts[] | select(.name == "dirty-tracking").has' false "and facts"
json_is '[.vfio.asked, .iommufd.asked, (.acpi | type), (.kernel_settings | type)] | map(tostring) | join(" ")' \
	"false false object object" "the other parts"

# devices
caps thunderbolt
like "$(row_of 0000:03:00.0)" ' 4096  on +on +on +on +- ' "bus master, No Snoop, ATS and PRI are on, PASID is not there"
like "$(row_of 0000:00:00.0)" ' 256  on +- +- +- .* conventional$' "a conventional device has none of them"
caps unreadable
like "$(row_of 0000:01:00.0)" ' 64  on +\? +\? +\? +\? +\? +\? +\?$' "what was not readable is not absent"
like "$stdout" 'DMAR: not readable' "a table neither"
caps unreadable --json
json_is '.devices[0] | has("no_snoop")' false "JSON has no word for what nobody saw"
caps broken-config
like "$stdout" '0000:00:01.0: .*loop' "a chain that loops is said"
like "$(row_of 0000:00:06.0)" ' 64 ' "and the rest goes on"
caps server --json
json_is '.registers[] | select(.name == "pcie.sriov") | .of | length > 0' true "SR-IOV"
json_is '.devices[] | select(.id == "0000:17:00.0") | [.capabilities[].name] | length > 3' true "a chain of capabilities"

# what ioctls told, from the capture's file
caps arm-server
like "$(unit_of smmu3.0x000000002b400000)" 'smmuv3.idr0 +0x0d44149f  IOMMU_GET_HW_INFO of 0000:02:00.0' "SMMUv3 by iommufd"
like "$(unit_of smmu3.0x000000002b500000)" 'not readable: only iommufd' "the one that nobody asked"
like "$stdout" 'VFIO_DMA_CC_IOMMU is 0 before an IOMMU is set, 1 after' "an extension before and after"
caps arm-server -v smmu3.0x000000002b400000
like "$stdout" ' HTTU +0x[0-9] +.*\(informational\)' "bits that the kernel does not promise are marked"
unlike "$stdout" ' TTF +0x[0-9] .*\(informational\)' "those it promises are not"
caps arm-server --json
json_is '.devices[] | select(.id == "0000:02:00.0").vfio.extensions.VFIO_DMA_CC_IOMMU | "\(.before) \(.after)"' "0 1" "JSON: both answers"
json_is '.devices[] | select(.id == "0000:02:00.0").hw_info | "\(.type) \(.capabilities[0])"' "arm-smmuv3 dirty-tracking" "hardware info"
json_is '.vfio.info["0000:02:00.0"].ranges | length' 2 "the information chain"

# two sources that differ: both, and no silence
caps amd-server
like "$(unit_of ivhd1)" 'amd.efr +0x246577efa2254afa  /sys' "sysfs says one thing"
like "$(unit_of ivhd1)" 'amd.efr +0x247777efa2254afa  IOMMU_GET_HW_INFO' "iommufd another"
like "$(unit_of ivhd1)" 'the sources of amd.efr differ' "which is said"
unlike "$(unit_of ivhd0)" 'differ' "of that unit only"
caps amd-server --json
json_is '.iommus[] | select(.name == "ivhd1").disagree | join(" ")' amd.efr "JSON too"
json_is '[.registers[] | select(.name == "amd.efr" and (.of | index("ivhd1"))).value] | join(" ")' \
	"0x246577efa2254afa 0x247777efa2254afa" "with both values"

# AMD's features in each of the three formats; nobody knows the order of the last one, until the log tells it
dir=$tmp/features
mkdir -p "$dir/sys/class/iommu/ivhd0/amd-iommu" "$dir/iommuctl"
features() { echo "$1" >"$dir/sys/class/iommu/ivhd0/amd-iommu/features"; }
for text in 29d3:0 0:29d3 29d3; do
	features $text
	run --sysroot "$dir" caps --json
	json_is '.iommus[0].registers["amd.efr"]' 0x29d3 "features $text"
done
features 29d3:1000
run --sysroot "$dir" caps
like "$stdout" 'problem: .*which is EFR and which EFR2 is not known' "two numbers that could be either"
unlike "$stdout" 'dirty-tracking' "nothing follows from them"
echo '6,1,0,-;AMD-Vi: Extended features (0x1000, 0x29d3): PPR' >"$dir/iommuctl/kmsg"
run --sysroot "$dir" caps --json
json_is '.iommus[0] | "\(.registers["amd.efr"]) \(.registers["amd.efr2"]) \(.problem)"' "0x1000 0x29d3 " "the log tells"

# debugfs: only when asked for
mkdir -p "$dir/sys/kernel/debug/iommu/amd/iommu00"
echo 'Offset:0x18 Value:0x000000000003148f' >"$dir/sys/kernel/debug/iommu/amd/iommu00/mmio"
run --sysroot "$dir" caps
unlike "$stdout" amd.ctrl "debugfs is not read by itself"
run --sysroot "$dir" caps --debugfs
like "$stdout" 'amd.ctrl +0x000000000003148f  /sys/kernel/debug/iommu/amd/iommu00/mmio' "--debugfs reads it"
mkdir -p "$(host laptop)/sys/kernel/debug/iommu/intel"
printf '%s\n' 'IOMMU: dmar1 Register Base Address: fed91000' 'Name			Offset		Contents' \
	'CAP             	0x08		0x00d2008c40660462' 'GSTS            	0x1c		0x00000000c7000000' \
	'NOSUCH          	0x99		0x0000000000000001' >"$(host laptop)/sys/kernel/debug/iommu/intel/iommu_regset"
caps laptop --debugfs
like "$(unit_of dmar1)" 'vtd.gsts +0xc7000000  /sys/kernel/debug/iommu/intel/iommu_regset' "VT-d's state"
unlike "$(unit_of dmar0)" 'vtd.gsts' "of the unit it belongs to"
is "$(unit_of dmar1 | grep -c vtd.cap)" 1 "a value that two sources share is there once"
caps none --debugfs
like "$stdout" 'debugfs: there is no register file' "where there is none, that is said"

# names
caps laptop 01:00.0
like "$(row_of 0000:01:00.0)" dmar1 "a device by its short address"
is "$(grep -c '^0000:' <<<"$stdout")" 1 "alone"
caps laptop dmar7
status_is 2 "no such unit"
like "$stderr" "there is no device and no IOMMU 'dmar7'" "is told"
like "$stderr" '^hint: IOMMUs here: dmar0, dmar1' "with those there are"
caps laptop 0000:44:00.0
status_is 2 "no such device"
run caps --no-such-option
status_is 64 "an option that is none"

# machines without, and machines that lie
caps none
status_is 0 "a machine without an IOMMU"
like "$stdout" 'no IOMMU is in use' "says so"
caps virtio-guest
like "$stdout" '^virtio0: virtio-iommu' "virtio"
like "$stdout" 'virtio-iommu.features +0x' "has its features"
caps riscv
like "$stdout" 'not readable: this kernel tells none of its registers' "RISC-V tells nothing"
caps lying
status_is 0 "nonsense is no crash"
like "$stdout" 'forbidden: vtd.cap: SAGAW' "a register that the specification forbids"
like "$stdout" 'problem: /sys/class/iommu/dmar1/intel-iommu/ecap is "-1": not a hexadecimal number' "a file that is no number"
like "$stdout" 'VFIO and iommufd: cannot use /iommuctl/ioctl.json' "a file of answers that is none"
mkdir "$tmp/empty"
run --sysroot "$tmp/empty" caps
status_is 0 "an empty capture"
for name in $(bash "$top_srcdir/tests/data/mkhost" --list); do
	caps "$name" --json
	status_is 0 "$name: read to its end"
	json_is '[.. | nulls] | length' 0 "$name: JSON without a null"
done

# this machine, whatever it is
run caps --no-open
status_is 0 "this machine"
like "$stdout" 'VFIO and iommufd: not asked' "without opening anything"
run --dry-run caps
like "$stdout" 'VFIO and iommufd: not asked' "--dry-run opens nothing either"
done_testing
