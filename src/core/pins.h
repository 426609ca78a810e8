/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that stay pinned, by the kernel's own count. It sees leaks that the locked-memory account does not, but it counts for the
 * whole machine: a verdict only when nobody else pinned meanwhile. Pages of the tool that stay pinned all along cancel out.
 */
#ifndef IC_CORE_PINS_H
#define IC_CORE_PINS_H

#include <stdbool.h>

#include "base/util.h"

/* The machine before what is to be judged. */
struct pins {
	bool known;
	uint64_t pinned, others; /* pages; what other processes had pinned or locked */
};

struct pins_sample {
	uint64_t pinned, acquired;
};

void pins_before(struct pins *pins);
/* Now that all was unmapped: how many more pages than before the machine counts as pinned. Why nobody can tell, or NULL. */
const char *pins_after(const struct pins *before, uint64_t *leaked);
/*
 * The verdict on samples taken one after another once everything was released. NULL: judged, and *leaked pages are too
 * many; else why it cannot be judged (then *leaked is 0).
 */
const char *pins_decide(uint64_t before, const struct pins_sample *s, unsigned int n, bool others_changed,
			uint64_t *leaked);

#endif
