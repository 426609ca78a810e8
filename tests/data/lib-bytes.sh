# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Bytes as hex digits: "0100" are two bytes. Numbers are little-endian, as PCI and ACPI have them.

bytes_le() { # DIGITS NUMBER -> REPLY
	local text i
	# shellcheck disable=SC2059
	printf -v text "%0$1x" "$(($2))"
	text=${text: -$1}
	REPLY=''
	for ((i = $1 - 2; i >= 0; i -= 2)); do REPLY+=${text:i:2}; done
}

# le8 N, le16 N, le32 N, le64 N: append to $hex.
le8() { bytes_le 2 "$1"; hex+=$REPLY; }
le16() { bytes_le 4 "$1"; hex+=$REPLY; }
le32() { bytes_le 8 "$1"; hex+=$REPLY; }
le64() { bytes_le 16 "$1"; hex+=$REPLY; }

# text N STRING: N bytes, padded with zeros.
text() {
	local i code
	for ((i = 0; i < $1; i++)); do
		if [ $i -lt ${#2} ]; then
			printf -v code %02x "'${2:i:1}"
			hex+=$code
		else
			hex+=00
		fi
	done
}

zeros() { # N: append so many
	local zero
	printf -v zero "%0$((2 * $1))d" 0
	[ "$1" -eq 0 ] || hex+=$zero
}

# patch OFFSET DIGITS: over what stands there in $hex.
patch() { hex=${hex:0:2 * $1}$2${hex:2 * $1 + ${#2}}; }
patch8() { bytes_le 2 "$2"; patch "$1" "$REPLY"; }
patch16() { bytes_le 4 "$2"; patch "$1" "$REPLY"; }
patch32() { bytes_le 8 "$2"; patch "$1" "$REPLY"; }

here() { echo $((${#hex} / 2)); }

# bytes_write PATH DIGITS: the file below the root.
bytes_write() {
	local escaped
	escaped=$(sed 's/../\\x&/g' <<<"$2")
	put "$1" "$escaped"
}
