# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# The firmware describes an IOMMU and the kernel was told not to use it.
bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=off'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IO-APIC PCI-MSI
pci $bus/0000:00:00.0 8086:191f 060000
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:02.0 8086:1912 030000 driver=i915
conf $bus/0000:00:02.0 rc-endpoint
dmar_begin 39 1
drhd 1 0 0xfed91000
struct_end
table_end
kmsg 'DMAR: IOMMU disabled' 'DMAR: Host address width 39' 'DMAR: DRHD base: 0x000000fed91000 flags: 0x1'
