# SPDX-License-Identifier: GPL-2.0-or-later
# compare through VFIO on the built kernel with --iommu intel-sm.
. "$(dirname "$0")/lib.sh"
guest_built intel-sm --iommu intel-sm --memory 2G --device lsi --device edu -- compare.sh
done_testing
