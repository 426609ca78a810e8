/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pictures of characters have in common: lines with colours, the terminal's size, the words on top. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "out/plot_priv.h"
#include "out/sink.h"

int plot_line_begin(struct plot_line *line)
{
	*line = (struct plot_line){.ink = -1, .ground = -1};
	line->to = open_memstream(&line->text, &line->length);
	return line->to ? 0 : -ENOMEM;
}

int plot_line_end(struct plot_line *line, struct report *r)
{
	int err;

	plot_line_colors(line, -1, -1);
	err = ferror(line->to) ? -ENOMEM : 0;
	if (fclose(line->to))
		err = -ENOMEM;
	while (!err && line->length && line->text[line->length - 1] == ' ')
		line->text[--line->length] = '\0';
	if (!err)
		report_picture(r, line->text);
	free(line->text);
	return err;
}

void plot_line_colors(struct plot_line *line, int ink, int ground)
{
	/* the terminal's own colours come back together only */
	if ((ink < 0 && line->ink >= 0) || (ground < 0 && line->ground >= 0)) {
		fputs("\033[0m", line->to);
		line->ink = line->ground = -1;
	}
	if (ink != line->ink)
		fprintf(line->to, "\033[38;5;%dm", ink);
	if (ground != line->ground)
		fprintf(line->to, "\033[48;5;%dm", ground);
	line->ink = ink;
	line->ground = ground;
}

void plot_term_size(const struct plot_to *to, unsigned int *columns, unsigned int *lines)
{
	struct winsize size = {0};

	if (ioctl(sink_stdout(), TIOCGWINSZ, &size))
		size = (struct winsize){0};
	*columns = MIN(MAX(size.ws_col ? size.ws_col : 80u, PLOT_MIN_COLUMNS), PLOT_MAX_CHARACTERS);
	*lines = MIN(MAX(size.ws_row ? size.ws_row : 24u, PLOT_MIN_LINES), PLOT_MAX_CHARACTERS);
	if (to->width)
		*columns = to->width;
	if (to->height)
		*lines = to->height;
}

/* Asked without changing the process's own locale. */
bool plot_term_is_colored(const struct report *r)
{
	locale_t l = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = l && !strcmp(nl_langinfo_l(CODESET, l), "UTF-8");

	if (l)
		freelocale(l);
	return utf8 && report_has_color(r);
}

static void term_paragraph(struct report *r, const char *text, unsigned int columns)
{
	size_t n;

	for (; text && *text; text += n) {
		n = plot_wrap(text, columns);
		report_line(r, "%.*s", (int)(n - (text[n - 1] == ' ')), text);
	}
}

void plot_term_words(struct report *r, const struct plot_words *w, unsigned int columns)
{
	term_paragraph(r, w->title, columns);
	for (const char *const *line = w->subtitles; line && *line; line++)
		term_paragraph(r, *line, columns);
	term_paragraph(r, w->caveat, columns);
	report_line(r, "%s", "");
}
