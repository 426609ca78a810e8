/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: a context of /dev/iommu. One descriptor, address spaces (IOAS) on it; cdev and mock devices share this. */
#ifndef IC_IOMMU_IOMMUFD_H
#define IC_IOMMU_IOMMUFD_H

#include "iommu/backend.h"
#include "iommu/iommufd_abi.h"

#define IOMMUFD_NODE "/dev/iommu"

/* What pinned pages count against. The kernel's own choice is the user; changing it takes CAP_SYS_RESOURCE. */
enum iommufd_rlimit { IOMMUFD_RLIMIT_ANY, IOMMUFD_RLIMIT_USER, IOMMUFD_RLIMIT_PROCESS };

/* An address space. All spaces of a context have the same descriptor; the one without a parent owns it. */
struct iommufd {
	struct iommu iommu;
	int fd;
	uint32_t ioas;
	enum iommufd_rlimit rlimit; /* of the context; set before iommufd_ctx_open() */
};

static inline struct iommufd *to_iommufd(const struct iommu *iommu)
{
	return container_of(iommu, struct iommufd, iommu);
}

/* One ioctl on the context: @arg begins with its size. 0 or -errno. */
int iommufd_ioctl(const struct iommufd *ctx, unsigned long request, void *arg);

/* The descriptor of a new context, or -errno with words and a hint. */
int iommufd_node_open(struct fail *f);
/* Opens /dev/iommu and allocates the first space, for any backend on it. Failures carry a hint and leave nothing open. */
int iommufd_ctx_open(struct iommufd *ctx, struct fail *f);
/* Destroys the space; the descriptor too unless it belongs to the context the space came from. */
void iommufd_ctx_close(struct iommufd *ctx);
int iommufd_ioas_new(const struct iommufd *ctx, uint32_t *id);
/* IOVA_RANGES into caps: apertures, alignment; and what every context can do. caps->reserved is left as it is. */
int iommufd_read_caps(struct iommufd *ctx);
/* What the kernel answered to IOVA_RANGES, of which no more than IOMMU_MAX_RANGES were written to @ranges. */
void iommufd_take_ranges(struct iommu_caps *caps, const struct ic_iommufd_ioas_iova_ranges *arg,
			 const struct ic_iommufd_iova_range *ranges);
uint32_t iommufd_prot_flags(enum iommu_prot prot);

/* What the kernel calls a device of any backend on /dev/iommu. */
static inline uint32_t iommufd_device_id(const struct iommu_device *idev)
{
	return idev->iommu->ops->objects->device_object(idev);
}

/* Ops of iommu/backend.h that do not depend on the kind of device. */
int iommufd_map(struct iommu *iommu, struct iommu_map_req *req);
int iommufd_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped);
int iommufd_unmap_all(struct iommu *iommu, uint64_t *unmapped);
int iommufd_pins(struct iommu *iommu, uint64_t *pages);
void iommufd_close(struct iommu *iommu);
/* iommufd_objects.c: the ones that do not depend on the kind of device; backends copy what they share into their table. */
int iommufd_space_new(struct iommu *of, struct iommu **out);
uint32_t iommufd_space_id(const struct iommu *iommu);
int iommufd_space_refresh(struct iommu *iommu);
int iommufd_space_allow(struct iommu *iommu, const struct iova_range *ranges, unsigned int n);
int iommufd_space_copy(struct iommu *dst, struct iommu_copy_req *req);
int iommufd_option(struct iommu *iommu, enum iommu_option option, bool set, uint64_t *value);
int iommufd_change_process(struct iommu *iommu);
/* Devices are named by their iommufd object: the backend's device_object() tells it. */
int iommufd_hw_info(struct iommu_device *idev, struct iommu_hw_info *info);
/* The same for an object that no struct iommu_device stands for. */
int iommufd_hw_info_of(const struct iommufd *ctx, uint32_t dev, struct iommu_hw_info *info);
int iommufd_hwpt_new(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id);
/* The same for an object that no struct iommu_device stands for. */
int iommufd_hwpt_new_of(struct iommufd *ctx, uint32_t dev, const struct iommu_hwpt_req *req, uint32_t *id);
int iommufd_hwpt_invalidate(struct iommu *iommu, uint32_t hwpt, uint32_t data_type, const void *entries,
			    uint32_t entry_len, uint32_t n, uint32_t *done);
int iommufd_destroy(struct iommu *iommu, uint32_t id);
int iommufd_fault_queue_new(struct iommu *iommu, uint32_t *id, int *fd);
/* Takes over a queue's descriptor that the kernel made: it never blocks from now on. On an error both are given up. */
int iommufd_queue_take(struct iommu *iommu, uint32_t object, int raw, uint32_t *id, int *fd);

/* iommufd_dirty.c: the page tables' own dirty bits, for any kind of device. */
extern const struct dirty_ops iommufd_dirty_ops;
int iommufd_dirty_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why);
int iommufd_dirty_start(const struct dirty_at *at, struct dirty_start *req);
int iommufd_dirty_stop(const struct dirty_at *at);
int iommufd_dirty_read(const struct dirty_at *at, const struct dirty_read *req);

/* iommufd_nested.c: what nested translation is made of, and the corners. */
int iommufd_vfio_space(struct iommu *iommu, enum iommu_vfio_space op, uint32_t *id);
int iommufd_space_phys(struct iommu *iommu, iova_t iova, uint64_t *size, uint64_t *phys);
int iommufd_viommu_new(struct iommu *iommu, const struct iommu_viommu_req *req, uint32_t *id);
int iommufd_vdevice_new(struct iommu_device *idev, uint32_t viommu, uint64_t virt_id, uint32_t *id);
int iommufd_hw_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t index, iova_t iova,
			 uint64_t size, uint32_t *id);
int iommufd_event_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t depth, uint32_t *id, int *fd);

#endif
