# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A DMAR table with everything wrong that a table can have, and an IVRS table on a machine that has no use for it: overlapping
# and misaligned register sets, a reference to nothing, an RMRR that ends before it begins, a structure of length zero, a bad
# checksum, a length that is longer than the file.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed90000 d2008c40660462 f050da 1:0
vtd dmar1 0xfed91000 d2008c40660462 f050da 1:0
for n in 0 1 2; do group $n DMA "$msi"; done
pci $bus/0000:00:00.0 8086:9a14 060000 group=0 unit=dmar1
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:02.0 8086:9a49 030000 driver=i915 group=1 unit=dmar0
conf $bus/0000:00:02.0 rc-endpoint devctl=2010
pci $bus/0000:00:14.0 8086:a0ed 0c0330 driver=xhci_hcd group=2 # in nobody's scope
conf $bus/0000:00:14.0 conventional

dmar_begin 39 1
drhd 0 0 0xfed90000
dmar_scope 1 00 02.0
dmar_scope 1 00 1e.7 # nothing is there
struct_end
drhd 0 0 0xfed90000 # the same registers again
dmar_scope 1 00 00.0
struct_end
drhd 0 0 0xfed91800 # not at a page
dmar_scope 1 00 00.0
struct_end
rmrr 0 0x7b800000 0x7b7fffff # ends before it begins
dmar_scope 1 00 02.0
struct_end
rmrr 0 0x7a000000 0x7a0fffff
dmar_scope 1 00 02.0
struct_end
rmrr 0 0x7a080000 0x7a17ffff # overlaps the one before
dmar_scope 1 00 02.0
struct_end
le16 0 # DRHD of length zero: nothing behind it can be found
le16 0
zeros 16
spoil_dmar() { patch8 9 $((0x${hex:18:2} ^ 0x55)); }
table_end spoil_dmar

ivrs_begin 1
ivhd 0x11 0 2 0x40 0xfeb80000 0 0 0 0 0
ivhd_range 0x0010 0x0003 0 # the end before the beginning
struct_end
spoil_ivrs() { patch32 4 0x1000; }
table_end spoil_ivrs
kmsg 'DMAR: Host address width 39' 'DMAR-IR: Enabled IRQ remapping in x2apic mode'
