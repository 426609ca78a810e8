# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A kernel log with faults of three drivers' making, a page table entry that was already set, a warning, and what merely looks
# like trouble; the faulting card is on vfio-pci.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
put proc/sys/kernel/tainted '512\n' # a warning
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed91000 d2008c40660462 f050da 1:0
for n in 0 1 2; do group $n DMA "$msi"; done
pci $bus/0000:00:00.0 8086:191f 060000 group=0 unit=dmar0
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:1c.0 8086:a110 060400 driver=pcieport group=1 unit=dmar0
conf $bus/0000:00:1c.0 root-port bus=0,1,1 acs=001f,001d
pci $bus/0000:00:1c.0/0000:01:00.0 10ee:7024 118000 driver=vfio-pci group=2 unit=dmar0 reset=flr
conf $bus/0000:00:1c.0/0000:01:00.0 endpoint flr=1
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
dmar_begin 39 1
drhd 1 0 0xfed91000
struct_end
table_end
kmsg 'DMAR: Host address width 39' 'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)' \
	'usb 1-1: SerialNumber: 4C530001230101117' \
	'e1000e 0000:00:1f.6 eth0: (PCI Express:2.5GT/s:Width x1) 52:54:00:12:34:56' \
	'Warning: this is only a driver talking' \
	'DMAR: DRHD: handling fault status reg 2' \
	'DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x7c1000000 [fault reason 0x05] PTE Write access is not set' \
	'DMAR: DRHD: handling fault status reg 3' \
	'DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0x7c1001000 [fault reason 0x06] PTE Read access is not set' \
	'DMAR: ERROR: DMA PTE for vPFN 0x3fe00 already set (to 3fe00003 not 7c1000003)' \
	'------------[ cut here ]------------' \
	'WARNING: CPU: 3 PID: 1234 at drivers/iommu/intel/iommu.c:2223 __domain_mapping+0x334/0x390' \
	'Modules linked in: vfio_pci vfio_iommu_type1' \
	'Hardware name: Example Inc. Machine/Board, BIOS 1.0 01/01/2024' \
	'dmar_fault: 17 callbacks suppressed'
