# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's fault injection over every step of the scripts in tests/vm/scripts, on every backend.
. "$(dirname "$0")/lib.sh"
# A device that goes back to the kernel's own domain: nobody there expects that to need memory (docs/injection.md).
allow='WARNING: drivers/iommu/iommu\.c:[0-9]+ at __iommu_release_dma_ownership'
how=some long=()
[ -z "${IOMMUCTL_LONG:-}" ] || how=all long=(vfio-v1 iommufd-compat,type=v1)

# swept NAME IOMMU BACKEND...
swept() {
	guest_built "$1" --iommu "$2" --memory 2G --device lsi --timeout 3000 --allow-log "$allow" \
		--add "$vm/scripts:/t/tests/vm/scripts" -- fail-nth.sh $how "${@:3}"
}
swept vfio intel sim vfio "${long[@]}"
swept iommufd intel mock iommufd iommufd-compat
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	swept scalable intel-sm vfio iommufd
	swept amd amd vfio iommufd
	# not virtio-iommu: its unmap itself needs memory, and without it loses pages (docs/injection.md)
fi
done_testing
