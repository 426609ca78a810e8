# SPDX-License-Identifier: GPL-2.0-or-later
# compare through VFIO on the stock kernel with --iommu intel-sm.
# Only with --long: t-compare-intel.sh is this on another IOMMU.
. "$(dirname "$0")/lib.sh"
guest intel-sm --iommu intel-sm --memory 2G --device lsi --device edu -- compare.sh
done_testing
