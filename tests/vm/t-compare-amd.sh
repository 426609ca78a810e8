# SPDX-License-Identifier: GPL-2.0-or-later
# compare through VFIO on the stock kernel with --iommu amd.
# Only with --long: k-compare-amd.sh has this by every interface.
. "$(dirname "$0")/lib.sh"
guest amd --iommu amd --memory 2G --device lsi --device edu -- compare.sh
done_testing
