# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A laptop: two VT-d units, a disk with LVM, an idle disk, a multi-function group, a group with a bridge in it.
msi='0x00000000fee00000 0x00000000feefffff msi' bus=pci0000:00
common 6.1.0-18-amd64 GenuineIntel 'quiet intel_iommu=on'
unit dmar0
unit dmar1
put sys/devices/virtual/iommu/dmar0/intel-iommu/cap 'd2008c40660462\n'
put sys/devices/virtual/iommu/dmar0/intel-iommu/ecap 'f050da\n'
put sys/devices/virtual/iommu/dmar0/intel-iommu/version '1:0\n'
put sys/devices/virtual/iommu/dmar1/intel-iommu/cap 'd2008c40660462\n'
put sys/devices/virtual/iommu/dmar1/intel-iommu/ecap 'f050da\n'
put sys/devices/virtual/iommu/dmar1/intel-iommu/version '1:0\n'
group 0 DMA '0x000000007b800000 0x000000007fffffff direct-relaxable' "$msi"
group 1 DMA "$msi"
group 2 DMA-FQ "$msi"
group 3 DMA-FQ "$msi"
group 4 DMA-FQ "$msi"
group 5 DMA-FQ '0x0000000077a5f000 0x0000000077a7efff direct-relaxable' "$msi"
group 6 DMA-FQ "$msi"
group 7 DMA "$msi"
group 8 DMA-FQ "$msi"
group 9 DMA-FQ "$msi"
group 10 DMA "$msi"

pci $bus/0000:00:00.0 8086:9a14 060000 group=1 unit=dmar1
pci $bus/0000:00:02.0 8086:9a49 030000 driver=i915 group=0 unit=dmar0 reset=flr \
	resource='0x0000006000000000 0x0000006000ffffff 0x0000000000140204\n0x0000004000000000 0x000000400fffffff 0x000000000014220c\n0x0000000000003000 0x000000000000303f 0x0000000000040101\n'
put sys/devices/$bus/0000:00:02.0/boot_vga '1\n'
pci $bus/0000:00:06.0 8086:9a09 060400 driver=pcieport group=2 unit=dmar1 reset=pm \
	resource='0x0000000000000000 0x0000000000000000 0x0000000000000000\n0x0000000000000000 0x0000000000000000 0x0000000000000000\n0x00000000a2200000 0x00000000a22fffff 0x0000000000000200\n'
pci $bus/0000:00:06.0/0000:01:00.0 144d:a80a 010802 driver=nvme group=3 unit=dmar1 reset='flr bus' \
	resource='0x00000000a2200000 0x00000000a2203fff 0x0000000000140204\n'
disk nvme0n1 259:0 sys/devices/$bus/0000:00:06.0/0000:01:00.0/nvme/nvme0 nvme0n1p1 nvme0n1p2
mapper dm-0 254:0 vg-root sys/devices/$bus/0000:00:06.0/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p2
mapper dm-1 254:1 vg-swap sys/devices/$bus/0000:00:06.0/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p2

# A bridge without isolation shares its group with what is below it.
pci $bus/0000:00:1c.0 8086:a0b8 060400 driver=pcieport group=4 unit=dmar1 reset=pm
pci $bus/0000:00:1c.0/0000:02:00.0 8086:15fb 020000 driver=e1000e group=4 unit=dmar1 reset=flr
net enp2s0 sys/devices/$bus/0000:00:1c.0/0000:02:00.0 0x1003 up

pci $bus/0000:00:14.0 8086:a0ed 0c0330 driver=xhci_hcd group=5 unit=dmar1 reset='flr pm'
pci $bus/0000:00:14.2 8086:a0ef 050000 group=5 unit=dmar1 reset=pm
pci $bus/0000:00:1f.0 8086:a082 060100 group=6 unit=dmar1
pci $bus/0000:00:1f.3 8086:a0c8 040380 driver=snd_hda_intel group=6 unit=dmar1 reset=pm
pci $bus/0000:00:1f.4 8086:a0a3 0c0500 driver=i801_smbus group=6 unit=dmar1

pci $bus/0000:03:00.0 1000:0012 010000 driver=vfio-pci group=7 unit=dmar1
: >"$root/dev/vfio/7"
pci $bus/0000:04:00.0 1987:5012 010802 driver=nvme group=8 unit=dmar1 reset='flr bus'
disk nvme1n1 259:8 sys/devices/$bus/0000:04:00.0/nvme/nvme1 nvme1n1p1
pci $bus/0000:05:00.0 8086:2725 028000 driver=iwlwifi group=9 unit=dmar1 reset='flr bus'
net wlan0 sys/devices/$bus/0000:05:00.0 0x1002 down
pci $bus/0000:06:00.0 1234:11e8 00ff00 group=10 unit=dmar1

put proc/self/mountinfo '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw\n23 22 0:21 / /proc rw - proc proc rw\n24 22 259:1 / /boot rw - vfat /dev/nvme0n1p1 rw\n'
put proc/swaps 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/dm-1                               partition\t999420\t\t0\t\t-2\n'
put proc/iomem '00001000-0009ffff : System RAM\n000a0000-000bffff : PCI Bus 0000:00\n00100000-779fffff : System RAM\n7b800000-7fffffff : Reserved\n80400000-bfffffff : PCI Bus 0000:00\n  a2200000-a22fffff : PCI Bus 0000:01\n    a2200000-a2203fff : 0000:01:00.0\nc0000000-cfffffff : PCI MMCONFIG 0000 [bus 00-ff]\nfed91000-fed91fff : dmar1\n100000000-47fffffff : System RAM\n4000000000-7fffffffff : PCI Bus 0000:00\n  4000000000-400fffffff : 0000:00:02.0\n'
