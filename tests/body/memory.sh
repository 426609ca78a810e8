# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: memory that is released, moved, discarded or copied to a child under its mappings, which the device must not notice.

# What a device moves says what is pinned, unless it goes by the process's addresses.
copies() { can bypasses_table || cat; }

for mem in anon thp memfd; do
	good "$mem memory moves, and the device finds it" <<EOT
map a --size 16K --iova @0x100000 --mem $mem
map b --size 16K --iova @0x200000
fill a --stamp 1
memory move a
check a --stamp 1
$(copies <<<"dma copy a b --size 16K
check b --stamp 1 --at @0x100000
dma copy b a --size 4K
check a --size 4K --stamp 1")
memory move a
unmap a
map a --size 16K --iova @0x140000
fill a --stamp 2
dma copy a b --size 16K
check b --stamp 2 --at @0x140000
map c --memory-of a+8K --size 8K --iova @0x300000
memory move a
fill c --byte 7
check a --size 8K --stamp 2
check a --offset 8K --byte 7
!EBUSY memory move c
unmap a
free c
free a
check --pins
EOT
	good "$mem memory is released, and stays the device's" <<EOT
map a --size 16K --iova @0x100000 --mem $mem
map b --size 16K --iova @0x200000
fill a --stamp 1
memory release a
map c --size 16K --iova @0x300000 --mem $mem
fill c --byte 7
$(copies <<<"dma copy a b --size 16K
check b --stamp 1 --at @0x100000
dma copy b a --size 16K")
check c --byte 7
!EFAULT check a --byte 1
!EFAULT memory release a
!EFAULT map d --memory-of a --size 4K --iova @0x380000
check --pins
unmap a
!EFAULT map a --size 16K --iova @0x100000
map e --size 16K --iova @0x100000 --mem $mem
free a
unmap e
check --pins
EOT
	good "$mem memory is discarded, and is two" <<EOT
map a --size 16K --iova @0x100000 --mem $mem
map b --size 16K --iova @0x200000
fill a --stamp 1
memory discard a
check a --byte 0
$(copies <<<"dma copy a b --size 16K
check b --stamp 1 --at @0x100000
fill b --byte 9
dma copy b a --size 16K
check a --byte 0")
unmap a
map a --size 16K --iova @0x100000
dma copy a b --size 16K
check b --byte 0
free a
check --pins
EOT
done

good "a child has a copy, and the device and its parent stay of one mind" <<'EOT'
map a --size 16K --iova @0x100000
map b --size 16K --iova @0x200000 --mem memfd
repeat 20
  fill a --stamp 1
  memory fork a --write
  memory fork b
  check a --stamp 1
  dma copy a b --size 16K
  check b --stamp 1 --at @0x100000
  fill a --byte 3
  dma copy a b --size 16K
  check b --byte 3
  fill b --byte 4
  dma copy b a --size 16K
  check a --byte 4
end
!EINVAL memory fork b --write
check --pins
EOT
