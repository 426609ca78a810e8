# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# sysfs that says nonsense: registers that are no numbers, ids that are words, regions upside down, links to nowhere, directories
# where files should be.
bus=pci0000:00
common 'not a version' GenuineIntel 'intel_iommu=on "unclosed=quote iommu.strict=1'
unit dmar0
unit dmar1
unit ivhd0
unit virtio7
unit 'smmu3.0xnonsense'
put sys/devices/virtual/iommu/dmar0/intel-iommu/cap 'hello\n'
put sys/devices/virtual/iommu/dmar0/intel-iommu/ecap 'fffffffffffffffffffffffff\n'
put sys/devices/virtual/iommu/dmar0/intel-iommu/version '9.9.9\n'
put sys/devices/virtual/iommu/dmar0/intel-iommu/address '\n'
put sys/devices/virtual/iommu/dmar1/intel-iommu/cap '0\n'
put sys/devices/virtual/iommu/dmar1/intel-iommu/ecap '-1\n'
put sys/devices/virtual/iommu/ivhd0/amd-iommu/cap '\001\002\377\n'
put sys/devices/virtual/iommu/ivhd0/amd-iommu/features 'a:b:c\n'
group 0 SURPRISE '0x00000000feefffff 0x00000000fee00000 msi' 'words words words' '0x0'
group 1 DMA '0x00000000fee00000 0x00000000feefffff msi'
mkdir -p "$root/sys/kernel/iommu_groups/seven/devices"
mkdir -p "$root/sys/kernel/iommu_groups/99999999999999999999/devices"
pci $bus/0000:00:01.0 zzzz:10000 xyz group=0 unit=dmar0
put sys/devices/$bus/0000:00:01.0/class 'class\n'
pci $bus/0000:00:02.0 8086:1912 030000 driver=i915 group=1 unit=dmar0
rm "$root/sys/devices/$bus/0000:00:02.0/iommu"
ln -s ../../nowhere/dmar9 "$root/sys/devices/$bus/0000:00:02.0/iommu"
ln -s ../../../devices/gone "$root/sys/bus/pci/devices/0000:00:03.0"
ln -s loop "$root/sys/bus/pci/devices/0000:00:04.0"
mkdir -p "$root/sys/bus/pci/devices/not-an-address" "$root/sys/devices/$bus/0000:00:05.0/vendor"
link sys/bus/pci/devices/0000:00:05.0 sys/devices/$bus/0000:00:05.0
put sys/devices/$bus/0000:00:02.0/config 'short'
put sys/devices/$bus/0000:00:01.0/removable 'perhaps\n'
mkdir -p "$root/sys/firmware/acpi/tables/DMAR" # a directory
put sys/firmware/acpi/tables/IVRS ''
put sys/firmware/acpi/tables/IORT 'IORT'
put proc/cpuinfo 'vendor_id\nprocessor: : :\n'
put proc/sys/kernel/tainted 'maybe\n'
mkdir -p "$root/iommuctl"
echo '{"asked": "yes", "devices": 7}' >"$root/iommuctl/ioctl.json"
echo 'nothing of the form' >"$root/iommuctl/nodes"
