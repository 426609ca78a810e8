# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A server with four VT-d units in scalable mode: a disk behind VMD (domain 10000), a card with virtual functions one of which
# is on vfio-pci, an accelerator with PASIDs; answers of iommufd and VFIO. As it should be: the audit has next to nothing to say.
msi='0x00000000fee00000 0x00000000feefffff msi' cap=19ed008c40780c66 ecap=3ef9ea6f050df
pch=pci0000:00 nic=pci0000:16/0000:16:02.0 dsa=pci0000:6a
common 6.12.9-amd64 GenuineIntel 'quiet intel_iommu=on,sm_on iommu.strict=1'
put proc/cpuinfo 'processor\t: 0\nvendor_id\t: GenuineIntel\naddress sizes\t: 52 bits physical, 57 bits virtual\n'
interrupts IR-IO-APIC IR-PCI-MSI DMAR-MSI
for n in 0 1 2 3; do vtd dmar$n 0x$((93 + n))ffc000 $cap $ecap 6:0; done
group 0 DMA "$msi"
group 1 DMA '0x000000007a000000 0x000000007a020fff direct-relaxable' "$msi"
group 2 DMA "$msi"
group 3 DMA "$msi"
group 4 DMA "$msi"
group 5 DMA "$msi"
group 6 unmanaged "$msi"
group 7 DMA "$msi"

pci $pch/0000:00:00.0 8086:09a2 088000 group=0 unit=dmar3
conf $pch/0000:00:00.0 rc-endpoint
pci $pch/0000:00:0e.0 8086:28c0 010400 driver=vmd group=2 unit=dmar2
conf $pch/0000:00:0e.0 rc-endpoint
vmd=$pch/0000:00:0e.0/pci10000:00/10000:00:02.0
pci $vmd 8086:352a 060400 driver=pcieport group=2 unit=dmar2
conf $vmd root-port bus=0,1,1 acs=001f,001d
pci $vmd/10000:01:00.0 144d:a80a 010802 driver=nvme group=2 unit=dmar2 reset='flr bus'
conf $vmd/10000:01:00.0 endpoint flr=1
pci $pch/0000:00:14.0 8086:1bcd 0c0330 driver=xhci_hcd group=1 unit=dmar3 reset=pm
conf $pch/0000:00:14.0 conventional

pci $nic 8086:352a 060400 driver=pcieport group=3 unit=dmar1
conf $nic root-port bus=16,17,17 acs=001f,001d
pci $nic/0000:17:00.0 8086:1592 020000 driver=ice group=4 unit=dmar1 reset='flr bus'
conf $nic/0000:17:00.0 endpoint flr=1 aer=1 ari=1 acs=0000,0000 ats=0080,8000 sriov=0009,0040,0002,0010,0001,1889 dsn=b49691ffff010203
net ens1np0 sys/devices/$nic/0000:17:00.0 0x1003 up
pci $nic/0000:17:02.0 8086:1889 020000 driver=vfio-pci group=6 unit=dmar1 reset=flr
conf $nic/0000:17:02.0 endpoint flr=1 acs=0000,0000 ari=1
pci $nic/0000:17:02.1 8086:1889 020000 driver=iavf group=7 unit=dmar1 reset=flr
conf $nic/0000:17:02.1 endpoint flr=1 acs=0000,0000 ari=1
for n in 0 1; do
	link sys/devices/$nic/0000:17:00.0/virtfn$n sys/devices/$nic/0000:17:02.$n
	link sys/devices/$nic/0000:17:02.$n/physfn sys/devices/$nic/0000:17:00.0
done
put sys/devices/$nic/0000:17:02.0/vfio-dev/vfio0/dev '511:0\n'
pci $dsa/0000:6a:01.0 8086:0b25 088000 driver=idxd group=5 unit=dmar0 reset=flr
conf $dsa/0000:6a:01.0 rc-endpoint flr=1 ats=0060,8000 pri=0001,00000200 pasid=1406,0005
node /dev/iommu 600 0 0
node /dev/vfio/vfio 666 0 0
node /dev/vfio/6 600 0 0
node /dev/vfio/devices/vfio0 600 0 0
param vfio_iommu_type1 allow_unsafe_interrupts N
param vfio_iommu_type1 disable_hugepages N
param iommufd allow_unsafe_interrupts N

dmar_begin 52 5
drhd 0 0 0x93ffc000
dmar_scope 1 6a 01.0
struct_end
drhd 0 0 0x94ffc000
dmar_scope 2 16 02.0
struct_end
drhd 0 0 0x95ffc000
dmar_scope 1 00 0e.0
struct_end
drhd 1 0 0x96ffc000
dmar_scope 3 f0 1f.0 id=8
dmar_scope 4 f0 1f.0 id=0
struct_end
rmrr 0 0x7a000000 0x7a020fff
dmar_scope 1 00 14.0
struct_end
atsr 0 0
dmar_scope 2 16 02.0
struct_end
satc 1 0
dmar_scope 1 6a 01.0
struct_end
for n in 0 1 2 3; do rhsa 0x$((93 + n))ffc000 0; done
table_end

asked "$(asked_device 0000:17:02.0 0x40201000 0x0-0xfedfffff,0xfef00000-0x1ffffffffffffff 1 intel-vtd 0x1 0 vtd.cap=0x$cap vtd.ecap=0x$ecap)"
kmsg 'DMAR: Host address width 52' \
	'DMAR: dmar0: reg_base_addr 93ffc000 ver 6:0 cap 19ed008c40780c66 ecap 3ef9ea6f050df' \
	'DMAR-IR: Enabled IRQ remapping in x2apic mode' \
	'DMAR: Intel(R) Virtualization Technology for Directed I/O' \
	'iommu: Default domain type: Translated (set via kernel command line)' \
	'iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)'
