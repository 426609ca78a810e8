# SPDX-License-Identifier: GPL-2.0-or-later
# The bodies on the stock kernel: each of them on every backend that it has.
. "$(dirname "$0")/lib.sh"
guest_bodies guest bodies "guest" map unmap script bad-input compare
done_testing
