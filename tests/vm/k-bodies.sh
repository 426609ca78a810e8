# SPDX-License-Identifier: GPL-2.0-or-later
# The bodies on the built kernel: each of them on every backend that needs a guest.
. "$(dirname "$0")/lib.sh"
guest_bodies guest_built maps "guest built" map unmap
guest_bodies guest_built scripts "guest built" script bad-input memory flight process
guest_bodies guest_built compare "guest built" compare
done_testing
