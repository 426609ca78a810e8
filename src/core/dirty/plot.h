/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dirty bitmap, or a series of them, as pictures. */
#ifndef IC_CORE_DIRTY_PLOT_H
#define IC_CORE_DIRTY_PLOT_H

#include "core/dirty/bitmap.h"

enum dirty_plot_format { DIRTY_PLOT_TERMINAL, DIRTY_PLOT_PNG, DIRTY_PLOT_SVG };

struct dirty_plot {
	enum dirty_plot_format format;
	const char *path;	    /* of PNG and SVG */
	unsigned int width, height; /* pixels, or columns and rows of the terminal; 0 = a good size */
};
/*
 * Heat map over IOVA: each cell shows the share of its pages that is dirty. One bitmap. @name: the file it is from, for messages; -ENODATA
 * where it turned out not to be whole, and nothing is drawn.
 */
int dirty_plot_map(const struct dirty_bitmap *b, const char *name, const struct dirty_plot *p, struct report *r,
		   struct fail *f);
/*
 * Rate over time, pages and bytes per second: several bitmaps of one place, each with time and since, in any order. @names: the
 * files they are from, for messages. -EINVAL where they do not belong together, -ENODATA as above; @f names the one.
 */
int dirty_plot_rate(const struct dirty_bitmap *series, const char *const *names, unsigned int n,
		    const struct dirty_plot *p, struct report *r, struct fail *f);

#endif
