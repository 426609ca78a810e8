# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's fault injection over every step of the scripts in tests/vm/scripts. --long: on every backend, by every
# interface.
. "$(dirname "$0")/lib.sh"
# A device that goes back to the kernel's own domain: nobody there expects that to need memory (docs/injection.md).
allow='WARNING: drivers/iommu/iommu\.c:[0-9]+ at __iommu_release_dma_ownership'
how=some
[ -z "${IOMMUCTL_LONG:-}" ] || how=all

# swept NAME IOMMU BACKEND...
swept() {
	guest_built "$1" --iommu "$2" --memory 2G --device lsi --timeout 3000 --allow-log "$allow" \
		--add "$vm/scripts:/t/tests/vm/scripts" -- fail-nth.sh $how "${@:3}"
}
if [ -z "${IOMMUCTL_LONG:-}" ]; then
	swept iommufd intel mock iommufd
else
	swept vfio intel sim vfio vfio-v1 iommufd-compat,type=v1
	swept iommufd intel mock iommufd iommufd-compat
	swept scalable intel-sm vfio iommufd
	swept amd amd vfio iommufd
	# not virtio-iommu: its unmap itself needs memory, and without it loses pages (docs/injection.md)
fi
done_testing
