# SPDX-License-Identifier: GPL-2.0-or-later
# compare by every interface of the built kernel to the machine's IOMMU, with --iommu virtio.
# Only with --long: t-compare-virtio.sh has what is this IOMMU's, k-compare-amd.sh the interfaces.
. "$(dirname "$0")/lib.sh"
guest_built virtio --iommu virtio --memory 2G --hugepages 200 --device lsi -- iommufd.sh ${IOMMUCTL_LONG:+400}
guest_built virtio-destroyed --iommu virtio --device lsi -- destroyed.sh
done_testing
