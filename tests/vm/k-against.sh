# SPDX-License-Identifier: GPL-2.0-or-later
# run --against: the edge cases through type1, /dev/iommu and the container it serves, and each of them against the simulation that
# models it. --long: on each IOMMU, and the limits.
. "$(dirname "$0")/lib.sh"
edge=(--memory 2G --hugepages 32 --device lsi --add "$top_srcdir/tests/edge:/t/tests/edge")
pairs=(vfio:iommufd-compat vfio-v1:iommufd-compat,type=v1 vfio:iommufd)
models=(vfio:sim vfio-v1:sim,personality=type1-v1 iommufd:sim,personality=iommufd iommufd-compat:sim,personality=compat-v2
	iommufd-compat,type=v1:sim,personality=compat-v1)
if [ -z "${IOMMUCTL_LONG:-}" ]; then
	guest_built intel --iommu intel "${edge[@]}" -- against.sh "${pairs[0]}"
	guest_built models --iommu intel "${edge[@]}" -- against.sh "${models[2]}"
	done_testing
	exit
fi
guest_built intel --iommu intel "${edge[@]}" -- against.sh "${pairs[@]}"
guest_built models --iommu intel "${edge[@]}" -- against.sh "${models[@]}"
guest_built intel-sm --iommu intel-sm "${edge[@]}" -- against.sh "${pairs[0]}"
guest_built amd --iommu amd "${edge[@]}" -- against.sh "${pairs[@]}"
guest_built virtio --iommu virtio "${edge[@]}" -- against.sh "${pairs[@]}"
guest_built limit --iommu intel "${edge[@]}" --append vfio_iommu_type1.dma_entry_limit=8 -- against.sh limit \
	vfio:iommufd-compat vfio-v1:iommufd vfio:sim,dma_entry_limit=8
guest_built memlock --iommu intel "${edge[@]}" --device edu -- against.sh memlock vfio:iommufd
# Linux 7.3's generic page tables: WARN_ON() in map_range(), reached by the container's ioctl without READ and WRITE
for iommu in intel amd; do
	guest_built "warn-$iommu" --iommu $iommu "${edge[@]}" --allow-log 'generic_pt/.*iommu_pt\.h:[0-9]+ at [a-z0-9]*_map_range' -- \
		against.sh warn vfio:iommufd-compat
done
done_testing
