# SPDX-License-Identifier: GPL-2.0-or-later
# Dirty tracking by VFIO's container on stock kernels: the one of this release behind intel-iommu; --long: a newer one behind amd-iommu.
. "$(dirname "$0")/lib.sh"
guest dirty-type1 --iommu intel --device lsi -- dirty-type1.sh
[ -n "${IOMMUCTL_LONG:-}" ] || {
	done_testing
	exit
}
if kernel=$(fetched kernel bookworm-backports); then
	guest dirty-type1-newer --iommu amd --kernel "$kernel" --device lsi -- dirty-type1.sh
else
	skip "dirty-type1-newer" "its kernel cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
fi
done_testing
