/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heat maps of pixels: the cells, their labels, and the scale below them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "out/plot_priv.h"

#define HEAT_LEGEND 112.0 /* the height of what stands below the cells */
#define HEAT_HEADER 44.0  /* of the labels above them */
#define HEAT_WORDS 150.0  /* of title and subtitles, as a rule */
#define HEAT_SMALLEST 4u  /* pixels of a cell that can be seen and told from the next */
#define HEAT_LARGEST 40u
#define HEAT_MOST 1024u	      /* columns or rows */
#define HEAT_DEFAULT_MAP 900u /* pixels across */
#define HEAT_DEFAULT_COLUMNS 128u
#define HEAT_DEFAULT_ROWS 64u
#define HEAT_GAP 8u /* from this size on a line of white keeps cells apart */
#define HEAT_BAR 280.0
#define HEAT_BAR_STEPS 70u

struct heat_layout {
	unsigned int width, height;
	unsigned int cell_w, cell_h; /* pixels, with the gap */
	unsigned int gap;
	unsigned int subtitles;
	double left, top, right, bottom; /* of the cells */
};

static double heat_left(unsigned int label)
{
	return floor(PLOT_MARGIN + label * plot_font_mono.size * plot_font_mono.wide + 10);
}

static unsigned int heat_label_width(const struct plot_heat *h)
{
	size_t width = utf8_width(h->row_title);
	char buf[64];

	for (unsigned int row = 0; row < h->rows; row++)
		width = MAX(width, utf8_width(h->row_label(h->arg, row, buf, sizeof(buf))));
	return (unsigned int)width;
}

static unsigned int heat_fit(double pixels, unsigned int most)
{
	return MIN((unsigned int)fmax(pixels / HEAT_SMALLEST, 1), most);
}

void plot_heat_room(const struct plot_to *to, const struct report *r, unsigned int label, unsigned int *columns,
		    unsigned int *rows)
{
	double left = heat_left(label), above = HEAT_WORDS + HEAT_HEADER;

	if (to->format == PLOT_TERMINAL) {
		plot_heat_term_room(to, r, label, columns, rows);
		return;
	}
	*columns = to->width ? heat_fit(to->width - left - PLOT_MARGIN, HEAT_MOST) : HEAT_DEFAULT_COLUMNS;
	*rows = to->height ? heat_fit(to->height - above - HEAT_LEGEND, HEAT_MOST) : HEAT_DEFAULT_ROWS;
}

static unsigned int heat_clamp(double pixels)
{
	return MIN(MAX((unsigned int)fmax(pixels, 1), 1u), HEAT_LARGEST);
}

static void heat_layout(const struct plot_heat *h, const struct plot_to *to, struct heat_layout *l)
{
	double most = INFINITY, least = fmax(PLOT_MIN_WIDTH, fmin(plot_words_width(&h->words), HEAT_DEFAULT_MAP));

	l->left = heat_left(heat_label_width(h));
	l->cell_w = heat_clamp((to->width ? to->width - l->left - PLOT_MARGIN : HEAT_DEFAULT_MAP) / h->columns);
	l->right = l->left + l->cell_w * h->columns;
	/* the last label of the columns reaches past the cells */
	l->width = to->width ? to->width : (unsigned int)fmax(l->right + PLOT_MARGIN + 16, least);
	if (to->height)
		most = fmax(HEAT_WORDS, to->height - HEAT_HEADER - HEAT_LEGEND - (double)HEAT_SMALLEST * h->rows);
	l->subtitles = plot_words_fit(&h->words, l->width, most);
	l->top = plot_draw_words(NULL, &h->words, l->subtitles, l->width) + HEAT_HEADER;
	l->cell_h = l->cell_w;
	if (to->height)
		l->cell_h = MIN(heat_clamp((to->height - l->top - HEAT_LEGEND) / h->rows), l->cell_w * 2);
	l->bottom = l->top + l->cell_h * h->rows;
	l->height = to->height ? to->height : (unsigned int)(l->bottom + HEAT_LEGEND);
	l->gap = MIN(l->cell_w, l->cell_h) >= HEAT_GAP;
}

/* Neighbours of one colour are one rectangle: an empty map of thousands of cells stays a small file. */
static void heat_row(struct plot_canvas *c, const struct plot_heat *h, const struct heat_layout *l, unsigned int row)
{
	const double *cells = h->cells + (size_t)row * h->columns;
	double y = l->top + row * l->cell_h;

	for (unsigned int i = 0, n; i < h->columns; i += n) {
		for (n = 1; !l->gap && i + n < h->columns && cells[i + n] == cells[i];)
			n++;
		if (cells[i] >= 0)
			plot_rect(c, l->left + i * l->cell_w, y, n * l->cell_w - l->gap, l->cell_h - l->gap,
				  plot_share_color(cells[i]));
	}
}

static unsigned int heat_power_of_two(double at_least)
{
	unsigned int n = 1;

	while (n < at_least)
		n *= 2;
	return n;
}

static void heat_row_labels(struct plot_canvas *c, const struct plot_heat *h, const struct heat_layout *l)
{
	unsigned int every = heat_power_of_two(16. / l->cell_h);
	char buf[64];

	plot_text(c, l->left - 10, l->top - 9, PLOT_RIGHT, &plot_font_label, plot_faint, h->row_title);
	for (unsigned int row = 0; row < h->rows; row += every) {
		double y = l->top + row * l->cell_h;

		plot_hline(c, l->left - 5, l->left - 1, y + (l->cell_h - l->gap) / 2, plot_faint);
		plot_text(c, l->left - 9, y + (l->cell_h - l->gap) / 2. + 4.5, PLOT_RIGHT, &plot_font_mono, plot_ink,
			  h->row_label(h->arg, row, buf, sizeof(buf)));
	}
}

/* Every 1, 2, 4 ... columns, so that they clear each other. */
static unsigned int heat_columns_between(const struct plot_heat *h, const struct heat_layout *l)
{
	double width = 0;
	char buf[64];

	for (unsigned int i = 0; i <= h->columns; i++)
		width = fmax(width, plot_text_width(&plot_font_label, h->column_label(h->arg, i, buf, sizeof(buf))));
	return heat_power_of_two(fmax(h->columns / 8., (width + 8) / l->cell_w));
}

static void heat_column_labels(struct plot_canvas *c, const struct plot_heat *h, const struct heat_layout *l)
{
	unsigned int every = heat_columns_between(h, l);
	char buf[64];

	plot_text(c, l->left, l->top - 28, PLOT_LEFT, &plot_font_label, plot_faint, h->column_title);
	for (unsigned int i = 0; i <= h->columns; i += every) {
		const char *text = h->column_label(h->arg, i, buf, sizeof(buf));
		double x = l->left + i * l->cell_w - (i ? l->gap : 0);

		if (x + plot_text_width(&plot_font_label, text) / 2 > l->width - 2)
			continue;
		plot_vline(c, x, l->top - 6, l->top - 1, plot_faint);
		plot_text(c, x, l->top - 9, i ? PLOT_MIDDLE : PLOT_LEFT, &plot_font_label, plot_ink, text);
	}
}

static void heat_bar(struct plot_canvas *c, double x, double y)
{
	static const double shares[] = {0.001, 0.01, 0.1, 0.25, 0.5, 1};
	char buf[16];

	for (unsigned int i = 0; i < HEAT_BAR_STEPS; i++)
		plot_rect(c, x + i * HEAT_BAR / HEAT_BAR_STEPS, y, HEAT_BAR / HEAT_BAR_STEPS, 14,
			  plot_scale_color((i + 0.5) / HEAT_BAR_STEPS));
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		double at = floor(x + HEAT_BAR * plot_scale(shares[i]));

		plot_vline(c, at - (i + 1 == ARRAY_SIZE(shares)), y + 14, y + 18, plot_faint);
		snprintf(buf, sizeof(buf), "%g", shares[i] * 100);
		plot_text(c, at, y + 30, PLOT_MIDDLE, &plot_font_label, plot_ink, buf);
	}
	plot_text(c, x + HEAT_BAR + 16, y + 30, PLOT_LEFT, &plot_font_label, plot_ink, "%");
}

/* The swatch of a colour and what it stands for; where the next one may begin. */
static double heat_swatch(struct plot_canvas *c, double x, double y, struct plot_color color, const char *word)
{
	plot_rect(c, x, y, 14, 14, plot_grid);
	plot_rect(c, x + 1, y + 1, 12, 12, color);
	plot_text(c, x + 20, y + 11.5, PLOT_LEFT, &plot_font_label, plot_ink, word);
	return x + 20 + plot_text_width(&plot_font_label, word) + 16;
}

static bool heat_has_nothing(const struct plot_heat *h)
{
	for (size_t i = 0; i < (size_t)h->columns * h->rows; i++)
		if (h->cells[i] < 0)
			return true;
	return false;
}

static void heat_legend(struct plot_canvas *c, const struct plot_heat *h, const struct heat_layout *l)
{
	double y = l->height - HEAT_LEGEND + 18, x;

	plot_text(c, PLOT_MARGIN, y + 10, PLOT_LEFT, &plot_font_label, plot_faint, h->scale_title);
	heat_bar(c, PLOT_MARGIN, y + 18);
	x = heat_swatch(c, PLOT_MARGIN, y + 62, plot_scale_color(0), h->zero_word);
	if (heat_has_nothing(h))
		heat_swatch(c, x, y + 62, plot_white, h->nothing_word);
}

int plot_heat_canvas(const struct plot_heat *h, const struct plot_to *to, struct fail *f)
{
	struct plot_canvas *c;
	struct heat_layout l;
	int err;

	heat_layout(h, to, &l);
	err = plot_canvas_open(&c, to, l.width, l.height, h->words.title, f);
	if (err)
		return err;
	plot_draw_words(c, &h->words, l.subtitles, l.width);
	for (unsigned int row = 0; row < h->rows; row++)
		heat_row(c, h, &l, row);
	heat_row_labels(c, h, &l);
	heat_column_labels(c, h, &l);
	heat_legend(c, h, &l);
	return plot_canvas_close(c, to, f);
}
