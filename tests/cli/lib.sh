# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Helpers for tests that run the real binary.  A test is a bash script:
#
#	. "$(dirname "$0")/lib.sh"
#	run --json compare --loops 10
#	is "$status" 0 "ten loops pass"
#	json_is .result pass "and say so"
#	done_testing
#
# $IOMMUCTL is the binary (default: that of the build directory), $IOMMUCTL_WRAPPER what to run it under (valgrind ...).
# A run in which a sanitizer or valgrind complains is a failed point of its own, whatever the script then checks.

top_srcdir=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
if [ -z "${IOMMUCTL:-}" ]; then
	for IOMMUCTL in "${top_builddir:-.}/iommuctl" "$top_srcdir/build/iommuctl" "$top_srcdir/iommuctl"; do
		[ -x "$IOMMUCTL" ] && break
	done
fi
IOMMUCTL=$(realpath -- "$IOMMUCTL") || exit 1
export IOMMUCTL NO_COLOR=1 LC_ALL=C

. "$top_srcdir/tests/tap.sh"
tmp=$tap_tmp # scratch directory, removed at the end

# What a memory checker's complaint looks like: exit status 99 by our options, or the text on stderr.
lib_checker_status=99
export ASAN_OPTIONS="exitcode=$lib_checker_status:detect_leaks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export TSAN_OPTIONS="exitcode=$lib_checker_status${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"

# True when the binary runs slower than usual, for scripts that choose their loop counts: loops=$(scaled 2000).
is_slow() { [ -n "${IOMMUCTL_WRAPPER:-}" ]; }
scaled() { if is_slow; then echo $((($1 + 19) / 20)); else echo "$1"; fi; }

# run ARGS...: the binary with stdin empty. Sets $stdout, $stderr, $status and the files $tmp/stdout, $tmp/stderr.
run() { run_stdin /dev/null "$@"; }

# run_stdin FILE ARGS...
run_stdin() {
	local input=$1 limit=${RUN_TIMEOUT:-60}
	shift
	is_slow && limit=$((limit * 20))
	# shellcheck disable=SC2086 # the wrapper is a command with options
	timeout -k 5 "$limit" ${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" "$@" <"$input" >"$tmp/stdout" 2>"$tmp/stderr"
	status=$?
	lib_collect "iommuctl $*"
	[ $status -ne 124 ] || fail "iommuctl $* ends within $limit s"
}

# start ARGS...: the same in the background, $pid; finish: wait for it and collect as run does. $pid is the binary itself
# (or its wrapper), so signals reach it. Bash would start it with SIGINT ignored, which nobody's terminal does.
start() {
	# what the one before has said is not taken for its words: the new one empties the files only when it begins
	rm -f "$tmp/stdout" "$tmp/stderr"
	# shellcheck disable=SC2086
	exec_default "$tmp/stdout" "$tmp/stderr" ${IOMMUCTL_WRAPPER:-} "$IOMMUCTL" "$@" &
	pid=$!
	lib_started="iommuctl $*"
}

exec_default() { # STDOUT STDERR COMMAND...
	exec env --default-signal=INT,QUIT "${@:3}" </dev/null >"$1" 2>"$2"
}

finish() {
	local limit=${RUN_TIMEOUT:-60}
	WAIT_SCALE=1 wait_for "$limit" lib_ended || {
		kill -9 "$pid"
		fail "$lib_started ends within $limit s"
	}
	wait "$pid" 2>/dev/null
	status=$?
	lib_collect "$lib_started"
}

lib_ended() { # a process that ended and was not waited for is a zombie
	local state
	state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
	[ -z "$state" ] || [ "${state:0:1}" = Z ]
}

# Until what start began handles signals: before that one is lost, or ends it without a word. Valgrind has handlers of its own from the
# start, and shows those of its program nowhere.
start_catches() {
	wait_for 60 lib_catches
	! is_slow || sleep 5
}

# The same, and until it has done something.
start_works() {
	start_catches
	if is_slow; then has_worked 10; else has_worked 2; fi
}

# has_worked SECONDS [LIMIT]: until what start began was on a processor for so long, or has ended. A second by the clock may pass without a turn for
# it; here what a hypervisor takes away may still count, so let it be more than the work needs. Not for what waits for others.
has_worked() { wait_for "${2:-60}" lib_worked "$1"; }

lib_worked() {
	local stat
	! lib_ended || return 0
	{ read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 0
	# the name may have spaces: after it comes field 3; 14 and 15 are its time in user and in kernel mode, in hundredths
	# shellcheck disable=SC2086
	set -- "$1" ${stat##*) }
	[ $((${13} + ${14})) -ge $(($1 * 100)) ]
}

lib_catches() {
	local caught
	! lib_ended || return 0
	# bash and env come first, and bash has handlers of its own
	case $(readlink "/proc/$pid/exe") in '' | */bash | */env) return 1 ;; esac
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status")
	[ $((0x${caught:-0} & 2)) -ne 0 ] # SIGINT
}

# no_reader COMMAND...: with a pipe for stdout from which nobody reads.
no_reader() {
	local ended
	rm -f "$tmp/pipe"
	mkfifo "$tmp/pipe"
	: <"$tmp/pipe" &
	exec 9>"$tmp/pipe"
	wait $!
	"$@" >&9
	ended=$?
	exec 9>&-
	return $ended
}

# wait_for SECONDS COMMAND...: until the command succeeds. WAIT_SCALE: how many times as long it may take where everything is slower.
wait_for() {
	local end=$((SECONDS + $1 * ${WAIT_SCALE:-1}))
	! is_slow || end=$((SECONDS + $1 * ${WAIT_SCALE:-1} * 10))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

lib_collect() { # what ran
	# valgrind's own: system calls it does not know yet (openat2 of 3.19), for which the program has another way
	is_slow && sed -i '/^--[0-9]*-- /d' "$tmp/stderr"
	stdout=$(<"$tmp/stdout")
	{ stderr=$(<"$tmp/stderr"); } 2>/dev/null # bash leaves out NULs and says so
	if [ "$status" -eq $lib_checker_status ] || [[ $stderr =~ ERROR:\ (Address|Leak|Thread)Sanitizer|WARNING:\ ThreadSanitizer|:\ runtime\ error:\  ]]; then
		fail "no memory checker complaint from: $1"
		diag "$(tail -n 60 "$tmp/stderr")"
	elif [ "$status" -gt 128 ] && [ "$status" -ne 130 ] && [ "$status" -ne 143 ] && [ "$status" -ne 137 ]; then
		fail "no crash from: $1"
		diag "ended by signal $((status - 128))"
	fi
}

status_is() { # WANT NAME
	is "$status" "$1" "$2" || {
		diag "stdout: $(head -c 2000 "$tmp/stdout")"
		diag "stderr: $(head -c 2000 "$tmp/stderr")"
		return 1
	}
}

# beside COMMAND...: a benchmark that has a plain loop's time beside each of its own (but for the plain loop itself, and what is no time).
# Beside a processor that is taken away while the clock's cost is found out, some take none: then once more.
beside() {
	local try
	for try in 1 2 3; do
		"$@"
		[ "$(json '[.results[]? | select(.name != "memcpy" and .unit != "pages per written page") |
			.value > 0 and (.ratio // 0) > 0] | all')" != true ] || break
	done
}

# json FILTER: jq on the last stdout, one line per value.   json_is FILTER WANT NAME compares its raw output.
have_jq() { command -v jq >/dev/null; }
json() { jq -rc "$1" "$tmp/stdout"; }
json_is() {
	have_jq || { skip "$3" "jq is not installed"; return 0; }
	is "$(json "$1" 2>&1)" "$2" "$3"
}
