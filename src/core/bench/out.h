/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of benchmarks in files: as rows of a table, and as pictures. */
#ifndef IC_CORE_BENCH_OUT_H
#define IC_CORE_BENCH_OUT_H

#include "core/bench/bench.h"
#include "out/plot.h"

/* Where they come from. */
struct bench_origin {
	const struct bench *bench;
	const char *kernel, *backend, *device;
};

/*
 * Comma-separated values with a row of titles, quoted as RFC 4180 has it; lines end with a newline. What a figure does not have is empty.
 * @path "-": stdout. 0 or -errno with @f, and then no trace of it.
 */
int bench_csv_write(const char *path, const struct bench_origin *o, const struct bench_result *res, struct fail *f);

/*
 * Times over the size, with their median and 99th percentile; of one size only, how they are distributed; without times, rates over the
 * size. Of several combinations the first is drawn, and it says so. As plot_chart_draw().
 */
int bench_plot(const struct bench_origin *o, const struct bench_result *res, const struct plot_to *to, struct report *r,
	       struct fail *f);

#endif
