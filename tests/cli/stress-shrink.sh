# SPDX-License-Identifier: GPL-2.0-or-later
# Every misbehaviour of the simulated IOMMU is found by stress and shrunk to at most 12 lines, which fail with it and pass without. Some of
# the table's rows; all of them three times over with IOMMUCTL_LONG. Promised are 60 s, on a machine with nothing else to do: told here, and
# four times as long is held.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
export RUN_TIMEOUT=600
repro=$tmp/repro

found() { # BACKEND-OPTIONS STRESS-OPTIONS WHAT SEED
	local fault=$1 options=$2 what=$3 seed=$4 name="$1, seed $4" lines try kept
	rm -f "$repro"
	# shellcheck disable=SC2086
	run -q --seed "$seed" --backend "sim,$fault" stress --time 250s $options --save-repro "$repro" --json
	status_is 1 "$name: found" || return
	json_is .result fail "$name: which it says"
	kept=$(json 'if .elapsed_s < 60 then "kept" else "NOT kept here" end')
	diag "$name: after $(json '.elapsed_s * 10 | round / 10') s, promised 60: $kept"
	ok "$name: a script is saved" test -s "$repro" || return
	lines=$(grep -c '^[^#]' "$repro")
	ok "$name: of at most 12 lines ($lines)" test "$lines" -le 12 || diag "$(<"$repro")"
	for try in 1 2 3; do
		run -q --backend "sim,$fault" run "$repro"
		status_is 1 "$name: which fails, try $try"
		like "$stdout" "FAIL .*($what)" "$name: as it should, try $try"
	done
	run -q --backend "$(sed -n 's/^# passes on: --backend //p' "$repro")" run "$repro"
	status_is 0 "$name: and passes without the fault"
}

quick=" fault=stale-iotlb fault=psi-mask fault=short-unmap fault=overlap-ok fault=ro-writable fault=untranslated fault=dirty-no-clear fault=no-memlock dma_entry_limit=200,fault=no-entry-limit fault=short-unmap:p=0.05 personality=iommufd,fault=dirty-lost-bitmap "
while IFS='|' read -r fault options what; do
	[ -n "$fault" ] || continue
	if [ -n "${IOMMUCTL_LONG:-}" ]; then
		for seed in 1 2 3; do found "$fault" "$options" "$what" "$seed"; done
	elif [[ $quick == *" $fault "* ]] && ! is_slow; then
		found "$fault" "$options" "$what" 1
	fi
done < <(grep -v '^#' "$top_srcdir/tests/misbehaviours.stress")

# nothing wrong, nothing saved
rm -f "$repro"
run -q --seed 1 stress --ops 3000 --save-repro "$repro"
status_is 0 "where nothing is wrong, stress finds nothing"
nok "and saves nothing" test -e "$repro"
run -q --seed 1 stress --ops 300 --json
json_is 'has("repro") and .repro == null' true "which is told"
run -q --backend sim,fault=untranslated --seed 1 stress --ops 300
unlike "$stdout" 'no DMA was done: *$' "why no DMA was done is told"
run stress --ops 300 --save-repro /dev/full
like "$stderr" 'cannot write the repro /dev/full: not a regular file$' "a device is no file"
# as it was done
run -q --seed 1 --backend sim,fault=short-unmap stress --ops 3000 --no-shrink --save-repro "$repro"
status_is 1 "without shrinking"
like "$(<"$repro")" 't[01]s[0-9]+-' "the trace is saved as it was"
run -q --backend sim,fault=short-unmap run "$repro"
status_is 1 "and fails"
run -q --backend sim run "$repro"
status_is 0 "and passes without the fault"
# what no order of its operations shows is a line of stress, also where nothing is shrunk
for try in 1 2 3 4 5; do # two threads meet otherwise each time
	run -q --seed 0xf4690065b8050562 --backend sim,fault=overlap-ok stress --ops 3000 --no-shrink --save-repro "$repro"
	! grep -v '^#' "$repro" | grep -q 'stress --mix .* --ops' || break
done
status_is 1 "what only overlaps show"
is "$(grep -v '^#' "$repro" | grep -c 'stress --mix .* --ops')" 1 "is saved as one line of stress"
for try in 1 2 3; do
	run -q --backend sim,fault=overlap-ok run "$repro"
	status_is 1 "which fails, try $try"
done
# mixes on the command line
run -q --seed 1 stress --ops 500 --mix map=3,unmap=2
status_is 0 "a mix can be given in one word"
run -q --seed 1 stress --ops 500 --mix map=3,nonsense=2
status_is 64 "of kinds that there are"
# a bitmap that cannot be written: the line that a script has for it; not where valgrind looks, which minds such addresses
for bitmap in readonly nowhere; do
	printf '%s\n' 'map a --size 16K --iova 0x10000000' 'dirty start --source iommu' "!EFAULT dirty read-clear a --source iommu --bitmap $bitmap" \
		'dirty read-clear a --source iommu' >"$tmp/blind"
	run -q --backend sim run "$tmp/blind"
	status_is 0 "a bitmap that is $bitmap is refused"
	run -q --backend sim,fault=dirty-lost-bitmap run "$tmp/blind"
	status_is 1 "and where it is not, that is told"
done
done_testing
