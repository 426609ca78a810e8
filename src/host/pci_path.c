/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses as text, alone and inside sysfs paths. */
#include "host/pci_path.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/text.h"

/* A hex number of at most @digits digits that is at most @max and ends before @end. Moves *s behind it. */
static bool pci_path_hex(const char **s, const char *end, unsigned int digits, uint32_t max, uint32_t *out)
{
	const char *start = *s;
	uint32_t v = 0;

	while (*s < end && isxdigit((unsigned char)**s)) {
		if (*s - start == digits)
			return false;
		v = v << 4 | (isdigit((unsigned char)**s) ? **s - '0' : (**s | 0x20) - 'a' + 10);
		(*s)++;
	}
	*out = v;
	return *s > start && v <= max;
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

bool pci_path_parse(const char *text, size_t len, char out[16])
{
	bool long_form = memchr(text, ':', len) != memrchr(text, ':', len);
	struct pci_path_parts p;

	if (!pci_path_split(text, text + len, long_form, &p))
		return false;
	snprintf(out, 16, "%04x:%02x:%02x.%x", p.domain & 0xfffff, p.bus & 0xff, p.dev & 0x1f, p.fn & 7);
	return true;
}

uint64_t pci_path_number(const char *addr)
{
	struct pci_path_parts p;

	if (!pci_path_split(addr, addr + strlen(addr), true, &p))
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
