# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A desktop with kernel 6.12: a graphics card half of which is on vfio-pci, an HT hole, device nodes.
msi='0x00000000fee00000 0x00000000feefffff msi' ht='0x000000fd00000000 0x000000ffffffffff reserved' bus=pci0000:00
common 6.12.9-amd64 AuthenticAMD quiet
unit ivhd0
put sys/devices/virtual/iommu/ivhd0/amd-iommu/cap '190b640f\n'
put sys/devices/virtual/iommu/ivhd0/amd-iommu/features '58f77ef22294a5a:0\n'
group 0 DMA-FQ "$msi" "$ht"
group 1 DMA-FQ "$msi" "$ht"
group 2 DMA "$msi" "$ht"
group 12 DMA-FQ "$msi" "$ht"
pci $bus/0000:00:00.0 1022:14d8 060000 group=0 unit=ivhd0
pci $bus/0000:00:01.1 1022:14db 060400 driver=pcieport group=1 unit=ivhd0
pci $bus/0000:00:01.1/0000:01:00.0 10de:2684 030000 driver=vfio-pci group=2 unit=ivhd0 reset=bus
pci $bus/0000:00:01.1/0000:01:00.1 10de:22ba 040300 driver=snd_hda_intel group=2 unit=ivhd0 reset=bus
put sys/devices/$bus/0000:00:01.1/0000:01:00.0/boot_vga '0\n'
put sys/devices/$bus/0000:00:01.1/0000:01:00.0/vfio-dev/vfio0/dev '511:0\n'
pci $bus/0000:00:02.1 15b7:5030 010802 driver=vfio-pci group=12 unit=ivhd0 reset='flr bus'
put sys/devices/$bus/0000:00:02.1/vfio-dev/vfio1/dev '511:1\n'
pci pci10000:e0/10000:e0:06.0 1022:14db 060400 driver=pcieport
