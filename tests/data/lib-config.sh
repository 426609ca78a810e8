# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Config spaces, built in $hex from lists of capabilities.
. "$data/lib-bytes.sh"

# conf PATH TYPE [KEY=VALUE...]: the file config of a device that pci() has made. TYPE is conventional, endpoint, legacy,
# root-port, upstream, downstream, pcie-to-pci, rc-endpoint.
#   bus=P,S,L       bridges: primary, secondary, last bus (hex)        command=HEX    default 0006
#   multi=1         several functions                                  size=N         bytes that can be read (4096; conventional 256)
#   devctl=HEX      default 2810 with No Snoop and relaxed ordering    flr=1
#   acs=CAP,CTRL  ats=CAP,CTRL  pri=CTRL,CAPACITY  pasid=CAP,CTRL      in hex, as in the specification
#   sriov=CTRL,TOTAL,NUM,OFFSET,STRIDE,DEVICE  dsn=16 HEX DIGITS  aer=1  ari=1  amd=HEADER,BASE
conf() {
	local path=$1 type=$2 size=4096 bus='' command=0006 multi='' devctl=2810 flr='' acs='' ats='' pri='' pasid='' \
		sriov='' dsn='' aer='' ari='' amd='' word ids class
	shift 2
	for word; do local "${word%%=*}=${word#*=}"; done
	[ "$type" != conventional ] || [ "$size" != 4096 ] || size=256
	conf_header
	conf_capabilities
	[ "$size" -le 256 ] || conf_extended
	bytes_write "sys/devices/$path/config" "${hex:0:2 * size}"
}

conf_header() {
	local dir=$root/sys/devices/$path vendor device class header=0
	vendor=$(<"$dir/vendor") device=$(<"$dir/device") class=$(<"$dir/class")
	hex=''
	zeros 4096
	[ -z "$bus" ] || header=1
	patch16 0 "$vendor"
	patch16 2 "$device"
	patch16 4 "0x$command"
	patch16 6 0x10 # a list of capabilities
	patch8 8 1
	patch8 9 $((class & 0xff))
	patch8 10 $((class >> 8 & 0xff))
	patch8 11 $((class >> 16))
	patch8 14 $((header | (${multi:-0} ? 0x80 : 0)))
	if [ -n "$bus" ]; then
		IFS=, read -r word ids class <<<"$bus"
		patch8 0x18 "0x$word"
		patch8 0x19 "0x$ids"
		patch8 0x1a "0x$class"
	else
		patch16 0x2c 0x1028
		patch16 0x2e 0x0a21
	fi
	conf_link=0x34 conf_free=0x40
}

# conf_cap ID LENGTH: a capability at $conf_at, linked from the one before it.
conf_cap() {
	conf_at=$conf_free
	patch8 "$conf_link" "$conf_at"
	patch8 "$conf_at" "$1"
	conf_link=$((conf_at + 1))
	conf_free=$((conf_at + ($2 + 3) / 4 * 4))
}

conf_capabilities() {
	local port
	case $type in
	conventional) port='' ;;
	endpoint) port=0 ;; legacy) port=1 ;; root-port) port=4 ;; upstream) port=5 ;; downstream) port=6 ;;
	pcie-to-pci) port=7 ;; rc-endpoint) port=9 ;;
	*) echo "no such type: $type" >&2; exit 64 ;;
	esac
	if [ -n "$amd" ]; then
		conf_cap 0x0f 24
		patch32 "$conf_at" "0x${amd%,*} & 0xffff00ff | $(((conf_at + 24) << 8))"
		patch32 $((conf_at + 4)) "0x${amd#*,} | 1"
	fi
	conf_cap 1 8 # power management
	patch16 $((conf_at + 2)) 3
	conf_cap 5 0x18 # MSI, 64 bits
	patch16 $((conf_at + 2)) 0x0080
	[ -n "$port" ] || return 0
	conf_cap 0x10 0x3c
	patch16 $((conf_at + 2)) $((2 | port << 4))
	patch32 $((conf_at + 4)) $((0x8001 | (${flr:-0} ? 1 << 28 : 0)))
	patch16 $((conf_at + 8)) "0x$devctl"
}

# conf_ecap ID VERSION LENGTH: an extended capability at $conf_at; the first one stands at 0x100.
conf_ecap() {
	conf_at=$conf_free
	if ((conf_link)); then
		bytes_le 4 $((0x${hex:2 * conf_link + 6:2}${hex:2 * conf_link + 4:2} & 0xf | conf_at << 4))
		patch $((conf_link + 2)) "$REPLY"
	fi
	patch32 "$conf_at" $(($1 | $2 << 16))
	conf_link=$conf_at
	conf_free=$((conf_at + ($3 + 3) / 4 * 4))
}

conf_extended() {
	local a b c d e f
	conf_link=0 conf_free=0x100
	if [ -n "$aer" ]; then conf_ecap 1 2 0x48; fi
	if [ -n "$dsn" ]; then
		conf_ecap 3 1 12
		patch $((conf_at + 4)) "$dsn"
	fi
	if [ -n "$acs" ]; then
		conf_ecap 0xd 1 8
		patch16 $((conf_at + 4)) "0x${acs%,*}"
		patch16 $((conf_at + 6)) "0x${acs#*,}"
	fi
	if [ -n "$ari" ]; then conf_ecap 0xe 1 8; fi
	if [ -n "$ats" ]; then
		conf_ecap 0xf 1 8
		patch16 $((conf_at + 4)) "0x${ats%,*}"
		patch16 $((conf_at + 6)) "0x${ats#*,}"
	fi
	if [ -n "$sriov" ]; then
		IFS=, read -r a b c d e f <<<"$sriov"
		conf_ecap 0x10 1 0x40
		patch16 $((conf_at + 8)) "0x$a"
		patch16 $((conf_at + 0xc)) "0x$b"
		patch16 $((conf_at + 0xe)) "0x$b"
		patch16 $((conf_at + 0x10)) "0x$c"
		patch16 $((conf_at + 0x14)) "0x$d"
		patch16 $((conf_at + 0x16)) "0x$e"
		patch16 $((conf_at + 0x1a)) "0x$f"
		patch32 $((conf_at + 0x1c)) 0x553 # page sizes
		patch32 $((conf_at + 0x20)) 1
	fi
	if [ -n "$pri" ]; then
		conf_ecap 0x13 1 16
		patch16 $((conf_at + 4)) "0x${pri%,*}"
		patch16 $((conf_at + 6)) 0x100
		patch32 $((conf_at + 8)) "0x${pri#*,}"
	fi
	if [ -n "$pasid" ]; then
		conf_ecap 0x1b 1 8
		patch16 $((conf_at + 4)) "0x${pasid%,*}"
		patch16 $((conf_at + 6)) "0x${pasid#*,}"
	fi
}

# conf_patch PATH OFFSET DIGITS: spoil bytes of a config space that is there.
conf_patch() {
	local escaped
	escaped=$(sed 's/../\\x&/g' <<<"$3")
	printf '%b' "$escaped" | dd of="$root/sys/devices/$1/config" bs=1 seek=$(($2)) conv=notrunc status=none
}
