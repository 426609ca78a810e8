# SPDX-License-Identifier: GPL-2.0-or-later
# list, caps, audit and capture on the built kernel, where iommufd tells what the hardware is, and devices without an IOMMU can be had.
. "$(dirname "$0")/lib.sh"
. "$vm/audit.sh"
audit_guests built '.*'
done_testing
