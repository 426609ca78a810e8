# SPDX-License-Identifier: GPL-2.0-or-later
# compare through VFIO on the built kernel with --iommu virtio.
. "$(dirname "$0")/lib.sh"
guest_built virtio --iommu virtio --memory 2G --device lsi --device edu -- compare.sh
done_testing
