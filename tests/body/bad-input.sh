# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: wrong addresses and sizes on one command line: refused before the kernel is asked, and by the kernel with --unchecked.

rejects "no size" 64 '--size' map --size 0
rejects "a size that is no page" 64 'multiple of 4096' map --size 100
rejects "a size with a tail" 64 '--size' map --size 12Q
rejects "an address in the interrupt window" 64 '0xfee00000' map --iova 0xfee00000 --size 4K
rejects "a range that wraps" 64 'wraps|iova' map --iova 0xfffffffffffff000 --size 8K
rejects "an address that is no page" 64 'multiple|granule|aligned' map --iova "$(at 0x10)" --size 4K
rejects "no range to unmap" 64 'no range' unmap --iova 0xfffffffffffff000 --size 8K
rejects "a buffer that is not there" 2 'no buffer nope' unmap nope
rejects "DMA nowhere" 64 'neither an address' dma read '+5' --size 4K
rejects "no DMA" 64 'size 0' dma read "$(at 0)" --size 0
rejects "compare in the interrupt window" 64 '0xfee00000' compare --loops 2 --iova fixed:0xfee00000
rejects "compare beyond every aperture" 64 'not usable|wraps' compare --loops 2 --iova fixed:0x100000000000000
rejects "compare with unaligned pages" 64 'multiple' compare --loops 2 --iova "fixed:$(at 1)"
rejects "compare of nothing" 64 '--size' compare --loops 2 --size 0
rejects "a driver for another device" 2 'does not drive' --driver edu compare --loops 1

# the kernel's own answers, in its words
text_of() {
	case $(errno_of "$1") in
	EINVAL) echo 'Invalid argument' ;;
	EOVERFLOW) echo 'Value too large for defined data type' ;;
	ENOENT) echo 'No such file or directory' ;;
	EFAULT) echo 'Bad address' ;;
	*) echo "no text for $1" ;;
	esac
}
unchecked() { # SITUATION WHAT ARGS...
	if [ "$(errno_of "$1")" = ok ]; then
		ctl --unchecked "${@:3}" --json
		status_is 0 "$backend: unchecked, $1: accepted"
		json_is '[.unmapped_bytes, .mappings]' '[0,[]]' "$backend: unchecked, $1: and nothing happens"
		return
	fi
	rejects "unchecked, $1" 2 "cannot $2: $(text_of "$1")" --unchecked "${@:3}"
}
unchecked map-empty "map 0x0 bytes at iova $(at 0)" map --hold 0s --iova "$(at 0)" --size 0
half=$(at $(($(granule) / 2)))
unchecked map-iova-unaligned "map 0x1000 bytes at iova $half" map --hold 0s --iova "$half" --size 4K
unchecked map-wraps 'map 0x2000 bytes at iova 0xfffffffffffff000' map --hold 0s --iova 0xfffffffffffff000 --size 8K
unchecked map-last-address 'map 0x1000 bytes at iova 0xffffffffffffffff' map --hold 0s --iova 0xffffffffffffffff --size 4K
unchecked map-no-memory "map 0x40000000 bytes at iova $(at 0)" map --hold 0s --iova "$(at 0)" --size 1G
unchecked unmap-empty "unmap 0x0 bytes at iova $(at 0)" unmap --iova "$(at 0)" --size 0
unchecked unmap-wraps 'unmap 0x2000 bytes at iova 0xfffffffffffff000' unmap --iova 0xfffffffffffff000 --size 8K
unchecked unmap-iova-unaligned "unmap 0x1000 bytes at iova $half" unmap --iova "$half" --size 4K

ctl compare --loops 3 --json
status_is 0 "$backend: and the next run passes"
