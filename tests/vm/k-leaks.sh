# SPDX-License-Identifier: GPL-2.0-or-later
# Leaks, where the kernel shows them: pinned pages, page tables, slabs, and kmemleak in guests of its own. --long: two mutants
# of the kernel show that they are seen.
. "$(dirname "$0")/lib.sh"
needs_built ${IOMMUCTL_LONG:+pin-leak area-leak}
machine=(--iommu intel --memory 1G --device lsi)
guest_built counters "${machine[@]}" -- leaks.sh healthy ${IOMMUCTL_LONG:+vfio iommufd-compat} iommufd mock
guest_built kmemleak "${machine[@]}" --append kmemleak=on -- kmemleak.sh healthy ${IOMMUCTL_LONG:+vfio iommufd-compat} iommufd mock
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest_built "pins kept" --mutant pin-leak "${machine[@]}" -- leaks.sh pins vfio iommufd
	guest_built "areas lost" --mutant area-leak "${machine[@]}" -- leaks.sh slabs iommufd mock
	guest_built "kmemleak, areas lost" --mutant area-leak "${machine[@]}" --append kmemleak=on -- kmemleak.sh 'iopt_' iommufd mock
fi
done_testing
