#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# caps: what it shows of the tables DMAR, IVRS, IORT and VIOT, of machines whose tables are in order and of others.
set -u
. "$(dirname "$0")/lib.sh"

for name in none server amd-desktop arm-server virtio-guest broken-tables lying; do
	"$top_srcdir/tests/data/mkhost" "$name" "$tmp/$name" || exit 1
	run --sysroot "$tmp/$name" --json caps
	is "$status" 0 "caps --json on $name"
	cp "$tmp/stdout" "$tmp/$name.json"
	run --sysroot "$tmp/$name" caps
	is "$status" 0 "caps on $name"
	cp "$tmp/stdout" "$tmp/$name.text"
done

acpi() { jq -r ".acpi$2" "$tmp/$1.json"; }         # HOST FILTER
lines() { grep -cE -- "$2" "$tmp/$1.text"; } # HOST REGEX: how many of the text

is "$(acpi none '|map_values(.present)|join(" ")')" "false false false false" "a machine without tables"
is "$(acpi none '.dmar|[.path, .error, (.entries|length), (.problems|length)]|map(tostring)|join(",")')" ",,0,0" "and nothing is said of them"
is "$(lines none '^(DMAR|IVRS|IORT|VIOT):')" 0 "nor shown"

is "$(acpi server '.dmar|[.present, .length, .revision, .host_address_width, .flags, .oem_id]|map(tostring)|join(" ")')" \
	"true 296 1 52 5 TESTED" "DMAR's header"
is "$(acpi server '.dmar.entries|map(.type)|join(" ")')" "DRHD DRHD DRHD DRHD RMRR ATSR SATC RHSA RHSA RHSA RHSA" "DMAR's structures"
is "$(acpi server '.dmar.entries[3]|[.base, .last, .segment, .flags]|map(tostring)|join(" ")')" "0x96ffc000 0x96ffcfff 0 1" "a DRHD"
is "$(acpi server '.dmar.entries[3].scopes|map(.type + " " + (.id|tostring) + " " + .path[0])|join(", ")')" "I/O APIC 8 1f.0, HPET 0 1f.0" \
	"its scopes"
is "$(acpi server '.dmar.problems|length')" 0 "DMAR is in order"
is "$(lines server '^  DRHD  registers at 0x96ffc000, segment 0000, all devices that no other names, I/O APIC 8, HPET 0$')" 1 "and in text"
is "$(lines server '  problem')" 0 "which tells of no problem"

is "$(acpi amd-desktop '.ivrs|[.present, .info, (.entries|map(.type)|join("+")), (.memory|length)]|map(tostring)|join(" ")')" \
	"true $(acpi amd-desktop .ivrs.info) IVHD 10h+IVHD 11h+IVHD 40h 1" "IVRS' blocks"
is "$(acpi amd-desktop '.ivrs.entries[1]|[.device, .base, .efr, .efr2]|join(" ")')" "0000:00:00.2 0xfeb80000 0x246577efa2254afa 0x10" "an IVHD"
is "$(acpi amd-desktop '.ivrs.entries[0]|has("efr")')" false "10h has no images of registers"
is "$(acpi amd-desktop '.ivrs.entries[1].devices[0]|[.type, .first, .last]|join(" ")')" "range 0000:00:00.3 0000:ff:1f.7" "a range of devices"
is "$(acpi amd-desktop '.ivrs.memory[0]|[.start, .bytes, .flags, .first]|map(tostring)|join(" ")')" \
	"0xbf000000 0x100000 7 0000:00:17.0" "memory that is mapped as it is"
is "$(lines amd-desktop '^  IVMD .*0xbf000000-0xbf0fffff, mapped as it is, read, write, 0000:00:17.0')" 1 "and in text"

is "$(acpi arm-server '.iort.entries|map(.type)|join(", ")')" \
	"ITS group, SMMUv3, SMMUv3, root complex, root complex, named component, RMR" "IORT's nodes"
is "$(acpi arm-server '.iort.entries[1]|[.base, .flags, .mappings[0].count, .mappings[0].target]|map(tostring)|join(" ")')" \
	"0x2b400000 0x5 65536 48" "an SMMUv3 and where it leads"
is "$(acpi arm-server '.iort.entries[5].name')" '\_SB_.DMA0' "a named component"
is "$(acpi arm-server '.iort.problems|length')" 0 "IORT is in order"
is "$(lines arm-server 'SMMUv3, registers at 0x2b400000, coherent, access and dirty flags')" 1 "and in text"

is "$(acpi virtio-guest '.viot.entries|map(.type)|join(", ")')" "virtio-iommu on PCI, PCI range, PCI range" "VIOT's nodes"
is "$(acpi virtio-guest '.viot.entries[1]|[.first, .last, .endpoint, .output]|map(tostring)|join(" ")')" \
	"0000:00:00.0 0000:00:00.7 0 48" "a range of devices and its IOMMU"
is "$(lines virtio-guest 'PCI range 0000:00:02.0-0000:00:1f.7, endpoint 0x10 of node 0x30$')" 1 "and in text"

is "$(acpi broken-tables '.dmar.problems|map(.kind)|sort|unique|join(" ")')" "checksum duplicate length misaligned overlap value" \
	"what is wrong with a broken DMAR"
is "$(acpi broken-tables '.ivrs.problems|map(.kind)|unique|join(" ")')" "truncated value" "and with a broken IVRS"
is "$(acpi broken-tables '.dmar.problems[]|select(.kind == "misaligned")|.text')" \
	"DRHD: the registers at 0xfed91800 do not begin a page of 4K" "a problem names the bytes"
is "$(lines broken-tables '^  problem at 0x70, misaligned: DRHD: the registers at 0xfed91800')" 1 "and in text"
is "$(acpi lying '.dmar|[.present, .error, .length]|map(tostring)|join(" ")')" "true EISDIR 0" "a table that cannot be read is there"
is "$(lines lying '^DMAR: not readable: /sys/firmware/acpi/tables/DMAR: Is a directory$')" 1 "and text says why"
is "$(acpi lying '.ivrs.problems[0].kind')" truncated "a table of no bytes is cut off"

# docs/checks.md: every finding it names is one that audit knows.
run audit --list
known=$(grep -oE '[a-z]+(-[a-z]+)+' <<<"$stdout" | sort -u)
named=$(grep -oE '`[a-z]+(-[a-z]+)+`' "$top_srcdir/docs/checks.md" | tr -d '`' | sort -u)
isnt "$(wc -l <<<"$named")" 0 "docs/checks.md names findings"
is "$(comm -23 <(echo "$named") <(echo "$known"))" "" "and they exist"
named=$(grep -oE '`vtd\.[a-z]+`' "$top_srcdir/docs/checks.md" | tr -d '`' | sort -u)
run decode --list
is "$(comm -23 <(echo "$named") <(grep -oE 'vtd\.[a-z]+' <<<"$stdout" | sort -u))" "" "and so do the registers it names"
done_testing
