# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A laptop as in the report of 2022 (VFIO on 4.18): its second unit has exactly those registers; an FPGA board on vfio-pci.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 4.18.0-348.el8.x86_64 GenuineIntel 'quiet intel_iommu=on'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed90000 1c0000c40660462 19e2ff0505e 1:0
vtd dmar1 0xfed91000 d2008c40660462 f050da 1:0
group 0 DMA '0x000000003b800000 0x000000003fffffff direct-relaxable' "$msi"
group 1 DMA "$msi"
group 2 DMA '0x000000003a27f000 0x000000003a29efff direct-relaxable' "$msi"
group 3 DMA "$msi"
group 4 DMA "$msi"
group 5 DMA "$msi"

pci $bus/0000:00:00.0 8086:191f 060000 driver=skl_uncore group=1 unit=dmar1
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:02.0 8086:1912 030000 driver=i915 group=0 unit=dmar0
conf $bus/0000:00:02.0 rc-endpoint
pci $bus/0000:00:14.0 8086:a12f 0c0330 driver=xhci_hcd group=2 unit=dmar1
conf $bus/0000:00:14.0 conventional
pci $bus/0000:00:1c.0 8086:a110 060400 driver=pcieport group=3 unit=dmar1
conf $bus/0000:00:1c.0 root-port bus=0,1,1 devctl=0010 acs=001f,001d
pci $bus/0000:00:1c.0/0000:01:00.0 10ee:7024 118000 driver=vfio-pci group=4 unit=dmar1
conf $bus/0000:00:1c.0/0000:01:00.0 endpoint dsn=0011223344556677
# Functions of one chip, none of which can keep the others apart: one group.
pci $bus/0000:00:1f.0 8086:a145 060100 group=5 unit=dmar1
conf $bus/0000:00:1f.0 conventional multi=1
pci $bus/0000:00:1f.2 8086:a121 058000 group=5 unit=dmar1
conf $bus/0000:00:1f.2 conventional multi=1
pci $bus/0000:00:1f.3 8086:a170 040300 driver=snd_hda_intel group=5 unit=dmar1
conf $bus/0000:00:1f.3 conventional multi=1
rm "$root"/sys/kernel/iommu_groups/*/type # it came with 5.11
node /dev/vfio/vfio 666 0 0
node /dev/vfio/4 600 0 0

dmar_begin 39 1
drhd 0 0 0xfed90000
dmar_scope 1 00 02.0
struct_end
drhd 1 0 0xfed91000
dmar_scope 3 f0 1f.0 id=2
dmar_scope 4 00 1f.0 id=0
struct_end
rmrr 0 0x3a27f000 0x3a29efff
dmar_scope 1 00 14.0
struct_end
rmrr 0 0x3b800000 0x3fffffff
dmar_scope 1 00 02.0
struct_end
table_end

kmsg 'DMAR: Host address width 39' \
	'DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 1c0000c40660462 ecap 19e2ff0505e' \
	'DMAR: dmar1: reg_base_addr fed91000 ver 1:0 cap d2008c40660462 ecap f050da' \
	'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'DMAR: Intel(R) Virtualization Technology for Directed I/O'
