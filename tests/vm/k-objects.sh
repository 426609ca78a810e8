# SPDX-License-Identifier: GPL-2.0-or-later
# Spaces, page tables, queues and PASIDs of iommufd on the built kernel: on its mock device, and on devices behind an IOMMU.
. "$(dirname "$0")/lib.sh"
needs_built
guest_built mock --iommu none -- objects.sh mock
guest_built intel-sm --iommu intel-sm --device edu --device lsi -- objects.sh device scalable
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest_built intel --iommu intel --device edu --device lsi -- objects.sh device
	guest_built amd --iommu amd --device edu --device lsi -- objects.sh device
fi
done_testing
