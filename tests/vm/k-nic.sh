# SPDX-License-Identifier: GPL-2.0-or-later
# Intel's gigabit controllers, 82574L and 82576, by the interfaces to the IOMMU, on each IOMMU. It takes a QEMU that has an igb.
. "$(dirname "$0")/lib.sh"
qemu=$(fetched qemu trixie-backports) || skip_all "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
machine=(--qemu "$qemu" --memory 1G --device e1000e --device igb)
guest_built intel --iommu intel "${machine[@]}" -- nic.sh full vfio iommufd
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest_built virtio --iommu virtio "${machine[@]}" -- nic.sh full vfio iommufd
	guest_built amd-full --iommu amd "${machine[@]}" -- nic.sh full vfio iommufd
	guest_built long --iommu intel --timeout 3000 "${machine[@]}" -- nic.sh 20000 vfio iommufd
fi
done_testing
