/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the ticks of an axis stand, and what is written at them. */
#include <math.h>
#include <stdio.h>

#include "out/plot_priv.h"

struct plot_ticks plot_ticks_to(double max, unsigned int wanted)
{
	static const double steps[] = {1, 2, 5, 10};
	struct plot_ticks t = {.step = 1};
	double rough, power;
	size_t i = 0;

	if (!(max > 0) || !isfinite(max))
		max = 1;
	rough = max / MAX(wanted, 1u);
	power = pow(10, floor(log10(rough)));
	/* a hair's breadth more, so that 0.3 / 3 is one of 0.1 */
	while (i + 1 < ARRAY_SIZE(steps) && steps[i] * power < rough * (1 - 1e-9))
		i++;
	t.step = steps[i] * power;
	t.nr = (unsigned int)ceil(max / t.step * (1 - 1e-9)) + 1;
	t.top = t.step * (t.nr - 1);
	return t;
}

const char *plot_tick_text(const struct plot_ticks *t, unsigned int n, char *buf, size_t size)
{
	static const char *const suffixes[] = {"", "k", "M", "G", "T", "P"};
	double value = t->step * n, step = t->step, top = t->top;
	size_t i = 0;
	int decimals;

	/* four digits are still read at a glance where nothing stands behind them */
	for (; top >= (i ? 1000 : 10000) * (1 - 1e-9) && i + 1 < ARRAY_SIZE(suffixes); i++) {
		top /= 1000;
		step /= 1000;
		value /= 1000;
	}
	decimals = (int)fmin(fmax(-floor(log10(step) + 1e-9), 0), 9);
	if (n)
		snprintf(buf, size, "%.*f%s", decimals, value, suffixes[i]);
	else
		snprintf(buf, size, "0");
	return buf;
}

const char *plot_percent(double share, char *buf, size_t size)
{
	snprintf(buf, size, "%.*g %%", share < 0.1 ? 1 : 3, share * 100);
	return buf;
}
