/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: what a backend implements. Called from iommu.c, mapping.c, device.c, dirty.c, plain.c and objects*.c only. */
#ifndef IC_IOMMU_BACKEND_H
#define IC_IOMMU_BACKEND_H

#include "iommu/device.h"
#include "iommu/dirty.h"
#include "iommu/iommu.h"
#include "iommu/mem.h"
#include "iommu/migration.h"
#include "iommu/objects.h"

struct idev_access;
struct ledger;
struct mapping_list;
struct objects;

/* Embedded as the first member of each backend's own context (container_of to get there). */
struct iommu {
	const struct iommu_ops *ops;
	struct iommu_caps caps;
	enum iommu_personality personality;
	struct ledger *ledger;
	_Atomic(struct mapping_list *) undo; /* mapping.c: kept to be used again; from malloc */
	const struct host *host;
	uint64_t seed;
	char *vf_token;
	/* of a context: bytes that may be pinned in all, 0 = no limit; those pinned before that do not count against it */
	uint64_t memlock, uncounted;
	struct iommu_device *devices; /* attached, latest first; iommu.c's */
	struct iommu *parent;	      /* the context a further space came from, NULL for that itself */
	struct objects *objects;      /* objects.c's, of the context; further spaces have none */
};

/* Embedded in each backend's own device. */
struct iommu_device {
	struct iommu *iommu;
	struct iommu_device_id id;
	const struct idev_ops *ops;
	struct iommu_device *next; /* iommu.c's list of attached devices */
};

/*
 * Every op returns 0 or -errno unless said otherwise. NULL means -EOPNOTSUPP. map, unmap and unmap_all are called from
 * several threads at once; open, close, attach and detach from one.
 */
struct iommu_ops {
	const char *name, *help;
	const char *own_device; /* the only device there is; NULL: those of the machine */
	const char *node;	/* what has to be there for it to be opened; NULL: nothing */
	/* @options: what follows the name in the spec ("fault=...,..."), or "". Allocates the context; caps may still be empty. */
	int (*open)(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f);
	void (*close)(struct iommu *iommu);
	/* Fills iommu->caps before returning 0. */
	int (*attach)(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f);
	void (*detach)(struct iommu_device *idev);
	/* The values go to the kernel as they are. EEXIST, EINVAL, ENOMEM, ENOSPC, EFAULT as the kernel answers. */
	int (*map)(struct iommu *iommu, struct iommu_map_req *req);
	/* *unmapped is always written. */
	int (*unmap)(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped);
	int (*unmap_all)(struct iommu *iommu, uint64_t *unmapped);
	/* as iommu_vaddr_forget() and iommu_vaddr_renew(); *bytes is always written */
	int (*vaddr_forget)(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes);
	int (*vaddr_renew)(struct iommu *iommu, void *va, iova_t iova, uint64_t size);
	/* NULL: iommu/mem.c serves host memory. */
	int (*mem_alloc)(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out);
	void (*mem_free)(struct iommu *iommu, struct iommu_mem *mem);
	/* with mem_alloc, as mem_change(): mem->va and priv are the backend's to change, the flags are not */
	int (*mem_change)(struct iommu *iommu, struct iommu_mem *mem, enum mem_change how);
	/* with mem_alloc, in a child that fork() made of a process with threads: @mem is a copy from here on. No locks, no malloc. */
	int (*mem_copy_in_child)(struct iommu *iommu, const struct iommu_mem *mem);
	/* NULL: host/self.c reads pagemap. */
	int (*phys)(struct iommu *iommu, const void *va, uint64_t *phys);
	int (*pins)(struct iommu *iommu, uint64_t *pages);
	/* as iommu_execed_locked(), of a process that is only there in the model; NULL: it is asked for its own */
	uint64_t (*execed_locked)(struct iommu *iommu, uint64_t unmapped);
	int (*avail)(struct iommu *iommu, uint32_t *mappings);
	int (*faults)(struct iommu *iommu, struct dma_fault *out, unsigned int max, unsigned int *count,
		      unsigned int *dropped);
	int (*fresh)(struct iommu *iommu, uint64_t seed);
	/* as iommu_check_table() */
	int (*check_table)(struct iommu *iommu, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
			   struct fail *f);
	const struct iommu_object_ops *objects;		   /* NULL: none of objects.h */
	const struct dirty_ops *dirty_iommu, *dirty_type1; /* NULL: no such source */
	const struct leaf_ops *leaves;			   /* NULL: page tables are out of reach */
};

/* One source of dirty.h; called from dirty.c and plain.c only. at->table is what the caller gave. */
struct dirty_ops {
	int (*caps)(const struct dirty_at *at, struct dirty_caps *out, struct fail *why);
	int (*start)(const struct dirty_at *at, struct dirty_start *req);
	int (*stop)(const struct dirty_at *at);
	int (*read)(const struct dirty_at *at, const struct dirty_read *req);
	/* *unmapped is always written. The ledger is the caller's. */
	int (*unmap)(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped);
	/* After an unmap of several mappings that failed: is this one still there? NULL: all are. */
	bool (*kept)(const struct dirty_at *at, struct iova_range mapping);
	int (*mark)(const struct dirty_at *at, iova_t iova, uint64_t length, uint64_t page_size, const void *bits,
		    uint64_t *marked);
};

/* dirty.c: the table behind a source, NULL: nobody. */
const struct dirty_ops *dirty_ops_of(const struct dirty_at *at);

/* The smallest page of the IOMMU, 4096 where it does not tell. */
static inline uint64_t caps_granule(const struct iommu_caps *caps)
{
	return caps->page_sizes ? caps->page_sizes & -caps->page_sizes : 4096;
}
/* @least and each larger power of two of which a whole one, aligned, fits into an aperture: what a bit may stand for. */
uint64_t dirty_sizes(const struct iommu_caps *caps, uint64_t least);
/* Does req->bits have room for the range? Of what a kernel is told no size of. */
bool dirty_fits(const struct dirty_read *req);

struct leaf_ops {
	int (*size)(struct iommu *iommu, iova_t iova, uint64_t *size);
	int (*split)(struct iommu *iommu, struct iova_range range, uint64_t size);
	int (*merge)(struct iommu *iommu, struct iova_range range, uint64_t size);
	int (*place)(struct iommu *iommu, enum dirty_window window, void (*fn)(void *arg), void *arg);
};

/* One per verb of objects.h; called from objects.c only, which composes the failure texts and notes down what exists. */
struct iommu_object_ops {
	int (*space_new)(struct iommu *of, struct iommu **out);
	uint32_t (*space_id)(const struct iommu *iommu);
	int (*space_refresh)(struct iommu *iommu);
	int (*space_allow)(struct iommu *iommu, const struct iova_range *ranges, unsigned int n);
	int (*space_copy)(struct iommu *dst, struct iommu_copy_req *req);
	int (*option)(struct iommu *iommu, enum iommu_option option, bool set, uint64_t *value);
	int (*change_process)(struct iommu *iommu);
	int (*device_attach)(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid);
	int (*device_detach)(struct iommu_device *idev, uint32_t pasid);
	uint32_t (*device_object)(const struct iommu_device *idev);
	int (*hw_info)(struct iommu_device *idev, struct iommu_hw_info *info);
	int (*hwpt_new)(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id);
	int (*hwpt_invalidate)(struct iommu *iommu, uint32_t hwpt, uint32_t data_type, const void *entries,
			       uint32_t entry_len, uint32_t n, uint32_t *done);
	int (*destroy)(struct iommu *iommu, uint32_t id);
	/* *fd is read and written as IOMMU_FAULT_QUEUE_ALLOC's; objects.c closes it */
	int (*fault_queue_new)(struct iommu *iommu, uint32_t *id, int *fd);
	int (*vfio_space)(struct iommu *iommu, enum iommu_vfio_space op, uint32_t *id);
	int (*space_phys)(struct iommu *iommu, iova_t iova, uint64_t *size, uint64_t *phys);
	int (*viommu_new)(struct iommu *iommu, const struct iommu_viommu_req *req, uint32_t *id);
	int (*vdevice_new)(struct iommu_device *idev, uint32_t viommu, uint64_t virt_id, uint32_t *id);
	int (*hw_queue_new)(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t index, iova_t iova,
			    uint64_t size, uint32_t *id);
	/* *fd as of fault_queue_new */
	int (*event_queue_new)(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t depth, uint32_t *id,
			       int *fd);
	int (*test_fault)(struct iommu_device *idev, const struct iommu_pgfault *fault);
	int (*test_event)(struct iommu_device *idev);
};

/* A device's migration states, as migration.h; called from migration.c only. */
struct mig_ops {
	int (*flags)(struct iommu_device *idev, uint64_t *flags);
	int (*get_state)(struct iommu_device *idev, uint32_t *raw);
	int (*set_state)(struct iommu_device *idev, uint32_t to, struct mig_stream *out);
	int (*reset)(struct iommu_device *idev);
	int (*data_size)(struct iommu_device *idev, uint64_t *bytes);
	int (*has_v1_region)(struct iommu_device *idev, bool *has);
	ssize_t (*read)(struct iommu_device *idev, struct mig_stream *s, void *buf, size_t len);
	ssize_t (*write)(struct iommu_device *idev, struct mig_stream *s, const void *buf, size_t len);
	int (*precopy_info)(struct iommu_device *idev, struct mig_stream *s, struct mig_precopy *out);
	void (*close)(struct iommu_device *idev, struct mig_stream *s);
};

struct idev_ops {
	int (*config_read)(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value);
	int (*config_write)(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value);
	int (*bar_map)(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f);
	/* BAR @n by descriptor, where it is not mapped; width 1, 2, 4 or 8 */
	int (*bar_read)(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			uint64_t *value);
	int (*bar_write)(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			 uint64_t value);
	int (*reset)(struct iommu_device *idev);
	bool (*has_reset)(const struct iommu_device *idev);
	int (*irq_enable)(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *eventfd_out);
	int (*irq_disable)(struct iommu_device *idev, enum idev_irq kind);
	int (*irq_unmask)(struct iommu_device *idev, enum idev_irq kind);
	int (*irq_mask)(struct iommu_device *idev, enum idev_irq kind);
	int (*irq_trigger)(struct iommu_device *idev, enum idev_irq kind, unsigned int n);
	int (*vfio_fd)(const struct iommu_device *idev); /* for idev_vfio.h's verbs */
	struct sim_engine *(*sim_engine)(struct iommu_device *idev);
	/* as access.h; access->idev is filled in by the caller */
	int (*access_open)(struct iommu_device *idev, struct idev_access **out);
	void (*access_close)(struct idev_access *access);
	int (*access_rw)(struct idev_access *access, iova_t iova, void *buf, uint64_t len, unsigned int flags);
	const struct dirty_ops *dirty;	 /* source device, NULL: it has none */
	const struct mig_ops *migration; /* NULL: none */
};

/* objects.c, told by iommu.c: a context begins and ends, devices come and go, a further space is closed. */
int objects_new(struct iommu *iommu);
void objects_free(struct iommu *iommu);
int objects_add_device(struct iommu_device *idev);
void objects_drop_device(struct iommu_device *idev);
void objects_drop_space(struct iommu *space);

extern const struct iommu_ops iommu_sim_ops, iommu_vfio_ops, iommu_vfio_v1_ops, iommu_iommufd_ops,
	iommu_iommufd_compat_ops, iommu_mock_ops;

#endif
