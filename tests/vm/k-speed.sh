# SPDX-License-Identifier: GPL-2.0-or-later
# The speed of map and unmap, and of compare's loop, through iommufd and VFIO, held against plain loops on the built kernel. --long: all
# of it, with the pairs that a figure takes.
. "$(dirname "$0")/lib.sh"
what=(ways:iommufd map:iommufd:3000:5 compare:iommufd:500:5:0 compare:vfio:500:5:4)
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	what=(ways:iommufd ways:vfio map:iommufd:10000:15 map:vfio:10000:15)
	for graveyard in 0 4; do what+=("compare:iommufd:4000:15:$graveyard" "compare:vfio:4000:15:$graveyard"); done
fi
guest_built speed --iommu intel --device lsi -- speed.sh "${what[@]}"
# One processor: while one maps the registers of a device that is opened, again and again here, QEMU 7.2 may end with a fault (in
# memory_region_dispatch_write) where another writes to any registers.
[ -z "${IOMMUCTL_LONG:-}" ] || guest_built against --iommu intel --device lsi --append maxcpus=1 -- speed.sh against:iommufd
done_testing
