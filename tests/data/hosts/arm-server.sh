# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# An Arm server with two SMMUv3 (they show no registers in sysfs: what is known of them came from iommufd), IORT with a
# reserved memory range and a named component, a network card on vfio-pci.
msi='0x0000000008000000 0x00000000080fffff msi' bus=pci0000:00
common 6.13.4-arm64 '' 'iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n'
unit smmu3.0x000000002b400000
unit smmu3.0x000000002b500000
group 0 DMA "$msi"
group 1 DMA "$msi"
group 2 unmanaged "$msi"
group 4 DMA "$msi"
group 3 DMA '0x00000000f0000000 0x00000000f000ffff direct' "$msi"
pci $bus/0000:00:01.0 1af4:1000 060400 driver=pcieport group=0 unit=smmu3.0x000000002b400000
conf $bus/0000:00:01.0 root-port bus=0,1,1 acs=001f,001d
pci $bus/0000:00:01.0/0000:01:00.0 144d:a80a 010802 driver=nvme group=1 unit=smmu3.0x000000002b400000 reset=flr
conf $bus/0000:00:01.0/0000:01:00.0 endpoint flr=1
pci $bus/0000:00:02.0 1af4:1000 060400 driver=pcieport group=4 unit=smmu3.0x000000002b400000
conf $bus/0000:00:02.0 root-port bus=0,2,2 acs=001f,001d
pci $bus/0000:00:02.0/0000:02:00.0 15b3:1019 020000 driver=vfio-pci group=2 unit=smmu3.0x000000002b400000 reset='flr bus'
conf $bus/0000:00:02.0/0000:02:00.0 endpoint flr=1 ats=0000,0000 acs=0000,0000 pasid=1000,0000
put sys/devices/$bus/0000:00:02.0/0000:02:00.0/vfio-dev/vfio0/dev '511:0\n'
pci pci0001:00/0001:00:00.0 1af4:1001 010601 driver=ahci group=3 unit=smmu3.0x000000002b500000 reset=pm
conf pci0001:00/0001:00:00.0 conventional
node /dev/iommu 600 0 0
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
node /dev/vfio/devices/vfio0 600 0 0

iort_begin
iort_its 0
its=$iort_at
iort_smmuv3 0x2b400000 5 0 0 1 # coherent, HTTU override 2: access and dirty
iort_mapping 0 0x10000 0 "$its" 0
struct_end 1
first=$iort_at
iort_smmuv3 0x2b500000 1 0 0 1
iort_mapping 0 0x10000 0x10000 "$its" 0
struct_end 1
second=$iort_at
iort_root 0 1 48 0x0300000000000001 1
iort_mapping 0 0x10000 0 "$first" 0
struct_end
iort_root 1 0 48 0x0300000000000001 1
iort_mapping 0 0x10000 0 "$second" 0
struct_end
iort_named '\_SB_.DMA0' 40 1
iort_mapping 0 1 0x42 "$second" 1
struct_end
iort_rmr 0xf0000000 0x10000 1
iort_mapping 0 1 0 "$second" 0
struct_end
iort_end

asked "$(asked_device 0000:02:00.0 0x40201000 0x0-0x7ffffff,0x8100000-0xffffffffffff 2 arm-smmuv3 0x1 16 \
	smmuv3.idr0=0x0d44149f smmuv3.idr1=0x02730410 smmuv3.idr3=0x00001414 smmuv3.idr5=0x00000075 smmuv3.iidr=0x0000043b smmuv3.aidr=0x1)"
kmsg 'arm-smmu-v3 arm-smmu-v3.0.auto: option mask 0x0' \
	'arm-smmu-v3 arm-smmu-v3.0.auto: ias 48-bit, oas 48-bit (features 0x0000dfff)' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
