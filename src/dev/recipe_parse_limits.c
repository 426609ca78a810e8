/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recipe's header has to have, and what in it may not contradict itself. */
#include <errno.h>
#include <inttypes.h>

#include "dev/recipe_parse.h"

static int limits_missing(struct parser *p, struct place end)
{
	static const struct {
		enum recipe_setting setting;
		const char *text;
	} needed[] = {
		{SETTING_NAME, "name NAME"},	   {SETTING_DEVICE, "device VENDOR:DEVICE"},
		{SETTING_BAR, "bar NUMBER SIZE"},  {SETTING_DIRECTIONS, "directions read write"},
		{SETTING_MAX, "max-length BYTES"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!p->given[needed[i].setting].line)
			return parse_error(p, end, "the header ends without '%s'", needed[i].text);
	return 0;
}

static int limits_lengths(struct parser *p)
{
	const struct dev_limits *l = &p->r->limits;

	if (l->max_len - 1 > l->max_iova)
		return parse_error(p, p->given[SETTING_MAX], "max-length %" PRIu64 " is more than address-bits reach",
				   l->max_len);
	if (l->max_len % l->align)
		return parse_error(p, p->given[SETTING_MAX],
				   "max-length %" PRIu64 " is no multiple of alignment %" PRIu64, l->max_len, l->align);
	/* the alignment, where it was not given: that is not above a multiple of it */
	if (l->min_len > l->max_len)
		return parse_error(p, p->given[SETTING_MIN], "min-length %" PRIu64 " is above max-length %" PRIu64,
				   l->min_len, l->max_len);
	if (l->min_len % l->align)
		return parse_error(p, p->given[SETTING_MIN],
				   "min-length %" PRIu64 " is no multiple of alignment %" PRIu64, l->min_len, l->align);
	return 0;
}

static int limits_buffer(struct parser *p)
{
	const struct dev_limits *l = &p->r->limits;

	if (!(l->dirs & (DEV_READ | DEV_WRITE)))
		return l->buffer ? parse_error(p, p->given[SETTING_BUFFER], "device-buffer is for read and write alone")
				 : 0;
	if (!l->buffer) {
		parse_error(p, p->given[SETTING_DIRECTIONS], "read and write need 'device-buffer BYTES'");
		return parse_hint(p, "what the device can hold of its own; for one that only writes: max-length");
	}
	if (l->buffer < (l->dirs & DEV_COPY ? l->min_len : l->max_len))
		return parse_error(p, p->given[SETTING_BUFFER], "device-buffer %" PRIu64 " is below %s-length %" PRIu64,
				   l->buffer, l->dirs & DEV_COPY ? "min" : "max",
				   l->dirs & DEV_COPY ? l->min_len : l->max_len);
	return 0;
}

int parse_check_header(struct parser *p, struct place end)
{
	struct dev_limits *l = &p->r->limits;

	if (limits_missing(p, end))
		return -EINVAL;
	/* without a word of it, the least that can be asked for */
	if (!p->given[SETTING_MIN].line)
		l->min_len = l->align;
	if (limits_lengths(p) || limits_buffer(p))
		return -EINVAL;
	if (l->fixed && !(l->dirs & DEV_WRITE))
		return parse_error(p, p->given[SETTING_FIXED], "'fixed' is for a device that writes");
	return 0;
}
