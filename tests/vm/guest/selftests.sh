# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the kernel's own selftests, their TAP judged by what is known to fail. selftests.sh KNOWN PROGRAM...; those of
# vfio get the device.
. "$(dirname "$0")/lib.sh"
known=$1
shift
edu=$(pci_edu)
take "$edu"

# known_why PROGRAM TEST: why it may fail; nothing: it may not.
known_why() {
	local program pattern why
	while read -r program pattern why; do
		# shellcheck disable=SC2053 # a pattern
		[ "$program" = "$1" ] && [[ $2 == $pattern ]] && echo "$why" && return
	done <"$known"
}

judge() { # PROGRAM: its results, from $tmp/results
	local verdict name rest why plan n=0 failed=() told=() skipped=0
	plan=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$tmp/results" | head -n 1)
	while IFS=$'\t' read -r verdict name rest; do
		n=$((n + 1))
		case $rest in *'# SKIP'*) skipped=$((skipped + 1)) && diag "$1 skips $name:${rest#*SKIP}" ;; esac
		[ "$verdict" = 'not ok' ] || continue
		why=$(known_why "$1" "$name")
		if [ -n "$why" ]; then told+=("$name: $why"); else failed+=("$name"); fi
	done < <(sed -n 's/^\(not ok\|ok\) [0-9][0-9]* \([^ ]*\)\(.*\)$/\1\t\2\t\3/p' "$tmp/results")
	is "$n" "${plan:-no plan}" "$1: all of its tests ran"
	is "${failed[*]}" "" "$1: none failed that should not" || diag "$(grep -v '^ok' "$tmp/results" | head -n 60)"
	for why in "${told[@]}"; do diag "known: $why"; done
	diag "$1: $((n - ${#failed[@]} - ${#told[@]} - skipped)) passed, ${#told[@]} known failures, $skipped skipped"
	ok "$1: some passed" test $((n - ${#failed[@]} - ${#told[@]} - skipped)) -gt 0
}

# The judge itself, on results that are known.
printf 'TAP version 13\n1..3\nok 1 a.b\nnot ok 2 iommufd_ioas.x.dmabuf_simple\nok 3 c.d # SKIP not here\n' >"$tmp/results"
is "$(judge iommufd | grep -c '^ok')" 3 "a known failure and a skip are no failures"
printf '1..2\nok 1 a.b\nnot ok 2 c.d\n' >"$tmp/results"
is "$(judge iommufd 2>&1 | grep -c '^not ok .*none failed')" 1 "another failure is one"
printf '1..3\nok 1 a.b\nok 2 c.d\n' >"$tmp/results"
is "$(judge iommufd | grep -c '^not ok .*all of its tests ran')" 1 "a program that stops half way is one"

for program in "$@"; do
	case $program in vfio_*) arguments=("$edu") ;; *) arguments=() ;; esac
	begin=$SECONDS
	# their children write at the same time: results are lines of their own only in a pipe of their own
	timeout -k 5 900 "$program" "${arguments[@]}" 2>"$tmp/errors" >"$tmp/results"
	ended=$?
	diag "$program: $((SECONDS - begin)) s"
	ok "$program ends by itself, with status 0 or 1" test $ended -le 1 || diag "status $ended"
	judge "$program" || diag "$(tail -n 20 "$tmp/errors")"
done
left_nothing "$edu" "nothing is left behind"
compare_passes "and the device passes" 5 --backend vfio --device "$edu" --size 4K
done_testing
