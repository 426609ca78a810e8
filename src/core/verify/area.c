/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of the cases of `dirty verify`: mapped in entries of a known size, tracked, and unmapped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/rng.h"
#include "core/verify/log.h"
#include "core/verify/priv.h"
#include "iommu/objects.h"

/* So many calls that map one smallest page each; with more large entries are switched off where they can be. */
#define AREA_PIECES_MANY 4096
#define AREA_PIECES_MAX 65536

uint64_t verify_draw(struct verify *v, uint64_t n)
{
	uint64_t draw = rng_draw(session_params(v->s)->seed, v->p->op, rng_place(v->c->name));

	draw = rng_draw(draw, v->round, v->draws++);
	return n ? rng_below(draw, n) : draw;
}

static uint64_t area_granule(const struct verify *v)
{
	uint64_t sizes = iommu_caps(session_iommu(v->s))->page_sizes;

	return sizes ? sizes & -sizes : 4096;
}

uint64_t verify_small(const struct verify *v)
{
	return MAX(area_granule(v), v->unit);
}

/* iopt_disable_large_pages(): not once something is mapped that a device uses. Entries are those of the processor's pages then. */
int verify_small_pages(struct verify *v, struct fail *f)
{
	struct iommu *iommu = session_iommu(v->s);
	uint64_t large = 1;
	int err;

	if (v->small_pages)
		return 0;
	iommu_option_get(iommu, IOMMU_OPTION_HUGE_PAGES, &large, NULL);
	err = iommu_option_set(iommu, IOMMU_OPTION_HUGE_PAGES, 0, f);
	v->small_pages = !err;
	/* what the user has switched off stays off */
	v->large_again = !err && large;
	return err;
}

/*
 * One call of map makes entries no larger than what it maps. Where large ones can be split one call will do, else it takes one
 * for each page.
 */
static uint64_t area_piece(struct verify *v, const struct verify_want *want)
{
	uint64_t memory = want->memory ? want->memory : want->size;

	if (want->leaf > verify_small(v) && !want->whole)
		return MIN(want->leaf, memory);
	if (want->whole || v->caps.leaves || v->caps.over_reports || v->small_pages)
		return memory;
	if (want->size / area_granule(v) > AREA_PIECES_MANY && !v->areas && !verify_small_pages(v, NULL))
		return memory;
	return area_granule(v);
}

static int area_memory(struct verify *v, const struct verify_want *want, struct verify_area *area, struct fail *f)
{
	enum iommu_mem_kind kind = IOMMU_MEM_ANON;
	int err;

	if (want->leaf >= GiB(1))
		kind = IOMMU_MEM_HUGETLB_1G;
	else if (want->leaf >= MiB(2))
		kind = IOMMU_MEM_HUGETLB_2M;
	err = iommu_mem_alloc(session_iommu(v->s), want->memory ? want->memory : want->size, kind, &area->mem, f);
	/* huge pages that nobody reserved are something this machine does not have */
	return err && kind != IOMMU_MEM_ANON ? fail_set(f, EOPNOTSUPP, "no memory for leaves of 0x%llx bytes: %.150s",
							(unsigned long long)want->leaf, f ? f->text : "")
					     : err;
}

static int area_place(struct verify *v, const struct verify_want *want, struct verify_area *area, struct fail *f)
{
	uint64_t align = MAX(want->align, MAX(area_granule(v), want->leaf)), size = want->size + want->off;
	iova_t iova = 0;

	if (want->iova)
		iova = *want->iova - want->off;
	else if (!session_pick(v->s, session_space(v->s), verify_draw(v, 0), size, align, &iova))
		return fail_set(f, ENOSPC, "no free iova for 0x%llx bytes aligned to 0x%llx", (unsigned long long)size,
				(unsigned long long)align);
	area->iova = iova + want->off;
	return session_check_map(v->s, area->iova, area->size, f);
}

static int area_map(struct verify *v, const struct verify_want *want, uint64_t piece, struct verify_area *area,
		    struct fail *f)
{
	uint64_t memory = want->memory ? want->memory : want->size, at = 0;
	int err = 0;

	if (area->size / piece > AREA_PIECES_MAX)
		return fail_set(f, EOPNOTSUPP, "0x%llx bytes in small entries take too many calls here",
				(unsigned long long)area->size);
	while (at < area->size && !err) {
		struct iommu_map_req req = {.va = (char *)area->mem.va + at % memory,
					    .size = MIN(piece, area->size - at),
					    .iova = area->iova + at,
					    .prot = want->prot ? want->prot : IOMMU_PROT_RW,
					    .tag = "verify",
					    .named = want->named};

		err = iommu_map(session_iommu(v->s), &req, f);
		at += err ? 0 : req.size;
	}
	if (err && at)
		iommu_unmap(session_iommu(v->s), area->iova, at, NULL, NULL);
	return err;
}

static struct iova_range area_range(const struct verify_area *area)
{
	return (struct iova_range){area->iova, area->iova + area->size - 1};
}

/* Entries as large as was wanted, where that can be seen and done. */
static int area_leaves(struct verify *v, const struct verify_want *want, struct verify_area *area, struct fail *f)
{
	uint64_t size = 0;
	int err;

	area->leaf = MAX(verify_small(v), want->leaf);
	/* bits of other sources are of pages, whatever translates them */
	if (v->at.source != DIRTY_IOMMU) {
		area->leaf = MAX(v->unit, v->log_page);
		return 0;
	}
	if (v->small_pages)
		area->leaf = MAX(verify_small(v), (uint64_t)sysconf(_SC_PAGESIZE));
	if (want->whole && !v->small_pages)
		while (area->leaf < area->size)
			area->leaf *= 2;
	if (!v->caps.leaves || want->whole)
		return 0;
	if (want->leaf <= verify_small(v))
		return area->size >= MiB(2) ? iommu_leaf_split(session_iommu(v->s), area_range(area), area->leaf, f)
					    : 0;
	err = iommu_leaf_size(session_iommu(v->s), area->iova, &size);
	if (err)
		return fail_set(f, err, "cannot ask for the size of the entry at iova 0x%llx",
				(unsigned long long)area->iova);
	if (size != want->leaf)
		return fail_set(f, EOPNOTSUPP, "leaves of 0x%llx bytes became leaves of 0x%llx",
				(unsigned long long)want->leaf, (unsigned long long)size);
	return 0;
}

/* All but its memory. */
static void area_forget(struct verify_area *area)
{
	free(area->truth);
	free(area->log);
	free(area);
}

static void area_free(struct verify *v, struct verify_area *area)
{
	iommu_mem_free(session_iommu(v->s), &area->mem);
	area_forget(area);
}

void verify_forget_areas(struct verify *v)
{
	while (v->areas) {
		struct verify_area *area = v->areas;

		v->areas = area->next;
		area_forget(area);
	}
}

static int area_set_up(struct verify *v, const struct verify_want *want, struct verify_area *area, struct fail *f)
{
	/* first: it may have large pages switched off, and what can be mapped is in larger steps then */
	uint64_t piece = area_piece(v, want);
	int err;

	area->size = want->size;
	area->truth = calloc(bitmap_words(area->size / v->unit), sizeof(*area->truth));
	area->log = calloc(1, sizeof(*area->log));
	if (!area->truth || !area->log)
		return fail_set(f, ENOMEM, "cannot note down writes into 0x%llx bytes", (unsigned long long)area->size);
	err = area_memory(v, want, area, f);
	if (!err)
		err = area_place(v, want, area, f);
	return err ? err : area_map(v, want, piece, area, f);
}

int verify_map(struct verify *v, const struct verify_want *want, struct verify_area **out, struct fail *f)
{
	struct verify_area *area = calloc(1, sizeof(*area));
	int err;

	if (!area)
		return fail_set(f, ENOMEM, "cannot allocate an area");
	area->mem.fd = -1;
	err = area_set_up(v, want, area, f);
	if (err) {
		area_free(v, area);
		return err;
	}
	area->next = v->areas;
	v->areas = area;
	*out = area;
	return area_leaves(v, want, area, f);
}

int verify_unmap(struct verify *v, struct verify_area *area, struct fail *f)
{
	struct verify_area **at = &v->areas;
	uint64_t unmapped = area->size;
	int err = session_usable(v->s, f);

	if (!err && !area->unmapped)
		err = iommu_unmap(session_iommu(v->s), area->iova, area->size, &unmapped, f);
	if (err)
		return err;
	if (unmapped != area->size)
		verify_fail(v, "unmapping 0x%llx bytes at iova 0x%llx reported 0x%llx bytes",
			    (unsigned long long)area->size, (unsigned long long)area->iova,
			    (unsigned long long)unmapped);
	while (*at && *at != area)
		at = &(*at)->next;
	if (*at)
		*at = area->next;
	if (v->desk == area)
		v->desk = NULL;
	area_free(v, area);
	return 0;
}

int verify_start(struct verify *v, struct fail *f)
{
	uint64_t page_size = v->at.source == DIRTY_DEVICE ? v->unit : 0;
	struct op_dirty_on on = {0};
	int err = verify_desk(v, f);

	if (!err)
		err = op_dirty_start(v->s, &v->p->on, NULL, 0, page_size, f);
	if (err)
		return err;
	v->on = true;
	/* the table that it made, and what the device logs by, which may be more than was asked for */
	op_dirty_get(v->s, 0, &on);
	v->at = v->res->at = on.at;
	v->log_page = on.page_size;
	for (struct verify_area *area = v->areas; area; area = area->next) {
		memset(area->truth, 0, bitmap_words(area->size / v->unit) * sizeof(*area->truth));
		area->log->count = 0;
		area->leaf = MAX(area->leaf, v->log_page);
	}
	return 0;
}

/* What the device only read must not have become dirty; what it wrote there must have. */
static int area_hold_desk(struct verify *v, struct fail *f)
{
	struct verify_query q = {.area = v->desk, .what = "the last read, of what the device copies from"};

	return v->desk && v->on ? verify_hold(v, &q, f) : 0;
}

int verify_stop(struct verify *v, struct fail *f)
{
	int err = area_hold_desk(v, f), stop;

	v->on = false;
	stop = op_dirty_stop(v->s, &v->p->on, err ? NULL : f);
	return err ? err : stop;
}
