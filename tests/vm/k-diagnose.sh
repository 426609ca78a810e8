# SPDX-License-Identifier: GPL-2.0-or-later
# diagnose on kernels with a bug put in, and on the healthy one.
. "$(dirname "$0")/lib.sh"
needs_built stale-iotlb ${IOMMUCTL_LONG:+psi-mask}
machine=(--iommu intel --memory 1G --device lsi)
guest_built stale-iotlb --mutant stale-iotlb "${machine[@]}" -- diagnose.sh "depends iova-mode" 7 600s iommufd
if [ -n "${IOMMUCTL_LONG:-}" ]; then
	guest_built stale-iotlb-vfio --mutant stale-iotlb "${machine[@]}" -- diagnose.sh "depends iova-mode" 10 60s vfio
	guest_built psi-mask --mutant psi-mask "${machine[@]}" -- diagnose.sh "depends size alignment" 10 60s vfio iommufd
	guest_built healthy "${machine[@]}" --device e1000e -- diagnose.sh healthy 10 60s vfio iommufd
fi
done_testing
