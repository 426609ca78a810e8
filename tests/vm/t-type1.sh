# SPDX-License-Identifier: GPL-2.0-or-later
# VFIO's corners on a stock kernel: addresses updated, the limit on mappings, BARs as memory, the device's ioctls.
# Only with --long: k-type1.sh is this on a newer kernel.
. "$(dirname "$0")/lib.sh"
guest type1 --iommu intel --root-port --device lsi --device lsi --device edu --device nvme -- type1.sh stock
done_testing
