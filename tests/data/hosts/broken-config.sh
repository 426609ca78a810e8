# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Config spaces that lie: chains that loop, lead nowhere, run out of the bytes there are; a device that is gone (all ones), one of
# which only the header can be read, and a bridge whose secondary bus is below its primary.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed91000 d2008c40660462 f050da 1:0
for n in 0 1 2 3 4 5 6 7; do group $n DMA "$msi"; done
device() { # SLOT TYPE [KEY=VALUE...]
	pci $bus/0000:00:0$1.0 8086:100$1 020000 group=$1 unit=dmar0
	conf "$bus/0000:00:0$1.0" "$2" "${@:3}"
}
device 0 endpoint flr=1 ats=0000,0000 # this one is well
device 1 endpoint
conf_patch $bus/0000:00:01.0 0x49 40 # the second capability leads back to the first
device 2 endpoint
conf_patch $bus/0000:00:02.0 0x34 04 # into the header
device 3 endpoint aer=1 ats=0000,0000
conf_patch $bus/0000:00:03.0 0x102 0110 # the first extended one leads to itself
device 4 endpoint aer=1
conf_patch $bus/0000:00:04.0 0x102 c1ff # to the last bytes of the space, which hold nothing
device 5 endpoint
printf '\xff%.0s' {1..4096} >"$root/sys/devices/$bus/0000:00:05.0/config"
device 6 endpoint size=64
device 7 endpoint size=300 ats=0000,8000 # cut in the middle
dmar_begin 39 1
drhd 1 0 0xfed91000
struct_end
table_end
kmsg 'DMAR: Host address width 39' 'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
