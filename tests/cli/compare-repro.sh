# SPDX-License-Identifier: GPL-2.0-or-later
# The saved repro: it maps where the failure was seen, unmaps as the run did, and names what it cannot express.
. "$(dirname "$0")/lib.sh"
repro=$tmp/repro

saved() { # NAME ARGS...: a failing compare saves a script, which then fails by itself and passes without the fault
	local name=$1
	shift
	rm -f "$repro"
	run -q --seed 7 --backend sim,fault=stale-iotlb:p=0.05 compare --loops 500 --save-repro "$repro" "$@"
	status_is 1 "$name: fails"
	ok "$name: is saved" test -s "$repro" || return
	text=$(<"$repro")
	run -q --seed 7 --backend sim,fault=stale-iotlb:p=0.05 run "$repro"
	status_is 1 "$name: the script shows it again"
	sed -i 's/^repeat .*/repeat 20/' "$repro"
	run -q run "$repro"
	status_is 0 "$name: and passes without the fault"
}

saved "iova 0" --iova fixed:0
like "$text" 'map a --size 0x4000 --iova 0x0 ' "iova 0 is an address like any other"
unlike "$text" '--iova random --mem' "and not forgotten"
saved "an unmap of everything" --iova fixed:0x40000000 --unmap all
like "$text" '^  unmap --all$' "is repeated as such"
unlike "$text" '^  unmap [ab]$' "every time"
saved "an ordinary one" --iova fixed:0x40000000 --graveyard 3
like "$text" '^  unmap a$' "unmaps its buffer"
like "$text" '^# options: .* --graveyard 3 --threads 1' "names its graveyard and threads"
unlike "$text" '^# not in this script: .*(threads|granule)' "and leaves no more out than it must"
saved "pieces" --iova fixed:0x40000000 --map-granule page --unmap page
like "$text" '^compare .*--map-granule page --unmap page' "is a line of compare"
saved "random pieces" --iova fixed:0x40000000 --map-granule random
like "$text" '^compare .*--map-granule random' "these too"
run -q --seed 7 --backend sim,fault=stale-iotlb:p=0.05 compare --loops 2000 --threads 2 --iova fixed:0x40000000 --save-repro "$repro"
like "$(<"$repro")" '^compare .*--threads 2' "and threads"
run -q --backend sim,fault=stale-iotlb:p=0.05 run "$repro"
status_is 1 "which fails again with them"
run -q run "$repro"
status_is 0 "and passes on a healthy IOMMU"

# the file
mode_under() { # UMASK WANT
	rm -f "$repro"
	(umask "$1" && run -q --backend sim,fault=short-unmap compare --save-repro "$repro")
	is "$(stat -c %a "$repro")" "$2" "umask $1 gives mode $2"
}
mode_under 022 644
mode_under 077 600
is "$(find "$tmp" -name 'repro.*' | wc -l)" 0 "nothing else is left beside it"
mkfifo "$tmp/pipe"
run -q --backend sim,fault=short-unmap compare --save-repro "$tmp/pipe"
status_is 2 "what is no file is refused"
like "$stderr" 'not a regular file' "by that reason"
ok "and is still there" test -p "$tmp/pipe"
done_testing
