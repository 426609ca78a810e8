# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: lsi and a network card share one group.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi) nic=$(pci 8086:100e)
is "$(group_of "$lsi")" "$(group_of "$nic")" "both are in one group"
run bind "$lsi"
status_is 0 "lsi is bound"
run compare --device "$lsi" --loops 10
refused 2 "$nic \(e1000\)" "the group is not viable, and the blocker is named with its driver"
like "$stderr" "^hint: .*$nic" "the hint names it too"
run --json list
is "$(json ".groups[] | select(.devices[] == \"$lsi\") | \"\(.viable) \(.blockers[0])\"" | head -n 1)" "false $nic" "list tells the same"
is "$(json ".devices[] | select(.id == \"$lsi\") | .ready")" false "and that lsi is not ready"
run --json bind "$nic"
status_is 0 "the blocker is bound"
run --json list
is "$(json ".devices[] | select(.id == \"$lsi\") | .ready")" true "lsi is ready now"
compare_passes "behind a bridge, in a shared group" 300 --device "$lsi" --size 8K..64K --canary require
run --json unbind "$lsi" "$nic"
is "$status $(driver_of "$lsi") $(driver_of "$nic")" "0  e1000" "both are given back"
done_testing
