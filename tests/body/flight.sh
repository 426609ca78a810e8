# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: DMA that goes on in the background of a script, and what is done beside it.

good "maps, copies and unmaps beside DMA" <<'EOT'
map a --size 16K --iova @0x100000
map b --size 16K --iova @0x200000
fill a --stamp 1
dma start one copy a b --size 16K
!EEXIST dma start one read a --size 4K
dma start two copy a+4K b+4K --size 4K
repeat 8
  map c --size 16K --iova @0x300000
  map d --size 16K --iova @0x340000
  fill c --stamp 2
  dma copy c d --size 16K
  check d --stamp 2 --at @0x300000
  unmap c
  free c
  unmap d
  free d
end
dma stop one
!ENOENT dma stop one
dma stop two
check b --stamp 1 --at @0x100000
check --pins
EOT
json_is '[.results[] | select(.command | startswith("dma stop one")) | .data // .detail] | length > 0' true "$backend: it tells what it did"
# what the pool of safety rule 2 has may go under it
if can simulated || can no_hardware; then
	good "what is unmapped under it is refused, and due" <<'EOT'
map a --size 16K --iova @0x100000
map b --size 16K --iova @0x200000
fill a --stamp 1
dma start one copy a b --size 16K
unmap b
fill b --byte 7
repeat 50
  check b --byte 7
end
map b --size 16K --iova @0x200000
dma stop one
EOT
fi
good "alone with the device, or not at all" <<'EOT'
map a --size 16K --iova @0x100000
dma start one copy a a+8K --size 8K
!EBUSY unmap --all
!EBUSY compare --loops 1
dma stop one
unmap --all
EOT
bad "what is refused before that is a failure" 1 3 'dma-error' <<'EOT'
map a --size 16K --iova @0x100000
dma start one copy a @0x300000 --size 4K
dma stop one
EOT
