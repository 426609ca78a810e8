# SPDX-License-Identifier: GPL-2.0-or-later
# What `dirty verify --beyond` finds on the mock device of the built kernel, exactly; the same cases pass on the simulation there.
. "$(dirname "$0")/lib.sh"
guest_built dirty-beyond --iommu none --hugepages 48 --timeout 400 -- dirty-beyond.sh
done_testing
