/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two samples by their ranks: is one larger than the other, and by which factor? Nothing is assumed of how they are distributed. */
#ifndef IC_BASE_RANK_H
#define IC_BASE_RANK_H

#define RANK_MAX 256 /* values of a sample */

/*
 * The chance of ranks as uneven as these or more so, were both from one population: Mann and Whitney's test, two-sided (Annals of Mathematical
 * Statistics 18, 1947). Exact for up to 20 values each without ties, else by the normal distribution with the corrections for ties and continuity.
 * @inflate, at least 1: how many times more their rank sum varies than that of independent values (rank_inflation()). 1 where one has no values.
 */
double rank_test(const double *a, unsigned int n, const double *b, unsigned int m, double inflate);

/* The least that rank_test() can say of so many values. */
double rank_least(unsigned int n, unsigned int m);

/* By which factor @b is larger than @a: the median of all quotients, and its 95 % interval (Hodges and Lehmann, Annals 34, 1963, of logarithms). */
struct rank_factor {
	double median, low, high;
};
/* All values above 0. 0, -ENOMEM, or -EINVAL where one has none. */
int rank_factor(const double *a, unsigned int n, const double *b, unsigned int m, double inflate,
		struct rank_factor *out);

/*
 * For two samples in the order in which they were taken: 1 where their values follow each other at random, more where each is like the one
 * before, as with a machine that is slower for a while. (1 + r) / (1 - r) with r the correlation of ranks of neighbours, no more than 0.9; only where r
 * is too large for chance, at 5 %.
 */
double rank_inflation(const double *a, unsigned int n, const double *b, unsigned int m);

#endif
