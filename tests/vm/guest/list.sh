# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: list as a tree, and changes of drivers and devices followed as they happen. A network card and an idle
# device, each behind a root port.
. "$(dirname "$0")/lib.sh"
edu=$(pci_edu)
nic=$(for dev in /sys/bus/pci/devices/*; do [ "$(cat "$dev/vendor")$(cat "$dev/class")" != 0x80860x020000 ] || basename "$dev"; done)
group=$(group_of "$nic")
above() { readlink "/sys/bus/pci/devices/$1" | tr / '\n' | tail -n 2 | head -n 1; } # the bridge of a device

run list --tree
status_is 0 "a tree of this machine"
like "$stdout" "^dmar0\$" "with its unit"
like "$stdout" "^    $nic via $(above "$nic")  e1000e " "the card, the port above it and its driver"
run list --json
json_is ".devices[] | select(.id == \"$edu\") | .bridges[0]" "$(above "$edu")" "and in JSON"

# No packaged kernel has a device with devlink ports for QEMU; that it was asked and has none is another answer than none.
run caps --json
json_is '.devlink | "\(.asked) <\(.errno)> \(.ports | length)"' "true <> 0" "devlink is asked for its ports"

# follow: into $tmp/follow, in the background. What it says first comes after it has begun to listen.
follow() {
	"$IOMMUCTL" list --follow >"$tmp/follow" 2>"$tmp/follow.err" &
	pid=$!
	wait_for 20 grep -q '^iommuctl .* list' "$tmp/follow"
}
saw() { wait_for 20 grep -Eq -- "$1" "$tmp/follow" && pass "$2" || { fail "$2" && diag "$(cat "$tmp/follow" "$tmp/follow.err")"; }; }
clock='^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3}  '

follow
take "$nic"
saw "${clock}unbind  $nic  from e1000e, group $group\$" "what let go of the card"
saw "${clock}bind    $nic  to vfio-pci, group $group\$" "what took it"
saw "${clock}add     $group  +/dev/vfio/$group, group $group\$" "the node of its group"
run unbind "$nic"
saw "${clock}unbind  $nic  from vfio-pci, group $group\$" "given back"
saw "${clock}remove  $group  +/dev/vfio/$group, group $group\$" "the node goes"
saw "${clock}bind    $nic  to e1000e, group $group\$" "to the driver it had"
echo 1 >"/sys/bus/pci/devices/$edu/remove"
saw "${clock}remove  $edu  group [0-9]+\$" "a device that goes, with the group it had"
echo 1 >/sys/bus/pci/rescan
saw "${clock}add     $edu  group [0-9]+\$|${clock}add     $edu  *\$" "and comes back"
kill -INT "$pid"
wait "$pid"
is $? 130 "a signal ends it"
like "$(cat "$tmp/follow")" '^lost +0$' "and nothing was lost"
like "$(cat "$tmp/follow")" '^list: INTERRUPTED$' "which is said"

"$IOMMUCTL" list --follow --time 25s --json >"$tmp/follow" 2>"$tmp/follow.err" &
pid=$!
wait_for 30 eval 'ls -l /proc/$pid/fd 2>/dev/null | grep -q socket:' # it listens
take "$edu"
run unbind "$edu"
wait "$pid"
is $? 0 "--time ends it"
of() { jq -r "select(.kind == \"uevent\" and .device == \"$edu\" and .subsystem == \"pci\") | $1" "$tmp/follow"; }
is "$(of 'select(.action == "bind" or .action == "unbind") | "\(.action) \(.driver) \(.group | type)"' | sort | tr '\n' ' ')" \
	"bind vfio-pci number unbind vfio-pci number " "JSON: both changes"
is "$(of 'select(.action == "bind") | .raw' | grep -c 'PCI_SLOT_NAME')" 1 "with the kernel's own words"
like "$(of .time | head -n 1)" '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\.[0-9]{3}Z$' "and the time"
is "$(tail -n 1 "$tmp/follow" | jq -r '"\(.command) \(.result) \(.lost)"')" "list pass 0" "the report is the last object"

# More at once than the kernel keeps, while nobody takes them.
follow
kill -STOP "$pid"
for ((i = 0; i < 6000; i++)); do echo change; done >"/sys/bus/pci/devices/$edu/uevent"
kill -CONT "$pid"
saw 'some changes were lost' "what was lost is said"
# by then it has not taken all that was kept: what comes before there is room would be lost as well (15: the kernel's events)
taken() { awk '$2 == 15 && $5 > 0 { left = 1 } END { exit left }' /proc/net/netlink; }
wait_for 20 taken
take "$edu"
saw "${clock}bind    $edu  to vfio-pci" "and it goes on"
kill -TERM "$pid"
wait "$pid"
is $? 143 "until it is ended"
done_testing
