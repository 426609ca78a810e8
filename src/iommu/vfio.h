/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: VFIO's objects. A container, its groups, their devices; devices opened by their own node; what is to be taken. */
#ifndef IC_IOMMU_VFIO_H
#define IC_IOMMU_VFIO_H

#include "host/pci.h"
#include "iommu/backend.h"
#include "iommu/vfio_abi.h"

/* What is to be taken: a PCI device or a mediated one (id.emulated). */
struct vfio_target {
	struct iommu_device_id id;
	char driver[32]; /* "" = none */
	char cdev[16];	 /* "vfio0", "" = none */
	int group;	 /* -1 = none */
};

/* An open group node in the container; shared by the devices of the group. */
struct vfio_group {
	int id, fd;
	unsigned int users;
	bool is_emulated; /* of a mediated device: nothing reaches memory but what its driver does */
	struct vfio_group *next;
};

struct vfio {
	struct iommu iommu;
	int container;
	const char *node; /* that the container was opened by */
	uint32_t type;	  /* IC_VFIO_TYPE1_V2 or IC_VFIO_TYPE1 */
	bool by_iommufd;  /* iommufd serves the container, whatever its name */
	bool has_iommu;	  /* SET_IOMMU was done; the kernel forgets it with the last group */
	bool has_hardware; /* a group of real devices has joined: type1 then pins what is mapped, and reports all of it dirty */
	struct vfio_group *groups;
};

struct vfio_mapping {
	void *base;
	uint64_t size; /* of the address range, whole pages */
};

/* Taken from a group, or by its own node (cdev): then @vfio and @group are NULL and @object is iommufd's. */
struct vfio_device {
	struct iommu_device idev;
	struct vfio *vfio;
	struct vfio_group *group;
	int group_id;
	int fd;
	uint32_t object; /* iommufd's id of the device, 0 = none */
	uint32_t flags;
	struct ic_vfio_region_info regions[IC_VFIO_REGION_CONFIG + 1];
	struct vfio_mapping bars[6];
	bool irq_on[5]; /* by enum idev_irq */
};

/* vfio.c: only iommufd knows its options; it also serves /dev/vfio/vfio on kernels without VFIO's own container. */
bool vfio_is_iommufd(int container);

/* vfio_target.c: @id is a PCI address or a UUID. Errors as pci_find() and mdev_find(); -EINVAL, a usage error: neither. */
int vfio_target_find(const struct host *host, const char *id, struct vfio_target *out, struct fail *f);
void vfio_target_pci(const struct pci_info *pci, struct vfio_target *out);
/* Is there an IOMMU before the device where it needs one, and VFIO's driver on it? Failures say what to do. */
int vfio_check_host(const struct host *host, const struct vfio_target *t, struct fail *f);
/* What brings a device to VFIO that is not there: the hint for ENOENT and ENODEV. */
void vfio_hint_bind(const struct iommu_device_id *id, struct fail *f);
/* The kernel would give a second descriptor, and two drivers would fight over one engine. -EBUSY. */
int vfio_check_twice(const struct iommu *iommu, const struct vfio_target *t, struct fail *f);

/* vfio_host.c */
/* Words for an open() of @node, which belongs to device @id, that failed. Returns @err. */
int vfio_explain_open(const char *node, const struct iommu_device_id *id, int err, struct fail *f);
/* True when devices of @group are on drivers of the host: @f names them. */
bool vfio_explain_blocked(const struct host *host, int group, int err, struct fail *f);
/* The hint for EPERM: @module says which parameter to set. */
void vfio_hint_unsafe(struct fail *f, const char *module);
/* Adds the group's reserved regions of sysfs to caps.reserved; a machine that does not tell them adds none. */
void vfio_add_reserved(struct iommu *iommu, int group);

/* vfio_group.c: the group of @t, opened and viable. Refuses noiommu groups. Failures name who is in the way. */
int vfio_group_get(struct vfio *vfio, const struct vfio_target *t, struct vfio_group **out, struct fail *f);
/* Gives the group to the container and, if it is the first, sets the IOMMU type. */
int vfio_group_join(struct vfio *vfio, struct vfio_group *group, struct fail *f);
/* Leaves the container and closes with the last user. */
void vfio_group_put(struct vfio *vfio, struct vfio_group *group);

/* vfio_device.c: an object for @t that has no descriptor yet; vfio_device_close() frees it. */
int vfio_device_new(struct iommu *iommu, const struct vfio_target *t, struct vfio_device **out, struct fail *f);
/* By d->fd: flags and regions. */
int vfio_device_read_info(struct vfio_device *d, struct fail *f);
/* The device descriptor from its group; info and regions read. */
int vfio_device_open(struct vfio *vfio, struct vfio_group *group, const struct vfio_target *t, struct vfio_device **out,
		     struct fail *f);
void vfio_device_close(struct vfio_device *d);
/* -EINVAL, a usage error, unless @token is a whole UUID: the kernel reads what follows it as more options. */
int vfio_check_token(const char *token, struct fail *f);
/* "ADDR" or "ADDR vf_token=UUID", as VFIO_GROUP_GET_DEVICE_FD wants it (vfio_pci_core_match()); never cut: -ENAMETOOLONG. */
int vfio_device_name(char *buf, size_t len, const char *addr, const char *token);
extern const struct idev_ops vfio_idev_ops;

/* vfio_cdev.c: the device's own node, bound to the context and not attached to anything yet; info and regions read. */
int vfio_cdev_open(struct iommu *iommu, int iommufd, const struct vfio_target *t, struct vfio_device **out,
		   struct fail *f);
/* @pasid: IOMMU_NO_PASID or one of the device's. Attaching what is attached replaces. -errno as the kernel answers. */
int vfio_cdev_attach(const struct vfio_device *d, uint32_t pt_id, uint32_t pasid);
int vfio_cdev_detach(const struct vfio_device *d, uint32_t pasid);
/* The 16 bytes of a UUID that vfio_check_token() took. */
void vfio_token_bytes(const char *token, unsigned char out[16]);

/* vfio_bar.c */
int vfio_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f);
void vfio_bar_unmap(struct vfio_device *d);

/* vfio_reset.c */
int vfio_reset(struct iommu_device *idev);
bool vfio_has_reset(const struct iommu_device *idev);

/* vfio_irq.c */
int vfio_irq_enable(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *eventfd_out);
int vfio_irq_disable(struct iommu_device *idev, enum idev_irq kind);
int vfio_irq_unmask(struct iommu_device *idev, enum idev_irq kind);
int vfio_irq_mask(struct iommu_device *idev, enum idev_irq kind);
int vfio_irq_trigger(struct iommu_device *idev, enum idev_irq kind, unsigned int n);

/* type1.c: the container's own ioctls. */
/* UNMAP_DMA with what follows the head, by its argsz. *unmapped is always written. */
int type1_do_unmap(struct iommu *iommu, struct ic_vfio_dma_unmap *arg, uint64_t *unmapped);
int type1_map(struct iommu *iommu, struct iommu_map_req *req);
int type1_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped);
int type1_unmap_all(struct iommu *iommu, uint64_t *unmapped);
int type1_vaddr_forget(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes);
int type1_vaddr_renew(struct iommu *iommu, void *va, iova_t iova, uint64_t size);
/* How many mappings may still be made, of dma_entry_limit; -EOPNOTSUPP on kernels before 5.10. */
int type1_avail(struct iommu *iommu, uint32_t *mappings);
int type1_pins(struct iommu *iommu, uint64_t *pages);
/* GET_INFO and its chain, of a container whose IOMMU is set. */
struct type1_info;
int type1_ask_info(int container, struct type1_info *out);
/* Extensions and GET_INFO into iommu->caps; to be asked after SET_IOMMU. */
int type1_read_caps(struct vfio *vfio, struct fail *f);

/* type1_dirty.c */
extern const struct dirty_ops type1_dirty_ops;
/* idev_dirty.c: of any device with a VFIO descriptor. */
extern const struct dirty_ops idev_dirty_ops;
/* mig_vfio.c: likewise. */
extern const struct mig_ops vfio_mig_ops;

/*
 * Only mediated devices are there: they reach nothing but what is mapped, no page table is made, and of what is mapped the kernel pins
 * what one of them asks for, while it does (vfio_pin_pages(), vfio_dma_rw(), iommufd_access_pin_pages()).
 */
static inline void vfio_caps_emulated(struct iommu_caps *caps)
{
	caps->no_hardware = true;
	caps->has_pins = caps->has_page_tables = false;
}

static inline struct vfio *to_vfio(struct iommu *iommu)
{
	return container_of(iommu, struct vfio, iommu);
}

static inline struct vfio_device *to_vfio_device(const struct iommu_device *idev)
{
	return container_of(idev, struct vfio_device, idev);
}

#endif
