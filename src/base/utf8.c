/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8: repair, width, and printing without control characters. */
#include "base/utf8.h"

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

size_t utf8_unsafe(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] < 0x20 || u[0] == 0x7f)
		return u[0] != 0;
	/* U+0080 to U+009F: the C1 controls, CSI among them; U+061C */
	if ((u[0] == 0xc2 && u[1] && u[1] < 0xa0) || (u[0] == 0xd8 && u[1] == 0x9c))
		return 2;
	/* U+200E, U+200F, U+202A to U+202E */
	if (u[0] == 0xe2 && u[1] == 0x80 && (u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xaa && u[2] <= 0xae)))
		return 3;
	/* U+2066 to U+2069 */
	return u[0] == 0xe2 && u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9 ? 3 : 0;
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
	size_t unsafe;

	for (;; s += MAX(unsafe, (size_t)1)) {
		size_t plain = utf8_plain(s);

		if (plain)
			fwrite(s, 1, plain, to);
		s += plain;
		if (!*s)
			return;
		unsafe = utf8_unsafe(s);
		if (!unsafe || *s == '\t')
			fputc(*s, to);
		else
			fputc(*s == '\n' ? ' ' : '?', to);
	}
}
