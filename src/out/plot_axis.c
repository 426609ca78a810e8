/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Axes of charts: in equal steps from 0 on, or by powers; where a value lies, and which ticks there are. */
#include <math.h>
#include <stdio.h>

#include "out/plot_priv.h"

void plot_axis_linear(struct plot_axis *a, double max, unsigned int wanted, bool ticks_end)
{
	*a = (struct plot_axis){.ticks = plot_ticks_to(max, wanted)};
	a->high = ticks_end || !(max > 0) ? a->ticks.top : max;
	for (; a->nr < a->ticks.nr && a->nr < PLOT_AXIS_TICKS && a->ticks.step * a->nr <= a->high * 1.0001; a->nr++)
		a->at[a->nr] = a->ticks.step * a->nr;
}

/* Every @step-th power of @base from @first on, with its @parts ("1 2 5"). */
static void axis_powers(struct plot_axis *a, double base, int step, const double *parts, unsigned int nr_parts)
{
	int power = (int)floor(log(a->low) / log(base) + 1e-9), end = (int)ceil(log(a->high) / log(base) - 1e-9);

	for (power -= ((power % step) + step) % step; power <= end; power += step)
		for (unsigned int i = 0; i < nr_parts && a->nr < PLOT_AXIS_TICKS; i++) {
			double value = parts[i] * pow(base, power);

			if (value >= a->low * 0.9999 && value <= a->high * 1.0001)
				a->at[a->nr++] = value;
		}
}

/* The nearest 1, 2 or 5 times a power of ten at or below @value (@up: above). */
static double axis_round(double value, bool up)
{
	static const double parts[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(value) + 1e-9));
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(parts) && parts[i + 1] * power <= value * (1 + 1e-9))
		i++;
	if (up && i + 1 < ARRAY_SIZE(parts) && parts[i] * power < value * (1 - 1e-9))
		i++;
	return parts[i] * power;
}

void plot_axis_log(struct plot_axis *a, double low, double high, unsigned int base, unsigned int wanted, bool ticks_end)
{
	static const double parts[] = {1, 2, 5};
	double decades;

	*a = (struct plot_axis){.log = true, .low = low, .high = high};
	if (base == 2) {
		axis_powers(a, 2, (int)ceil(log2(high / low) / MAX(wanted, 1u)) + (high <= low), parts, 1);
		return;
	}
	if (ticks_end) {
		a->low = axis_round(low, false);
		a->high = axis_round(high, true);
	}
	decades = log10(a->high / a->low);
	if (decades * 3 <= MAX(wanted, 3u) * 1.5)
		axis_powers(a, 10, 1, parts, 3);
	else
		axis_powers(a, 10, MAX((int)ceil(decades / MAX(wanted, 1u)), 1), parts, 1);
}

double plot_axis_place(const struct plot_axis *a, double value)
{
	if (!a->log)
		return value / a->high;
	return value <= a->low ? 0 : log(value / a->low) / log(a->high / a->low);
}

const char *plot_axis_text(const struct plot_axis *a, unsigned int n, char *buf, size_t size)
{
	static const char *const thousands[] = {"", "k", "M", "G", "T", "P"};
	double value = a->at[n];
	size_t i = 0;

	if (a->text)
		return a->text(value, buf, size);
	if (!a->log)
		return plot_tick_text(&a->ticks, n, buf, size);
	for (; value >= 1000 && i + 1 < ARRAY_SIZE(thousands); i++)
		value /= 1000;
	snprintf(buf, size, "%g%s", value, thousands[i]);
	return buf;
}

/* The least above 0 and the largest of all. Nothing there: both 0. */
static void axis_extent(const struct plot_chart *c, struct plot_point *least, struct plot_point *most)
{
	*least = (struct plot_point){INFINITY, INFINITY};
	*most = (struct plot_point){0, 0};
	for (unsigned int s = 0; s < c->nr; s++)
		for (unsigned int i = 0; i < c->series[s].nr; i++) {
			const struct plot_point *p = &c->series[s].points[i];

			most->x = fmax(most->x, p->x);
			most->y = fmax(most->y, p->y); /* of NAN and a number fmax() takes the number */
			if (p->x > 0)
				least->x = fmin(least->x, p->x);
			if (p->y > 0)
				least->y = fmin(least->y, p->y);
		}
}

void plot_chart_axes(const struct plot_chart *c, unsigned int wanted_x, unsigned int wanted_y, struct plot_axis *x,
		     struct plot_axis *y)
{
	struct plot_point least, most;

	axis_extent(c, &least, &most);
	if (!c->log_x)
		plot_axis_linear(x, most.x, wanted_x, false);
	else if (least.x < most.x)
		plot_axis_log(x, least.x, most.x, c->log_x, wanted_x, false);
	else /* one value stands in the middle, none at all has an axis, too */
		plot_axis_log(x, most.x > 0 ? most.x / 2 : 1, most.x > 0 ? most.x * 2 : 2, c->log_x, wanted_x, false);
	if (!c->log_y)
		plot_axis_linear(y, most.y, wanted_y, true);
	else if (most.y > 0)
		plot_axis_log(y, least.y / 1.1, most.y * 1.1, c->log_y, wanted_y, true);
	else
		plot_axis_log(y, 1, 10, c->log_y, wanted_y, true);
	x->text = c->x_text;
	y->text = c->y_text;
}
