# SPDX-License-Identifier: GPL-2.0-or-later
# list, caps, audit and capture behind AMD-Vi, as it is and as a table claims it to be, behind virtio-iommu, and behind nothing.
# --long: all of them.
. "$(dirname "$0")/lib.sh"
. "$vm/audit.sh"
some=(amd virtio-unsafe none)
[ -z "${IOMMUCTL_LONG:-}" ] || some=()
audit_guests 'stock|bookworm.*' 'amd|virtio|none' ${some[@]+"${some[@]}"}
done_testing
