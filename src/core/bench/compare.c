/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which differences between two runs are beyond noise. */
#include "core/bench/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"

#define COMPARE_LEVEL 0.05

const char *bench_verdict_name(enum bench_verdict v)
{
	static const char *const names[] = {"same", "faster", "slower", "unknown"};

	return names[v];
}

bool bench_unit_rises(const char *unit)
{
	size_t n = strlen(unit);

	return !strcmp(unit, "x") || (n > 2 && !strcmp(unit + n - 2, "/s"));
}

/* --- which belong together --- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_key(const struct bench_file_row *a, const struct bench_file_row *b)
{
	int order = strcmp(a->backend, b->backend);

	if (!order)
		order = strcmp(a->name, b->name);
	if (!order)
		order = strcmp(a->unit, b->unit);
	if (!order)
		order = strcmp(a->mem, b->mem);
	if (!order)
		order = compare_numbers(a->size, b->size);
	if (!order)
		order = compare_numbers(a->granule, b->granule);
	if (!order)
		order = compare_numbers(a->page_size, b->page_size);
	if (!order)
		order = compare_numbers(a->threads, b->threads);
	return order ? order : compare_numbers(a->depth, b->depth);
}

static int compare_order(const void *a, const void *b)
{
	const struct bench_file_row *const *x = a, *const *y = b;
	int order = compare_key(*x, *y);

	/* of the same key the one that came first */
	return order ? order : *x < *y ? -1 : *x > *y;
}

/* The rows in the order of their keys. NULL: no memory. */
static struct bench_file_row **compare_index(const struct bench_file *file)
{
	struct bench_file_row **index = calloc(MAX(file->nr, 1u), sizeof(*index));

	if (!index)
		return NULL;
	for (unsigned int i = 0; i < file->nr; i++)
		index[i] = &file->rows[i];
	qsort(index, file->nr, sizeof(struct bench_file_row *), compare_order);
	return index;
}

/* Which of two would be the figure? */
static int compare_twice(struct bench_file_row *const *index, unsigned int nr, const char *which, struct fail *f)
{
	for (unsigned int i = 1; i < nr; i++)
		if (!compare_key(index[i - 1], index[i]))
			return fail_complete(f, EBADMSG, "the %s file has one result twice: %s, size %" PRIu64, which,
					     index[i]->name, index[i]->size);
	return 0;
}

static int compare_place_order(const void *a, const void *b)
{
	const struct bench_change *x = a, *y = b;

	return x->a < y->a ? -1 : x->a > y->a;
}

static void compare_pair(struct bench_file_row **in_a, unsigned int nr_a, struct bench_file_row **in_b,
			 unsigned int nr_b, struct bench_comparison *out)
{
	unsigned int i = 0, k = 0;

	while (i < nr_a && k < nr_b) {
		int order = compare_key(in_a[i], in_b[k]);

		if (!order) {
			in_a[i]->matched = in_b[k]->matched = true;
			out->changes[out->nr++] = (struct bench_change){.a = in_a[i], .b = in_b[k]};
		}
		i += order <= 0;
		k += order >= 0;
	}
	out->only_a = nr_a - out->nr;
	out->only_b = nr_b - out->nr;
	qsort(out->changes, out->nr, sizeof(*out->changes), compare_place_order);
}

static int compare_match(struct bench_file *a, struct bench_file *b, struct bench_comparison *out, struct fail *f)
{
	CLEANUP_FREE struct bench_file_row **in_a = compare_index(a);
	CLEANUP_FREE struct bench_file_row **in_b = compare_index(b);
	int err;

	out->changes = calloc(MAX(MIN(a->nr, b->nr), 1u), sizeof(*out->changes));
	if (!in_a || !in_b || !out->changes)
		return fail_set(f, ENOMEM, "cannot compare %u rows with %u", a->nr, b->nr);
	err = compare_twice(in_a, a->nr, "first", f);
	if (!err)
		err = compare_twice(in_b, b->nr, "second", f);
	if (!err)
		compare_pair(in_a, a->nr, in_b, b->nr, out);
	return err;
}

/* --- what became of them --- */

static int compare_values(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double compare_median(const struct bench_file_row *row)
{
	double sorted[RANK_MAX];
	unsigned int n = row->nr_samples;

	if (!n)
		return row->value;
	memcpy(sorted, row->samples, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_values);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static int compare_row(struct bench_change *c)
{
	const struct bench_file_row *a = c->a, *b = c->b;
	double inflate = rank_inflation(a->samples, a->nr_samples, b->samples, b->nr_samples);

	c->value_a = compare_median(a);
	c->value_b = compare_median(b);
	c->p = rank_test(a->samples, a->nr_samples, b->samples, b->nr_samples, inflate);
	c->has_reference = a->reference[0] && !strcmp(a->reference, b->reference) && a->reference_value > 0 &&
			   b->reference_value > 0;
	if (c->has_reference)
		c->reference_factor = b->reference_value / a->reference_value;
	if (!a->nr_samples || !b->nr_samples)
		return 0;
	return rank_factor(a->samples, a->nr_samples, b->samples, b->nr_samples, inflate, &c->factor);
}

/* Beyond noise and beyond what is cared for. */
static enum bench_verdict compare_say(const char *unit, double factor, bool differs, double threshold)
{
	/* how many times faster */
	double speed = bench_unit_rises(unit) ? factor : factor > 0 ? 1 / factor : 1;

	if (!differs)
		return BENCH_SAME;
	return speed < 1 / (1 + threshold) ? BENCH_SLOWER : speed > 1 + threshold ? BENCH_FASTER : BENCH_SAME;
}

/*
 * The figure with the machine's change taken off: is it still beyond its noise? The row's ratio is the median of the rounds' own, each round measured
 * in turns with its reference; the quotient of two medians is not, where rounds are of two kinds (a guest that is or is not disturbed).
 */
static enum bench_verdict compare_by_reference(struct bench_change *c, double threshold)
{
	const struct bench_file_row *a = c->a, *b = c->b;
	double low = c->factor.low / c->reference_factor, high = c->factor.high / c->reference_factor;
	bool differs = low > 1 || high < 1;

	c->beside = c->factor.median / c->reference_factor;
	if (a->ratio > 0 && b->ratio > 0) {
		/* a ratio above 1 is better than the reference, whatever the unit */
		c->beside = bench_unit_rises(a->unit) ? b->ratio / a->ratio : a->ratio / b->ratio;
		differs = fabs(log(c->beside)) > hypot(a->ratio_interval, b->ratio_interval);
	}
	return compare_say(a->unit, c->beside, differs, threshold);
}

static void compare_judge(struct bench_change *c, unsigned int tests, double threshold)
{
	if (!c->a->nr_samples || !c->b->nr_samples) {
		c->verdict = c->seen = c->by_reference = BENCH_UNKNOWN;
		c->why = "it was not measured in rounds";
		return;
	}
	/* a p that could not be small enough, whatever the values are */
	if (rank_least(c->a->nr_samples, c->b->nr_samples) * tests > COMPARE_LEVEL) {
		c->verdict = c->seen = c->by_reference = BENCH_UNKNOWN;
		c->why = "too few rounds";
		return;
	}
	c->seen = c->verdict = compare_say(c->a->unit, c->factor.median, c->p_adjusted <= COMPARE_LEVEL, threshold);
	c->by_reference = BENCH_UNKNOWN;
	if (!c->has_reference)
		return;
	c->by_reference = compare_by_reference(c, threshold);
	if (c->by_reference != c->seen)
		c->verdict = BENCH_SAME;
}

static int compare_rows(struct bench_comparison *out, double threshold)
{
	double *p = calloc(2 * (size_t)MAX(out->nr, 1u), sizeof(*p)), *adjusted = p ? p + out->nr : NULL;
	unsigned int tests = 0;
	int err = p ? 0 : -ENOMEM;

	for (unsigned int i = 0; i < out->nr && !err; i++) {
		err = compare_row(&out->changes[i]);
		if (!err && out->changes[i].a->nr_samples && out->changes[i].b->nr_samples)
			p[tests++] = out->changes[i].p;
	}
	if (!err)
		exact_holm(p, tests, adjusted);
	for (unsigned int i = 0, k = 0; i < out->nr && !err; i++) {
		struct bench_change *c = &out->changes[i];

		c->p_adjusted = c->a->nr_samples && c->b->nr_samples ? adjusted[k++] : 1;
		compare_judge(c, tests, threshold);
		out->count[c->verdict]++;
	}
	free(p);
	return err;
}

int bench_compare(struct bench_file *a, struct bench_file *b, double threshold, struct bench_comparison *out,
		  struct fail *f)
{
	int err;

	memset(out, 0, sizeof(*out));
	if (strcmp(a->bench, b->bench))
		return fail_usage(f, EINVAL, "one is of `bench %s`, the other of `bench %s`", a->bench, b->bench);
	if (strcmp(a->backend, b->backend))
		return fail_usage(f, EINVAL, "one is of backend %s, the other of %s", a->backend, b->backend);
	err = compare_match(a, b, out, f);
	if (!err && compare_rows(out, threshold))
		err = fail_set(f, ENOMEM, "cannot compare %u rows with %u", a->nr, b->nr);
	return err;
}

void bench_comparison_free(struct bench_comparison *c)
{
	free(c->changes);
	c->changes = NULL;
}
