/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of the interface: what an IOMMU context has to answer. One model is one I/O address space; it knows nothing of backends
 * beyond their capabilities and whose rules they follow (iommu/types.h, enum iommu_personality), and it asks nobody: every answer
 * follows from the calls before. What an answer may be where the interface leaves it open is data too.
 */
#ifndef IC_CORE_STRESS_MODEL_H
#define IC_CORE_STRESS_MODEL_H

#include "iommu/dirty.h"
#include "iommu/types.h"

struct model;

/*
 * What is due: one of @errs (positive errno, 0 = done), @nr of them, the likeliest first. @bytes with 0: what an unmap or copy has to
 * report; @bytes_any: nobody can say (several threads take part). @why: a sentence with the source of the rule, static.
 */
#define MODEL_ERRS 4
struct model_answer {
	unsigned int nr;
	int errs[MODEL_ERRS];
	uint64_t bytes;
	bool bytes_any;
	const char *why;
};
bool model_allows(const struct model_answer *due, int err);

struct model_params {
	const struct iommu_caps *caps;
	enum iommu_personality personality;
	uint64_t limit; /* mappings that fit beside those the model does not have (iommu_avail()), 0 = none is known */
	bool refuses;	/* its page table is known to refuse a mapping without rights, if nothing before it does */
	bool spare;	/* a further space to which no device is attached: nothing need be pinned when it is mapped */
};
int model_new(struct model **out, const struct model_params *params);
void model_free(struct model *m); /* NULL is fine */
/* Forget everything: nothing is mapped, no tracking. */
void model_reset(struct model *m);

/* One mapping as the model has it. @id is the caller's: which buffer; @offset: of its memory's byte at the mapping's start. */
struct model_map {
	struct iova_range range;
	enum iommu_prot prot;
	uint64_t id, offset;
	bool file; /* made by descriptor */
};
/*
 * What iommu_map() of @size bytes at @iova has to answer. Arguments as the kernel gets them: zero, misaligned, wrapping, outside of
 * the apertures, over a mapping, without rights. @resident: so many bytes of memory really lie behind va (less than @size: EFAULT).
 * The state is left alone: model_mapped() notes what was done.
 */
struct model_req {
	iova_t iova;
	uint64_t size, resident;
	uint64_t va; /* as the kernel gets it: its alignment matters */
	enum iommu_prot prot;
	bool file, kernel_iova;
};
void model_ask_map(const struct model *m, const struct model_req *req, struct model_answer *due);
/* It was done, there. -EEXIST: on top of another (an overlap that was accepted), which the model has no longer. -ENOMEM. */
int model_mapped(struct model *m, const struct model_map *map);

/* Unmap of @size bytes from @iova: exact, spanning holes, cutting (v2 EINVAL, v1 all or nothing, iommufd ENOENT), nothing there, wrapping. */
void model_ask_unmap(const struct model *m, iova_t iova, uint64_t size, struct model_answer *due);
void model_ask_unmap_all(const struct model *m, struct model_answer *due);
/*
 * It was called, and answered as the model allows: what the personality drops is gone. Also after a refusal, which may leave mappings
 * gone (iommufd, compat v2) or cut in two (compat v1). Returns how many bytes are gone.
 */
uint64_t model_unmapped(struct model *m, iova_t iova, uint64_t size);
uint64_t model_unmapped_all(struct model *m);

/* IOMMU_IOAS_COPY of @size bytes at @from of @src to @to of @m. */
void model_ask_copy(const struct model *m, const struct model *src, iova_t from, uint64_t size, iova_t to,
		    enum iommu_prot prot, struct model_answer *due);
int model_copied(struct model *m, const struct model *src, iova_t from, uint64_t size, iova_t to, enum iommu_prot prot);

/* May the device do this there? Every byte is mapped with the right it takes. */
bool model_reaches(const struct model *m, iova_t iova, uint64_t size, enum iommu_prot access);
/* The mapping that has @iova; false: nothing is there. */
bool model_find(const struct model *m, iova_t iova, struct model_map *out);
int model_each(const struct model *m, int (*fn)(const struct model_map *map, void *arg), void *arg);

/*
 * Two mappings of different memory for the device to copy between: @from may be read, @to written. Stress and its script have to take
 * the same two, so both ask here. @skip: so many that may be read are passed over first.
 */
struct model_pair {
	struct model_map from, to;
	bool has_from, has_to;
	uint64_t skip;
};
/* For each mapping of a space, in order; true: the pair is there. */
bool model_pair_take(struct model_pair *p, const struct model_map *map);
bool model_pair_is_whole(const struct model_pair *p);
uint64_t model_count(const struct model *m);
uint64_t model_bytes(const struct model *m);

/*
 * Dirty bits of one source. What was written for sure must be told, by the page; what shares an entry of the page table with that, or was
 * perhaps written, may be. What the source drops with a mapping the model drops as well.
 */
struct model_tracking {
	enum dirty_source source;
	const struct dirty_caps *caps; /* of the source, kept by the caller */
	uint64_t unit;		       /* bytes of the pages that the source notes by; 0 = the IOMMU's smallest */
};
void model_dirty_start(struct model *m, const struct model_tracking *how);
void model_dirty_stop(struct model *m);
bool model_dirty_is_on(const struct model *m);
/* The device wrote there. Nothing while tracking is off, or where only marks count (caps.marks). */
void model_wrote(struct model *m, iova_t iova, uint64_t size);
/* It may have, or a part of it: refused half way, or seen by no one. */
void model_touched(struct model *m, iova_t iova, uint64_t size);
/* iommu_dirty_mark() set the bits of these pages. */
void model_marked(struct model *m, iova_t iova, uint64_t size);

enum model_dirty { MODEL_CLEAN = 0, MODEL_MAY_BE_DIRTY = 1, MODEL_DIRTY = 2 };
/* Of a page, where nobody knows how large the entries are. */
enum model_dirty model_dirty_at(const struct model *m, iova_t iova, uint64_t page_size);
/* The largest entry that may translate @iova: an aligned power of two that lies in its mapping. */
uint64_t model_entry_max(const struct model *m, iova_t iova);
/*
 * Runs of pages in order: the lowest that has a byte of @within and is dirty for sure (MODEL_DIRTY), or perhaps beyond its neighbours'
 * sake (MODEL_MAY_BE_DIRTY). False: there is none.
 */
bool model_dirty_next(const struct model *m, enum model_dirty which, struct iova_range within, struct iova_range *run);

/*
 * @within was read and its bits cleared. @first and @last: the entries that have its first and last byte, which may stick out: what
 * of them lies outside of the range may be told later, or (caps.loses_cut) is lost.
 */
void model_dirty_cleared(struct model *m, struct iova_range within, struct iova_range first, struct iova_range last);
/* What was dirty for sure there is so no longer. */
void model_dirty_doubt(struct model *m, struct iova_range within);

struct model_dirty_req {
	iova_t iova;
	uint64_t size, page_size;
	uint64_t bytes; /* that the bitmap has */
	bool keep, unmap;
	bool unwritable; /* nobody can write to the bitmap */
};
/* What a read, or a read that unmaps, has to answer: holes, mappings that are cut, misalignment, tracking that is off. */
void model_ask_dirty(const struct model *m, const struct model_tracking *how, const struct model_dirty_req *req,
		     struct model_answer *due);

#endif
