# SPDX-License-Identifier: GPL-2.0-or-later
# The built kernel's own iommufd test device: compare, scripts, and what is found out when the page table disagrees.
. "$(dirname "$0")/lib.sh"
builddir=$(dirname "$IOMMUCTL")
make -C "$builddir" tests/vm/behind >"$tap_tmp/make.log" 2>&1
ok "the program that works behind its back is built" test -x "$builddir/tests/vm/behind" || {
	diag "$(tail -n 20 "$tap_tmp/make.log")"
	done_testing
	exit
}
guest_built mock --iommu none --allow-log "WARNING: on purpose" --hugepages 48 --add "$builddir/tests/vm/behind" -- mock.sh
done_testing
