# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A machine without an IOMMU.
common 6.1.0-18-amd64 GenuineIntel quiet
pci pci0000:00/0000:00:00.0 8086:1237 060000
pci pci0000:00/0000:00:03.0 8086:100e 020000 driver=e1000
net eth0 sys/devices/pci0000:00/0000:00:03.0 0x1002 down
put proc/iomem '00000000-00000000 : System RAM\n00000000-00000000 : PCI Bus 0000:00\n'
put sys/devices/pci0000:00/0000:00:03.0/resource '0x00000000febc0000 0x00000000febdffff 0x0000000000040200\n0x000000000000c000 0x000000000000c03f 0x0000000000040101\n'
