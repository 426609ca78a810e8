# SPDX-License-Identifier: GPL-2.0-or-later
# The bodies on the built kernel. --long: each of them on every backend that needs a guest.
. "$(dirname "$0")/lib.sh"
all="guest built"
some() { if [ -n "${IOMMUCTL_LONG:-}" ]; then echo "$all"; else echo "$*"; fi; }
guest_bodies guest_built maps "$(some iommufd-compat)" map unmap bad-input
guest_bodies guest_built scripts "$(some iommufd)" script memory flight process
guest_bodies guest_built compare "$(some compat-v1)" compare
done_testing
