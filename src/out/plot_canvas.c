/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pictures of pixels have in common: the words at their top, lines, labels, and their way into a file. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "out/data.h"
#include "out/plot_priv.h"

/* Digits are wider than letters, and labels are made of them. */
const struct plot_font plot_font_title = {.size = 18, .bold = true, .wide = 0.68},
		       plot_font_words = {.size = 13, .wide = 0.58},
		       plot_font_caveat = {.size = 13, .bold = true, .wide = 0.64},
		       plot_font_label = {.size = 12, .wide = 0.64},
		       plot_font_mono = {.size = 12, .mono = true, .wide = 0.62},
		       plot_font_up = {.size = 12, .up = true, .wide = 0.64};

double plot_text_width(const struct plot_font *font, const char *text)
{
	return text ? (double)utf8_width(text) * font->size * font->wide : 0;
}

int plot_canvas_open(struct plot_canvas **out, const struct plot_to *to, unsigned int width, unsigned int height,
		     const char *title, struct fail *f)
{
	if (to->format == PLOT_PNG)
		return plot_canvas_png(out, width, height, f);
	return plot_canvas_svg(out, width, height, title, f);
}

int plot_canvas_close(struct plot_canvas *c, const struct plot_to *to, struct fail *f)
{
	CLEANUP_FREE char *data = NULL;
	bool lost = c->no_memory;
	size_t length = 0;
	int err = c->ops->end(c, &data, &length);

	if (!err && lost)
		err = -ENOMEM;
	if (err)
		return fail_set(f, err, "cannot draw %s", to->path);
	return data_write(to->path, data, length, f);
}

void plot_rect(struct plot_canvas *c, double x, double y, double w, double h, struct plot_color color)
{
	if (w > 0 && h > 0)
		c->ops->rect(c, x, y, w, h, color);
}

void plot_hline(struct plot_canvas *c, double x0, double x1, double y, struct plot_color color)
{
	plot_rect(c, floor(x0), floor(y), floor(x1) - floor(x0), 1, color);
}

void plot_vline(struct plot_canvas *c, double x, double y0, double y1, struct plot_color color)
{
	plot_rect(c, floor(x), floor(y0), 1, floor(y1) - floor(y0), color);
}

void plot_text(struct plot_canvas *c, double x, double y, enum plot_anchor anchor, const struct plot_font *font,
	       struct plot_color color, const char *text)
{
	CLEANUP_FREE char *clean = plot_clean(text);

	if (!clean)
		c->no_memory = true;
	else if (*clean)
		c->ops->text(c, x, y, anchor, font, color, clean);
}

/* One text on as many lines as it needs; the base line of the last. */
static double canvas_paragraph(struct plot_canvas *c, const char *text, const struct plot_font *font,
			       struct plot_color color, double width, double y)
{
	/* a hair's breadth more, so that what was made just wide enough is that */
	size_t max = (size_t)((width - 2 * PLOT_MARGIN) / (font->size * font->wide) + 0.1), n;
	char line[1024];

	for (; *text; text += n) {
		n = plot_wrap(text, max);
		y += floor(font->size * 1.45);
		snprintf(line, sizeof(line), "%.*s", (int)MIN(n - (text[n - 1] == ' '), sizeof(line) - 1), text);
		if (c)
			plot_text(c, PLOT_MARGIN, y, PLOT_LEFT, font, color, line);
	}
	return y;
}

double plot_draw_words(struct plot_canvas *c, const struct plot_words *w, unsigned int lines, double width)
{
	double y = PLOT_MARGIN - 8;

	y = canvas_paragraph(c, w->title, &plot_font_title, plot_ink, width, y) + 2;
	for (const char *const *line = w->subtitles; line && *line && lines--; line++)
		y = canvas_paragraph(c, *line, &plot_font_words, plot_faint, width, y);
	if (w->caveat)
		y = canvas_paragraph(c, w->caveat, &plot_font_caveat, plot_warning, width, y);
	return y + 6;
}

unsigned int plot_words_fit(const struct plot_words *w, double width, double most)
{
	unsigned int lines = 0;

	while (w->subtitles && w->subtitles[lines])
		lines++;
	while (lines && plot_draw_words(NULL, w, lines, width) > most)
		lines--;
	return lines;
}

double plot_words_width(const struct plot_words *w)
{
	double width = fmax(plot_text_width(&plot_font_title, w->title), plot_text_width(&plot_font_caveat, w->caveat));

	for (const char *const *line = w->subtitles; line && *line; line++)
		width = fmax(width, plot_text_width(&plot_font_words, *line));
	return ceil(width + 2 * PLOT_MARGIN);
}
