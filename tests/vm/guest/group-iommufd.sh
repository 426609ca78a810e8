# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: a group that two devices share, by their own nodes.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi) nic=$(pci 8086:10d3)

is "$(group_of "$lsi") $(driver_of "$nic")" "$(group_of "$nic") e1000e" "both devices are in one group, and the host uses one"
run bind "$lsi"
status_is 0 "lsi is bound"
run compare --backend iommufd --device "$lsi" --loops 1
refused 2 "group $(group_of "$lsi") is blocked by $nic \(e1000e\)" "the device in the way is named"
like "$stderr" "^hint: iommuctl bind $nic" "and what to do"
take "$nic"
compare_passes "one of the two" 100 --backend iommufd --device "$lsi" --size 8K..64K --canary require

mid_loop "$lsi" --backend iommufd
run map --backend iommufd --device "$nic" --size 8K --iova 0x10000000 --hold 0s
refused 2 "/dev/vfio/devices/vfio[0-9]+ of the same group is in use by .*\(pid $pid\)" "the other one's holder is named"
run compare --backend vfio --device "$lsi" --loops 1
refused 2 "in use" "vfio is refused beside it"
kill -INT "$pid"
finish
is "$status" 130 "the first run ends"
run map --backend iommufd --device "$nic" --size 8K --iova 0x10000000 --hold 0s
status_is 0 "then the other can be had"
left_nothing "$lsi" "nothing is left behind"
done_testing
