/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommufd's objects: further spaces, options, page tables, fault queues, and their end. One ioctl each. */
#include <errno.h>
#include <fcntl.h>

#include "iommu/iommufd.h"

/* The descriptor belongs to the context the first space is in. */
static struct iommu *iommufd_root(struct iommu *iommu)
{
	while (iommu->parent)
		iommu = iommu->parent;
	return iommu;
}

int iommufd_space_new(struct iommu *of, struct iommu **out)
{
	struct iommu *root = iommufd_root(of);
	struct iommufd *space = calloc(1, sizeof(*space));
	int err;

	*out = NULL;
	if (!space)
		return -ENOMEM;
	space->iommu.parent = root;
	space->iommu.ops = root->ops;
	space->iommu.personality = root->personality;
	space->fd = to_iommufd(root)->fd;
	err = iommufd_ioas_new(space, &space->ioas);
	if (!err)
		err = iommufd_read_caps(space);
	if (err) {
		iommufd_close(&space->iommu);
		return err;
	}
	*out = &space->iommu;
	return 0;
}

uint32_t iommufd_space_id(const struct iommu *iommu)
{
	return to_iommufd(iommu)->ioas;
}

int iommufd_space_refresh(struct iommu *iommu)
{
	return iommufd_read_caps(to_iommufd(iommu));
}

int iommufd_space_allow(struct iommu *iommu, const struct iova_range *ranges, unsigned int n)
{
	const struct iommufd *ctx = to_iommufd(iommu);
	CLEANUP_FREE struct ic_iommufd_iova_range *list = calloc(n ? n : 1, sizeof(*list));
	struct ic_iommufd_ioas_allow_iovas arg = {
		.size = sizeof(arg),
		.ioas_id = ctx->ioas,
		.num_iovas = n,
		.allowed_iovas = (uintptr_t)list,
	};

	if (!list)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		list[i] = (struct ic_iommufd_iova_range){ranges[i].start, ranges[i].last};
	return iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_ALLOW_IOVAS, &arg);
}

int iommufd_space_copy(struct iommu *dst, struct iommu_copy_req *req)
{
	const struct iommufd *ctx = to_iommufd(dst);
	struct ic_iommufd_ioas_copy arg = {
		.size = sizeof(arg),
		.flags = (req->kernel_iova ? 0 : IC_IOMMUFD_IOAS_MAP_FIXED_IOVA) | iommufd_prot_flags(req->prot),
		.dst_ioas_id = ctx->ioas,
		.src_ioas_id = to_iommufd(req->src)->ioas,
		.length = req->size,
		.dst_iova = req->iova,
		.src_iova = req->src_iova,
	};
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_COPY, &arg);

	if (!err)
		req->iova = arg.dst_iova;
	return err;
}

/* The rlimit mode is the context's: object 0. Setting it takes CAP_SYS_RESOURCE and a context without any object. */
int iommufd_option(struct iommu *iommu, enum iommu_option option, bool set, uint64_t *value)
{
	const struct iommufd *ctx = to_iommufd(iommu);
	bool is_context = option == IOMMU_OPTION_RLIMIT_MODE;
	struct ic_iommufd_option arg = {
		.size = sizeof(arg),
		.option_id = is_context ? IC_IOMMUFD_OPTION_RLIMIT_MODE : IC_IOMMUFD_OPTION_HUGE_PAGES,
		.op = set ? IC_IOMMUFD_OPTION_OP_SET : IC_IOMMUFD_OPTION_OP_GET,
		.object_id = is_context ? 0 : ctx->ioas,
		.val64 = set ? *value : 0,
	};
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_OPTION, &arg);

	if (!err)
		*value = arg.val64;
	return err;
}

int iommufd_change_process(struct iommu *iommu)
{
	struct ic_iommufd_ioas_change_process arg = {.size = sizeof(arg)};

	return iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_IOAS_CHANGE_PROCESS, &arg);
}

int iommufd_hw_info_of(const struct iommufd *ctx, uint32_t dev, struct iommu_hw_info *info)
{
	struct ic_iommufd_hw_info arg = {
		.size = sizeof(arg),
		.flags = info->type ? IC_IOMMUFD_HW_INFO_FLAG_INPUT_TYPE : 0,
		.dev_id = dev,
		.data_len = sizeof(info->data),
		.data_uptr = (uintptr_t)info->data,
		.data_type = info->type,
	};
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_GET_HW_INFO, &arg);

	if (err)
		return err;
	info->type = arg.data_type;
	info->len = arg.data_len;
	info->capabilities = arg.out_capabilities;
	info->max_pasid_log2 = arg.out_max_pasid_log2;
	return 0;
}

int iommufd_hw_info(struct iommu_device *idev, struct iommu_hw_info *info)
{
	return iommufd_hw_info_of(to_iommufd(idev->iommu), iommufd_device_id(idev), info);
}

int iommufd_hwpt_new_of(struct iommufd *ctx, uint32_t dev, const struct iommu_hwpt_req *req, uint32_t *id)
{
	struct ic_iommufd_hwpt_alloc arg = {
		.size = sizeof(arg),
		.flags = req->unchecked_flags | (req->nest_parent ? IC_IOMMUFD_HWPT_ALLOC_NEST_PARENT : 0) |
			 (req->dirty ? IC_IOMMUFD_HWPT_ALLOC_DIRTY_TRACKING : 0) |
			 (req->fault_queue ? IC_IOMMUFD_HWPT_FAULT_ID_VALID : 0) |
			 (req->pasid ? IC_IOMMUFD_HWPT_ALLOC_PASID : 0),
		.dev_id = dev,
		.pt_id = req->parent,
		.data_type = req->data_type,
		.data_len = req->data_len,
		.data_uptr = (uintptr_t)req->data,
		.fault_id = req->fault_queue,
	};
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_HWPT_ALLOC, &arg);

	*id = err ? 0 : arg.out_hwpt_id;
	return err;
}

/* On an error too the kernel tells how many entries it had handled (iommufd_hwpt_invalidate()). */
int iommufd_hwpt_new(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id)
{
	return iommufd_hwpt_new_of(to_iommufd(iommu), iommufd_device_id(req->idev), req, id);
}

int iommufd_hwpt_invalidate(struct iommu *iommu, uint32_t hwpt, uint32_t data_type, const void *entries,
			    uint32_t entry_len, uint32_t n, uint32_t *done)
{
	struct ic_iommufd_hwpt_invalidate arg = {
		.size = sizeof(arg),
		.hwpt_id = hwpt,
		.data_uptr = (uintptr_t)entries,
		.data_type = data_type,
		.entry_len = entry_len,
		.entry_num = n,
	};
	int err = iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_HWPT_INVALIDATE, &arg);

	*done = err == -ENOTTY ? 0 : MIN(arg.entry_num, n);
	return err;
}

int iommufd_destroy(struct iommu *iommu, uint32_t id)
{
	struct ic_iommufd_destroy arg = {.size = sizeof(arg), .id = id};

	return iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_DESTROY, &arg);
}

int iommufd_queue_take(struct iommu *iommu, uint32_t object, int raw, uint32_t *id, int *fd)
{
	int flags = fcntl(raw, F_GETFL), err;

	if (flags < 0 || fcntl(raw, F_SETFL, flags | O_NONBLOCK)) {
		err = -errno;
		close(raw);
		iommufd_destroy(iommu, object);
		return err;
	}
	*id = object;
	*fd = raw;
	return 0;
}

int iommufd_fault_queue_new(struct iommu *iommu, uint32_t *id, int *fd)
{
	struct ic_iommufd_fault_alloc arg = {.size = sizeof(arg), .out_fault_fd = -1};
	int err = iommufd_ioctl(to_iommufd(iommu), IC_IOMMUFD_FAULT_QUEUE_ALLOC, &arg);

	*id = 0;
	*fd = -1;
	return err ? err : iommufd_queue_take(iommu, arg.out_fault_id, arg.out_fault_fd, id, fd);
}
