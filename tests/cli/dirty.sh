# SPDX-License-Identifier: GPL-2.0-or-later
# dirty on the simulated IOMMU: each source in scripts, what it cannot do, what is refused, files, and what is on show.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

# script ARGS... <<EOT: run the text on stdin as a script, with JSON.
script() {
	cat >"$tmp/script"
	run -q --seed 7 "$@" run --json "$tmp/script"
}
good() { # NAME ARGS... <<EOT: every line is as it should be
	local name=$1
	shift
	script "$@"
	status_is 0 "$name" || diag "$(json '.results[] | select(.result != "pass")')"
}
# The last line of the script is the first that is not as it should be.
bad() { # NAME STATUS RESULT DETAIL ARGS... <<EOT
	local name=$1 want=$2 result=$3 detail=$4 last
	shift 4
	script "$@"
	last=$(wc -l <"$tmp/script")
	status_is "$want" "$name"
	json_is '[.results[] | select(.result != "pass")] | .[0] | [.line, .result]' "[$last,\"$result\"]" "$name: line $last, $result"
	like "$(json '[.results[] | select(.result != "pass")] | .[0].detail')" "$detail" "$name: says what"
}
data_is() { json_is "[.results[] | select(.line == $1)][0].data | $2" "$3" "$4"; } # LINE FILTER WANT NAME
detail() { like "$(json ".results[] | select(.line == $1) | .detail")" "$2" "$3"; }
bits='[.dirty_pages, [.ranges[] | "\(.iova)+\(.length)"]]'

# by the page tables: bits stay until they are cleared, and only the device's writes set them
good "the page tables" <<'EOT'
map a --size 64K --iova 0x100000
dirty start
dma write a+0x1ff8 --size 16
dma write a+0xffff --size 1
dma read a+0x8000 --size 4K
dirty read a
dirty read-clear a
dirty read a
dirty read-clear a --page-size 64K
dma write a+0x5000 --size 4K
dirty read a+0x4000 --size 16K --page-size 8K
dirty read --iova 0x105000 --size 4K
dirty start
dirty read a
dma write a --size 64K
dirty unmap a
!EINVAL dirty read a
dirty stop
EOT
data_is 6 "$bits" '[3,["0x101000+8192","0x10f000+4096"]]' "read tells what was written"
data_is 7 "$bits" '[3,["0x101000+8192","0x10f000+4096"]]' "and left it for the next"
data_is 8 "$bits" '[0,[]]' "which cleared it"
data_is 9 '[.page_size, .length, .dirty_pages]' '[65536,65536,0]' "one bit for all of it"
data_is 11 "$bits" '[1,["0x104000+8192"]]' "a part of a buffer, by larger pages"
data_is 12 "$bits" '[1,["0x105000+4096"]]' "a range by its address"
data_is 14 "$bits" '[0,[]]' "a second start begins anew"
data_is 16 '[.dirty_pages, .unmapped_bytes, .order, .window]' '[16,65536,"at-once",false]' "read and unmapped in one call"
data_is 6 '[.source, .iova, .length, .page_size, .caveat, .file]' '["iommu","0x100000",65536,4096,"",""]' "the source is said, and what was asked"
detail 2 'by iommu' "start says who"
detail 18 'by iommu' "stop too"

# by the device: no bit stays, and they outlast the mapping
good "the device's log" <<'EOT'
map a --size 64K --iova 0x100000
map b --size 64K --iova 0x110000
map c --size 4K --iova 0x900000
dirty start --source device
dma write a+0x2000 --size 1
dma write c --size 8
dirty read-clear a
dirty read-clear a
dirty read-clear c
dma write a --size 8K
dirty unmap a
dirty stop
!EINVAL dirty read-clear b --source device
dirty start b --source device --page-size 64K
dma write b --size 1
dma write c --size 8
dirty read-clear b
!EINVAL dirty read-clear --iova 0x900000 --size 64K
EOT
data_is 7 "$bits" '[1,["0x102000+4096"]]' "what it wrote"
data_is 8 "$bits" '[0,[]]' "is reported once"
data_is 9 "$bits" '[1,["0x900000+4096"]]' "all that was mapped is logged"
data_is 11 '[.dirty_pages, .unmapped_bytes, .order, .window]' '[2,65536,"unmap-read",false]' "unmapped, then read: nothing is lost"
data_is 17 '[.page_size, .dirty_pages]' '[65536,1]' "by the pages that it was told to log by"
bad "what was mapped after the log began" 64 usage 'not told to log iova 0x110000' <<'EOT'
map a --size 64K --iova 0x100000
dirty start --source device
map b --size 64K --iova 0x110000
dma write b --size 8
dirty read-clear --iova 0x100000 --size 128K
EOT
good "ranges far apart, with no bits for what lies between" <<'EOT'
map a --size 64K --iova 0x100000
map b --size 64K --iova 0xfe0000000000
dirty start --source device --iova 0xfe0000000000 --size 64K --iova 0x100000 --size 64K
dma write a --size 8
dma write b+0x3000 --size 8
dirty read-clear a
dirty read-clear b
dirty stop
!ENOMEM dirty start --source device --iova 0x100000 --size 0xfe0000000000
EOT
data_is 6 "$bits" '[1,["0x100000+4096"]]' "the bits of the one"
data_is 7 "$bits" '[1,["0xfe0000003000+4096"]]' "and of the other"
good "ranges in any order that touch" <<'EOT'
map a --size 64K --iova 0x100000
map b --size 64K --iova 0x110000
map c --size 64K --iova 0x140000
dirty start b c a --source device
dma write a --size 8
dirty read-clear --iova 0x100000 --size 128K
EOT
bad "the log cannot be read without clearing" 4 skip 'source device clears what it reports' <<'EOT'
map a --size 64K
dirty start --source device
dirty read a
EOT
run -q dirty read --source device --iova 0x1000 --size 4K
status_is 4 "alone as well"
like "$stderr" 'read-clear' "and with a hint at what does it"

# by the container: everything, which is no measurement
good "the container" <<'EOT'
map a --size 64K --iova 0x100000
map b --size 64K --iova 0x120000
dirty start --source type1
dirty read-clear --iova 0x100000 --size 256K
dirty unmap a
dirty stop
EOT
data_is 4 "$bits" '[32,["0x100000+65536","0x120000+65536"]]' "every page that is mapped"
data_is 4 '.caveat | test("not a measurement")' true "and that this measures nothing"
data_is 5 '[.dirty_pages, .order]' '[16,"at-once"]' "with the unmap too"
detail 4 'not a measurement' "people are told"
bad "nor can the container" 4 skip 'source type1 clears what it reports' <<'EOT'
map a --size 64K
dirty start --source type1
dirty read a
EOT
bad "a range that cuts a mapping" 2 error '' <<'EOT'
map a --size 64K
dirty start --source type1
dirty read-clear a+0x1000 --size 4K
EOT
for personality in type1-v1 iommufd compat-v2 compat-v1; do
	bad "no container's bits with $personality" 4 skip 'container' --backend sim,personality=$personality <<<'dirty start --source type1'
done

# one after the other, each on its own
good "three at once" <<'EOT'
map a --size 64K --iova 0x100000
dirty start --source type1
dirty start --source device
dirty start --source iommu
dma write a --size 4K
maps
dirty read a
dirty read-clear a --source device
dirty read-clear a --source type1
dirty stop
dirty stop
dirty stop
maps
EOT
data_is 6 '[.dirty[].source]' '["iommu","device","type1"]' "maps shows what is on"
data_is 7 '[.source, .dirty_pages]' '["iommu",1]' "without a name it is the latest"
data_is 8 '[.source, .dirty_pages]' '["device",1]' "the others by name"
data_is 9 '[.source, .dirty_pages]' '["type1",16]' "all of them"
data_is 13 '.dirty' '[]' "and then nothing"
run -q run "$tmp/script"
like "$stdout" 'dirty tracking by device for' "people see it too"

# spaces: what is tracked is where the device is
good "another space" --backend sim,personality=iommufd <<'EOT'
map a --size 8K --iova 0x100000
ioas new other
map b --size 8K --iova 0x100000 --ioas other
dirty start
dma write a --size 4K
attach other
dma write b --size 8K
dirty start
dma write b+0x1000 --size 1
dirty read b
maps
dirty read a --ioas main
dirty stop
attach main
dirty read a
destroy other
maps
EOT
data_is 10 "$bits" '[1,["0x101000+4096"]]' "the space that the device is in"
data_is 11 '[.dirty[].ioas] | length' 2 "two are tracked"
data_is 12 "$bits" '[1,["0x100000+4096"]]' "the other by name"
data_is 15 "$bits" '[1,["0x100000+4096"]]' "or when the device is back"
good "a space that goes with its tracking" --backend sim,personality=iommufd <<'EOT'
ioas new other
map b --size 8K --iova 0x100000 --ioas other
dirty start --ioas other
destroy other
maps
EOT
data_is 5 '.dirty' '[]' "is tracked no more"

# nothing is asked that could not be asked well, nothing is cleared in vain
bad "a hole" 64 usage 'nothing is mapped at iova 0x110000' <<'EOT'
map a --size 64K --iova 0x100000
dirty start
dirty read --iova 0x100000 --size 128K
EOT
bad "a page size that is none" 64 usage '0xbb8 is no power of two' <<'EOT'
map a --size 64K
dirty start
dirty read a --page-size 3000
EOT
bad "a range that is no page" 64 usage 'no multiples of pages of 0x2000' <<'EOT'
map a --size 12K --iova 0x100000
dirty start
dirty read a --page-size 8K
EOT
bad "a range that wraps" 64 usage 'is no range' <<<'dirty read --iova 0xfffffffffffff000 --size 8K'
bad "nothing" 64 usage 'is no range' <<<'dirty read --iova 0x1000 --size 0'
hint() { like "$stderr" "^hint: $1" "$2"; }
bad "nothing is mapped, nothing logged" 2 error 'cannot read the dirty bits' <<'EOT'
map a --size 64K --iova 0x100000
dirty start a --source device
dirty read-clear --iova 0x900000 --size 64K
EOT
hint 'the device was not told to log iova 0x900000: ' "tracking was started, for something else"
bad "the device's log before its start" 2 error 'cannot read the dirty bits' <<'EOT'
map a --size 64K
dirty read-clear a --source device
EOT
hint 'tracking by device may not have been started' "it was not"
for personality in type1-v2 iommufd; do
	bad "an unmap that cuts a mapping, $personality" 2 error 'cannot read and unmap 0x1000 bytes' \
		--backend sim,personality=$personality <<'EOT'
map a --size 64K --iova 0x100000
dirty start
dirty unmap a --size 4K
EOT
	hint 'the range cuts the mapping 0x100000-0x10ffff: ' "which is said"
done
bad "a buffer that is not there" 2 error 'no buffer nope' <<<'dirty read nope'
bad "a buffer that is not mapped" 64 usage 'a is not mapped there' <<'EOT'
map a --size 4K
unmap a
dirty read a
EOT
bad "more than the buffer" 64 usage 'leaves the buffer' <<'EOT'
map a --size 8K
dirty read a+0x1000 --size 8K
EOT
bad "a range for who tracks all" 64 usage 'no range is given' <<'EOT'
map a --size 8K
dirty start a --source iommu
EOT
bad "a page size of nothing" 64 usage 'no power of two' <<<'dirty start --source device --page-size 0'
bad "a page size for who tracks by all" 64 usage 'no --page-size' <<<'dirty start --source type1 --page-size 8K'
bad "a table that is none" 2 error 'nosuch' <<<'dirty start --table nosuch'
bad "a read before a start" 2 error 'cannot read the dirty bits' <<'EOT'
map a --size 4K
dirty read a
EOT
hint 'tracking by iommu may not have been started' "the hint says so"
bad "the tool's own pages" 64 usage "iommuctl's own" --backend sim,personality=iommufd <<'EOT'
map a --size 4K --iova 0x100000
dma write a --size 64
dirty start
dirty unmap --iova 0xff0000000000 --size 4K
EOT
bad "a folder that is not there" 2 error 'cannot write /nonexistent/x' <<'EOT'
map a --size 4K
dirty start
dma write a --size 64
dirty read-clear a -o /nonexistent/x
EOT
script --unchecked <<'EOT'
map a --size 4K
dirty start
dma write a --size 64
!ENOENT dirty read-clear a -o /nonexistent/x
!EISDIR dirty read-clear a -o /
dirty read-clear a
EOT
data_is 6 .dirty_pages 1 "no bit was cleared for a file that cannot be"

# unchecked, as it is
good "the kernel's own answers" <<'EOT'
map a --size 64K --iova 0x100000
dirty start
!EINVAL dirty read a --page-size 0
!EINVAL dirty start --source device --page-size 0
!EINVAL dirty read a --page-size 3000
!EINVAL dirty read a --page-size 128K
!EINVAL dirty read --iova 0x100001 --size 4K
!EINVAL dirty read --iova 0x100000 --size 0
!EINVAL dirty read --iova 0x200000 --size 4K
!EOVERFLOW dirty read --iova 0xfffffffffffff000 --size 8K
!EINVAL dirty read --iova 0 --size 0x8000000000000000 --page-size 0x8000000000000000
!ENOMEM dirty read --iova 0 --size 0x8000000000000000 --page-size 1
!EINVAL dirty start --source device --iova 0x100001 --size 4K
!EINVAL dirty start --source device --iova 0x100000 --size 0
!EINVAL dirty unmap --iova 0x200000 --size 4K
dirty read a
unmap a
EOT
detail 12 '0x1000000000000000 bytes' "what cannot be allocated is said"

# a count that is short
script --backend sim,fault=short-unmap <<'EOT'
map a --size 64K --iova 0x100000
dirty start
dirty unmap a
EOT
status_is 1 "an unmap that reports too little"
data_is 3 '.classes["short-unmap"]' 1 "is a failure"

# files
cd "$tmp" || exit 1
good "to files" <<'EOT'
map a --size 64K --iova 0x100000
dirty start
dma write a+0x2000 --size 4K
dirty read a -o one.dirty
dma write a+0x8000 --size 8K
dirty read-clear a -o two.dirty
dirty show one.dirty
dirty unmap a -o three.dirty
EOT
data_is 4 .file one.dirty "the file is said"
data_is 7 '[.file, .caveat]' '["one.dirty",""]' "no key changes its type"
data_is 7 "$bits" '[1,["0x102000+4096"]]' "show in the same script"
run --json dirty show two.dirty
status_is 0 "show needs no session"
json_is "$bits" '[3,["0x102000+4096","0x108000+8192"]]' "and tells what was read"
json_is '[.backend, .device, .source]' '["sim","sim","iommu"]' "and where"
run dirty show two.dirty
unlike "$stdout" 'caveat' "where there is no caveat, people read of none"
run -q dirty diff one.dirty one.dirty
status_is 0 "a file does not differ from itself"
run -q dirty diff one.dirty two.dirty
status_is 1 "two that differ"

good "a series of files" <<'EOT'
map a --size 64K
dirty start
repeat 3
dma write a --size 8K
dirty read-clear a -o series-%n.dirty
end
EOT
is "$(echo series-*)" "series-0001.dirty series-0002.dirty series-0003.dirty" "are numbered"
run -q dirty plot --rate series-*
status_is 0 "and drawn as one"

# alone, outside of a script
run -q dirty start
status_is 0 "start alone"
like "$stdout" 'dirty tracking by iommu' "says who"
run -q dirty read --iova 0 --size 4K
status_is 64 "nothing is mapped outside of a script"
like "$stderr" '^hint: tracking lives in a session: .*`iommuctl run`' "where tracking lives is said"
unlike "$stderr" '--unchecked' "and nothing that would not help"
run -q dirty unmap --iova 0x1000 --size 4K
like "$stderr" '^hint: tracking lives in a session: ' "of unmap, too"
run --dry-run dirty start
like "$stdout" 'nothing was done' "--dry-run does nothing"
run --dry-run dirty show one.dirty
like "$stdout" 'dirty_pages' "what needs no device is done all the same"
run --backend sim --source device dirty read --iova 0x1000 --size 4K
status_is 64 "an option of the command is none of the whole"
run --json dirty verify --list
status_is 0 "verify --list"

# just the pages that are due
expect() { # NAME STATUS REGEX OPTIONS...
	printf 'map a --size 64K --iova 0x100000\nmap b --size 64K --iova 0x200000\ndirty start\ndma copy a b+4K --size 8K\ndma copy a b+0xfff0 --size 16\n%s\n' \
		"dirty read b ${*:4}" >"$tmp/expect"
	run -q --json --backend sim,personality=iommufd run "$tmp/expect"
	status_is "$2" "$1"
	like "$(json '.results[] | select(.line == 6) | .detail')" "$3" "$1: says what"
}
expect "just those" 0 '3 of 16' --expect b+4K+8K,0x20f000+1
expect "in parts, and over page borders" 0 '3 of 16' --expect 0x201fff+2,b+0xf800+2K
json_is '.results[] | select(.line == 6) | .data | [.missing_pages, .spurious_pages, (.missing | length)] | join(" ")' "0 0 0" "and machines read it"
expect "one too few" 1 '^spurious: a bit for the page at iova 0x20f000,.*1 such' --expect b+4K+8K
expect "which may be" 0 '3 of 16' --expect b+4K+8K --may b+32K+32K
expect "one too many" 1 '^missing: no bit for the page at iova 0x200000,.*1 such, 0 spurious' --expect b+12K,b+60K+4K
json_is '.results[] | select(.line == 6) | .data.missing[0] | [.iova, .page_size] | join(" ")' "0x200000 4096" "with its address"
expect "none at all" 1 '^spurious: .*3 such' --expect none
expect "a place that was not read" 64 '0x100000-0x100fff is not in what was read' --expect 0x100000+4K
expect "no size" 64 "'b' is not A.S" --expect b
expect "no such buffer" 2 'no buffer x' --expect x+4K
expect "--may alone" 64 'goes with --expect' --may b+4K
cat >"$tmp/expect" <<'EOT'
map b --size 64K --iova 0x200000
dirty start
dma write b+4K --size 4K
dirty read-clear b --expect b+4K+4K
dirty read b --expect none
dma write b+8K --size 4K
dirty unmap b --expect b+8K+4K
EOT
run -q --json --backend sim,personality=iommufd run "$tmp/expect"
status_is 0 "cleared, and unmapped"
for fault in dirty-no-clear dirty-shift dirty-lost-unmap; do
	run -q --json --backend sim,personality=iommufd,fault=$fault run "$tmp/expect"
	status_is 1 "$fault is found"
	like "$(json '[.results[] | select(.result == "fail")][0].detail')" '^(missing|spurious): ' "$fault: by the pages"
done

# two backends: the same bits by the container's rules and by iommufd's, and not the same where one of them shifts them
cat >"$tmp/pair" <<'EOT'
map a --size 64K --iova 0x2000000
dirty start
dma write a+0x1ff8 --size 16
dirty read a
dirty read-clear a
dma write a+0x8000 --size 4K
dirty read a --page-size 32K
dirty start
dirty read a
dma write a --size 64K
dirty unmap a
!EINVAL dirty read --iova 0x2000000 --size 4K
dirty stop
EOT
run -q --json --seed 3 run "$tmp/pair" --against sim,personality=iommufd
status_is 0 "personalities agree"
json_is '.differences' '[]' "in every bit"
run -q --json --seed 3 run "$tmp/pair" --against sim,fault=dirty-no-clear
status_is 1 "a source that does not clear"
json_is '[.differences[] | select(.field == "dirty_bytes" and .line == 7) | .known] | unique' '[""]' "is found"

# where the bits go
run -q dirty read --iova 0x1000 --size 4K --bitmap nowhere
status_is 64 "--bitmap needs --unchecked"
run -q dirty read --iova 0x1000 --size 4K --bitmap elsewhere
status_is 64 "and one of two words"
done_testing
