/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A canvas that becomes SVG 1.1. Its texts stay texts: they can be searched, copied and read aloud. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "out/plot_priv.h"

struct svg {
	struct plot_canvas base;
	FILE *to;
	char *data;
	size_t length;
};

static struct svg *svg_of(struct plot_canvas *c)
{
	return container_of(c, struct svg, base);
}

static void svg_escaped(FILE *to, const char *clean)
{
	for (; *clean; clean++)
		switch (*clean) {
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '&':
			fputs("&amp;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			fputc(*clean, to);
		}
}

static void svg_color(FILE *to, const char *what, struct plot_color color)
{
	fprintf(to, " %s=\"#%02x%02x%02x\"", what, color.r, color.g, color.b);
}

static void svg_rect(struct plot_canvas *c, double x, double y, double w, double h, struct plot_color color)
{
	FILE *to = svg_of(c)->to;

	fprintf(to, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"", x, y, w, h);
	svg_color(to, "fill", color);
	fputs("/>\n", to);
}

static void svg_path(struct plot_canvas *c, const struct plot_point *points, unsigned int nr, double width,
		     struct plot_color color)
{
	FILE *to = svg_of(c)->to;

	fputs(width > 0 ? "<polyline points=\"" : "<polygon points=\"", to);
	for (unsigned int i = 0; i < nr; i++)
		fprintf(to, "%s%.1f,%.1f", i ? " " : "", points[i].x, points[i].y);
	fputc('"', to);
	if (width > 0) {
		svg_color(to, "stroke", color);
		fprintf(to, " fill=\"none\" stroke-width=\"%g\" stroke-linejoin=\"round\"", width);
	} else {
		svg_color(to, "fill", color);
	}
	fputs("/>\n", to);
}

static void svg_text(struct plot_canvas *c, double x, double y, enum plot_anchor anchor, const struct plot_font *font,
		     struct plot_color color, const char *clean)
{
	static const char *const anchors[] = {"start", "middle", "end"};
	FILE *to = svg_of(c)->to;

	fprintf(to, "<text x=\"%g\" y=\"%g\"", x, y);
	if (anchor != PLOT_LEFT)
		fprintf(to, " text-anchor=\"%s\"", anchors[anchor]);
	if (font->up)
		fprintf(to, " transform=\"rotate(-90 %g %g)\"", x, y);
	fprintf(to, " font-size=\"%g\"%s%s", font->size, font->bold ? " font-weight=\"bold\"" : "",
		font->mono ? " font-family=\"DejaVu Sans Mono, Consolas, monospace\"" : "");
	svg_color(to, "fill", color);
	fputc('>', to);
	svg_escaped(to, clean);
	fputs("</text>\n", to);
}

static int svg_end(struct plot_canvas *c, char **data, size_t *length)
{
	struct svg *svg = svg_of(c);
	bool failed;

	fputs("</svg>\n", svg->to);
	failed = ferror(svg->to);
	failed |= fclose(svg->to) != 0;
	*data = svg->data;
	*length = svg->length;
	free(svg);
	return failed ? -ENOMEM : 0;
}

int plot_canvas_svg(struct plot_canvas **out, unsigned int width, unsigned int height, const char *title,
		    struct fail *f)
{
	static const struct plot_canvas_ops ops = {
		.rect = svg_rect, .path = svg_path, .text = svg_text, .end = svg_end};
	CLEANUP_FREE char *clean = plot_clean(title);
	struct svg *svg = calloc(1, sizeof(*svg));

	if (svg)
		svg->to = open_memstream(&svg->data, &svg->length);
	if (!clean || !svg || !svg->to) {
		if (svg && svg->to)
			fclose(svg->to);
		free(svg ? svg->data : NULL);
		free(svg);
		return fail_set(f, ENOMEM, "cannot draw");
	}
	svg->base = (struct plot_canvas){.ops = &ops, .width = width, .height = height};
	fprintf(svg->to,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
		"width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" font-family=\"DejaVu Sans, Verdana, sans-serif\" "
		"shape-rendering=\"crispEdges\" role=\"img\">\n<title>",
		width, height, width, height);
	svg_escaped(svg->to, clean);
	fputs("</title>\n", svg->to);
	*out = &svg->base;
	svg_rect(*out, 0, 0, width, height, plot_white);
	return 0;
}
