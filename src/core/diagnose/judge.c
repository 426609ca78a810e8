/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict on each factor: an exact test on runs, corrected for how many factors there are, and what it says in words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/exact.h"
#include "core/diagnose/priv.h"

/* That two rates do not differ is taken as given from here on, which is stricter than not being able to tell. */
#define SAME_AS 0.05

/*
 * A level that changes something of another factor's as well: what it shows may be that factor's doing. The same bytes as maps of a page each
 * are mappings of one page; a huge page is one page; and only mappings of a page can be unmapped page by page.
 */
struct alias {
	uint8_t factor, level, of, as;
};
static const struct alias aliases[] = {
	{FACTOR_MAPS, MAPS_PAGE, FACTOR_SIZE, SIZE_ONE_PAGE},
	{FACTOR_UNMAP, UNMAP_PAGE, FACTOR_MAPS, MAPS_PAGE},
	{FACTOR_PAGE, PAGE_HUGE, FACTOR_SIZE, SIZE_ONE_PAGE},
	{FACTOR_IOVA, IOVA_KERNEL, FACTOR_ALIGNMENT, ALIGNED},
};

static bool level_counts(const struct level *l)
{
	return l->runs.runs && (l->usable || l->runs.runs > 1);
}

/* The rows of the test; @without: levels that are left out, a bit each. */
static unsigned int judge_rows(const struct factor *f, unsigned int without, struct exact_row *rows)
{
	unsigned int n = 0;

	for (unsigned int l = 0; l < f->nr; l++)
		if (level_counts(&f->level[l]) && !(without >> l & 1))
			rows[n++] = (struct exact_row){f->level[l].runs.runs, f->level[l].runs.failed};
	return n;
}

/* Of rows with too many tables to go through: all pairs of them, corrected for how many those are (Bonferroni), which is exact and stricter. */
static int judge_pairs(const struct exact_row *rows, unsigned int n, double *p)
{
	double one, least = 1;
	int err = 0;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < i && !err; k++) {
			err = exact_test((struct exact_row[]){rows[i], rows[k]}, 2, &one);
			least = MIN(least, one);
		}
	*p = MIN(least * (n * (n - 1) / 2), 1.0);
	return err;
}

static bool judge_test(const struct factor *f, unsigned int without, double *p)
{
	struct exact_row rows[EXACT_ROWS];
	unsigned int n = judge_rows(f, without, rows);
	int err;

	*p = 1;
	if (n < 2)
		return false;
	err = exact_test(rows, n, p);
	return !(err == -E2BIG ? judge_pairs(rows, n, p) : err);
}

static const struct alias *alias_of(unsigned int factor, unsigned int level)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(aliases); i++)
		if (aliases[i].factor == factor && aliases[i].level == level)
			return &aliases[i];
	return NULL;
}

/* Nothing tells them apart. */
static bool judge_alike(const struct tally *a, const struct tally *b)
{
	double p;

	return a->runs && b->runs &&
	       !exact_test((struct exact_row[]){{a->runs, a->failed}, {b->runs, b->failed}}, 2, &p) && p > SAME_AS;
}

/* Without the levels that are another factor's, nothing is left of the difference; and those do as the other factor's do. */
static int judge_explained(const struct diagnose *d, unsigned int factor)
{
	const struct factor *f = &d->factor[factor];
	unsigned int without = 0;
	int by = -1;
	double p;

	for (unsigned int l = 0; l < f->nr; l++) {
		const struct alias *a = alias_of(factor, l);
		const struct factor *of = a ? &d->factor[a->of] : NULL;

		/* it does what the other factor's level does, and that is not what the baseline does */
		if (!a || a->as == d->baseline.at[a->of] || judge_alike(&of->level[a->as].runs, &d->base_runs) ||
		    !judge_alike(&f->level[l].runs, &of->level[a->as].runs))
			continue;
		without |= 1u << l;
		by = of->explained >= 0 ? of->explained : a->of;
	}
	if (by < 0 || (judge_test(f, without, &p) && p <= DIAGNOSE_ALPHA))
		return -1;
	return by;
}

/*
 * A translation that outlived its mapping shows only where the IOVA is used again: at IOVAs that are not, there is nothing to see. Where something
 * else decides whether it outlives, that is what the failure depends on; where nothing else does, how IOVAs are chosen is all there is to say.
 */
static bool judge_is_sight(const struct diagnose *d)
{
	const struct factor *f = &d->factor[FACTOR_IOVA];
	uint32_t stale = 1u << FAILURE_STALE_READ | 1u << FAILURE_STALE_WRITE;
	bool other = false;

	if (!f->matters || d->base_runs.classes & ~stale || d->baseline.at[FACTOR_IOVA] != IOVA_FIXED)
		return false;
	for (unsigned int i = 0; i < FACTORS; i++)
		other |= i != FACTOR_IOVA && d->factor[i].matters;
	/* adversarial cases use addresses again, too: some of them have to fail, as far as they were run */
	return other && f->level[IOVA_RANDOM].runs.runs && !judge_alike(&f->level[IOVA_RANDOM].runs, &d->base_runs) &&
	       (!f->level[IOVA_ADVERSARIAL].runs.runs || f->level[IOVA_ADVERSARIAL].runs.failed);
}

/* What would have been seen at the strictest of Holm's levels, next to the baseline as often as that failed. */
static void judge_power(struct diagnose *d, struct factor *f, unsigned int tests)
{
	const struct tally *b = &d->base_runs;
	double alpha = DIAGNOSE_ALPHA / tests, rate = b->runs ? (double)b->failed / b->runs : 0;
	unsigned int least = b->runs;

	for (unsigned int l = 0; l < f->nr; l++)
		if (level_counts(&f->level[l]))
			least = MIN(least, f->level[l].runs.runs);
	f->seen_below = rate > 0 ? exact_detectable(rate, b->runs, least, alpha, true) : -1;
	f->seen_above = rate < 1 ? exact_detectable(rate, b->runs, least, alpha, false) : -1;
}

void judge(struct diagnose *d)
{
	double p[FACTORS], adjusted[FACTORS];
	unsigned int at[FACTORS], n = 0;

	for (unsigned int i = 0; i < FACTORS; i++) {
		struct factor *f = &d->factor[i];

		f->explained = -1;
		f->tested = judge_test(f, 0, &f->p);
		f->adjusted = 1;
		if (!f->tested)
			continue;
		p[n] = f->p;
		at[n++] = i;
	}
	exact_holm(p, n, adjusted);
	for (unsigned int k = 0; k < n; k++) {
		struct factor *f = &d->factor[at[k]];

		f->adjusted = adjusted[k];
		f->tests = n;
		judge_power(d, f, n);
	}
	/* in the order of the table, in which what explains comes before what it explains */
	for (unsigned int i = 0; i < FACTORS; i++) {
		struct factor *f = &d->factor[i];

		if (!f->tested || f->adjusted > DIAGNOSE_ALPHA)
			continue;
		f->explained = judge_explained(d, i);
		f->matters = f->explained < 0;
	}
	if (judge_is_sight(d)) {
		d->factor[FACTOR_IOVA].matters = false;
		d->factor[FACTOR_IOVA].explained = FACTORS;
	}
}

static void words_add(char *buf, size_t len, const char *fmt, ...) IC_PRINTF(3, 4);

static void words_add(char *buf, size_t len, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + used, len - used, fmt, ap);
	va_end(ap);
}

/* "fixed 10 of 10, random 0 of 10" */
static void words_levels(const struct factor *f, char *buf, size_t len)
{
	const char *comma = "";

	for (unsigned int l = 0; l < f->nr; l++) {
		if (!level_counts(&f->level[l]))
			continue;
		words_add(buf, len, "%s%s %u of %u", comma, f->level[l].value, f->level[l].runs.failed,
			  f->level[l].runs.runs);
		comma = ", ";
	}
}

void judge_power_words(const struct factor *f, char *buf, size_t len)
{
	buf[0] = '\0';
	if (f->seen_below < 0 && f->seen_above < 0) {
		words_add(buf, len, "so few runs would not have shown any difference");
		return;
	}
	words_add(buf, len, "a level that fails in ");
	if (f->seen_below >= 0)
		words_add(buf, len, "%.0f %% of the runs or less", 100 * f->seen_below);
	if (f->seen_above >= 0)
		words_add(buf, len, "%s%.0f %% of the runs or more", f->seen_below >= 0 ? " or in " : "",
			  100 * f->seen_above);
	words_add(buf, len, " would have been seen 4 times of 5");
}

/* Why there is nothing to compare: the factor's own reason, or that of a level. */
static const char *words_why(const struct factor *f)
{
	for (unsigned int l = 0; l < f->nr && !f->why[0]; l++)
		if (!f->level[l].usable && f->level[l].why[0])
			return f->level[l].why;
	return f->why[0] ? f->why : "it did not come to that";
}

char *judge_numbers(const struct factor *f, char *buf, size_t len)
{
	buf[0] = '\0';
	words_levels(f, buf, len);
	words_add(buf, len, " (p = %.2g, corrected for %u tests %.2g)", f->p, f->tests, f->adjusted);
	return buf;
}

char *judge_words(const struct diagnose *d, unsigned int factor, char *buf, size_t len)
{
	const struct factor *f = &d->factor[factor];
	char numbers[500], power[200];

	if (!f->tested) {
		snprintf(buf, len, "%s%s", factor >= FACTOR_CELL ? "" : "not testable here: ", words_why(f));
		return buf;
	}
	judge_numbers(f, numbers, sizeof(numbers));
	judge_power_words(f, power, sizeof(power));
	if (f->matters)
		snprintf(buf, len, "matters: %s", numbers);
	else if (f->explained == FACTORS)
		snprintf(buf, len,
			 "needed to see it, for a stale translation shows only where its iova is used again: %s",
			 numbers);
	else if (f->explained >= 0)
		snprintf(buf, len, "differs only as %s does: %s", factor_texts[f->explained].name, numbers);
	else
		snprintf(buf, len, "no dependence seen: %s; %s", numbers, power);
	return buf;
}
