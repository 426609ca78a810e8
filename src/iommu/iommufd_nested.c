/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommufd's objects of nested translation, the container's space, and physical addresses without an IOMMU. One ioctl each. */
#include <errno.h>

#include "iommu/iommufd.h"

int iommufd_vfio_space(struct iommu *iommu, enum iommu_vfio_space op, uint32_t *id)
{
	static const uint16_t ops[] = {[IOMMU_VFIO_SPACE_GET] = IC_IOMMUFD_VFIO_IOAS_GET,
				       [IOMMU_VFIO_SPACE_SET] = IC_IOMMUFD_VFIO_IOAS_SET,
				       [IOMMU_VFIO_SPACE_CLEAR] = IC_IOMMUFD_VFIO_IOAS_CLEAR};
	struct ic_iommufd_vfio_ioas arg = {
		.size = sizeof(arg),
		.ioas_id = op == IOMMU_VFIO_SPACE_SET ? *id : 0,
		.op = ops[op],
	};
	int err = iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_VFIO_IOAS, &arg);

	if (!err && op == IOMMU_VFIO_SPACE_GET)
		*id = arg.ioas_id;
	return err;
}

int iommufd_space_phys(struct iommu *iommu, iova_t iova, uint64_t *size, uint64_t *phys)
{
	struct ic_iommufd_ioas_noiommu_get_pa arg = {
		.size = sizeof(arg),
		.ioas_id = to_iommufd(iommu)->ioas,
		.iova = iova,
		.length = *size,
	};
	int err = iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_IOAS_NOIOMMU_GET_PA, &arg);

	if (err)
		return err;
	*size = arg.length;
	*phys = arg.out_phys;
	return 0;
}

int iommufd_viommu_new(struct iommu *iommu, const struct iommu_viommu_req *req, uint32_t *id)
{
	struct ic_iommufd_viommu_alloc arg = {
		.size = sizeof(arg),
		.type = req->type,
		.dev_id = iommufd_device_id(req->idev),
		.hwpt_id = req->hwpt,
		.data_len = req->data_len,
		.data_uptr = (uintptr_t)req->data,
	};
	int err = iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_VIOMMU_ALLOC, &arg);

	*id = err ? 0 : arg.out_viommu_id;
	return err;
}

int iommufd_vdevice_new(struct iommu_device *idev, uint32_t viommu, uint64_t virt_id, uint32_t *id)
{
	struct ic_iommufd_vdevice_alloc arg = {
		.size = sizeof(arg),
		.viommu_id = viommu,
		.dev_id = iommufd_device_id(idev),
		.virt_id = virt_id,
	};
	int err = iommufd_ioctl(to_iommufd(idev->iommu), IC_IOMMUFD_VDEVICE_ALLOC, &arg);

	*id = err ? 0 : arg.out_vdevice_id;
	return err;
}

int iommufd_hw_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t index, iova_t iova,
			 uint64_t size, uint32_t *id)
{
	struct ic_iommufd_hw_queue_alloc arg = {
		.size = sizeof(arg),
		.viommu_id = viommu,
		.type = type,
		.index = index,
		.nesting_parent_iova = iova,
		.length = size,
	};
	int err = iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_HW_QUEUE_ALLOC, &arg);

	*id = err ? 0 : arg.out_hw_queue_id;
	return err;
}

int iommufd_event_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t depth, uint32_t *id, int *fd)
{
	struct ic_iommufd_veventq_alloc arg = {
		.size = sizeof(arg),
		.viommu_id = viommu,
		.type = type,
		.veventq_depth = depth,
		.out_veventq_fd = -1,
	};
	int err = iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_VEVENTQ_ALLOC, &arg);

	*id = 0;
	*fd = -1;
	return err ? err : iommufd_queue_take(iommu, arg.out_veventq_id, arg.out_veventq_fd, id, fd);
}
