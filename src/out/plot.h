/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures: heat maps, and charts of values over something, as PNG, as SVG, or as lines of a report. What is drawn and what stands beside
 * it is the caller's: nothing here knows what it means. Texts are UTF-8; what is none, and control characters, is made harmless.
 */
#ifndef IC_OUT_PLOT_H
#define IC_OUT_PLOT_H

#include <stdbool.h>

#include "base/fail.h"
#include "out/report.h"

enum plot_format { PLOT_TERMINAL, PLOT_PNG, PLOT_SVG };

/* Pixels of PNG and SVG, and characters of the terminal, that a picture may have. */
#define PLOT_MIN_WIDTH 480u
#define PLOT_MIN_HEIGHT 400u
#define PLOT_MAX_PIXELS 8192u
#define PLOT_MIN_COLUMNS 40u
#define PLOT_MIN_LINES 12u
#define PLOT_MAX_CHARACTERS 1000u

struct plot_to {
	enum plot_format format;
	const char *path;	    /* of PNG and SVG; "-" is stdout */
	unsigned int width, height; /* pixels, or characters; 0 = a good size */
};

struct plot_words {
	const char *title;
	const char *const *subtitles; /* ended by NULL; a line of its own for each */
	const char *caveat;	      /* set off from them; NULL: none */
};

/* Writes the label of the n-th into @buf and returns it. */
typedef const char *plot_label_fn(const void *arg, unsigned int n, char *buf, size_t size);

#define PLOT_NOTHING (-1.0)

/* Cells in rows, each with a share. Colours tell small shares apart as well as large ones; more than 0 never looks like 0. */
struct plot_heat {
	struct plot_words words;
	unsigned int columns, rows;
	const double *cells;	     /* row by row: 0 to 1, or PLOT_NOTHING where there is none */
	plot_label_fn *row_label;    /* of row n */
	plot_label_fn *column_label; /* of the line in front of column n, 0 to columns */
	const void *arg;	     /* for both */
	const char *row_title, *column_title, *scale_title;
	const char *zero_word, *nothing_word; /* what a cell of 0 is, and PLOT_NOTHING */
};

/* At most this many cells, of a size that can be seen, fit, where the labels of rows have @label characters. */
void plot_heat_room(const struct plot_to *to, const struct report *r, unsigned int label, unsigned int *columns,
		    unsigned int *rows);

/*
 * 0 or -errno with @f: -EINVAL (a size out of bounds, f->usage), -EOPNOTSUPP (PNG in a build without cairo), -ENOMEM, or as writing the
 * file failed. A file is whole or not there at all; one that was there stays until it is replaced. PLOT_TERMINAL: lines of @r,
 * in colour where the report has it and the locale is UTF-8, plain ASCII otherwise.
 */
int plot_heat_draw(const struct plot_heat *h, const struct plot_to *to, struct report *r, struct fail *f);

struct plot_point {
	double x, y; /* y NAN: what is left of it ends here, and nothing is drawn up to the next point */
};

struct plot_series {
	const char *name; /* in the legend, which a single series needs none of */
	const struct plot_point *points;
	unsigned int nr;
	bool marks; /* each point is seen as such */
	bool steps; /* y holds until the next point; else a line leads there */
	bool fill;  /* down to 0 */
};

#define PLOT_SERIES_MAX 4u

/* Writes a value of an axis into @buf and returns it. */
typedef const char *plot_value_fn(double value, char *buf, size_t size);

/* Values from 0 on over something. x rises within a series. */
struct plot_chart {
	struct plot_words words;
	const struct plot_series *series;
	unsigned int nr;
	const char *x_title, *y_title;
	unsigned int log_x,
		log_y; /* by powers of 2 or 10; what is not above 0 lies at the axis's end; 0: in equal steps */
	plot_value_fn *x_text, *y_text; /* how their ticks are written; NULL: as numbers */
	double second;			/* a second scale at the right: y times this; 0 = none */
	const char *second_title;	/* of that */
	const char *gap_word;		/* what it means where nothing is drawn; NULL: there is no such place */
};

/* As plot_heat_draw(). */
int plot_chart_draw(const struct plot_chart *c, const struct plot_to *to, struct report *r, struct fail *f);

#endif
