# SPDX-License-Identifier: GPL-2.0-or-later
# The speed of map and unmap through iommufd and VFIO, held against plain loops on the built kernel.
. "$(dirname "$0")/lib.sh"
guest_built speed --iommu intel --device lsi --timeout 900 -- speed.sh iommufd:10000 vfio:10000
done_testing
