# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: bind takes lsi from its host driver, unbind gives it back, also after a crash.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
is "$(driver_of "$lsi")" sym53c8xx "the host driver has the device"
run --dry-run --json bind "$lsi"
is "$status $(driver_of "$lsi")" "0 sym53c8xx" "--dry-run changes nothing"
run --json bind "$lsi"
is "$status $(json '.devices[0] | "\(.id) \(.from) \(.to) \(.changed)"')" "0 $lsi sym53c8xx vfio-pci true" "bind says what it did"
is "$(driver_of "$lsi")" vfio-pci "and did it"
run --json bind "$lsi"
is "$status $(json '.devices[0].changed')" "0 false" "bind again changes nothing"
compare_passes "the device passes" 200 --device "$lsi" --size 8K..64K --canary require
run --json unbind "$lsi"
is "$status $(json '.devices[0] | "\(.from) \(.to) \(.changed)"')" "0 vfio-pci sym53c8xx true" "unbind says what it did"
is "$(driver_of "$lsi")" sym53c8xx "and the host driver has it back"
is "$(cat "/sys/bus/pci/devices/$lsi/driver_override")" "(null)" "no driver_override is left"
ok "its SCSI host is back" wait_for 10 eval 'ls /sys/class/scsi_host/host* >/dev/null 2>&1'
run --json unbind "$lsi"
is "$status $(driver_of "$lsi")" "0 sym53c8xx" "unbind again changes nothing"

run --json bind "$lsi"
mid_loop "$lsi"
kill -9 "$pid"
finish
run --json unbind "$lsi"
is "$status $(driver_of "$lsi")" "0 sym53c8xx" "after a crash in mid-loop the host driver gets it back"
run --json bind "$lsi"
compare_passes "and the next run passes" 100 --device "$lsi" --size 8K
run --json unbind "$lsi"
is "$status $(driver_of "$lsi")" "0 sym53c8xx" "and it is given back again"
done_testing
