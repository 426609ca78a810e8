# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A four-port card without ACS: its functions share a group, one is on vfio-pci, two hold it back; beside it a switch whose
# downstream ports could keep their devices apart and are not told to (Upstream Forwarding is off).
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
vtd dmar0 0xfed91000 d2008c40660462 f050da 1:0
for n in 0 1 2 3 4; do group $n DMA "$msi"; done
pci $bus/0000:00:00.0 8086:191f 060000 group=0 unit=dmar0
conf $bus/0000:00:00.0 conventional
pci $bus/0000:00:1c.0 8086:a110 060400 driver=pcieport group=1 unit=dmar0
conf $bus/0000:00:1c.0 root-port bus=0,1,1 acs=001f,001d
for n in 0 1 2; do
	driver=e1000e
	[ $n -ne 0 ] || driver=vfio-pci
	pci $bus/0000:00:1c.0/0000:01:00.$n 8086:10bc 020000 driver=$driver group=2 unit=dmar0 reset=bus
	conf $bus/0000:00:1c.0/0000:01:00.$n endpoint multi=1
done
net enp1s0f1 sys/devices/$bus/0000:00:1c.0/0000:01:00.1 0x1003 up
pci $bus/0000:00:1d.0 8086:a118 060400 driver=pcieport group=4 unit=dmar0
conf $bus/0000:00:1d.0 root-port bus=0,2,5 acs=001f,001d
switch=$bus/0000:00:1d.0/0000:02:00.0
pci $switch 10b5:8747 060400 driver=pcieport group=3 unit=dmar0
conf $switch upstream bus=2,3,5
for n in 4 5; do
	pci $switch/0000:03:0$n.0 10b5:8747 060400 driver=pcieport group=3 unit=dmar0
	conf $switch/0000:03:0$n.0 downstream bus=3,$n,$n acs=005f,0001
	pci $switch/0000:03:0$n.0/0000:0$n:00.0 144d:a80a 010802 driver=nvme group=3 unit=dmar0 reset='flr bus'
	conf $switch/0000:03:0$n.0/0000:0$n:00.0 endpoint flr=1
done
node /dev/vfio/vfio 666 0 0
node /dev/vfio/2 600 0 0
dmar_begin 39 1
drhd 1 0 0xfed91000
struct_end
table_end
kmsg 'DMAR: Host address width 39' 'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'iommu: Default domain type: Translated' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
