# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A RISC-V board: an IOMMU that shows nothing but its name, no ACPI tables (a device tree), one disk.
msi='0x0000000028000000 0x0000000028ffffff msi' bus=pci0000:00
common 6.16.3-riscv64 '' 'iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdch_zicsr\nmmu\t\t: sv57\nSerial\t\t: 00000000deadbeef\n'
unit riscv-iommu@3010000
group 0 DMA "$msi"
group 1 DMA "$msi"
pci $bus/0000:00:00.0 1b36:0008 060000 group=0 unit=riscv-iommu@3010000
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:01.0 1b36:0010 010802 driver=nvme group=1 unit=riscv-iommu@3010000 reset=flr
conf $bus/0000:00:01.0 rc-endpoint flr=1
kmsg 'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
