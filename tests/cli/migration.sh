# SPDX-License-Identifier: GPL-2.0-or-later
# The migration of the simulated device: clean with every set of flags, each misbehaviour found by its check and by no other, and what
# cannot be migrated is a skip.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

failed() { json '[.checks[] | select(.result == "fail").name] | join(" ")'; }
arcs() { json "[.arcs[] | select($1) | \"\(.from):\(.to)\"] | sort | join(\" \")"; }

# --- clean, with every set of flags
for flags in stop-copy stop-copy+p2p stop-copy+pre-copy stop-copy+p2p+pre-copy p2p pre-copy 'p2p|pre-copy'; do
	run -q --backend "sim,migration=$flags" migration --strict --json
	status_is 0 "$flags: nothing is wrong"
	is "$(json .result) $(failed)" "pass " "$flags: no check fails"
	case $flags in *p2p*) p2p=1 ;; *) p2p=0 ;; esac
	case $flags in *pre-copy*) pre=1 ;; *) pre=0 ;; esac
	is "$(json '.flags | join(" ")')" "STOP_COPY$( ((p2p)) && echo " P2P")$( ((pre)) && echo " PRE_COPY")" "$flags: the flags are told"
	is "$(json '.arcs | length')" 80 "$flags: every ordered pair is there, and two numbers from each state"
	# of n states, ERROR not counted: each reaches each, but STOP_COPY does not go back to pre-copy
	n=$((4 + p2p + pre + (p2p && pre)))
	legal=$((n * n - (pre ? 1 + p2p : 0)))
	is "$(json '[.arcs[] | select(.expected == "ok")] | length')" $legal "$flags: $legal lead on"
	is "$(json '[.arcs[] | select(.expected == "ok" and .got == "ok" and .state == .to and .result == "pass")] | length')" $legal \
		"$flags: and all of them do"
	is "$(json '[.arcs[] | select(.expected == "EINVAL" and .got != null and (.got != "EINVAL" or .state != .from))] | length')" 0 \
		"$flags: what is refused changes nothing"
	is "$(json '[.arcs[] | select(.got == null) | select(.why == "")] | length')" 0 "$flags: what was not tried says why"
	is "$(json '[.arcs[] | select(.expected == "ok" and .to == "STOP_COPY" and .from != "STOP_COPY" and .bytes < 4096)] | length')" 0 \
		"$flags: a whole state comes out of STOP_COPY"
	is "$(json '[.states[] | select(.reached) | "\(.config) \(.set_irqs) \(.reset) \(.after_reset)"] | unique | join(",")')" \
		"ok ok ok RUNNING" "$flags: in each state config space, interrupts and reset work"
	is "$(json '[.states[] | select(.reached)] | length')" $((n + 1)) "$flags: every state was reached, ERROR too"
	is "$(json '[.checks[] | select(.result == "skip" and .why == "")] | length')" 0 "$flags: a skip has its reason"
done
run -q migration --json
status_is 0 "without options the simulated device has them all"
is "$(json '.stated_bytes == .stream_bytes and .stream_bytes > 4096')" true "the size that was told is what came"
is "$(json '.arcs[] | select(.from == "PRE_COPY" and .to == "RESUMING").path | join(" ")')" "RUNNING RUNNING_P2P STOP RESUMING" \
	"the steps between are told"
is "$(json '[.checks[] | select(.result == "skip").name] | join(" ")')" "states-optional mmio-stopped irqs-resuming kernel" \
	"what is no verdict is a skip"
is "$(json '.checks[] | select(.name == "irqs-resuming").why' | grep -c 'a fact, no verdict')" 1 "interrupts while resuming are a fact"

# --- each misbehaviour, by its own check
# name | options | checks that fail, all of them
table='
mig-arc-accepted||arcs-illegal
mig-arc-refused||arcs-legal
mig-arc-short||arc-end
mig-optional-state||states-optional
mig-error-left||error-left
mig-reset-state||error-reset reset-running
mig-fail-elsewhere||arc-failed
mig-no-data-fd||fd-due
mig-extra-data-fd||fd-undue
mig-endless||stream-end size-true precopy-load
mig-unstable|--strict|stream-repeat
mig-size||size-true
mig-precopy-grows||precopy-shrinks precopy-end
mig-precopy-blocks||precopy-end
mig-garbage||load-part load-garbage
mig-state-lost||state-kept
mig-stopped-dma||dma-stopped
mig-peer-dma||dma-peer
mig-running-idle||dma-running
mig-config-stopped||config-stopped
mig-slow-stop|--stop-limit 60ms --arc RUNNING:STOP|stop-time'
run --backend sim,help
listed=$(grep -o '^mig-[a-z-]*' "$tmp/stdout" | sort)
is "$(cut -d'|' -f1 <<<"$table" | grep . | sort)" "$listed" "the table has every misbehaviour that there is"
while IFS='|' read -r name options checks; do
	[ -n "$name" ] || continue
	# shellcheck disable=SC2086
	run -q --backend "sim,fault=$name" migration $options --json
	status_is 1 "$name: found"
	is "$(json .result) $(failed)" "fail $checks" "$name: by its name, and no other"
	is "$(json '[.checks[] | select(.result == "fail" and .why == "")] | length')" 0 "$name: and says what was seen"
	case $name in
	mig-reset-state) ;; # a reset is no way out then, and a request is
	*) is "$(json '.checks[] | select(.name == "way-out").result')" pass "$name: the device ends in RUNNING" ;;
	esac
	# shellcheck disable=SC2086
	[ -z "$options" ] || {
		run -q migration $options --json
		is "$status $(failed)" "0 " "$name off: $options finds nothing"
	}
done <<<"$table"

# with a flag missing its states are refused; that they are not is found for each flag
for flags in stop-copy+p2p stop-copy+pre-copy; do
	run -q --backend "sim,migration=$flags,fault=mig-optional-state" migration --json
	is "$status $(json .flags\|length) $(failed)" "1 1 states-optional" "$flags, hidden: found"
done
run -q --backend sim,fault=mig-unstable migration --json
is "$status $(json '.checks[] | select(.name == "stream-repeat") | "\(.result) \(.against_advice)"')" "0 pass true" \
	"what is only recommended is told with a pass"
run -q --backend sim,fault=mig-arc-refused migration --json
is "$(arcs '.result == "fail"')" STOP_COPY:RUNNING "the arc that is refused is the one that is told"
run -q --backend sim,fault=mig-arc-accepted migration --json
is "$(arcs '.result == "fail"')" "STOP_COPY:PRE_COPY STOP_COPY:PRE_COPY_P2P" "those that are accepted"
run -q --backend sim,fault=mig-arc-refused migration
like "$stdout" 'STOP_COPY +- +[0-9.]+ +FAIL' "the matrix shows it"
like "$stdout" 'STOP_COPY to RUNNING: refused: Invalid argument' "and a line says how"

# --- one arc
run -q migration --arc stop-copy:RESUMING --arc RUNNING:8 --arc running:0xffffffff --rounds 20 --json
status_is 0 "two arcs only"
is "$(json '[.arcs[] | "\(.from) \(.to) \(.expected) \(.got) \(.state)"] | join(", ")')" \
	"STOP_COPY RESUMING ok ok RESUMING, RUNNING 8 EINVAL EINVAL RUNNING, RUNNING 0xffffffff EINVAL EINVAL RUNNING" "are those two"
is "$(json '.rounds, (.checks | map(.name) | index("dma-stopped"))' | xargs)" "20 null" "and nothing else was asked"
run -q --backend sim,fault=mig-slow-stop migration --arc RUNNING:STOP
status_is 0 "100 ms are allowed by default"
run migration --list
status_is 0 "the checks are listed"
is "$(grep -c '?$' "$tmp/stdout")" 38 "each with its question"

# --- what cannot be migrated
run --backend sim,migration=none migration
status_is 4 "no migration is a skip"
like "$stderr" 'cannot be migrated: its driver has no VFIO_DEVICE_FEATURE_MIGRATION' "with its reason"
run --backend sim,migration=v1 migration
status_is 4 "so is the deprecated v1"
like "$stderr" 'only the region of the deprecated migration v1 \(type 3, subtype 1\)' "which is named"
run --backend sim,model=ram migration
status_is 4 "a register model has none"

# --- usage
for bad in 'RUNNING' 'RUNNING:' ':STOP' 'RUN:STOP' 'RUNNING:0x1ffffffff' '9:STOP' 'RUNNING:STOP:STOP'; do
	run migration --arc "$bad"
	status_is 64 "--arc $bad is a usage error"
	like "$stderr" "^iommuctl: migration: --arc: '" "which names it"
done
for bad in '--rounds 0' '--rounds x' '--stop-limit 5' 'word'; do
	# shellcheck disable=SC2086
	run migration $bad
	status_is 64 "$bad is a usage error"
done
for bad in x stop_copy stop-copy+none v1+p2p '' +; do
	run --backend "sim,migration=$bad" migration
	isnt "$status" 0 "migration=$bad is refused"
	like "$stderr" "migration" "and says what"
done

# --- in a script, beside other things
printf '%s\n' 'map a --size 64K' 'fill a --stamp 1' 'migration --arc RUNNING:STOP_COPY' 'dma copy a a+32K --size 4K' 'migration' \
	'dma copy a a+32K --size 4K' 'check a --size 32K --stamp 1' >"$tmp/script"
run -q run "$tmp/script" --json
status_is 0 "a script: DMA before, between and after"
is "$(json '[.results[].result] | unique | join(" ")')" pass "every line is as it should be"
run -q --tap migration
status_is 0 "TAP"
is "$(grep -cE '^ok [0-9]+ - ' "$tmp/stdout")" 38 "one point for each check"
start -q migration --rounds 100000
start_catches
kill -INT "$pid"
finish
is "$status" 130 "interrupted"
like "$stdout" 'ok +way-out' "and in RUNNING all the same"
# In the two seconds that a stream is given of which nothing comes: then it sleeps some milliseconds at a time. A signal that was sent later
# than two seconds after the start may have come after them, which says nothing.
uptime_cs() { local up; read -r up _ </proc/uptime && echo "${up/./}"; } # in hundredths of a second
naps() {
	local now before=$slept
	now=$(sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
	slept=${now:-0}
	[ $((slept - before)) -ge 10 ]
}
for try in 1 2 3 4 5; do
	began=$(uptime_cs) slept=1000000
	start -q --backend sim,fault=mig-precopy-blocks migration --json
	start_catches
	until naps || [ $(($(uptime_cs) - began)) -gt 150 ]; do sleep 0.05; done
	kill -INT "$pid"
	took=$(($(uptime_cs) - began))
	finish
	[ $took -ge 195 ] || break
done
if [ $took -lt 195 ]; then
	is "$status $(failed)" "130 " "what a signal cuts short does not fail"
else
	skip "what a signal cuts short does not fail" "on this machine none came in time"
fi
done_testing
