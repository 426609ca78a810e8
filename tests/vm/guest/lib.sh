# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Helpers for scripts that run in the guest, on top of those of the CLI tests.
. /t/tests/cli/lib.sh

# Limits are there to end what hangs: an emulated guest beside others is slow.
RUN_TIMEOUT=${RUN_TIMEOUT:-400}
WAIT_SCALE=6

# In an emulated guest a process costs some 20 ms and an older jq half a second: what is asked often starts none, or one for all.

# A newer jq than the host's, where one could be had.
[ ! -e /usr/lib/jq/jq ] || jq() { /usr/lib/jq/ld-linux-x86-64.so.2 --library-path /usr/lib/jq /usr/lib/jq/jq "$@"; }

# json FILTER: as in the command line's tests, and the same answers; plain values of the outermost object, alone (.result) or in a
# text ("\(.loops) \(.result)"), are picked out without jq.
json() {
	local plain='^\.[a-z_]+$' text='^"(\\\(\.[a-z_]+\)|[^"\\])*"$'
	{ [[ $1 =~ $plain ]] || [[ $1 =~ $text ]]; } && filter=$1 awk -f /t/tests/vm/guest/json.awk "$tmp/stdout" 2>/dev/null ||
		jq -rc "$1" "$tmp/stdout"
}

# pci VENDOR:DEVICE: the addresses of such devices.
pci() {
	local dev vendor device
	for dev in /sys/bus/pci/devices/*; do
		read -r vendor <"$dev/vendor"
		read -r device <"$dev/device"
		[ "$vendor:$device" != "0x${1%:*}:0x${1#*:}" ] || echo "${dev##*/}"
	done
}
pci_lsi() { pci 1000:0012; }
pci_edu() { pci 1234:11e8; }

driver_of() { basename "$(readlink "/sys/bus/pci/devices/$1/driver")" 2>/dev/null; }
group_of() { basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")"; }

# take ID...: hands devices to vfio-pci.
take() {
	local id
	run bind "$@"
	status_is 0 "bind $*" || diag "$stderr"
	for id in "$@"; do
		is "$(driver_of "$id")" vfio-pci "$id is vfio-pci's"
	done
}

# bus_master ID: on or off, bit 2 of the command register (config space offset 4).
bus_master() {
	local low
	low=$(dd if="/sys/bus/pci/devices/$1/config" bs=1 skip=4 count=1 2>/dev/null | od -An -tu1)
	if [ $((low & 4)) -ne 0 ]; then echo on; else echo off; fi
}

holders_of() { # ID: processes that have its group open, or its own node
	local node=/sys/bus/pci/devices/$1/vfio-dev
	node=$(echo "$node"/*)
	# shellcheck disable=SC2012 # find would start a process for each
	ls -l /proc/[0-9]*/fd 2>/dev/null |
		awk -v group="/dev/vfio/$(group_of "$1")" -v node="/dev/vfio/devices/${node##*/}" -F '[/:]' '/^\/proc\// { pid = $3 }
			{ to = $0; sub(/.* -> /, "", to) } to == group || to == node { print pid }' | sort -u
}

# left_nothing ID NAME: no process has the device, it cannot master the bus, and it is still VFIO's.
left_nothing() {
	is "$(holders_of "$1") $(driver_of "$1") $(bus_master "$1")" " vfio-pci off" "$2"
}

# refused STATUS REGEX NAME: after run: the exit status, one line of error that matches, at most one hint, no data.
refused() {
	local errors hints
	errors=$(grep -c '^iommuctl: ' "$tmp/stderr")
	hints=$(grep -c '^hint: ' "$tmp/stderr")
	if [ "$status" -eq "$1" ] && [ "$errors" -ge 1 ] && [ "$hints" -le 1 ] && grep -Eq -- "$2" "$tmp/stderr" &&
		! grep -q '\.$' "$tmp/stderr"; then
		pass "$3"
	else
		fail "$3"
		diag "status $status, want $1; $errors error lines, $hints hints; want a line like: $2"
		diag "stdout: $(head -c 600 "$tmp/stdout")"
		diag "stderr: $(head -c 1000 "$tmp/stderr")"
		return 1
	fi
}

# compare_passes NAME LOOPS ARGS...: so many loops, no failure, nothing left behind; the failures are shown if not.
compare_passes() {
	local name=$1 loops=$2 got none='"classes":{}'
	shift 2
	run --json compare --loops "$loops" "$@"
	got=$(json '"\(.result) \(.loops)"' 2>&1)
	[[ ! $stdout =~ \"elapsed_s\":([0-9.]+) ]] || diag "${got#* } loops in ${BASH_REMATCH[1]} s"
	[[ $stdout == *$none* ]] || got="classes of failures, $got"
	is "$status $got" "0 pass $loops" "$name" || {
		diag "iommuctl --json compare --loops $loops $*"
		diag "$(json '{classes, failures: .failures[:3], faults: .faults[:3], skipped: (.skipped | length)}' 2>&1 | head -n 60)"
		diag "stderr: $(head -c 1000 "$tmp/stderr")"
		return 1
	}
}

# script_passes NAME OPTIONS... <<END: every line of the script on stdin is as it should be
script_passes() {
	local name=$1
	shift
	cat >"$tmp/script"
	run --json "$@" run "$tmp/script"
	is "$status $(json .result)" "0 pass" "$name" || {
		diag "$(json '.results[] | select(.result != "pass") | "\(.line) \(.command): \(.result) \(.errno) \(.detail)"' 2>&1)"
		diag "$(json '.faults[:3]' 2>&1)"
		diag "stderr: $(head -c 1000 "$tmp/stderr")"
	}
}
# dirty_read_bits: "dirty/all" of each line that read bits, "!" behind those that say that this is no measurement
dirty_read_bits() {
	json '[.results[].data | select(has("dirty_pages")?) |
		"\(.dirty_pages)/\(.length / .page_size)\(if (.caveat // "" | contains("not a measurement")) then "!" else "" end)"] | join(" ")'
}
# mid_loop ARGS...: starts a compare that runs until stopped, and waits until it has the device and is going.
mid_loop() {
	rm -f "$tmp/going"
	start --json compare --device "$1" --time 60m --size 8K --log "$tmp/going" "${@:2}"
	wait_for 60 test -s "$tmp/going"
}

# pinned: pages, of the whole machine.   tables: KiB of page tables that are not the processor's.
pinned() { # pages, of the whole machine
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_acquired/ { a = $2 } /^nr_foll_pin_released/ { r = $2 } END { print a - r }' /proc/vmstat
}
tables() { awk '/^SecPageTables:/ { print $2 }' /proc/meminfo; } # KiB

# stressed NAME OPTIONS...: a stress that passes, having done something. What it found is shown if not, with the script that was saved.
stressed() {
	local name=$1 got
	shift
	rm -f "$tmp/saved.iommu"
	RUN_TIMEOUT=1200 run -q --json "$@" --save-repro "$tmp/saved.iommu"
	got=$(json '"\(.result) \(.mismatches_total)"' 2>&1)
	diag "$(json '"\(.ops) operations in \(.episodes) episodes"' 2>&1): $*"
	if [ "$status $got" = "0 pass 0" ] && [ "$(json .ops)" -ge "${stress_least:-20}" ]; then
		pass "$name"
	else
		fail "$name"
		diag "status $status, $got; iommuctl $*"
		diag "$(json '{mismatches: .mismatches[:3], classes, faults: .faults[:3]}' 2>&1 | head -n 60)"
		diag "stderr: $(head -c 2000 "$tmp/stderr")"
		[ ! -e "$tmp/saved.iommu" ] || diag "$(head -n 60 "$tmp/saved.iommu")"
		return 1
	fi
}
