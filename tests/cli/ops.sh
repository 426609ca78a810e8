# SPDX-License-Identifier: GPL-2.0-or-later
# Scripts on the simulated IOMMU, where they do what only it can, or what no backend takes part in: how lines are read,
# numbered and refused. What scripts do on every backend is in tests/body.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

# script ARGS... <<EOT: run the text on stdin as a script, with JSON.
script() {
	cat >"$tmp/script"
	run -q --seed 7 "$@" run "$tmp/script" --json
}
good() { # NAME ARGS... <<EOT: every line is as it should be
	local name=$1
	shift
	script "$@"
	status_is 0 "$name" || diag "$(json '.results[] | select(.result != "pass")')"
}
bad() { # NAME STATUS LINE DETAIL <<EOT: this line is not
	script
	status_is "$2" "$1"
	json_is '[.results[] | select(.result != "pass")] | .[0].line' "$3" "$1: line $3"
	like "$(json '[.results[] | select(.result != "pass")] | .[0].detail')" "$4" "$1: says what"
}

# an unmap beside a map, and by whom a map is
good "an unmap while another thread maps" --backend sim,personality=iommufd <<'EOT'
map a --size 1M --iova 0x100000
unmap a --beside 0x8000000000
map a --size 1M --iova 0x100000
unmap --iova 0x100000 --size 1M --beside 0x200000
map a --size 1M --iova 0x100000
map b --size 4K --iova 0x300000
!EEXIST unmap a --beside 0x300000
!ENOENT unmap --iova 0x100000 --size 1M
!ENOENT unmap --iova 0x100000 --size 1M --beside 0x8000000000
map c --size 4K --iova 0x8000000000
unmap c
unmap b
check --pins
EOT
bad "what is unmapped cannot be mapped beside" 64 2 'lies in what is unmapped' <<'EOT'
map a --size 1M --iova 0x100000
unmap a --beside 0x1ff000
EOT
bad "the rules of where a map may be hold for it" 64 2 'is not usable here' <<'EOT'
map a --size 1M --iova 0x100000
unmap a --beside 0xfee00000
EOT
good "a page that does not grow the table meets nothing" --backend sim,personality=iommufd,fault=level-race <<'EOT'
map a --size 1M --iova 0x100000
unmap a --beside 0x200000
EOT
# that two threads meet is a matter of luck, of which there is little on a busy machine
script --backend sim,personality=iommufd,fault=level-race <<'EOT'
repeat 100
  ioas new young
  map a --size 1M --iova 0x100000 --ioas young
  unmap a --ioas young --beside 0x8000000000
  free a
  destroy young
end
EOT
status_is 1 "one that does"
json_is '.results[2] | [.result, (.detail | test("^short-unmap: unmapping 0x100000 mapped bytes .* reported 0xff000$"))] | tojson' '["fail",true]' "loses a page"
# whatever becomes of the page: the unmap is judged
script --backend sim,personality=iommufd,fault=short-unmap <<'EOT'
map a --size 1M --iova 0x100000
map b --size 64K --iova 0x8000000000
unmap a --beside 0x8000000000
EOT
status_is 1 "an unmap that is a page short, beside a map that is refused"
json_is '.results[2] | [.result, (.detail | test("short-unmap: unmapping 0x100000 mapped bytes"))] | tojson' '["fail",true]' "is found all the same" ||
	diag "$(json '.results')"
good "a child that executes another program" <<'EOT'
map a --size 64K --by exec
check --pins
unmap a
map a --size 64K
unmap a
map b --size 64K --by exec
free b
map b --size 64K --by exec
EOT
script --backend sim,fault=exec-locked <<'EOT'
map a --size 64K --by exec
unmap a
EOT
status_is 1 "from whose new memory the unmap takes what it locked"
json_is '.results[1] | [.result, (.detail | test("^pin-leak: .*, and has 0xffffffffffff0000 bytes locked"))] | tojson' '["fail",true]' "is told"
script --backend sim,personality=iommufd,fault=exec-locked <<'EOT'
ioas new other
map a --size 64K --by exec
ioas copy a --to other
unmap a --ioas other
unmap a
EOT
json_is '[.results[].result] | join(" ")' 'pass pass pass pass fail' "and not where a copy of it goes" || diag "$(json '.results')"
for how in "--iova 0x100000 --size 64K" --all; do
	script --backend sim,fault=exec-locked <<EOT
map a --size 64K --iova 0x100000 --by exec
unmap $how
EOT
	json_is '[.results[1].result, (.results[1].detail | test("^pin-leak: "))] | tojson' '["fail",true]' "unmap $how: is told, too" || diag "$(json '.results')"
done
bad "who is to map is named" 64 1 '--by exec takes no --iova kernel' <<'EOT'
map a --size 64K --by exec --iova kernel
EOT
good "of a child that does not, nothing is asked" --backend sim,fault=exec-locked <<'EOT'
map a --size 64K --by child
unmap a
EOT

# stamps of another place
good "what DMA brought is checked against the IOVA that it was stamped for, in parts too" <<'EOT'
map a --size 8K --iova 0x100000
map b --size 8K --iova 0x200000
fill a --stamp 3
check a --offset 4K --stamp 3
dma copy a b --size 8K
check b --stamp 3 --at 0x100000
check b --offset 4K --size 64 --stamp 3 --at 0x101000
dma copy a+0x40 b --size 4K
check b --stamp 3 --at 0x100040 --size 4K
EOT
bad "data of another IOVA is misplaced" 1 4 'misplaced' <<'EOT'
map a --size 8K --iova 0x100000
fill a --stamp 3
check a --stamp 3 --at 0x100000
check a --stamp 3 --at 0x200000
EOT
bad "stamps lie at multiples of their size" 64 2 'multiples of 64' <<'EOT'
map a --size 4K --iova 0x100000
check a --stamp 3 --at 4
EOT
bad "--at is about stamps" 64 2 'in place of --from' <<'EOT'
map a --size 4K --iova 0x100000
check a --byte 3 --at 0
EOT
good "a count that is due, whatever the ledger says" <<'EOT'
map a --size 8K --iova 0x100000
map b --size 8K --iova 0x200000
unmap --iova 0x100000 --size 0x110000 --unmapped 16K
EOT
bad "and is not met" 1 2 'short-unmap' <<'EOT'
map a --size 8K --iova 0x100000
unmap a --unmapped 4K
EOT

# limits, and who issues an ioctl
for l in "limits" "limits memlock" "limits foo 3" "limits memlock x" "limits memlock 4K 4K" "unmap --all --by child" "unmap --all --beside 0x1000" "unmap a --by child --beside 0x1000" "unmap a --beside x" "unmap a --by exec" "map a --size 4K --by parent" \
	"map a --size 4K --iova kernel --by child" "memory fork" "memory move a --write" "memory foo a" "dma start" "dma stop" "dma start x" "dma stop x y" "dma start X read a --size 4K"; do
	bad "no such thing: $l" 64 1 . <<<"$l"
done

bad "a place that is no page's" 64 2 'beside 0x1234 is not a multiple of 4K' <<'EOT'
map a --size 4K
unmap a --beside 0x1234
EOT
bad "not this error, but bytes that are wrong" 1 3 'EINVAL was due, not foreign: .*byte 0x04 where 0x03' <<'EOT'
map a --size 4K
fill a --byte 4
!EINVAL check a --byte 3
EOT

# DMA that must not arrive, and how its faults are told
good "write-only memory reads as ones" <<'EOT'
map a --size 4K --iova 0x100000
fill a --byte 2
map b --size 4K --iova 0x200000 --prot w
fill b --byte 3
dma copy b a --size 4K --may-fault
check a --byte 0xff
fill a --byte 2
dma copy a b --size 4K
check b --byte 2
EOT
bad "a fault of one direction only, left by --may-fault" 1 4 'dma-error' <<'EOT'
map a --size 4K --iova 0x100000
dma read 0x300000 --size 64 --may-fault
dma read a --size 64
dma write 0x300000 --size 64
EOT
# A page faults once for each direction that misses it, and four do here: a fault for each KiB. Where each takes long a look ends before it
# has seen so many, and the simulation's ring of records drops what finds no room: fewer there.
kib=512
is_slow && kib=128
good "however many faults were due, the next copy is not charged with them" <<EOT
map a --size 1M --iova 0x40000000
dma copy a 0x80000000 --size ${kib}K --may-fault
dma copy 0x80000000 0x90000000 --size ${kib}K --may-fault
dma copy a a+0x80000 --size 4K
dma copy 0x80000000 a --size ${kib}K --may-fault
EOT
json_is '.faults | length' 16 "the first faults are told"
json_is '.faults_total' "$kib" "and how many there were"
json_is '.faults[0] | keys | join(" ")' "access attribution device expected iova line raw reason source" "with compare's keys"
json_is '.faults[0] | [.access, .iova, .source] | join(" ")' "write 0x80000000 sim" "in order"
printf 'map a --size 4K\ndma copy a a+0x800 --size 64\n' >"$tmp/script"
run -q --tap run "$tmp/script"
like "$stdout" '^ok .* no fault where none was due' "and a run says that none was left"
bad "all faults of an op are its own" 1 2 'dma-error' <<'EOT'
map a --size 1M --iova 0x40000000
dma copy a 0x80000000 --size 512K
EOT
run -q dma read 0x40000000 --size 64 --json
status_is 1 "a dma that faults, alone"
json_is '.faults[0].iova' 0x40000000 "tells its fault"
good "dma read and write go through the device's buffer" --driver sim,dirs=rw <<'EOT'
map a --size 2M --iova 0x40000000
fill a --stamp 9
dma read a --size 4K
dma write a+0x1000 --size 4K
check a --offset 4K --size 4K --stamp 9 --from 0
dma copy a a+0x100000 --size 1M
EOT
script --driver sim,dirs=copy <<'EOT'
map a --size 4K
dma read a --size 64
EOT
status_is 4 "what the device cannot do is a skip"

# buffers
bad "unknown buffer" 2 1 'no buffer nope' <<'EOT'
fill nope --byte 1
EOT
bad "unknown space" 2 1 'no object 3' <<'EOT'
map a --size 4K --ioas 3
EOT
for line in 'map A --size 4K' 'map 1a --size 4K' 'map a.b --size 4K' 'map averyveryverylongnamethatdoesnotfit --size 4K' 'map a --size 0' \
	'map a --size 100' 'map a --size 4K --iova 0xfee00000' 'map a --size 4K --iova 0x1000000000000' 'map a --size 4K --iova 0x123' \
	'map a --size 4K --iova 0xfffffffffffff000' 'map a --size 4K --prot x' 'map a --size 4K --mem x' 'map a' 'unmap' 'unmap --iova 0' \
	'unmap --iova 0 --size 0' 'check a' 'fill a' 'dma copy a' 'dma up a --size 4K' 'dma read a' 'dma read a b --size 4K' \
	'bind 0000:00:00.0' 'run x' 'frob' 'check --pins a' 'repeat 2 3' 'map a --size 4K "' '!' '!ENOSUCH map a --size 4K' \
	'end' 'repeat 2' 'repeat x' 'end now'; do
	printf '# first\n%s\n' "$line" >"$tmp/script"
	run -q run "$tmp/script"
	status_is 64 "usage: $line"
	like "$stderr" "^iommuctl: run: .*script:2: " "usage: $line: names its line" || diag "$stderr"
done
bad "a part outside the buffer" 64 2 'leave' <<'EOT'
map a --size 4K
fill a --offset 4K --size 64 --byte 1
EOT
bad "a stamp between lines" 64 2 'multiples of 64' <<'EOT'
map a --size 4K
fill a --offset 8 --stamp 1
EOT

# --keep-going
printf 'map a --size 4K\nfill a --byte 1\ncheck a --byte 0\ncheck a --byte 2\ncheck a --byte 1\n' >"$tmp/script"
run -q run --keep-going "$tmp/script" --json
status_is 1 "--keep-going fails too"
json_is '[.results[].result] | join(" ")' "pass pass fail fail pass" "after all lines"

# choices do not move when a line goes
random='map a --size 4K --iova random
map c --size 4K --iova random'
address() { # BUF SCRIPT: where the script maps the buffer; mapping it again tells
	printf '%s\n' "$2" "map $1 --size 4K" >"$tmp/script"
	run -q --seed 5 run "$tmp/script"
	sed -n 's/.*is mapped already, at iova \(0x[0-9a-f]*\)$/\1/p' "$tmp/stderr"
}
c1=$(address c "$random")
c2=$(address c "${random#*$'\n'}")
c3=$(address c "$(printf 'maps\n\nmap b --size 8K --iova random\n%s' "$random")")
isnt "$c1" "" "a random address is seen" && is "$c2 $c3" "$c1 $c1" "a line more or less changes no other line's address"

script <<'EOT'
map a --size 4K --iova 0x100000
dma copy a a+0x800 --size 64
unmap --iova 0 --size 0xfffffffff000
EOT
status_is 64 "a range over the tool's own is a usage error"
like "$stderr" "script:3: iova .* is iommuctl's own" "and says so"

# the frames are handed out in order: the canary's would be the next ones
for at in 0x2a801000 0x2a802000 0x2a803000; do
	good "a canary's address keeps off a buffer that is mapped at $at" <<-EOT
		map a --size 4K --iova $at
		dma copy a a+0x800 --size 64
	EOT
done

# where nothing is translated, '!' is no answer, and nothing follows
for line in '!dma copy a a+0x800 --size 64' '!EREMOTEIO dma copy a a+0x800 --size 64' '!map b --size 4K --iova canary'; do
	printf 'map a --size 4K\n%s\nfree a\n' "$line" >"$tmp/script"
	run -q --backend sim,fault=untranslated run --keep-going "$tmp/script" --json
	isnt "$status" 0 "untranslated: $line"
	json_is '[.results[].line] | join(" ")' "1 2" "untranslated: $line: the script ends there"
done

# options of the whole run
for option in --backend=sim --device=sim --driver=sim --vf-token=01234567-89ab-cdef-0123-456789abcdef --format=text --json --tap \
	--seed=1 --sysroot=/ --dry-run --canary=off --allow-crash --allow-p2p --quiet -q --verbose -v --color=never --progress=never; do
	script <<<"map a --size 4K $option"
	status_is 64 "in a line: $option"
	like "$stderr" "^iommuctl: run: .*script:1: map: --[a-z0-9-]* cannot stand in a script" "in a line: $option: names it"
done
good "--unchecked may stand" <<'EOT'
map a --size 4K --unchecked
EOT

# nothing is asked of a kernel here, so nothing is said of it
run -q --tap compare --loops 2
unlike "$stdout" 'the kernel does not complain' "compare does not praise the kernel on the simulated IOMMU"
printf 'maps\n' >"$tmp/script"
run -q --tap run "$tmp/script"
unlike "$stdout" 'the kernel does not complain' "nor does run"

# the larger commands
good "compare and list" <<'EOT'
list
map a --size 4K
fill a --byte 1
compare --loops 5
compare --loops 3 --iova fixed:0x40000000 --graveyard 2
check a --byte 1
check --pins
EOT
json_is '.results | length' 7 "each is a line"
script --backend sim,fault=stale-iotlb <<'EOT'
compare --loops 50 --iova fixed:0x40000000
maps
EOT
status_is 1 "compare's failure is the script's"
json_is '.results | length' 1 "and ends it"
like "$(json '.results[0].detail')" '^stale-(read|write): ' "with its first failure"
printf 'compare --time 1h --log %s\nmaps\n' "$tmp/going" >"$tmp/script"
start -q run "$tmp/script" --json
wait_for 60 test -s "$tmp/going"
kill -INT "$pid"
finish
status_is 130 "a compare in a script can be interrupted"
json_is '[.results[] | [.line, .result, .detail]] | tostring' '[[1,"interrupted","interrupted"]]' "and nothing follows"
printf 'compare --loops 4 --log %s\n' "$tmp/log" >"$tmp/script"
run -q run "$tmp/script"
status_is 0 "compare --log"
is "$(jq -s length "$tmp/log")" 4 "compare --log writes a line per loop"

# stdin, several files
printf 'map a --size 4K\nfill a --byte 1\n' >"$tmp/script"
run_stdin "$tmp/script" -q run - --json
status_is 0 "- reads standard input"
json_is '.results | length' 2 "all of it"
printf 'check a --byte 1\n' >"$tmp/second"
run -q run "$tmp/script" "$tmp/second" --json
status_is 2 "each file has its own buffers"
like "$stderr" 'second' "and the one that fails is named"
json_is '[.results[] | "\(.file | split("/") | last):\(.line)"] | join(" ")' "script:1 script:2 second:1" "the results of all files in one list"

# what no kernel is asked twice
good "unmap everything by its range, while nothing else is there" --backend sim,personality=iommufd <<'EOT'
map a --size 16K --iova 0x100000
unmap --iova 0 --size 0xffffffffffffffff
map a --size 16K --iova 0x100000
check --pins
EOT

# one operation as a command line
run -q check --pins --json
status_is 0 "check --pins alone"
done_testing
