/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What IVRS' blocks say together. Blocks of several types describe the same IOMMUs: only those of one type are compared. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/acpi_ivrs.h"

struct ivrs_checker {
	struct ivrs *ivrs;
	struct acpi_ranges units;     /* by type: segment and device ID; where they are is the block's index */
	struct acpi_ranges registers; /* by type */
	struct acpi_ranges devices;   /* by type and segment */
	struct acpi_ranges special;   /* by type: variety and handle */
	uint64_t map[65536 / 64];     /* requester IDs of one block */
};

/* How many registers there are: with counters, 512K (drivers/iommu/amd/init.c, init_iommu_one). */
static uint64_t ivhd_span(const struct ivhd *b)
{
	bool counters = b->type == IVHD_10 ? b->features & 0xf << 13 && b->features & 0x3f << 17 : b->efr & 1 << 9;

	return counters ? KiB(512) : KiB(16);
}

static void ivhd_check_unit(struct ivrs_checker *c, unsigned int index)
{
	const struct ivhd *b = &c->ivrs->blocks[index];
	struct acpi_table *t = &c->ivrs->table;
	uint64_t id = (uint64_t)b->segment << 16 | b->device_id, last;
	int64_t other = acpi_ranges_add(&c->units, b->type, id, id, index);

	if (other >= 0)
		acpi_problem(t, b->at + 4, "duplicate", "IVHD: type 0x%02x for the IOMMU %04x:0x%04x is at 0x%x too",
			     b->type, b->segment, b->device_id, c->ivrs->blocks[other].at);
	if (!b->base || __builtin_add_overflow(b->base, ivhd_span(b) - 1, &last))
		return;
	other = acpi_ranges_add(&c->registers, b->type, b->base, last, b->at);
	if (other >= 0)
		acpi_problem(t, b->at + 8, "overlap",
			     "IVHD: the registers 0x%" PRIx64 "-0x%" PRIx64 " overlap those of the IVHD at 0x%" PRIx64,
			     b->base, last, (uint64_t)other);
}

static void ivhd_mark(struct ivrs_checker *c, const struct ivhd_entry *e)
{
	if (e->type == IVHD_SPECIAL || e->type == IVHD_HID)
		return;
	for (unsigned int id = e->first; id <= e->last;) {
		if (!(id & 63) && id + 63 <= e->last) {
			c->map[id / 64] = UINT64_MAX;
			id += 64;
		} else {
			c->map[id / 64] |= 1ULL << (id & 63);
			id++;
		}
	}
}

/* The next run of requester IDs in the map from *@first on. */
static bool ivhd_run(const struct ivrs_checker *c, unsigned int *first, unsigned int *last)
{
	unsigned int id = *first;

	while (id < 65536 && !(c->map[id / 64] >> (id & 63) & 1))
		id = c->map[id / 64] >> (id & 63) ? id + 1 : (id | 63) + 1;
	if (id == 65536)
		return false;
	*first = id;
	while (id < 65536 && c->map[id / 64] >> (id & 63) & 1)
		id = !(id & 63) && c->map[id / 64] == UINT64_MAX ? id + 64 : id + 1;
	*last = id - 1;
	return true;
}

/* A device may not belong to two IOMMUs. Within one block a later entry overrides an earlier one, and that is fine. */
static void ivhd_check_devices(struct ivrs_checker *c, const struct ivhd *b)
{
	unsigned int first = 0, last;

	memset(c->map, 0, sizeof(c->map));
	for (unsigned int i = 0; i < b->nr_entries; i++)
		ivhd_mark(c, &b->entries[i]);
	for (; ivhd_run(c, &first, &last); first = last + 1) {
		int64_t other = acpi_ranges_add(&c->devices, (uint64_t)b->type << 16 | b->segment, first, last, b->at);

		if (other < 0)
			continue;
		acpi_problem(&c->ivrs->table, b->at, "overlap",
			     "IVHD: devices 0x%04x-0x%04x of segment %04x are served by the IVHD at 0x%" PRIx64
			     " as well",
			     first, last, b->segment, (uint64_t)other);
		return;
	}
}

static void ivhd_check_special(struct ivrs_checker *c, const struct ivhd *b)
{
	for (unsigned int i = 0; i < b->nr_entries; i++) {
		const struct ivhd_entry *e = &b->entries[i];
		uint64_t id = (uint64_t)e->special << 8 | e->handle;
		int64_t other = -1;

		if (e->type == IVHD_SPECIAL)
			other = acpi_ranges_add(&c->special, b->type, id, id, e->at);
		if (other >= 0)
			acpi_problem(&c->ivrs->table, e->at, "duplicate", "IVHD: %s %u is also the one at 0x%" PRIx64,
				     e->special == 1 ? "I/O APIC" : "special device", e->handle, (uint64_t)other);
	}
}

/* The images have to be the same for all IOMMUs (drivers/iommu/amd/init.c, get_global_efr) and in both kinds of block. */
static void ivhd_check_efr(struct ivrs_checker *c, const struct ivhd *b, const struct ivhd *first)
{
	uint64_t id = (uint64_t)b->segment << 16 | b->device_id;
	int64_t twin = b->type == IVHD_40 ? acpi_ranges_find(&c->units, IVHD_11, id) : -1;
	const struct ivhd *other = twin < 0 ? first : &c->ivrs->blocks[twin];

	if (b->efr == other->efr && b->efr2 == other->efr2)
		return;
	acpi_problem(&c->ivrs->table, b->at + 24, "value",
		     "IVHD: the images 0x%" PRIx64 " and 0x%" PRIx64 " of EFR and EFR2 are 0x%" PRIx64 " and 0x%" PRIx64
		     " in the IVHD at 0x%x",
		     b->efr, b->efr2, other->efr, other->efr2, other->at);
}

static void ivrs_check_images(struct ivrs_checker *c)
{
	const struct ivhd *first[256] = {NULL};

	for (unsigned int i = 0; i < c->ivrs->nr_blocks; i++) {
		const struct ivhd *b = &c->ivrs->blocks[i];

		if (b->type == IVHD_10)
			continue;
		if (!first[b->type])
			first[b->type] = b;
		ivhd_check_efr(c, b, first[b->type]);
	}
}

static int ivrs_checker_run(struct ivrs_checker *c)
{
	struct ivrs *v = c->ivrs;

	for (unsigned int i = 0; i < v->nr_blocks; i++) {
		ivhd_check_unit(c, i);
		ivhd_check_devices(c, &v->blocks[i]);
		ivhd_check_special(c, &v->blocks[i]);
	}
	ivrs_check_images(c);
	if (!v->nr_blocks)
		acpi_problem(&v->table, ACPI_HEADER_LEN, "value", "the table has no IVHD: it describes no IOMMU");
	return acpi_ranges_end(&c->units) | acpi_ranges_end(&c->registers) | acpi_ranges_end(&c->devices) |
	       acpi_ranges_end(&c->special);
}

int ivrs_check(struct ivrs *ivrs)
{
	struct ivrs_checker *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->ivrs = ivrs;
	err = ivrs_checker_run(c);
	free(c);
	return err ? -ENOMEM : 0;
}
