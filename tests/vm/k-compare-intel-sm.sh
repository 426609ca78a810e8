# SPDX-License-Identifier: GPL-2.0-or-later
# compare by every interface of the built kernel to the machine's IOMMU, with --iommu intel-sm.
# Only with --long: k-compare-amd.sh is this on another IOMMU.
. "$(dirname "$0")/lib.sh"
guest_built intel-sm --iommu intel-sm --memory 2G --hugepages 200 --device lsi -- iommufd.sh ${IOMMUCTL_LONG:+400}
guest_built intel-sm-destroyed --iommu intel-sm --device lsi -- destroyed.sh
done_testing
