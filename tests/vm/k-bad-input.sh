# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input, missing nodes, shared groups, and interrupts that are not remapped, by /dev/iommu.
. "$(dirname "$0")/lib.sh"
guest_built bad-iommufd --iommu intel --device lsi --device e1000e -- bad-iommufd.sh
guest_built group-iommufd --iommu intel --bridge --device lsi --device e1000e -- group-iommufd.sh
guest_built unsafe-interrupts --iommu virtio --device lsi -- unsafe-interrupts.sh
done_testing
