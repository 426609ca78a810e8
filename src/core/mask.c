/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file is masked how, and what lies in bytes and tables: serial numbers, MAC addresses, mounts. */
#include "core/mask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "host/text.h"

/* --- MAC addresses ------------------------------------------------------------------------------------------------- */
static unsigned int mask_nibble(char c)
{
	return isdigit((unsigned char)c) ? (unsigned int)(c - '0') : (unsigned int)((c | 0x20) - 'a' + 10);
}

static bool mask_is_pair(const char *s, const char *end)
{
	return end - s >= 2 && isxdigit((unsigned char)s[0]) && isxdigit((unsigned char)s[1]);
}

/* Nobody's: all zeros, all ones, and what stands for a masked one. */
static bool mask_mac_is_public(const uint8_t mac[6])
{
	static const uint8_t none[6], all[6] = {255, 255, 255, 255, 255, 255}, ours[4] = {2};

	return !memcmp(mac, none, 6) || !memcmp(mac, all, 6) || !memcmp(mac, ours, sizeof(ours));
}

/* Its number, from 1. */
static unsigned int mask_mac_number(struct mask *mask, const uint8_t mac[6])
{
	unsigned int i;

	for (i = 0; i < mask->nr_macs; i++)
		if (memcmp(mask->macs[i], mac, 6) == 0)
			return i + 1;
	if (i < MASK_MACS_MAX)
		memcpy(mask->macs[mask->nr_macs++], mac, 6);
	return i + 1;
}

/* Six pairs at @s, @step characters apart, become the number's. */
static void mask_mac(struct mask *mask, char *s, size_t step)
{
	uint8_t mac[6];
	char digits[13];
	unsigned int nr;

	for (size_t i = 0; i < 6; i++)
		mac[i] = (uint8_t)(mask_nibble(s[i * step]) << 4 | mask_nibble(s[i * step + 1]));
	if (mask_mac_is_public(mac))
		return;
	nr = mask_mac_number(mask, mac);
	snprintf(digits, sizeof(digits), "02000000%04x", nr & 0xffff);
	for (size_t i = 0; i < 6; i++)
		memcpy(s + i * step, digits + 2 * i, 2);
}

/* How many characters of pairs with @s[2] between them begin here; how many pairs in *pairs. */
static size_t mask_pairs(const char *s, const char *end, unsigned int *pairs)
{
	const char *at = s + 2;
	char sep = at < end ? *at : '\0';

	*pairs = 1;
	if (sep != ':' && sep != '-')
		return 2;
	while (at < end && *at == sep && mask_is_pair(at + 1, end)) {
		at += 3;
		++*pairs;
	}
	return (size_t)(at - s);
}

/* "enx525400123456" at @s: the kernel's name for what has no better one (systemd.net-naming-scheme(7)). */
static bool mask_is_named(const char *s, const char *end)
{
	if (end - s < 15 || !(text_starts(s, "enx") || text_starts(s, "wlx") || text_starts(s, "wwx")))
		return false;
	for (size_t i = 3; i < 15; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return end - s == 15 || !isxdigit((unsigned char)s[15]);
}

void mask_macs(struct mask *mask, char *text, size_t len)
{
	const char *end = text + len;
	bool inside = false; /* of a word */

	for (char *s = text; s < end;) {
		unsigned int pairs = 0;
		size_t n = 1;

		if (!inside && mask_is_pair(s, end))
			n = mask_pairs(s, end, &pairs);
		/* a digit right behind it: no list of pairs */
		if (pairs >= 6 && s + n < end && isxdigit((unsigned char)s[n]))
			pairs = 0;
		if (pairs == 6) {
			mask_mac(mask, s, 3);
		} else if (pairs > 6) {
			for (size_t i = 0; i < n; i++)
				s[i] = isxdigit((unsigned char)s[i]) ? '0' : s[i];
			mask->serials++;
		} else if (!inside && mask_is_named(s, end)) {
			mask_mac(mask, s + 3, 2);
			n = 15;
		}
		s += n;
		inside = isalnum((unsigned char)s[-1]) != 0;
	}
}

/* --- bytes and tables ---------------------------------------------------------------------------------------------- */
#define CONFIG_EXTENDED 0x100 /* PCIe 7.6: the extended capabilities begin here, each header four bytes */
#define CONFIG_SERIAL 3
#define CONFIG_MAX 4096
#define CONFIG_HEADER_TYPE 0x0e
#define CONFIG_CAPS 0x34
#define CONFIG_CARDBUS_CAPS 0x14
#define CONFIG_VPD 3

/* What was read last of the vital product data, serial number and all, stays in the capability's data register (PCI 3.0 I). */
static void mask_vpd(struct mask *mask, uint8_t *config, size_t len)
{
	struct bytes all = {config, len};
	bool cardbus = (bytes_at(all, CONFIG_HEADER_TYPE, 1) & 0x7f) == 2;
	size_t at = bytes_at(all, cardbus ? CONFIG_CARDBUS_CAPS : CONFIG_CAPS, 1);

	for (unsigned int i = 0; i < CONFIG_EXTENDED / 4 && (at & ~3u); i++) {
		at &= ~3u;
		if (bytes_at(all, at, 1) == CONFIG_VPD && bytes_at(all, at + 4, 4)) {
			memset(config + at + 4, 0, 4);
			mask->serials++;
		}
		at = bytes_at(all, at + 1, 1);
	}
}

void mask_config(struct mask *mask, uint8_t *config, size_t len)
{
	struct bytes all = {config, len};
	bool seen[CONFIG_MAX / 4] = {false};
	size_t at = CONFIG_EXTENDED;
	uint64_t header;

	mask_vpd(mask, config, len);
	while (at >= CONFIG_EXTENDED && at < CONFIG_MAX && !seen[at / 4] && bytes_get(all, at, 4, &header) &&
	       header != UINT32_MAX) {
		seen[at / 4] = true;
		if ((header & 0xffff) == CONFIG_SERIAL && at + 4 < len) {
			memset(config + at + 4, 0, MIN((size_t)8, len - at - 4));
			mask->serials++;
		}
		at = header >> 20 & ~3u;
	}
}

void mask_cpuinfo(struct mask *mask, char *text)
{
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!text_starts(line, "Serial"))
			continue;
		for (char *s = line + strcspn(line, ":\n"); *s && *s != '\n'; s++)
			if (isxdigit((unsigned char)*s))
				*s = '0';
		mask->serials++;
	}
}

/* Block devices have a major number or a node as their source; 9p and virtiofs are devices behind the IOMMU as well. */
static bool mask_mount_matters(const char *dev, const char *type, const char *source)
{
	return !text_starts(dev, "0:") || text_starts(source, "/dev/") || strcmp(type, "9p") == 0 ||
	       strcmp(type, "virtiofs") == 0;
}

/* proc(5): ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS. */
static void mask_mount(struct mask *mask, const char *line, size_t len, FILE *to)
{
	char id[16], parent[16], dev[24], type[32], source[256], point[1024];
	const char *dash = memmem(line, len, " - ", 3);

	if (!dash || sscanf(line, "%15s %15s %23s %*s %1023s", id, parent, dev, point) != 4 ||
	    sscanf(dash, " - %31s %255s", type, source) != 2)
		return;
	if (mask_mount_matters(dev, type, source))
		fprintf(to, "%s %s %s / %s rw - %s %s rw\n", id, parent, dev, point, type, source);
	else
		mask->mounts++;
}

char *mask_mounts(struct mask *mask, const char *text)
{
	char *out = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&out, &size);

	if (!to)
		return NULL;
	while (*text) {
		size_t len = strcspn(text, "\n");

		mask_mount(mask, text, len, to);
		text += len + (text[len] == '\n');
	}
	if (fclose(to)) {
		free(out);
		return NULL;
	}
	return out;
}

/* --- files --------------------------------------------------------------------------------------------------------- */
static bool mask_ends(const char *path, const char *tail)
{
	size_t n = strlen(path), m = strlen(tail);

	return n >= m && strcmp(path + n - m, tail) == 0;
}

/* What has another length when it is masked. NULL: no such file, or no memory (*none false). */
static char *mask_rewritten(struct mask *mask, const char *path, const char *data, bool *none)
{
	const char *name = strrchr(path, '/');

	*none = false;
	if (strcmp(path, "/proc/cmdline") == 0)
		return mask_cmdline(mask, data);
	if (mask_ends(path, "/mountinfo"))
		return mask_mounts(mask, data);
	if (name && strcasestr(name, "serial")) {
		mask->serials++;
		return strdup(MASK_WORD "\n");
	}
	*none = true;
	return NULL;
}

int mask_file(struct mask *mask, const char *path, const char *data, size_t size, char **out, size_t *out_size)
{
	bool is_text = memchr(data, '\0', size) == NULL, none;

	*out = mask_rewritten(mask, path, data, &none);
	*out_size = *out ? strlen(*out) : size;
	if (none)
		*out = malloc(size + 1);
	if (!*out)
		return -ENOMEM;
	if (none) {
		memcpy(*out, data, size);
		(*out)[size] = '\0';
	}
	if (mask_ends(path, "/config"))
		mask_config(mask, (uint8_t *)*out, *out_size);
	else if (strcmp(path, "/proc/cpuinfo") == 0 && is_text)
		mask_cpuinfo(mask, *out);
	if (is_text)
		mask_macs(mask, *out, *out_size);
	return 0;
}
