# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: scripts of single operations: what the device wrote is found where it wrote it, and what it must not reach stays.

good "a copy arrives" <<'EOT'
# comments, empty lines, quotes and tabs

map a --size 8K --iova @0x100000   # here too
	fill 'a' --size "4K" --stamp 3
fill a --offset 4K --byte 0x5a
dma copy a a+0x1000 --size 4096
check a --offset 4K --stamp 3 --from 0
check a --size 4K --stamp 3
unmap a
check a --offset 4K --stamp 3 --from 0
free a
maps
check --pins
EOT
json_is '[.results[].line] | join(" ")' "3 4 5 6 7 8 9 10 11 12 13" "$backend: results name their lines"
json_is '[.results[] | (.errno | type), (.detail | type)] | unique | join(" ")' string "$backend: errno and detail are strings"
good "odd sizes, odd places" <<'EOT'
map a --size 64K --iova @0x100000
fill a --byte 0
fill a --offset 0x7c0 --size 0x900 --byte 0x5a
dma copy a+0x7c0 a+0x8ff0 --size 0x8fc
check a --offset 0x8ff0 --size 0x8fc --byte 0x5a
check a --offset 0x98ec --size 0x100 --byte 0
check a --offset 0x8000 --size 0xff0 --byte 0
EOT

bad "a changed byte is found" 1 3 'foreign.*offset 0x0.*byte 0x11 where 0x12 was due' <<'EOT'
map a --size 4K --iova @0x100000
fill a --byte 0x11
check a --byte 0x12
EOT
bad "one byte of many" 1 4 'offset 0x123' <<'EOT'
map a --size 4K --iova @0x100000
fill a --byte 0x11
fill a --offset 0x123 --size 1 --byte 0x10
check a --byte 0x11
EOT
bad "another generation" 1 3 'stale-read.*generation 1.*generation 2 was due' <<'EOT'
map a --size 4K --iova @0x100000
fill a --stamp 1
check a --stamp 2
EOT
bad "another place" 1 4 'misplaced' <<'EOT'
map a --size 8K --iova @0x100000
fill a --stamp 1
dma copy a a+0x1000 --size 4K
check a --stamp 1
EOT
bad "what the device wrote" 1 5 'changed between offset 0x40 and 0x7f' <<'EOT'
map a --size 4K --iova @0x100000
map b --size 4K --iova @0x110000
fill b --byte 0xee
dma copy b a+0x40 --size 64
check a --byte 0
EOT
good "! takes a failed check as its failure" <<'EOT'
map a --size 4K --iova @0x100000
fill a --byte 1
!check a --byte 2
EOT

# DMA that must not arrive
fault_log_rests
faults "DMA to unmapped memory" 4 <<'EOT'
map a --size 4K --iova @0x100000
map b --size 4K --iova @0x110000
unmap b
dma copy a b --size 4K
EOT
good "--may-fault, read-only, write-only, and the memory stays" <<'EOT'
map a --size 4K --iova @0x100000
fill a --byte 1
map b --size 4K --iova @0x110000
fill b --byte 2
unmap b
dma copy a @0x110000 --size 4K --may-fault
check b --byte 2
map b --size 4K --iova @0x110000 --prot r
dma copy a b --size 4K --may-fault
check b --byte 2
dma copy b a --size 4K
check a --byte 2
unmap b
map b --size 4K --iova @0x110000
dma copy a b --size 4K
check b --byte 2
check --pins
EOT
fault_log_rests
faults "a fault left by --may-fault is not told later, a new one is" 4 <<'EOT'
map a --size 4K --iova @0x100000
dma copy a @0x130000 --size 64 --may-fault
dma copy a a+0x800 --size 64
dma copy a @0x140000 --size 64
EOT

if can has_phys; then
	good "a page of ours at the address that is another's physical one" <<'EOT'
map v --size 4K --iova canary
fill v --byte 7
map src --size 4K
fill src --byte 8
dma copy src v --size 64
check v --size 64 --byte 8
unmap v
fill v --byte 7
dma copy src v --size 64 --may-fault
check v --byte 7
EOT
	bad "--iova canary is one page" 64 1 'one page' <<'EOT'
map v --size 8K --iova canary
EOT
else
	body_script <<<'map v --size 4K --iova canary'
	unsupported "without physical addresses there is no canary" 'physical' run "$tmp/script"
fi

if can has_pins; then
	good "pins are counted" <<<'check --pins'
else
	body_script <<<'check --pins'
	unsupported "nobody counts pins" 'nobody counts pinned pages' run "$tmp/script"
fi

# repeat, keep-going
good "nested repeats" <<'EOT'
repeat 3
  map a --size 4K
  repeat 4
    fill a --byte 1
  end
  free a
end
repeat 0
  frob
  repeat 2
    check a --byte 9
  end
end
EOT
json_is '[.results[] | [.line, .runs]]' '[[2,3],[4,12],[6,3]]' "$backend: run as often as they should, and zero times"
bad "the line that failed" 1 5 'foreign' <<'EOT'
map a --size 4K
repeat 10
  check a --byte 0
  fill a --byte 1
  check a --byte 0
end
EOT
json_is '.results | map(.runs) | join(" ")' "1 1 1 1" "$backend: stops there"
script --unchecked <<'EOT'
map a --size 4K --iova @0x100000
!EINVAL map b --size 4K --iova @0x100000
EOT
status_is 1 "$backend: another errno than was due fails"
like "$(json '.results[1].detail')" "EINVAL was due, not $(errno_of map-overlap)" "$backend: and says which"
script <<'EOT'
!EEXIST map b --size 4K --iova @0x100000
EOT
status_is 1 "$backend: success where a failure was due fails"
like "$(json '.results[0].detail')" 'EEXIST was due, but it succeeded' "$backend: and says so"

# the larger command
good "compare between a buffer's lines" <<'EOT'
map a --size 4K
fill a --byte 1
compare --loops 5
compare --loops 3 --iova random --graveyard 2
check a --byte 1
check --pins
EOT
