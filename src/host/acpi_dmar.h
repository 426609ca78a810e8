/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three files that read DMAR: structures, device scopes, and what structures say together. Private to them. */
#ifndef IC_HOST_ACPI_DMAR_H
#define IC_HOST_ACPI_DMAR_H

#include "host/acpi_table.h"

enum { SCOPE_ENDPOINT = 1, SCOPE_BRIDGE, SCOPE_IOAPIC, SCOPE_HPET, SCOPE_NAMESPACE };

/* How many scopes a whole table may have; shared by all structures of it. */
struct acpi_scope_budget {
	unsigned int used;
	bool told;
};

/*
 * The scopes that begin at @off of the structure @part, appended to @entry; @flags are the bits that this structure's scopes
 * may have in their flags byte. -ENOMEM.
 */
int acpi_scopes_parse(const struct acpi_part *part, size_t off, uint8_t flags, struct acpi_scope_budget *budget,
		      struct dmar_entry *entry);

/* What is wrong between structures that are each in order. -ENOMEM. */
int dmar_check(struct dmar *dmar);

#endif
