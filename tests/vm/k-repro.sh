# SPDX-License-Identifier: GPL-2.0-or-later
# The repros on the built kernel: which of the known bugs it has, by each interface. With --long also on AMD's IOMMU, and on kernels with a bug put in, of which
# each is one that a repro is about.
. "$(dirname "$0")/lib.sh"
repros=(--add "$vm/repro.table:/t/tests/vm/repro.table" --device lsi --hugepages 48
	--append vfio_iommu_type1.dma_entry_limit=300 --memory 2G)
# compat-map-no-rights is there to have the kernel warn
guest_built vtd --iommu intel "${repros[@]}" --allow-log 'generic_pt/.*iommu_pt\.h:[0-9]+ at [a-z0-9]*_map_range' -- \
	repro.sh vtd-compat:iommufd-compat vtd-compat-v1:iommufd-compat,type=v1 mock:mock
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest_built amd --iommu amd "${repros[@]}" -- repro.sh amd-iommufd:iommufd amd-vfio-v1:vfio-v1
	needs_built stale-iotlb psi-mask unmap-skip-pte pin-leak
	for mutant in stale-iotlb psi-mask unmap-skip-pte pin-leak; do
		guest_built "$mutant" --mutant "$mutant" --iommu intel "${repros[@]}" -- repro-mutant.sh "$mutant"
	done
fi
done_testing
