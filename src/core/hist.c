/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log-linear buckets: the highest bit chooses the octave, the HIST_BITS below it the bucket in it. */
#include "core/hist.h"

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

double hist_mean(const struct hist *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}
