# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A guest whose IOMMU is virtio: VIOT names it and what is behind it. No registers, no interrupt remapping.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.12.9-amd64 GenuineIntel quiet
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IO-APIC PCI-MSI
unit virtio0
group 0 DMA-FQ "$msi"
group 1 DMA-FQ "$msi"
group 2 DMA-FQ "$msi"
pci $bus/0000:00:00.0 8086:29c0 060000 group=0 unit=virtio0
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:01.0 1af4:1057 00ff00 driver=virtio-pci
conf $bus/0000:00:01.0 conventional command=0107
mkdir -p "$root/sys/bus/virtio/devices"
put sys/devices/$bus/0000:00:01.0/virtio0/features 1011101000000000000000000000000010000000000000000000000000000000'\n'
link sys/bus/virtio/devices/virtio0 sys/devices/$bus/0000:00:01.0/virtio0
link sys/devices/virtual/iommu/virtio0/device sys/devices/$bus/0000:00:01.0/virtio0
pci $bus/0000:00:02.0 1af4:1041 020000 driver=virtio-pci group=1 unit=virtio0
conf $bus/0000:00:02.0 conventional
pci $bus/0000:00:03.0 1234:11e8 00ff00 driver=vfio-pci group=2 unit=virtio0
conf $bus/0000:00:03.0 conventional
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
param vfio_iommu_type1 allow_unsafe_interrupts Y

viot_begin
viot_virtio_pci 0 0x0008
viot_pci_range 0 0 0x0000 0x0007 48
viot_pci_range 0x10 0 0x0010 0x00ff 48
viot_end

kmsg 'virtio_iommu virtio0: input address: 64 bits' 'virtio_iommu virtio0: page mask: 0xfffffffffffff000' \
	'iommu: Default domain type: Translated' 'iommu: DMA domain TLB invalidation policy: lazy mode'
