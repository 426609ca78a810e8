/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dirty bitmap looks like: how its pages are laid out in cells, and what stands beside them. */
#include "core/dirty/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "core/dirty/plot_priv.h"

struct heat_map {
	const struct dirty_bitmap *b;
	unsigned int cell_shift, column_shift; /* a cell is 2^cell_shift bytes, a row 2^column_shift cells */
	iova_t base, last;		       /* where the first row begins; the last byte of the bitmap */
	unsigned int columns, rows;
	double *cells;
	uint64_t inside, dirty_cells, dirty_pages;
	double peak;
	iova_t peak_iova;
};

const char *dirty_plot_time(uint64_t ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(buf, size, "%" PRIu64 " ns", ns);
	return buf;
}

const char *dirty_plot_origin(const struct dirty_bitmap *b, bool when, char *buf, size_t size)
{
	char text[64];
	size_t n = (size_t)snprintf(buf, size, "source %s%s", dirty_source_name(b->source),
				    b->simulated ? ", simulated" : "");

	if (b->backend[0] && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", backend %s", b->backend);
	if (b->device[0] && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", device %s", b->device);
	if (b->kernel[0] && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", kernel %s", b->kernel);
	if (when && b->time_ns && n < size)
		snprintf(buf + n, size - n, ", read %s", dirty_plot_time(b->time_ns, text, sizeof(text)));
	return buf;
}

const char *dirty_plot_file(const struct dirty_plot *p)
{
	return strcmp(p->path, "-") ? p->path : "stdout";
}

void dirty_plot_report(struct report *r, const struct dirty_bitmap *b, const struct dirty_plot *p)
{
	static const char *const formats[] = {"terminal", "png", "svg"};
	const char *caveat = dirty_bitmap_caveat(b);

	report_str(r, "source", dirty_source_name(b->source));
	report_hex(r, "iova", b->iova);
	report_num(r, "length", b->length);
	report_num(r, "page_size", b->page_size);
	report_str(r, "caveat", caveat ? caveat : "");
	report_str(r, "format", formats[p->format]);
	report_str(r, "file", p->format == DIRTY_PLOT_TERMINAL ? "" : p->path);
}

void dirty_plot_hide(struct report *r, const char *const *keys)
{
	static const char *const common[] = {"source", "iova", "length", "page_size", "caveat", "format", "file", NULL};

	for (const char *const *key = common; *key; key++)
		report_text_hide(r, *key);
	for (; *keys; keys++)
		report_text_hide(r, *keys);
}

struct plot_to dirty_plot_to(const struct dirty_plot *p)
{
	static const enum plot_format formats[] = {
		[DIRTY_PLOT_TERMINAL] = PLOT_TERMINAL, [DIRTY_PLOT_PNG] = PLOT_PNG, [DIRTY_PLOT_SVG] = PLOT_SVG};

	return (struct plot_to){.format = formats[p->format], .path = p->path, .width = p->width, .height = p->height};
}

static uint64_t map_rows(const struct heat_map *m)
{
	unsigned int shift = m->cell_shift + m->column_shift;

	return (m->last >> shift) - (m->b->iova >> shift) + 1;
}

/*
 * As many cells as there is room for. Few pages are a rectangle, not a thread: about twice as wide as high. Rows and cells begin at
 * multiples of their size.
 */
static void map_shape(struct heat_map *m, unsigned int columns, unsigned int rows)
{
	const struct dirty_bitmap *b = m->b;
	unsigned int most = 0;

	while (most < 31 && 2u << most <= columns)
		most++;
	m->last = b->iova + (b->length - 1);
	m->cell_shift = (unsigned int)__builtin_ctzll(b->page_size);
	while (m->column_shift < most && m->cell_shift + m->column_shift < 63 &&
	       1ull << 2 * m->column_shift < (b->bits > 1 ? 2 * MIN(b->bits, UINT32_MAX) : 1))
		m->column_shift++;
	while (map_rows(m) > rows && m->cell_shift + m->column_shift < 63) {
		if (m->column_shift < most)
			m->column_shift++;
		else
			m->cell_shift++;
	}
	m->columns = 1u << m->column_shift;
	m->rows = (unsigned int)map_rows(m);
	m->base = ALIGN_DOWN(b->iova, 1ull << (m->cell_shift + m->column_shift));
}

/* The first page that begins at or after @at, which lies in the bitmap or before it. */
static uint64_t map_page(const struct heat_map *m, iova_t at)
{
	uint64_t offset = at > m->b->iova ? at - m->b->iova : 0;

	return offset / m->b->page_size + !!(offset % m->b->page_size);
}

static double map_cell(struct heat_map *m, iova_t start)
{
	iova_t last = start + ((1ull << m->cell_shift) - 1);
	uint64_t first, end, dirty;

	if (last < m->b->iova || start > m->last)
		return PLOT_NOTHING;
	first = map_page(m, start);
	end = last >= m->last ? m->b->bits : map_page(m, last + 1);
	if (first >= end)
		return PLOT_NOTHING;
	dirty = bitmap_count_range(m->b->words, first, end - first);
	m->inside++;
	m->dirty_cells += dirty != 0;
	m->dirty_pages += dirty;
	/* a double has the bits that tell the last page apart: only what is full is 1, only what is empty is 0 */
	return (double)dirty / (double)(end - first);
}

static void map_fill(struct heat_map *m)
{
	for (size_t i = 0; i < (size_t)m->rows * m->columns; i++) {
		iova_t start = m->base + ((uint64_t)i << m->cell_shift);

		m->cells[i] = map_cell(m, start);
		if (m->cells[i] > m->peak) {
			m->peak = m->cells[i];
			m->peak_iova = MAX(start, m->b->iova);
		}
	}
}

static const char *map_row_label(const void *arg, unsigned int row, char *buf, size_t size)
{
	const struct heat_map *m = arg;

	snprintf(buf, size, "0x%" PRIx64, m->base + ((uint64_t)row << (m->cell_shift + m->column_shift)));
	return buf;
}

static const char *map_column_label(const void *arg, unsigned int column, char *buf, size_t size)
{
	const struct heat_map *m = arg;
	char text[32];

	snprintf(buf, size, "+%s", num_format_size(text, sizeof(text), (uint64_t)column << m->cell_shift));
	return buf;
}

/* Never rounded to nothing or to all. */
static const char *map_percent(uint64_t part, uint64_t all, char *buf, size_t size)
{
	double percent = 100. * (double)part / (double)all;

	if (part && percent < 0.001)
		snprintf(buf, size, "less than 0.001 %%");
	else if (part != all && percent > 99.9)
		snprintf(buf, size, "more than 99.9 %%");
	else
		snprintf(buf, size, "%.3g %%", percent);
	return buf;
}

struct map_texts {
	char origin[256], place[256], cells[160];
	const char *lines[4];
};

static void map_words(const struct heat_map *m, struct map_texts *t)
{
	const struct dirty_bitmap *b = m->b;
	uint64_t pages = (1ull << m->cell_shift) / b->page_size;
	char length[32], page[32], cell[32], row[32], percent[32];

	dirty_plot_origin(b, true, t->origin, sizeof(t->origin));
	snprintf(t->place, sizeof(t->place),
		 "iova 0x%" PRIx64 " to 0x%" PRIx64 ", %s in pages of %s: %" PRIu64 " of %" PRIu64 " dirty (%s)",
		 b->iova, m->last, num_format_size(length, sizeof(length), b->length),
		 num_format_size(page, sizeof(page), b->page_size), m->dirty_pages, b->bits,
		 map_percent(m->dirty_pages, b->bits, percent, sizeof(percent)));
	snprintf(t->cells, sizeof(t->cells),
		 "a cell is %s (%" PRIu64 " page%s), a row %s; dirty pages in %" PRIu64 " of %" PRIu64 " cells",
		 num_format_size(cell, sizeof(cell), 1ull << m->cell_shift), pages, pages == 1 ? "" : "s",
		 num_format_size(row, sizeof(row), 1ull << (m->cell_shift + m->column_shift)), m->dirty_cells,
		 m->inside);
	/* the first ones stay where there is no room for all */
	t->lines[0] = t->place;
	t->lines[1] = t->cells;
	t->lines[2] = t->origin;
	t->lines[3] = NULL;
}

static void map_report(struct report *r, const struct heat_map *m, const struct dirty_plot *p)
{
	static const char *const keys[] = {"dirty_pages", "columns",   "rows", "cells", "dirty_cells",
					   "cell_bytes",  "row_bytes", "peak", NULL};
	const char *caveat = dirty_bitmap_caveat(m->b);
	char cell[32];

	dirty_plot_report(r, m->b, p);
	report_num(r, "dirty_pages", m->dirty_pages);
	report_num(r, "columns", m->columns);
	report_num(r, "rows", m->rows);
	report_num(r, "cells", m->inside);
	report_num(r, "dirty_cells", m->dirty_cells);
	report_num(r, "cell_bytes", 1ull << m->cell_shift);
	report_num(r, "row_bytes", 1ull << (m->cell_shift + m->column_shift));
	report_object(r, "peak");
	report_real(r, "share", m->peak);
	if (m->dirty_cells)
		report_hex(r, "iova", m->peak_iova);
	else
		report_str(r, "iova", NULL);
	report_close(r);
	dirty_plot_hide(r, keys);
	if (p->format == DIRTY_PLOT_TERMINAL)
		return;
	report_line(r, "%s: %" PRIu64 " of %" PRIu64 " pages dirty, in %" PRIu64 " of %" PRIu64 " cells of %s",
		    dirty_plot_file(p), m->dirty_pages, m->b->bits, m->dirty_cells, m->inside,
		    num_format_size(cell, sizeof(cell), 1ull << m->cell_shift));
	if (caveat)
		report_line(r, "%s", caveat);
}

static unsigned int map_label_width(const struct dirty_bitmap *b)
{
	return (unsigned int)snprintf(NULL, 0, "0x%" PRIx64, b->iova + (b->length - 1));
}

int dirty_plot_map(const struct dirty_bitmap *b, const char *name, const struct dirty_plot *p, struct report *r,
		   struct fail *f)
{
	struct plot_to to = dirty_plot_to(p);
	struct heat_map m = {.b = b};
	struct map_texts texts;
	struct plot_heat heat = {.words = {.title = "Dirty pages by IOVA", .subtitles = texts.lines},
				 .row_label = map_row_label,
				 .column_label = map_column_label,
				 .arg = &m,
				 .row_title = "iova",
				 .column_title = "offset in the row",
				 .scale_title = "dirty share of a cell's pages",
				 .zero_word = "no page dirty",
				 .nothing_word = "not in the bitmap"};
	unsigned int columns, rows;
	int err;

	plot_heat_room(&to, r, map_label_width(b), &columns, &rows);
	map_shape(&m, columns, rows);
	m.cells = calloc((size_t)m.rows * m.columns, sizeof(*m.cells));
	if (!m.cells)
		return fail_set(f, ENOMEM, "cannot draw");
	map_fill(&m);
	map_words(&m, &texts);
	heat.words.caveat = dirty_bitmap_caveat(b);
	heat.columns = m.columns;
	heat.rows = m.rows;
	heat.cells = m.cells;
	err = dirty_file_check_whole(b, name, f);
	if (!err)
		err = plot_heat_draw(&heat, &to, r, f);
	if (!err)
		map_report(r, &m, p);
	free(m.cells);
	return err;
}
