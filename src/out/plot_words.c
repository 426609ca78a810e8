/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of pictures: cleaned, cut into lines. */
#include <string.h>

#include "base/utf8.h"
#include "out/plot_priv.h"

/* XML 1.0, section 2.2: no control characters but tab and line ends, no U+FFFE and U+FFFF. And what is not to be shown anywhere. */
static size_t words_forbidden(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = utf8_unsafe(s);

	return n ? n : u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe ? 3 : 0;
}

char *plot_clean(const char *text)
{
	char *copy = utf8_dup(text), *to = copy;
	const char *from = copy;

	while (copy && *from) {
		size_t n = words_forbidden(from);

		if (n)
			*to++ = *from == '\t' || *from == '\n' ? ' ' : '?';
		else
			*to++ = *from;
		from += n ? n : 1;
	}
	if (copy)
		*to = '\0';
	return copy;
}

size_t plot_wrap(const char *text, size_t max)
{
	size_t n = 0, chars = 0, blank = 0;

	for (; text[n]; n++) {
		chars += ((unsigned char)text[n] & 0xc0) != 0x80;
		if (chars > MAX(max, (size_t)1))
			return blank ? blank : n;
		if (text[n] == ' ')
			blank = n + 1;
	}
	return n;
}
