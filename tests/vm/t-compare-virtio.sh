# SPDX-License-Identifier: GPL-2.0-or-later
# compare through VFIO behind virtio-iommu, whose driver the stock kernel does not have.
. "$(dirname "$0")/lib.sh"
kernel=$(fetched kernel bookworm-backports) || skip_all "a kernel with virtio-iommu cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
guest virtio --iommu virtio --kernel "$kernel" --memory 2G --device lsi --device edu -- compare.sh
done_testing
