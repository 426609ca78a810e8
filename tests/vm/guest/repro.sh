# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: every repro on each backend, held against tests/vm/repro.table. repro.sh COLUMN:BACKEND..., COLUMN being the table's.
. "$(dirname "$0")/lib.sh"
table=$top_srcdir/tests/vm/repro.table
device=$(pci_lsi)
[ -z "$device" ] || take "$device"

# due COLUMN: "name verdict" lines
due() { awk -v column="$1" '/^#/ { next } $1 == "repro" { for (i = 2; i <= NF; i++) if ($i == column) at = i; next } NF && at { print $1, $at }' "$table"; }

for where in "$@"; do
	column=${where%%:*} backend=${where#*:}
	on=(--backend "$backend")
	case $backend in
	mock*) ;;
	*) on+=(--device "$device") ;;
	esac
	before=$SECONDS
	RUN_TIMEOUT=300 run --json "${on[@]}" --seed 1 --allow-crash repro run --all
	diag "$column: $((SECONDS - before)) s, exit status $status, $(json '.verdicts | to_entries | map("\(.key) \(.value)") | join(", ")')"
	json '.results[] | "\(.name) \(.verdict)"' >"$tmp/got"
	due "$column" >"$tmp/due"
	isnt "$(<"$tmp/due")" "" "$column: the table has it"
	is "$(<"$tmp/got")" "$(<"$tmp/due")" "$column: each repro has the verdict that is due" ||
		diag "$(json '.results[] | "\(.name): \(.verdict): \(.why)"' | grep -F -e "$(diff "$tmp/got" "$tmp/due" | sed -n 's/^< \([^ ]*\) .*/\1: /p')")"
	json_is '[.results[] | select(.why | length < 10) | .name]' '[]' "$column: with a reason"
	# what was affected or went wrong shows by what
	json_is '[.results[] | select(.verdict == "affected" or .verdict == "error") | select(.evidence | length == 0) | .name]' '[]' "$column: with evidence"
	[ -z "$device" ] || [ "${backend%%,*}" = mock ] || left_nothing "$device" "$column: nothing is left behind"
done
done_testing
