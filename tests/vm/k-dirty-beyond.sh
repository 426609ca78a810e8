# SPDX-License-Identifier: GPL-2.0-or-later
# What `dirty verify --beyond` finds on the built kernel, on its mock device and in VFIO's container, exactly; the same cases pass on the
# simulation there.
. "$(dirname "$0")/lib.sh"
guest_built dirty-beyond --iommu intel --memory 2G --device lsi --hugepages 48 -- dirty-beyond.sh
done_testing
