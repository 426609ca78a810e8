/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses as text, alone and inside sysfs paths. */
#include "host/pci_path.h"

#include <string.h>

#include "host/text.h"

/* 16 or more: none. Their order in ASCII serves both cases of the letters. */
static uint32_t pci_path_digit(char c)
{
	uint32_t digit = (uint32_t)c - '0', letter = ((uint32_t)c | 0x20) - 'a';

	return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

/* A hex number of at most @digits digits that is at most @max and ends before @end. Moves *s behind it. */
static bool pci_path_hex(const char **s, const char *end, unsigned int digits, uint32_t max, uint32_t *out)
{
	const char *start = *s, *at = start;
	uint32_t v = 0, digit;

	for (; at < end && (digit = pci_path_digit(*at)) < 16; at++) {
		if (at - start == digits)
			return false;
		v = v << 4 | digit;
	}
	*s = at;
	*out = v;
	return at > start && v <= max;
}

static bool pci_path_char(const char **s, const char *end, char c)
{
	if (*s >= end || **s != c)
		return false;
	(*s)++;
	return true;
}

struct pci_path_parts {
	uint32_t domain, bus, dev, fn;
};

static bool pci_path_split(const char *s, const char *end, bool long_form, struct pci_path_parts *p)
{
	p->domain = 0;
	/* Domains have four digits, and five behind Intel VMD. */
	if (long_form && (!pci_path_hex(&s, end, 5, 0xfffff, &p->domain) || !pci_path_char(&s, end, ':')))
		return false;
	return pci_path_hex(&s, end, 2, 0xff, &p->bus) && pci_path_char(&s, end, ':') &&
	       pci_path_hex(&s, end, 2, 0x1f, &p->dev) && pci_path_char(&s, end, '.') &&
	       pci_path_hex(&s, end, 1, 7, &p->fn) && s == end;
}

static char *pci_path_put(char *out, uint32_t value, unsigned int digits, char after)
{
	while (digits--)
		*out++ = "0123456789abcdef"[value >> 4 * digits & 0xf];
	*out++ = after;
	return out;
}

bool pci_path_parse(const char *text, size_t len, char out[16])
{
	bool long_form = memchr(text, ':', len) != memrchr(text, ':', len);
	struct pci_path_parts p;

	if (!pci_path_split(text, text + len, long_form, &p))
		return false;
	out = pci_path_put(out, p.domain, p.domain > 0xffff ? 5 : 4, ':');
	out = pci_path_put(out, p.bus, 2, ':');
	out = pci_path_put(out, p.dev, 2, '.');
	pci_path_put(out, p.fn, 1, '\0');
	return true;
}

/* "0000:00:04.0": nearly all are, and lists of thousands are searched by their numbers. False: it is something else. */
static bool pci_path_usual(const char *addr, struct pci_path_parts *p)
{
	static const uint8_t places[] = {0, 1, 2, 3, 5, 6, 8, 9, 11};
	uint64_t digits = 0;
	uint32_t digit, wrong = 0;

	if (strlen(addr) != 12 || addr[4] != ':' || addr[7] != ':' || addr[10] != '.')
		return false;
	for (size_t i = 0; i < sizeof(places); i++) {
		digit = pci_path_digit(addr[places[i]]);
		wrong |= digit & 16;
		digits = digits << 4 | digit;
	}
	p->domain = (uint32_t)(digits >> 20);
	p->bus = digits >> 12 & 0xff;
	p->dev = digits >> 4 & 0xff;
	p->fn = digits & 0xf;
	return !wrong && p->dev <= 0x1f && p->fn <= 7;
}

uint64_t pci_path_number(const char *addr)
{
	struct pci_path_parts p;

	if (!pci_path_usual(addr, &p) && !pci_path_split(addr, addr + strlen(addr), true, &p))
		return 0;
	return (uint64_t)p.domain << 16 | p.bus << 8 | p.dev << 3 | p.fn;
}

bool pci_path_next(const char **path, char out[16])
{
	while (**path) {
		const char *part = *path + strspn(*path, "/");
		size_t len = strcspn(part, "/");

		*path = part + len;
		/* Bus names (pci0000:00) are no addresses, and short forms do not occur in sysfs. */
		if (len >= 12 && pci_path_parse(part, len, out))
			return true;
	}
	return false;
}

bool pci_path_contains(const char *path, const char *addr)
{
	char found[16];

	while (pci_path_next(&path, found))
		if (strcmp(found, addr) == 0)
			return true;
	return false;
}

bool pci_path_nearest(const char *path, char out[16])
{
	bool any = false;

	while (pci_path_next(&path, out))
		any = true;
	return any;
}
