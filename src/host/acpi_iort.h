/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that read IORT: nodes, their kinds, ID mappings, and what nodes say together. Private to them. */
#ifndef IC_HOST_ACPI_IORT_H
#define IC_HOST_ACPI_IORT_H

#include "host/acpi_table.h"

#define IORT_FIXED 48
#define IORT_NODE 16
#define IORT_MAPPING_SINGLE 1

/* The part of a node that is its kind's own, into @node; also whether its revision is one that is known. */
void iort_kind_parse(const struct acpi_part *part, struct iort_node *node);
/* How long a node of this type has to be; 0 for types nobody knows. */
size_t iort_kind_fixed(uint8_t type);

/* The node's ID mappings; *@budget is how many more the table may have. -ENOMEM. */
int iort_mappings_parse(const struct acpi_part *part, unsigned int *budget, struct iort_node *node);

/* The node that begins at @at, by binary search; NULL. */
const struct iort_node *iort_node_at(const struct iort *iort, uint32_t at);
/* What is wrong between nodes that are each in order. -ENOMEM. */
int iort_check(struct iort *iort);

#endif
