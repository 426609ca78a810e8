# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: an IOMMU that does not remap interrupts; each interface refuses until it is told otherwise, and says how.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
take "$lsi"
for module in vfio_iommu_type1 iommufd; do
	echo N >/sys/module/$module/parameters/allow_unsafe_interrupts
done
for pair in vfio:vfio_iommu_type1 vfio-v1:vfio_iommu_type1 iommufd:iommufd iommufd-compat:iommufd; do
	backend=${pair%:*} module=${pair#*:}
	run compare --backend $backend --device "$lsi" --loops 1
	refused 2 'Operation not permitted' "$backend: refused"
	like "$stderr" "^hint: .*interrupt.* $module\.allow_unsafe_interrupts=1" "and says which parameter"
	is "$(holders_of "$lsi") $(driver_of "$lsi")" " vfio-pci" "and leaves nothing behind"
	echo Y >/sys/module/$module/parameters/allow_unsafe_interrupts
	compare_passes "$backend: passes with it" 50 --backend $backend --device "$lsi" --size 8K --canary require
	echo N >/sys/module/$module/parameters/allow_unsafe_interrupts
done
done_testing
