# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A desktop with one AMD unit: IVRS blocks 0x10, 0x11 and 0x40 that agree, a unity map, a graphics card handed over whole.
msi='0x00000000fee00000 0x00000000feefffff msi' ht='0x000000fd00000000 0x000000ffffffffff reserved' bus=pci0000:00
efr=0x246577efa2254afa
common 6.8.12-amd64 AuthenticAMD 'quiet iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: AuthenticAMD\naddress sizes\t: 48 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI AMD-Vi0-GA
amdvi ivhd0 190b640f 246577efa2254afa:10
group 0 DMA "$msi" "$ht"
group 1 DMA "$msi" "$ht"
group 2 unmanaged "$msi" "$ht"
group 3 DMA '0x00000000bf000000 0x00000000bf0fffff direct' "$msi" "$ht"

pci $bus/0000:00:00.2 1022:14d9 080600 # the IOMMU itself
conf $bus/0000:00:00.2 conventional command=0004 amd=190b640f,feb80000
pci $bus/0000:00:01.0 1022:14da 060000 group=0 unit=ivhd0
conf $bus/0000:00:01.0 conventional multi=1
pci $bus/0000:00:01.1 1022:14db 060400 driver=pcieport group=1 unit=ivhd0
conf $bus/0000:00:01.1 root-port bus=0,1,1 multi=1 acs=001f,001d
pci $bus/0000:00:01.1/0000:01:00.0 1002:744c 030000 driver=vfio-pci group=2 unit=ivhd0 reset=bus
conf $bus/0000:00:01.1/0000:01:00.0 legacy multi=1 ats=0020,0000 dsn=deadbeef00112233
pci $bus/0000:00:01.1/0000:01:00.1 1002:ab30 040300 driver=vfio-pci group=2 unit=ivhd0 reset=bus
conf $bus/0000:00:01.1/0000:01:00.1 endpoint multi=1
pci $bus/0000:00:17.0 1022:43f6 010601 driver=ahci group=3 unit=ivhd0 reset=pm
conf $bus/0000:00:17.0 conventional
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
param vfio_iommu_type1 allow_unsafe_interrupts N

# EFRSup, DMA guard opt-in, 48-bit physical addresses, 64-bit virtual ones
ivrs_begin $((3 | 48 << 8 | 64 << 15))
ivhd 0x10 0xb0 2 0x40 0xfeb80000 0 0 0x80048f6e
ivhd_range 0x0003 0xffff 0
ivhd_special 0x21 0x00a0 1
ivhd_special 0 0x00a0 2
struct_end
for type in 0x11 0x40; do
	ivhd $type 0x30 2 0x40 0xfeb80000 0 0 0x20000 $efr 0x10
	ivhd_range 0x0003 0xffff 0
	ivhd_special 0x21 0x00a0 1
	ivhd_special 0 0x00a0 2
	struct_end
done
ivmd 0x21 0x07 0x00b8 0 0xbf000000 0x100000
table_end

kmsg 'AMD-Vi: Using global IVHD EFR:0x246577efa2254afa, EFR2:0x10' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)' \
	'AMD-Vi: Extended features (0x246577efa2254afa, 0x10): PPR NX GT [5] IA GA PC GA_vAPIC' \
	'AMD-Vi: Interrupt remapping enabled'
