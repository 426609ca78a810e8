# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input, missing IOMMUs, shared groups: each refusal has its message and status.
. "$(dirname "$0")/lib.sh"
guest bad-input --iommu intel --device lsi --device e1000e --device nvme -- bad-input.sh
guest group --iommu intel --bridge --device lsi --device e1000 -- group.sh
guest no-iommu --iommu none --device lsi -- no-iommu.sh
guest untranslated --iommu intel-sm --allow-log 'dma/mapping\.c:[0-9]+ dma_free_attrs' --device lsi -- untranslated.sh
done_testing
