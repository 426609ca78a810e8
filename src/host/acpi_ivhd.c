/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device entries of IVHD blocks (AMD IOMMU specification 48882, 5.2.2.1): which requester IDs an IOMMU serves, and how. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/acpi_ivrs.h"

/* A range that has begun: its entry, until the one that ends it. */
struct ivhd_reader {
	struct ivhd *block;
	int open; /* index of the entry, -1 */
};

/* 0: its length is nowhere said, and nothing behind it can be read (drivers/iommu/amd/init.c, ivhd_entry_length). */
static size_t ivhd_entry_length(const struct acpi_part *part, size_t off)
{
	uint8_t type = acpi_get(part, off, 1);

	if (type < 0x80)
		return (size_t)4 << (type >> 6);
	return type == IVHD_HID ? 22 + acpi_get(part, off + 21, 1) : 0;
}

static void ivhd_end(struct ivhd_reader *r, const struct acpi_part *part)
{
	struct ivhd_entry *start;
	uint16_t last = acpi_get(part, 1, 2);

	if (r->open < 0) {
		acpi_problem(part->table, part->at, "value", "IVHD: a range ends at 0x%04x that did not begin", last);
		return;
	}
	start = &r->block->entries[r->open];
	r->open = -1;
	if (last < start->first)
		acpi_problem(part->table, part->at + 1, "value", "IVHD: a range of devices from 0x%04x to 0x%04x",
			     start->first, last);
	else
		start->last = last;
}

static void ivhd_unfinished(struct ivhd_reader *r, struct acpi_table *table)
{
	if (r->open >= 0)
		acpi_problem(table, r->block->entries[r->open].at, "value",
			     "IVHD: the range that begins at 0x%04x has no end", r->block->entries[r->open].first);
	r->open = -1;
}

static void ivhd_alias(const struct acpi_part *part, struct ivhd_entry *e)
{
	e->has_alias = true;
	e->alias = acpi_get(part, 5, 2);
	acpi_reserved(part, 4, 1, 0xff, "IVHD alias entry");
	acpi_reserved(part, 7, 1, 0xff, "IVHD alias entry");
}

static void ivhd_special(const struct acpi_part *part, struct ivhd_entry *e)
{
	e->handle = acpi_get(part, 4, 1);
	e->first = e->last = e->alias = acpi_get(part, 5, 2);
	e->special = acpi_get(part, 7, 1);
	acpi_reserved(part, 1, 2, 0xffff, "IVHD special device entry");
	if (e->special != 1 && e->special != 2)
		acpi_problem(part->table, part->at + 7, "value",
			     "IVHD: a special device of variety %u, neither I/O APIC nor HPET", e->special);
}

static void ivhd_uid(const struct acpi_part *part, struct ivhd_entry *e)
{
	unsigned int format = acpi_get(part, 20, 1), len = acpi_get(part, 21, 1);
	struct acpi_part uid;

	acpi_sub(part, 22, len, &uid);
	if (format > 2 || (format == 0 && len) || (format == 1 && len != 8) || (format == 2 && !len))
		acpi_problem(part->table, part->at + 20, "value",
			     "IVHD: an ACPI device's UID has format %u and %u bytes", format, len);
	if (format == 1)
		snprintf(e->uid, sizeof(e->uid), "%" PRIu64, acpi_get(&uid, 0, MIN(len, 8)));
	else if (format == 2)
		acpi_string(&uid, 0, e->uid, sizeof(e->uid));
}

static void ivhd_hid(const struct acpi_part *part, uint8_t block, struct ivhd_entry *e)
{
	struct acpi_part hid;

	acpi_sub(part, 4, 8, &hid);
	acpi_string(&hid, 0, e->hid, sizeof(e->hid));
	if (!e->hid[0])
		acpi_problem(part->table, part->at + 4, "value", "IVHD: an ACPI device without a hardware ID");
	if (block != IVHD_40)
		acpi_problem(part->table, part->at, "value",
			     "IVHD: a block of type 0x%02x has an ACPI device, which only type 0x40 may", block);
	ivhd_uid(part, e);
}

static bool ivhd_is_padding(const struct acpi_part *part, uint8_t type)
{
	if (type != IVHD_PAD4 && type != IVHD_PAD8)
		return false;
	/* the specification's first revisions had it, later ones reserve it; firmware still aligns with it */
	acpi_reserved_bytes(part, 1, part->bytes.len, "IVHD padding");
	return true;
}

static bool ivhd_is_device(uint8_t type)
{
	return (type >= IVHD_ALL && type <= IVHD_START) || type == IVHD_ALIAS || type == IVHD_ALIAS_START ||
	       (type >= IVHD_EXTENDED && type <= IVHD_SPECIAL) || type == IVHD_HID;
}

static void ivhd_device(struct ivhd_reader *r, const struct acpi_part *part, struct ivhd_entry *e)
{
	e->at = part->at;
	e->type = acpi_get(part, 0, 1);
	e->settings = acpi_get(part, 3, 1);
	e->first = e->last = e->alias = acpi_get(part, 1, 2);
	acpi_reserved(part, 3, 1, 0x08, "IVHD device settings");
	switch (e->type) {
	case IVHD_ALL:
		acpi_reserved(part, 1, 2, 0xffff, "IVHD entry for all devices");
		e->all = true;
		e->first = e->alias = 0;
		e->last = 0xffff;
		break;
	case IVHD_ALIAS:
	case IVHD_ALIAS_START:
		ivhd_alias(part, e);
		break;
	case IVHD_EXTENDED:
	case IVHD_EXTENDED_START:
		e->extended = acpi_get(part, 4, 4);
		acpi_reserved(part, 4, 4, 0x7fffffff, "IVHD extended settings");
		break;
	case IVHD_SPECIAL:
		ivhd_special(part, e);
		break;
	case IVHD_HID:
		ivhd_hid(part, r->block->type, e);
		break;
	default:
		break;
	}
}

static int ivhd_entry(struct ivhd_reader *r, const struct acpi_part *part)
{
	uint8_t type = acpi_get(part, 0, 1);
	struct ivhd *b = r->block;

	if (type == IVHD_END) {
		ivhd_end(r, part);
		return 0;
	}
	if (ivhd_is_padding(part, type))
		return 0;
	if (!ivhd_is_device(type)) {
		acpi_problem(part->table, part->at, "reserved", "IVHD: a device entry of type %u, which is not defined",
			     type);
		return 0;
	}
	if (acpi_array_room(&b->entries, b->nr_entries, sizeof(*b->entries)))
		return -ENOMEM;
	ivhd_device(r, part, &b->entries[b->nr_entries]);
	if (type == IVHD_START || type == IVHD_ALIAS_START || type == IVHD_EXTENDED_START) {
		ivhd_unfinished(r, part->table);
		r->open = b->nr_entries;
	}
	b->nr_entries++;
	return 0;
}

/* The entry at @off as @out. False behind the last, or when its length cannot be used. */
static bool ivhd_next(const struct acpi_part *part, size_t off, struct acpi_part *out)
{
	size_t left = part->bytes.len - MIN(off, part->bytes.len), len;

	if (!left)
		return false;
	len = ivhd_entry_length(part, off);
	if (!len) {
		acpi_problem(
			part->table, part->at + off, "length",
			"IVHD: a device entry of type %u has no known length: the rest of the block cannot be read",
			(unsigned int)acpi_get(part, off, 1));
		return false;
	}
	if (acpi_sub(part, off, len, out))
		return true;
	acpi_problem(part->table, part->at + off, "truncated",
		     "IVHD: a device entry of type %u has %zu bytes, of which its block has %zu",
		     (unsigned int)acpi_get(part, off, 1), len, left);
	return false;
}

int ivhd_entries_parse(const struct acpi_part *part, size_t off, unsigned int *budget, struct ivhd *block)
{
	struct ivhd_reader r = {block, -1};
	struct acpi_part one;
	int err = 0;

	for (; !err && ivhd_next(part, off, &one); off += one.bytes.len) {
		if (!*budget) {
			acpi_problem(part->table, one.at, "too-many", "IVHD: the table has more than %u device entries",
				     ACPI_ENTRIES_MAX);
			break;
		}
		(*budget)--;
		err = ivhd_entry(&r, &one);
	}
	ivhd_unfinished(&r, part->table);
	return err;
}
