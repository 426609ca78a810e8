# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the edge cases on pairs of backends, "vfio:iommufd-compat". against.sh [limit|memlock|warn] PAIR...: with a word in front, the
# script of its own instead of all the others.
. "$(dirname "$0")/lib.sh"
edge=/t/tests/edge
device=$(pci_lsi)
take "$device"

# What is not known, for people; known ones are counted.
told() { json '.differences[] | select(.known == "") | "\(.file | split("/") | last):\(.line) \(.command): \(.field) \(.a) / \(.b)"'; }

# pair A B FILE...: every difference is known.
pair() {
	local a=$1 b=$2
	shift 2
	RUN_TIMEOUT=800 run -q --json --seed 3 --backend "$a" --device "$device" run "$@" --against "$b"
	status_is 0 "$a against $b: nothing that is not known" || diag "$(told | head -n 40)"
	diag "$(json '"\(.lines_compared) lines, \(.known_differences) known differences, \(.unknown_differences) others; unmet \(.unmet_a), \(.unmet_b)"')"
	diag "$(json '[.differences[].known] | group_by(.) | map("\(.[0]) \(length)") | join(", ")')"
	isnt "$(json '.lines_compared // 0')" 0 "$a against $b: lines were compared"
}

files() { find $edge -name '*.iommu' | grep -vE 'prot-none|limit|memlock' | sort; }

# warned A B: a map without protection. Where the kernel answers with a WARNING, that is a failure of the side on which it came.
warned() {
	run -q --allow-crash --tap --seed 3 --backend "$1" --device "$device" run $edge/prot-none.iommu --against "$2"
	like "$stdout" "^ok 1 - $1: no fault and no complaint" "$1 answers a map without protection without a WARNING"
	if [ "$status" -eq 0 ]; then
		like "$stdout" "^ok 2 - $2: no fault and no complaint" "and so does $2"
	else
		like "$stdout" "^not ok 2 - $2: no fault and no complaint" "$2 does not, and that is its failure"
	fi
	diag "$2: $(grep -o 'WARNING: [^"]*' "$tmp/stdout" || echo no WARNING)"
	run -q --tap --seed 3 --backend "$1" --device "$device" run $edge/prot-none.iommu --against "$2"
	status_is 4 "without --allow-crash it is not tried"
}

# per_user A B: the user has more pinned in another process than its limit leaves for this one.
per_user() {
	local other limit=512 node
	other=$(pci_edu)
	take "$other"
	for node in /dev/iommu /dev/vfio/vfio /dev/vfio/[0-9]* /dev/vfio/devices/*; do chown user "$node"; done
	(ulimit -l $limit && exec as-user "$IOMMUCTL" -q --backend iommufd --device "$other" map --size 384K --hold 100s) \
		>"$tmp/held" 2>&1 &
	holder=$!
	wait_for 20 grep -q 'is mapped at' "$tmp/held" || diag "$(cat "$tmp/held")"
	(ulimit -l $limit && as-user "$IOMMUCTL" -q --json --seed 3 --backend "$1" --device "$device" run $edge/memlock.iommu --against "$2") \
		>"$tmp/stdout" 2>"$tmp/stderr"
	is $? 0 "$1 against $2, as a user: nothing that is not known" || diag "$(cat "$tmp/stdout" "$tmp/stderr")"
	json_is '[.differences[] | select(.line == 4) | "\(.field) \(.a) \(.b) \(.known)"] | .[0]' "errno success ENOMEM map-memlock" \
		"$1 counts the process's pages, $2 the user's"
	kill $holder
	wait $holder 2>/dev/null
}

isnt "$(files | wc -l)" 0 "the scripts are here"
diag "$(cat $edge/*.iommu | grep -c '^# case: ') cases in $(find $edge -name '*.iommu' | wc -l) scripts"
what=all
case $1 in limit | warn | memlock) what=$1 && shift ;; esac
for p in "$@"; do
	a=${p%%:*} b=${p#*:}
	case $what in
	limit) pair "$a" "$b" $edge/limit.iommu ;;
	memlock) per_user "$a" "$b" ;;
	warn) warned "$a" "$b" ;;
	# shellcheck disable=SC2046
	*) pair "$a" "$b" $(files) ;;
	esac
done
left_nothing "$device" "nothing is left behind"
done_testing
