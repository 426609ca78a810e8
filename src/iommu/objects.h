/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an I/O address space is made of and stands beside: further spaces, page tables, what each device is attached to,
 * fault queues, the objects of nested translation. These are iommufd's objects (Documentation/userspace-api/iommufd.rst), by
 * the ids the kernel gives them; the simulated IOMMU has spaces and attachments too. Every verb returns 0 or -errno as the
 * kernel answered, -EOPNOTSUPP where the backend has no such thing; @f (may be NULL) gets the words. Called from one thread,
 * except that DMA may be running. What exists is noted down for `maps`.
 */
#ifndef IC_IOMMU_OBJECTS_H
#define IC_IOMMU_OBJECTS_H

#include "host/registers.h"
#include "iommu/device.h"
#include "iommu/iommu.h"

#define IOMMU_NO_PASID UINT32_MAX

/*
 * A further, empty I/O address space on the same context: same descriptor, no device attached, a ledger of its own. It takes
 * all verbs of iommu.h but iommu_attach(). Close it with iommu_close() before the context it came from.
 */
int iommu_space_new(struct iommu *of, struct iommu **out, struct fail *f);
/* The kernel's id of the space (IOAS), as page tables and devices name it; 0 where the backend has no ids. */
uint32_t iommu_space_id(const struct iommu *iommu);
/* Ask again what the space takes: apertures change with attachments and iommu_space_allow(). Refreshes iommu_caps(). */
int iommu_space_refresh(struct iommu *iommu, struct fail *f);
/*
 * These ranges stay mappable whatever is attached later (-EADDRINUSE where they are not now), and IOVAs of the kernel's choice
 * come from them alone; fixed ones are not restricted. @n 0: anywhere again. IOMMU_IOAS_ALLOW_IOVAS.
 */
int iommu_space_allow(struct iommu *iommu, const struct iova_range *ranges, unsigned int n, struct fail *f);

struct iommu_copy_req {
	struct iommu *src;
	iova_t src_iova; /* mapped in @src without a hole: by one mapping, a part of one, or several (iopt_get_pages()) */
	uint64_t size;
	enum iommu_prot prot;
	iova_t iova; /* in; out when kernel_iova */
	bool kernel_iova;
	const char *tag;    /* for the ledger of @dst, copied; NULL: as in @src */
	unsigned int owner; /* as in struct iommu_map_req */
	bool named;
};
/* Map in @dst what is mapped in req->src, without pinning it a second time. IOMMU_IOAS_COPY. */
int iommu_space_copy(struct iommu *dst, struct iommu_copy_req *req, struct fail *f);

enum iommu_option {
	IOMMU_OPTION_RLIMIT_MODE, /* of the context: 0 = pages count against the user, 1 = against the process */
	IOMMU_OPTION_HUGE_PAGES,  /* of the space: 0 = entries of the smallest page only */
};
int iommu_option_get(struct iommu *iommu, enum iommu_option option, uint64_t *value, struct fail *f);
int iommu_option_set(struct iommu *iommu, enum iommu_option option, uint64_t value, struct fail *f);
/* The calling process takes over the accounting of file mappings, after fork and exec. IOMMU_IOAS_CHANGE_PROCESS. */
int iommu_change_process(struct iommu *iommu, struct fail *f);

/* Attach the device, or one PASID of it, to a space or page table; replaces what it was attached to while DMA goes on. */
int iommu_device_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid, struct fail *f);
int iommu_device_detach(struct iommu_device *idev, uint32_t pasid, struct fail *f);
/* iommufd's id of the bound device; 0 where the backend has no ids. */
uint32_t iommu_device_object(const struct iommu_device *idev);

#define IOMMU_HW_INFO_MAX 256
struct iommu_hw_info {
	uint32_t type; /* in: 0 = the IOMMU's own; out: as the kernel names it */
	uint32_t len;  /* bytes the kernel has, which may be more than data holds */
	unsigned char data[IOMMU_HW_INFO_MAX];
	uint64_t capabilities;
	unsigned int max_pasid_log2;
};
/* What the IOMMU before this device tells of itself. IOMMU_GET_HW_INFO. */
int iommu_hw_info(struct iommu_device *idev, struct iommu_hw_info *info, struct fail *f);

/* IOMMU_HWPT_ALLOC. The numbers of flags and data types are the kernel's (iommufd_abi.h). */
struct iommu_hwpt_req {
	struct iommu_device *idev;
	uint32_t parent; /* space, parent page table or viommu */
	bool nest_parent, dirty, pasid;
	uint32_t fault_queue; /* 0 = none */
	uint32_t data_type;
	const void *data;
	uint32_t data_len;
	uint32_t unchecked_flags; /* further flag bits, passed as they are */
};
int iommu_hwpt_new(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id, struct fail *f);
/* *done = how many of the @n entries the kernel handled. */
int iommu_hwpt_invalidate(struct iommu *iommu, uint32_t hwpt, uint32_t data_type, const void *entries,
			  uint32_t entry_len, uint32_t n, uint32_t *done, struct fail *f);
/*
 * Any object of this context by id. -EBUSY while others use it. IOMMU_DESTROY. A further space that is destroyed is closed as
 * well: its struct iommu is gone. The context's own space loses its mappings, and stays as an empty husk.
 */
int iommu_object_destroy(struct iommu *iommu, uint32_t id, struct fail *f);
/*
 * The same asked by @threads (2 to TOGETHER_MAX) at once, of an object that nobody uses: one has to be obeyed and all others to be told ENOENT.
 * *gone: one was. 0; the error that another was told; -EPROTO: more than one was obeyed.
 */
int iommu_object_destroy_by(struct iommu *iommu, uint32_t id, unsigned int threads, bool *gone, struct fail *f);

struct iommu_pgfault {
	uint32_t dev_object, pasid, group, perm, length, cookie;
	bool has_pasid, is_last;
	uint64_t addr;
};
int iommu_fault_queue_new(struct iommu *iommu, uint32_t *id, struct fail *f);
/* Up to @max faults that wait in queue @id; does not block: *count may be 0. */
int iommu_fault_queue_read(struct iommu *iommu, uint32_t id, struct iommu_pgfault *out, unsigned int max,
			   unsigned int *count, struct fail *f);
int iommu_fault_queue_answer(struct iommu *iommu, uint32_t id, uint32_t cookie, bool success, struct fail *f);

/* The space that the container's ioctls on this descriptor mean. Set, clear; get: -ENODEV where there is none. IOMMU_VFIO_IOAS. */
enum iommu_vfio_space { IOMMU_VFIO_SPACE_GET, IOMMU_VFIO_SPACE_SET, IOMMU_VFIO_SPACE_CLEAR };
int iommu_vfio_space(struct iommu *iommu, enum iommu_vfio_space op, uint32_t *id, struct fail *f);

/*
 * Where @iova of a space leads physically, and how far in one piece: *size in and out. Only where a device without an IOMMU is
 * attached, and CAP_SYS_RAWIO. IOMMU_IOAS_NOIOMMU_GET_PA.
 */
int iommu_space_phys(struct iommu *iommu, iova_t iova, uint64_t *size, uint64_t *phys, struct fail *f);

/* "intel-vtd", "arm-smmuv3", "amd", "mock" ..., or "unknown". */
const char *iommu_hw_info_name(uint32_t type);
/* The @i-th field of what is known of that type; false past the last. Names are those of the kernel's structs. */
bool iommu_hw_info_field(const struct iommu_hw_info *info, unsigned int i, const char **name, uint64_t *value);

/*
 * What of it are registers that the tables of host/registers.h know: at most @max into @out, each with the device @of as its source.
 * Returns how many.
 */
unsigned int iommu_hw_info_regs(const struct iommu_hw_info *info, const char *of, struct reg_value *out,
				unsigned int max);

/* Nested translation: a guest's view of an IOMMU, of devices behind it, of its queues. Types are the kernel's numbers. */
struct iommu_viommu_req {
	struct iommu_device *idev;
	uint32_t hwpt; /* the nesting parent */
	uint32_t type;
	void *data; /* in and out; NULL with data_len 0 */
	uint32_t data_len;
};
int iommu_viommu_new(struct iommu *iommu, const struct iommu_viommu_req *req, uint32_t *id, struct fail *f);
/* The device as the guest knows it: -EEXIST where it has one already, or the viommu that number. */
int iommu_vdevice_new(struct iommu *iommu, struct iommu_device *idev, uint32_t viommu, uint64_t virt_id, uint32_t *id,
		      struct fail *f);
int iommu_hw_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t index, iova_t iova, uint64_t size,
		       uint32_t *id, struct fail *f);

#define IOMMU_EVENT_MAX 64
struct iommu_event {
	bool lost; /* events were lost before this one, which has no data */
	uint32_t sequence, len;
	unsigned char data[IOMMU_EVENT_MAX];
};
int iommu_event_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t depth, uint32_t *id,
			  struct fail *f);
/* As iommu_fault_queue_read(). */
int iommu_event_queue_read(struct iommu *iommu, uint32_t id, struct iommu_event *out, unsigned int max,
			   unsigned int *count, struct fail *f);

/* The kernel's mock device alone: have it raise an I/O page fault (address, pasid, group, perm), or an event. */
int iommu_test_fault(struct iommu_device *idev, const struct iommu_pgfault *fault, struct fail *f);
int iommu_test_event(struct iommu_device *idev, struct fail *f);

/* What is known of the objects of a context, for trees: oldest first. NULL-safe iteration by index. */
enum iommu_object_kind {
	IOMMU_OBJECT_IOAS, /* of a backend without objects: its one space, id 0 */
	IOMMU_OBJECT_HWPT,
	IOMMU_OBJECT_DEVICE, /* attached to @parent, 0 = to nothing (where ids exist) */
	IOMMU_OBJECT_FAULT_QUEUE,
	IOMMU_OBJECT_VIOMMU,
	IOMMU_OBJECT_VDEVICE,
	IOMMU_OBJECT_VEVENT_QUEUE,
	IOMMU_OBJECT_HW_QUEUE,
};
struct iommu_object {
	enum iommu_object_kind kind;
	uint32_t id,
		parent; /* parent: of a page table its space or nesting parent; of a device what it is attached to */
	uint32_t pasid; /* IOMMU_NO_PASID, or an attachment of one PASID of a device */
	uint32_t queue; /* of a page table: its fault queue, 0 = none */
	char name[40];	/* the device's, or "" */
	struct iommu *space; /* of an IOAS, for its ledger */
};
/* False when @i is past the last. Copies, so that it stays valid. */
bool iommu_object_get(const struct iommu *iommu, unsigned int i, struct iommu_object *out);

#endif
