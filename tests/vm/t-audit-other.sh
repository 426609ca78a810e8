# SPDX-License-Identifier: GPL-2.0-or-later
# list, caps, audit and capture behind AMD-Vi, as it is and as a table claims it to be, behind virtio-iommu, and behind nothing.
. "$(dirname "$0")/lib.sh"
. "$vm/audit.sh"
audit_guests 'stock|bookworm.*' 'amd|virtio|none'
done_testing
