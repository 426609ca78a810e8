# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: stress on each backend. Every answer is the model's, the kernel does not complain, and when all of it is over the kernel's
# counters are where they were. stress.sh OPTIONS "MIX..." BACKEND...: with these options (--time 30s, --ops 500) for each mix. A seed of its
# own for each run, the same every time. With kmemleak=on nothing of the kernel's own is lost either.
. "$(dirname "$0")/lib.sh"
read -ra how <<<"$1"
mixes=$2 seed=${SEED:-1}
shift 2
lsi=$(pci_lsi)
[ -z "$lsi" ] || take "$lsi"
leak=/no-kmemleak
! grep -q kmemleak=on /proc/cmdline || leak=/sys/kernel/debug/kmemleak
[ ! -e $leak ] || echo scan=off >$leak

options_of() { # BACKEND
	options=(--backend "$1")
	[ "$1" = mock ] || options+=(--device "$lsi")
}

# An object counts when it was still unreferenced in a later scan and is older than 5 s (mm/kmemleak.c).
unreferenced() {
	sleep 6
	echo scan >$leak
	sleep 6
	echo scan >$leak
	grep -cE 'iommu|iopt|iova|vfio|domain' $leak
}

# what is made once, is made now
for backend in "$@"; do
	options_of "$backend"
	stress_least=1 stressed "$backend: the first operations" --seed "$seed" "${options[@]}" stress --ops 20
done
[ ! -e $leak ] || { unreferenced >/dev/null; echo clear >$leak; }
for backend in "$@"; do
	options_of "$backend"
	pins_before=$(pinned) tables_before=$(tables)
	for mix in $mixes; do
		seed=$((seed + 1))
		stressed "$backend: $mix, seed $seed" --seed "$seed" "${options[@]}" stress --mix "$mix" "${how[@]}"
	done
	# as root, too: for the lines that need it the right to lock as much as one likes is given up
	stressed "$backend: limits" --seed "$seed" "${options[@]}" stress --mix limit=4,map=2,unmap=1 --ops 1500
	json_is '[.kinds.limit | .ops > 2, .refused > 0] | all' true "$backend: which are met"
	is $(($(pinned) - pins_before)) 0 "$backend: no page stays pinned (nr_foll_pin_acquired - nr_foll_pin_released)"
	grown=$(($(tables) - tables_before))
	ok "$backend: page tables are given back (SecPageTables: $grown KiB)" test $grown -le 16
	[ "$backend" = mock ] || left_nothing "$lsi" "$backend: nothing is left behind"
done
if [ -e $leak ]; then
	is "$(unreferenced)" 0 "nothing of the IOMMU's is left unreferenced" || diag "$(head -n 60 $leak)"
fi
done_testing
