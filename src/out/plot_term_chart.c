/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Charts of characters: columns that rise by eighths of a line, or marks in plain ASCII. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "out/plot_priv.h"

#define TERM_CHART_LINES 16u
#define TERM_CHART_AROUND 9u
#define TERM_MARKS "*+ox"

static const char *const term_eighths[] = {" ",
					   "\xe2\x96\x81",
					   "\xe2\x96\x82",
					   "\xe2\x96\x83",
					   "\xe2\x96\x84",
					   "\xe2\x96\x85",
					   "\xe2\x96\x86",
					   "\xe2\x96\x87",
					   "\xe2\x96\x88"};

struct term_chart {
	const struct plot_chart *c;
	struct report *r;
	bool colored;
	unsigned int columns, lines, label; /* characters; columns and lines of the space between the axes */
	struct plot_axis x, y;
	struct plot_point *points[PLOT_SERIES_MAX]; /* where they lie, 0 to 1 in both directions */
	double *value[PLOT_SERIES_MAX];		    /* of each column; NAN: nothing is there */
};

/* The largest value of the piece of a series between two of its points, where it meets from..to. NAN: it does not. */
static double term_piece(const struct plot_series *s, const struct plot_point *points, unsigned int i, double from,
			 double to)
{
	const struct plot_point *a = &points[i], *b = i + 1 < s->nr ? a + 1 : NULL;
	double left, right;

	if (isnan(a->y) || a->x >= to)
		return NAN;
	if (!b || isnan(b->y) || s->steps)
		return (b && s->steps ? b->x > from : a->x >= from) ? a->y : NAN;
	if (b->x <= from)
		return NAN;
	left = a->y + (b->y - a->y) * (fmax(from, a->x) - a->x) / (b->x - a->x);
	right = a->y + (b->y - a->y) * (fmin(to, b->x) - a->x) / (b->x - a->x);
	return fmax(left, right);
}

static void term_place(const struct term_chart *t, unsigned int nr)
{
	const struct plot_series *s = &t->c->series[nr];

	for (unsigned int i = 0; i < s->nr; i++) {
		const struct plot_point *p = &s->points[i];

		t->points[nr][i].x = plot_axis_place(&t->x, p->x);
		t->points[nr][i].y = isnan(p->y) ? NAN : plot_axis_place(&t->y, p->y);
	}
}

/* The largest in each column, so that no burst is lost. Points rise, so each piece is looked at by the columns it covers. */
static void term_fill(const struct term_chart *t, unsigned int nr)
{
	const struct plot_series *s = &t->c->series[nr];
	const struct plot_point *points = t->points[nr];
	double *value = t->value[nr], width = 1. / t->columns;

	for (unsigned int col = 0; col < t->columns; col++)
		value[col] = NAN;
	for (unsigned int i = 0; i < s->nr; i++) {
		double end = i + 1 < s->nr ? points[i + 1].x : points[i].x;
		unsigned int col = (unsigned int)fmin(points[i].x / width, t->columns - 1);
		unsigned int last = (unsigned int)fmin(end / width, t->columns - 1);

		for (; col <= last; col++) {
			/* what ends with the axis belongs to the last column */
			double to = col + 1 == t->columns ? INFINITY : width * (col + 1);

			value[col] = fmax(value[col], term_piece(s, points, i, width * col, to));
		}
	}
}

/* Eighths of the character of @line, counted from below, that a column of @value fills. 0 is seen: a line at the bottom. */
static unsigned int term_height(const struct term_chart *t, double value, unsigned int line)
{
	double eighths = value * t->lines * 8 - line * 8.;

	if (isnan(value))
		return 0;
	if (!line && eighths < 1)
		return 1;
	return (unsigned int)fmin(fmax(lround(eighths), 0), 8);
}

static void term_cell(const struct term_chart *t, struct plot_line *out, unsigned int line, unsigned int col)
{
	static const char marks[] = TERM_MARKS;

	for (unsigned int s = 0; s < t->c->nr; s++) {
		double value = t->value[s][col];
		bool fill = t->c->series[s].fill;
		unsigned int here = term_height(t, value, line), above = term_height(t, value, line + 1);

		if (!here || (!fill && above && line + 1 < t->lines))
			continue;
		if (t->colored)
			plot_line_colors(out, (int)plot_color_256(plot_series_colors[s]), -1);
		if (t->colored && fill)
			fputs(term_eighths[here], out->to);
		else if (fill)
			fputc(here == 8 ? '#' : here >= 4 ? ':' : line || value > 0 ? '.' : '_', out->to);
		else
			fputc(marks[s], out->to);
		return;
	}
	plot_line_colors(out, -1, -1);
	fputc(' ', out->to);
}

/* The tick that lies in this line, counted from below; its label or "". */
static const char *term_tick(const struct term_chart *t, unsigned int line, char *buf, size_t size)
{
	for (unsigned int n = 0; n < t->y.nr; n++)
		if ((unsigned int)fmin(plot_axis_place(&t->y, t->y.at[n]) * t->lines, t->lines - 1) == line)
			return plot_axis_text(&t->y, n, buf, size);
	return "";
}

static int term_chart_line(const struct term_chart *t, unsigned int line)
{
	struct plot_line out;
	char buf[32];
	const char *tick = term_tick(t, line, buf, sizeof(buf));
	int err = plot_line_begin(&out);

	if (err)
		return err;
	fprintf(out.to, "%*s %c", (int)t->label, tick, *tick ? '+' : '|');
	for (unsigned int col = 0; col < t->columns; col++)
		term_cell(t, &out, line, col);
	return plot_line_end(&out, t->r);
}

/* The axis with a mark at each tick, and its label below. */
static int term_axis(const struct term_chart *t)
{
	char *rule = malloc(2 * (size_t)t->columns + 2), *text = rule ? rule + t->columns + 1 : NULL, buf[32];
	size_t end = 0;

	if (!rule)
		return -ENOMEM;
	memset(rule, '-', t->columns);
	memset(text, ' ', t->columns);
	rule[t->columns] = text[t->columns] = '\0';
	for (unsigned int n = 0; n < t->x.nr; n++) {
		size_t at = (size_t)(plot_axis_place(&t->x, t->x.at[n]) * t->columns), width;
		const char *tick = plot_axis_text(&t->x, n, buf, sizeof(buf));

		width = strlen(tick);
		if (at >= t->columns)
			break;
		rule[at] = '+';
		if ((n && at <= end) || at + width > t->columns)
			continue;
		memcpy(text + at, tick, width);
		end = at + width;
	}
	while (*text && text[strlen(text) - 1] == ' ')
		text[strlen(text) - 1] = '\0';
	report_line(t->r, "%*s +%s", (int)t->label, "", rule);
	report_line(t->r, "%*s  %s", (int)t->label, "", text);
	report_line(t->r, "%*s  %s", (int)t->label, "", t->c->x_title);
	free(rule);
	return 0;
}

static int term_chart_legend(const struct term_chart *t)
{
	struct plot_line line;
	int err = plot_line_begin(&line);

	if (err)
		return err;
	for (unsigned int s = 0; s < t->c->nr && t->c->nr > 1; s++) {
		const struct plot_series *series = &t->c->series[s];

		if (t->colored)
			plot_line_colors(&line, (int)plot_color_256(plot_series_colors[s]), -1);
		if (series->fill)
			fputs(t->colored ? term_eighths[8] : "#", line.to);
		else
			fputc(TERM_MARKS[s], line.to);
		plot_line_colors(&line, -1, -1);
		fprintf(line.to, " %s  ", series->name);
	}
	fputs(t->c->gap_word ? t->c->gap_word : "", line.to);
	return plot_line_end(&line, t->r);
}

static int term_chart_print(struct term_chart *t)
{
	int err = 0;

	plot_term_words(t->r, &t->c->words, t->columns + t->label + 2);
	report_line(t->r, "%s", t->c->y_title);
	for (unsigned int line = t->lines; line-- && !err;)
		err = term_chart_line(t, line);
	if (!err)
		err = term_axis(t);
	if (!err && (t->c->nr > 1 || t->c->gap_word))
		err = term_chart_legend(t);
	return err;
}

int plot_chart_term(const struct plot_chart *c, const struct plot_to *to, struct report *r)
{
	struct term_chart t = {.c = c, .r = r, .colored = plot_term_is_colored(r)};
	char buf[32];
	int err = 0;

	plot_term_size(to, &t.columns, &t.lines);
	t.lines = MAX(t.lines, TERM_CHART_AROUND + 4) - TERM_CHART_AROUND;
	if (!to->height)
		t.lines = MIN(t.lines, TERM_CHART_LINES);
	plot_chart_axes(c, 1, MAX(t.lines / 3, 1u), &t.x, &t.y);
	for (unsigned int n = 0; n < t.y.nr; n++)
		t.label = MAX(t.label, (unsigned int)strlen(plot_axis_text(&t.y, n, buf, sizeof(buf))));
	t.columns -= t.label + 2;
	plot_chart_axes(c, MAX(t.columns / 12, 1u), MAX(t.lines / 3, 1u), &t.x, &t.y);
	for (unsigned int s = 0; s < c->nr && !err; s++) {
		t.value[s] = malloc(t.columns * sizeof(double));
		t.points[s] = malloc(MAX(c->series[s].nr, 1u) * sizeof(struct plot_point));
		if (!t.value[s] || !t.points[s]) {
			err = -ENOMEM;
			break;
		}
		term_place(&t, s);
		term_fill(&t, s);
	}
	if (!err)
		err = term_chart_print(&t);
	for (unsigned int s = 0; s < c->nr; s++) {
		free(t.value[s]);
		free(t.points[s]);
	}
	return err;
}
