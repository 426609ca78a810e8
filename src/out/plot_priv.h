/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of plot.h share: colours, ticks, the canvas that PNG and SVG are drawn on, files. Private to out/plot*. */
#ifndef IC_OUT_PLOT_PRIV_H
#define IC_OUT_PLOT_PRIV_H

#include <stdint.h>

#include "out/plot.h"

/* --- plot_color.c --- */
struct plot_color {
	uint8_t r, g, b;
};

extern const struct plot_color plot_white, plot_ink, plot_faint, plot_grid, plot_warning;
extern const struct plot_color plot_series_colors[PLOT_SERIES_MAX], plot_fill_colors[PLOT_SERIES_MAX];

/* Where a share above 0 lies on the scale, above 0 and at most 1: a thousandth at a tenth, an eighth in the middle. */
double plot_scale(double share);
double plot_scale_inverse(double at);
/* Of a place on the scale; 0: of nothing but that. */
struct plot_color plot_scale_color(double at);
static inline struct plot_color plot_share_color(double share)
{
	return plot_scale_color(share > 0 ? plot_scale(share) : 0);
}
/* The same for a terminal of 256 colours. */
unsigned int plot_share_256(double share);
/* The nearest of a terminal's 256 colours that do not depend on the user's palette. */
unsigned int plot_color_256(struct plot_color c);

/* --- plot_ticks.c --- */
struct plot_ticks {
	double step, top; /* the last tick, which is at or above what was asked for */
	unsigned int nr;  /* from 0 on */
};
/* 0 to at least @max by steps of 1, 2 or 5 times a power of ten, not more than about @wanted. */
struct plot_ticks plot_ticks_to(double max, unsigned int wanted);
/* As the others of the same step are written: as many decimals, "k", "M", "G" for thousands. */
const char *plot_tick_text(const struct plot_ticks *t, unsigned int n, char *buf, size_t size);
/* --- plot_axis.c --- */
#define PLOT_AXIS_TICKS 64u
struct plot_axis {
	bool log;
	double low, high; /* at its ends */
	struct plot_ticks ticks;
	double at[PLOT_AXIS_TICKS]; /* the ticks' values, in order */
	unsigned int nr;
	plot_value_fn *text; /* NULL: as plot_tick_text() has it */
};
/* From 0 to @max, or where @ticks_end to the first tick from there on. */
void plot_axis_linear(struct plot_axis *a, double max, unsigned int wanted, bool ticks_end);
/* From @low to @high, both above 0 and not the same, by powers of @base, 2 or 10, which has 2 and 5 of each where there is room; @ticks_end as above, at both ends. */
void plot_axis_log(struct plot_axis *a, double low, double high, unsigned int base, unsigned int wanted,
		   bool ticks_end);
/* Where @value lies: 0 to 1. */
double plot_axis_place(const struct plot_axis *a, double value);
const char *plot_axis_text(const struct plot_axis *a, unsigned int n, char *buf, size_t size);

/* "0.1 %", "100 %" */
const char *plot_percent(double share, char *buf, size_t size);

/* --- plot_words.c --- */
/* A copy that can be shown anywhere: valid UTF-8, no control character, nothing that XML forbids. NULL: no memory. */
char *plot_clean(const char *text);
/* The next piece of @text of at most @max characters, cut behind a blank where there is one; its bytes, 0 at the end. */
size_t plot_wrap(const char *text, size_t max);

/* --- the canvas --- */
enum plot_anchor { PLOT_LEFT, PLOT_MIDDLE, PLOT_RIGHT };

struct plot_font {
	double size;
	bool bold, mono;
	bool up;     /* reads from below */
	double wide; /* what a character takes on average, for its size: rather too much, since other fonts may be had */
};
double plot_text_width(const struct plot_font *font, const char *text);

struct plot_canvas;
struct plot_canvas_ops {
	void (*rect)(struct plot_canvas *c, double x, double y, double w, double h, struct plot_color color);
	void (*path)(struct plot_canvas *c, const struct plot_point *points, unsigned int nr, double width,
		     struct plot_color color); /* width 0: filled */
	void (*text)(struct plot_canvas *c, double x, double y, enum plot_anchor anchor, const struct plot_font *font,
		     struct plot_color color, const char *clean);
	/* The file's bytes, which the caller frees; 0 or -errno. The canvas is gone. */
	int (*end)(struct plot_canvas *c, char **data, size_t *length);
};

struct plot_canvas {
	const struct plot_canvas_ops *ops;
	unsigned int width, height;
	bool no_memory;
};

/* White. -ENOMEM, -EOPNOTSUPP */
int plot_canvas_png(struct plot_canvas **out, unsigned int width, unsigned int height, struct fail *f);
int plot_canvas_svg(struct plot_canvas **out, unsigned int width, unsigned int height, const char *title,
		    struct fail *f);

/* --- plot_canvas.c --- */
int plot_canvas_open(struct plot_canvas **out, const struct plot_to *to, unsigned int width, unsigned int height,
		     const char *title, struct fail *f);
/* Into the file, whole; the canvas is gone. */
int plot_canvas_close(struct plot_canvas *c, const struct plot_to *to, struct fail *f);
void plot_rect(struct plot_canvas *c, double x, double y, double w, double h, struct plot_color color);
/* A line of one pixel, across or down, that is sharp. */
void plot_hline(struct plot_canvas *c, double x0, double x1, double y, struct plot_color color);
void plot_vline(struct plot_canvas *c, double x, double y0, double y1, struct plot_color color);
void plot_text(struct plot_canvas *c, double x, double y, enum plot_anchor anchor, const struct plot_font *font,
	       struct plot_color color, const char *text);

extern const struct plot_font plot_font_title, plot_font_words, plot_font_caveat, plot_font_label, plot_font_mono,
	plot_font_up;
#define PLOT_MARGIN 20.0

/* Title, the first @lines of the subtitles, and caveat, as wide as @width allows. Returns where they end; a NULL canvas draws nothing. */
double plot_draw_words(struct plot_canvas *c, const struct plot_words *w, unsigned int lines, double width);
/* How many subtitles can be had where the words are to end at @most. */
unsigned int plot_words_fit(const struct plot_words *w, double width, double most);
/* How many pixels the longest of them would take on one line. */
double plot_words_width(const struct plot_words *w);

/* --- plot_term.c: for both kinds --- */
struct plot_line {
	FILE *to;
	char *text;
	size_t length;
	int ink, ground; /* colours in force, of 256; -1: the terminal's own */
};

/* 0 or -ENOMEM; then print to line->to and end it, which takes it into the report. */
int plot_line_begin(struct plot_line *line);
int plot_line_end(struct plot_line *line, struct report *r);
/* -1: the terminal's own. */
void plot_line_colors(struct plot_line *line, int ink, int ground);
/* Characters of the picture: as asked, or the terminal's, 80 by 24 where there is none. */
void plot_term_size(const struct plot_to *to, unsigned int *columns, unsigned int *lines);
/* Block characters in colour; else plain ASCII. */
bool plot_term_is_colored(const struct report *r);
void plot_term_words(struct report *r, const struct plot_words *w, unsigned int columns);

/* --- each kind --- */
int plot_heat_canvas(const struct plot_heat *h, const struct plot_to *to, struct fail *f);
void plot_heat_term_room(const struct plot_to *to, const struct report *r, unsigned int label, unsigned int *columns,
			 unsigned int *rows);
int plot_heat_term(const struct plot_heat *h, const struct plot_to *to, struct report *r);
int plot_chart_canvas(const struct plot_chart *c, const struct plot_to *to, struct fail *f);
int plot_chart_term(const struct plot_chart *c, const struct plot_to *to, struct report *r);
/* A chart's axes for a space that has room for so many ticks. What is there of each series lies between low and high. */
void plot_chart_axes(const struct plot_chart *c, unsigned int wanted_x, unsigned int wanted_y, struct plot_axis *x,
		     struct plot_axis *y);

#endif
