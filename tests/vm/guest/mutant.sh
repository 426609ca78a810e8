# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the options under which compare finds a mutant. On its kernel compare fails for nothing but its classes;
# on a healthy one it passes. mutant.sh CLASSES|healthy OPTIONS..., each OPTIONS one word for one run. Without an lsi the
# kernel's mock device takes its place. With $STRESS, backends, so does stress on those: it fails as well, and the script that it saved
# and shrunk fails again; what is in /t/scripts/MUTANT, such scripts, passes on the healthy one.
. "$(dirname "$0")/lib.sh"
device=$(pci_lsi) backends="vfio iommufd"
classes=$1
shift
if [ -n "$device" ]; then take "$device"; else device=mock backends=mock; fi

found() { # BACKEND OPTIONS...
	local name=$1 class
	shift
	run --json compare --backend "$name" --device "$device" --loops 500 --size 8K..64K "$@"
	is "$status $(json .result 2>&1)" "1 fail" "$name: compare $* fails" || {
		diag "stdout: $(head -c 1500 "$tmp/stdout")"
		diag "stderr: $(head -c 1000 "$tmp/stderr")"
		return
	}
	json '"loop \(.loops), \(.classes): \(.failures[0].text // .failures[0])", (.classes | keys[])' >"$tmp/found"
	diag "$(head -n 1 "$tmp/found")"
	isnt "$(sed 1d "$tmp/found")" "" "$name: with a class"
	for class in $(sed 1d "$tmp/found"); do
		like " $classes " " $class " "$name: $class is a right name for it"
	done
}

# what must not be reached is tried on request, and only where a device has no such access of its own
probes=()
[ "$device" = mock ] || probes=(--probe-unmapped)

# stress_found BACKEND: what a seed shows may come and go, and no script of it; then another one is tried.
stress_found() {
	local name=$1 saved=/out/$1.iommu seed
	if [[ " $STRESS_CLASSES " == *" unsaved:$name "* ]]; then
		stress_fails "$name" 1
		return
	fi
	for seed in 1 2 3 4; do
		stress_fails "$name" $seed --save-repro "$saved" || return
		[ ! -e "$saved" ] || break
		diag "$name: nothing was saved: $stderr"
	done
	ok "$name: a script was saved" test -e "$saved" || return
	diag "$(grep -v '^#' "$saved" | grep .)"
	ok "$name: it is short" test "$(grep -cEv '^(#|$)' "$saved")" -le 20
	run -q --json --backend "$name" --device "$device" run "$saved"
	is "$status $(json .result 2>&1)" "1 fail" "$name: it fails again" || diag "$(json '.results[:3]' 2>&1)"
}

# stress_fails BACKEND SEED OPTIONS...
stress_fails() {
	local name=$1 class
	RUN_TIMEOUT=900 run -q --json --seed "$2" --backend "$name" --device "$device" stress --time 400s "${probes[@]}" "${@:3}"
	is "$status $(json .result 2>&1)" "1 fail" "$name: stress fails" || {
		diag "stdout: $(head -c 1500 "$tmp/stdout")"
		diag "stderr: $(head -c 1000 "$tmp/stderr")"
		return 1
	}
	json '"\(.ops) ops, \(.classes): \(.mismatches[0] | "\(.op): \(.expected) was due, got \(.got)")", (.classes | keys[])' >"$tmp/found"
	diag "$(head -n 1 "$tmp/found")"
	isnt "$(sed 1d "$tmp/found")" "" "$name: stress: with a class"
	for class in $(sed 1d "$tmp/found"); do
		like " $STRESS_CLASSES " " $class " "$name: stress: $class is a right name for it"
	done
}

# scripts_pass: those that failed on the mutants' kernels.
scripts_pass() {
	local saved name
	for saved in /t/scripts/*/*.iommu; do
		name=$(basename "$saved" .iommu)
		run -q --json --backend "$name" --device "$device" run "$saved"
		is "$status $(json .result 2>&1)" "0 pass" "${saved#/t/scripts/} passes" || diag "$(json '.results[] | select(.result != "pass")' 2>&1)"
	done
}

for backend in $backends; do
	for options in "$@"; do
		read -ra words <<<"$options"
		if [ "$classes" = healthy ]; then
			compare_passes "$backend: compare $options passes" 500 --backend $backend --device "$device" --size 8K..64K "${words[@]}"
		else
			found $backend "${words[@]}"
		fi
		[ "$device" = mock ] || left_nothing "$device" "$backend: nothing is left behind"
	done
done
for backend in ${STRESS:-}; do
	if [ "$classes" = healthy ]; then
		stressed "$backend: stress passes" --seed 1 --backend "$backend" --device "$device" stress --ops 500 "${probes[@]}"
	else
		stress_found "$backend"
	fi
	[ "$device" = mock ] || left_nothing "$device" "$backend: stress leaves nothing behind"
done
[ "$classes" != healthy ] || [ -z "${STRESS:-}" ] || scripts_pass
done_testing
