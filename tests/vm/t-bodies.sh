# SPDX-License-Identifier: GPL-2.0-or-later
# The bodies on the stock kernel: each of them on every backend that it has.
. "$(dirname "$0")/lib.sh"
body=(--add "$top_srcdir/tests/body:/t/tests/body" --add "$top_srcdir/tests/backends:/t/tests/backends" --hugepages 48 --timeout 600)
guest bodies --iommu intel "${body[@]}" --device lsi -- bodies.sh guest map unmap script bad-input compare
done_testing
