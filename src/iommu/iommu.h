/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The public verbs on an IOMMU context, whatever backend is behind it. One context = one I/O address space. The verbs
 * compose the failure text and keep the ledger of what is mapped; they do not reject bad input (negative tests must
 * reach the kernel): core/session does that. All verbs are safe to call from several threads.
 */
#ifndef IC_IOMMU_IOMMU_H
#define IC_IOMMU_IOMMU_H

#include "base/fail.h"
#include "host/faults.h"
#include "iommu/types.h"

struct iommu;
struct iommu_device;
struct host;

struct iommu_params {
	const char *spec;     /* "sim,fault=stale-iotlb:p=0.01" or "vfio"; never NULL */
	const char *vf_token; /* UUID text or NULL */
	uint64_t seed;	      /* for the simulated IOMMU's misbehaviours */
	const struct host *host;
};

/*
 * Open a backend by spec "NAME[,KEY=VALUE...]".
 * -EINVAL unknown backend, key or value (names the valid ones); -ENOENT/-EACCES/-ENODEV as the kernel answers, with a hint.
 */
int iommu_open(struct iommu **out, const struct iommu_params *params, struct fail *f);
/* Unmaps what the ledger still holds, detaches devices, frees. NULL is fine. */
void iommu_close(struct iommu *iommu);

/* Is there a backend of the name in @spec? */
bool iommu_is_backend(const char *spec);
/* The device that the backend in @spec brings along ("sim"). NULL: devices of the machine, or no such backend. */
const char *iommu_own_device(const char *spec);
/* What this machine would have to have for it ("/dev/iommu") and has not. NULL: it is there, or there is no such backend. */
const char *iommu_missing_node(const char *spec);

const char *iommu_name(const struct iommu *iommu);
/* Valid after the first iommu_attach(); refreshed by each attach. */
const struct iommu_caps *iommu_caps(const struct iommu *iommu);
/* Whose rules its map and unmap follow. */
enum iommu_personality iommu_personality(const struct iommu *iommu);
/* "type1-v2", "type1-v1", "iommufd", "compat-v2", "compat-v1" */
const char *iommu_personality_name(enum iommu_personality personality);

/*
 * Bring a device into the context: "sim", a full PCI address "0000:00:04.0" or a mediated device's UUID. For VFIO: group
 * viability with the blocking device named, container, SET_IOMMU, device descriptor, extensions asked after it. Errors:
 * -ENOENT no such device, -EBUSY group open elsewhere (the holder is named), -EPERM/-EACCES, -ENODEV on a host driver, not
 * viable, or no such mediated device; -EINVAL a name that no device has.
 */
int iommu_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f);
void iommu_detach(struct iommu_device *idev);

/* Memory fit for DMA in this context: the simulated IOMMU's frames, else pages of the host. Zero-filled, touched. */
int iommu_mem_alloc(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out,
		    struct fail *f);
/*
 * For memory that is mapped for the device to write before anybody reads it: small host memory may have no pages yet, for the pin
 * brings them (pin_user_pages_remote() with FOLL_WRITE), and bringing them twice costs as much as the map. A pin to read alone
 * would not do: it may find the page of zeros.
 */
int iommu_mem_alloc_untouched(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out,
			      struct fail *f);
/* As iommu_mem_alloc(), with inaccessible memory behind its end: mapping more than there is fails with EFAULT and reaches nothing else. */
int iommu_mem_alloc_guarded(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out,
			    struct fail *f);
/* Also correct while the memory is mapped: on a host the pages stay pinned, in the simulation as well. */
void iommu_mem_free(struct iommu *iommu, struct iommu_mem *mem);

struct iommu_map_req {
	void *va;
	uint64_t size;
	iova_t iova; /* in; out when kernel_iova */
	enum iommu_prot prot;
	bool kernel_iova;   /* let the backend choose */
	const char *tag;    /* buffer name for the ledger, copied; may be NULL */
	unsigned int owner; /* free use by the caller: generation, thread; kept in the ledger */
	bool named;	    /* a buffer the user named, and may unmap by address; kept in the ledger */
	/* Memory with a descriptor that @va lies in: mapped by that where the backend can (has_map_file). NULL: by address. */
	const struct iommu_mem *file;
	uint32_t flags; /* further bits for the ioctl's flags, as they are: what does the kernel say to those? */
};

/* 0 or -errno exactly as the backend answered. @f may be NULL on hot paths. */
int iommu_map(struct iommu *iommu, struct iommu_map_req *req, struct fail *f);

/*
 * @size bytes from @iova. *unmapped (may be NULL) = bytes the backend says it removed; comparing that with what was
 * mapped is the caller's check. The ledger drops what the interface drops: v2 every mapping inside the range; v1 those that
 * start inside, but none if the range begins inside one; iommufd and compat (-ENOENT) those left of one that sticks out; v1
 * of compat cuts what sticks out in two.
 */
int iommu_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped, struct fail *f);
int iommu_unmap_all(struct iommu *iommu, uint64_t *unmapped, struct fail *f);

/* The mapping of just @range has its memory at @va now: for the ledger, nobody else is told. -ENOENT there is none, -ENOMEM. */
int iommu_note_va(struct iommu *iommu, struct iova_range range, void *va);

/*
 * Does the kernel's own view of its page tables agree that @size bytes from @iova lead to @va (@mapped), or no longer do? Only
 * where caps say checks_table. 0 = it agrees; -EILSEQ = it does not, -EUCLEAN = it does but the pins do not, and @f says how.
 * Could not be asked: -EDOM no whole entries, -ENODATA the space has no page table, other -errno. @pins: how often each page
 * of @va is pinned in all, -1 = not asked; pages that are parts of larger ones are not counted (Linux,
 * iommufd_test_md_check_refs()). Memory at @va is resident.
 */
int iommu_check_table(struct iommu *iommu, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		      struct fail *f);

/* Physical address (frame number x 4 KiB for sim) of a resident page. -EOPNOTSUPP, -EPERM without CAP_SYS_ADMIN. */
int iommu_phys(struct iommu *iommu, const void *va, uint64_t *phys);

/* Pages that the backend holds pinned or accounts as locked for us: VmLck (type1), VmPin (iommufd), sim's own count. */
int iommu_pins(struct iommu *iommu, uint64_t *pages);

/*
 * From now on no more than @bytes may be pinned (UINT64_MAX: as many as before): RLIMIT_MEMLOCK of the process without the calling
 * thread's right to exceed it, and in the simulation its own count. What is pinned already stays. Given back by the same thread.
 */
int iommu_memlock(struct iommu *iommu, uint64_t bytes, struct fail *f);
/*
 * What is pinned now and counts against that limit, or will when it is lowered: /dev/iommu counts nothing of what was mapped with the
 * right to exceed it (iopt_alloc_pages() of Linux 7.3). In the account of others of the same user nobody but the kernel can look.
 */
int iommu_memlock_counted(struct iommu *iommu, uint64_t *bytes);

/* How many more mappings the kernel allows (type1's dma_entry_limit), asked now. -EOPNOTSUPP: it does not tell. */
int iommu_avail(struct iommu *iommu, uint32_t *mappings);

/*
 * Faults seen by the backend itself since the last call (sim), and how many it had no room for. -EOPNOTSUPP: read the kernel log
 * (host/faults.h) instead.
 */
int iommu_faults(struct iommu *iommu, struct dma_fault *out, unsigned int max, unsigned int *count,
		 unsigned int *dropped);

/*
 * A simulated backend as if nothing had happened to it yet: what is mapped and allocated stays; cached translations, entries and pins
 * that nothing mapped has, and unread faults go; its misbehaviours count from 0 and draw from @seed. While no DMA is under way.
 * -EOPNOTSUPP: it is no simulation.
 */
int iommu_fresh(struct iommu *iommu, uint64_t seed);

/* One line per backend: name, help; per misbehaviour of sim; per model of its device and way of being broken. Terminated by a NULL name. */
struct iommu_help {
	const char *name, *help;
};
const struct iommu_help *iommu_backends_help(void);
const struct iommu_help *iommu_sim_faults_help(void);
const struct iommu_help *iommu_sim_models_help(void);

#endif
