# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: a compare that is interrupted, ended, killed, or not alone.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
take "$lsi"

for signal in INT:130 TERM:143; do
	mid_loop "$lsi"
	is "$(bus_master "$lsi")" on "the device masters the bus while compare runs"
	kill -"${signal%:*}" "$pid"
	finish
	is "$status" "${signal#*:}" "SIG${signal%:*} gives status ${signal#*:}"
	is "$(json '.result')" interrupted "the partial result is printed"
	ok "and tells how far it came" test "$(json '.loops')" -gt 0
	left_nothing "$lsi" "nothing is left behind"
	compare_passes "the next run passes" 100 --device "$lsi" --size 8K
done

mid_loop "$lsi"
kill -9 "$pid"
finish
is "$status" 137 "kill -9 ends it"
wait_for 10 eval '[ -z "$(holders_of '"$lsi"')" ]'
compare_passes "after kill -9 the next run passes" 100 --device "$lsi" --size 8K
mid_loop "$lsi"
kill -9 "$pid"
finish
run --json unbind "$lsi"
is "$status $(driver_of "$lsi")" "0 " "after kill -9 the device can be unbound"
run --json bind "$lsi"
is "$status $(driver_of "$lsi")" "0 vfio-pci" "and bound again"
compare_passes "and the next run passes" 100 --device "$lsi" --size 8K

mid_loop "$lsi"
first=$pid
run compare --device "$lsi" --loops 10
refused 2 "in use by.*iommuctl.*$first|pid $first" "a second run on the group is told who has it"
run unbind "$lsi"
refused 2 "iommuctl.*$first|$first.*iommuctl" "unbind names the process that holds the device"
is "$(driver_of "$lsi")" vfio-pci "and leaves it bound"
kill -INT "$first"
finish
is "$status" 130 "the first run was not disturbed"
is "$(json '.classes | length')" 0 "and saw no failure"
left_nothing "$lsi" "nothing is left behind by either"
done_testing
