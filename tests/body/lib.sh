# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One body, every backend: tests/body/NAME.sh runs on each backend of tests/backends. On top of tests/cli/lib.sh.
#
#	on_backends WHERE NAME...       each body on every backend that runs there (host, guest, built) or that is named
#
# In a body $backend is chosen; what it expects comes from what the backend declares (can NAME, declared FILTER) and from
# tests/body/errnos, never from a backend's name. Scripts on stdin may say
#
#	@0x3000             that many bytes above $base, where a body maps
#	?SITUATION line     the line must fail as tests/body/errnos says for this backend's personality, or succeed

body_dir=$top_srcdir/tests/body
have_jq || skip_all "jq is not installed"

# backends WHERE|NAME...: the names of those that run there, and of those named, in the table's order.
backends() {
	awk -v which=" $* " '!/^#/ && NF && (index(which, " " $2 " ") || index(which, " " $1 " ")) { print $1 }' "$top_srcdir/tests/backends"
}

# backend_field NAME N: 2 where it runs, 3 its device, 4 its arguments.
backend_field() {
	awk -v name="$1" -v n="$2" '!/^#/ && $1 == name {
		if (n < 4) { print $n } else { sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, ""); print }
	}' "$top_srcdir/tests/backends"
}

# backend_device NAME: its device's id; $device_lsi says where the lsi is.
backend_device() {
	local device
	device=$(backend_field "$1" 3)
	[ "$device" != lsi ] || device=${device_lsi:?}
	echo "$device"
}

# backend_choose NAME: sets $backend, $backend_args and what it declares.
declare -A declared_values
backend_choose() {
	local key value
	backend=$1
	read -ra backend_args <<<"$(backend_field "$1" 4) --device $(backend_device "$1")"
	run -q "${backend_args[@]}" maps --json
	status_is 0 "$backend: opens" || return
	json .capabilities >"$tmp/declared"
	# what is asked of all the time, in one go: in a guest jq alone takes a fifth of a second
	declared_values=()
	while IFS=$'\t' read -r key value; do declared_values[$key]=$value; done < <(
		jq -r 'to_entries[] | select(.value | type != "array" and type != "object") | "\(.key)\t\(.value)"' "$tmp/declared"
	)
	personality=${declared_values[personality]:-}
	body_base
	body_errnos
}

# The smallest page of the IOMMU, which is what addresses are held against.
granule() {
	local sizes
	sizes=$(declared .page_sizes)
	echo $((sizes & -sizes))
}
declared() {
	if [ -n "${declared_values[${1#.}]:-}" ]; then echo "${declared_values[${1#.}]}"; else jq -rc "$1" "$tmp/declared"; fi
}
can() { [ "${declared_values[$1]:-}" = true ]; }

# Where nothing of ours can lie: canaries and rings are mapped at their pages' physical addresses. No page of a process is
# where the kernel's code is, which is also within everybody's apertures.
body_base() {
	base=$((0x40000000))
	if ! can simulated; then
		base=$(sed -n 's/^ *\([0-9a-f]*\)-.*: Kernel code$/\1/p' /proc/iomem)
		base=$(((0x${base:-1000000} + 0x1fffff) & ~0x1fffff))
	fi
}

declare -A body_errno
body_errnos() {
	local situation errno generation=1
	run -q "${backend_args[@]}" --unchecked map --size 8K --iova 0xfffffffffffff000 --json
	[ "$(json .error.errno)" != EINVAL ] || generation=2
	body_errno=()
	while read -r situation errno; do body_errno[$situation]=$errno; done < <(
		awk -v p="$personality" -v g=$generation '
			/^# situation/ { for (i = 3; i <= NF; i++) if ($i == p) n = i - 1 }
			!/^#/ && NF { split($n, word, "/"); print $1, word[g in word ? g : 1] }' "$body_dir/errnos"
	)
}

# errno_of SITUATION: the errno's name, or "ok".
errno_of() { printf '%s\n' "${body_errno[$1]:-unknown}"; }
# at OFFSET: the address.
at() { printf '0x%x\n' $((base + $1)); }

# body_script: stdin to $tmp/script, with @ and ? replaced.
body_script() {
	local line word
	while IFS= read -r line; do
		while [[ $line =~ @(0x[0-9a-f]+|[0-9]+) ]]; do
			printf -v word '0x%x' $((base + BASH_REMATCH[1]))
			line=${line/"${BASH_REMATCH[0]}"/$word}
		done
		if [[ $line == \?* ]]; then
			word=${line%% *}
			line=${line#* }
			[ "${body_errno[${word#?}]:-}" = ok ] || line="!${body_errno[${word#?}]:-unknown} $line"
		fi
		printf '%s\n' "$line"
	done >"$tmp/script"
}

ctl() { run -q --seed 7 "${backend_args[@]}" "$@"; }

# script ARGS... <<EOT: run the text on stdin as a script, with JSON.
script() {
	body_script
	ctl "$@" run "$tmp/script" --json
}

# good NAME ARGS... <<EOT: every line is as it should be.
good() {
	local name="$backend: $1"
	shift
	script "$@"
	status_is 0 "$name" || diag "$(json '.results[] | select(.result != "pass")')"
}

# first_bad: $bad_line and $bad_detail of the first line that is not as it should be.
first_bad() {
	bad_line='' bad_detail=''
	IFS=' ' read -r -d '' bad_line bad_detail < <(json '[.results[] | select(.result != "pass")] | .[0] | "\(.line) \(.detail)"')
	bad_detail=${bad_detail%$'\n'}
}

# found_nothing NAME: after compare: it passed, without any class of failure. Where this cannot be seen at a glance jq has a look.
found_nothing() {
	if [[ $stdout == '{"command":"compare",'*'"result":"pass",'* && $stdout == *'"classes":{},'* && $stdout == *'"failures":[],'* ]]; then
		pass "$1"
	else
		json_is '[.result, .classes, .failures, .command]' '["pass",{},[],"compare"]' "$1"
	fi
}

# bad NAME STATUS LINE DETAIL <<EOT: this line is not.
bad() {
	local name="$backend: $1"
	script
	status_is "$2" "$name"
	first_bad
	is "$bad_line" "$3" "$name: line $3"
	like "$bad_detail" "$4" "$name: says what"
}

# faults NAME LINE <<EOT: the line's DMA faults. A kernel logs it from a thread of its own, so it may be told only when the
# run ends; the simulation knows at once, and so does a device that reports its own errors.
faults() {
	local name="$backend: $1"
	script
	status_is 1 "$name"
	if [ "$(json '[.results[] | select(.result == "fail")] | length')" = 0 ] && ! can simulated; then
		json_is '.faults | length > 0' true "$name: the fault is told"
		return
	fi
	first_bad
	is "$bad_line" "$2" "$name: line $2"
	like "$bad_detail" 'dma-error' "$name: as a failure of its DMA"
}

# unsupported NAME REGEX ARGS...: exit 4, and the reason; nothing that reads as a pass.
unsupported() {
	local name="$backend: $1" why=$2
	shift 2
	ctl "$@" --json
	status_is 4 "$name: not supported here, and said so"
	like "$stderr$stdout" "$why" "$name: by this reason"
	json_is .result skip "$name: a skip, no pass"
}

# rejects NAME STATUS REGEX ARGS...: the status, one message that matches, at most one hint, nothing that claims a pass.
rejects() {
	local name="$backend: $1" want=$2 message=$3
	shift 3
	ctl "$@"
	status_is "$want" "$name"
	like "$(grep -v '^hint: ' "$tmp/stderr")" "$message" "$name: says $message"
	is "$(grep -c '^iommuctl: ' "$tmp/stderr") $(($(grep -c '^hint: ' "$tmp/stderr") <= 1))" "1 1" "$name: in one message and at most one hint" ||
		diag "$stderr"
	unlike "$stdout" 'PASS' "$name: claims no pass"
}

# How many loops of compare: real kernels under emulation are slower than the simulation.
few() { if can simulated; then scaled 200; else echo 60; fi; }

# Before a fault that must be seen: kernels log about ten in five seconds, and leave out the rest (DEFAULT_RATELIMIT_BURST).
fault_log_rests() { can simulated || sleep 6; }

# on_backends "WHERE..." NAME... Under valgrind the two kinds of interface are enough: the others share their code.
on_backends() {
	local backend name
	for backend in $(backends $1); do
		! is_slow || [ "$backend" = sim-type1-v2 ] || [ "$backend" = sim-iommufd ] || continue
		backend_choose "$backend" || continue
		for name in "${@:2}"; do . "$body_dir/$name.sh"; done
	done
}
