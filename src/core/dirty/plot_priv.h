/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the pictures of dirty bitmaps share. Private to core/dirty. */
#ifndef IC_CORE_DIRTY_PLOT_PRIV_H
#define IC_CORE_DIRTY_PLOT_PRIV_H

#include "core/dirty/plot.h"
#include "out/plot.h"

struct plot_to dirty_plot_to(const struct dirty_plot *p);
/* Its name for people. */
const char *dirty_plot_file(const struct dirty_plot *p);
/* "2026-11-21 13:35:57 UTC" */
const char *dirty_plot_time(uint64_t ns, char *buf, size_t size);
/* "source iommu, backend mock, kernel 6.12.0", and the time of the read. */
const char *dirty_plot_origin(const struct dirty_bitmap *b, bool when, char *buf, size_t size);
/* Keys that every picture has: source, iova, length, page_size, caveat, format, file. */
void dirty_plot_report(struct report *r, const struct dirty_bitmap *b, const struct dirty_plot *p);
/* These and @keys are said to people in lines. */
void dirty_plot_hide(struct report *r, const char *const *keys);

#endif
