/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of benchmarks' figures. */
#include "core/bench/show.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "iommu/mem.h"

/* --- a table --- */

int bench_table_begin(struct bench_table *t, const struct bench_table_column *columns, unsigned int nr_columns,
		      unsigned int nr_rows)
{
	*t = (struct bench_table){.nr_columns = nr_columns, .nr_rows = nr_rows};
	memcpy(t->columns, columns, nr_columns * sizeof(*columns));
	t->cells = calloc((size_t)MAX(nr_rows, 1u) * nr_columns, sizeof(*t->cells));
	return t->cells ? 0 : -ENOMEM;
}

void bench_table_set(struct bench_table *t, unsigned int row, unsigned int column, const char *fmt, ...)
{
	char *cell = t->cells[(size_t)row * t->nr_columns + column];
	struct bench_table_column *c = &t->columns[column];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cell, BENCH_TABLE_CELL, fmt, ap);
	va_end(ap);
	if (*cell)
		c->width = MAX(MAX(c->width, (int)strlen(c->title)), (int)strlen(cell));
}

bool bench_table_line(const struct bench_table *t, unsigned int row, char line[BENCH_TABLE_LINE])
{
	size_t at = 0;

	if (row > t->nr_rows)
		return false;
	line[0] = '\0';
	for (unsigned int i = 0; i < t->nr_columns; i++) {
		const struct bench_table_column *c = &t->columns[i];
		const char *text = row ? t->cells[(size_t)(row - 1) * t->nr_columns + i] : c->title;

		if (!c->width || at >= BENCH_TABLE_LINE)
			continue;
		at += (size_t)snprintf(line + at, BENCH_TABLE_LINE - at, "%s%*s", at ? "  " : "",
				       c->left ? -c->width : c->width, text);
	}
	for (at = strlen(line); at && line[at - 1] == ' ';)
		line[--at] = '\0';
	return true;
}

void bench_table_free(struct bench_table *t)
{
	free(t->cells);
	t->cells = NULL;
}

/* --- numbers --- */

const char *bench_format_ns(double ns, char *buf, size_t size)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	size_t i = 0;

	for (; ns >= 999.95 && i + 1 < ARRAY_SIZE(units); i++)
		ns /= 1000;
	snprintf(buf, size, ns < 100 && i ? "%.3g %s" : "%.0f %s", ns, units[i]);
	return buf;
}

const char *bench_format_value(double value, const char *unit, char *buf, size_t size)
{
	static const char *const thousands[] = {"", "k", "M", "G", "T"};
	size_t i = 0;

	if (!strcmp(unit, "ns"))
		return bench_format_ns(value, buf, size);
	for (; value >= 9999.5 && i + 1 < ARRAY_SIZE(thousands); i++)
		value /= 1000;
	snprintf(buf, size, "%.4g%s %s", value, thousands[i], unit);
	return buf;
}

const char *bench_format_percent(double part, char *buf, size_t size)
{
	snprintf(buf, size, "%.*f %%", part < 0.00995 ? 2 : part < 0.0995 ? 1 : 0, part * 100);
	return buf;
}

/* --- figures --- */

unsigned int bench_differs(const struct bench_result *res)
{
	const struct bench_cell *first = &res->rows[0].cell;
	unsigned int differ = 0;

	for (unsigned int i = 1; i < res->nr_rows; i++) {
		const struct bench_cell *cell = &res->rows[i].cell;

		differ |= (cell->size != first->size ? BENCH_SIZE : 0) |
			  (cell->granule != first->granule ? BENCH_GRANULE : 0) |
			  (cell->page_size != first->page_size ? BENCH_PAGE_SIZE : 0) |
			  (cell->mem != first->mem ? BENCH_MEM : 0) |
			  (cell->threads != first->threads ? BENCH_THREADS : 0) |
			  (cell->depth != first->depth ? BENCH_DEPTH : 0);
	}
	return differ;
}

bool bench_is_loose(const struct bench_row *row)
{
	return row->rounds && !row->tight;
}

enum {
	COL_SIZE,
	COL_GRANULE,
	COL_PAGE,
	COL_MEM,
	COL_THREADS,
	COL_DEPTH,
	COL_NAME,
	COL_BACKEND,
	COL_VALUE,
	COL_INTERVAL,
	COL_COUNT,
	COL_P50,
	COL_P90,
	COL_P99,
	COL_P999,
	COL_MAX,
	COL_REFERENCE,
	COL_RATIO,
	COL_LOOSE,
	COLUMNS,
};

static const struct bench_table_column show_columns[COLUMNS] = {
	[COL_SIZE] = {.title = "size"},
	[COL_GRANULE] = {.title = "granule"},
	[COL_PAGE] = {.title = "page"},
	[COL_MEM] = {"memory", .left = true},
	[COL_THREADS] = {.title = "threads"},
	[COL_DEPTH] = {.title = "depth"},
	[COL_NAME] = {"figure", .left = true},
	[COL_BACKEND] = {"backend", .left = true},
	[COL_VALUE] = {.title = "value"},
	[COL_INTERVAL] = {.title = "+-"},
	[COL_COUNT] = {.title = "n"},
	[COL_P50] = {.title = "p50"},
	[COL_P90] = {.title = "p90"},
	[COL_P99] = {.title = "p99"},
	[COL_P999] = {.title = "p99.9"},
	[COL_MAX] = {.title = "max"},
	[COL_REFERENCE] = {"reference", .left = true},
	[COL_RATIO] = {"ratio", .left = true},
	[COL_LOOSE] = {"", .left = true},
};

_Static_assert(COLUMNS <= BENCH_TABLE_COLUMNS, "a table has no room for all columns");

static void show_size(struct bench_table *t, unsigned int row, unsigned int column, uint64_t size, const char *zero)
{
	char text[32];

	bench_table_set(t, row, column, "%s", size ? num_format_size(text, sizeof(text), size) : zero);
}

static void show_cell(struct bench_table *t, unsigned int i, const struct bench_cell *cell, unsigned int differ)
{
	if (differ & BENCH_SIZE)
		show_size(t, i, COL_SIZE, cell->size, "-");
	if (differ & BENCH_GRANULE)
		show_size(t, i, COL_GRANULE, cell->granule, "whole");
	if (differ & BENCH_PAGE_SIZE)
		show_size(t, i, COL_PAGE, cell->page_size, "-");
	if (differ & BENCH_MEM)
		bench_table_set(t, i, COL_MEM, "%s", mem_kind_name(cell->mem));
	if (differ & BENCH_THREADS)
		bench_table_set(t, i, COL_THREADS, "%u", cell->threads);
	if (differ & BENCH_DEPTH)
		bench_table_set(t, i, COL_DEPTH, "%u", cell->depth);
}

static void show_percentiles(struct bench_table *t, unsigned int i, const struct bench_row *row)
{
	const double values[] = {row->p50, row->p90, row->p99, row->p999, row->max};
	const bool known[] = {true, true, bench_has_p99(row), bench_has_p999(row), true};
	char text[32];

	for (unsigned int k = 0; k < ARRAY_SIZE(values); k++)
		if (known[k])
			bench_table_set(t, i, COL_P50 + k, "%s", bench_format_ns(values[k], text, sizeof(text)));
}

static void show_reference(struct bench_table *t, unsigned int i, const struct bench_row *row)
{
	char text[32];

	bench_table_set(t, i, COL_REFERENCE, "%.20s %s", row->reference,
			bench_format_value(row->reference_value, row->unit, text, sizeof(text)));
	if (bench_has_interval(row) && row->ratio_interval > 0)
		bench_table_set(t, i, COL_RATIO, "%.3g +- %s", row->ratio,
				bench_format_percent(row->ratio_interval, text, sizeof(text)));
	else
		bench_table_set(t, i, COL_RATIO, "%.3g", row->ratio);
}

static void show_row(struct bench_table *t, unsigned int i, const struct bench_row *row, unsigned int differ)
{
	char text[32];

	show_cell(t, i, &row->cell, differ);
	bench_table_set(t, i, COL_NAME, "%s", row->name);
	if (row->backend)
		bench_table_set(t, i, COL_BACKEND, "%s", row->backend);
	bench_table_set(t, i, COL_VALUE, "%s", bench_format_value(row->value, row->unit, text, sizeof(text)));
	if (bench_has_interval(row))
		bench_table_set(t, i, COL_INTERVAL, "%s",
				!(row->interval > 0) ? "" : bench_format_percent(row->interval, text, sizeof(text)));
	if (bench_is_loose(row))
		bench_table_set(t, i, COL_LOOSE, "not tight");
	if (row->rounds || row->has_percentiles)
		bench_table_set(t, i, COL_COUNT, "%" PRIu64, row->count);
	if (row->has_percentiles)
		show_percentiles(t, i, row);
	if (row->reference)
		show_reference(t, i, row);
}

int bench_table_make(struct bench_table *t, const struct bench_result *res)
{
	unsigned int differ = bench_differs(res);
	int err = bench_table_begin(t, show_columns, COLUMNS, res->nr_rows);

	for (unsigned int i = 0; i < res->nr_rows && !err; i++)
		show_row(t, i, &res->rows[i], differ);
	return err;
}
