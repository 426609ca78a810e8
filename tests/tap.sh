# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# TAP for bash test scripts: source it, make test points, end with done_testing. Every helper's last argument is the
# point's name; each returns the point's verdict, so `is "$a" b "name" || diag "more"` works.

tap_count=0
tap_failed=0
tap_done=

tap_point() { # 0|1 name
	tap_count=$((tap_count + 1))
	# a '#' in a name would be read as a directive
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$tap_count" "${2//#/ }"
		return 0
	fi
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_count" "${2//#/ }"
	return 1
}

# Lines for people who read the log.
diag() {
	local text=$*
	printf '# %s\n' "${text//$'\n'/$'\n# '}"
}

pass() { tap_point 0 "$1"; }
fail() { tap_point 1 "$1"; }

# ok NAME COMMAND... : the command succeeds.   nok NAME COMMAND... : it fails.
ok() {
	local name=$1
	shift
	if "$@"; then tap_point 0 "$name"; else tap_point 1 "$name" || { diag "failed: $*"; return 1; }; fi
}

nok() {
	local name=$1
	shift
	if "$@"; then tap_point 1 "$name" || { diag "succeeded, and should not: $*"; return 1; }; else tap_point 0 "$name"; fi
}

# is GOT WANT NAME.   isnt GOT UNWANTED NAME.
is() {
	if [ "$1" = "$2" ]; then
		tap_point 0 "$3"
	else
		tap_point 1 "$3" || { diag "got:  $1"; diag "want: $2"; return 1; }
	fi
}

isnt() {
	if [ "$1" != "$2" ]; then tap_point 0 "$3"; else tap_point 1 "$3" || { diag "got: $1"; return 1; }; fi
}

# like TEXT REGEX NAME (extended regular expression, searched in every line).   unlike TEXT REGEX NAME.
like() {
	if grep -Eq -- "$2" <<<"$1"; then
		tap_point 0 "$3"
	else
		tap_point 1 "$3" || { diag "no line like: $2"; diag "in:"; diag "$1"; return 1; }
	fi
}

unlike() {
	if grep -Eq -- "$2" <<<"$1"; then
		tap_point 1 "$3" || { diag "a line like: $2"; diag "in:"; diag "$1"; return 1; }
	else
		tap_point 0 "$3"
	fi
}

# skip NAME REASON: one point that cannot be judged here.   skip_all REASON: the whole file; ends the script.
skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "${1//#/ }" "$2"
}

skip_all() {
	tap_done=1
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

# Print the plan and leave. Without it the run counts as dead.
done_testing() {
	tap_done=1
	printf '1..%d\n' "$tap_count"
	[ "$tap_failed" -eq 0 ] && exit 0
	exit 1
}

tap_tmp=$(mktemp -d "${TMPDIR:-/tmp}/iommuctl-test.XXXXXX") || exit 1

# Scripts that have more to undo add commands with at_exit; they run in reverse order.
tap_undo=()
at_exit() { tap_undo+=("$*"); }

tap_exit() {
	local status=$? i
	for ((i = ${#tap_undo[@]} - 1; i >= 0; i--)); do eval "${tap_undo[i]}"; done
	rm -rf "$tap_tmp"
	if [ -z "$tap_done" ]; then
		echo "Bail out! the script ended early with status $status"
		exit 1
	fi
	exit "$status"
}
trap tap_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
