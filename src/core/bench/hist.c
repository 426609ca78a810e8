/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log-linear buckets: the highest bit chooses the octave, the HIST_BITS below it the bucket in it. */
#include "core/bench/hist.h"

static unsigned int hist_bucket(uint64_t value)
{
	unsigned int shift;

	if (value >> (HIST_BITS + 1) == 0)
		return (unsigned int)value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - HIST_BITS;
	return (shift << HIST_BITS) + (unsigned int)(value >> shift);
}

/* The lowest value of a bucket. */
static uint64_t hist_value(unsigned int bucket)
{
	unsigned int shift = bucket >> HIST_BITS;

	if (shift <= 1)
		return bucket;
	shift--;
	return (uint64_t)(bucket - (shift << HIST_BITS)) << shift;
}

void hist_add(struct hist *h, uint64_t value)
{
	h->bucket[hist_bucket(value)]++;
	h->count++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
}

void hist_add_run(struct hist *h, uint64_t elapsed, uint64_t n, uint64_t look)
{
	uint64_t sum = elapsed + (n - 1) * look;

	h->bucket[hist_bucket(sum / n)] += n;
	h->count += n;
	h->sum += sum;
	if (sum / n > h->max)
		h->max = sum / n;
}

void hist_merge(struct hist *h, const struct hist *from)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		h->bucket[i] += from->bucket[i];
	h->count += from->count;
	h->sum += from->sum;
	if (from->max > h->max)
		h->max = from->max;
}

uint64_t hist_percentile(const struct hist *h, unsigned int per_mille)
{
	/* in this order it does not overflow below 2^54 values */
	uint64_t rank = (h->count * per_mille + 999) / 1000, seen = 0;
	unsigned int i;

	if (!h->count)
		return 0;
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank && seen)
			break;
	}
	return hist_value(i);
}

/* Buckets of a step that begins with bucket @at: an eighth of what its octave has, one where that has fewer than that. */
static unsigned int hist_step_width(unsigned int at)
{
	unsigned int octave = at >> HIST_BITS ? HIST_BITS : 31 - (unsigned int)__builtin_clz(at | 1);

	return octave > 3 ? 1u << (octave - 3) : 1;
}

bool hist_step(const struct hist *h, struct hist_step *step)
{
	step->count = 0;
	while (step->at < HIST_BUCKETS && !step->count) {
		unsigned int end = step->at + hist_step_width(step->at);

		step->from = hist_value(step->at);
		while (step->at < end)
			step->count += h->bucket[step->at++];
		step->to = end < HIST_BUCKETS ? hist_value(end) : UINT64_MAX;
	}
	return step->count > 0;
}

double hist_mean(const struct hist *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}
