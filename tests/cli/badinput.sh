# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong input and bad luck, without a device: each has its exit status, one message, at most one hint, and leaves nothing.
. "$(dirname "$0")/lib.sh"

# refused STATUS MESSAGE ARGS...: the status, a line "iommuctl: ..." that matches, nothing that claims a pass.
refused() {
	local want=$1 message=$2 name
	shift 2
	name="$* -> $want"
	(cd "$tmp/empty" && ls -A) >"$tmp/before"
	run -q "$@"
	status_is "$want" "$name"
	like "$(grep -v '^hint: ' "$tmp/stderr")" "$message" "$name: says $message"
	one_message "$name"
	unlike "$stdout" 'PASS' "$name: claims no pass"
	is "$(cd "$tmp/empty" && ls -A)" "$(<"$tmp/before")" "$name: leaves no file"
}

# Messages: one line of ours, then perhaps one hint; lower case, no full stop, no more.
one_message() {
	local first second
	mapfile -t lines <"$tmp/stderr"
	first=${lines[0]:-} second=${lines[1]:-hint: x}
	if [ ${#lines[@]} -lt 1 ] || [ ${#lines[@]} -gt 2 ] || [[ $first != "iommuctl: "* ]] || [[ $second != "hint: "* ]]; then
		fail "$1: one message and at most one hint"
		diag "$stderr"
		return
	fi
	if [[ ${first#iommuctl: } =~ ^[A-Z] ]] || [[ $first == *. ]] || [[ $second == *. ]]; then
		fail "$1: the message's form"
		diag "$stderr"
	fi
}
mkdir "$tmp/empty"
cd "$tmp/empty" || exit 1

# the command line
refused 64 'no command'
refused 64 "'frob' is no command" frob
refused 64 "unknown option '--frob'" --frob
refused 64 "unknown option '--frob'" compare --frob
refused 64 "unknown option '-x'" compare -x
refused 64 "'--loops' needs a value" compare --loops
refused 64 "'--reuse' takes no value" compare --reuse=yes
refused 64 'can mean several' compare --s 4K
refused 64 "--fail-nth: '0' is not a number from 1" run --fail-nth 0 -
refused 64 "--fail-nth: 'x' is not a number" run --fail-nth x -
refused 64 "--fail-nth: .*not with --against" run --fail-nth 1 --against sim -
refused 64 "it takes no argument, not 'extra'" compare extra
refused 64 "one word too many: 'extra'" maps extra
refused 64 "'xml' is none of" --format xml compare
refused 64 "'x' is not a number" --seed x compare
refused 64 'does not fit' --seed 0x10000000000000000 compare
refused 64 "'-1' is not a number" --seed -1 compare
refused 64 'which script' run

# dirty
refused 64 'it takes start, stop, read' dirty
refused 64 "'frob' is none of start, stop" dirty frob
refused 64 'which range' dirty read
refused 64 'which range' dirty unmap
refused 64 '--iova and --size go together' dirty read-clear --iova 0x1000
refused 64 '--iova and --size go together' dirty start --size 4K
refused 64 '--iova and --size go together' dirty start --iova 0 --size 4K --iova 0x10000
refused 64 'read-clear takes one range' dirty read-clear --iova 0 --size 4K --iova 0x10000 --size 4K
refused 64 "a buffer's name or --iova" dirty read a --iova 0x1000 --size 4K
refused 64 'not also .b.' dirty read a b
refused 64 'not also .a.' dirty stop a
refused 64 "'0x1G0' is not a size" dirty read --iova 0x1G0 --size 4K
refused 64 "'-1' is not a size" dirty read --iova 0 --size -1
refused 64 '--page-size: .4Q. is not a size' dirty read a --page-size 4Q
refused 64 'is no power of two' --backend sim dirty read --iova 0x1000 --size 4K --page-size 0
refused 64 'is no power of two' dirty read --iova 0x1000 --size 4K --page-size 6K
refused 64 'no multiples of pages' dirty read --iova 0x1001 --size 4K
refused 64 'is no range' dirty read --iova 0xfffffffffffff000 --size 8K
refused 64 'is no range' dirty start --source device --iova 0 --size 0
refused 64 'nothing is mapped at iova 0x1000' dirty read --iova 0x1000 --size 4K
refused 64 "'cpu' is none of iommu, type1, device" dirty start --source cpu
refused 2 'no buffer a' dirty read a
refused 64 'neither an address nor BUF' dirty read a+x
refused 2 'nosuch' dirty start --table nosuch
refused 2 'nosuch' dirty start --ioas nosuch
refused 64 "option '-o' needs a value" dirty read a -o
refused 64 'which file' dirty read a -o ''
refused 2 'cannot write /nonexistent/x' dirty read-clear --iova 0x1000 --size 4K -o /nonexistent/x
refused 64 'start takes no --output' dirty start -o x
refused 64 'stop takes no --iova' dirty stop --iova 0
refused 64 'show takes no --source' dirty show x --source iommu
refused 64 'read takes no --strict' dirty read a --strict
refused 64 'verify takes no --page-size' dirty verify --page-size 4K
refused 64 'it is .show FILE' dirty show
refused 64 'it is .diff A B' dirty diff x
refused 64 'it is .diff A B.' dirty diff x y z
refused 64 'it is .plot FILE' dirty plot
refused 64 'several make a --rate' dirty plot x y
refused 64 'ends neither in .png nor in .svg' dirty plot x -o y
refused 64 'goes to standard output' dirty plot x -o y.png --as terminal
refused 64 'to which file' dirty plot x --as png
refused 64 "'gif' is none of terminal, png, svg" dirty plot x --as gif
refused 64 "--width: '0' is not a number from 1" dirty plot x --width 0
refused 64 "--height: '99999' is not a number from 1" dirty plot x --height 99999
refused 64 "--rounds: '0' is not a number from 1" dirty verify --rounds 0
refused 64 "--threads: '65' is not a number from 1" dirty verify --threads 65
refused 64 "there is no 'nosuch'" dirty verify --case nosuch
refused 2 'nosuch' dirty show nosuch
refused 2 'nosuch' dirty diff nosuch nosuch
refused 2 'nosuch' dirty plot nosuch

# backends, devices, drivers, faults
refused 64 'unknown backend' --backend nope compare
refused 64 'bad backend' --backend '' compare
refused 64 "unknown option 'wtf'" --backend sim,wtf=1 compare
refused 64 'needs a value' --backend sim,fault= compare
refused 64 "unknown fault 'nope'" --backend sim,fault=nope compare
refused 64 "unknown fault option 'q=1'" --backend sim,fault=stale-iotlb:q=1 compare
refused 64 'probability' --backend sim,fault=stale-iotlb:p=1.5 compare
refused 64 'probability' --backend sim,fault=stale-iotlb:p= compare
refused 64 'number of operations' --backend sim,fault=stale-iotlb:after=x compare
refused 64 'personality' --backend sim,personality=v3 compare
refused 64 'unknown driver' --driver nope compare
refused 64 "unknown option 'x'" --driver sim,x=1 compare
refused 64 'directions' --driver sim,dirs=up compare
refused 64 'mask' --driver sim,mask=64 compare
refused 64 'takes one device, 00:04.0, not also .sim.' --device 00:04.0 compare --device sim
for token in '' x 01234567-89ab-cdef-0123-456789abcde 01234567-89ab-cdef-0123-456789abcdef0 01234567-89ab-cdef-0123-456789abcdeg \
	0123456789abcdef0123456789abcdef '{01234567-89ab-cdef-0123-456789abcdef}'; do
	refused 64 'is not a UUID' --vf-token "$token" compare
done
run -q --vf-token 01234567-89ab-CDEF-0123-456789abcdef compare --loops 1
status_is 0 "a token that is one"
refused 64 'has no device' --backend sim --device 0000:00:01.0 compare
refused 64 'needs a device' --backend vfio compare
refused 2 'cannot open|no such device|no device' --backend vfio --device ffff:1f:1f.7 compare
refused 2 'cannot open|no such device|no device' --device ffff:1f:1f.7 compare
for id in eth0 0123abcd-4567-89ab-cdef-0123456789a 0123abcd-4567-89ab-cdef-0123456789abc 0123abcd456789abcdef0123456789ab; do
	refused 64 'neither a PCI address nor the UUID of a mediated device' --device $id maps
done
refused 2 'cannot open|no mediated device' --device 0123abcd-4567-89ab-cdef-0123456789ab maps

# sizes and counts
for size in 0 '' x 4X -4K 4K..2K .. 4K.. ..4K 100 63 4.5K; do refused 64 '--size' compare --size "$size"; done
refused 64 'does not fit' compare --size 16777216T
refused 64 'does not fit' compare --size 99999999999999999999
refused 64 'more than 64G' compare --size 65G
refused 64 '0 loops' compare --loops 0
refused 64 'not a number' compare --loops 1e3
refused 64 'not a duration' compare --time 5
refused 64 'not a duration' compare --time 0s
refused 64 'not between' compare --threads 0
refused 64 'not between' compare --threads 65
refused 64 'is more than' compare --graveyard 99999999
refused 2 "more than this machine's memory" compare --graveyard 4096 --size 16G
refused 2 "more than this machine's memory" compare --threads 64 --size 64G
refused 64 'none of' compare --mem gold
refused 64 'none of' compare --flush all
refused 64 'none of' compare --iova nowhere
refused 64 'needs --map-granule page' compare --unmap page

# addresses
refused 64 '0xfedff000' compare --iova fixed:0xfedff000
refused 64 'not usable' compare --iova fixed:0x1000000000000
refused 64 'wraps' compare --iova fixed:0xffffffffffffe000
refused 64 'fixed' compare --iova fixed:
refused 64 'fixed' compare --iova fixed:zz
refused 64 'needed' map
refused 64 'is not a buffer name' map 9x --size 4K
refused 2 'no buffer nope' fill nope --byte 1

# files
refused 2 'No such file' run /nonexistent/script
refused 2 'Is a directory' run "$tmp"
head -c 3000 /dev/urandom >"$tmp/garbage"
printf 'x\0y\n' >>"$tmp/garbage"
refused 64 "garbage:" run "$tmp/garbage"
printf 'map a --size 4K\0 --iova random\n' >"$tmp/nul"
refused 64 'nul:1: this is no text' run "$tmp/nul"
printf '\n\nmap a --size 4K\nfrob\n' >"$tmp/line"
refused 64 "line:4: 'frob' is no command" run "$tmp/line"
refused 2 'No such file' compare --log /nonexistent/log
refused 2 'Is a directory' compare --log "$tmp"
refused 2 'No such file' compare --save-repro /nonexistent/repro
refused 2 'Is a directory' compare --save-repro "$tmp"
run -q compare --log /dev/full
status_is 2 "a full disk under --log"
like "$stderr" 'No space left' "says so"
one_message "a full disk under --log"
run -q --backend sim,fault=short-unmap compare --log /dev/full
status_is 1 "a failure and a full disk: the failure is told"

full() { # FORMAT: stdout is full
	timeout 60 ${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" -q "$@" >/dev/full 2>"$tmp/stderr"
	is $? 2 "$*: a full stdout is an error"
	stderr=$(<"$tmp/stderr")
	like "$stderr" 'No space left' "$*: and says so"
	one_message "$*"
}
full compare --loops 5
full compare --loops 5 --json
full compare --loops 5 --tap
full maps
full --help
full --version
full --list-cmds
timeout 60 "$IOMMUCTL" -q --backend sim,fault=short-unmap compare >/dev/full 2>/dev/null
is $? 1 "a failure stays one when stdout is full"
no_reader timeout 60 "$IOMMUCTL" -q compare --loops 5 2>"$tmp/stderr"
is $? 2 "a reader that left is an error, not a crash"
timeout 60 "$IOMMUCTL" -q compare --loops 5 >&- 2>"$tmp/stderr"
is $? 2 "so is a closed stdout"

# nothing here can do it: skip
refused 4 'only reads|shows no canary' --driver sim,dirs=read compare

# interrupted: status, a partial result, a whole log
for sig in INT TERM; do
	rm -f "$tmp/log"
	start -q compare --loops 100000000 --json --log "$tmp/log"
	wait_for 20 test -s "$tmp/log" || fail "the run began"
	kill -$sig "$pid"
	finish
	is "$status" $((128 + $(kill -l $sig))) "SIG$sig: status"
	json_is '.result' interrupted "SIG$sig: said"
	json_is '.loops > 0 and .loops < 100000000' true "SIG$sig: with what was done"
	if have_jq; then is "$(jq -s length "$tmp/log")" "$(json .loops)" "SIG$sig: the log is whole"; fi
	is "$stderr" "" "SIG$sig: no noise"
done
start -q map --size 4K --json
start_catches
kill -INT "$pid"
finish
is "$status" 130 "map holds until a signal"
# the log of its fourth line tells when it has done the third
rm -f "$tmp/log" "$tmp/log2"
printf 'map a --size 4K\ncompare --loops 1 --log %s\nrepeat 100000000\nfill a --byte 1\ncompare --loops 1 --log %s\nend\n' "$tmp/log" "$tmp/log2" >"$tmp/long"
start -q run "$tmp/long" --json
wait_for 20 test -s "$tmp/log2" || fail "the script began"
kill -TERM "$pid"
finish
is "$status" 143 "a script is interrupted"
json_is '[.result, (.results[2].runs > 0)]' '["interrupted",true]' "and tells how far it came"
start -q --backend sim,fault=short-unmap:p=0.5 compare --loops 100000000 --keep-going --json --log "$tmp/log"
wait_for 20 grep -q '"fail"' "$tmp/log" || fail "a failure is logged"
kill -INT "$pid"
finish
is "$status" 130 "interrupted comes before fail"
json_is '.classes | keys[0]' short-unmap "and the failures are told"
done_testing
