# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Makes a firmware table that says more of an AMD IOMMU than its registers do. Linux believes the table (drivers/iommu/amd/init.c).

# ivrs_claims_dirty IVRS EFR: prints the path of a table like IVRS whose IOMMUs can, besides what the register EFR says, track
# accessed and dirty pages: HASup and HDSup, bits 49 and 52. Blocks of type 11h have an image of EFR; those of 10h become such
# where the table has none of 11h (QEMU 7.2; newer ones have both kinds, and Linux makes an IOMMU of each 11h).
ivrs_claims_dirty() {
	local -a in out
	local at=48 len type i sum=0 efr=$(($2 | 1 << 49 | 1 << 52)) byte has_11h=
	read -ra in <<<"$(od -An -v -tu1 "$1" | tr '\n' ' ')"
	out=("${in[@]:0:48}")
	for ((i = 48; i + 3 < ${#in[@]}; i += len)); do
		len=$((in[i + 2] | in[i + 3] << 8))
		[ $len -ge 4 ] || break
		[ "${in[i]}" != 17 ] || has_11h=1
	done
	while [ $at -lt ${#in[@]} ]; do
		type=${in[at]} len=$((in[at + 2] | in[at + 3] << 8))
		[ $len -ge 4 ] || break
		case $type$has_11h in
		16 | 17*)
			byte=$((type == 16 ? 24 : 40)) # where its devices begin
			i=$((len - byte + 40))
			out+=(17 $((in[at + 1] & 63)) $((i & 255)) $((i >> 8)) "${in[@]:at+4:16}")
			# flags 7:6 and the word at 20 of type 10h are what the image of EFR says in 11h
			if [ $type = 16 ]; then out+=(0 0 0 0); else out+=("${in[@]:at+20:4}"); fi
			for ((i = 0; i < 64; i += 8)); do out+=($((efr >> i & 255))); done
			out+=(0 0 0 0 0 0 0 0 "${in[@]:at+byte:len-byte}")
			;;
		*) out+=("${in[@]:at:len}") ;;
		esac
		at=$((at + len))
	done
	out[36]=$((out[36] | 1)) # EFRSup: the images count
	for ((i = 0; i < 4; i++)); do out[4 + i]=$((${#out[@]} >> 8 * i & 255)); done
	out[24]=$((out[24] + 1)) # the OEM's revision: newer than the firmware's
	out[9]=0
	for byte in "${out[@]}"; do sum=$((sum + byte)); done
	out[9]=$((-sum & 255))
	# shellcheck disable=SC2059 # the bytes are the format
	printf "$(printf '\\x%02x' "${out[@]}")" >"$1.aml"
	echo "$1.aml"
}
