/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recipe executed on no device: registers that hold what is written to them, or answer as they are told to, memory that nobody else
 * writes to. Each access is shown; what is polled for is taken to come, unless the register was told what to answer.
 */
#ifndef IC_CORE_RECIPE_DRY_H
#define IC_CORE_RECIPE_DRY_H

#include "dev/recipe.h"
#include "out/report.h"

#define RECIPE_DRY_SETS_MAX 64

/* The register at @offset reads as @value, whatever is written to it. */
struct recipe_dry_set {
	uint64_t offset, value;
};

/* "OFFSET=VALUE". -EINVAL. */
int recipe_dry_parse_set(const char *text, struct recipe_dry_set *set);

struct recipe_dry_params {
	const struct recipe *recipe;
	const char *file; /* for messages */
	struct recipe_dry_set sets[RECIPE_DRY_SETS_MAX];
	unsigned int nr_sets;
};

/*
 * Init, one request in each direction, stop. A list `sections` of {name, result, why, steps[]}, with a check each; the accesses of one
 * line after the fourth of a section are counted, not listed. A section that ends with an error is a FAIL, and the last. -EINVAL:
 * the recipe or a set is not sound; -ENOMEM.
 */
int recipe_dry_run(const struct recipe_dry_params *params, struct report *r, struct fail *f);

#endif
