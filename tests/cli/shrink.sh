# SPDX-License-Identifier: GPL-2.0-or-later
# run --shrink: the few lines that fail, in the same way, and that pass where nothing is wrong; never anything else.
. "$(dirname "$0")/lib.sh"
out=$tmp/out

lines() { grep -c '^[^#]' "$1"; } # without comments

# shrunk NAME BACKEND SCRIPT MAX CLASS [OPTION...]: fails with CLASS after it as before, in at most MAX lines, and is sound
shrunk() {
	local name=$1 backend=$2 script=$3 max=$4 class=$5 try
	shift 5
	rm -f "$out"
	run -q --seed 1 --backend "$backend" run "$script" --shrink "$out" "$@"
	status_is 1 "$name: the script fails"
	ok "$name: a shorter one is saved" test -s "$out" || return
	ok "$name: of at most $max lines, not $(lines "$out")" test "$(lines "$out")" -le "$max" || diag "$(<"$out")"
	for try in 1 2 3; do
		run -q --backend "$backend" run "$out"
		status_is 1 "$name: it fails, try $try"
		like "$stdout" "FAIL .*$class" "$name: as it did before, try $try"
	done
	run -q --backend "${backend%,fault=*}" run "$out"
	status_is 0 "$name: and passes without the fault"
}

cat >"$tmp/turns" <<'EOF'
# two buffers take turns at one iova, and a third has nothing to do with it
map x --size 64K --iova 0x5000000
fill x --stamp 9
map a --size 16K --iova 0x40000000 # behind a comment
fill a --size 8K --stamp 1
fill a --offset 8K --byte 0x5a
dma copy a a+8K --size 8K
check a --offset 8K --stamp 1 --from 0
fill a --offset 8K --byte 0x5a
unmap a
repeat 2
  map b --size 16K --iova 0x40000000
  fill b --stamp 2
  dma copy b b+8K --size 8K
  unmap b
end
check a --offset 8K --byte 0x5a
check a --size 8K --stamp 1
check x --stamp 9
check --pins
EOF
shrunk "a stale translation" sim,fault=stale-iotlb "$tmp/turns" 7 foreign
text=$(<"$out")
like "$text" '^# title: foreign: buffer b1 changed' "its header says what happens"
like "$text" '^# seed: 0x1$' "with the seed"
like "$text" '^# run: iommuctl --backend sim,fault=stale-iotlb run THIS-FILE$' "how to run it"
like "$text" '^# failed in 3 of 3 runs$' "how often it failed"
like "$text" '^# passes on: --backend sim$' "where it passes"
like "$text" '^# danger: none$' "and that it does no harm"
like "$text" '^map b1 --size 8K --iova 0x1000000$' "sizes, names and addresses are plain"
unlike "$text" '0x5000000' "what has nothing to do with it is gone"
shrunk "a short unmap" sim,fault=short-unmap "$tmp/turns" 2 short-unmap
shrunk "a leak" sim,fault=pin-leak "$tmp/turns" 3 pin-leak
shrunk "another personality" sim,personality=iommufd,fault=stale-iotlb "$tmp/turns" 7 foreign

# what has to be refused: without the mapping below it nothing would be wrong, so that line stays
printf '%s\n' 'map a --size 8K --iova 0x17f000' 'map c --size 4K' '!EEXIST map b --size 4K --iova 0x180000' 'unmap a' >"$tmp/overlap"
shrunk "an overlap" sim,fault=overlap-ok "$tmp/overlap" 2 'EEXIST was due'
like "$(<"$out")" '!EEXIST map' "the error that is due stays"

# what comes and goes is repeated until it always comes
shrunk "now and then" sim,fault=stale-iotlb:p=0.05 "$tmp/turns" 12 foreign --tries 20
like "$(<"$out")" 'repeat [0-9]+' "in turns"
shrunk "seldom" sim,fault=short-unmap:p=0.02 "$tmp/turns" 5 short-unmap --tries 20

# compare's own
run -q --seed 1 --backend sim,fault=unmap-skip-pte compare --probe-unmapped --loops 500 --save-repro "$tmp/repro"
shrunk "what compare saved" sim,fault=unmap-skip-pte "$tmp/repro" 7 foreign

# nothing fails: nothing is written
rm -f "$out"
run --backend sim run "$tmp/turns" --shrink "$out"
status_is 0 "a script that passes is no failure"
nok "and leaves no file" test -e "$out"
like "$stdout" 'there is nothing to shrink' "which is said"
# an error is something to hold on to as well, also one on which the simulation agrees
printf 'map a --size 4K --iova 0x1000\nmap c --size 4K\nmap b --size 4K --iova 0x1000\n' >"$tmp/error"
run -q --backend sim run "$tmp/error" --shrink "$out" --json
status_is 1 "a line that cannot be done is a failure to shrink"
json_is '[.repro, .shrink.lines, .shrink.from, .shrink.failed, .shrink.of]' "[\"$out\",2,3,3,3]" "told in JSON"
like "$(<"$out")" 'does not agree' "the simulation fails there as well, and that is said"

# no time: the script as it was
run -q --backend sim,fault=stale-iotlb run "$tmp/turns" --shrink "$out" --shrink-time 1us
status_is 1 "without time it fails all the same"
is "$(lines "$out")" 19 "and nothing is taken out"
like "$(<"$out")" '# shrunk: .*lack of time' "which the file says"

# refused
run run "$tmp/turns" --shrink /dev/null
status_is 2 "a device is no place for a repro"
run run "$tmp/turns" --shrink "$tmp"
status_is 2 "nor is a directory"
run run "$tmp/turns" --shrink "$tmp/none/out"
status_is 2 "nor one that is not there"
run run "$tmp/turns" "$tmp/error" --shrink "$out"
status_is 64 "one script at a time"
for options in "--tries 3" "--shrink-time 1s" "--shrink $out --tries 0" "--shrink $out --tries x" "--shrink $out --against sim" \
	"--shrink $out --keep-going" "--shrink $out --shrink-time 3"; do
	# shellcheck disable=SC2086
	run run "$tmp/turns" $options
	status_is 64 "usage: $options"
done
printf 'map a --size\n' >"$tmp/broken"
rm -f "$out"
run -q run "$tmp/broken" --shrink "$out"
isnt "$status" 0 "a script that cannot be read is no pass"
nok "and is not shrunk" test -e "$out"
done_testing
