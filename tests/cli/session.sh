# SPDX-License-Identifier: GPL-2.0-or-later
# Sessions that stay: commands in them as if they ran by themselves, many shells at once, signals, clients and sessions that are
# killed, and whose sessions they are.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
mkdir -m 700 "$tmp/run" "$tmp/cwd"
export XDG_RUNTIME_DIR=$tmp/run
own=$tmp/run/iommuctl

session() { json ".sessions[] | select(.name == \"$1\") | $2"; }
pid_of() { run --json session list && session "$1" .pid; }
parent_of() { sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
# Whatever happens here, no session outlives the test.
stop_all() {
	local lock
	for lock in "$own"/*.lock; do [ -e "$lock" ] && kill "$(cut -f 1 "$lock")" 2>/dev/null; done
}
at_exit stop_all

# --- one line, and the next ---
run --backend sim --seed 7 session start lab
status_is 0 "a session starts"
like "$stdout" '^session lab: sim, device sim, driver sim; process [0-9]+$' "and says what it is"
run --session lab map a --size 64K --iova 0x40000000
status_is 0 "map in one line"
run --json maps --session lab
json_is '[.result, .session, .backend, .seed, .mappings[0].buf, .mappings[0].iova]' '["pass","lab","sim","0x7","a","0x40000000"]' "is seen in the next, in JSON too"
run --session lab fill a --byte 0x5a
run --session lab dirty start
status_is 0 "dirty start"
run --session lab dma write a+0x2ff0 --size 32
status_is 0 "DMA"
run --session lab --json dirty read-clear a
json_is '[.dirty_pages, .ranges[0].iova]' '[2,"0x40002000"]' "what was written is read and cleared"
run --session lab --json dirty read a
json_is .dirty_pages 0 "it was cleared"
run --session lab check a --byte 0x5a --size 4K
status_is 0 "a buffer keeps what is in it"
run --session lab check a --byte 0x11 --size 4K
status_is 1 "a check that fails is exit status 1"
run --tap --session lab check a --byte 0x11 --size 4K
like "$stdout" '^not ok 1 ' "in TAP as well"
run --session lab dma read 0x7000 --size 64
status_is 1 "a transfer to where nothing is fails"
run --session lab dma read a --size 64 --json
json_is '[.result, .faults_total, (.faults | length)]' '["pass",0,0]' "and its fault is not the next command's"
run --session lab dma read 0x40010000 --size 64 --may-fault
status_is 0 "one that may fault"
run --session lab --json dma read 0x40010000 --size 64
json_is '[.result, (.faults | map(.expected) | any)]' '["fail",false]' "leaves nothing that the next may"
run --session lab map a --size 4K
status_is 64 "an error of usage is 64"
like "$stderr" '^iommuctl: map: ' "with its line on stderr"
run --json session list
is "$(session lab '[.backend, .devices, .mappings > 0, .state] | tojson')" '["sim",["sim"],true,"ready"]' "list tells what is held"
like "$(session lab .since)" '^20[0-9-]*T[0-9:]*Z$' "since when"
run session list
like "$stdout" '^lab +[0-9]+ +sim +sim +[0-9]+ +20[0-9TZ:-]+ +ready$' "for people too"

# --- from where it is called ---
cd "$tmp/cwd" || exit 1
(umask 027 && "$IOMMUCTL" -q --session lab dirty read a -o bits >/dev/null)
is "$(stat -c %a bits 2>&1)" 640 "a file lands in the caller's directory, with its umask"
printf 'map script --size 4K --iova 0x50000000\nfill script --byte 1\ndma read script --size 4K\n' >lines
run --session lab --json run lines
json_is '[.result, (.results | length)]' '["pass",3]' "a script runs inside, by its relative name"
run --json --session lab maps
json_is '[.mappings[] | select(.buf == "script")] | length' 1 "what it mapped stays"
echo 'check script --byte 1' >more
run_stdin more --session lab run -
status_is 0 "a script comes by stdin"
# shellcheck disable=SC2086
${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" --session lab run <(echo 'unmap script') >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
is "$?" 0 "and by a descriptor of the shell's" || diag "$(<"$tmp/stderr")"
run --session lab run nosuch
status_is 2 "a script that is not there is an error"
cd "$tmp" || exit 1
run --session lab compare --loops "$(scaled 200)" --iova random --keep-going
status_is 0 "compare runs beside the session's buffers"
run --session lab compare --loops 1 --iova fixed:0x40000000
status_is 64 "not over them"
run --session lab check a --byte 0x5a --size 4K
status_is 0 "and leaves them alone"
run --session lab compare --loops 1 --unmap all
status_is 64 "nor does it take their mappings away"
like "$stderr" '--unmap all would take a too, which is mapped at 0x40000000' "it says why"
if ! is_slow; then # threads that wait for each other take turns of a second under a memory checker
	run --session lab stress --ops 4000 --threads 2
	status_is 0 "stress runs beside them too"
fi
run --json --session lab maps
json_is '[.mappings[] | select(.buf == "a") | .size] | add' 65536 "and what was mapped still is"
run --color always --session lab maps
like "$stdout" $'\033' "--color is the caller's"
run --session lab maps
unlike "$stdout" $'\033' "and no colour where its stdout is no terminal"
if command -v script >/dev/null && ! is_slow; then
	like "$(NO_COLOR='' script -qec "'$IOMMUCTL' --session lab maps" /dev/null </dev/null)" $'\033' "but where it is one"
fi
shown() { grep -Eq 'compare: [0-9]+ loops' "$tmp/stderr" 2>/dev/null; }
start --session lab --progress always compare --time 1h
ok "progress is shown" wait_for 60 shown
kill -INT "$pid"
finish
status_is 130 "while the command runs"

# --- what cannot be ---
refused() { # WHAT ARGS...
	local what=$1
	shift
	run --session lab "$@"
	is "$status" 64 "$what is refused" || diag "$stderr"
	is "$(grep -c '^iommuctl: ' "$tmp/stderr")" 1 "with one line"
}
for c in list caps audit "bind 00:01.0" "decode vtd.cap=0" "session list" "session start other" "dirty show bits"; do
	# shellcheck disable=SC2086 # words
	refused "$c inside of a session" $c
done
refused "another backend" --backend mock maps
refused "another device" --device 00:04.0 maps
refused "another driver" --driver edu maps
refused "another seed" --seed 8 maps
refused "another canary" --canary off maps
refused "--allow-p2p" --allow-p2p maps
refused "--sysroot" --sysroot / maps
refused "run --against" run --against sim cwd/lines
refused "run --fail-nth" run --fail-nth 1 cwd/lines
run --session lab --backend sim --device sim --driver sim --seed 7 maps
status_is 0 "what it is may be said again"
for name in ../x '' "$(printf 'a%.0s' {1..32})" Lab a/b -; do
	run --session "$name" maps
	status_is 64 "--session '$name' is no name"
	run session start "$name"
	status_is 64 "nor to start"
done
run session stop ../../etc
status_is 64 "nor to stop"
is "$(ls "$tmp/run")" iommuctl "nothing was made beside the directory"
run session
status_is 64 "session wants a word"
run session start
status_is 64 "and a name"
run session list lab
status_is 64 "list wants none"
run session stop lab --idle 1s
status_is 64 "--idle goes with start"
run --session other maps
status_is 2 "a session that is not there"
like "$stderr" "session 'other' is not running" "is said not to run"
run --json --session other maps
json_is '[.result, .error.errno]' '["error","ESRCH"]' "in JSON too"
run session start lab
status_is 2 "a name is given once"
like "$stderr" "session 'lab' runs already, process [0-9]+" "the line says whose it is"
run --backend nosuch session start bad
status_is 64 "a backend that is none"
like "$stderr" "^iommuctl: session: .*nosuch" "comes back with its words"
run --backend vfio session start bad
status_is 64 "one without a device"
like "$stderr" '^hint: ' "with its hint"
run --backend vfio --device 00:1f.7 session start bad
isnt "$status" 0 "a device that is not there"
is "$(cd "$own" && echo ./bad*)" './bad*' "and nothing of it stays"
run --dry-run session start dry
status_is 0 "--dry-run"
like "$stdout" 'would open .* session dry; nothing was done' "says what would be started"
run --dry-run --session lab unmap a
like "$stdout" 'would run unmap in session lab; nothing was done' "or run"
run --dry-run session stop lab
like "$stdout" 'would end session lab' "or ended"
run --session lab check a --byte 0x5a --size 4K
status_is 0 "and nothing of that was done"

# --- long words ---
long=$(printf 'x%.0s' {1..100000})
words=()
for ((i = 0; i < 11; i++)); do words+=("$long"); done
run --session lab maps "${words[@]}"
status_is 64 "a megabyte of arguments is handled"
is "$(wc -l <"$tmp/stderr" | tr -d ' ')" 2 "with a line and a hint"
run --session lab run "${words[0]:0:4000}"
status_is 2 "so is one that the session's own parser sees"

# --- forty at once ---
n=40
is_slow && n=8
for ((i = 0; i < n; i++)); do
	# shellcheck disable=SC2086
	${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" --json --session lab map "b$i" --size 4K --iova $((0x60000000 + i * 0x1000)) >"$tmp/c$i" 2>"$tmp/e$i" </dev/null &
	pids[i]=$!
done
wrong=
for ((i = 0; i < n; i++)); do
	wait "${pids[i]}" || wrong+=" b$i: status $?"
	[ "$(jq -r '[.mappings[].buf] | index("b'$i'") != null' "$tmp/c$i" 2>&1)" = true ] || wrong+=" b$i: its output"
	[ -s "$tmp/e$i" ] && wrong+=" b$i: $(<"$tmp/e$i")"
done
is "$wrong" "" "$n clients at once: each has its own answer"
run --json --session lab maps
json_is '[.mappings[].buf | select(test("^b[0-9]+$"))] | unique | length' $n "and what they mapped is there"
for ((i = 0; i < n; i++)); do
	# shellcheck disable=SC2086
	${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" -q --session lab free "b$i" >/dev/null 2>&1 </dev/null &
done
wait

# --- signals ---
busy() { # until something runs there
	run --json session list
	[ "$(session lab .state)" = busy ]
}
waiting() {
	run --json session list
	[ "$(session lab .waiting)" = "$1" ]
}
background() { # NAME ARGS...: as start, but several
	local name=$1
	shift
	# shellcheck disable=SC2086
	exec_default "$tmp/$name.out" "$tmp/$name.err" ${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" "$@" &
	pid=$!
}
background long --json --session lab compare --time 1h
long_pid=$pid
ok "list answers while a command runs" wait_for 60 busy
is "$(session lab .command)" compare "and names it"
background queued --json --session lab maps
queued_pid=$pid
background last --json --session lab maps
last_pid=$pid
ok "others wait for it" wait_for 60 waiting 2
kill -TERM "$queued_pid"
wait "$queued_pid"
is "$?" 143 "SIGTERM ends one that waits"
is "$(jq -r .result "$tmp/queued.out")" interrupted "which says so"
ok "the others go on" kill -0 "$long_pid" "$last_pid"
kill -INT "$long_pid"
wait "$long_pid"
is "$?" 130 "Ctrl-C ends the command it was typed at"
is "$(jq -r .result "$tmp/long.out")" interrupted "with what came of it so far"
wait "$last_pid"
is "$?" 0 "and then comes the turn of the next"
background killed --session lab compare --time 1h
ok "a client's command runs" wait_for 60 busy
disown "$pid"
kill -9 "$pid"
run --session lab check a --byte 0x5a --size 4K
status_is 0 "the client is killed: its command ends, the session goes on"
background stopped --json --session lab compare --loops "$(scaled 2000)"
kill -STOP "$pid"
run --session lab maps
status_is 0 "a client that is stopped holds nobody up"
kill -CONT "$pid"
wait "$pid"
is "$?" 0 "and gets its answer when it goes on"

# --- where output cannot go ---
if [ -c /dev/full ]; then
	# shellcheck disable=SC2086
	${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" --session lab maps >/dev/full 2>"$tmp/stderr"
	is "$?" 2 "a full disk is an error"
	like "$(<"$tmp/stderr")" 'maps: cannot write the result: No space left' "and told"
	"$IOMMUCTL" --session lab check a --byte 0x11 --size 4K >/dev/full 2>/dev/null
	is "$?" 1 "what was found is worse"
fi
"$IOMMUCTL" --session lab maps >&- 2>"$tmp/stderr"
is "$?" 2 "a closed stdout too"
no_reader "$IOMMUCTL" --session lab maps 2>"$tmp/stderr"
is "$?" 2 "and a closed pipe"
run --session lab maps
status_is 0 "the session is none the worse"

# --- a crash, an end ---
pid=$(pid_of lab)
front=$(parent_of "$pid")
background crash --session lab compare --time 1h
crash_pid=$pid
wait_for 60 busy
kill -9 "$(pid_of lab)"
wait "$crash_pid"
is "$?" 2 "the session is killed: its client is told"
like "$(<"$tmp/crash.err")" "session 'lab' was killed by signal 9" "how"
ok "its other process ends" wait_for 60 gone "$front"
is "$(ls "$own")" "" "and leaves nothing"
run session start lab
status_is 0 "the name is free again"
pid=$(pid_of lab)
kill -STOP "$(parent_of "$pid")"
kill -9 "$(parent_of "$pid")" "$pid"
wait_for 60 gone "$pid"
ok "both are killed: a stale socket stays" test -S "$own/lab.sock"
run --session lab maps
status_is 2 "nobody answers"
like "$stderr" "session 'lab' is not running" "it is said not to run"
run --json session list
is "$(session lab '[.state, .backend] | tojson')" '["dead","sim"]' "list shows it as dead"
is "$(ls "$own")" "" "and cleans up"
run session start lab
pid=$(pid_of lab)
kill -9 "$(parent_of "$pid")" "$pid"
wait_for 60 gone "$pid"
touch "$own/lab.sock"
run session start lab
status_is 0 "a start replaces what is stale"
pid=$(pid_of lab)
front=$(parent_of "$pid")
kill -TERM "$pid"
ok "SIGTERM ends a session" wait_for 60 gone "$pid"
wait_for 60 gone "$front" # which cleans up
is "$(ls "$own")" "" "with nothing left"
run session start lab --idle 300ms
status_is 0 "a session that may be idle for 300 ms"
idle_over() { ! "$IOMMUCTL" --json session list 2>/dev/null | grep -q '"name": *"lab"'; } # on a slow machine it is before anybody looks
ok "--idle ends it when nothing is to do" wait_for 60 idle_over
for ((i = 0; i < 6; i++)); do
	# shellcheck disable=SC2086
	${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" -q session start twin >/dev/null 2>&1 </dev/null &
	pids[i]=$!
done
won=0
for ((i = 0; i < 6; i++)); do wait "${pids[i]}" && won=$((won + 1)); done
is "$won" 1 "six at once want one name: one has it"
run session stop twin
status_is 0 "and is stopped"
like "$stdout" '^session twin has ended: sim, device sim$' "which is said when it has ended"
is "$(ls "$own")" "" "then nothing of it is left"
run session stop twin
status_is 2 "twice is an error"
run session list
like "$stdout" '^no session is running$' "none is left"

# --- other users ---
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && ! is_slow; then
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	mkdir -m 700 "$tmp/theirs"
	chown 65534:65534 "$tmp/theirs"
	chmod 755 "$tmp"
	cp "$IOMMUCTL" "$tmp/iommuctl"
	if nobody test -x "$tmp/iommuctl"; then
		XDG_RUNTIME_DIR=$tmp/theirs nobody "$tmp/iommuctl" -q session start theirs >/dev/null 2>&1 </dev/null
		is "$?" 0 "another user has a session"
		XDG_RUNTIME_DIR=$tmp/theirs run --session theirs maps
		status_is 2 "root does not use it"
		like "$stderr" "$tmp/theirs belongs to user 65534, not to user 0" "and says why"
		run session list
		like "$stdout" '^no session is running$' "root's own are elsewhere"
		nobody "$tmp/iommuctl" --session theirs maps >/dev/null 2>"$tmp/stderr" </dev/null
		is "$?" 2 "nor has that user a way to root's"
		XDG_RUNTIME_DIR=$tmp/theirs nobody "$tmp/iommuctl" -q session stop theirs >/dev/null 2>&1 </dev/null
		is "$?" 0 "it ends its own"
		chown 65534 "$own"
		run session list
		status_is 2 "a directory that became another's is refused"
		chown 0 "$own"
		run session start lab
		chown 65534 "$own/lab.sock"
		run --session lab maps
		status_is 2 "so is a socket"
		like "$stderr" "the socket of session 'lab' belongs to user 65534" "with a line"
		chown 0 "$own/lab.sock"
		run session stop lab
	fi
fi
chmod 750 "$own"
run session start lab
status_is 2 "a directory that others have access to is refused"
chmod 700 "$own"
done_testing
