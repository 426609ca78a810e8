/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings of fixed size, as the structs of this room carry them: cut rather than overrun, always terminated. */
#ifndef IC_HOST_TEXT_H
#define IC_HOST_TEXT_H

#include <stdbool.h>
#include <string.h>

#include "base/util.h"

/* Copy what fits of @src. False when something was cut. */
static inline bool text_copy(char *dst, size_t len, const char *src)
{
	size_t n = strlen(src);

	if (n < len) {
		memcpy(dst, src, n + 1);
		return true;
	}
	memcpy(dst, src, len - 1);
	dst[len - 1] = '\0';
	return false;
}

/* Cut white space off the end, in place. */
static inline void text_chomp(char *s)
{
	size_t n = strlen(s);

	while (n && strchr(" \t\r\n", s[n - 1]))
		s[--n] = '\0';
}

static inline bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

#endif
