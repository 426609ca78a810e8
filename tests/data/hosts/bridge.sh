# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Conventional devices behind a PCIe-to-PCI bridge: the IOMMU sees the bridge. One is on vfio-pci, one on a host
# driver, and so is the bridge.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed91000 d2008c40660462 f050da 1:0
for n in 0 1 2; do group $n DMA "$msi"; done
pci $bus/0000:00:00.0 8086:191f 060000 group=0 unit=dmar0
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:1c.0 8086:a110 060400 driver=pcieport group=1 unit=dmar0
conf $bus/0000:00:1c.0 root-port bus=0,1,2 acs=001f,001d
bridge=$bus/0000:00:1c.0/0000:01:00.0
pci $bridge 12d8:e111 060400 driver=shpchp group=2 unit=dmar0
conf $bridge pcie-to-pci bus=1,2,2
pci $bridge/0000:02:04.0 1000:0012 010000 driver=vfio-pci group=2 unit=dmar0
conf $bridge/0000:02:04.0 conventional
pci $bridge/0000:02:05.0 1102:0007 040100 driver=snd_ca0106 group=2 unit=dmar0
conf $bridge/0000:02:05.0 conventional
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
dmar_begin 39 1
drhd 1 0 0xfed91000
struct_end
table_end
kmsg 'DMAR: Host address width 39' 'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
