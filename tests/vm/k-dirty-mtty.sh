# SPDX-License-Identifier: GPL-2.0-or-later
# A mediated device on the built kernel: mapped for by every backend, its DMA log, and a container's dirty tracking with it alone.
. "$(dirname "$0")/lib.sh"
guest_built dirty-mtty --iommu intel --device lsi -- dirty-mtty.sh
done_testing
