# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: what map accepts, what it refuses and with which errno, who chooses the address, and what the ledger then says.

good "a map's refusals, and none of them leaves anything" <<'EOT'
map a --size 16K --iova @0x100000
?map-overlap map b --size 4K --iova @0x103000
?map-overlap map b --size 8K --iova @0xff000
?map-overlap map b --size 32K --iova @0xfe000
?map-overlap map b --size 16K --iova @0x100000
?map-empty map b --size 0 --iova @0x180000
?map-size-unaligned map b --size 100 --iova @0x180000
?map-iova-unaligned map b --size 4K --iova @0x180010
?map-wraps map b --size 8K --iova 0xfffffffffffff000
?map-last-address map b --size 4K --iova 0xffffffffffffffff
?map-no-memory map b --size 1G --iova @0x180000
map b --size 16K --iova @0x104000
map c --size 4K --iova @0xff000
map d --size 4K --iova @0x180000
dma copy a b --size 16K
check --pins
EOT

# Every hole of the declared apertures, its first and its last page.
holes=$(declared '[.ranges[] | {start: .start, last: .last}] | sort_by(.start | length, .) | .[] | "\(.start) \(.last)"')
{
	next=0
	while read -r start last; do
		[ $((start)) -eq $((next)) ] || printf '?map-outside map a --size 4K --iova 0x%x\n' $((next)) $((start - 4096))
		next=$((last + 1))
	done <<<"$holes"
	[ $((next)) -eq 0 ] || printf '?map-outside map a --size 4K --iova 0x%x\n' $((next))
	echo "map a --size 4K --iova @0"
} >"$tmp/holes"
isnt "$(grep -c map-outside "$tmp/holes")" 0 "$backend: the apertures that it declares have holes"
good "the holes of the declared apertures take nothing" <"$tmp/holes"

if can kernel_iova; then
	good "the backend chooses an address" <<'EOT'
map k --size 64K --iova kernel
map l --size 4K --iova kernel
fill k --stamp 1
dma copy k k+0x8000 --size 32K
check k --offset 32K --stamp 1 --from 0
unmap k
map k --size 64K --iova kernel
check --pins
EOT
else
	body_script <<<'map a --size 4K --iova kernel'
	unsupported "it cannot choose an address" 'cannot choose an iova' run "$tmp/script"
	# neither a failure that was due nor a pass
	for line in '!map a --size 4K --iova kernel' '!EINVAL map a --size 4K --iova kernel'; do
		body_script <<<"$line"
		unsupported "skipped: $line" 'cannot choose an iova' run "$tmp/script"
		json_is '.results[0].result' skip "$backend: skipped: $line: and says so"
	done
fi
good "the errno of a choice left to the backend" <<<'?map-kernel-iova map a --size 4K --iova kernel'

good "buffers: names, reuse and release" <<'EOT'
map a --size 4K --iova @0x1000
!map a --size 4K --iova @0x2000
unmap a
map a --size 4K --iova @0x2000
!map b --size 4K --iova @0x2000
free a
map b --size 4K --iova @0x2000
!free a
map --size 4K
fill b1 --byte 1
unmap --all
!check a --byte 0
check --pins
EOT

mems="anon thp memfd"
# huge pages of the host have to be there; the simulation has its own
if can simulated || [ "$(cat /proc/sys/vm/nr_hugepages)" -ge 4 ]; then mems="$mems hugetlb-2M"; fi
for mem in $mems; do
	good "memory: $mem" <<-EOT
		map a --size 2M --iova random --mem $mem
		fill a --stamp 3
		dma copy a a+0x100000 --size 1M
		check a --offset 1M --stamp 3 --from 0
		check a --size 1M --stamp 3
		free a
		check --pins
	EOT
done

# one operation as a command line
ctl map --size 8K --iova "$(at 0x1000)" --hold 10ms --json
status_is 0 "$backend: map alone"
json_is '.mappings | map(select(.buf == "b1")) | .[0] | [.buf, .iova, .size, .prot, .mem] | join(" ")' \
	"b1 $(at 0x1000) 8192 rw anon" "$backend: map alone: tells its mapping"
for prot in r w; do
	ctl map only --size 4K --prot $prot --hold 0s --json
	json_is '[.result, (.mappings[] | select(.buf == "only") | .prot)] | join(" ")' "pass $prot" "$backend: map --prot $prot"
done
ctl map --size 64K --iova random --hold 0s --json
chosen=$(json '.mappings[] | select(.buf == "b1") | .iova')
is "$(for r in $(declared '.ranges[] | "\(.start)-\(.last)"'); do
	[ $((chosen - ${r%-*})) -ge 0 ] && [ $((${r#*-} - chosen)) -ge 65535 ] && echo inside
done) $((chosen & 4095))" "inside 0" "$backend: a random address is in a declared aperture, and aligned"
ctl maps --json
json_is '.mappings' '[]' "$backend: maps alone is empty"
