# SPDX-License-Identifier: GPL-2.0-or-later
# VFIO on the built kernel, with iommufd beside: addresses updated, the limit on mappings, BARs as memory, the device's ioctls.
. "$(dirname "$0")/lib.sh"
guest_built type1 --iommu intel --root-port --device lsi --device lsi --device edu --device nvme -- type1.sh built
done_testing
