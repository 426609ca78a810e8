# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: a session on a device. The README's example word for word; who has the device; Ctrl-C, kill -9, the end.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
take "$lsi"

# --- the README's lines, with the device in the place of the simulation, as its comment says
awk '/^<!-- session: /{ on = 1; next } /^<!-- end -->/{ on = 0 } on && !/^```/' /t/README.md >"$tmp/session"
is "$(grep -c '^\$ iommuctl ' "$tmp/session")" 7 "the README has its example"
while IFS= read -r line; do
	case $line in
	"\$ on="*) on="--device $lsi" ;;
	'$ '*)
		eval "${line#\$ }" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
		status=$?
		status_is 0 "the README's session: ${line#\$ }"
		;;
	dirty*) # VFIO's container tells of every pinned page
		read -r first last <<<"$(sed -n 's/^dirty 0x\([0-9a-f]*\)-0x\([0-9a-f]*\)$/\1 \2/p' "$tmp/stdout" | head -n 1)"
		ok "what it shows as dirty is among what is" test $((0x${first:-0})) -le $((0x10002000)) -a $((0x${last:-0})) -ge $((0x10003fff))
		;;
	esac
done <"$tmp/session"
left_nothing "$lsi" "when it is stopped nothing is left behind"
is "$(ls /tmp/iommuctl-0)" "" "nor in the directory of sessions"

# What the device's last holder leaves to the kernel is done a little after it is gone.
given_back() { wait_for 20 eval '[ -z "$(holders_of '"$lsi"')" ] && [ "$(bus_master '"$lsi"')" = off ]'; }

# --- one that holds the device
opened() {
	run --device "$lsi" session start lab
	status_is 0 "$1"
	run --session lab map a --size 64K --iova 0x10000000
	run --session lab fill a --stamp 1 --size 32K
	run --session lab dma copy a a+0x8000 --size 32K
	run --session lab check a --offset 32K --size 32K --stamp 1 --from 0
	status_is 0 "DMA in it moves what it should"
}
opened "a session on the device starts"
is "$(bus_master "$lsi")" on "between two commands it has the device"
run --json session list
pid=$(json '.sessions[0].pid')
is "$(json '.sessions[0] | [.name, .backend, .devices[0]] | join(" ")')" "lab vfio $lsi" "list tells so"
is "$(holders_of "$lsi")" "$pid" "the process it names is the one that has it open"
run unbind "$lsi"
refused 2 "iommuctl:lab.*$pid|$pid.*iommuctl:lab" "unbind names the session"
run --device "$lsi" compare --loops 1
refused 2 "iommuctl:lab.*$pid|$pid.*iommuctl:lab" "so does another run"
compare_passes "compare passes inside of it" 50 --session lab --size 8K
start --json --session lab compare --time 10m
wait_for 20 eval 'iommuctl session list | grep -q "busy: compare"'
kill -INT "$pid"
finish
is "$status $(json .result)" "130 interrupted" "Ctrl-C ends a compare in it"
run --session lab check a --offset 32K --size 32K --stamp 1 --from 0
status_is 0 "and leaves the session's buffers alone"
for i in 1 2 3 4 5 6 7 8; do
	iommuctl -q --session lab map "b$i" --size 4K --iova $((0x20000000 + i * 4096)) >"$tmp/b$i" 2>&1 &
	pids[i]=$!
done
bad=
for i in 1 2 3 4 5 6 7 8; do wait "${pids[i]}" || bad+=" $(<"$tmp/b$i")"; done
is "$bad" "" "eight clients at once are all served"

# --- the end, and other ends
run session stop lab
status_is 0 "it is stopped"
left_nothing "$lsi" "nothing is left behind"
opened "the next one starts"
start --session lab compare --time 10m
wait_for 20 eval 'iommuctl session list | grep -q "busy: compare"'
for held in $(holders_of "$lsi"); do kill -9 "$held"; done
finish
is "$status" 2 "the session is killed: its client is told"
given_back
left_nothing "$lsi" "the kernel has taken back the device"
opened "and another one starts"
held=$(holders_of "$lsi")
kill -9 "$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$held/status")"
given_back
left_nothing "$lsi" "without its front a session takes the way out"
opened "and the name is free"
kill -TERM "$(holders_of "$lsi")"
given_back
left_nothing "$lsi" "SIGTERM is a way out, too"
compare_passes "after all that a plain run passes" 50 --device "$lsi" --size 8K
done_testing
