# SPDX-License-Identifier: GPL-2.0-or-later
# stress through VFIO on the stock kernel. --long: every mix, three minutes for each backend.
. "$(dirname "$0")/lib.sh"
machine=(--memory 2G --hugepages 48 --device lsi)
guest stress --iommu intel "${machine[@]}" -- stress.sh '--probe-unmapped --ops 500' "all edges" vfio vfio-v1
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest long --iommu intel "${machine[@]}" -- stress.sh '--probe-unmapped --time 36s' "all churn edges huge lifecycle" vfio vfio-v1
	guest amd --iommu amd "${machine[@]}" -- stress.sh '--probe-unmapped --time 15s' "all churn edges huge lifecycle" vfio vfio-v1
fi
done_testing
