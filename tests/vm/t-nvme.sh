# SPDX-License-Identifier: GPL-2.0-or-later
# The NVMe driver through VFIO on the stock kernel, whose own driver gives the controller away and gets it back.
# Only with --long: k-nvme.sh has the driver.
. "$(dirname "$0")/lib.sh"
guest nvme --iommu intel --memory 1G --device nvme -- nvme.sh 100 vfio
done_testing
