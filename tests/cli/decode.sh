# SPDX-License-Identifier: GPL-2.0-or-later
# decode: registers from the command line, bit by bit; what follows from them, what the specifications forbid, what is refused.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

decode() { run -q --json decode "$@"; }
field() { json ".registers[] | select(.name == \"$1\") | .fields[] | select(.name == \"$2\") | .$3"; }
# field_is REGISTER FIELD RAW: and the meaning contains
field_is() {
	is "$(field "$1" "$2" raw)" "$3" "$1 $2 is $3"
	like "$(field "$1" "$2" meaning)" "$4" "that is: $4"
}
fact() { json ".facts[] | select(.name == \"$1\") | [.has, .value, .text] | map(tostring) | join(\" \")"; }
# every field that is not 0, as REGISTER FIELD=RAW
set_fields() { json '.registers[] | .name as $r | .fields[] | select(.raw != "0x0") | "\($r) \(.name)=\(.raw)"'; }

# the machine of the 2022 report
decode vtd.cap=0xd2008c40660462 vtd.ecap=0xf050da
status_is 0 "cap and ecap of the report"
json_is '[keys_unsorted[0:5][]] | join(" ")' "command version kernel seed result" "the common keys first"
json_is '[.registers[] | keys_unsorted | join(" ")] | unique | join(", ")' "name source value fields" "a register's keys"
json_is '[.registers[].fields[] | keys_unsorted | join(" ")] | unique | join(", ")' "name bits raw meaning spec" "a field's keys"
json_is '[.registers[].fields[][] | type] | unique | join(" ")' string "all of them strings"
json_is '[.registers[] | .name + "=" + .value + " " + .source] | join(", ")' \
	"vtd.cap=0xd2008c40660462 command line, vtd.ecap=0xf050da command line" "the values as given"
json_is '[.registers[].fields[] | select(.name != "reserved") | .spec] | any(. == "")' false "each field has a source"
field_is vtd.cap MGAW 0x26 '^39-bit'
field_is vtd.cap SAGAW 0x4 '48-bit \(4-level\)'
field_is vtd.cap SSLPS 0x3 '2M and 1G second-stage pages'
field_is vtd.cap PSI 0x1 'page-selective'
field_is vtd.cap MAMV 0x12 '^2\^18 pages at most'
field_is vtd.cap ND 0x2 '^256 domains'
field_is vtd.cap CM 0x0 '^no caching mode$'
field_is vtd.cap NFR 0x0 '^1 fault recording register$'
field_is vtd.ecap SC 0x1 'snoop control'
field_is vtd.ecap C 0x0 '^no page-walk coherency$'
field_is vtd.ecap QI 0x1 queued
field_is vtd.ecap DT 0x0 '^no device TLBs'
field_is vtd.ecap SMTS 0x0 '^no scalable mode'
is "$(fact second-stage)" "true 39 39-bit addresses (MGAW 39, tables of 48 bits in SAGAW)" "39 bits can be used"
is "$(fact page-sizes)" "true $((4096 + (2 << 20) + (1 << 30))) 4K, 2M, 1G" "and three page sizes"
is "$(fact dirty-tracking)" "false 0 no: SMTS (bit 43), SSADS (bit 45), SMPWCS (bit 48) are clear" "the missing bits are named"
is "$(fact snoop-control)" "true 0 yes: snooping can be forced in second-stage entries" "snoop control"
is "$(fact page-walk-coherency)" "false 0 no: C (bit 0) is clear" "tables are not snooped"
json_is '.violations | length' 0 "nothing is forbidden"
json_is '[.facts[].family] | unique | join(" ")' vtd "facts of one family"

# the bits of every register are there once and make up the value
while read -r name bits; do
	decode "$name=$([ "$bits" = 64 ] && echo 0x123456789abcdef0 || echo 0x9abcdef0)"
	json_is '.registers[0] | (.fields | map(.bits | split(":") | .[-1] as $low | .[0] | tonumber - ($low | tonumber) + 1) | add)' \
		"$bits" "$name: $bits bits"
	# sum of raw << low in two halves: jq's numbers have 53 bits
	sum=0
	while read -r low raw; do sum=$((sum | raw << low)); done < <(json '.registers[0].fields[] | "\(.bits | split(":")[-1]) \(.raw)"')
	is "$(printf 0x%x "$sum")" "$(json '.registers[0].value')" "$name: they make up the value"
done < <("$IOMMUCTL" -q --json decode --list | jq -r '.known[] | "\(.name) \(.width)"')

# QEMU's intel-iommu: what each option changes against the default, and nothing else
qemu() { # NAME CAP ECAP, wanted changes on stdin
	decode "vtd.cap=0x$2" "vtd.ecap=0x$3"
	set_fields >"$tmp/now"
	is "$(diff "$tmp/default" "$tmp/now" | sed -n 's/^\([<>]\) /\1/p')" "$(cat)" "QEMU $1"
}
decode vtd.cap=0x80d2008c222f0606 vtd.ecap=0xf42
set_fields >"$tmp/default"
json_is '.violations | length' 0 "QEMU's default is within the specification"
is "$(fact second-stage)" "true 48 48-bit addresses (MGAW 48, tables of 48 bits in SAGAW)" "with 48 bits"
is "$(fact interrupt-remapping)" "false 0 no: IR (bit 3) is clear" "without interrupt remapping"
qemu "intremap=on" 80d2008c222f0606 0000000000f00f4a <<-'END'
	>vtd.ecap IR=0x1
	>vtd.ecap MHMV=0xf
END
qemu "caching-mode=on" 80d2008c222f0686 0000000000000f42 <<-'END'
	>vtd.cap CM=0x1
END
is "$(fact caching-mode)" "true 0 yes: a virtual IOMMU" "caching mode says virtual"
qemu "device-iotlb=on" 80d2008c222f0606 0000000000000f46 <<-'END'
	>vtd.ecap DT=0x1
END
is "$(fact ats)" "true 0 yes" "with ATS"
qemu "snoop-control=on" 80d2008c222f0606 0000000000000fc2 <<-'END'
	>vtd.ecap SC=0x1
END
qemu "scalable-mode=on" 80d2008c222f0606 0000480080000f42 <<-'END'
	>vtd.ecap SRS=0x1
	>vtd.ecap SMTS=0x1
	>vtd.ecap SSTS=0x1
END
is "$(fact dirty-tracking)" "false 0 no: SSADS (bit 45), SMPWCS (bit 48) are clear" "scalable mode alone tracks nothing"
qemu "scalable-mode=on,fsts=on" 81d2008c222f0606 0000880000000f42 <<-'END'
	>vtd.cap FS1GP=0x1
	>vtd.ecap SMTS=0x1
	>vtd.ecap FSTS=0x1
END
is "$(fact first-stage)" "true 48 48-bit addresses, in scalable mode" "first stage"
like "$(fact second-stage)" 'in legacy mode only: SSTS \(bit 46\) is clear' "whose second stage is legacy mode's"
qemu "scalable-mode=on,fsts=on,pasid-bits=20" 81d2008c222f0606 0000899800000f42 <<-'END'
	>vtd.cap FS1GP=0x1
	>vtd.ecap PSS=0x13
	>vtd.ecap PASID=0x1
	>vtd.ecap SMTS=0x1
	>vtd.ecap FSTS=0x1
END
is "$(fact pasid)" "true 20 20-bit PASIDs, in scalable mode" "20-bit PASIDs"
qemu "scalable-mode=on,fsts=on,pasid-bits=20,svm=on,device-iotlb=on" 81d2008c222f0606 00008d9a20000f46 <<-'END'
	>vtd.cap FS1GP=0x1
	>vtd.ecap DT=0x1
	>vtd.ecap PRS=0x1
	>vtd.ecap NWFS=0x1
	>vtd.ecap PSS=0x13
	>vtd.ecap PASID=0x1
	>vtd.ecap PDS=0x1
	>vtd.ecap SMTS=0x1
	>vtd.ecap FSTS=0x1
END
is "$(fact pri)" "true 0 yes" "page requests"
json_is '.violations | length' 0 "all of it within the specification"
qemu "aw-bits=39" 80d2008c22260206 0000000000000f42 <<-'END'
	<vtd.cap SAGAW=0x6
	<vtd.cap MGAW=0x2f
	>vtd.cap SAGAW=0x2
	>vtd.cap MGAW=0x26
END
is "$(fact second-stage-levels)" "true 3 3-level tables" "3-level tables"
qemu "dma-translation=off" 80d2008c222f0006 0000000000000f42 <<-'END'
	<vtd.cap SAGAW=0x6
END
is "$(fact second-stage)" "false 0 no: SAGAW (bits 12:8) names no table" "nothing to translate with"
json_is '[.violations[] | .register + " " + .field + " " + .value] | join(", ")' "vtd.cap SAGAW 0x80d2008c222f0006" \
	"which the specification forbids"
json_is '.result' pass "and which is shown, not judged"
status_is 0 "status 0"

# AMD, SMMUv3 and the others, as QEMU has them
decode amd.efr=0x29d3 amd.efr2=0 amd.cap=0x1f03000f
is "$(set_fields | sed -n 's/^amd.efr \(.*\)=.*/\1/p' | tr '\n' ' ')" "PreFSup PPRSup GTSup IASup GASup HESup HATS GATS " "QEMU's amd-iommu"
field_is amd.efr HATS 0x2 '6-level host tables'
field_is amd.cap NpCache 0x1 'virtual IOMMU'
is "$(fact dirty-tracking)" "false 0 no: HDSup (bit 52) is clear" "no dirty tracking"
is "$(fact x2apic)" "false 0 no: XTSup (bit 2) is clear" "no x2APIC"
json_is '.violations | length' 0 "nothing forbidden"
decode amd.efr=0x29d7
is "$(fact x2apic)" "true 0 yes" "with xtsup=on"
decode amd.efr=0x100000000029d3
is "$(fact dirty-tracking)" "true 0 possible, with host (v1) tables" "HDSup"
decode amd.efr=0x10000000002dd3
like "$(json '.violations[0].text')" '^HATS \(bits 11:10\) is 0x3: reserved' "HATS 3"
like "$(fact dirty-tracking)" '^false 0 no: HATS' "tracks nothing"

decode smmuv3.idr0=0x0d44101b smmuv3.idr1=0x02730010 smmuv3.idr3=0x1414 smmuv3.idr5=0x74 smmuv3.iidr=0 smmuv3.aidr=1
field_is smmuv3.idr0 TTF 0x2 'AArch64'
field_is smmuv3.idr0 HTTU 0x0 'no hardware update'
field_is smmuv3.idr0 STALL_MODEL 0x1 'terminate'
field_is smmuv3.idr1 SIDSIZE 0x10 '^16 bits of a stream id'
field_is smmuv3.idr1 CMDQS 0x13 '524288 entries'
field_is smmuv3.idr3 RIL 0x1 'range'
field_is smmuv3.idr3 BBML 0x2 'level 2'
field_is smmuv3.idr5 OAS 0x4 '44-bit'
field_is smmuv3.aidr ArchMinorRev 0x1 'SMMUv3.1'
is "$(fact page-sizes)" "true $((0x60211000 + (16 << 10) + (32 << 20))) 4K, 16K, 64K, 2M, 32M, 512M, 1G" "three granules"
like "$(fact dirty-tracking)" 'false 0 no: HTTU \(bits 7:6\) is 0' "no dirty tracking"
json_is '.violations | length' 0 "nothing forbidden"
decode smmuv3.idr0=0x0d44109b
like "$(fact dirty-tracking)" '^true 0 possible.*IORT' "HTTU 2, with the firmware's word"
decode smmuv3.idr0=0x0d44108b
like "$(fact dirty-tracking)" '^false 0 no: COHACC \(bit 4\) is clear' "which takes coherence"

decode vtd.ecap=0x1680000000002
like "$(fact dirty-tracking)" '^true 0 possible where the kernel uses scalable mode' "VT-d: SMTS, SSADS, SMPWCS"
decode vtd.ecap=0x680000000002
is "$(fact dirty-tracking)" "false 0 no: SMPWCS (bit 48) is clear" "VT-d: the one that is missing"
json_is '.violations[0].text' "SSADS (bit 45) is set, but SMPWCS (bit 48) is clear (VT-d 11.4.3)" "which is forbidden, too"
decode riscv.caps=0x1000010
like "$(fact dirty-tracking)" '^true 0 possible in hardware' "RISC-V: AMO_HWAD"
decode riscv.caps=0x10
is "$(fact dirty-tracking)" "false 0 no: AMO_HWAD (bit 24) is clear" "RISC-V: without"
decode virtio-iommu.features=0x5f
is "$(fact dirty-tracking)" "false 0 no: virtio-iommu has no feature for it" "virtio-iommu: never"
json_is '[.registers[0].fields[] | select(.raw == "0x1") | .name] | join(" ")' \
	"INPUT_RANGE DOMAIN_RANGE MAP_UNMAP BYPASS PROBE BYPASS_CONFIG" "virtio-iommu's features"
decode vtd.cap=0xffffffffffffffff
json_is '[.violations[].text] | join(", ")' "all 64 bits are set, as where nothing answers the read" "nobody answers"

# PCIe capabilities, several families at once
decode pcie.ats=0x80010025 pcie.pri=0x80000001 pcie.pasid=0x11406 pcie.acs=0x1d001f pcie.sriov=0x1900000000 amd.efr=0x29d3 \
	riscv.caps=0x10
field_is pcie.ats "Invalidate Queue Depth" 0x5 '^5 invalidations'
field_is pcie.ats Enable 0x1 'ATS enabled'
field_is pcie.ats STU 0x1 '2\^13 bytes'
field_is pcie.pri "PRG Response PASID Required" 0x1 PASID
field_is pcie.pasid "Max PASID Width" 0x14 '^20 bits'
field_is pcie.acs "V Enable" 0x1 'source validation enabled'
field_is pcie.acs "B Enable" 0x0 'no translation blocking enabled'
field_is pcie.sriov "VF Enable" 0x1 'VFs enabled'
field_is pcie.sriov "ARI Capable Hierarchy" 0x1 ARI
json_is '[.facts[].family] | unique | join(" ")' "amd riscv" "facts by family"
json_is '[.facts[] | select(.name == "dirty-tracking")] | length' 2 "each has its own"

# for people
run -q decode vtd.cap=0xd2008c40660462 vtd.ecap=0xf050da
status_is 0 "text"
like "$stdout" '^vtd\.cap = 0x00d2008c40660462  Intel VT-d capability register' "the register and its name"
like "$stdout" '^ +21:16  MGAW +0x26  39-bit guest addresses at most$' "a field"
unlike "$stdout" '^ +7  CM' "clear flags are left out"
unlike "$stdout" reserved "reserved bits that are clear too"
like "$stdout" '^  [0-9]+ fields are clear \(-v shows them\)$' "and counted"
like "$stdout" '^  page-walk-coherency +no: C \(bit 0\) is clear$' "facts"
unlike "$stdout" forbids "no violation"
run -q -v decode vtd.cap=0xd2008c40660462
like "$stdout" '^ +7  CM +0x0  no caching mode$' "-v shows clear flags"
like "$stdout" '^ +15:13  reserved +0x0  ' "and reserved bits"
run -q decode vtd.cap=0x4000d2008c4066e462
status_is 64 "70 bits are too many"
run -q decode vtd.cap=0xd2008c4066e462
like "$stdout" '^ +15:13  reserved +0x7  ' "reserved bits that are set are shown"
run -q decode vtd.cap=0x80d2008c222f0006
like "$stdout" '^what the specification forbids:' "a violation"
like "$stdout" '^  vtd\.cap: SAGAW \(bits 12:8\) is 0x0: no second-stage table' "and which"
status_is 0 "which does not change the status"
run -q --tap decode vtd.ver=0x60
like "$stdout" '^# +7:4  MAX +0x6  major version 6$' "TAP has it as comments"
run -q decode --list
status_is 0 "--list"
like "$stdout" '^vtd\.ecap +64 bits  Intel VT-d extended capability register' "lists the registers"
printf 'decode vtd.ver=0x10\n!decode vtd.ver=0x100000000\n' >"$tmp/script"
run -q run "$tmp/script"
like "$stdout$stderr" 'the register has 32 bits' "a line of a script"
decode vtd.ver=96
field_is vtd.ver MAX 0x6 'major version 6'

refused() { # MESSAGE ARGS...
	local message=$1
	shift
	run decode "$@"
	status_is 64 "refused: $*"
	like "$stderr" "^iommuctl: decode: $message" "says why"
	is "$stdout" "" "and nothing else"
}
refused 'which register'
refused "'vtd\.capx' is no register; there is vtd\.cap, vtd\.ecap, vtd\.ver, vtd\.gsts, vtd\.fsts, vtd\.rtaddr, vtd\.irta, .*vtd\.phmlimit$" vtd.capx=1
refused "'vtd' is no register; there is vtd\.cap" vtd=1
refused "'amd\.' is no register; there is amd\.efr, amd\.efr2, amd\.cap, amd\.ctrl$" amd.=1
refused "'foo' is no register; there is vtd\.\*, amd\.\*, smmuv3\.\*, riscv\.\*, virtio-iommu\.\*, pcie\.\* \(--list" foo=1
refused "'' is no register" =1
refused "'vtd\.cap' has no value: vtd\.cap=0x" vtd.cap
refused "vtd\.cap=: '' is not a number" vtd.cap=
refused "vtd\.cap=0x: '0x' is not a number" vtd.cap=0x
refused "vtd\.cap=0x12g4: '0x12g4' is not a number" vtd.cap=0x12g4
refused "vtd\.cap=-1: '-1' is not a number" vtd.cap=-1
refused "vtd\.cap=1K: '1K' is not a number" vtd.cap=1K
refused "vtd\.ecap=f050da: hexadecimal takes 0x: vtd\.ecap=0xf050da" vtd.ecap=f050da
refused 'vtd\.cap=0x10000000000000000: the register has 64 bits' vtd.cap=0x10000000000000000
refused 'pcie\.ats=0x100000000: the register has 32 bits' pcie.ats=0x100000000
refused 'vtd\.cap is given twice' vtd.cap=1 vtd.ecap=2 vtd.cap=1
refused '--list takes no registers' --list vtd.cap=1
refused "unknown option '--nosuch'" --nosuch
long=$(printf 'x%.0s' {1..5000})
refused "'x+" "$long=1"
refused "vtd\.cap=y+" "vtd.cap=${long//x/y}"
done_testing
