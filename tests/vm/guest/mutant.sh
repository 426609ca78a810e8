# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the options under which compare finds a mutant. On its kernel compare fails for nothing but its classes;
# on a healthy one it passes. mutant.sh CLASSES|healthy OPTIONS..., each OPTIONS one word for one run. Without an lsi the
# kernel's mock device takes its place.
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
done_testing
