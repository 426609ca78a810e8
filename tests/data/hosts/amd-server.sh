# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A server with two AMD units: what IVRS claims for the second one (dirty tracking) is not what its registers say, and the
# kernel believes IVRS; a network card on vfio-pci behind it, asked by iommufd.
msi='0x00000000fee00000 0x00000000feefffff msi' ht='0x000000fd00000000 0x000000ffffffffff reserved'
efr=0x246577efa2254afa claimed=0x247777efa2254afa
common 7.2.12-amd64 AuthenticAMD 'quiet iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: AuthenticAMD\naddress sizes\t: 48 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI AMD-Vi0-GA
amdvi ivhd0 190b640f "${efr#0x}:0"
amdvi ivhd1 190b640f "${efr#0x}:0"
group 0 DMA "$msi" "$ht"
group 1 unmanaged "$msi" "$ht"

pci pci0000:00/0000:00:00.2 1022:164f 080600
conf pci0000:00/0000:00:00.2 conventional command=0004 amd=190b640f,c0f00000
pci pci0000:40/0000:40:00.2 1022:164f 080600
conf pci0000:40/0000:40:00.2 conventional command=0004 amd=190b640f,c1f00000
pci pci0000:40/0000:40:01.1 1022:1483 060400 driver=pcieport group=0 unit=ivhd1
conf pci0000:40/0000:40:01.1 root-port bus=40,41,41 acs=001f,001d
pci pci0000:40/0000:40:01.1/0000:41:00.0 15b3:101d 020000 driver=vfio-pci group=1 unit=ivhd1 reset='flr bus'
conf pci0000:40/0000:40:01.1/0000:41:00.0 endpoint flr=1 acs=0000,0000 ats=0000,8000
put sys/devices/pci0000:40/0000:40:01.1/0000:41:00.0/vfio-dev/vfio0/dev '511:0\n'
node /dev/iommu 600 0 0
node /dev/vfio/vfio 666 0 0
node /dev/vfio/1 600 0 0
node /dev/vfio/devices/vfio0 600 0 0

ivrs_begin $((3 | 48 << 8 | 64 << 15))
for type in 0x11 0x40; do
	ivhd $type 0x30 2 0x40 0xc0f00000 0 0 0x20000 $efr 0
	ivhd_range 0x0003 0x3fff 0
	ivhd_special 0x80 0x00a0 1
	ivhd_special 0 0x00a0 2
	struct_end
	ivhd $type 0x30 0x4002 0x40 0xc1f00000 0 0 0x20000 $claimed 0
	ivhd_range 0x4003 0x7fff 0
	ivhd_alias 0x4108 0 0x4100
	struct_end
done
table_end

features='"has_features":true,"dma_logging":true,"migration_flags":3,'
asked "$(asked_device 0000:41:00.0 0xfffffffffffff000 0x0-0xfedfffff,0xfef00000-0xfcffffffff,0x10000000000-0xffffffffffffffff 4 amd 0x1 0 amd.efr=$claimed amd.efr2=0x0)"
kmsg 'AMD-Vi: Using global IVHD EFR:0x246577efa2254afa, EFR2:0x0' \
	'AMD-Vi: [Firmware Warn]: EFR mismatch. Use IVHD EFR (0x247777efa2254afa : 0x246577efa2254afa).' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)' \
	'AMD-Vi: Extended features (0x246577efa2254afa, 0x0): PPR NX GT [5] IA GA PC GA_vAPIC' \
	'AMD-Vi: Interrupt remapping enabled'
