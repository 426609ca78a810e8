# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the bodies on every backend that this kernel has. bodies.sh "WHERE..." NAME...
. "$(dirname "$0")/lib.sh"
. /t/tests/body/lib.sh
device_lsi=$(pci_lsi)
take "$device_lsi"
on_backends "$@"
left_nothing "$device_lsi" "nothing is left behind"
done_testing
