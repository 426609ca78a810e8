# SPDX-License-Identifier: GPL-2.0-or-later
# The bodies on the stock kernel, on every backend that it has. --long: each of them.
. "$(dirname "$0")/lib.sh"
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest_bodies guest bodies "guest" map unmap script bad-input compare
else
	guest_bodies guest bodies "guest" unmap compare
fi
done_testing
