# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: what a process is, to those who pin its memory: ioctls of a child, and the limit on locked memory.

good "a child unmaps what its parent mapped, and the account is right" <<'EOT'
map a --size 64K --iova @0x100000
map b --size 64K --iova @0x200000
repeat 5
  unmap a --by child
  check --pins
  map a --size 64K --iova @0x100000
end
unmap --iova @0x100000 --size 0x110000 --by child --unmapped 128K
check --pins
EOT
# the device reaches the child's copy: where it goes by the process's addresses those are none of the child's any more
child=$(
	cat <<'EOT'
map b --size 64K --iova @0x200000
map a --size 64K --iova @0x100000
unmap a
fill a --stamp 1
map a --size 64K --iova @0x140000 --by child
fill a --byte 7
EOT
)
can bypasses_table || child+=$'\ndma copy a b --size 64K\ncheck b --stamp 1 --at @0x100000'
good "what a child maps is its copy, and stays when it has ended" <<EOT
$child
!EEXIST map c --size 4K --iova @0x140000 --by child
check --pins
unmap a
map a --size 64K --iova @0x140000
dma copy a b --size 64K
check b --byte 7
map m --size 64K --iova @0x300000 --mem memfd --by child
unmap m --by child
check --pins
EOT
good "locked memory is limited, and no longer" <<'EOT'
map z --size 64K --iova @0x80000
limits memlock +192K
map a --size 64K --iova @0x100000
map b --size 128K --iova @0x200000
!ENOMEM map c --size 64K --iova @0x300000
check --pins
unmap a
map c --size 64K --iova @0x300000
!ENOMEM map a --size 64K --iova @0x100000
limits memlock back
map a --size 64K --iova @0x100000
check --pins
limits memlock 0
!ENOMEM map d --size 4K --iova @0x400000
EOT
