/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of `caps`: what firmware says about the IOMMUs, and what is wrong with how it says it. */
#include "cmd/caps.h"

void caps_report_acpi(struct report *r, const struct machine *m)
{
	(void)m;
	report_object(r, "acpi");
	report_close(r);
}
