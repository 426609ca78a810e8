# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# ACPI tables, built in $hex: table_begin, structures, table_end. Lengths and checksums are computed; what is to be wrong is
# patched between the two, or after the checksum by table_end's second argument.
. "$data/lib-bytes.sh"

table_begin() { # SIGNATURE REVISION
	hex='' table=$1
	text 4 "$1"
	le32 0 # length
	le8 "$2"
	le8 0 # checksum
	text 6 TESTED
	text 8 MACHINE
	le32 1
	text 4 ICTL
	le32 1
}

# table_end [COMMAND...]: into /sys/firmware/acpi/tables; the command may spoil $hex when length and checksum are in it.
table_end() {
	local sum=0 i
	patch32 4 "$(here)"
	patch8 9 0
	for ((i = 0; i < ${#hex}; i += 2)); do sum=$((sum + 0x${hex:i:2})); done
	patch8 9 $((-sum & 0xff))
	[ $# -eq 0 ] || "$@"
	bytes_write "sys/firmware/acpi/tables/$table" "$hex"
}

# A structure whose 16-bit length stands at +2 (DMAR) or at +$length_at: struct_begin, members, struct_end.
struct_begin() { struct_at=$(here) length_at=${1:-2}; }
struct_end() { patch16 $((struct_at + length_at)) $(($(here) - struct_at)); }

# --- DMAR (VT-d 8) ---------------------------------------------------------------------------------------------------
dmar_begin() { # WIDTH FLAGS
	table_begin DMAR 1
	le8 $(($1 - 1))
	le8 "$2"
	zeros 10
}

# dmar_scope TYPE BUS PATH... [id=N]: a path is DD.F, one per bridge that is crossed, the device itself last.
dmar_scope() {
	local type=$1 bus=$2 id=0 step at
	shift 2
	at=$(here)
	le8 "$type"
	le8 0
	le16 0
	for step; do case $step in id=*) id=${step#id=} ;; esac; done
	le8 "$id"
	le8 "0x$bus"
	for step; do
		case $step in
		id=*) ;;
		*)
			le8 "0x${step%.*}"
			le8 "${step#*.}"
			;;
		esac
	done
	patch8 $((at + 1)) $(($(here) - at))
}

drhd() { # FLAGS SEGMENT BASE; scopes follow, then struct_end
	struct_begin
	le16 0
	le16 0
	le8 "$1"
	le8 0
	le16 "$2"
	le64 "$3"
}

rmrr() { # SEGMENT FIRST LAST; scopes follow, then struct_end
	struct_begin
	le16 1
	le16 0
	le16 0
	le16 "$1"
	le64 "$2"
	le64 "$3"
}

atsr() { # FLAGS SEGMENT; scopes follow, then struct_end
	struct_begin
	le16 2
	le16 0
	le8 "$1"
	le8 0
	le16 "$2"
}

rhsa() { # BASE DOMAIN
	struct_begin
	le16 3
	le16 0
	le32 0
	le64 "$1"
	le32 "$2"
	struct_end
}

satc() { # FLAGS SEGMENT; scopes follow, then struct_end
	struct_begin
	le16 5
	le16 0
	le8 "$1"
	le8 0
	le16 "$2"
}

# --- IVRS (AMD IOMMU specification 5.2) ------------------------------------------------------------------------------
ivrs_begin() { # IVINFO
	table_begin IVRS 2
	le32 "$1"
	zeros 8
}

# ivhd TYPE FLAGS DEVICE-ID CAPABILITY BASE SEGMENT INFO FEATURES [EFR EFR2]; entries follow, then struct_end
ivhd() {
	struct_begin
	le8 "$1"
	le8 "$2"
	le16 0
	le16 "$3"
	le16 "$4"
	le64 "$5"
	le16 "$6"
	le16 "$7"
	le32 "$8"
	if [ $# -gt 8 ]; then
		le64 "$9"
		le64 "${10}"
	fi
}

ivhd_entry() { # TYPE DEVICE-ID SETTINGS
	le8 "$1"
	le16 "$2"
	le8 "$3"
}
ivhd_range() { # FIRST LAST SETTINGS
	ivhd_entry 3 "$1" "$3"
	ivhd_entry 4 "$2" 0
}
ivhd_alias() { # DEVICE-ID SETTINGS SOURCE
	ivhd_entry 0x42 "$1" "$2"
	le8 0
	le16 "$3"
	le8 0
}
ivhd_special() { # HANDLE DEVICE-ID VARIETY: 1 IOAPIC, 2 HPET
	ivhd_entry 0x48 0 0
	le8 "$1"
	le16 "$2"
	le8 "$3"
}

ivmd() { # TYPE FLAGS DEVICE-ID AUX START LENGTH
	struct_begin
	le8 "$1"
	le8 "$2"
	le16 0
	le16 "$3"
	le16 "$4"
	zeros 8
	le64 "$5"
	le64 "$6"
	struct_end
}

# --- IORT (Arm DEN 0049) ---------------------------------------------------------------------------------------------
iort_begin() {
	table_begin IORT 6
	le32 0 # nodes
	le32 48
	le32 0
	iort_nodes=0
}
iort_end() {
	patch32 36 "$iort_nodes"
	table_end "$@"
}

# iort_node TYPE REVISION MAPPINGS DATA-LENGTH: the header; data of that length, then the mappings. $iort_at: where it begins.
iort_node() {
	iort_at=$(here)
	struct_begin 1
	le8 "$1"
	le16 0
	le8 "$2"
	le32 "$iort_nodes"
	le32 "$3"
	le32 $(($3 ? 16 + $4 : 0))
	iort_nodes=$((iort_nodes + 1))
}
iort_mapping() { # INPUT COUNT OUTPUT NODE-OFFSET FLAGS
	le32 "$1"
	le32 $(($2 - 1))
	le32 "$3"
	le32 "$4"
	le32 "$5"
}
iort_its() { # ID
	iort_node 0 1 0 8
	le32 1
	le32 "$1"
	struct_end
}
iort_smmuv3() { # BASE FLAGS MODEL PROXIMITY MAPPINGS; mappings follow, then struct_end
	iort_node 4 5 "$5" 52
	le64 "$1"
	le32 "$2"
	le32 0
	le64 0
	le32 "$3"
	le32 74
	le32 75
	le32 77
	le32 76
	le32 "$4"
	le32 0
}
iort_root() { # SEGMENT ATS ADDRESS-BITS MEMORY-ACCESS MAPPINGS; mappings follow, then struct_end
	iort_node 2 3 "$5" 20
	le64 "$4"
	le32 "$2"
	le32 "$1"
	le8 "$3"
	zeros 3
}
iort_named() { # NAME ADDRESS-BITS MAPPINGS; mappings follow, then struct_end
	local length=$(((${#1} + 1 + 13 + 3) / 4 * 4))
	iort_node 1 4 "$3" "$length"
	le32 0
	le64 0x0100000000000001 # coherent, by a coherent path
	le8 "$2"
	text $((length - 13)) "$1"
}
iort_rmr() { # START LENGTH MAPPINGS; mappings follow, then struct_end
	iort_node 6 3 "$3" 32
	le32 0
	le32 1
	le32 28
	le64 "$1"
	le64 "$2"
	le32 0
}

# --- VIOT (ACPI 6.5, 5.2.30) -----------------------------------------------------------------------------------------
viot_begin() {
	table_begin VIOT 0
	le16 0
	le16 48
	le64 0
	viot_nodes=0
}
viot_end() {
	patch16 36 "$viot_nodes"
	table_end "$@"
}
viot_pci_range() { # ENDPOINT SEGMENT FIRST LAST OUTPUT
	viot_nodes=$((viot_nodes + 1))
	le8 1
	le8 0
	le16 24
	le32 "$1"
	le16 "$2"
	le16 "$2"
	le16 "$3"
	le16 "$4"
	le16 "$5"
	zeros 6
}
viot_virtio_pci() { # SEGMENT REQUESTER
	viot_nodes=$((viot_nodes + 1))
	le8 3
	le8 0
	le16 16
	le16 "$1"
	le16 "$2"
	le64 0
}
