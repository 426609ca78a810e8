# SPDX-License-Identifier: GPL-2.0-or-later
# The built kernel's own iommufd test device: every dirty bit it can be made to have, held against what was marked.
. "$(dirname "$0")/lib.sh"
builddir=$(dirname "$IOMMUCTL")
make -C "$builddir" tests/vm/nodirty >"$tap_tmp/make.log" 2>&1
ok "the program that makes a second kind of device is built" test -x "$builddir/tests/vm/nodirty" || {
	diag "$(tail -n 20 "$tap_tmp/make.log")"
	done_testing
	exit
}
guest_built dirty-mock --iommu none --hugepages 48 --add "$builddir/tests/vm/nodirty" \
	--add "$vm/scripts/dirty-mock.iommu:/t/tests/vm/scripts/dirty-mock.iommu" -- dirty-mock.sh
done_testing
