# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A capture made without privileges: 64 bytes of each config space, no ACPI tables, no kernel log. Nothing of that is absent.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed91000 d2008c40660462 f050da 1:0
for n in 0 1 2; do group $n DMA "$msi"; done
pci $bus/0000:00:00.0 8086:191f 060000 group=0 unit=dmar0
conf $bus/0000:00:00.0 conventional size=64
pci $bus/0000:00:1c.0 8086:a110 060400 driver=pcieport group=1 unit=dmar0
conf $bus/0000:00:1c.0 root-port bus=0,1,1 size=64
pci $bus/0000:00:1c.0/0000:01:00.0 10ee:7024 118000 driver=vfio-pci group=2 unit=dmar0 reset=flr
conf $bus/0000:00:1c.0/0000:01:00.0 endpoint size=64
put sys/firmware/acpi/tables/DMAR ''
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
unreadable EACCES /sys/firmware/acpi/tables/DMAR
unreadable EPERM /iommuctl/kmsg
