/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the two files that show ACPI tables. */
#ifndef IC_CMD_CAPS_ACPI_H
#define IC_CMD_CAPS_ACPI_H

#include "cmd/caps.h"

#define ACPI_RID_LEN 16
/* "0000:00:04.0" for a requester ID. Returns buf. */
const char *acpi_rid(uint16_t segment, uint16_t rid, char buf[ACPI_RID_LEN]);

/* caps_acpi_text.c: the lines for people. */
void acpi_text(struct report *r, const struct machine *m);

#endif
