# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A DMAR table that forgets a device (no unit covers all of the segment), an assigned card that firmware shares memory with, and
# IOVAs of 39 bits under a processor with 46.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.12.9-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 46 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed90000 1c0000c40660462 f050da 1:0
for n in 0 1; do group $n DMA "$msi"; done
group 2 DMA '0x000000007a000000 0x000000007a0fffff direct' "$msi"
pci $bus/0000:00:00.0 8086:191f 060000 group=0 unit=dmar0
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:14.0 8086:a12f 0c0330 driver=xhci_hcd # in nobody's scope
conf $bus/0000:00:14.0 conventional
pci $bus/0000:00:1c.0 8086:a110 060400 driver=pcieport group=1 unit=dmar0
conf $bus/0000:00:1c.0 root-port bus=0,1,1 acs=001f,001d
pci $bus/0000:00:1c.0/0000:01:00.0 1590:00dd 010700 driver=vfio-pci group=2 unit=dmar0 reset=flr
conf $bus/0000:00:1c.0/0000:01:00.0 endpoint flr=1
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
dmar_begin 39 5
drhd 0 0 0xfed90000
dmar_scope 1 00 00.0
dmar_scope 2 00 1c.0
struct_end
rmrr 0 0x7a000000 0x7a0fffff
dmar_scope 1 00 1c.0 00.0
struct_end
table_end
kmsg 'DMAR: Host address width 39' 'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
