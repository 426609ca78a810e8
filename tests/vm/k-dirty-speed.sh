# SPDX-License-Identifier: GPL-2.0-or-later
# The speed at which dirty bits are read and cleared, of the mock device and of VFIO's container, held against plain ioctls.
# Only with --long: it measures.
. "$(dirname "$0")/lib.sh"
guest_built dirty-speed --iommu intel --memory 2G --device lsi -- dirty-speed.sh ${IOMMUCTL_LONG:+15}
done_testing
