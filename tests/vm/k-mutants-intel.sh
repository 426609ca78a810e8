# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels with a bug put in, with --iommu intel: compare names what is wrong with each, and finds nothing on the healthy one.
# --long: with every mutant, and so does stress.
. "$(dirname "$0")/lib.sh"
needs_built $(mutants_of intel)
mutants_found intel ${IOMMUCTL_LONG:+vfio iommufd}
done_testing
