/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of what `caps` shows, a file each. */
#ifndef IC_CMD_CAPS_H
#define IC_CMD_CAPS_H

#include "host/machine.h"
#include "out/report.h"

/* The ACPI tables that describe IOMMUs: object acpi{}, and lines for people. */
void caps_report_acpi(struct report *r, const struct machine *m);

#endif
