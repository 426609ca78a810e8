/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same tests by each variant of something, in one group: a test program has one plan. */
#ifndef IC_TESTS_VARIANTS_H
#define IC_TESTS_VARIANTS_H

#include "unit.h"

#include <assert.h>
#include <stdio.h>

#define VARIANT_TESTS_MAX 128

struct variant_tests {
	struct CMUnitTest tests[VARIANT_TESTS_MAX];
	char names[VARIANT_TESTS_MAX][64];
	size_t nr;
};

/* @tests as "@variant: name", each after @setup with @state in *state; or with @variant NULL as they are. */
static inline void variant_tests_add(struct variant_tests *all, const struct CMUnitTest *tests, size_t n,
				     const char *variant, CMFixtureFunction setup, const void *state)
{
	for (size_t i = 0; i < n; i++, all->nr++) {
		assert(all->nr < VARIANT_TESTS_MAX);
		all->tests[all->nr] = tests[i];
		if (!variant)
			continue;
		snprintf(all->names[all->nr], sizeof(all->names[0]), "%s: %s", variant, tests[i].name);
		all->tests[all->nr].name = all->names[all->nr];
		all->tests[all->nr].setup_func = setup;
		all->tests[all->nr].initial_state = (void *)(uintptr_t)state;
	}
}

static inline int variant_tests_run(const struct variant_tests *all)
{
	return _cmocka_run_group_tests("tests", all->tests, all->nr, NULL, NULL);
}

#endif
