/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mann-Whitney's test and the interval that goes with it. */
#include "base/rank.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/util.h"

#define RANK_EXACT 20

static int rank_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

struct rank_value {
	double value;
	bool of_a;
};

static int rank_value_order(const void *a, const void *b)
{
	return rank_order(&((const struct rank_value *)a)->value, &((const struct rank_value *)b)->value);
}

/* Pairs in which the value of a is larger, ties half; *ties: the sum of t^3 - t over groups of equal values. */
static double rank_u(const double *a, unsigned int n, const double *b, unsigned int m, double *ties)
{
	struct rank_value all[2 * RANK_MAX];
	double sum = 0;

	for (unsigned int i = 0; i < n; i++)
		all[i] = (struct rank_value){a[i], true};
	for (unsigned int i = 0; i < m; i++)
		all[n + i] = (struct rank_value){b[i], false};
	qsort(all, n + m, sizeof(*all), rank_value_order);
	*ties = 0;
	for (unsigned int i = 0, end; i < n + m; i = end) {
		double t, middle;

		for (end = i + 1; end < n + m && !(all[end].value > all[i].value);)
			end++;
		t = end - i;
		middle = i + (t + 1) / 2;
		*ties += t * t * t - t;
		for (unsigned int k = i; k < end; k++)
			sum += all[k].of_a ? middle : 0;
	}
	return sum - n * (n + 1.) / 2;
}

static double rank_choose(unsigned int n, unsigned int k)
{
	double ways = 1;

	for (unsigned int i = 1; i <= k; i++)
		ways = ways * (n - k + i) / i;
	return ways;
}

/* How many of the orders of n and m values have a U of at most @u: by Mann and Whitney's recurrence, which counts partitions into a box. */
static double rank_orders_to(unsigned int n, unsigned int m, unsigned int u)
{
	double ways[RANK_EXACT * RANK_EXACT + 1] = {1}, sum = 0;
	unsigned int most = n * m;

	/* the Gaussian binomial, a factor (1 - q^(m + i)) / (1 - q^i) at a time */
	for (unsigned int i = 1; i <= n; i++) {
		for (unsigned int k = most; k >= m + i; k--)
			ways[k] -= ways[k - m - i];
		for (unsigned int k = i; k <= most; k++)
			ways[k] += ways[k - i];
	}
	for (unsigned int k = 0; k <= u && k <= most; k++)
		sum += ways[k];
	return sum;
}

static double rank_spread(unsigned int n, unsigned int m, double ties)
{
	double all = n + m;

	return sqrt(n * (double)m / 12 * (all + 1 - ties / (all * (all - 1))));
}

double rank_test(const double *a, unsigned int n, const double *b, unsigned int m, double inflate)
{
	double ties, u, spread, z, least;

	if (!n || !m || n > RANK_MAX || m > RANK_MAX)
		return 1;
	u = rank_u(a, n, b, m, &ties);
	least = fmin(u, n * (double)m - u);
	if (n <= RANK_EXACT && m <= RANK_EXACT && !(ties > 0) && inflate <= 1)
		return fmin(2 * rank_orders_to(n, m, (unsigned int)least) / rank_choose(n + m, n), 1);
	spread = rank_spread(n, m, ties) * sqrt(fmax(inflate, 1));
	if (!(spread > 0))
		return 1;
	z = fmax(n * (double)m / 2 - least - 0.5, 0) / spread;
	return fmax(erfc(z / M_SQRT2), rank_least(n, m));
}

double rank_least(unsigned int n, unsigned int m)
{
	return n && m ? fmin(2 / rank_choose(n + m, n), 1) : 1;
}

int rank_factor(const double *a, unsigned int n, const double *b, unsigned int m, double inflate,
		struct rank_factor *out)
{
	size_t pairs = (size_t)n * m, low;
	CLEANUP_FREE double *all = NULL;
	double reach;

	if (!n || !m || n > RANK_MAX || m > RANK_MAX)
		return -EINVAL;
	all = malloc(pairs * sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < m; k++)
			all[(size_t)i * m + k] = b[k] / a[i];
	qsort(all, pairs, sizeof(*all), rank_order);
	reach = 1.96 * rank_spread(n, m, 0) * sqrt(fmax(inflate, 1));
	low = (size_t)fmax(floor((double)pairs / 2 - reach), 0);
	out->low = all[low];
	out->high = all[pairs - 1 - low];
	out->median = pairs % 2 ? all[pairs / 2] : (all[pairs / 2 - 1] + all[pairs / 2]) / 2;
	return 0;
}

/* The sums that the correlation of neighbours is made of, of ranks about their middle. */
static void rank_neighbours(const double *v, unsigned int n, double *shared, double *all)
{
	double rank[RANK_MAX], middle = (n - 1) / 2.;

	for (unsigned int i = 0; i < n; i++) {
		rank[i] = -middle;
		for (unsigned int k = 0; k < n; k++)
			rank[i] += v[k] < v[i] ? 1 : v[k] > v[i] || k == i ? 0 : 0.5;
	}
	for (unsigned int i = 0; i < n; i++) {
		/* each sample weighs as much as it has values, not as their ranks reach */
		*all += rank[i] * rank[i] / n / n;
		if (i)
			*shared += rank[i] * rank[i - 1] / n / n;
	}
}

double rank_inflation(const double *a, unsigned int n, const double *b, unsigned int m)
{
	double shared = 0, all = 0, r;

	if (n > RANK_MAX || m > RANK_MAX)
		return 1;
	rank_neighbours(a, n, &shared, &all);
	rank_neighbours(b, m, &shared, &all);
	r = all > 0 ? shared / all : 0;
	/* in n values it comes out too small by about (1 + 4r) / n (Marriott and Pope, Biometrika 41, 1954), and varies by 1 / sqrt(n) */
	r = fmin(r + (1 + 4 * r) * 2 / (n + m), 0.9);
	return r * sqrt(n + m) > 1.645 ? (1 + r) / (1 - r) : 1;
}
