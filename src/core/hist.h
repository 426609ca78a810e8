/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A histogram of times: fixed memory whatever the count, each value known to one part in 128. */
#ifndef IC_CORE_HIST_H
#define IC_CORE_HIST_H

#include <stdint.h>

#define HIST_BITS 7
/* values below 2^(HIST_BITS + 1) have a bucket each, every octave above has 2^HIST_BITS */
#define HIST_BUCKETS ((64 - HIST_BITS + 1) << HIST_BITS)

struct hist {
	uint64_t count, sum;
	uint64_t bucket[HIST_BUCKETS];
};

/* No allocation, no system call: it may stand in a measured loop. */
void hist_add(struct hist *h, uint64_t value);
/* The smallest value that at least @per_mille / 1000 of all are not above; 0 when there are none. */
uint64_t hist_percentile(const struct hist *h, unsigned int per_mille);
/* The mean; 0 when there are none. */
double hist_mean(const struct hist *h);

#endif
