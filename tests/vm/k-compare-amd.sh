# SPDX-License-Identifier: GPL-2.0-or-later
# compare by every interface of the built kernel to the machine's IOMMU, with --iommu amd.
. "$(dirname "$0")/lib.sh"
guest_built amd --iommu amd --memory 2G --hugepages 200 --device lsi -- iommufd.sh ${IOMMUCTL_LONG:+400}
guest_built amd-destroyed --iommu amd --device lsi -- destroyed.sh
done_testing
