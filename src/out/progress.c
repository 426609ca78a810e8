/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live line: drawn over itself with a carriage return, erased before anybody else writes to stderr. */
#include "out/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/msg.h"
#include "base/num.h"
#include "base/utf8.h"

#define PROGRESS_INTERVAL_NS 100000000ull
#define PROGRESS_DEFAULT_WIDTH 80

static enum progress_mode progress_mode = PROGRESS_AUTO;
static unsigned int progress_columns; /* 0 = to be asked for */
/*
 * Columns of the line that stands on the screen, 0 = none. It changes under stderr's own lock, which messages take too;
 * atomic for race checkers, which do not know that lock.
 */
static _Atomic size_t progress_drawn;
/* Those between their start and end; one thread's, as the command that shows them is. */
static unsigned int progress_running;

void progress_set_mode(enum progress_mode mode)
{
	progress_mode = mode;
}

void progress_set_columns(unsigned int columns)
{
	progress_columns = columns;
}

static void progress_erase(void)
{
	size_t drawn;

	flockfile(stderr);
	drawn = progress_drawn;
	if (drawn)
		fprintf(stderr, "\r%*s\r", (int)drawn, "");
	progress_drawn = 0;
	funlockfile(stderr);
}

/* The last column stays free: some terminals wrap as soon as it is filled. */
static size_t progress_width(void)
{
	struct winsize size;
	size_t columns = PROGRESS_DEFAULT_WIDTH;

	if (progress_columns)
		columns = progress_columns;
	else if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		columns = size.ws_col;
	return columns - 1;
}

/* Cut @line after @width code points. */
static void progress_cut(char *line, size_t width)
{
	char *s = line;

	for (; *s; s++) {
		bool begins = ((unsigned char)*s & 0xc0) != 0x80;

		if (begins && width-- == 0)
			break;
	}
	*s = '\0';
}

static void progress_draw(char *line)
{
	size_t width, drawn;

	progress_cut(line, progress_width());
	flockfile(stderr);
	width = utf8_width(line);
	drawn = progress_drawn;
	fprintf(stderr, "\r%s%*s", line, (int)(drawn > width ? drawn - width : 0), "");
	/* What was blanked is still the cursor's way back. */
	progress_drawn = MAX(drawn, width);
	funlockfile(stderr);
}

static void progress_append(char *line, size_t size, const char *fmt, ...) IC_PRINTF(3, 4);

static void progress_append(char *line, size_t size, const char *fmt, ...)
{
	size_t used = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + used, size - used, fmt, ap);
	va_end(ap);
}

/* Below a minute in whole seconds: tenths that jump about help nobody. */
static void progress_append_eta(char *line, size_t size, double seconds)
{
	char text[32];

	if (seconds < 59.5)
		progress_append(line, size, "  ETA %.0f s", seconds);
	else
		progress_append(line, size, "  ETA %s",
				num_format_duration(text, sizeof(text), (uint64_t)MIN(seconds * 1e9, 1e19)));
}

/* 0..1, or negative where neither a total nor a deadline is known. */
static double progress_fraction(const struct progress *p, uint64_t done, uint64_t now)
{
	double fraction = -1;

	if (p->until_ns > p->start_ns)
		fraction = (double)(now - p->start_ns) / (double)(p->until_ns - p->start_ns);
	else if (p->total)
		fraction = (double)done / (double)p->total;
	return MIN(fraction, 1.0);
}

static void progress_compose(const struct progress *p, uint64_t done, uint64_t bytes, uint64_t now, char *line,
			     size_t size)
{
	bool has_deadline = p->until_ns > p->start_ns;
	double seconds = (double)(now - p->start_ns) / 1e9;
	double fraction = progress_fraction(p, done, now);
	char text[32];

	snprintf(line, size, "%s: %llu", p->label, (unsigned long long)done);
	if (p->total)
		progress_append(line, size, "/%llu", (unsigned long long)p->total);
	progress_append(line, size, " %s", p->unit);
	if (fraction >= 0)
		progress_append(line, size, "  %.0f%%", fraction * 100);
	if (seconds > 0)
		progress_append(line, size, "  %.*f %s/s", done / seconds < 10, done / seconds, p->unit);
	if (seconds > 0 && bytes)
		progress_append(line, size, "  %s/s", num_format_human(text, sizeof(text), (double)bytes / seconds));
	/* Before the first hundredth an estimate is a guess; a deadline is none. */
	if (has_deadline)
		progress_append_eta(line, size, (double)(p->until_ns - MIN(now, p->until_ns)) / 1e9);
	else if (fraction >= 0.01)
		progress_append_eta(line, size, seconds / fraction - seconds);
}

void progress_start(struct progress *p, const char *label, const char *unit, uint64_t total, uint64_t until_ns)
{
	*p = (struct progress){
		.label = label,
		.unit = unit,
		.total = total,
		.until_ns = until_ns,
		.start_ns = clock_ns(),
	};
	/* A run that is over at once shows no line at all. */
	p->last_ns = p->start_ns;
	p->live = progress_mode == PROGRESS_ALWAYS || (progress_mode == PROGRESS_AUTO && isatty(STDERR_FILENO));
	if (p->live && !progress_running++)
		msg_set_prepare(progress_erase);
}

void progress_update(struct progress *p, uint64_t done, uint64_t bytes)
{
	char line[512];
	uint64_t now;

	if (!p->live)
		return;
	now = clock_ns();
	if (now - p->last_ns < PROGRESS_INTERVAL_NS)
		return;
	p->last_ns = now;
	progress_compose(p, done, bytes, now, line, sizeof(line));
	progress_draw(line);
	p->drawn = true;
}

void progress_end(struct progress *p)
{
	if (!p->live)
		return;
	p->live = false;
	progress_running--;
	if (p->drawn || !progress_running)
		progress_erase();
	if (!progress_running)
		msg_set_prepare(NULL);
}
