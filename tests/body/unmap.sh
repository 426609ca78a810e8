# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: what unmap takes and what it leaves, which errno it answers, and that the device reaches nothing of it afterwards.

good "nothing there, no range, whole mappings" <<'EOT'
?unmap-nothing unmap --iova @0x180000 --size 4K
?unmap-empty unmap --iova @0x100000 --size 0
?unmap-iova-unaligned unmap --iova @0x180010 --size 4K
?unmap-size-unaligned unmap --iova @0x180000 --size 100
?unmap-wraps unmap --iova 0xfffffffffffff000 --size 8K
?unmap-huge-range unmap --iova @0x100000 --size 0xffffffffffffffff
map a --size 4K --iova @0x100000
map b --size 4K --iova @0x104000
unmap --iova @0x100000 --size 20K
map a --size 4K --iova @0x100000
map b --size 4K --iova @0x104000
unmap --iova @0xff000 --size 64K
map c --size 16K --iova @0x100000
unmap c
?unmap-nothing unmap c --unchecked
map c --size 16K --iova @0x100000
check --pins
EOT

# pieces: what each interface takes is seen by what can be mapped there afterwards
good "the middle of a mapping" <<'EOT'
map a --size 16K --iova @0x100000
fill a --size 4K --stamp 1
?unmap-middle unmap --iova @0x101000 --size 4K
dma copy a a+0x3000 --size 4K
check a --offset 12K --size 4K --stamp 1 --from 0
?map-where-middle-was map b --size 4K --iova @0x101000
unmap --all
check --pins
map a --size 16K --iova @0x100000
EOT
good "the head of a mapping" <<'EOT'
map a --size 16K --iova @0x100000
?unmap-head unmap --iova @0x100000 --size 4K
?map-where-head-was map b --size 4K --iova @0x100000
?map-behind-head map c --size 12K --iova @0x101000
unmap --all
check --pins
map a --size 16K --iova @0x100000
EOT
good "the tail of a mapping" <<'EOT'
map a --size 16K --iova @0x100000
fill a --size 4K --stamp 1
?unmap-tail unmap --iova @0x101000 --size 12K
dma copy a a+0x800 --size 2K
?map-where-tail-was map b --size 12K --iova @0x101000
?map-overlap map c --size 4K --iova @0x100000
unmap --all
check --pins
map a --size 16K --iova @0x100000
EOT
good "a mapping and the head of the next" <<'EOT'
map a --size 4K --iova @0x100000
map b --size 16K --iova @0x101000
?unmap-and-head unmap --iova @0x100000 --size 8K
?map-where-first-was map c --size 4K --iova @0x100000
?map-behind-second map d --size 12K --iova @0x102000
unmap --all
check --pins
map a --size 4K --iova @0x100000
map b --size 16K --iova @0x101000
dma copy a b --size 4K
EOT
good "the tail of a mapping and the next" <<'EOT'
map a --size 16K --iova @0x100000
map b --size 4K --iova @0x104000
?unmap-tail-and unmap --iova @0x101000 --size 16K
dma copy a a+0x800 --size 2K
?map-where-second-was map c --size 4K --iova @0x104000
unmap --all
check --pins
map a --size 16K --iova @0x100000
map b --size 4K --iova @0x104000
dma copy a b --size 4K
EOT

good "after unmap the device reaches nothing, and the memory stays" <<'EOT'
map a --size 4K --iova @0x100000
fill a --byte 1
map b --size 4K --iova @0x108000
fill b --byte 2
dma copy a a+0x800 --size 64
unmap b
dma copy a @0x108000 --size 4K --may-fault
check b --byte 2
map b --size 4K --iova @0x110000
dma copy a @0x108000 --size 4K --may-fault
check b --byte 2
dma copy a b --size 4K
check b --byte 1
EOT

good "everything at once, and again" <<'EOT'
map a --size 16K --iova @0x100000
map b --size 4K --iova random
map c --size 64K --iova random
unmap --all
check --pins
unmap --all
map a --size 16K --iova @0x100000
fill a --size 4K --stamp 2
dma copy a a+0x2000 --size 4K
check a --offset 8K --size 4K --stamp 2 --from 0
unmap --all
map a --size 16K --iova @0x100000
dma copy a a+0x2000 --size 4K
free a
check --pins
EOT

# The tool's own mappings, and buffers that are named like them. Where DMA does not go through the page table the tool maps
# nothing for itself: there is no canary, and no ring.
own='!EPERM '
can bypasses_table && own='# none here: '
good "ranges never take the tool's own" <<EOT
map pin --size 4K --iova @0x100000
map page --size 4K --iova @0x101000
map graveyard --size 4K --iova @0x102000
map probe --size 4K --iova @0x103000
fill pin --byte 1
dma copy pin page --size 4K
${own}unmap --iova 0 --size 0xfffffffffffff000
${own}unmap --iova 0 --size 0xfffffffffffff000 --unchecked
unmap --iova @0x100000 --size 16K
map pin --size 4K --iova @0x100000
map page --size 4K --iova @0x101000
dma copy pin page --size 4K
unmap --all
dma copy pin pin --size 4K --may-fault
check --pins
EOT

# one operation as a command line: nothing is there
ctl unmap --iova "$(at 0x100000)" --size 4K --json
if [ "$(errno_of unmap-nothing)" = ok ]; then
	status_is 0 "$backend: unmap alone"
	json_is '.unmapped_bytes' 0 "$backend: unmap alone has nothing"
else
	status_is 2 "$backend: unmap alone"
	json_is '.error.errno' "$(errno_of unmap-nothing)" "$backend: unmap alone has nothing, and the kernel says so"
fi
ctl unmap --all --json
status_is 0 "$backend: unmap --all alone"
json_is '.unmapped_bytes' 0 "$backend: unmap --all alone has nothing"
