/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heat maps of characters: two rows of cells in a line of coloured half blocks, or plain ASCII shades. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "out/plot_priv.h"

#define TERM_UPPER_HALF "\xe2\x96\x80"
#define TERM_LOWER_HALF "\xe2\x96\x84"
#define TERM_SHADES ":-=+*%@" /* of shares between 0 and 1, each as wide on the scale as the next */
#define TERM_NR_SHADES (sizeof(TERM_SHADES) - 1)
#define TERM_ZERO '.'
#define TERM_FULL '#'
#define TERM_AROUND 9u	     /* lines that are no cells */
#define TERM_LEAST_LINES 16u /* of cells, unless others are asked for */
#define TERM_MOST_LINES 32u

struct term_heat {
	const struct plot_heat *h;
	struct report *r;
	bool colored;
	unsigned int columns;	  /* of the picture, characters */
	unsigned int label, cell; /* width, characters */
};

void plot_heat_term_room(const struct plot_to *to, const struct report *r, unsigned int label, unsigned int *columns,
			 unsigned int *rows)
{
	unsigned int lines;

	plot_term_size(to, columns, &lines);
	*columns -= MIN(label + 1, *columns / 2);
	lines = MAX(lines, TERM_AROUND + 1) - TERM_AROUND;
	if (!to->height)
		lines = MIN(MAX(lines, TERM_LEAST_LINES), TERM_MOST_LINES);
	*rows = plot_term_is_colored(r) ? 2 * lines : lines;
}

static int term_label(const struct term_heat *t, struct plot_line *line, const char *text)
{
	int err = plot_line_begin(line);

	if (!err)
		fprintf(line->to, "%*s%s ", (int)(t->label - MIN(utf8_width(text), (size_t)t->label)), "", text);
	return err;
}

/* A label begins where its column does; those that would touch the one before are left out. */
static int term_header(const struct term_heat *t)
{
	const struct plot_heat *h = t->h;
	unsigned int at = 0, every = MAX(h->columns / 4, 1u);
	struct plot_line line;
	char buf[64];
	int err;

	if (h->column_title)
		report_line(t->r, "%*s %s", (int)t->label, "", h->column_title);
	err = term_label(t, &line, h->row_title);
	if (err)
		return err;
	for (unsigned int i = 0; i < h->columns; i += every) {
		const char *text = h->column_label(h->arg, i, buf, sizeof(buf));

		if (i && i * t->cell <= at)
			continue;
		fprintf(line.to, "%*s%s", (int)(i * t->cell - at), "", text);
		at = i * t->cell + (unsigned int)utf8_width(text);
	}
	return plot_line_end(&line, t->r);
}

static char term_shade(double share)
{
	if (share < 0)
		return ' ';
	if (!(share > 0))
		return TERM_ZERO;
	if (share >= 1)
		return TERM_FULL;
	return TERM_SHADES[MIN((size_t)(plot_scale(share) * TERM_NR_SHADES), TERM_NR_SHADES - 1)];
}

static int term_color(double share)
{
	return share < 0 ? -1 : (int)plot_share_256(share);
}

/* One character for two cells; below the last row there is nothing. */
static const char *term_blocks(struct plot_line *line, int upper, int lower)
{
	if (upper < 0) {
		plot_line_colors(line, lower, -1);
		return lower < 0 ? " " : TERM_LOWER_HALF;
	}
	plot_line_colors(line, upper, lower);
	return TERM_UPPER_HALF;
}

static int term_row(const struct term_heat *t, unsigned int row)
{
	const struct plot_heat *h = t->h;
	const double *upper = h->cells + (size_t)row * h->columns,
		     *lower = row + 1 < h->rows ? upper + h->columns : NULL;
	struct plot_line line;
	char buf[64];
	int err = term_label(t, &line, h->row_label(h->arg, row, buf, sizeof(buf)));

	if (err)
		return err;
	for (unsigned int i = 0; i < h->columns * t->cell; i++) {
		unsigned int at = i / t->cell;

		if (t->colored)
			fputs(term_blocks(&line, term_color(upper[at]), lower ? term_color(lower[at]) : -1), line.to);
		else
			fputc(term_shade(upper[at]), line.to);
	}
	return plot_line_end(&line, t->r);
}

static int term_legend_colored(const struct term_heat *t)
{
	static const double shares[] = {0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 1};
	struct plot_line line;
	int err = plot_line_begin(&line);
	char buf[16];

	if (err)
		return err;
	plot_line_colors(&line, -1, (int)plot_share_256(0));
	fputs("  ", line.to);
	plot_line_colors(&line, -1, -1);
	fprintf(line.to, " %s ", t->h->zero_word);
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		plot_line_colors(&line, -1, (int)plot_share_256(shares[i]));
		fputs("  ", line.to);
		plot_line_colors(&line, -1, -1);
		fprintf(line.to, " %s ", plot_percent(shares[i], buf, sizeof(buf)));
	}
	return plot_line_end(&line, t->r);
}

/* What each shade begins at. */
static int term_legend_shades(const struct term_heat *t)
{
	struct plot_line line;
	int err = plot_line_begin(&line);
	char buf[16];

	if (err)
		return err;
	fprintf(line.to, "%c %s  ", TERM_ZERO, t->h->zero_word);
	for (size_t i = 0; i < TERM_NR_SHADES; i++) {
		double from = plot_scale_inverse((double)i / TERM_NR_SHADES);

		snprintf(buf, sizeof(buf), "%.*g%%", from < 0.1 ? 1 : 2, from * 100);
		fprintf(line.to, "%c %s  ", TERM_SHADES[i], i ? buf : ">0");
	}
	fprintf(line.to, "%c all", TERM_FULL);
	return plot_line_end(&line, t->r);
}

int plot_heat_term(const struct plot_heat *h, const struct plot_to *to, struct report *r)
{
	struct term_heat t = {.h = h, .r = r, .colored = plot_term_is_colored(r)};
	unsigned int lines, step = t.colored ? 2 : 1;
	char buf[64];
	int err;

	plot_term_size(to, &t.columns, &lines);
	t.label = (unsigned int)utf8_width(h->row_title);
	for (unsigned int row = 0; row < h->rows; row++)
		t.label = MAX(t.label, (unsigned int)utf8_width(h->row_label(h->arg, row, buf, sizeof(buf))));
	/* a character is about twice as high as wide: two of them are as a half block is, and more would only be wide */
	t.cell = t.columns > t.label + 1 ? (t.columns - t.label - 1) / h->columns : 1;
	t.cell = MIN(MAX(t.cell, 1u), t.colored ? 1u : 2u);
	plot_term_words(r, &h->words, t.columns);
	err = term_header(&t);
	for (unsigned int row = 0; row < h->rows && !err; row += step)
		err = term_row(&t, row);
	if (err)
		return err;
	report_line(r, "%s", "");
	report_line(r, "%s:", h->scale_title);
	return t.colored ? term_legend_colored(&t) : term_legend_shades(&t);
}
