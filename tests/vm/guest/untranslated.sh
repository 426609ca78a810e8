# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: an IOMMU that is there and does not translate. QEMU 7.2 in scalable mode misses the switch of a device from
# an identity domain to a translating one; every DMA then reaches the physical address.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
echo identity >"/sys/bus/pci/devices/$lsi/iommu_group/type" || diag "no identity domain"
# The switch is only missed once the device has been used.
rm /etc/modprobe.conf
modprobe sym53c8xx
is "$(driver_of "$lsi")" sym53c8xx "the host driver uses the device"
echo "$lsi" >"/sys/bus/pci/devices/$lsi/driver/unbind"
take "$lsi"
run --json compare --device "$lsi" --size 8K --loops 100 --canary require
is "$status $(json .result)" "1 fail" "compare fails"
is "$(json '.classes | keys | join(" ")')" untranslated "as untranslated"
ok "and does nothing further" test "$(json .loops)" -le 1
left_nothing "$lsi" "nothing is left behind"
done_testing
