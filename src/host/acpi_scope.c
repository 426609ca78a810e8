/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device scopes of DMAR structures (VT-d 8.3.1): a type, a number, a bus and the path of bridges below it. */
#include <errno.h>

#include "host/acpi_dmar.h"

#define SCOPE_HEADER 6

static const char *const scope_types[] = {
	[SCOPE_ENDPOINT] = "endpoint", [SCOPE_BRIDGE] = "bridge",	  [SCOPE_IOAPIC] = "I/O APIC",
	[SCOPE_HPET] = "HPET",	       [SCOPE_NAMESPACE] = "ACPI device",
};

const char *acpi_scope_type_name(unsigned int type)
{
	return type < ARRAY_SIZE(scope_types) ? scope_types[type] : NULL;
}

static void scope_path(const struct acpi_part *part, struct acpi_scope *scope)
{
	unsigned int steps = (part->bytes.len - SCOPE_HEADER) / 2;

	if (part->bytes.len & 1)
		acpi_problem(part->table, part->at + 1, "length",
			     "a device scope of %zu bytes: its path is no whole number of steps", part->bytes.len);
	if (!steps)
		acpi_problem(part->table, part->at + 1, "length", "a device scope of %zu bytes has no path",
			     part->bytes.len);
	if (steps > ACPI_PATH_MAX)
		acpi_problem(part->table, part->at + 1, "too-many", "a device scope has a path of %u steps, over %u",
			     steps, ACPI_PATH_MAX);
	for (unsigned int i = 0; i < MIN(steps, ACPI_PATH_MAX); i++) {
		uint8_t device = acpi_get(part, SCOPE_HEADER + 2 * i, 1);
		uint8_t function = acpi_get(part, SCOPE_HEADER + 2 * i + 1, 1);

		if (device > 31 || function > 7)
			acpi_problem(part->table, part->at + SCOPE_HEADER + 2 * i, "value",
				     "a device scope's path has device 0x%02x function 0x%02x", device, function);
		scope->path[scope->nr_path].device = device;
		scope->path[scope->nr_path++].function = function;
	}
}

static void scope_parse(const struct acpi_part *part, uint8_t flags, struct acpi_scope *scope)
{
	scope->at = part->at;
	scope->type = acpi_get(part, 0, 1);
	scope->flags = acpi_get(part, 2, 1);
	scope->id = acpi_get(part, 4, 1);
	scope->bus = acpi_get(part, 5, 1);
	acpi_reserved(part, 2, 1, (uint8_t)~flags, "a device scope's flags");
	acpi_reserved(part, 3, 1, 0xff, "a device scope");
	if (scope->type < SCOPE_ENDPOINT || scope->type > SCOPE_NAMESPACE)
		acpi_problem(part->table, part->at, "value", "a device scope has type %u, which is not defined",
			     scope->type);
	else if (scope->type <= SCOPE_BRIDGE)
		acpi_reserved(part, 4, 1, 0xff, "a PCI device scope's enumeration id");
	scope_path(part, scope);
}

/* The next scope at @off as @out. False behind the last, or when its length cannot be used. */
static bool scope_next(const struct acpi_part *part, size_t off, struct acpi_part *out)
{
	size_t left = part->bytes.len - MIN(off, part->bytes.len), len = acpi_get(part, off + 1, 1);

	if (!left)
		return false;
	if (left < SCOPE_HEADER) {
		acpi_problem(part->table, part->at + off, "truncated",
			     "%zu bytes at the end of a structure are no device scope", left);
		return false;
	}
	if (len < SCOPE_HEADER) {
		acpi_problem(part->table, part->at + off + 1, "length",
			     "a device scope of %zu bytes, less than its header of 6", len);
		return false;
	}
	if (acpi_sub(part, off, len, out))
		return true;
	acpi_problem(part->table, part->at + off + 1, "truncated",
		     "a device scope of %zu bytes, of which its structure has %zu", len, left);
	return false;
}

int acpi_scopes_parse(const struct acpi_part *part, size_t off, uint8_t flags, struct acpi_scope_budget *budget,
		      struct dmar_entry *entry)
{
	struct acpi_part one;

	while (scope_next(part, off, &one)) {
		if (budget->used == ACPI_ENTRIES_MAX) {
			if (!budget->told)
				acpi_problem(part->table, one.at, "too-many", "more than %u device scopes",
					     ACPI_ENTRIES_MAX);
			budget->told = true;
			return 0;
		}
		if (acpi_array_room(&entry->scopes, entry->nr_scopes, sizeof(*entry->scopes)))
			return -ENOMEM;
		scope_parse(&one, flags, &entry->scopes[entry->nr_scopes]);
		entry->scopes[entry->nr_scopes++].segment = entry->segment;
		budget->used++;
		off += one.bytes.len;
	}
	return 0;
}
