# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels with a bug put in, with --iommu intel: compare and stress name what is wrong with each,
# and find nothing on the healthy one.
. "$(dirname "$0")/lib.sh"
needs_built $(mutants_of intel)
mutants_found intel vfio ${IOMMUCTL_LONG:+iommufd}
done_testing
