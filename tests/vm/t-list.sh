# SPDX-License-Identifier: GPL-2.0-or-later
# What list shows of a real kernel, as it stands and as it changes.
. "$(dirname "$0")/lib.sh"
guest list --iommu intel --root-port --drivers all --device e1000e --device edu -- list.sh
done_testing
