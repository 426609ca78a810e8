# SPDX-License-Identifier: GPL-2.0-or-later
# Signals, kill -9, two runs at once; and the host driver restored, also after a crash.
. "$(dirname "$0")/lib.sh"
guest stop --iommu intel --device lsi -- stop.sh
guest restore --iommu intel --drivers all --device lsi -- restore.sh
done_testing
