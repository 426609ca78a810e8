# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: a machine whose IOMMU is off.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
run compare --device "$lsi" --loops 10
refused 2 'no IOMMU' "compare: no IOMMU"
like "$stderr" '^hint: .*(intel_iommu=on|IOMMU)' "and how to switch it on"
run bind "$lsi"
refused 2 'IOMMU' "bind: no IOMMU"
is "$(driver_of "$lsi")" "" "and the device stays where it was"
run --json list
status_is 0 "list works"
is "$(json ".devices[] | select(.id == \"$lsi\") | .ready")" false "and says that lsi is not ready"
run --json compare --loops 100
is "$status $(json .backend)" "0 sim" "without a device, compare runs on sim"
done_testing
