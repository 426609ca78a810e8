/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of benchmarks, and what they share: combinations, rows of times and rates. */
#include "core/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

const struct host bench_host = {.root = ""};

const struct bench *const benches[] = {&bench_map,   &bench_unmap,  &bench_dirty, &bench_dma,
				       &bench_stamp, &bench_bitmap, &bench_sim,	  NULL};

const struct bench *bench_find(const char *name)
{
	for (size_t i = 0; benches[i]; i++)
		if (!strcmp(benches[i]->name, name))
			return benches[i];
	return NULL;
}

/* --- combinations --- */

static const uint64_t *bench_sizes(const struct bench *b, const struct bench_params *p, unsigned int *nr)
{
	*nr = p->nr_sizes;
	if (p->nr_sizes)
		return p->sizes;
	while (b->sizes && b->sizes[*nr])
		++*nr;
	return b->sizes;
}

/* What is in no list is the benchmark's own, once. */
static unsigned int bench_nr_cells(const struct bench *b, const struct bench_params *p)
{
	unsigned int sizes;

	bench_sizes(b, p, &sizes);
	return MAX(sizes, 1u) * MAX(p->nr_granules, 1u) * MAX(p->nr_page_sizes, 1u) * MAX(p->nr_mems, 1u) *
	       MAX(p->nr_depths, 1u) * MAX(p->nr_threads, 1u);
}

/* Which one of a list's @nr it is; what is left of *n is of the lists that change more slowly. */
static unsigned int bench_turn(unsigned int *n, unsigned int nr)
{
	unsigned int turn = nr ? *n % nr : 0;

	*n /= MAX(nr, 1u);
	return turn;
}

/* The @n-th of all, sizes fastest. */
static struct bench_cell bench_cell_at(const struct bench *b, const struct bench_params *p, unsigned int n)
{
	struct bench_cell cell = {.threads = 1, .mem = IOMMU_MEM_ANON};
	unsigned int nr, turn;
	const uint64_t *sizes = bench_sizes(b, p, &nr);

	turn = bench_turn(&n, nr);
	if (nr)
		cell.size = sizes[turn];
	turn = bench_turn(&n, p->nr_granules);
	if (p->nr_granules)
		cell.granule = p->granules[turn];
	turn = bench_turn(&n, p->nr_page_sizes);
	if (p->nr_page_sizes)
		cell.page_size = p->page_sizes[turn];
	turn = bench_turn(&n, p->nr_mems);
	if (p->nr_mems)
		cell.mem = p->mems[turn];
	turn = bench_turn(&n, p->nr_depths);
	if (p->nr_depths)
		cell.depth = p->depths[turn];
	if (p->nr_threads)
		cell.threads = p->threads[n];
	return cell;
}

/* "map 64K, 3 of 12, about 9 s left" */
static void bench_label(const struct bench *b, const struct bench_params *p, const struct bench_cell *cell,
			unsigned int n, uint64_t start, char *label, size_t len)
{
	unsigned int total = bench_nr_cells(b, p);
	char size[32] = "", left[32];
	int at;

	if (cell->size)
		num_format_size(size, sizeof(size), cell->size);
	at = snprintf(label, len, "%s%s%s%s%s", p->turn ? p->turn : "", p->turn ? ": " : "", b->name, *size ? " " : "",
		      size);
	if (total > 1 && (size_t)at < len)
		at += snprintf(label + at, len - (size_t)at, ", %u of %u", n + 1, total);
	if (n && (size_t)at < len)
		snprintf(label + at, len - (size_t)at, ", about %s left",
			 num_format_duration(left, sizeof(left), (clock_ns() - start) / n * (total - n)));
}

int bench_run(const struct bench *b, struct session *s, const struct bench_params *p, struct bench_result *out,
	      struct fail *f)
{
	struct bench_params one = *p;
	unsigned int cells = bench_nr_cells(b, p), measured = 0;
	uint64_t start = clock_ns();
	char label[160];
	int err = 0;

	one.until.label = label;
	memset(out, 0, sizeof(*out));
	failures_init(&out->found);
	for (unsigned int i = 0; !err && !session_signal && i < cells; i++) {
		one.cell = bench_cell_at(b, p, i);
		/* of all combinations some make no sense */
		if (one.cell.granule > one.cell.size)
			continue;
		measured++;
		bench_label(b, p, &one.cell, i, start, label, sizeof(label));
		err = b->run(s, &one, out, f);
		/* nothing is learnt from a device or a translation that fails */
		if (failures_total(&out->found))
			break;
	}
	if (!err && !measured && !session_signal)
		return fail_usage(f, EINVAL, "every --granule is larger than every --size");
	return err;
}

int bench_verdict(struct bench_result *out, int err, iova_t iova, uint64_t length, const struct fail *f)
{
	struct failure bad = {.class = FAILURE_UNTRANSLATED, .iova = iova, .length = length};

	if (err == -EREMOTEIO) {
		snprintf(bad.text, sizeof(bad.text), "%.190s", f->text);
		failures_add(&out->found, &bad);
	}
	return failures_total(&out->found) ? 0 : err;
}

void bench_add_wrong(struct bench_result *r, uint64_t n, uint64_t size, uint64_t got)
{
	if (n && !r->wrong) {
		r->wrong_size = size;
		r->wrong_got = got;
	}
	r->wrong += n;
}

void bench_result_free(struct bench_result *r)
{
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		free(r->rows[i].samples);
		free(r->rows[i].plain);
		free(r->rows[i].by_turn);
		free(r->rows[i].times);
	}
	free(r->rows);
	r->rows = NULL;
	r->nr_rows = r->room = 0;
}

/* --- rows --- */

struct bench_row *bench_add(struct bench_result *r, const struct bench_params *p, const char *name, const char *unit,
			    double value)
{
	struct bench_row *more;

	if (r->nr_rows == r->room) {
		more = reallocarray(r->rows, r->room + 64, sizeof(*more));
		if (!more)
			return NULL;
		r->rows = more;
		r->room += 64;
	}
	more = &r->rows[r->nr_rows++];
	*more = (struct bench_row){.name = name, .unit = unit, .cell = p->cell, .value = value, .count = 1};
	return more;
}

static double bench_less(double ns, double clock)
{
	return MAX(ns - clock, 0.0);
}

void bench_percentiles(struct bench_row *row, const struct hist *h, double clock_ns)
{
	row->has_percentiles = true;
	row->p50 = bench_less((double)hist_percentile(h, 500), clock_ns);
	row->p90 = bench_less((double)hist_percentile(h, 900), clock_ns);
	row->p99 = bench_less((double)hist_percentile(h, 990), clock_ns);
	row->p999 = bench_less((double)hist_percentile(h, 999), clock_ns);
	row->max = bench_less((double)h->max, clock_ns);
	row->count = h->count;
}

bool bench_has_p99(const struct bench_row *row)
{
	return row->has_percentiles && row->count >= 100;
}

bool bench_has_p999(const struct bench_row *row)
{
	return row->has_percentiles && row->count >= 1000;
}

bool bench_has_interval(const struct bench_row *row)
{
	return row->rounds >= BENCH_ROUNDS_KNOWN;
}

struct bench_row *bench_times(struct bench_result *r, const struct bench_params *p, const char *name,
			      const struct hist *h)
{
	struct bench_row *row = bench_add(r, p, name, "ns", bench_less(hist_mean(h), r->clock_ns));

	if (!row)
		return NULL;
	bench_percentiles(row, h, r->clock_ns);
	row->times = malloc(sizeof(*h));
	if (row->times)
		*row->times = *h;
	return row;
}

static void bench_hold(struct bench_row *row, const struct bench_params *p, const char *reference, double value)
{
	if (p->reference) {
		row->reference = p->reference;
		row->reference_value = p->reference_value;
	} else if (reference && value > 0) {
		row->reference = reference;
		row->reference_value = value;
	}
	if (row->reference)
		row->ratio = row->value / row->reference_value;
}

/* Noted down with the result; what several rows have in common. */
static void bench_common(struct bench_result *r, struct bench_row *row, const struct bench_measured *m)
{
	row->rounds = m->rounds;
	row->tight = m->tight;
	r->loops = MAX(r->loops, m->loops);
	r->clock_ns = m->clock_ns;
	r->fresh += m->fresh > 1;
	r->remade += m->fresh > 1 && m->fresh == m->rounds;
}

/* As they are, or (@per_ns) rates made of them. NULL: no memory. */
static double *bench_samples(const double *each, unsigned int n, double per_ns)
{
	double *samples = calloc(MAX(n, 1u), sizeof(double));

	for (unsigned int i = 0; i < n && samples; i++)
		samples[i] = !per_ns ? each[i] : each[i] > 0 ? per_ns / each[i] : 0;
	return samples;
}

struct bench_row *bench_add_rate(struct bench_result *r, const struct bench_params *p, const struct bench_measured *m,
				 const char *name, const char *unit, double each, double scale, const char *reference)
{
	double per_ns = each * 1e9 / scale;
	struct bench_row *row = bench_add(r, p, name, unit, m->ours.median > 0 ? per_ns / m->ours.median : 0);

	if (!row)
		return NULL;
	bench_common(r, row, m);
	row->count = m->loops * p->cell.threads;
	row->interval = m->ours.interval;
	bench_hold(row, p, reference, m->plain.median > 0 ? per_ns / m->plain.median : 0);
	if (!p->reference && m->ratio_median > 0) {
		row->ratio = m->ratio_median;
		row->ratio_interval = m->ratio_interval;
	}
	row->samples = bench_samples(m->ours.each, m->rounds, per_ns);
	if (row->reference && !p->reference)
		row->plain = bench_samples(m->plain.each, m->rounds, per_ns);
	return row;
}

struct bench_row *bench_add_times(struct bench_result *r, const struct bench_params *p, const struct bench_measured *m,
				  unsigned int part, const char *name, const char *reference)
{
	struct bench_row *row;
	double plain;

	r->clock_ns = m->clock_ns;
	if (!m->ours.times || !m->ours.times[part].count)
		return NULL;
	row = bench_times(r, p, name, &m->ours.times[part]);
	if (!row)
		return NULL;
	bench_common(r, row, m);
	row->value = m->part[part].ours_median;
	row->interval = m->part[part].ours_interval;
	plain = m->part[part].plain_median;
	if (reference && plain > 0 && row->value > 0) {
		row->reference = reference;
		row->reference_value = plain;
		row->ratio = m->part[part].ratio_median;
		row->ratio_interval = m->part[part].ratio_interval;
	}
	row->samples = bench_samples(m->part[part].ours, m->rounds, 0);
	if (row->reference)
		row->plain = bench_samples(m->part[part].plain, m->rounds, 0);
	return row;
}
