# SPDX-License-Identifier: GPL-2.0-or-later
# Accesses that must be refused, by each driver's device, with --iommu virtio: the faults in the kernel's log, and their absence. Behind
# the bridge only slot 0 has its IOMMU in QEMU: it has none for other ids than the bridge's own, and Linux asks for the device's first.
# Only with --long: k-probes-intel.sh is this on another IOMMU.
. "$(dirname "$0")/lib.sh"
qemu=$(fetched qemu trixie-backports) || skip_all "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
guest_built probes --qemu "$qemu" --iommu virtio --memory 1G --drivers none --device lsi --device iommu-testdev --device e1000e --device nvme \
	--device pcie-pci-bridge,id=br,addr=0a.0 --device lsi,bus=br,addr=00.0 -- probes.sh virtio
done_testing
