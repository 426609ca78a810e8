# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that cannot move any length anywhere: what they can is moved and judged, what they cannot is refused by its name.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
few=$(scaled 300)
page=dirs=write,fixed=same,min=4096,max=4096 # as an Identify of NVMe
blocks=dirs=rw,min=512,align=512,max=8K
packets=dirs=copy,min=64,max=1514

passes() { # NAME ARGS...
	local name=$1
	shift
	run -q --seed 7 "$@" --json
	status_is 0 "$name passes" || return
	json_is '[.result, .classes, .failures]' '["pass",{},[]]' "$name finds nothing"
}

for limits in $page $blocks $packets dirs=write,min=4,max=1024,align=4; do
	passes "$limits" --driver "sim,$limits" compare --loops "$few" --size 4K..64K
	json_is .canary passed "$limits: its canary passed"
	passes "$limits, adversarial" --driver "sim,$limits" compare --loops "$few" --iova adversarial
	passes "$limits, probes" --driver "sim,$limits" compare --loops 20 --size 8K --probe-unmapped --readonly
	json_is '.faults_expected > 0' true "$limits: the probes' faults were due"
	passes "$limits, all unmapped" --driver "sim,$limits" compare --loops 20 --size 8K --unmap all
	passes "$limits, threads" --driver "sim,$limits" compare --loops "$few" --size 8K --threads 4
done
passes "packets of any size" --driver sim,$packets compare --loops "$few" --size 64..8K
passes "a range keeps to whole blocks" --driver sim,$blocks compare --loops "$few" --size 512..8K
run -q --seed 7 --driver sim,$blocks compare --loops "$few" --size 512..8K --log "$tmp/log"
is "$(jq -s '[.[] | select(.size % 512 != 0)] | length' "$tmp/log")" 0 "every one of them"
is "$(jq -s '[.[].size] | unique | length > 3' "$tmp/log")" true "of several sizes"

# what no request can be
refused() { # NAME WANTED ARGS...
	local name=$1 wanted=$2
	shift 2
	run -q --seed 7 "$@"
	status_is 64 "$name: a usage error"
	like "$stderr" "$wanted" "$name: by the limit's name"
}
refused "below the minimum" "--size 0x40: the device moves no less than 0x200" --driver sim,$blocks compare --size 64
refused "no whole blocks" "--size 0x240: the device moves multiples of 0x200" --driver sim,$blocks compare --size 576
like "$stderr" "next length that it can move is 0x400" "and what would do"
refused "the end of a range" "--size 0x240" --driver sim,$blocks compare --size 512..576
refused "no whole pages" "multiples of 0x1000" --driver sim,$page compare --size 6K
cat >"$tmp/dma" <<'END'
map a --size 64K
dma write a --size 512
dma write a+512 --size 1K
! dma write a --size 500
! dma write a+8 --size 512
END
run -q --driver sim,$blocks run "$tmp/dma"
status_is 0 "dma: whole blocks at their borders, and no others"
printf 'map a --size 64K\ndma write a+8 --size 512\n' >"$tmp/dma"
run -q --driver sim,$blocks run "$tmp/dma" --json
json_is '.results[1].detail | test("addresses that are multiples of 0x200")' true "an address is refused by the same limit"
printf 'map a --size 64K\ndma copy a a+4K --size 4K\n' >"$tmp/dma"
run -q --driver sim,$page run "$tmp/dma" --json
json_is '.results[1].detail | test("does not write what it read")' true "bytes of its own are no copy"
for bad in min=0 max=0 align=3 min=x fixed=yes fixed min=4096,max=512 dirs=copy,fixed=same dirs=read,fixed=same; do
	run -q --driver "sim,$bad" compare
	status_is 64 "sim,$bad is refused"
done

# a page too small for the least transfer: no canary, and said; none wanted, none told
run -q --driver sim,min=8K compare --loops 20 --json
json_is '[.result, (.canary | test("no less than 8192"))]' '["pass",true]' "a canary that does not fit is said"
run -q --driver sim,min=8K --canary require compare --loops 20
status_is 2 "and is an error where it is required"
run -q --driver sim,min=8K compare --loops 20 --probe-unmapped --json
json_is .result skip "probes neither"

# bytes of its own
one_way() { # NAME: .directions and the skipped
	json_is '[.directions, ([.skipped[] | select(.what == "direction read")] | length)]' '[["write"],1]' "$1: only writes are judged"
}
passes "own bytes" --driver sim,dirs=write,fixed=same compare --loops "$few" --size 4K..64K
one_way "own bytes"
json_is '[.skipped[] | select(.what | test("bytes that the device writes"))] | length' 0 "all of them are steady"
passes "own bytes, and reads" --driver sim,dirs=rw,fixed=same compare --loops "$few"
one_way "own bytes, and reads"
json_is '.skipped[0].why' "the device does not show what it read" "of reads that is why"
passes "a count in them" --driver sim,dirs=write,fixed=counts compare --loops $((few * 4)) --threads 2
json_is '[.skipped[] | select(.what | test("^[1-8] of the 8192 bytes"))] | length' 1 "a count is told as what changes"
passes "always others" --driver sim,dirs=write,fixed=random compare --loops "$few"
json_is '[.skipped[] | select(.what | test("^8... of the 8192 bytes|^81.. "))] | length' 1 "bytes that all change too"

# what is wrong is still found
for fixed in same counts random; do
	run -q --seed 1 --backend sim,fault=untranslated --driver sim,dirs=write,fixed=$fixed compare --json
	json_is '[.result, .loops, .classes]' '["fail",0,{"untranslated":1}]' "fixed=$fixed: no translation, before the first loop"
	run -q --seed 1 --backend sim,fault=stale-iotlb:p=0.05 --driver sim,dirs=write,fixed=$fixed compare --iova fixed:0x40000000 --loops 2000 --json
	json_is '.result' fail "fixed=$fixed: a stale translation is found"
	json_is '.classes | keys - ["stale-write", "unwritten", "foreign"]' '[]' "fixed=$fixed: as what it is"
	run -q --seed 1 --backend sim,fault=ro-writable --driver sim,dirs=write,fixed=$fixed compare --readonly --json
	json_is '.classes | has("readonly-write")' true "fixed=$fixed: a write through a read-only mapping is found"
done
for limits in $blocks $packets; do
	run -q --seed 1 --backend sim,fault=untranslated --driver "sim,$limits" compare --json
	json_is '[.result, .loops, .classes]' '["fail",0,{"untranslated":1}]' "$limits: no translation, before the first loop"
	run -q --seed 1 --backend sim,fault=unmap-skip-pte --driver "sim,$limits" compare --probe-unmapped --json
	json_is '.classes | has("unmapped-access") or has("map-refused")' true "$limits: what stays mapped is found"
done

# dirty verify holds with them
for limits in $page $blocks; do
	run -q --seed 5 --driver "sim,$limits" dirty verify --strict --json
	json_is '[.result, .missing, .spurious_pages]' '["pass",[],0]' "$limits: dirty verify"
done
run -q --driver sim,min=512,align=512 bench dirty --json --size 4M
json_is .result pass "bench dirty within the limits"
done_testing
