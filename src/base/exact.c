/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fisher's and Freeman-Halton's exact tests, Holm's correction, power: by going through every table there can be. */
#include "base/exact.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define EXACT_SUMMED 64		 /* n! up to here by its sum */
#define EXACT_TABLES 20000000ull /* gone through in less than a second */
/* Tables that are equally likely may differ in the last digits of their logarithms: those count as equal. */
#define EXACT_SLACK 1e-7
#define EXACT_POWER 0.8

double exact_log_factorial(unsigned int n)
{
	double x = n, sum = 0;

	if (n > EXACT_SUMMED)
		return (x + 0.5) * log(x) - x + 0.5 * log(2 * M_PI) + 1 / (12 * x) - 1 / (360 * x * x * x) +
		       1 / (1260 * x * x * x * x * x);
	for (unsigned int i = 2; i <= n; i++)
		sum += log(i);
	return sum;
}

static double exact_log_choose(unsigned int n, unsigned int k)
{
	return exact_log_factorial(n) - exact_log_factorial(k) - exact_log_factorial(n - k);
}

struct exact_walk {
	const struct exact_row *rows;
	unsigned int nr;
	const double *choose; /* of row i, from first[i] on: ln(runs over failed) */
	unsigned int first[EXACT_ROWS];
	unsigned int room[EXACT_ROWS + 1]; /* runs of the rows from i on */
	double total;			   /* ln of the ways to place all failures */
	double limit;			   /* tables with a logarithm up to here are counted */
	double p;
};

/* Every way to place @left failures in the rows from @i on. */
static void exact_walk_row(struct exact_walk *w, unsigned int i, unsigned int left, double log_p)
{
	const double *choose = w->choose + w->first[i];
	unsigned int most = MIN(left, w->rows[i].runs);
	unsigned int least = left > w->room[i + 1] ? left - w->room[i + 1] : 0;

	if (i + 1 == w->nr) {
		log_p += choose[left] - w->total;
		w->p += log_p <= w->limit ? exp(log_p) : 0;
		return;
	}
	for (unsigned int n = least; n <= most; n++)
		exact_walk_row(w, i + 1, left - n, log_p + choose[n]);
}

static int exact_check(const struct exact_row *rows, unsigned int nr, unsigned int *runs, unsigned int *failed)
{
	if (nr < 2 || nr > EXACT_ROWS)
		return -EINVAL;
	*runs = *failed = 0;
	for (unsigned int i = 0; i < nr; i++) {
		if (rows[i].failed > rows[i].runs || rows[i].runs > 100000)
			return -EINVAL;
		*runs += rows[i].runs;
		*failed += rows[i].failed;
	}
	return 0;
}

int exact_test(const struct exact_row *rows, unsigned int nr, double *p)
{
	struct exact_walk w = {.rows = rows, .nr = nr};
	unsigned int runs, failed, used = 0;
	CLEANUP_FREE double *choose = NULL;
	uint64_t tables = 1;
	int err = exact_check(rows, nr, &runs, &failed);

	*p = 1;
	if (err || !failed || failed == runs)
		return err;
	for (unsigned int i = nr; i-- > 0;) {
		w.room[i] = w.room[i + 1] + rows[i].runs;
		tables = i ? MIN(tables * (MIN(rows[i].runs, failed) + 1), EXACT_TABLES + 1) : tables;
	}
	if (tables > EXACT_TABLES)
		return -E2BIG;
	choose = calloc((size_t)runs + nr, sizeof(*choose));
	if (!choose)
		return -ENOMEM;
	w.choose = choose;
	w.total = exact_log_choose(runs, failed);
	w.limit = EXACT_SLACK - w.total;
	for (unsigned int i = 0; i < nr; i++) {
		w.first[i] = used;
		for (unsigned int k = 0; k <= rows[i].runs; k++)
			choose[used++] = exact_log_choose(rows[i].runs, k);
		w.limit += choose[w.first[i] + rows[i].failed];
	}
	exact_walk_row(&w, 0, failed, 0);
	*p = MIN(w.p, 1.0);
	return 0;
}

void exact_holm(const double *p, unsigned int nr, double *adjusted)
{
	double least = 0;

	for (unsigned int i = 0; i < nr; i++)
		adjusted[i] = -1;
	for (unsigned int done = 0; done < nr; done++) {
		unsigned int at = nr;

		for (unsigned int i = 0; i < nr; i++)
			if (adjusted[i] < 0 && (at == nr || p[i] < p[at]))
				at = i;
		least = MAX(least, MIN(p[at] * (nr - done), 1.0));
		adjusted[at] = least;
	}
}

static double exact_binomial(double rate, unsigned int n, unsigned int k)
{
	if (rate <= 0 || rate >= 1)
		return k == (rate <= 0 ? 0 : n);
	return exp(exact_log_choose(n, k) + k * log(rate) + (n - k) * log1p(-rate));
}

double exact_power(double a, unsigned int n, double b, unsigned int m, double alpha)
{
	double power = 0, p;

	for (unsigned int i = 0; i <= n; i++) {
		double chance = exact_binomial(a, n, i);

		for (unsigned int k = 0; k <= m && chance > 1e-12; k++)
			if (!exact_test((struct exact_row[]){{n, i}, {m, k}}, 2, &p) && p <= alpha)
				power += chance * exact_binomial(b, m, k);
	}
	return power;
}

double exact_detectable(double a, unsigned int n, unsigned int m, double alpha, bool below)
{
	double far = below ? 0 : 1, near = a;

	if (exact_power(a, n, far, m, alpha) < EXACT_POWER)
		return -1;
	for (unsigned int i = 0; i < 10; i++) {
		double mid = (far + near) / 2;

		if (exact_power(a, n, mid, m, alpha) >= EXACT_POWER)
			far = mid;
		else
			near = mid;
	}
	return far;
}

double exact_upper_bound(uint64_t n)
{
	return n < 3 ? 1 : 3.0 / (double)n;
}
