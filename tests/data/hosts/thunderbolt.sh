# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A laptop with a Thunderbolt port: what is plugged in there has ATS and PRI switched on, and the firmware says that such ports
# are outside (DMA_CTRL_PLATFORM_OPT_IN); a built-in card with ATS is fine.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.12.9-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed90000 1c0000c40660462 49e2ff0505e 4:0
vtd dmar1 0xfed91000 d2008c40660462 f050de 4:0
for n in 0 1 2 3 4 5; do group $n DMA "$msi"; done
pci $bus/0000:00:00.0 8086:9a14 060000 group=0 unit=dmar1
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:02.0 8086:9a49 030000 driver=i915 group=5 unit=dmar0
conf $bus/0000:00:02.0 rc-endpoint devctl=2010
pci $bus/0000:00:06.0 8086:9a09 060400 driver=pcieport group=1 unit=dmar1
conf $bus/0000:00:06.0 root-port bus=0,1,1 acs=001f,001d
pci $bus/0000:00:06.0/0000:01:00.0 15b3:101d 020000 driver=mlx5_core group=2 unit=dmar1 reset=flr
conf $bus/0000:00:06.0/0000:01:00.0 endpoint flr=1 ats=0000,8000
pci $bus/0000:00:07.0 8086:9a23 060400 driver=pcieport group=3 unit=dmar1
conf $bus/0000:00:07.0 root-port bus=0,3,2c acs=001f,001d
pci $bus/0000:00:07.0/0000:03:00.0 1002:744c 030000 driver=amdgpu group=4 unit=dmar1 reset=bus
conf $bus/0000:00:07.0/0000:03:00.0 endpoint ats=0020,8000 pri=0001,00000020
put sys/devices/$bus/0000:00:07.0/0000:03:00.0/removable 'removable\n'
dmar_begin 39 5
drhd 0 0 0xfed90000
dmar_scope 1 00 02.0
struct_end
drhd 1 0 0xfed91000
struct_end
table_end
kmsg 'DMAR: Host address width 39' 'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
