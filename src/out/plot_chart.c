/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Charts of pixels: axes, what lies between them, and the legend. */
#include <math.h>

#include "out/plot_priv.h"

#define CHART_WIDTH 1000u
#define CHART_HEIGHT 480u
#define CHART_TICK 8.0	 /* between a label and its axis */
#define CHART_TITLE 26.0 /* beside or below the labels of an axis */
#define CHART_LINE 2.0
#define CHART_MARK 6.0
#define CHART_LEAST 120.0 /* height between the axes */

struct chart_layout {
	unsigned int width, height;
	double left, top, right, bottom;
	struct plot_axis x, y, second;
	unsigned int subtitles;
};

static double chart_labels(const struct plot_axis *a)
{
	double width = 0;
	char buf[32];

	for (unsigned int n = 0; n < a->nr; n++)
		width = fmax(width, plot_text_width(&plot_font_label, plot_axis_text(a, n, buf, sizeof(buf))));
	return width + CHART_TICK;
}

static bool chart_has_legend(const struct plot_chart *c)
{
	return c->nr > 1 || c->gap_word;
}

static unsigned int chart_wanted(const struct chart_layout *l)
{
	return MAX((unsigned int)((l->bottom - l->top) / 45), 3u);
}

static void chart_layout(const struct plot_chart *c, const struct plot_to *to, struct chart_layout *l)
{
	double above;

	l->width = to->width ? to->width : CHART_WIDTH;
	l->height = to->height ? to->height : CHART_HEIGHT;
	l->bottom = l->height - PLOT_MARGIN - CHART_TITLE - 18;
	above = 16 + (chart_has_legend(c) ? 24 : 0);
	l->subtitles = plot_words_fit(&c->words, l->width, l->bottom - above - CHART_LEAST);
	l->top = fmin(plot_draw_words(NULL, &c->words, l->subtitles, l->width) + above, l->bottom - CHART_LEAST / 2);
	plot_chart_axes(c, 1, chart_wanted(l), &l->x, &l->y);
	l->left = floor(PLOT_MARGIN + CHART_TITLE + chart_labels(&l->y));
	l->right = l->width - PLOT_MARGIN - 16;
	if (c->second > 0) {
		/* only ticks that lie below the first axis's end */
		plot_axis_linear(&l->second, l->y.high * c->second, chart_wanted(l), false);
		l->right = floor(l->width - PLOT_MARGIN - CHART_TITLE - chart_labels(&l->second));
	}
	plot_chart_axes(c, (unsigned int)((l->right - l->left) / 90), chart_wanted(l), &l->x, &l->y);
}

static double chart_x(const struct chart_layout *l, double x)
{
	return l->left + plot_axis_place(&l->x, x) * (l->right - l->left);
}

static double chart_y(const struct chart_layout *l, double y)
{
	return l->bottom - plot_axis_place(&l->y, y) * (l->bottom - l->top);
}

static void chart_axes(struct plot_canvas *canvas, const struct plot_chart *c, const struct chart_layout *l)
{
	double middle = (l->top + l->bottom) / 2;
	char buf[32];

	for (unsigned int n = 0; n < l->y.nr; n++) {
		double y = floor(chart_y(l, l->y.at[n]));

		plot_hline(canvas, l->left, l->right, y, n ? plot_grid : plot_ink);
		plot_text(canvas, l->left - CHART_TICK, y + 4.5, PLOT_RIGHT, &plot_font_label, plot_ink,
			  plot_axis_text(&l->y, n, buf, sizeof(buf)));
	}
	plot_text(canvas, PLOT_MARGIN + 10, middle, PLOT_MIDDLE, &plot_font_up, plot_faint, c->y_title);
	for (unsigned int n = 0; c->second > 0 && n < l->second.nr; n++) {
		double y = floor(chart_y(l, l->second.at[n] / c->second));

		plot_hline(canvas, l->right, l->right + 4, y, plot_faint);
		plot_text(canvas, l->right + CHART_TICK, y + 4.5, PLOT_LEFT, &plot_font_label, plot_ink,
			  plot_axis_text(&l->second, n, buf, sizeof(buf)));
	}
	if (c->second > 0)
		plot_text(canvas, l->width - PLOT_MARGIN, middle, PLOT_MIDDLE, &plot_font_up, plot_faint,
			  c->second_title);
	for (unsigned int n = 0; n < l->x.nr; n++) {
		double x = chart_x(l, l->x.at[n]);

		plot_vline(canvas, x, l->bottom, l->bottom + 5, plot_ink);
		plot_text(canvas, x, l->bottom + 18, PLOT_MIDDLE, &plot_font_label, plot_ink,
			  plot_axis_text(&l->x, n, buf, sizeof(buf)));
	}
	plot_text(canvas, (l->left + l->right) / 2, l->bottom + 18 + CHART_TITLE - 4, PLOT_MIDDLE, &plot_font_label,
		  plot_faint, c->x_title);
}

/* From point @first to the next gap, as corners in pixels; how many. @points has room for twice the series. *next: behind it. */
static unsigned int chart_piece(const struct plot_series *s, const struct chart_layout *l, unsigned int first,
				struct plot_point *points, unsigned int *next)
{
	unsigned int n = 0, i;

	for (i = first; i < s->nr && !isnan(s->points[i].y); i++) {
		double x = chart_x(l, s->points[i].x);

		if (s->steps && n) {
			points[n] = (struct plot_point){x, points[n - 1].y};
			n++;
		}
		points[n++] = (struct plot_point){x, chart_y(l, s->points[i].y)};
	}
	if (s->steps && n && i < s->nr) {
		points[n] = (struct plot_point){chart_x(l, s->points[i].x), points[n - 1].y};
		n++;
	}
	*next = i + 1;
	return n;
}

static void chart_series(struct plot_canvas *canvas, const struct plot_chart *c, const struct chart_layout *l,
			 unsigned int nr, bool fill)
{
	const struct plot_series *s = &c->series[nr];
	CLEANUP_FREE struct plot_point *points = calloc(2 * (size_t)s->nr + 4, sizeof(*points));

	if (!points) {
		canvas->no_memory = true;
		return;
	}
	for (unsigned int at = 0; at < s->nr;) {
		unsigned int n = chart_piece(s, l, at, points, &at);

		if (!n)
			continue;
		if (fill) {
			points[n] = (struct plot_point){points[n - 1].x, l->bottom};
			points[n + 1] = (struct plot_point){points[0].x, l->bottom};
			canvas->ops->path(canvas, points, n + 2, 0, plot_fill_colors[nr]);
		} else {
			canvas->ops->path(canvas, points, n, CHART_LINE, plot_series_colors[nr]);
		}
	}
}

static void chart_marks(struct plot_canvas *canvas, const struct plot_chart *c, const struct chart_layout *l,
			unsigned int nr)
{
	const struct plot_series *s = &c->series[nr];

	for (unsigned int i = 0; i < s->nr; i++)
		if (!isnan(s->points[i].y))
			plot_rect(canvas, chart_x(l, s->points[i].x) - CHART_MARK / 2,
				  chart_y(l, s->points[i].y) - CHART_MARK / 2, CHART_MARK, CHART_MARK,
				  plot_series_colors[nr]);
}

static void chart_legend(struct plot_canvas *canvas, const struct plot_chart *c, const struct chart_layout *l)
{
	double x = l->left, y = l->top - 22;

	for (unsigned int s = 0; s < c->nr && c->nr > 1; s++) {
		const char *name = c->series[s].name;

		plot_rect(canvas, x, y - 5, 22, 3, plot_series_colors[s]);
		plot_text(canvas, x + 28, y, PLOT_LEFT, &plot_font_label, plot_ink, name);
		x += 28 + plot_text_width(&plot_font_label, name) + 16;
	}
	if (c->gap_word)
		plot_text(canvas, x, y, PLOT_LEFT, &plot_font_label, plot_faint, c->gap_word);
}

int plot_chart_canvas(const struct plot_chart *c, const struct plot_to *to, struct fail *f)
{
	struct plot_canvas *canvas;
	struct chart_layout l = {0};
	int err;

	chart_layout(c, to, &l);
	err = plot_canvas_open(&canvas, to, l.width, l.height, c->words.title, f);
	if (err)
		return err;
	plot_draw_words(canvas, &c->words, l.subtitles, l.width);
	for (unsigned int s = 0; s < c->nr; s++)
		if (c->series[s].fill)
			chart_series(canvas, c, &l, s, true);
	chart_axes(canvas, c, &l);
	for (unsigned int s = 0; s < c->nr; s++) {
		chart_series(canvas, c, &l, s, false);
		if (c->series[s].marks)
			chart_marks(canvas, c, &l, s);
	}
	chart_legend(canvas, c, &l);
	return plot_canvas_close(canvas, to, f);
}
