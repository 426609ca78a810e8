# SPDX-License-Identifier: GPL-2.0-or-later
# watch beside DMA that is refused, also behind a PCIe-to-PCI bridge; --long: on each IOMMU that logs faults. QEMU 7.2's AMD IOMMU logs nothing.
. "$(dirname "$0")/lib.sh"
qemu=$(fetched qemu trixie-backports) || skip_all "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
guest_built intel --qemu "$qemu" --iommu intel --device edu --device pcie-pci-bridge,id=br,addr=0a.0 --device edu,bus=br,addr=02.0 -- watch.sh intel
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	# QEMU's virtio-iommu knows the requester id of a bridge only: elsewhere behind it than at 00.0 the driver finds no endpoint, and the whole
	# IOMMU is lost.
	guest_built virtio --qemu "$qemu" --iommu virtio --device edu --device pcie-pci-bridge,id=br,addr=0a.0 --device edu,bus=br,addr=00.0 \
		-- watch.sh virtio
	guest_built amd --qemu "$qemu" --iommu amd --device edu -- watch.sh amd
fi
done_testing
