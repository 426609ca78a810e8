# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A QEMU guest (q35, -device intel-iommu,intremap=on,caching-mode=on): QEMU's edu on vfio-pci, a disk behind a root port.
# Register values: measured on QEMU 11.1.3.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 7.2.12-amd64 GenuineIntel 'quiet intel_iommu=on'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed90000 80d2008c222f0686 f00f4a 1:0
group 0 DMA "$msi"
group 1 unmanaged "$msi"
group 2 DMA "$msi"
group 3 DMA "$msi"
pci $bus/0000:00:00.0 8086:29c0 060000 group=0 unit=dmar0
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:01.0 1234:11e8 00ff00 driver=vfio-pci group=1 unit=dmar0
conf $bus/0000:00:01.0 conventional command=0106
pci $bus/0000:00:02.0 1b36:000c 060400 driver=pcieport group=2 unit=dmar0
conf $bus/0000:00:02.0 root-port bus=0,1,1 acs=001d,001d devctl=0010
pci $bus/0000:00:02.0/0000:01:00.0 1b36:0010 010802 driver=nvme group=3 unit=dmar0 reset='flr bus'
conf $bus/0000:00:02.0/0000:01:00.0 endpoint flr=1 devctl=2010
node /dev/vfio/vfio 666 0 0
node /dev/vfio/1 600 0 0
dmar_begin 48 1
drhd 1 0 0xfed90000
dmar_scope 3 ff 00.0 id=0
struct_end
table_end
kmsg 'DMAR: Host address width 48' 'DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 80d2008c222f0686 ecap f00f4a' \
	'DMAR-IR: Enabled IRQ remapping in x2apic mode' 'DMAR: Intel(R) Virtualization Technology for Directed I/O' \
	'iommu: Default domain type: Translated' 'iommu: DMA domain TLB invalidation policy: strict mode'
