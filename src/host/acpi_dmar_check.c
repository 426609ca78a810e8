/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What DMAR's structures say together: registers, ranges and devices that are claimed twice, names that lead nowhere. */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <string.h>

#include "host/acpi_dmar.h"

struct dmar_checker {
	struct dmar *dmar;
	unsigned int nr_drhd;
	struct acpi_ranges bases, registers; /* of DRHDs */
	struct acpi_ranges all;		     /* segments that have their INCLUDE_PCI_ALL */
	struct acpi_ranges rmrrs;	     /* by segment */
	struct acpi_ranges devices;	     /* ANDD numbers */
	void *scopes;			     /* of DRHDs: tsearch() of struct acpi_scope */
	int err;
};

static bool dmar_is_over_width(const struct dmar *d, uint64_t last)
{
	return d->width >= 12 && d->width < 64 && last >> d->width;
}

static void drhd_check_registers(struct dmar_checker *c, const struct dmar_entry *e)
{
	struct acpi_table *t = &c->dmar->table;
	int64_t other = acpi_ranges_find(&c->bases, 0, e->base);

	if (dmar_is_over_width(c->dmar, e->last))
		acpi_problem(t, e->at + 8, "value",
			     "DRHD: the registers at 0x%" PRIx64 " are beyond the host address width of %u bits",
			     e->base, c->dmar->width);
	if (!e->base)
		return;
	if (other >= 0) {
		acpi_problem(t, e->at + 8, "duplicate",
			     "DRHD: the registers at 0x%" PRIx64 " are also those of the DRHD at 0x%" PRIx64, e->base,
			     (uint64_t)other);
		return;
	}
	acpi_ranges_add(&c->bases, 0, e->base, e->base, e->at);
	other = acpi_ranges_add(&c->registers, 0, e->base, e->last, e->at);
	if (other >= 0)
		acpi_problem(t, e->at + 8, "overlap",
			     "DRHD: the registers 0x%" PRIx64 "-0x%" PRIx64 " overlap those of the DRHD at 0x%" PRIx64,
			     e->base, e->last, (uint64_t)other);
}

/* VT-d 8.3: at most one for a segment, and it comes last of the segment's DRHDs. */
static void drhd_check_all(struct dmar_checker *c, const struct dmar_entry *e)
{
	struct acpi_table *t = &c->dmar->table;
	int64_t other = acpi_ranges_find(&c->all, e->segment, 0);

	if (e->flags & 1) {
		if (other >= 0)
			acpi_problem(t, e->at + 4, "duplicate",
				     "DRHD: INCLUDE_PCI_ALL for segment %04x, which the DRHD at 0x%" PRIx64
				     " has already",
				     e->segment, (uint64_t)other);
		else
			acpi_ranges_add(&c->all, e->segment, 0, 0, e->at);
	} else if (other >= 0) {
		acpi_problem(t, e->at, "value",
			     "DRHD: it follows the INCLUDE_PCI_ALL one at 0x%" PRIx64
			     ", which has to be the last of segment %04x",
			     (uint64_t)other, e->segment);
	}
	if (!(e->flags & 1) && !e->nr_scopes)
		acpi_problem(t, e->at, "value", "DRHD: it has neither device scopes nor INCLUDE_PCI_ALL");
}

/* By the device that is named: PCI devices by their path, whatever they are said to be; the others by their number. */
static int scope_compare(const void *a, const void *b)
{
	const struct acpi_scope *x = a, *y = b;
	unsigned int kind_x = MAX(x->type, SCOPE_BRIDGE), kind_y = MAX(y->type, SCOPE_BRIDGE);

	if (kind_x != kind_y)
		return kind_x < kind_y ? -1 : 1;
	if (kind_x != SCOPE_BRIDGE)
		return x->id - y->id;
	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	if (x->bus != y->bus)
		return x->bus - y->bus;
	if (x->nr_path != y->nr_path)
		return x->nr_path < y->nr_path ? -1 : 1;
	return memcmp(x->path, y->path, x->nr_path * sizeof(x->path[0]));
}

static void drhd_check_scopes(struct dmar_checker *c, const struct dmar_entry *e)
{
	for (unsigned int i = 0; i < e->nr_scopes; i++) {
		const struct acpi_scope *s = &e->scopes[i];
		struct acpi_scope **found;

		if (s->type < SCOPE_ENDPOINT || s->type > SCOPE_NAMESPACE)
			continue;
		found = tsearch(s, &c->scopes, scope_compare);
		if (!found)
			c->err = -ENOMEM;
		else if (*found != s)
			acpi_problem(&c->dmar->table, s->at, "duplicate",
				     "DRHD: this device scope (%s, bus %02x, id %u) is also the one at 0x%x",
				     acpi_scope_type_name(s->type), s->bus, s->id, (*found)->at);
	}
}

static void drhd_check(struct dmar_checker *c, const struct dmar_entry *e)
{
	c->nr_drhd++;
	drhd_check_registers(c, e);
	drhd_check_all(c, e);
	drhd_check_scopes(c, e);
}

static void rmrr_check(struct dmar_checker *c, const struct dmar_entry *e)
{
	struct acpi_table *t = &c->dmar->table;
	int64_t other = -1;

	if (!e->nr_scopes)
		acpi_problem(t, e->at, "value", "RMRR: 0x%" PRIx64 "-0x%" PRIx64 " names no device", e->base, e->last);
	if (dmar_is_over_width(c->dmar, e->last))
		acpi_problem(t, e->at + 16, "value", "RMRR: 0x%" PRIx64 " is beyond the host address width of %u bits",
			     e->last, c->dmar->width);
	if (e->base <= e->last)
		other = acpi_ranges_add(&c->rmrrs, e->segment, e->base, e->last, e->at);
	if (other >= 0)
		acpi_problem(t, e->at + 8, "overlap",
			     "RMRR: 0x%" PRIx64 "-0x%" PRIx64 " overlaps the RMRR at 0x%" PRIx64 " of segment %04x",
			     e->base, e->last, (uint64_t)other, e->segment);
}

static void andd_check(struct dmar_checker *c, const struct dmar_entry *e)
{
	int64_t other = acpi_ranges_add(&c->devices, 0, e->domain, e->domain, e->at);

	if (other >= 0)
		acpi_problem(&c->dmar->table, e->at + 7, "duplicate",
			     "ANDD: device number %u is also that of the ANDD at 0x%" PRIx64, e->domain,
			     (uint64_t)other);
}

static void dmar_check_one(struct dmar_checker *c, const struct dmar_entry *e)
{
	switch (e->type) {
	case DMAR_DRHD:
		drhd_check(c, e);
		break;
	case DMAR_RMRR:
		rmrr_check(c, e);
		break;
	case DMAR_ANDD:
		andd_check(c, e);
		break;
	case DMAR_ATSR:
		if (!(e->flags & 1) && !e->nr_scopes)
			acpi_problem(&c->dmar->table, e->at, "value",
				     "ATSR: it has neither device scopes nor ALL_PORTS");
		break;
	default:
		break;
	}
}

/* What names something that may stand behind it. */
static void dmar_check_references(struct dmar_checker *c, const struct dmar_entry *e)
{
	struct acpi_table *t = &c->dmar->table;

	if (e->type == DMAR_RHSA && acpi_ranges_find(&c->bases, 0, e->base) < 0)
		acpi_problem(t, e->at + 8, "reference", "RHSA: no DRHD has its registers at 0x%" PRIx64, e->base);
	for (unsigned int i = 0; i < e->nr_scopes; i++)
		if (e->scopes[i].type == SCOPE_NAMESPACE && acpi_ranges_find(&c->devices, 0, e->scopes[i].id) < 0)
			acpi_problem(t, e->scopes[i].at + 4, "reference",
				     "%s: a device scope names ACPI device %u, which no ANDD declares",
				     dmar_type_name(e->type), e->scopes[i].id);
}

static void dmar_keep_scope(void *scope)
{
	(void)scope;
}

int dmar_check(struct dmar *dmar)
{
	struct dmar_checker c = {.dmar = dmar};

	for (unsigned int i = 0; i < dmar->nr_entries; i++)
		dmar_check_one(&c, &dmar->entries[i]);
	for (unsigned int i = 0; i < dmar->nr_entries; i++)
		dmar_check_references(&c, &dmar->entries[i]);
	if (!c.nr_drhd)
		acpi_problem(&dmar->table, ACPI_HEADER_LEN, "value", "the table has no DRHD: it describes no IOMMU");
	tdestroy(c.scopes, dmar_keep_scope);
	c.err |= acpi_ranges_end(&c.bases) | acpi_ranges_end(&c.registers) | acpi_ranges_end(&c.all) |
		 acpi_ranges_end(&c.rmrrs) | acpi_ranges_end(&c.devices);
	return c.err ? -ENOMEM : 0;
}
