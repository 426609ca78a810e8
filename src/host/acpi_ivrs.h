/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three files that read IVRS: blocks, device entries, and what blocks say together. Private to them. */
#ifndef IC_HOST_ACPI_IVRS_H
#define IC_HOST_ACPI_IVRS_H

#include "host/acpi_table.h"

enum {
	IVHD_10 = 0x10,
	IVHD_11 = 0x11,
	IVHD_40 = 0x40,
	IVMD_ALL = 0x20,
	IVMD_ONE = 0x21,
	IVMD_RANGE = 0x22,
};

/* Device entries (48882 5.2.2.1): bits 7:6 of the type give the length below 128. */
enum {
	IVHD_PAD4 = 0,
	IVHD_ALL = 1,
	IVHD_SELECT = 2,
	IVHD_START = 3,
	IVHD_END = 4,
	IVHD_PAD8 = 64,
	IVHD_ALIAS = 66,
	IVHD_ALIAS_START = 67,
	IVHD_EXTENDED = 70,
	IVHD_EXTENDED_START = 71,
	IVHD_SPECIAL = 72,
	IVHD_HID = 240,
};

/*
 * The device entries that begin at @off of the block @part, into @block; *@budget is how many more the table may have.
 * -ENOMEM.
 */
int ivhd_entries_parse(const struct acpi_part *part, size_t off, unsigned int *budget, struct ivhd *block);

/* What is wrong between blocks that are each in order. -ENOMEM. */
int ivrs_check(struct ivrs *ivrs);

#endif
