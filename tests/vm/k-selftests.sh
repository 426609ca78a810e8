# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own selftests of iommufd and VFIO, in the same guest as ours. docs/selftests.md maps their cases to ours.
. "$(dirname "$0")/lib.sh"
programs=(iommufd iommufd_fail_nth vfio_dma_mapping_test vfio_dma_mapping_mmio_test vfio_iommufd_setup_test)
dir=$("$vm/build-selftests" --cached 2>/dev/null) || skip_all "the selftests are not built: tests/vm/build-selftests builds them"
put=()
for program in "${programs[@]}"; do put+=(--add "$dir/$program"); done
# edu: libvfio reserves a BAR's address range in whole pages, and fails on lsi's BARs, which are smaller
for iommu in intel ${IOMMUCTL_LONG:+intel-sm}; do
	guest_built $iommu --iommu $iommu --memory 2G --hugepages 128 --timeout 2400 --device edu "${put[@]}" \
		--add "$vm/selftests.known:/t/tests/vm/selftests.known" -- selftests.sh /t/tests/vm/selftests.known "${programs[@]}"
done
done_testing
