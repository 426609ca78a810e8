/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shorthands of the cases of `dirty verify`: a little memory, some writes into it, tracking off and on. */
#include "core/verify/some.h"

#define SOME_LEN 64	   /* bytes of a small write */
#define SOME_RANGES_MAX 64 /* ranges that a device may be asked to log */

int verify_some(struct verify *v, uint64_t grains, struct verify_area **out, struct fail *f)
{
	const struct verify_want want = {.size = grains * verify_small(v)};

	return verify_map(v, &want, out, f);
}

uint64_t verify_write_len(const struct verify *v)
{
	const struct dev *dev = session_dev(v->s);
	uint64_t len = SOME_LEN;

	if (dev && !v->caps.marks)
		len = dev_length(dev_limits(dev), len);
	return MIN(len, v->unit);
}

uint64_t verify_draw_page(struct verify *v, const struct verify_area *area)
{
	return verify_draw(v, area->size / v->unit) * v->unit;
}

int verify_scatter(struct verify *v, struct verify_area *area, unsigned int n, bool quietly, struct fail *f)
{
	uint64_t len = verify_write_len(v);
	int err = 0;

	for (unsigned int i = 0; i < n && !err; i++) {
		uint64_t off = verify_draw_page(v, area) + verify_draw(v, v->unit / len) * len;

		err = quietly ? verify_write_quietly(v, area, off, len, f) : verify_write(v, area, off, len, f);
	}
	return err;
}

int verify_hold_all(struct verify *v, struct verify_area *area, bool keep, const char *what, struct fail *f)
{
	const struct verify_query q = {.area = area, .keep = keep, .what = what};

	return verify_hold(v, &q, f);
}

int verify_switch(struct verify *v, bool on, struct fail *f)
{
	struct iova_range ranges[SOME_RANGES_MAX];
	struct dirty_start req = {.ranges = ranges, .page_size = v->unit};
	unsigned int max = MIN(v->caps.ranges, SOME_RANGES_MAX);

	if (!on)
		return iommu_dirty_stop(&v->at, f);
	for (const struct verify_area *a = v->areas; a && req.nr < max; a = a->next)
		if (!a->unmapped)
			ranges[req.nr++] = (struct iova_range){a->iova, a->iova + (a->size - 1)};
	return iommu_dirty_start(&v->at, &req, f);
}

bool verify_can_dma(struct verify *v, const char **why)
{
	if (v->caps.marks)
		*why = "marked, not DMA: nothing is ever in flight here";
	return !v->caps.marks;
}

bool verify_can_map(struct verify *v, const char **why)
{
	if (v->caps.ranges)
		*why = "a device logs the ranges named at the start, whatever is mapped there";
	return !v->caps.ranges;
}
