# SPDX-License-Identifier: GPL-2.0-or-later
# The NVMe driver on the built kernel, by iommufd.
. "$(dirname "$0")/lib.sh"
guest_built nvme --iommu intel --memory 1G --device nvme -- nvme.sh 60 iommufd
done_testing
