/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exact tests on small counts: do some conditions fail more often than others, and what difference would have been seen? */
#ifndef IC_BASE_EXACT_H
#define IC_BASE_EXACT_H

#include <stdbool.h>

#include "base/util.h"

/* One condition: so many independent runs, of which so many failed. */
struct exact_row {
	unsigned int runs, failed;
};

/* ln(n!), by the sum of logarithms for small n and by Stirling's series (error below 1e-15) from there on. */
double exact_log_factorial(unsigned int n);

#define EXACT_ROWS 16
/*
 * The chance, if all rows failed at one rate, of a table with the same margins that is as unlikely as this one or more so: Fisher's exact
 * test, two-sided, for two rows, Freeman and Halton's for more (Freeman and Halton, Biometrika 38, 1951). 1 where all failed or none.
 * -EINVAL: fewer than two rows, more than EXACT_ROWS, or more failures than runs. -E2BIG: too many tables to go through.
 */
int exact_test(const struct exact_row *rows, unsigned int nr, double *p);

/* Holm's correction for @nr tests made together (Scandinavian Journal of Statistics 6, 1979): @adjusted[i] belongs to @p[i], at most 1. */
void exact_holm(const double *p, unsigned int nr, double *adjusted);

/* The chance that @n runs which fail at rate @a each, and @m at rate @b, are told apart at level @alpha by the test above. */
double exact_power(double a, unsigned int n, double b, unsigned int m, double alpha);
/*
 * Beside a row of @n runs that fail at rate @a: the rate nearest to @a, below it (@below) or above, that @m runs would tell from it with a chance
 * of at least 4 in 5. Negative: none would.
 */
double exact_detectable(double a, unsigned int n, unsigned int m, double alpha, bool below);

/* With no failure in @n trials, 95 % upper bound of the rate: the rule of three (Hanley and Lippman-Hand, JAMA 249, 1983). 1 for n < 3. */
double exact_upper_bound(uint64_t n);

#endif
