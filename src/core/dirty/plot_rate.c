/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty rates over time, from a series of bitmaps of one place. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/dirty/plot_priv.h"

#define RATE_SECOND 1000000000ull
/* Reads follow each other where what lies between them is no more than this, or than a hundredth of what they gathered in. */
#define RATE_ADJACENT_NS 1000000u

/* One read of the series, in the order of time. */
struct rate_read {
	const struct dirty_bitmap *b;
	const char *name;
	uint64_t start,
		end; /* of the time that it tells of, ns; starts where the one before ends, unless there is a gap */
	uint64_t gathered; /* ns that the pages came in */
	uint64_t pages;
	double pages_s;
	bool behind_gap;
};

struct rate {
	struct rate_read *reads;
	unsigned int nr, nr_gaps;
	uint64_t gap_ns, tracked_ns, pages;
	const struct rate_read *peak;
	bool kept; /* some reads left their bits */
};

static int rate_compare(const void *a, const void *b)
{
	const struct rate_read *left = a, *right = b;

	return left->end < right->end ? -1 : left->end > right->end;
}

static int rate_differs(struct fail *f, const char *name, const char *first, const char *what, uint64_t got,
			uint64_t want)
{
	return fail_usage(f, EINVAL, "%s does not belong with %s: %s 0x%" PRIx64 ", not 0x%" PRIx64, name, first, what,
			  got, want);
}

/* They are reads of one thing, and say when. */
static int rate_check(const struct dirty_bitmap *b, const char *name, const struct dirty_bitmap *first,
		      const char *first_name, struct fail *f)
{
	if (b->source != first->source || b->simulated != first->simulated)
		return fail_usage(f, EINVAL, "%s does not belong with %s: source %s%s, not %s%s", name, first_name,
				  dirty_source_name(b->source), b->simulated ? ", simulated" : "",
				  dirty_source_name(first->source), first->simulated ? ", simulated" : "");
	if (strcmp(b->device, first->device))
		return fail_usage(f, EINVAL, "%s does not belong with %s: device '%s', not '%s'", name, first_name,
				  b->device, first->device);
	if (b->iova != first->iova)
		return rate_differs(f, name, first_name, "iova", b->iova, first->iova);
	if (b->length != first->length)
		return rate_differs(f, name, first_name, "length", b->length, first->length);
	if (b->page_size != first->page_size)
		return rate_differs(f, name, first_name, "page size", b->page_size, first->page_size);
	if (!b->time_ns || !b->since_ns)
		return fail_usage(f, EINVAL, "%s does not say %s: it has no rate", name,
				  b->time_ns ? "how long it gathered" : "when it was read");
	if (b->since_ns > b->time_ns)
		return fail_usage(f, EINVAL, "%s gathered for longer than there is time", name);
	return 0;
}

/*
 * What a read tells of. Where the one before left its bits, they are in this one too: only the pages that were clean then are new,
 * and the time since then is what they came in.
 */
static void rate_read(struct rate *s, struct rate_read *read, const struct rate_read *before)
{
	const struct dirty_bitmap *b = read->b;
	struct bitmap_diff diff;

	read->gathered = b->since_ns;
	read->start = read->end - b->since_ns;
	if (before && !before->b->cleared && read->start < before->end) {
		bitmap_compare(before->b->words, b->words, b->bits, &diff);
		read->pages = diff.only_b;
		read->gathered = read->end - before->end;
		read->start = before->end;
		s->kept = true;
	} else {
		read->pages = bitmap_count(b->words, b->bits);
	}
	if (before && read->start > before->end + MAX(RATE_ADJACENT_NS, read->gathered / 100)) {
		read->behind_gap = true;
		s->nr_gaps++;
		s->gap_ns += read->start - before->end;
	} else if (before) {
		/* two clocks, and the time of the call itself */
		read->start = before->end;
	}
	read->pages_s = (double)read->pages * RATE_SECOND / (double)read->gathered;
	s->tracked_ns += read->gathered;
	s->pages += read->pages;
	if (!s->peak || read->pages_s > s->peak->pages_s)
		s->peak = read;
}

static int rate_fill(struct rate *s, const struct dirty_bitmap *series, const char *const *names, struct fail *f)
{
	for (unsigned int i = 0; i < s->nr; i++) {
		int err = rate_check(&series[i], names[i], &series[0], names[0], f);

		if (err)
			return err;
		s->reads[i] = (struct rate_read){.b = &series[i], .name = names[i], .end = series[i].time_ns};
	}
	qsort(s->reads, s->nr, sizeof(*s->reads), rate_compare);
	for (unsigned int i = 0; i < s->nr; i++) {
		if (i && s->reads[i].end == s->reads[i - 1].end)
			return fail_usage(f, EINVAL, "%s and %s were read at the same time", s->reads[i - 1].name,
					  s->reads[i].name);
		rate_read(s, &s->reads[i], i ? &s->reads[i - 1] : NULL);
	}
	return 0;
}

/* Units in which numbers are neither long nor all zeros. */
struct rate_units {
	double bytes; /* per second: one of the vertical axis */
	const char *bytes_word;
	double ns; /* one of the horizontal axis */
	const char *time_word;
};

static struct rate_units rate_units(const struct rate *s)
{
	static const struct {
		double ns;
		double most; /* units */
		const char *word;
	} times[] = {{1e6, 1000, "milliseconds"},
		     {1e9, 300, "seconds"},
		     {60e9, 300, "minutes"},
		     {3600e9, INFINITY, "hours"}};
	double peak = s->peak->pages_s * (double)s->peak->b->page_size;
	double span = (double)(s->reads[s->nr - 1].end - s->reads[0].start);
	struct rate_units u = {.bytes = 1 << 20, .bytes_word = "MiB/s dirtied"};
	size_t i = 0;

	if (peak >= 1024. * (1 << 20)) {
		u.bytes = 1 << 30;
		u.bytes_word = "GiB/s dirtied";
	} else if (peak > 0 && peak < (1 << 20)) {
		u.bytes = 1 << 10;
		u.bytes_word = "KiB/s dirtied";
	}
	while (i + 1 < ARRAY_SIZE(times) && span > times[i].most * times[i].ns)
		i++;
	u.ns = times[i].ns;
	u.time_word = times[i].word;
	return u;
}

/* Two points for each read at most: where it begins, and, before a gap, where it ends. */
static unsigned int rate_points(const struct rate *s, const struct rate_units *u, struct plot_point *points)
{
	uint64_t zero = s->reads[0].start;
	unsigned int n = 0;

	for (unsigned int i = 0; i < s->nr; i++) {
		const struct rate_read *read = &s->reads[i];

		if (read->behind_gap)
			points[n++] = (struct plot_point){(double)(s->reads[i - 1].end - zero) / u->ns, NAN};
		points[n++] = (struct plot_point){(double)(read->start - zero) / u->ns,
						  read->pages_s * (double)read->b->page_size / u->bytes};
	}
	points[n++] = (struct plot_point){(double)(s->reads[s->nr - 1].end - zero) / u->ns, NAN};
	return n;
}

struct rate_texts {
	char origin[256], place[256], rates[256], caveat[256], x_title[96];
	const char *lines[4];
};

static double rate_mean(const struct rate *s)
{
	return (double)s->pages * RATE_SECOND / (double)s->tracked_ns;
}

static const char *rate_pages(double pages_s, char *buf, size_t size)
{
	snprintf(buf, size, pages_s < 100 ? "%.3g" : "%.0f", pages_s);
	return buf;
}

static void rate_words(const struct rate *s, const struct rate_units *u, struct rate_texts *t)
{
	const struct dirty_bitmap *b = s->reads[0].b;
	const char *caveat = dirty_bitmap_caveat(b);
	char length[32], page[32], tracked[32], gaps[80] = "", gap[32], mean[32], peak[32], time[64];
	char mean_pages[32], peak_pages[32];

	dirty_plot_origin(b, false, t->origin, sizeof(t->origin));
	snprintf(t->place, sizeof(t->place), "iova 0x%" PRIx64 " to 0x%" PRIx64 ", %s in pages of %s", b->iova,
		 b->iova + (b->length - 1), num_format_size(length, sizeof(length), b->length),
		 num_format_size(page, sizeof(page), b->page_size));
	if (s->nr_gaps)
		snprintf(gaps, sizeof(gaps), ", not tracked %u time%s for %s", s->nr_gaps, s->nr_gaps == 1 ? "" : "s",
			 num_format_duration(gap, sizeof(gap), s->gap_ns));
	snprintf(t->rates, sizeof(t->rates), "%u read%s over %s%s; mean %s pages/s (%s/s), peak %s (%s/s)", s->nr,
		 s->nr == 1 ? "" : "s", num_format_duration(tracked, sizeof(tracked), s->tracked_ns), gaps,
		 rate_pages(rate_mean(s), mean_pages, sizeof(mean_pages)),
		 num_format_human(mean, sizeof(mean), rate_mean(s) * (double)b->page_size),
		 rate_pages(s->peak->pages_s, peak_pages, sizeof(peak_pages)),
		 num_format_human(peak, sizeof(peak), s->peak->pages_s * (double)b->page_size));
	snprintf(t->caveat, sizeof(t->caveat), "%s%s%s", caveat ? caveat : "", caveat && s->kept ? "; " : "",
		 s->kept ? "reads left the bits as they were: pages written again are not counted" : "");
	snprintf(t->x_title, sizeof(t->x_title), "%s since %s", u->time_word,
		 dirty_plot_time(s->reads[0].start, time, sizeof(time)));
	t->lines[0] = t->rates;
	t->lines[1] = t->place;
	t->lines[2] = t->origin;
	t->lines[3] = NULL;
}

static void rate_report(struct report *r, const struct rate *s, const struct dirty_plot *p)
{
	static const char *const keys[] = {"reads", "gaps", "gap_s", "tracked_s", "dirty_pages", "mean", "peak", NULL};
	const struct dirty_bitmap *b = s->reads[0].b;

	dirty_plot_report(r, b, p);
	report_num(r, "dirty_pages", s->pages);
	report_num(r, "gaps", s->nr_gaps);
	report_real(r, "gap_s", (double)s->gap_ns / RATE_SECOND);
	report_real(r, "tracked_s", (double)s->tracked_ns / RATE_SECOND);
	report_object(r, "mean");
	report_real(r, "pages_s", rate_mean(s));
	report_real(r, "bytes_s", rate_mean(s) * (double)b->page_size);
	report_close(r);
	report_object(r, "peak");
	report_real(r, "pages_s", s->peak->pages_s);
	report_real(r, "bytes_s", s->peak->pages_s * (double)b->page_size);
	report_str(r, "read", s->peak->name);
	report_close(r);
	report_list(r, "reads");
	for (unsigned int i = 0; i < s->nr; i++) {
		const struct rate_read *read = &s->reads[i];

		report_object(r, NULL);
		report_str(r, "read", read->name);
		report_real(r, "from_s", (double)(read->start - s->reads[0].start) / RATE_SECOND);
		report_real(r, "to_s", (double)(read->end - s->reads[0].start) / RATE_SECOND);
		report_num(r, "dirty_pages", read->pages);
		report_real(r, "pages_s", read->pages_s);
		report_real(r, "bytes_s", read->pages_s * (double)b->page_size);
		report_close(r);
	}
	report_close(r);
	dirty_plot_hide(r, keys);
}

static int rate_draw(const struct rate *s, const struct dirty_plot *p, struct report *r, struct fail *f)
{
	CLEANUP_FREE struct plot_point *points = calloc(2 * (size_t)s->nr + 1, sizeof(*points));
	struct rate_units u = rate_units(s);
	struct plot_to to = dirty_plot_to(p);
	struct plot_series line = {.points = points, .name = "rate", .steps = true, .fill = true};
	struct rate_texts texts;
	struct plot_chart chart = {.words = {.title = "Dirty rate", .subtitles = texts.lines},
				   .series = &line,
				   .nr = 1,
				   .x_title = texts.x_title,
				   .y_title = u.bytes_word,
				   .second = u.bytes / (double)s->reads[0].b->page_size,
				   .second_title = "pages/s dirtied",
				   .gap_word = s->nr_gaps ? "gaps: not tracked" : NULL};
	int err;

	if (!points)
		return fail_set(f, ENOMEM, "cannot draw");
	line.nr = rate_points(s, &u, points);
	rate_words(s, &u, &texts);
	chart.words.caveat = texts.caveat[0] ? texts.caveat : NULL;
	err = plot_chart_draw(&chart, &to, r, f);
	if (err)
		return err;
	rate_report(r, s, p);
	if (p->format != DIRTY_PLOT_TERMINAL) {
		report_line(r, "%s: %s", dirty_plot_file(p), texts.rates);
		if (chart.words.caveat)
			report_line(r, "%s", chart.words.caveat);
	}
	return 0;
}

int dirty_plot_rate(const struct dirty_bitmap *series, const char *const *names, unsigned int n,
		    const struct dirty_plot *p, struct report *r, struct fail *f)
{
	struct rate s = {.nr = n};
	int err;

	if (!n)
		return fail_set(f, EINVAL, "a rate needs a bitmap at least");
	s.reads = calloc(n, sizeof(*s.reads));
	if (!s.reads)
		return fail_set(f, ENOMEM, "cannot draw");
	err = rate_fill(&s, series, names, f);
	for (unsigned int i = 0; i < n && !err; i++)
		err = dirty_file_check_whole(&series[i], names[i], f);
	if (!err)
		err = rate_draw(&s, p, r, f);
	free(s.reads);
	return err;
}
