# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: an IOMMU that says it translates and does not, for any device: QEMU's amd-iommu without dma-remap. Each driver's device
# is found out by the canary, before it was pointed at anything but pages of the tool's own.
. "$(dirname "$0")/lib.sh"
trace=/sys/kernel/tracing
[ -e $trace/trace ] || mount -t tracefs tracefs $trace

# Much of the memory, full of zeros: whoever writes somewhere is likely to write here.
free=$(awk '/^MemFree:/ { print int($2 / 1024) - 120 }' /proc/meminfo)
mkdir -p /watched
mount -t tmpfs -o size=100% tmpfs /watched
dd if=/dev/zero of=/watched/zeros bs=1M count="$free" 2>/dev/null
diag "$free MiB of the memory are watched"
untouched() { dd if=/dev/zero bs=1M count="$free" 2>/dev/null | cmp -s - /watched/zeros; }
ok "they are zeros" untouched

# strangers: addresses below 4G, where all memory is, that were mapped for the device and are not the physical address of a page that
# is held: what the device might be given, and where that would end.
strangers() {
	sed -n 's/.*IOMMU: iova=0x\([0-9a-f]*\) - 0x[0-9a-f]* paddr=0x\([0-9a-f]*\) .*/\1 \2/p' $trace/trace |
		awk '{ n++; held[$2] = 1 } substr($1, 1, 8) == "00000000" { at[$1] = 1 }
			END { if (!n) print "nothing was traced"; for (a in at) if (!(a in held)) print a }' | head -n 5
}

each='1000:0012 1b36:0005 8086:10d3 8086:10c9 1b36:0010 1b36:0010,scratch=1024+8192 1234:11e8'
for one in $each; do
	device=$(pci "${one%%,*}") options=()
	[ "$one" = "${one#*,}" ] || options=(--driver "nvme,${one#*,}")
	[ "$(driver_of "$device")" = vfio-pci ] || take "$device"
	backends=(iommufd)
	[ "$one" != 1000:0012 ] || backends+=(vfio)
	for backend in "${backends[@]}"; do
		echo >$trace/trace
		echo 1 >$trace/events/iommu/map/enable
		run --json compare --backend $backend --device "$device" "${options[@]}" --size 8K --loops 100 --canary require
		echo 0 >$trace/events/iommu/map/enable
		is "$status $(json .result) $(json '"\(.loops) \(.bytes)"')" "1 fail 0 0" "$one, $backend: compare fails before its first loop"
		is "$(json '.classes | keys | join(" ")')" untranslated "$one, $backend: as untranslated"
		is "$(strangers)" "" "$one, $backend: it was given pages of the tool's own only"
	done
	left_nothing "$device" "$one: nothing is left behind"
done
ok "no other memory was written to" untouched
is "$(dmesg | grep -c 'IO_PAGE_FAULT\|Event logged')" 0 "the IOMMU itself said nothing"
printf '%s\n' 'map b --size 16K' 'dma copy b b+8K --size 64' >"$tmp/script"
run --json --device "$(pci_lsi)" run "$tmp/script"
is "$status $(json '.results[-1].detail | test("untranslated")')" "1 true" "a script's first transfer ends the same way" || diag "$stdout"
printf x | dd of=/watched/zeros bs=1 seek=$((free << 19)) conv=notrunc 2>/dev/null
nok "a single byte would have been seen" untouched
done_testing
