/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The colours of pictures. Shares run from green over blue to a dark violet: the part of the viridis scale that stands out from a light
 * ground, turned round. It darkens all the way, so that it can be read without telling hues apart, and in grey.
 */
#include <math.h>

#include "out/plot_priv.h"

const struct plot_color plot_white = {255, 255, 255}, plot_ink = {0x22, 0x22, 0x22}, plot_faint = {0x66, 0x66, 0x66},
			plot_grid = {0xd4, 0xd8, 0xdc}, plot_warning = {0xb0, 0x30, 0x00};

/* By M. Okabe and K. Ito, chosen to differ for every kind of colour vision; the last two darkened for thin lines on white. */
const struct plot_color plot_series_colors[PLOT_SERIES_MAX] = {
	{0x00, 0x72, 0xb2}, {0xd5, 0x5e, 0x00}, {0x00, 0x85, 0x60}, {0xa8, 0x50, 0x82}};
const struct plot_color plot_fill_colors[PLOT_SERIES_MAX] = {
	{0xcc, 0xe3, 0xf0}, {0xf7, 0xdf, 0xcc}, {0xcc, 0xe7, 0xdf}, {0xee, 0xdc, 0xe6}};

static const struct plot_color color_zero = {0xe8, 0xeb, 0xee};
static const struct plot_color color_steps[] = {{0x5e, 0xc9, 0x62}, {0x28, 0xae, 0x80}, {0x21, 0x91, 0x8c},
						{0x2c, 0x72, 0x8e}, {0x3b, 0x52, 0x8b}, {0x47, 0x2d, 0x7b},
						{0x44, 0x01, 0x54}};

double plot_scale(double share)
{
	return cbrt(fmin(share, 1));
}

double plot_scale_inverse(double at)
{
	return at * at * at;
}

static uint8_t color_mix(uint8_t from, uint8_t to, double part)
{
	return (uint8_t)lround(from + part * (to - from));
}

struct plot_color plot_scale_color(double at)
{
	unsigned int last = ARRAY_SIZE(color_steps) - 1, n;
	const struct plot_color *a, *b;
	double part;

	if (!(at > 0))
		return color_zero;
	n = (unsigned int)fmin(at * last, last - 1);
	part = fmin(at * last - n, 1);
	a = &color_steps[n];
	b = &color_steps[n + 1];
	return (struct plot_color){color_mix(a->r, b->r, part), color_mix(a->g, b->g, part),
				   color_mix(a->b, b->b, part)};
}

/* xterm's colours 16 to 231 are a cube of these, 232 to 255 greys from 8 on by tens. */
static unsigned int color_cube(uint8_t v)
{
	return v < 48 ? 0 : v < 115 ? 1 : (unsigned int)(v - 35) / 40;
}

/* The nearest of a terminal's would jump between light and dark: these darken as the scale does, and the last is for all alone. */
unsigned int plot_share_256(double share)
{
	static const uint8_t steps[] = {77, 72, 36, 30, 24, 54, 53};
	unsigned int last = ARRAY_SIZE(steps) - 1;

	if (!(share > 0))
		return plot_color_256(color_zero);
	return share < 1 ? steps[MIN((unsigned int)(plot_scale(share) * last), last - 1)] : steps[last];
}

unsigned int plot_color_256(struct plot_color c)
{
	unsigned int high = MAX(c.r, MAX(c.g, c.b)), low = MIN(c.r, MIN(c.g, c.b));

	if (high - low < 10 && low >= 8)
		return MIN(232 + (low - 3u) / 10, 255u);
	return 16 + 36 * color_cube(c.r) + 6 * color_cube(c.g) + color_cube(c.b);
}
