/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the sim_* files: one simulated IOMMU with its memory, and the devices behind it. */
#ifndef IC_IOMMU_SIM_CONTEXT_H
#define IC_IOMMU_SIM_CONTEXT_H

#include <pthread.h>

#include "iommu/backend.h"
#include "iommu/sim.h"
#include "iommu/sim_fault.h"
#include "iommu/sim_iotlb.h"
#include "iommu/sim_mem.h"
#include "iommu/sim_pt.h"
#include "iommu/sim_qi.h"

/* The window that x86 hosts keep for message signalled interrupts. */
#define SIM_MSI_START UINT64_C(0xfee00000)
#define SIM_MSI_LAST UINT64_C(0xfeefffff)
#define SIM_MSI ((struct iova_range){SIM_MSI_START, SIM_MSI_LAST})

#define SIM_RECORDS 256u

/* What the hardware keeps of a fault; sim_record.c makes words of it. */
struct sim_record {
	uint64_t iova;
	uint64_t time_ns;
	bool write;
	enum sim_walk why;
};

struct sim_records {
	pthread_mutex_t lock;
	struct sim_record record[SIM_RECORDS];
	unsigned int first, count;
};

struct sim {
	struct iommu iommu;
	struct sim_faults faults;
	struct sim_mem mem;
	pthread_mutex_t lock; /* maps, pt's writers, qi */
	struct sim_tree maps;
	struct sim_pt pt;
	struct sim_iotlb tlb;
	struct sim_qi qi;
	uint64_t entry_limit; /* mappings allowed at once (type1) */
	_Atomic uint64_t pins;
	struct sim_records records;
};

/* sim_type1.c: the kernel's answers. */
int sim_map(struct iommu *iommu, struct iommu_map_req *req);
int sim_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped);
int sim_unmap_all(struct iommu *iommu, uint64_t *unmapped);

/* Is /dev/iommu the one that answers, by whichever ioctls? */
static inline bool sim_is_iommufd(const struct sim *sim)
{
	return sim->iommu.personality != IOMMU_TYPE1_V2 && sim->iommu.personality != IOMMU_TYPE1_V1;
}

/* May the range be mapped at all? iova-reserved lets the window pass. */
bool sim_range_valid(struct sim *sim, struct iova_range range);
/* -EEXIST where something is mapped; overlap-ok has it go away instead. */
int sim_range_free(struct sim *sim, struct iova_range range);

/* sim_iommufd.c: /dev/iommu's; under sim->lock */
int sim_iommufd_check_map(struct sim *sim, struct iommu_map_req *req);
int sim_iommufd_unmap(struct sim *sim, uint64_t iova, uint64_t size, uint64_t *unmapped);

/* sim_mapping.c: one live mapping, and how it comes and goes. All under sim->lock. */
struct sim_mapping {
	struct sim_node node;
	struct sim_mapping *next; /* in the list of those being removed */
	struct sim_buf *buf;
	uint64_t first_page; /* of buf */
	uint64_t pages;
	bool forgotten; /* sim_vaddr.c */
};

static inline struct sim_mapping *sim_mapping_first(struct sim *sim, uint64_t start, uint64_t last)
{
	struct sim_node *node = sim_tree_first(&sim->maps, start, last);

	return node ? container_of(node, struct sim_mapping, node) : NULL;
}

/* The range is free and legal. Takes over the reference to @buf, also when it fails. -EEXIST: an entry was still set. */
int sim_mapping_add(struct sim *sim, uint64_t iova, uint64_t size, enum iommu_prot prot, struct sim_buf *buf,
		    uint64_t offset);
/* The mapping ends at @point; what follows is a mapping of its own. -ENOMEM. */
int sim_mapping_split(struct sim *sim, struct sim_mapping *map, uint64_t point);
/* Take out of the tree and put on *list. */
void sim_mapping_unlink(struct sim *sim, struct sim_mapping *map, struct sim_mapping **list);
/* Clear, wait, invalidate, wait, unpin: all of @list in one go. Returns the bytes to report. */
uint64_t sim_mapping_remove(struct sim *sim, struct sim_mapping *list);
/* Free without waiting: no device is left. */
void sim_mapping_drop_all(struct sim *sim);

/* sim_type1.c: does either end of @range lie inside a mapping? */
bool sim_bisects(struct sim *sim, struct iova_range range);

/* sim_vaddr.c */
int sim_vaddr_forget(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes);
int sim_vaddr_renew(struct iommu *iommu, void *va, iova_t iova, uint64_t size);

/* sim_xlate.c: the device's side. */
struct sim_access {
	struct sim *sim;
	bool untranslated; /* this request goes to physical addresses */
	bool faulted;	   /* out: some page of the request was not reached */
};

/*
 * Inside rcu_enter(): where the device's access to @iova lands, up to the end of its 4K page. NULL: it reaches no
 * memory; a fault was recorded unless the access was not translated at all.
 */
char *sim_access_page(struct sim_access *access, uint64_t iova, bool write);

/* sim_record.c */
void sim_record_add(struct sim *sim, uint64_t iova, bool write, enum sim_walk why);
int sim_record_read(struct iommu *iommu, struct dma_fault *out, unsigned int max, unsigned int *count);

/* sim_queue.c, sim_dma.c */
struct sim_engine *sim_engine_new(struct sim *sim);
void sim_engine_free(struct sim_engine *e);

#endif
