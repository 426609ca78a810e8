# SPDX-License-Identifier: GPL-2.0-or-later
# stress on the built kernel, by every interface. --long: every mix, three minutes for each backend and ten once, other IOMMUs, kmemleak.
. "$(dirname "$0")/lib.sh"
machine=(--memory 2G --hugepages 48 --device lsi)
backends=(vfio vfio-v1 iommufd iommufd-compat mock)
mixes="all churn edges huge lifecycle dirty"
guest_built intel --iommu intel "${machine[@]}" -- stress.sh '--probe-unmapped --ops 500' "all edges" "${backends[@]}"
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest_built long --iommu intel "${machine[@]}" -- stress.sh '--probe-unmapped --time 30s' "$mixes" "${backends[@]}"
	guest_built ten-minutes --iommu intel "${machine[@]}" -- stress.sh '--probe-unmapped --time 600s' all iommufd
	guest_built intel-sm --iommu intel-sm "${machine[@]}" -- stress.sh '--probe-unmapped --time 15s' "$mixes" "${backends[@]:0:4}"
	guest_built amd --iommu amd "${machine[@]}" -- stress.sh '--probe-unmapped --time 15s' "$mixes" "${backends[@]:0:4}"
	guest_built virtio --iommu virtio "${machine[@]}" -- stress.sh '--probe-unmapped --time 15s' "$mixes" "${backends[@]:0:4}"
	guest_built kmemleak --iommu intel "${machine[@]}" --append kmemleak=on -- stress.sh '--probe-unmapped --time 10s' "$mixes" "${backends[@]}"
fi
done_testing
