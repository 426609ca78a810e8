/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses as text, alone and inside sysfs paths. */
#include "host/pci_path.h"

#include <ctype.h>
#include <inttypes.h>
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

bool pci_path_parse(const char *text, size_t len, char out[16])
{
	const char *end = text + len, *s = text;
	uint32_t domain = 0, bus, dev, fn;
	bool long_form = memchr(text, ':', len) != memrchr(text, ':', len);

	/* Domains have four digits, and five behind Intel VMD. */
	if (long_form && (!pci_path_hex(&s, end, 5, 0xfffff, &domain) || !pci_path_char(&s, end, ':')))
		return false;
	if (!pci_path_hex(&s, end, 2, 0xff, &bus) || !pci_path_char(&s, end, ':') ||
	    !pci_path_hex(&s, end, 2, 0x1f, &dev) || !pci_path_char(&s, end, '.') ||
	    !pci_path_hex(&s, end, 1, 7, &fn) || s != end)
		return false;
	snprintf(out, 16, "%04x:%02x:%02x.%x", domain & 0xfffff, bus & 0xff, dev & 0x1f, fn & 7);
	return true;
}

uint64_t pci_path_number(const char *addr)
{
	uint32_t domain, bus, dev, fn;

	if (sscanf(addr, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return 0;
	return (uint64_t)domain << 16 | bus << 8 | dev << 3 | fn;
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
