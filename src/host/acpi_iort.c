/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IORT table of Arm machines (DEN0049): the list of nodes. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/acpi_iort.h"

struct iort_reader {
	struct iort *iort;
	unsigned int mappings; /* that the table may still have */
};

static int iort_node_parse(struct iort_reader *r, const struct acpi_part *part)
{
	struct iort *iort = r->iort;
	struct iort_node *n;
	size_t fixed;

	if (acpi_array_room(&iort->nodes, iort->nr_nodes, sizeof(*iort->nodes)))
		return -ENOMEM;
	n = &iort->nodes[iort->nr_nodes++];
	n->at = part->at;
	n->len = part->bytes.len;
	n->type = acpi_get(part, 0, 1);
	n->revision = acpi_get(part, 3, 1);
	n->id = acpi_get(part, 4, 4);
	fixed = iort_kind_fixed(n->type);
	if (!fixed) {
		acpi_problem(part->table, part->at, "reserved", "a node of type %u, which is not defined", n->type);
		return 0;
	}
	if (part->bytes.len < fixed) {
		acpi_problem(part->table, part->at + 1, "length", "%s: %zu bytes, less than its fixed part of %zu",
			     iort_type_name(n->type), part->bytes.len, fixed);
		return 0;
	}
	iort_kind_parse(part, n);
	return iort_mappings_parse(part, &r->mappings, n);
}

/* The node at @off as @out. False when there is none, or its length cannot be used. */
static bool iort_next(const struct acpi_part *whole, size_t off, struct acpi_part *out)
{
	size_t left = whole->bytes.len - MIN(off, whole->bytes.len), len = acpi_get(whole, off + 1, 2);

	if (left < IORT_NODE) {
		acpi_problem(whole->table, MIN(off, whole->bytes.len), "truncated",
			     "%zu bytes where a node should be, less than its header of 16", left);
		return false;
	}
	if (len < IORT_NODE) {
		acpi_problem(whole->table, off + 1, "length",
			     "a node of %zu bytes, less than its header of 16: nothing behind it can be read", len);
		return false;
	}
	if (!acpi_sub(whole, off, len, out))
		acpi_problem(whole->table, off + 1, "truncated", "a node of %zu bytes, of which there are %zu", len,
			     left);
	return true;
}

static int iort_walk(struct iort_reader *r, const struct acpi_part *whole)
{
	uint32_t count = acpi_get(whole, 36, 4), i = 0;
	size_t off = acpi_get(whole, 40, 4);
	struct acpi_part part;
	int err = 0;

	if (off < IORT_FIXED || off > whole->bytes.len) {
		acpi_problem(whole->table, 40, "reference",
			     "the nodes are said to begin at 0x%zx, outside what follows the header", off);
		return 0;
	}
	for (; !err && i < count && iort_next(whole, off, &part); i++, off += part.bytes.len) {
		if (r->iort->nr_nodes == ACPI_ENTRIES_MAX) {
			acpi_problem(whole->table, off, "too-many", "more than %u nodes", ACPI_ENTRIES_MAX);
			return 0;
		}
		err = iort_node_parse(r, &part);
	}
	if (i == count && off < whole->bytes.len)
		acpi_problem(whole->table, off, "length", "%zu bytes behind the last of %u nodes",
			     whole->bytes.len - off, count);
	return err;
}

static int iort_load(const struct acpi_table *table, struct iort *out)
{
	struct iort_reader r = {out, ACPI_ENTRIES_MAX};
	struct acpi_part whole;
	int err = 0;

	*out = (struct iort){.table = *table};
	if (acpi_table_open(&out->table, "IORT", IORT_FIXED, &whole)) {
		acpi_reserved_bytes(&whole, 44, IORT_FIXED, "the table");
		err = iort_walk(&r, &whole);
		if (!err)
			err = iort_check(out);
	}
	if (err)
		iort_free(out);
	return err;
}

int iort_parse(uint8_t *data, size_t len, struct iort *out)
{
	const struct acpi_table table = {.data = data, .len = len};

	return iort_load(&table, out);
}

int iort_read(const struct host *host, struct iort *out)
{
	struct acpi_table table;
	int err = acpi_table_read(host, "IORT", &table);

	*out = (struct iort){.table = table};
	return err || !table.data ? err : iort_load(&table, out);
}

void iort_free(struct iort *iort)
{
	for (unsigned int i = 0; i < iort->nr_nodes; i++)
		free(iort->nodes[i].mappings);
	free(iort->nodes);
	free(iort->table.data);
	*iort = (struct iort){0};
}
