/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian numbers out of bytes nobody can be trusted for: every access is checked against the length. */
#ifndef IC_BASE_BYTES_H
#define IC_BASE_BYTES_H

#include <stdbool.h>
#include <string.h>

#include "base/util.h"

struct bytes {
	const uint8_t *data;
	size_t len;
};

/* @width 1 to 8 bytes at @at. False, and *out = 0, when they are not all there. */
static inline bool bytes_get(struct bytes b, size_t at, unsigned int width, uint64_t *out)
{
	*out = 0;
	if (at > b.len || width > b.len - at)
		return false;
	for (unsigned int i = width; i-- > 0;)
		*out = *out << 8 | b.data[at + i];
	return true;
}

/* The same for who has checked the length before: 0 where nothing is. */
static inline uint64_t bytes_at(struct bytes b, size_t at, unsigned int width)
{
	uint64_t v;

	bytes_get(b, at, width, &v);
	return v;
}

/* @len bytes at @at; cut to what is there. False when it was cut. */
static inline bool bytes_sub(struct bytes b, size_t at, size_t len, struct bytes *out)
{
	size_t from = MIN(at, b.len);

	*out = (struct bytes){b.data ? b.data + from : NULL, MIN(len, b.len - from)};
	return at <= b.len && out->len == len;
}

#endif
