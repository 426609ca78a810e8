# SPDX-License-Identifier: GPL-2.0-or-later
# The repros on the stock kernel: which of the known bugs it has. Behind AMD's IOMMU, with 64-bit IOVAs, type1 does not find the last page.
. "$(dirname "$0")/lib.sh"
repros=(--add "$vm/repro.table:/t/tests/vm/repro.table" --device lsi
	--append vfio_iommu_type1.dma_entry_limit=300 --memory 2G --timeout 600)
guest vtd --iommu intel "${repros[@]}" -- repro.sh stock-vtd:vfio
[ -z "${IOMMUCTL_LONG:-}" ] || guest amd --iommu amd "${repros[@]}" -- repro.sh stock-amd:vfio
done_testing
