# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: every allocation that the kernel makes for a script fails once, on each backend; the tool reports it, unwinds,
# does the step again, and leaves nothing behind. fail-nth.sh all|some BACKEND...; "some" leaves out ever more of the
# high numbers, which are reached by opening the session and the first DMA only.
. "$(dirname "$0")/lib.sh"
how=$1
shift
lsi=$(pci_lsi)
# Enabled by hand: else each opening has the kernel's ACPI interpreter look up the interrupt's routing, and that
# one does not survive a failing allocation (docs/injection.md).
echo 1 >"/sys/bus/pci/devices/$lsi/enable"
take "$lsi"
printf 'map a --size 4K\n' >"$tmp/one.iommu"

run --json --backend sim run --fail-nth 1 "$tmp/one.iommu"
refused 4 'failslab spares' "as it boots, the kernel spares allocations that may sleep, and that is said"
cd /sys/kernel/debug || exit 1
echo N >failslab/ignore-gfp-wait
run --json --backend sim run --fail-nth 1 "$tmp/one.iommu"
like "$stderr" 'warning: .*spares page allocations' "pages are spared still, and that is said"
echo N >fail_page_alloc/ignore-gfp-wait
echo N >fail_page_alloc/ignore-gfp-highmem
echo 0 >fail_page_alloc/min-order
for knob in fail*/verbose; do echo 0 >"$knob"; done
cd /

pins() { # the machine's pinned pages
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_acquired/ { a = $2 } /^nr_foll_pin_released/ { r = $2 } END { print a - r }' /proc/vmstat
}

next() { # N: the number after it
	if [ "$how" = all ] || [ "$1" -lt 10 ]; then echo $(($1 + 1)); else echo $(($1 + $1 / 2)); fi
}

once() { # N SCRIPT OPTIONS...: one run; sets status and injected; its verdict
	timeout -k 5 300 "$IOMMUCTL" --json --seed 5 "${@:3}" run --fail-nth "$1" "$2" >"$tmp/stdout" 2>"$tmp/stderr"
	status=$?
	injected=$(tr -d ' \n' <"$tmp/stdout" | sed -n 's/.*"fail_nth":{"n":[0-9]*,"injected":\([0-9]*\),.*/\1/p')
	[ "$status" -eq 0 ] && [ -n "$injected" ]
}

sweep() { # NAME SCRIPT OPTIONS...
	local name="$1: $(basename "$2" .iommu)" n=1 runs=0 total=0 bad=0 before
	run --seed 5 "${@:3}" run "$2"
	if [ "$status" -eq 4 ]; then
		skip "$name" "$(grep -m1 '^skip' "$tmp/stdout")"
		return
	fi
	status_is 0 "$name: passes while nothing fails" || return
	before=$(pins)
	while once $n "${@:2}"; do
		runs=$((runs + 1)) total=$((total + injected))
		[ "$injected" -gt 0 ] && [ $n -lt 3000 ] || break
		n=$(next $n)
	done
	is "$status ${injected:-none}" "0 0" "$name: each failing allocation is survived, until none is reached" || {
		diag "at number $n: $(json '[.results[] | select(.result != "pass")]' 2>&1 | head -c 600)"
		diag "$(json .fail_nth 2>&1 | head -c 300)"
		diag "$(head -c 1000 "$tmp/stderr")"
	}
	ok "$name: allocations did fail" test $total -gt 20
	diag "$name: $total allocations failed in $runs runs, up to number $n"
	is "$(pins)" "$before" "$name: no page stays pinned"
	run --seed 5 "${@:3}" run "$2"
	status_is 0 "$name: and the next run passes"
}

printf 'map a --size 4K\nunmap nosuch\n' >"$tmp/wrong.iommu"
nok "a run that does not survive is seen" once 1 "$tmp/wrong.iommu" --backend sim

for backend in "$@"; do
	case $backend in sim | mock) device=() ;; *) device=(--device "$lsi") ;; esac
	for script in /t/tests/vm/scripts/*.iommu; do
		# thousands of allocations, most of them the cases' own maps: memory.iommu and objects.iommu have those
		case $script in */dirty-mock.iommu) continue ;; esac
		# spaces and page tables are iommufd's, behind its own interface
		case $backend:$script in mock:* | iommufd:*) ;; */objects.iommu) continue ;; esac
		sweep "$backend" "$script" --backend "$backend" "${device[@]}"
	done
done
left_nothing "$lsi" "nothing is left behind"
compare_passes "and the device passes" 100 --backend vfio --device "$lsi" --size 8K..64K --canary require
done_testing
