# SPDX-License-Identifier: GPL-2.0-or-later
# compare in several threads: for the plain binary and for one built with ThreadSanitizer.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
loops=$(scaled 400)

passes() { # NAME ARGS...
	local name=$1
	shift
	run -q --seed 7 "$@" --json
	status_is 0 "$name passes" || return
	json_is '[.result, .classes, .failures]' '["pass",{},[]]' "$name finds nothing"
}

for n in 1 2 3 8; do
	passes "--threads $n" compare --loops "$loops" --threads $n --size 4K..64K
	json_is .loops "$loops" "--threads $n runs every loop once"
done
passes "more threads than queues" compare --loops "$loops" --threads 20
passes "fixed, each its own" compare --loops "$loops" --threads 4 --iova fixed:0x40000000
passes "sequential" compare --loops "$loops" --threads 4 --iova sequential
passes "by pages" compare --loops "$loops" --threads 4 --map-granule page --unmap page
passes "probes" compare --loops "$loops" --threads 4 --probe-unmapped --readonly
passes "--reuse" compare --loops "$loops" --threads 4 --reuse --graveyard 1
passes "--iova kernel" --backend sim,personality=iommufd compare --loops "$loops" --threads 4 --iova kernel
passes "--time" compare --time 300ms --threads 4
passes "dirs=write" --driver sim,dirs=write compare --loops "$loops" --threads 4
run -q compare --loops "$loops" --threads 4 --log "$tmp/log"
is "$(jq -s '[.[].loop] | sort == [range(length)] and length == '"$loops" "$tmp/log")" true "the log has every loop once"
is "$(jq -s '[.[].thread] | unique' -c "$tmp/log")" '[0,1,2,3]' "of every thread"
run -q --seed 1 --backend sim,fault=stale-iotlb:p=0.02 compare --threads 4 --loops 2000 --iova fixed:0x40000000 --json
status_is 1 "a misbehaviour is found in threads too"
json_is '.classes | keys | map(select(. != "stale-write" and . != "stale-read")) | length' 0 "by its name"
run -q compare --threads 2 --iova adversarial
status_is 64 "adversarial runs in one thread"
run -q compare --threads 2 --unmap all
status_is 64 "so does --unmap all"
run -q compare --threads 20 --probe-unmapped
status_is 64 "probes have only so many pages"
done_testing
