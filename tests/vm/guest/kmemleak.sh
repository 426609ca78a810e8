# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest, booted with kmemleak=on: memory of the kernel that nothing refers to any more. kmemleak.sh healthy|FUNCTION
# BACKEND...: nothing of iommufd's, VFIO's or an IOMMU's; or something that FUNCTION allocated.
. "$(dirname "$0")/lib.sh"
expect=$1
shift
lsi=$(pci_lsi)
take "$lsi"
leak=/sys/kernel/debug/kmemleak
printf 'repeat 30\nmap a --size 64K --iova 0x10000000\nunmap a\nend\ncheck --pins\n' >"$tmp/work.iommu"

# An object counts when it was still unreferenced in a later scan and is older than 5 s (mm/kmemleak.c).
scan() {
	sleep 6
	echo scan >$leak
	sleep 6
	echo scan >$leak
	cat $leak >"$tmp/leaks"
}

ok "kmemleak is on" test -e $leak
echo 'scan=off' >$leak
scan
echo clear >$leak # what the boot left
for backend in "$@"; do
	case $backend in mock) device=() ;; *) device=(--device "$lsi") ;; esac
	run -q --backend "$backend" "${device[@]}" run "$tmp/work.iommu"
	status_is 0 "$backend: mapped and unmapped"
	[ "$backend" = mock ] || { run -q --backend "$backend" "${device[@]}" compare --loops 50 && status_is 0 "$backend: compare"; }
done
scan
found=$(grep -c '^unreferenced object' "$tmp/leaks")
diag "$found unreferenced objects"
if [ "$expect" = healthy ]; then
	is "$(grep -E 'iommu|iopt|iova|vfio|domain' "$tmp/leaks")" "" "nothing of the IOMMU's is left unreferenced" || diag "$(head -n 60 "$tmp/leaks")"
	diag "$(grep -A12 '^unreferenced' "$tmp/leaks" | head -n 30)"
else
	like "$(cat "$tmp/leaks")" "$expect" "the object that is lost is found, with who allocated it"
	ok "each of them" test "$found" -ge 10
fi
done_testing
