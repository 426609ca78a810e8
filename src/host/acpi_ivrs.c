/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IVRS table of AMD machines (AMD IOMMU specification 48882, 5.2): IOMMUs and memory definitions, each by itself. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/acpi_ivrs.h"

#define IVRS_FIXED 48
#define IVRS_BLOCK 4 /* type, flags, length */
#define IVMD_LEN 32

struct ivrs_reader {
	struct ivrs *ivrs;
	unsigned int entries; /* that the table may still have */
};

static const struct ivrs_name {
	uint8_t type;
	const char *name;
} ivrs_names[] = {
	{IVHD_10, "IVHD 10h"},
	{IVHD_11, "IVHD 11h"},
	{IVHD_40, "IVHD 40h"},
	{IVMD_ALL, "IVMD for all devices"},
	{IVMD_ONE, "IVMD"},
	{IVMD_RANGE, "IVMD for a range"},
	{IVHD_ALL, "all"},
	{IVHD_SELECT, "device"},
	{IVHD_START, "range"},
	{IVHD_ALIAS, "alias"},
	{IVHD_ALIAS_START, "aliases"},
	{IVHD_EXTENDED, "device, extended"},
	{IVHD_SPECIAL, "special"},
	{IVHD_EXTENDED_START, "range, extended"},
	{IVHD_HID, "ACPI device"},
};

const char *ivrs_type_name(unsigned int type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ivrs_names); i++)
		if (ivrs_names[i].type == type)
			return ivrs_names[i].name;
	return NULL;
}

static void ivhd_reserved(const struct acpi_part *part, const struct ivhd *b)
{
	acpi_reserved(part, 18, 2, 0xe0e0, "IVHD info");
	if (b->type == IVHD_10)
		return;
	acpi_reserved(part, 1, 1, 0xc0, "IVHD flags");
	/* bit 0 is HATDis: drivers/iommu/amd/amd_iommu_types.h */
	acpi_reserved(part, 20, 4, 0xf0001ffe, "IVHD attributes");
}

static void ivhd_values(const struct acpi_part *part, const struct ivhd *b)
{
	if (!b->base)
		acpi_problem(part->table, part->at + 8, "value", "IVHD: the registers are at address 0");
	if (!IS_ALIGNED(b->base, KiB(16)))
		acpi_problem(part->table, part->at + 8, "misaligned",
			     "IVHD: the registers at 0x%" PRIx64 " are not 16K aligned", b->base);
	if (b->capability < 0x40 || b->capability > 0xfc || b->capability & 3)
		acpi_problem(part->table, part->at + 6, "value", "IVHD: the capability of device 0x%04x is at 0x%04x",
			     b->device_id, b->capability);
}

static void ivhd_efr(const struct acpi_part *part, const struct ivhd *b, uint32_t info)
{
	/* XT requires GA: drivers/iommu/amd/init.c, init_iommu_one */
	if ((b->efr & 1 << 2) && !(b->efr & 1 << 7))
		acpi_problem(part->table, part->at + 24, "value",
			     "IVHD: the EFR image 0x%" PRIx64 " has XTSup without GASup", b->efr);
	if ((info & 1) && !b->efr)
		acpi_problem(part->table, part->at + 24, "value",
			     "IVHD: the EFR image is 0, although IVinfo has EFRSup");
}

static int ivrs_hardware(struct ivrs_reader *r, const struct acpi_part *part)
{
	struct ivrs *v = r->ivrs;
	uint8_t type = acpi_get(part, 0, 1);
	size_t fixed = type == IVHD_10 ? 24 : 40;
	struct ivhd *b;

	if (part->bytes.len < fixed) {
		acpi_problem(part->table, part->at + 2, "length",
			     "IVHD: %zu bytes, less than the fixed part of type 0x%02x of %zu", part->bytes.len, type,
			     fixed);
		return 0;
	}
	if (acpi_array_room(&v->blocks, v->nr_blocks, sizeof(*v->blocks)))
		return -ENOMEM;
	b = &v->blocks[v->nr_blocks++];
	*b = (struct ivhd){
		.at = part->at,
		.len = part->bytes.len,
		.type = type,
		.flags = acpi_get(part, 1, 1),
		.device_id = acpi_get(part, 4, 2),
		.capability = acpi_get(part, 6, 2),
		.base = acpi_get(part, 8, 8),
		.segment = acpi_get(part, 16, 2),
		.info = acpi_get(part, 18, 2),
		.features = acpi_get(part, 20, 4),
		.efr = type == IVHD_10 ? 0 : acpi_get(part, 24, 8),
		.efr2 = type == IVHD_10 ? 0 : acpi_get(part, 32, 8),
	};
	ivhd_reserved(part, b);
	ivhd_values(part, b);
	if (type != IVHD_10)
		ivhd_efr(part, b, v->info);
	if (type == IVHD_40 && v->table.revision < 2)
		acpi_problem(part->table, part->at, "value",
			     "IVHD: type 0x40 in a table of revision %u: it came with 2", v->table.revision);
	return ivhd_entries_parse(part, fixed, &r->entries, b);
}

static void ivmd_values(const struct acpi_part *part, const struct ivmd *m)
{
	uint64_t end;

	acpi_reserved(part, 1, 1, 0xf0, "IVMD flags");
	acpi_reserved_bytes(part, 10, 16, "IVMD");
	if (part->bytes.len != IVMD_LEN)
		acpi_problem(part->table, part->at + 2, "length", "IVMD: %zu bytes, not 32", part->bytes.len);
	if (!acpi_is_page(m->start) || !acpi_is_page(m->length))
		acpi_problem(part->table, part->at + 16, "misaligned",
			     "IVMD: 0x%" PRIx64 " bytes at 0x%" PRIx64 " are not made of pages of 4K", m->length,
			     m->start);
	if (!m->length || (__builtin_add_overflow(m->start, m->length, &end) && end))
		acpi_problem(part->table, part->at + 24, "value", "IVMD: 0x%" PRIx64 " bytes at 0x%" PRIx64, m->length,
			     m->start);
	if (m->first > m->last)
		acpi_problem(part->table, part->at + 4, "value", "IVMD: a range of devices from 0x%04x to 0x%04x",
			     m->first, m->last);
}

static int ivrs_memory(struct ivrs_reader *r, const struct acpi_part *part)
{
	struct ivrs *v = r->ivrs;
	struct ivmd *m;

	if (part->bytes.len < IVMD_LEN) {
		acpi_problem(part->table, part->at + 2, "length", "IVMD: %zu bytes, not 32", part->bytes.len);
		return 0;
	}
	if (acpi_array_room(&v->memory, v->nr_memory, sizeof(*v->memory)))
		return -ENOMEM;
	m = &v->memory[v->nr_memory++];
	*m = (struct ivmd){
		.at = part->at,
		.type = acpi_get(part, 0, 1),
		.flags = acpi_get(part, 1, 1),
		.first = acpi_get(part, 4, 2),
		.segment = acpi_get(part, 8, 2), /* as Linux reads it; older specifications reserve it */
		.start = acpi_get(part, 16, 8),
		.length = acpi_get(part, 24, 8),
	};
	m->last = m->type == IVMD_RANGE ? acpi_get(part, 6, 2) : m->first;
	if (m->type == IVMD_ALL) {
		m->first = 0;
		m->last = 0xffff;
	}
	ivmd_values(part, m);
	return 0;
}

static int ivrs_block(struct ivrs_reader *r, const struct acpi_part *part)
{
	uint8_t type = acpi_get(part, 0, 1);

	switch (type) {
	case IVHD_10:
	case IVHD_11:
	case IVHD_40:
		return ivrs_hardware(r, part);
	case IVMD_ALL:
	case IVMD_ONE:
	case IVMD_RANGE:
		return ivrs_memory(r, part);
	default:
		acpi_problem(part->table, part->at, "reserved", "a block of type 0x%02x, which is not defined", type);
		return 0;
	}
}

/* The block at @off as @out. False behind the last, or when its length cannot be used. */
static bool ivrs_next(const struct acpi_part *whole, size_t off, struct acpi_part *out)
{
	size_t left = whole->bytes.len - off, len = acpi_get(whole, off + 2, 2);

	if (!left)
		return false;
	if (left < IVRS_BLOCK) {
		acpi_problem(whole->table, off, "truncated", "%zu bytes at the end are no block", left);
		return false;
	}
	if (len < IVRS_BLOCK) {
		acpi_problem(whole->table, off + 2, "length",
			     "a block of %zu bytes, less than its header: nothing behind it can be read", len);
		return false;
	}
	if (!acpi_sub(whole, off, len, out))
		acpi_problem(whole->table, off + 2, "truncated", "a block of %zu bytes, of which there are %zu", len,
			     left);
	return true;
}

static int ivrs_walk(struct ivrs_reader *r, const struct acpi_part *whole)
{
	struct acpi_part part;
	int err = 0;

	for (size_t off = IVRS_FIXED; !err && ivrs_next(whole, off, &part); off += part.bytes.len) {
		if (r->ivrs->nr_blocks + r->ivrs->nr_memory == ACPI_ENTRIES_MAX) {
			acpi_problem(whole->table, off, "too-many", "more than %u blocks", ACPI_ENTRIES_MAX);
			return 0;
		}
		err = ivrs_block(r, &part);
	}
	return err;
}

static void ivrs_width(const struct acpi_part *whole, unsigned int low, const char *what)
{
	unsigned int bits = acpi_get(whole, 36, 4) >> low & 0x7f;

	if (bits > 64 || (bits && bits < 32))
		acpi_problem(whole->table, 36, "value", "IVinfo gives %u bits for %s addresses", bits, what);
}

static void ivrs_header(struct ivrs *v, const struct acpi_part *whole)
{
	v->info = acpi_get(whole, 36, 4);
	if (v->table.revision < 1 || v->table.revision > 2)
		acpi_problem(whole->table, 8, "value", "revision %u, neither 1 nor 2", v->table.revision);
	acpi_reserved(whole, 36, 4, 0xff80001c, "IVinfo");
	acpi_reserved_bytes(whole, 40, IVRS_FIXED, "the table");
	ivrs_width(whole, 8, "physical");
	ivrs_width(whole, 15, "virtual");
}

static int ivrs_load(const struct acpi_table *table, struct ivrs *out)
{
	struct ivrs_reader r = {out, ACPI_ENTRIES_MAX};
	struct acpi_part whole;
	int err = 0;

	*out = (struct ivrs){.table = *table};
	if (acpi_table_open(&out->table, "IVRS", IVRS_FIXED, &whole)) {
		ivrs_header(out, &whole);
		err = ivrs_walk(&r, &whole);
		if (!err)
			err = ivrs_check(out);
	}
	if (err)
		ivrs_free(out);
	return err;
}

int ivrs_parse(uint8_t *data, size_t len, struct ivrs *out)
{
	const struct acpi_table table = {.data = data, .len = len};

	return ivrs_load(&table, out);
}

int ivrs_read(const struct host *host, struct ivrs *out)
{
	struct acpi_table table;
	int err = acpi_table_read(host, "IVRS", &table);

	*out = (struct ivrs){.table = table};
	return err || !table.data ? err : ivrs_load(&table, out);
}

void ivrs_free(struct ivrs *ivrs)
{
	for (unsigned int i = 0; i < ivrs->nr_blocks; i++)
		free(ivrs->blocks[i].entries);
	free(ivrs->blocks);
	free(ivrs->memory);
	free(ivrs->table.data);
	*ivrs = (struct ivrs){0};
}
