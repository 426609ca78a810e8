# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the kernel's own counters before and after much mapping, on each backend: pinned pages, page-table pages, slabs.
# leaks.sh healthy BACKEND...: nothing grows, and what a process still holds is seen as long as it does.
# leaks.sh COUNTER BACKEND...: on the kernel of a mutant, that counter says so.
. "$(dirname "$0")/lib.sh"
expect=$1
shift
lsi=$(pci_lsi)
take "$lsi"
rounds=3 runs=8
cat >"$tmp/work.iommu" <<END
repeat 10
map a --size 64K --iova 0x10000000
map b --size 16K --iova random
map c --size 8K --prot r --iova 0x20000000
unmap a
unmap --all
free a
free b
free c
end
check --pins
END
allocs=30 # mappings in a run of it

slabs() { # FILE: "CACHE OBJECTS", without those that only wait in a processor's own list
	local shrink
	for shrink in /sys/kernel/slab/*/shrink; do echo 1 >"$shrink"; done 2>/dev/null
	awk 'NR > 2 { print $1, $2 }' /proc/slabinfo | sort >"$1"
}

grown() { # MANY FILE...: caches that hold at least MANY objects more in each file than in the one before
	awk -v many="$1" '
		FNR == 1 { files++ }
		files > 1 && $2 - had[$1] >= many { steps[$1]++ }
		{ had[$1] = $2 }
		END { for (cache in steps) if (steps[cache] == files - 1) print cache }' "${@:2}" | sort | xargs
}

workload() { # OPTIONS...
	local i
	for ((i = 0; i < runs; i++)); do
		"$IOMMUCTL" -q "$@" run "$tmp/work.iommu" >"$tmp/stdout" 2>"$tmp/stderr" || return
	done
	case $* in *mock*) ;; *) "$IOMMUCTL" -q "$@" compare --loops 50 --size 8K..64K >"$tmp/stdout" 2>"$tmp/stderr" ;; esac
}

measure() { # BACKEND: sets pins, page_tables and caches, by how much each grew
	local options=(--backend "$1") i pins_before tables_before
	[ "$1" = mock ] || options+=(--device "$lsi")
	workload "${options[@]}" # what is made once, is made now
	pins_before=$(pinned) tables_before=$(tables)
	slabs "$tmp/slabs0"
	worked=yes
	for ((i = 1; i <= rounds; i++)); do
		workload "${options[@]}" || worked=no
		slabs "$tmp/slabs$i"
	done
	pins=$(($(pinned) - pins_before)) page_tables=$(($(tables) - tables_before))
	caches=$(grown $((runs * allocs / 2)) "$tmp"/slabs[0-9])
	diag "$1: in $((rounds * runs)) runs and $((rounds * runs * allocs)) mappings: pins $pins, SecPageTables $page_tables KiB, caches that grew: ${caches:-none}"
}

# held BACKEND: a mapping that is still there, at the moment of measuring.
held() {
	local options=(--backend "$1") pins_before tables_before locked
	[ "$1" = mock ] || options+=(--device "$lsi")
	pins_before=$(pinned) tables_before=$(tables)
	start -q "${options[@]}" map a --size 8M --iova 0x20000000 --hold 5m
	wait_for 20 eval '[ $(($(pinned) - '"$pins_before"')) -ge 2048 ]'
	pins=$(($(pinned) - pins_before)) page_tables=$(($(tables) - tables_before))
	locked=$(awk '/^Vm(Lck|Pin):/ { sum += $2 } END { print sum }' "/proc/$pid/status")
	ok "$1: pages that are held are seen (nr_foll_pin: $pins)" test $pins -ge 2048
	ok "$1: and accounted (VmLck, VmPin: $locked KiB)" test "$locked" -ge 8192
	[ "$1" = mock ] || ok "$1: and their page tables (SecPageTables: $page_tables KiB)" test $page_tables -ge 4
	kill -TERM "$pid"
	finish
	is "$status $(($(pinned) - pins_before)) $(($(tables) - tables_before))" "143 0 0" "$1: and no longer when they are given back"
}

# more_pinned BEFORE PAGES: so many have mapped their page.
more_pinned() { [ $(($(pinned) - $1)) -ge "$2" ]; }

# Slabs that are held by processes which only wait.
held_slabs() {
	local i waiting=() before
	before=$(pinned)
	slabs "$tmp/slabs0"
	for ((i = 0; i < 40; i++)); do
		"$IOMMUCTL" -q --backend mock map a --size 4K --hold 5m >/dev/null 2>&1 &
		waiting+=($!)
		[ $i -ne 19 ] || { wait_for 40 more_pinned "$before" 20; slabs "$tmp/slabs1"; }
	done
	wait_for 40 more_pinned "$before" 40
	slabs "$tmp/slabs2"
	isnt "$(grown 20 "$tmp"/slabs[0-2])" "" "objects that are held are seen in the slabs"
	diag "caches that grew: $(grown 20 "$tmp"/slabs[0-2])"
	kill -TERM "${waiting[@]}"
	wait "${waiting[@]}" 2>/dev/null
	rm -f "$tmp"/slabs*
}

[ "$expect" != healthy ] || held_slabs
for backend in "$@"; do
	measure "$backend"
	case $expect in
	healthy)
		is "$worked" yes "$backend: the runs pass" || diag "$(tail -n 5 "$tmp/stdout" "$tmp/stderr")"
		is "$pins" 0 "$backend: no page stays pinned (nr_foll_pin_acquired - nr_foll_pin_released)"
		ok "$backend: page tables are given back (SecPageTables)" test $page_tables -le 16
		is "$caches" "" "$backend: no slab grows with each round"
		held "$backend"
		;;
	pins) isnt "$pins" 0 "$backend: pages that stay pinned are seen" ;;
	slabs) isnt "$caches" "" "$backend: a slab that grows with each round is seen" ;;
	esac
done
[ "$expect" != healthy ] || left_nothing "$lsi" "nothing is left behind"
done_testing
