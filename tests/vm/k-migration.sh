# SPDX-License-Identifier: GPL-2.0-or-later
# VFIO's migration states on the built kernel: the sample mtty, which has all of them, and a device that has none.
. "$(dirname "$0")/lib.sh"
guest_built migration --iommu intel --device lsi -- migration.sh
done_testing
