/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DMAR table of Intel machines (VT-d specification, chapter 8): its structures, each by itself. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/acpi_dmar.h"

#define DMAR_FIXED 48
#define DMAR_STRUCTURE 4

struct dmar_reader {
	struct dmar *dmar;
	struct acpi_scope_budget scopes;
};

static void dmar_drhd(const struct acpi_part *part, struct dmar_entry *e)
{
	/* a power of two of 4K pages: VT-d 8.3; a byte that was reserved, and 0, before */
	unsigned int order = acpi_get(part, 5, 1) & 0xf;

	e->base = acpi_get(part, 8, 8);
	acpi_reserved(part, 4, 1, 0xfe, "DRHD flags");
	acpi_reserved(part, 5, 1, 0xf0, "DRHD size");
	if (!e->base)
		acpi_problem(part->table, part->at + 8, "value", "DRHD: the registers are at address 0");
	if (!acpi_is_page(e->base))
		acpi_problem(part->table, part->at + 8, "misaligned",
			     "DRHD: the registers at 0x%" PRIx64 " do not begin a page of 4K", e->base);
	if (__builtin_add_overflow(e->base, (KiB(4) << order) - 1, &e->last)) {
		acpi_problem(part->table, part->at + 8, "value", "DRHD: the registers at 0x%" PRIx64 " wrap around",
			     e->base);
		e->last = UINT64_MAX;
	}
}

static void dmar_rmrr(const struct acpi_part *part, struct dmar_entry *e)
{
	e->flags = 0;
	e->base = acpi_get(part, 8, 8);
	e->last = acpi_get(part, 16, 8);
	acpi_reserved(part, 4, 2, 0xffff, "RMRR");
	if (e->last <= e->base)
		acpi_problem(part->table, part->at + 16, "value",
			     "RMRR: 0x%" PRIx64 "-0x%" PRIx64 " ends before it begins", e->base, e->last);
	if (!acpi_is_page(e->base) || !acpi_is_page(e->last + 1))
		acpi_problem(part->table, part->at + 8, "misaligned",
			     "RMRR: 0x%" PRIx64 "-0x%" PRIx64 " is not made of pages of 4K", e->base, e->last);
}

static void dmar_atsr(const struct acpi_part *part, struct dmar_entry *e)
{
	(void)e;
	acpi_reserved(part, 4, 1, 0xfe, "ATSR flags");
	acpi_reserved(part, 5, 1, 0xff, "ATSR");
}

static void dmar_rhsa(const struct acpi_part *part, struct dmar_entry *e)
{
	e->flags = 0;
	e->segment = 0;
	e->base = acpi_get(part, 8, 8);
	e->domain = acpi_get(part, 16, 4);
	acpi_reserved(part, 4, 4, 0xffffffff, "RHSA");
}

static void dmar_andd(const struct acpi_part *part, struct dmar_entry *e)
{
	e->flags = 0;
	e->segment = 0;
	e->domain = acpi_get(part, 7, 1);
	acpi_reserved(part, 4, 3, 0xffffff, "ANDD");
	if (!acpi_string(part, 8, e->name, sizeof(e->name)))
		acpi_problem(part->table, part->at + 8, "value", "ANDD: the name '%s' has no end within %s", e->name,
			     part->bytes.len - 8 < sizeof(e->name) ? "its structure" : "63 characters");
	else if (!e->name[0])
		acpi_problem(part->table, part->at + 8, "value", "ANDD: the name is empty");
}

static void dmar_satc(const struct acpi_part *part, struct dmar_entry *e)
{
	(void)e;
	acpi_reserved(part, 4, 1, 0xfe, "SATC flags");
	acpi_reserved(part, 5, 1, 0xff, "SATC");
}

static void dmar_sidp(const struct acpi_part *part, struct dmar_entry *e)
{
	e->flags = 0;
	acpi_reserved(part, 4, 2, 0xffff, "SIDP");
}

/* By type. Flags at 4 and segment at 6 are where most have them; the others clear them. */
static const struct dmar_shape {
	const char *name;
	size_t fixed;
	bool scopes;
	uint8_t scope_flags; /* SIDP's scopes have flags (VT-d 8.9), those of all others none */
	void (*parse)(const struct acpi_part *part, struct dmar_entry *e);
} dmar_shapes[] = {
	[DMAR_DRHD] = {"DRHD", 16, true, 0, dmar_drhd},	  [DMAR_RMRR] = {"RMRR", 24, true, 0, dmar_rmrr},
	[DMAR_ATSR] = {"ATSR", 8, true, 0, dmar_atsr},	  [DMAR_RHSA] = {"RHSA", 20, false, 0, dmar_rhsa},
	[DMAR_ANDD] = {"ANDD", 8, false, 0, dmar_andd},	  [DMAR_SATC] = {"SATC", 8, true, 0, dmar_satc},
	[DMAR_SIDP] = {"SIDP", 8, true, 0x1f, dmar_sidp},
};

const char *dmar_type_name(unsigned int type)
{
	return type < ARRAY_SIZE(dmar_shapes) ? dmar_shapes[type].name : NULL;
}

static int dmar_structure(struct dmar_reader *r, const struct acpi_part *part)
{
	struct dmar *d = r->dmar;
	unsigned int type = acpi_get(part, 0, 2);
	const struct dmar_shape *shape = &dmar_shapes[MIN(type, ARRAY_SIZE(dmar_shapes) - 1)];
	struct dmar_entry *e;

	if (type >= ARRAY_SIZE(dmar_shapes)) {
		acpi_problem(part->table, part->at, "reserved", "a structure of type %u, which is not defined", type);
		return 0;
	}
	if (part->bytes.len < shape->fixed) {
		acpi_problem(part->table, part->at + 2, "length", "%s: %zu bytes, less than its fixed part of %zu",
			     shape->name, part->bytes.len, shape->fixed);
		return 0;
	}
	if (acpi_array_room(&d->entries, d->nr_entries, sizeof(*d->entries)))
		return -ENOMEM;
	e = &d->entries[d->nr_entries++];
	e->type = type;
	e->at = part->at;
	e->len = part->bytes.len;
	e->flags = acpi_get(part, 4, 1);
	e->segment = acpi_get(part, 6, 2);
	shape->parse(part, e);
	return shape->scopes ? acpi_scopes_parse(part, shape->fixed, shape->scope_flags, &r->scopes, e) : 0;
}

/* The structure at @off as @out. False behind the last, or when its length cannot be used. */
static bool dmar_next(const struct acpi_part *whole, size_t off, struct acpi_part *out)
{
	size_t left = whole->bytes.len - off, len = acpi_get(whole, off + 2, 2);

	if (!left)
		return false;
	if (left < DMAR_STRUCTURE) {
		acpi_problem(whole->table, off, "truncated", "%zu bytes at the end are no structure", left);
		return false;
	}
	if (len < DMAR_STRUCTURE) {
		acpi_problem(whole->table, off + 2, "length",
			     "a structure of %zu bytes, less than its header of 4: nothing behind it can be read", len);
		return false;
	}
	if (!acpi_sub(whole, off, len, out))
		acpi_problem(whole->table, off + 2, "truncated", "a structure of %zu bytes, of which there are %zu",
			     len, left);
	return true;
}

static int dmar_walk(struct dmar_reader *r, const struct acpi_part *whole)
{
	struct acpi_part part;
	int err = 0;

	for (size_t off = DMAR_FIXED; !err && dmar_next(whole, off, &part); off += part.bytes.len) {
		if (r->dmar->nr_entries == ACPI_ENTRIES_MAX) {
			acpi_problem(whole->table, off, "too-many", "more than %u structures", ACPI_ENTRIES_MAX);
			return 0;
		}
		err = dmar_structure(r, &part);
	}
	return err;
}

static void dmar_header(struct dmar *d, const struct acpi_part *whole)
{
	d->width = acpi_get(whole, 36, 1) + 1;
	d->flags = acpi_get(whole, 37, 1);
	if (d->width < 12 || d->width > 64)
		acpi_problem(whole->table, 36, "value", "the host address width is %u bits", d->width);
	/* bit 3 is DMA_REMAP_OPT_OUT: include/linux/dmar.h */
	acpi_reserved(whole, 37, 1, 0xf0, "the table's flags");
	acpi_reserved_bytes(whole, 38, DMAR_FIXED, "the table");
}

static int dmar_load(const struct acpi_table *table, struct dmar *out)
{
	struct dmar_reader r = {.dmar = out};
	struct acpi_part whole;
	int err = 0;

	*out = (struct dmar){.table = *table};
	if (acpi_table_open(&out->table, "DMAR", DMAR_FIXED, &whole)) {
		dmar_header(out, &whole);
		err = dmar_walk(&r, &whole);
		if (!err)
			err = dmar_check(out);
	}
	if (err)
		dmar_free(out);
	return err;
}

int dmar_parse(uint8_t *data, size_t len, struct dmar *out)
{
	const struct acpi_table table = {.data = data, .len = len};

	return dmar_load(&table, out);
}

int dmar_read(const struct host *host, struct dmar *out)
{
	struct acpi_table table;
	int err = acpi_table_read(host, "DMAR", &table);

	*out = (struct dmar){.table = table};
	return err || !table.data ? err : dmar_load(&table, out);
}

void dmar_free(struct dmar *dmar)
{
	for (unsigned int i = 0; i < dmar->nr_entries; i++)
		free(dmar->entries[i].scopes);
	free(dmar->entries);
	free(dmar->table.data);
	*dmar = (struct dmar){0};
}
