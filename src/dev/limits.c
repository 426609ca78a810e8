/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths that a device can move: what one request may be, how more than that is cut, and what cannot be moved at all. */
#include <errno.h>
#include <inttypes.h>

#include "dev/dev.h"

static uint64_t limits_align(const struct dev_limits *l)
{
	return MAX(l->align, (uint64_t)1);
}

/* Of one request, both within the alignment. */
static uint64_t limits_least(const struct dev_limits *l)
{
	return ALIGN_UP(MAX(l->min_len, (uint64_t)1), limits_align(l));
}

uint64_t dev_most(const struct dev_limits *l, enum dev_dir dir)
{
	return ALIGN_DOWN(dir == DEV_COPY ? l->max_len : MIN(l->max_len, l->buffer), limits_align(l));
}

bool dev_both_ways(const struct dev_limits *l)
{
	const unsigned int both = DEV_READ | DEV_WRITE;

	return l->dirs & DEV_COPY || ((l->dirs & both) == both && !l->fixed);
}

uint64_t dev_unit(const struct dev_limits *l)
{
	uint64_t least = limits_least(l);
	enum dev_dir dir = l->dirs & DEV_COPY ? DEV_COPY : DEV_WRITE;

	/* two requests of the least length are more than one may be: what lies between cannot be cut */
	return least > dev_most(l, dir) / 2 ? least : limits_align(l);
}

uint64_t dev_addr_unit(const struct dev_limits *l)
{
	return l->addr_align ? l->addr_align : limits_align(l);
}

uint64_t dev_length(const struct dev_limits *l, uint64_t want)
{
	uint64_t unit = dev_unit(l), len = MAX(want, limits_least(l));

	return len + (unit - len % unit) % unit;
}

uint64_t dev_piece(const struct dev_limits *l, uint64_t most, uint64_t left)
{
	uint64_t least = limits_least(l), max = ALIGN_DOWN(most, limits_align(l)), more;

	if (left <= max || !max)
		return left;
	more = (left - 1) / max * least; /* what the requests after this one take at least */
	if (left - max >= more)
		return max;
	return left - more >= least && left > more ? left - more : left;
}

int dev_check_length(const struct dev_limits *l, const char *what, uint64_t len, struct fail *f)
{
	uint64_t unit = dev_unit(l);

	if (len < l->min_len)
		fail_usage(f, EINVAL, "%s 0x%" PRIx64 ": the device moves no less than 0x%" PRIx64 " bytes", what, len,
			   l->min_len);
	else if (len % unit)
		fail_usage(f, EINVAL, "%s 0x%" PRIx64 ": the device moves multiples of 0x%" PRIx64 " bytes", what, len,
			   unit);
	else
		return 0;
	fail_hint(f, "the next length that it can move is 0x%" PRIx64, dev_length(l, len));
	return -EINVAL;
}

int dev_check_address(const struct dev_limits *l, const char *what, uint64_t at, struct fail *f)
{
	uint64_t unit = dev_addr_unit(l);

	if (at % unit)
		return fail_usage(f, EINVAL,
				  "%s 0x%" PRIx64 ": the device names addresses that are multiples of 0x%" PRIx64
				  " bytes",
				  what, at, unit);
	return 0;
}
