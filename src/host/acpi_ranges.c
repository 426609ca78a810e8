/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges that may not meet, in a tree that takes two that meet for equal: a million of them are no quadratic affair. */
#include <errno.h>
#include <search.h>

#include "host/acpi_table.h"

struct acpi_range {
	uint64_t group, first, last;
	uint32_t at;
};

static int acpi_range_compare(const void *a, const void *b)
{
	const struct acpi_range *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->last < y->first)
		return -1;
	return x->first > y->last ? 1 : 0;
}

int64_t acpi_ranges_add(struct acpi_ranges *set, uint64_t group, uint64_t first, uint64_t last, uint32_t at)
{
	struct acpi_range *mine = malloc(sizeof(*mine)), **found;
	int64_t other = -1;

	if (!mine) {
		set->err = -ENOMEM;
		return -1;
	}
	*mine = (struct acpi_range){group, first, last, at};
	found = tsearch(mine, &set->root, acpi_range_compare);
	if (found && *found == mine)
		return -1;
	if (found)
		other = (*found)->at;
	else
		set->err = -ENOMEM;
	free(mine);
	return other;
}

void acpi_ranges_remove(struct acpi_ranges *set, uint64_t group, uint64_t first, uint64_t last)
{
	const struct acpi_range key = {group, first, last, 0};
	struct acpi_range **found = tfind(&key, &set->root, acpi_range_compare), *gone;

	if (!found || (*found)->first != first || (*found)->last != last)
		return;
	gone = *found;
	tdelete(&key, &set->root, acpi_range_compare);
	free(gone);
}

int64_t acpi_ranges_find(const struct acpi_ranges *set, uint64_t group, uint64_t value)
{
	const struct acpi_range key = {group, value, value, 0};
	struct acpi_range **found = tfind(&key, &set->root, acpi_range_compare);

	return found ? (int64_t)(*found)->at : -1;
}

int acpi_ranges_end(struct acpi_ranges *set)
{
	tdestroy(set->root, free);
	set->root = NULL;
	return set->err;
}
