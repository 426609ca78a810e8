# SPDX-License-Identifier: GPL-2.0-or-later
# An IOMMU that does not translate, and every driver: QEMU's amd-iommu without dma-remap (10.2 and later).
. "$(dirname "$0")/lib.sh"
qemu=$(fetched qemu trixie-backports) || skip_all "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
guest_built unisolated --qemu "$qemu" --iommu amd --iommu-options dma-remap=off --memory 400M --drivers none --device lsi --device iommu-testdev \
	--device e1000e --device igb --device nvme --device edu -- unisolated.sh
done_testing
