/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ID mappings of IORT nodes (DEN0049 3.1): which input IDs become which IDs of the node above. */
#include <errno.h>
#include <inttypes.h>

#include "host/acpi_iort.h"

#define MAPPING_LEN 20

/* One mapping for the node itself, whatever the input: drivers/acpi/arm64/iort.c, iort_id_map and iort_node_get_id. */
static bool mapping_may_be_single(uint8_t type)
{
	return type == IORT_NAMED || type == IORT_ROOT || type == IORT_SMMUV3 || type == IORT_PMCG || type == IORT_IWB;
}

static void mapping_parse(const struct acpi_part *part, const struct iort_node *node, struct iort_mapping *m)
{
	uint32_t count = acpi_get(part, 4, 4); /* of IDs, minus one */

	*m = (struct iort_mapping){
		.at = part->at,
		.input = acpi_get(part, 0, 4),
		.count = count == UINT32_MAX ? UINT32_MAX : count + 1,
		.output = acpi_get(part, 8, 4),
		.target = acpi_get(part, 12, 4),
		.flags = acpi_get(part, 16, 4),
	};
	acpi_reserved(part, 16, 4, ~(uint32_t)IORT_MAPPING_SINGLE, "ID mapping flags");
	if (m->flags & IORT_MAPPING_SINGLE) {
		if (!mapping_may_be_single(node->type))
			acpi_problem(part->table, part->at + 16, "value",
				     "%s: a single mapping, which this kind of node may not have",
				     iort_type_name(node->type));
		return;
	}
	if (count > UINT32_MAX - m->input || count > UINT32_MAX - m->output)
		acpi_problem(part->table, part->at + 4, "value", "%s: 0x%" PRIx64 " IDs from 0x%x to 0x%x wrap around",
			     iort_type_name(node->type), (uint64_t)count + 1, m->input, m->output);
}

/*
 * Two mappings of one input ID. Firmware that takes the count for the number of IDs, and not for one less, makes neighbours
 * share one (Linux works around that).
 */
static void mapping_check_overlap(struct acpi_table *table, const struct iort_node *node, const struct iort_mapping *m,
				  struct acpi_ranges *inputs)
{
	uint64_t last = (uint64_t)m->input + m->count - 1;
	int64_t other;

	if (m->flags & IORT_MAPPING_SINGLE)
		return;
	other = acpi_ranges_add(inputs, 0, m->input, last, m->at);
	if (other >= 0)
		acpi_problem(table, m->at, "overlap",
			     "%s: input IDs 0x%x-0x%" PRIx64 " meet those of the mapping at 0x%" PRIx64,
			     iort_type_name(node->type), m->input, last, (uint64_t)other);
}

static int mapping_add(const struct acpi_part *part, unsigned int *budget, struct iort_node *node,
		       struct acpi_ranges *inputs)
{
	struct iort_mapping *m;

	if (acpi_array_room(&node->mappings, node->nr_mappings, sizeof(*node->mappings)))
		return -ENOMEM;
	(*budget)--;
	m = &node->mappings[node->nr_mappings++];
	mapping_parse(part, node, m);
	mapping_check_overlap(part->table, node, m, inputs);
	return 0;
}

/* The bytes of the array, as many as there are. False when there are none. */
static bool mapping_array(const struct acpi_part *part, const struct iort_node *node, struct acpi_part *array)
{
	uint32_t count = acpi_get(part, 8, 4), off = acpi_get(part, 12, 4);

	if (!count)
		return false;
	if (off < iort_kind_fixed(node->type)) {
		acpi_problem(part->table, part->at + 12, "reference",
			     "%s: its %u ID mappings are said to be at 0x%x, in its fixed part",
			     iort_type_name(node->type), count, off);
		return false;
	}
	if (!acpi_sub(part, off, (uint64_t)count * MAPPING_LEN, array))
		acpi_problem(part->table, part->at + 8, "truncated",
			     "%s: %u ID mappings at 0x%x leave the node of %zu bytes", iort_type_name(node->type),
			     count, off, part->bytes.len);
	return true;
}

int iort_mappings_parse(const struct acpi_part *part, unsigned int *budget, struct iort_node *node)
{
	struct acpi_ranges inputs = {0};
	struct acpi_part array, one;
	int err = 0;

	if (node->type == IORT_ITS || !mapping_array(part, node, &array))
		return 0;
	for (size_t off = 0; !err && acpi_sub(&array, off, MAPPING_LEN, &one); off += MAPPING_LEN) {
		if (!*budget) {
			acpi_problem(part->table, one.at, "too-many", "the table has more than %u ID mappings",
				     ACPI_ENTRIES_MAX);
			break;
		}
		err = mapping_add(&one, budget, node, &inputs);
	}
	return acpi_ranges_end(&inputs) || err ? -ENOMEM : 0;
}
