/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of benchmarks as charts: over the size, or how the times of one size are distributed. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/bench/out.h"
#include "core/bench/show.h"
#include "iommu/mem.h"

#define BENCH_PLOT_NAME 64

struct bench_chart {
	const struct bench_result *res;
	struct plot_series series[PLOT_SERIES_MAX];
	char names[PLOT_SERIES_MAX][BENCH_PLOT_NAME];
	struct plot_point *points[PLOT_SERIES_MAX];
	unsigned int nr;
	unsigned int others; /* figures that are not drawn */
	char origin[256], cell[192], caveat[192];
	const char *subtitles[3];
};

/* --- which rows --- */

/* The same but for the size. */
static bool chart_same(const struct bench_row *a, const struct bench_row *b)
{
	return a->cell.granule == b->cell.granule && a->cell.page_size == b->cell.page_size &&
	       a->cell.mem == b->cell.mem && a->cell.threads == b->cell.threads && a->cell.depth == b->cell.depth;
}

/* Points of one line. */
static bool chart_is_line(const struct bench_row *a, const struct bench_row *b)
{
	return chart_same(a, b) && !strcmp(a->name, b->name) &&
	       !strcmp(a->backend ? a->backend : "", b->backend ? b->backend : "");
}

/* The first of its name among those that go with row @of; NULL: it is not, or does not go with it. */
static bool chart_begins(const struct bench_result *res, unsigned int i, const struct bench_row *of)
{
	if (!chart_same(&res->rows[i], of))
		return false;
	for (unsigned int k = 0; k < i; k++)
		if (chart_is_line(&res->rows[k], &res->rows[i]))
			return false;
	return true;
}

/* The row that says what is drawn: the first with times, else the first. */
static const struct bench_row *chart_first(const struct bench_result *res)
{
	for (unsigned int i = 0; i < res->nr_rows; i++)
		if (res->rows[i].has_percentiles)
			return &res->rows[i];
	return res->nr_rows ? &res->rows[0] : NULL;
}

static bool chart_has_sizes(const struct bench_result *res, const struct bench_row *of)
{
	for (unsigned int i = 0; i < res->nr_rows; i++)
		if (chart_same(&res->rows[i], of) && res->rows[i].cell.size != of->cell.size)
			return true;
	return false;
}

/* --- series --- */

static struct plot_point *chart_series(struct bench_chart *c, size_t points, const char *fmt, ...) IC_PRINTF(3, 4);

/* One more, with room for @points. NULL: no memory. */
static struct plot_point *chart_series(struct bench_chart *c, size_t points, const char *fmt, ...)
{
	struct plot_point *at = calloc(points, sizeof(*at));
	va_list ap;

	if (!at)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(c->names[c->nr], BENCH_PLOT_NAME, fmt, ap);
	va_end(ap);
	c->points[c->nr] = at;
	c->series[c->nr] = (struct plot_series){.name = c->names[c->nr], .points = at};
	c->nr++;
	return at;
}

static int chart_order(const void *a, const void *b)
{
	double x = ((const struct plot_point *)a)->x, y = ((const struct plot_point *)b)->x;

	return x < y ? -1 : x > y;
}

enum chart_what { CHART_VALUE, CHART_P50, CHART_P99 };

/* @what of all rows of the name of @of, over their sizes. */
static int chart_over_size(struct bench_chart *c, const struct bench_row *of, enum chart_what what)
{
	static const char *const words[] = {[CHART_VALUE] = "", [CHART_P50] = " p50", [CHART_P99] = " p99"};
	struct plot_point *at = chart_series(c, c->res->nr_rows, "%s%s%s%s", of->name, words[what],
					     of->backend ? ", " : "", of->backend ? of->backend : "");
	struct plot_series *s = &c->series[c->nr - 1];

	if (!at)
		return -ENOMEM;
	for (unsigned int i = 0; i < c->res->nr_rows; i++) {
		const struct bench_row *row = &c->res->rows[i];

		if (!chart_is_line(row, of) || (what == CHART_P99 && !bench_has_p99(row)))
			continue;
		at[s->nr++] = (struct plot_point){(double)row->cell.size, what == CHART_P50   ? row->p50
									  : what == CHART_P99 ? row->p99
											      : row->value};
	}
	qsort(at, s->nr, sizeof(*at), chart_order);
	s->marks = true;
	return 0;
}

/* The share of its times in each step of the histogram; nothing where there are none. */
static int chart_distribution(struct bench_chart *c, const struct bench_row *row)
{
	struct hist_step step = {0};
	struct plot_point *at;
	struct plot_series *s;
	unsigned int steps = 0;
	double end = -1, from;

	while (hist_step(row->times, &step))
		steps++;
	at = chart_series(c, 2 * (size_t)steps + 4, "%s%s%s", row->name, row->backend ? ", " : "",
			  row->backend ? row->backend : "");
	if (!at)
		return -ENOMEM;
	s = &c->series[c->nr - 1];
	for (step = (struct hist_step){0}; hist_step(row->times, &step);) {
		from = fmax((double)step.from - c->res->clock_ns, 1);
		if (!s->nr || from > end)
			at[s->nr++] = (struct plot_point){s->nr ? end : from, 0};
		at[s->nr++] = (struct plot_point){from, 100. * (double)step.count / (double)row->times->count};
		end = fmax((double)step.to - c->res->clock_ns, from + 1);
	}
	at[s->nr++] = (struct plot_point){end, 0};
	at[s->nr++] = (struct plot_point){end, NAN};
	s->steps = s->fill = true;
	return 0;
}

/* Is the 99th percentile known of any of @of's name? */
static bool chart_has_p99(const struct bench_chart *c, const struct bench_row *of)
{
	for (unsigned int i = 0; i < c->res->nr_rows; i++)
		if (chart_is_line(&c->res->rows[i], of) && bench_has_p99(&c->res->rows[i]))
			return true;
	return false;
}

static int chart_fill(struct bench_chart *c, const struct bench_row *of, bool sizes)
{
	unsigned int each = of->has_percentiles && sizes ? 2 : 1;
	int err = 0;

	for (unsigned int i = 0; i < c->res->nr_rows && !err; i++) {
		const struct bench_row *row = &c->res->rows[i];

		/* one axis has one unit */
		if (!chart_begins(c->res, i, of) || row->has_percentiles != of->has_percentiles ||
		    strcmp(row->unit, of->unit))
			continue;
		if (c->nr + each > PLOT_SERIES_MAX) {
			c->others++;
		} else if (of->has_percentiles && sizes) {
			err = chart_over_size(c, row, CHART_P50);
			if (!err && chart_has_p99(c, row))
				err = chart_over_size(c, row, CHART_P99);
		} else if (!of->has_percentiles) {
			err = chart_over_size(c, row, CHART_VALUE);
		} else if (row->times) {
			err = chart_distribution(c, row);
		}
	}
	return err;
}

/* --- words --- */

static const char *chart_size_text(double value, char *buf, size_t size)
{
	return num_format_size(buf, size, (uint64_t)value);
}

static const char *chart_percent_text(double value, char *buf, size_t size)
{
	snprintf(buf, size, "%g %%", value);
	return buf;
}

static void chart_cell_words(struct bench_chart *c, unsigned int varies, const struct bench_row *of, bool sizes)
{
	char size[32], granule[32];
	int at = 0;

	if (!of)
		return;
	if (!sizes && of->cell.size)
		at = snprintf(c->cell, sizeof(c->cell), "size %s, ",
			      num_format_size(size, sizeof(size), of->cell.size));
	if (of->cell.granule)
		at += snprintf(c->cell + at, sizeof(c->cell) - (size_t)at, "granule %s, ",
			       num_format_size(granule, sizeof(granule), of->cell.granule));
	if (varies & BENCH_MEM)
		at += snprintf(c->cell + at, sizeof(c->cell) - (size_t)at, "memory %s, ", mem_kind_name(of->cell.mem));
	snprintf(c->cell + at, sizeof(c->cell) - (size_t)at, "%u thread%s", of->cell.threads,
		 of->cell.threads == 1 ? "" : "s");
}

static void chart_words(struct bench_chart *c, const struct bench_origin *o, const struct bench_row *of, bool sizes)
{
	unsigned int other_cells = 0;
	int at = 0;

	snprintf(c->origin, sizeof(c->origin), "%s, device %s, kernel %s, " PACKAGE_NAME " " PACKAGE_VERSION,
		 o->backend, o->device, o->kernel);
	chart_cell_words(c, o->bench->varies, of, sizes);
	for (unsigned int i = 0; i < c->res->nr_rows; i++)
		other_cells += !chart_same(&c->res->rows[i], of);
	if (!c->nr)
		snprintf(c->caveat, sizeof(c->caveat), "nothing was measured");
	if (other_cells)
		at = snprintf(c->caveat, sizeof(c->caveat), "other combinations are not drawn");
	if (c->others)
		snprintf(c->caveat + at, sizeof(c->caveat) - (size_t)at, "%s%u more figure%s not drawn", at ? "; " : "",
			 c->others, c->others == 1 ? " is" : "s are");
	c->subtitles[0] = c->origin;
	c->subtitles[1] = c->cell[0] ? c->cell : NULL;
}

int bench_plot(const struct bench_origin *o, const struct bench_result *res, const struct plot_to *to, struct report *r,
	       struct fail *f)
{
	struct bench_chart c = {.res = res};
	const struct bench_row *of = chart_first(res);
	bool times = of && of->has_percentiles, sizes = of && (!times || chart_has_sizes(res, of));
	char title[96];
	struct plot_chart chart = {.words = {.title = title, .subtitles = c.subtitles}, .series = c.series};
	int err = of ? chart_fill(&c, of, sizes) : 0;

	if (err)
		err = fail_set(f, ENOMEM, "cannot draw");
	chart_words(&c, o, of, sizes);
	snprintf(title, sizeof(title), "bench %s: %s", o->bench->name,
		 times && !sizes ? "how long each took"
		 : times	 ? "time over size"
				 : "rate over size");
	chart.words.caveat = c.caveat[0] ? c.caveat : NULL;
	chart.nr = c.nr;
	chart.log_x = sizes ? 2 : 10;
	chart.x_text = sizes ? chart_size_text : bench_format_ns;
	chart.x_title = sizes ? "size" : "time";
	if (times && !sizes) {
		chart.y_title = "share of all, for each eighth of an octave";
		chart.y_text = chart_percent_text;
	} else {
		chart.log_y = 10;
		chart.y_title = times ? "time" : of ? of->unit : "rate";
		chart.y_text = times ? bench_format_ns : NULL;
	}
	if (!err)
		err = plot_chart_draw(&chart, to, r, f);
	for (unsigned int i = 0; i < c.nr; i++)
		free(c.points[i]);
	return err;
}
