# SPDX-License-Identifier: GPL-2.0-or-later
# iommufd's objects on the simulated IOMMU: spaces, copies, attach, replace, detach, destroy; and what is not there is said.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
sim=sim,personality=iommufd

# script ARGS... <<EOT: run the text on stdin as a script on the simulation with spaces, with JSON.
script() {
	cat >"$tmp/script"
	run -q --seed 7 --backend "$sim" "$@" run "$tmp/script" --json
}
good() { # NAME <<EOT: every line is as it should be
	script
	status_is 0 "$1" || diag "$(json '.results[] | select(.result != "pass")')"
}
bad() { # NAME STATUS LINE DETAIL <<EOT: this line is the first that is not
	script
	status_is "$2" "$1"
	json_is '[.results[] | select(.result != "pass")] | .[0].line' "$3" "$1: line $3"
	like "$(json '[.results[] | select(.result != "pass")] | .[0].detail')" "$4" "$1: says what"
}
detail() { like "$(json ".results[] | select(.line == $1) | .detail")" "$2" "$3"; }

good "two spaces map one iova to two memories" <<'EOT'
map a --size 8K --iova 0x100000
fill a --stamp 1
dma copy a a+0x1000 --size 4K
ioas new other
map b --size 8K --iova 0x100000 --ioas other
fill b --stamp 2
fill a --offset 4K --byte 0x11
attach other
dma copy 0x100000 0x101000 --size 4K
check b --offset 4K --stamp 2 --from 0
check a --offset 4K --byte 0x11
attach main
dma copy 0x100000 0x101000 --size 4K
check a --offset 4K --stamp 1 --from 0
unmap b
unmap a
destroy other
check --pins
EOT

good "copies" <<'EOT'
map a --size 16K --iova 0x100000
map r --size 4K --iova 0x300000 --prot r
ioas new other
ioas copy a --to other --iova 0x200000
ioas copy a+0x1000 --size 8K --to other --iova kernel
ioas copy 0x102000 --to other --iova 0x400000
!EEXIST ioas copy a --to other --iova 0x203000
!ENOENT ioas copy a --from other --size 20K
!ENOENT ioas copy 0x900000 --size 4K --to other
!EPERM ioas copy r --to other
ioas copy r --to other --prot r
fill a --stamp 3
attach other
dma copy a a+0x2000 --size 4K
check a --offset 8K --size 4K --stamp 3 --from 0
fill a --size 4K --byte 0x44
dma copy 0x200000 0x400000 --size 4K
check a --offset 8K --size 4K --byte 0x44
!dma copy a r --size 4K
unmap a --ioas other
!ENOENT unmap a --ioas other
check a --size 4K --byte 0x44
attach main
dma copy a a+0x1000 --size 4K
free a
free r
EOT
detail 5 '0x2000 bytes at iova 0x' "a copy says where the kernel put it"

good "destroy" <<'EOT'
!EBUSY destroy main
ioas new other
map b --size 4K --iova 0x100000 --ioas other
map a --size 4K --iova 0x200000
fill a --byte 1
attach other
!EBUSY destroy other
attach main
dma copy a a --size 64
destroy other
!ENOENT destroy other
!dma copy a 0x100000 --size 64
map b --size 4K --iova 0x100000
dma copy a b --size 64
check b --size 64 --byte 1
ioas new other
destroy other
EOT
bad "main stays" 64 1 "session's own space" <<'EOT'
destroy main
EOT

good "detached it reaches nothing" <<'EOT'
map a --size 8K --iova 0x100000
fill a --stamp 1
dma copy a a+0x1000 --size 4K
fill a --offset 4K --byte 0x5a
detach
!dma copy a a+0x1000 --size 4K
dma copy a a+0x1000 --size 4K --may-fault
check a --offset 4K --byte 0x5a
!EBUSY compare --loops 1
attach main
dma copy a a+0x1000 --size 4K
check a --offset 4K --stamp 1 --from 0
compare --loops 3
EOT
json_is '.results[] | select(.line == 5) | .result' pass "and that was asked of the device"

# the misbehaviour: attach and detach do not reach the device
sim=sim,personality=iommufd,fault=stale-attach
bad "a detach that does not reach the device" 1 3 'unmapped-access.*detached device still wrote' <<'EOT'
map a --size 8K --iova 0x100000
dma copy a a+0x1000 --size 4K
detach
EOT
bad "an attach that does not" 1 2 'stale-write.*attached to before' <<'EOT'
ioas new other
replace main other --rounds 20
EOT
bad "an attach between two transfers that does not" 1 2 'stale-write.*attached to before' <<'EOT'
ioas new other
replace main other --rounds 20 --between
EOT
sim=sim,personality=iommufd,fault=untranslated:after=3
script <<'EOT'
map a --size 8K --iova 0x100000
dma copy a a+0x1000 --size 64
ioas new other
attach other
attach main
EOT
isnt "$status" 0 "an IOMMU that stops translating is found out by attach"
json_is '[.results[] | select(.result != "pass")][0].detail | test("untranslated")' true "by its name"
sim=sim,personality=iommufd

good "replaced while its DMA runs" <<'EOT'
ioas new other
replace main other --rounds 100 --seamless
replace other main --rounds 10 --size 64K --seamless
dma copy 0x1000 0x2000 --size 64 --may-fault
unmap --all --ioas other
destroy other
EOT
detail 2 '^100 replacements, [0-9]+ transfers, 0 interrupted; [1-9][0-9]* lines in main, [1-9][0-9]* in other' "both got their writes"
good "replaced between its transfers" <<'EOT'
ioas new other
replace main other --rounds 100 --between
replace other main --rounds 10 --size 64K --between --seamless
EOT
detail 2 '^100 replacements, [0-9]+ transfers, 0 interrupted; [1-9][0-9]* lines in main, [1-9][0-9]* in other' "both got their writes then too"

good "where the kernel may choose" <<'EOT'
ioas new other
ioas allow other 0x5000000..0x5ffffff
map k --size 4K --iova kernel --ioas other
unmap --iova 0x5000000 --size 4K --ioas other
!EINVAL ioas allow other 0x1000..0x1000
!EINVAL ioas allow other 0x1000..0x2fff 0x2000..0x3fff
!EADDRINUSE ioas allow other 0xfee00000..0xfee00fff
ioas allow other
map k --size 4K --iova kernel --ioas other
EOT
good "options" <<'EOT'
ioas option huge-pages
ioas new s
ioas option huge-pages 0 --ioas s
ioas option rlimit-mode
!EBUSY ioas option rlimit-mode 1
!EINVAL ioas option huge-pages 2
ioas option huge-pages 1 --ioas s
map h --size 4M --mem hugetlb-2M --iova 0x40000000 --ioas s
attach s
!EINVAL ioas option huge-pages 0 --ioas s
dma copy h h+2M --size 2M
EOT
script <<'EOT'
map m --size 8K --mem memfd
ioas change-process
map a --size 4K
!EINVAL ioas change-process
EOT
status_is 0 "the accounting moves while all that is mapped is files"

# the canary's places are needed in every space: what is mapped there is in the way
script <<'EOT'
map a --size 4K --iova canary
ioas new other
map b --size 4K --iova canary --ioas other
attach other
EOT
status_is 0 "a page beside the canary's is not"
script <<'EOT'
map a --size 4K --iova 0x100000
dma copy a a --size 64
ioas new other
map b --size 16M --iova 0x2a800000 --ioas other
!EEXIST attach other
dma copy a a --size 64
EOT
status_is 0 "one over them refuses attach, and nothing has changed"
run -q --backend $sim maps --json
json_is '[.objects[] | .kind] | join(" ")' "ioas device" "objects are rows"
json_is '[.objects[1].parent == .objects[0].id, .objects[1].has_pasid, .objects[0].name] | join(" ")' "true false main" "with their relations"
run -q --backend $sim maps
like "$stdout" $'ioas 1 main\n  device 2 sim' "and a tree for people"

# beside main there is only in a script what one could look at
script <<'EOT'
ioas new other
map a --size 8K --iova 0x100000 --ioas other
attach other
maps
ioas ranges other
EOT
json_is '.results[3].data | [.objects[] | "\(.kind) \(.id) \(.parent)"] | join(", ")' "ioas 1 0, device 2 3, ioas 3 0" \
	"in a script too: which device is where"
json_is '.results[3].data.mappings | map("\(.ioas) \(.iova)") | join(", ")' "3 0x100000" "and what is mapped where"
json_is '.results[4].data.ranges | length' 2 "and what a space takes"
json_is '.results[0] | has("data")' false "a line with nothing more to say has no data"
run -q --backend $sim run "$tmp/script"
like "$stdout" $'maps: 1 mappings, 8192 bytes\n.*\n +ioas 1 main\n +ioas 3 other\n +  device 2 sim\n' "as a tree below its line"
run -q --tap --backend $sim run "$tmp/script"
like "$stdout" $'# ioas 3 other\n#   device 2 sim\n' "in TAP as comments"

# cut short it is no pass
for line in 'replace main other --rounds 100000000' 'bench map --loops 1000000000'; do
	printf 'ioas new other\n%s\n' "$line" >"$tmp/script"
	start -q --json --backend $sim run "$tmp/script"
	start_works
	kill -INT "$pid"
	finish
	is "$status $(json '.results[1].result')" "130 interrupted" "interrupted: $line"
done

# standalone
run -q --backend $sim ioas new x --json
status_is 0 "ioas new by itself"
json_is '.id > 0' true "says the id"
run -q --backend $sim ioas ranges --json
json_is '[.alignment, (.ranges | length), .ranges[1].start] | join(" ")' "4096 2 0xfef00000" "ranges"
run -q --backend $sim replace main 1
status_is 64 "one space is not two"

# several threads destroy one space
good "destroyed by several at once" <<'EOT'
ioas new brief
!ENOENT destroy 99 --threads 2
map b --size 64K --ioas brief --iova 0x100000
destroy brief --threads 16
!ENOENT destroy brief
ioas new brief
attach brief
!EBUSY destroy brief --threads 3
attach main
destroy brief --threads 2
check --pins
EOT
sim=$sim,fault=destroy-busy bad "one that is told that it is in use" 2 2 \
	'^object [0-9]+ was destroyed by one of 4 threads, and [1-3] w(as|ere) told Device or resource busy' <<'EOT'
ioas new brief
destroy brief --threads 4
EOT
sim=$sim,fault=destroy-busy good "one thread meets no other" <<'EOT'
ioas new brief
destroy brief
EOT

# what is not there
for line in 'ioas new x' 'attach main' 'detach' 'destroy 5' 'hwinfo' 'hwpt new x' 'faultq new q' 'ioas vfio get' 'ioas phys 0x1000' \
	'ioas change-process' 'ioas option huge-pages' 'faultq trigger --addr 0x1000' 'viommu trigger'; do
	printf '%s\n' "$line" >"$tmp/script"
	run -q --unchecked --backend sim run "$tmp/script" --json
	is "$status" 4 "type1 has none of it: $line" || diag "$(json .results)"
done
for line in hwinfo 'hwpt new x' 'faultq new q' 'ioas vfio get' 'ioas phys 0x1000' 'attach main --pasid 3' 'viommu trigger' \
	'faultq trigger --addr 0x1000'; do
	printf '%s\n' "$line" >"$tmp/script"
	run -q --backend $sim run "$tmp/script" --json
	is "$status" 4 "the simulation has no: $line" || diag "$(json .results)"
done

# words
for line in ioas 'ioas foo' 'ioas new' 'ioas new A' 'ioas new main' 'ioas copy' 'ioas allow x 5' 'ioas allow x 5..y' 'ioas option foo' \
	'ioas option huge-pages x' 'ioas vfio set' 'ioas vfio get main' 'ioas phys x' 'ioas copy a --iova x' hwpt 'hwpt new a b' \
	'hwpt invalidate main' 'hwpt new x --data foo' 'hwpt new x --data mock,foo=1' 'hwpt new x --data mock,iotlb=x' \
	'hwpt new x --data 0xdead,raw=1' 'hwpt new x --data mock,iotlb=0x100000000' attach 'attach a b' 'attach main --pasid x' 'detach x' \
	destroy 'destroy a b' 'destroy a --threads 1' 'destroy a --threads 17' 'destroy a --threads x' 'hwinfo x' 'hwinfo --type x' faultq 'faultq trigger' 'faultq answer q x' 'faultq read q --wait 5' viommu \
	'viommu new v' 'viommu device v w' 'viommu events e v' 'viommu read' replace 'replace main' 'replace main x y' \
	'replace main x --rounds 0' 'replace main x --size 100'; do
	printf '%s\n' "$line" >"$tmp/script"
	run -q --backend $sim run "$tmp/script"
	is "$status" 64 "usage: $line" || diag "$stderr"
done
done_testing
