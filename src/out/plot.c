/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures: which way one goes, and whether its size can be had. */
#include "out/plot.h"

#include <errno.h>

#include "out/plot_priv.h"

static int plot_bound(const char *what, unsigned int value, unsigned int min, unsigned int max, const char *unit,
		      struct fail *f)
{
	if (!value || (value >= min && value <= max))
		return 0;
	return fail_usage(f, EINVAL, "a %s of %u %s: from %u to %u can be drawn", what, value, unit, min, max);
}

static int plot_check(const struct plot_to *to, struct fail *f)
{
	bool text = to->format == PLOT_TERMINAL;
	const char *unit = text ? "characters" : "pixels";
	int err = plot_bound("width", to->width, text ? PLOT_MIN_COLUMNS : PLOT_MIN_WIDTH,
			     text ? PLOT_MAX_CHARACTERS : PLOT_MAX_PIXELS, unit, f);

	if (err)
		return err;
	return plot_bound("height", to->height, text ? PLOT_MIN_LINES : PLOT_MIN_HEIGHT,
			  text ? PLOT_MAX_CHARACTERS : PLOT_MAX_PIXELS, text ? "lines" : unit, f);
}

int plot_heat_draw(const struct plot_heat *h, const struct plot_to *to, struct report *r, struct fail *f)
{
	int err = plot_check(to, f);

	if (err)
		return err;
	if (to->format != PLOT_TERMINAL)
		return plot_heat_canvas(h, to, f);
	err = plot_heat_term(h, to, r);
	return err ? fail_set(f, err, "cannot draw") : 0;
}

int plot_chart_draw(const struct plot_chart *c, const struct plot_to *to, struct report *r, struct fail *f)
{
	int err = plot_check(to, f);

	if (err)
		return err;
	if (to->format != PLOT_TERMINAL)
		return plot_chart_canvas(c, to, f);
	err = plot_chart_term(c, to, r);
	return err ? fail_set(f, err, "cannot draw") : 0;
}
