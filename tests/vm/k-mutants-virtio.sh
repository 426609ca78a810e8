# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels with a bug put in, with --iommu virtio: compare and stress name what is wrong with each,
# and find nothing on the healthy one.
# Only with --long: k-mutants-intel.sh is this on another IOMMU.
. "$(dirname "$0")/lib.sh"
needs_built $(mutants_of virtio)
mutants_found virtio ${IOMMUCTL_LONG:+vfio iommufd}
done_testing
