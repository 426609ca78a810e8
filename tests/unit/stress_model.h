/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the model of stress have in common: the interfaces, models of them, what is due. */
#ifndef IC_TESTS_STRESS_MODEL_H
#define IC_TESTS_STRESS_MODEL_H

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/model.h"
#include "iommu/iommu.h"

#define PAGE UINT64_C(4096)
#define TOP UINT64_C(0xfffffffff000)

enum { T2, T1, FD, C2, C1, SIDES };
static const enum iommu_personality sides[SIDES] = {IOMMU_TYPE1_V2, IOMMU_TYPE1_V1, IOMMU_IOMMUFD, IOMMU_COMPAT_V2,
						    IOMMU_COMPAT_V1};

IC_UNUSED static const struct iommu_caps plain_caps = {
	.page_sizes = PAGE,
	.ranges_known = true,
	.nr_ranges = 2,
	.ranges = {{0, 0xfedfffff}, {0xfef00000, TOP + PAGE - 1}},
};

static inline struct model *model_of(unsigned int side, const struct iommu_caps *caps, uint64_t limit)
{
	struct model_params params = {.caps = caps, .personality = sides[side], .limit = limit};
	struct model *m;

	assert_int_equal(model_new(&m, &params), 0);
	return m;
}

static inline void add(struct model *m, iova_t iova, uint64_t size, enum iommu_prot prot, uint64_t id)
{
	struct model_map map = {.range = {iova, iova + size - 1}, .prot = prot, .id = id};

	assert_int_equal(model_mapped(m, &map), 0);
}

/* "EEXIST", "0", "EOVERFLOW|EINVAL": the errors that are allowed, in order. */
static inline void is_due(const struct model_answer *due, const char *want, const char *what, unsigned int side)
{
	char got[80] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < due->nr; i++)
		at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%s", i ? "|" : "",
				       due->errs[i] ? strerrorname_np(due->errs[i]) : "0");
	if (strcmp(got, want))
		fail_msg("%s on %s: %s is due, not %s (%s)", what, iommu_personality_name(sides[side]), want, got,
			 due->why);
	assert_non_null(due->why);
	assert_true(due->why[0]);
	for (unsigned int i = 0; i < due->nr; i++)
		assert_true(model_allows(due, due->errs[i]));
	assert_false(model_allows(due, ENOTTY));
}

#endif
