/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A histogram of times: fixed memory whatever the count, each value known to one part in 128. */
#ifndef IC_CORE_HIST_H
#define IC_CORE_HIST_H

#include <stdbool.h>
#include <stdint.h>

#define HIST_BITS 7
/* values below 2^(HIST_BITS + 1) have a bucket each, every octave above has 2^HIST_BITS */
#define HIST_BUCKETS ((64 - HIST_BITS + 1) << HIST_BITS)

struct hist {
	uint64_t count, sum, max;
	uint64_t bucket[HIST_BUCKETS];
};

/* No allocation, no system call: it may stand in a measured loop. */
void hist_add(struct hist *h, uint64_t value);
/*
 * @n things that took @elapsed together, the cost @look of two looks at the clock included: too short to be timed each by itself. As if
 * each had been, so that the mean of all less @look is the mean of a thing, exactly; the buckets know whole values only.
 */
void hist_add_run(struct hist *h, uint64_t elapsed, uint64_t n, uint64_t look);
/* The smallest value that at least @per_mille / 1000 of all are not above; 0 when there are none. */
uint64_t hist_percentile(const struct hist *h, unsigned int per_mille);
/* As if what was added to @from had been added to @h too. */
void hist_merge(struct hist *h, const struct hist *from);
/* So many values in an eighth of an octave. Begin with {0}; false at the end. Steps without values are left out. */
struct hist_step {
	uint64_t from, to, count; /* of values from..to - 1 */
	unsigned int at;	  /* buckets that are done with */
};
bool hist_step(const struct hist *h, struct hist_step *step);
/* The mean; 0 when there are none. */
double hist_mean(const struct hist *h);

#endif
