/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8: repair, width, and printing without control characters. */
#include "out/utf8.h"

#include <stdbool.h>
#include <string.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd"

static bool utf8_is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* RFC 3629, section 4: the second byte's range is narrower where overlong forms, surrogates or U+110000 would begin. */
static bool utf8_is_second(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return utf8_is_continuation(second);
	}
}

/* The length of the valid sequence at @s, 0 if there is none. The terminating NUL ends every look ahead. */
static size_t utf8_sequence(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t length;

	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	length = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (!utf8_is_second(u[0], u[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!utf8_is_continuation(u[i]))
			return 0;
	return length;
}

/* Nearly all text is, and needs no repair. */
static bool utf8_is_ascii(const char *s, size_t length)
{
	unsigned char any = 0;

	for (size_t i = 0; i < length; i++)
		any |= (unsigned char)s[i];
	return any < 0x80;
}

char *utf8_dup(const char *s)
{
	size_t length = strlen(s);
	bool ascii = utf8_is_ascii(s, length);
	/* A replacement takes three bytes for one. */
	char *copy = malloc(ascii ? length + 1 : 3 * length + 1), *to = copy;

	if (!copy || ascii)
		return copy ? memcpy(copy, s, length + 1) : NULL;
	while (*s) {
		length = utf8_sequence(s);
		if (length) {
			memcpy(to, s, length);
			to += length;
			s += length;
		} else {
			memcpy(to, UTF8_REPLACEMENT, strlen(UTF8_REPLACEMENT));
			to += strlen(UTF8_REPLACEMENT);
			s++;
		}
	}
	*to = '\0';
	return copy;
}

size_t utf8_width(const char *s)
{
	size_t width = 0;

	for (; *s; s++)
		width += !utf8_is_continuation((unsigned char)*s);
	return width;
}

/* How many bytes from @s on are printed as they are. */
static size_t utf8_plain(const char *s)
{
	size_t n = 0;

	while ((unsigned char)s[n] >= 0x20 && (unsigned char)s[n] < 0x7f)
		n++;
	return n;
}

void utf8_print(FILE *to, const char *s)
{
	for (;; s++) {
		size_t plain = utf8_plain(s);
		unsigned char c = (unsigned char)s[plain];

		if (plain)
			fwrite(s, 1, plain, to);
		s += plain;
		if (!c)
			return;
		if (c == '\n') {
			fputc(' ', to);
		} else if ((c < 0x20 && c != '\t') || c == 0x7f) {
			fputc('?', to);
		} else if (c == 0xc2 && (unsigned char)s[1] < 0xa0) {
			/* U+0080 to U+009F: the C1 controls, CSI among them */
			fputc('?', to);
			s++;
		} else {
			fputc(c, to);
		}
	}
}
