# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Everything set as it should not be: passthrough by default and on request, no interrupt remapping, unsafe interrupts allowed for
# both interfaces, noiommu mode, device nodes open for everybody, superpages off, an old kernel, a device with 31-bit addresses.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 5.15.0-25-generic GenuineIntel 'quiet intel_iommu=on,sp_off iommu=pt intremap=off vfio_iommu_type1.allow_unsafe_interrupts=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IO-APIC PCI-MSI DMAR-MSI
vtd dmar0 0xfed91000 d2008c40660462 f050da 1:0
group 0 identity "$msi"
group 1 identity "$msi"
group 2 DMA-FQ "$msi"
group 3 identity # no MSI window
pci $bus/0000:00:00.0 8086:191f 060000 group=0 unit=dmar0
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:1c.0 8086:a110 060400 driver=pcieport group=1 unit=dmar0
conf $bus/0000:00:1c.0 root-port bus=0,1,1 acs=001f,001d
pci $bus/0000:00:1c.0/0000:01:00.0 10ee:7024 118000 driver=vfio-pci group=2 unit=dmar0 reset=flr
conf $bus/0000:00:1c.0/0000:01:00.0 endpoint flr=1
pci $bus/0000:00:1f.3 8086:a170 040300 driver=snd_hda_intel group=3 unit=dmar0
conf $bus/0000:00:1f.3 conventional
put sys/devices/$bus/0000:00:1f.3/dma_mask_bits '31\n'
put sys/devices/$bus/0000:00:1f.3/consistent_dma_mask_bits '31\n'
param vfio_iommu_type1 allow_unsafe_interrupts Y
param iommufd allow_unsafe_interrupts Y
param vfio enable_unsafe_noiommu_mode Y
node /dev/iommu 666 0 0
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 666 0 0
dmar_begin 39 1
drhd 1 0 0xfed91000
struct_end
table_end
kmsg 'DMAR: Host address width 39' 'iommu: Default domain type: Passthrough (set via kernel command line)' \
	'DMAR: Disable supported super page'
