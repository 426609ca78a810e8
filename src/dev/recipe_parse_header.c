/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a recipe: what the device is, which of its BARs is used, what its requests may be. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dev/recipe_parse.h"

#define HEADER_LENGTH_MAX UINT64_C(0x100000000)

static int header_name(struct parser *p)
{
	struct word w;

	if (parse_word(p, &w, "a name"))
		return -EINVAL;
	if (w.text[strspn(w.text, "abcdefghijklmnopqrstuvwxyz0123456789-_")]) {
		parse_error(p, w.place, "'%.40s' is no name of a device", w.text);
		return parse_hint(p, "small letters, digits, - and _");
	}
	if (strlen(w.text) >= RECIPE_NAME_MAX)
		return parse_error(p, w.place, "the name has more than %d characters", RECIPE_NAME_MAX - 1);
	strcpy(p->r->name, w.text);
	return 0;
}

static int header_title(struct parser *p)
{
	return parse_string(p, p->r->title, sizeof(p->r->title));
}

/* Four hex digits. */
static bool header_hex(const char *s, uint16_t *value)
{
	for (int i = 0; i < 4; i++)
		if (!s[i] || !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	*value = (uint16_t)strtoul((char[]){s[0], s[1], s[2], s[3], 0}, NULL, 16);
	return true;
}

static int header_device(struct parser *p)
{
	struct recipe *r = p->r;
	struct recipe_id id;
	struct word w;

	if (parse_word(p, &w, "a device"))
		return -EINVAL;
	if (strlen(w.text) != 9 || w.text[4] != ':' || !header_hex(w.text, &id.vendor) ||
	    !header_hex(w.text + 5, &id.device)) {
		parse_error(p, w.place, "'%.40s' is no vendor and device", w.text);
		return parse_hint(p, "two times four hex digits, as lspci -n says them: 1234:11e8");
	}
	for (unsigned int i = 0; i < r->nr_ids; i++)
		if (r->ids[i].vendor == id.vendor && r->ids[i].device == id.device)
			return parse_error(p, w.place, "device %s is given twice", w.text);
	if (r->nr_ids == RECIPE_IDS_MAX)
		return parse_error(p, w.place, "more than %d devices", RECIPE_IDS_MAX);
	r->ids[r->nr_ids++] = id;
	return 0;
}

static int header_bar(struct parser *p)
{
	uint64_t bar;

	if (parse_number(p, "a BAR", 0, 5, &bar))
		return -EINVAL;
	p->r->bar = (unsigned int)bar;
	return parse_number(p, "the BAR's size", 1, RECIPE_BAR_MAX, &p->r->bar_size);
}

static int header_memory(struct parser *p)
{
	struct recipe *r = p->r;
	struct word w;

	if (parse_name(p, &w, "a memory's name"))
		return -EINVAL;
	if (r->nr_memories == RECIPE_MEMORIES_MAX)
		return parse_error(p, w.place, "more than %d memories", RECIPE_MEMORIES_MAX);
	strcpy(r->var_names[RECIPE_VAR_MEMORY + r->nr_memories], w.text);
	strcpy(r->memory_names[r->nr_memories++], w.text);
	return 0;
}

static int header_variable(struct parser *p)
{
	struct recipe *r = p->r;
	struct word w;

	if (parse_name(p, &w, "a variable's name"))
		return -EINVAL;
	if (r->nr_vars == RECIPE_VARS_MAX)
		return parse_error(p, w.place, "more than %d variables", RECIPE_VARS_MAX - RECIPE_BUILTINS);
	strcpy(r->var_names[r->nr_vars++], w.text);
	return 0;
}

static int header_direction(struct parser *p)
{
	static const unsigned int dirs[RECIPE_SECTIONS] = {
		[RECIPE_READ] = DEV_READ, [RECIPE_WRITE] = DEV_WRITE, [RECIPE_COPY] = DEV_COPY};
	enum recipe_section section = RECIPE_INIT;
	struct word w;

	if (parse_word(p, &w, "a direction"))
		return -EINVAL;
	if (!parse_is_section(w.text, &section) || !dirs[section]) {
		parse_error(p, w.place, "'%.40s' is no direction", w.text);
		return parse_hint(p, "read, write or copy, seen from the device");
	}
	if (p->r->limits.dirs & dirs[section])
		return parse_error(p, w.place, "direction %s is given twice", w.text);
	p->r->limits.dirs |= dirs[section];
	p->asked[section] = w.place;
	return 0;
}

static int header_directions(struct parser *p)
{
	do {
		if (header_direction(p))
			return -EINVAL;
	} while (!parse_at_end(p));
	return 0;
}

static int header_min(struct parser *p)
{
	return parse_number(p, "min-length", 1, HEADER_LENGTH_MAX, &p->r->limits.min_len);
}

static int header_max(struct parser *p)
{
	return parse_number(p, "max-length", 1, HEADER_LENGTH_MAX, &p->r->limits.max_len);
}

static int header_power(struct parser *p, const char *what, uint64_t *value)
{
	struct place at = parse_place(p);

	if (parse_number(p, what, 1, RECIPE_PAGE, value))
		return -EINVAL;
	if (*value & (*value - 1))
		return parse_error(p, at, "%s is a power of two, not %" PRIu64, what, *value);
	return 0;
}

static int header_align(struct parser *p)
{
	return header_power(p, "alignment", &p->r->limits.align);
}

static int header_addr_align(struct parser *p)
{
	return header_power(p, "address-alignment", &p->r->limits.addr_align);
}

static int header_addr_bits(struct parser *p)
{
	uint64_t bits;

	/* below a page there is no address but 0 */
	if (parse_number(p, "address-bits", 12, 64, &bits))
		return -EINVAL;
	p->r->limits.max_iova = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	return 0;
}

static int header_buffer(struct parser *p)
{
	return parse_number(p, "device-buffer", 1, HEADER_LENGTH_MAX, &p->r->limits.buffer);
}

static int header_fixed(struct parser *p)
{
	p->r->limits.fixed = true;
	return 0;
}

static int header_reports(struct parser *p)
{
	p->r->limits.reports_faults = true;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct parser *p);
	bool repeats;
} settings[SETTINGS] = {
	[SETTING_NAME] = {"name", header_name, false},
	[SETTING_TITLE] = {"title", header_title, false},
	[SETTING_DEVICE] = {"device", header_device, true},
	[SETTING_BAR] = {"bar", header_bar, false},
	[SETTING_MEMORY] = {"memory", header_memory, true},
	[SETTING_VARIABLE] = {"variable", header_variable, true},
	[SETTING_DIRECTIONS] = {"directions", header_directions, false},
	[SETTING_MIN] = {"min-length", header_min, false},
	[SETTING_MAX] = {"max-length", header_max, false},
	[SETTING_ALIGN] = {"alignment", header_align, false},
	[SETTING_ADDR_ALIGN] = {"address-alignment", header_addr_align, false},
	[SETTING_ADDR_BITS] = {"address-bits", header_addr_bits, false},
	[SETTING_BUFFER] = {"device-buffer", header_buffer, false},
	[SETTING_FIXED] = {"fixed", header_fixed, false},
	[SETTING_REPORTS] = {"reports-faults", header_reports, false},
};

int parse_setting(struct parser *p, const struct word *w)
{
	for (unsigned int i = 0; i < SETTINGS; i++) {
		struct place *given = &p->given[i];

		if (strcmp(settings[i].name, w->text))
			continue;
		if (p->has_section) {
			parse_error(p, w->place, "'%s' stands behind a section", w->text);
			return parse_hint(p, "what describes the device comes before its sections");
		}
		if (given->line && !settings[i].repeats)
			return parse_error(p, w->place, "'%s' is given twice, first in line %u", w->text, given->line);
		if (!given->line)
			*given = w->place;
		return settings[i].take(p) ? -EINVAL : parse_done(p);
	}
	parse_error(p, w->place, "'%.40s' is neither a setting nor a section", w->text);
	return parse_hint(p, "name, title, device, bar, memory, variable, directions, min-length ...: see "
			     "iommuctl-recipe(5); sections: init, read, write, copy, wait, stop");
}
