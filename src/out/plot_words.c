/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of pictures: cleaned, cut into lines. */
#include <string.h>

#include "out/plot_priv.h"
#include "out/utf8.h"

/* XML 1.0, section 2.2: no control characters but tab and line ends, no U+FFFE and U+FFFF. C1 controls steer terminals. */
static size_t words_forbidden(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] < 0xa0)
		return 2;
	return s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe ? 3 : 0;
}

char *plot_clean(const char *text)
{
	char *copy = utf8_dup(text), *to = copy;
	const char *from = copy;

	while (copy && *from) {
		size_t n = words_forbidden((const unsigned char *)from);

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
