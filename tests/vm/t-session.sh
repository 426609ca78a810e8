# SPDX-License-Identifier: GPL-2.0-or-later
# Sessions that stay, on a device: the README's example as it stands there, and sessions and clients that are killed.
. "$(dirname "$0")/lib.sh"
guest session --iommu intel --device lsi --add "$top_srcdir/README.md:/t/README.md" -- session.sh
done_testing
