/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dirty bitmap, or a series of them, looks like: which cells there are and what stands beside them. */
#include "core/dirty_plot.h"

#include <errno.h>

int dirty_plot_map(const struct dirty_bitmap *b, const struct dirty_plot *p, struct report *r, struct fail *f)
{
	return fail_set(f, EOPNOTSUPP, "cannot draw a heat map");
}

int dirty_plot_rate(const struct dirty_bitmap *series, const char *const *names, unsigned int n,
		    const struct dirty_plot *p, struct report *r, struct fail *f)
{
	return fail_set(f, EOPNOTSUPP, "cannot draw rates");
}
