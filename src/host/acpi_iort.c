/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IORT table of Arm machines (DEN0049). */
#include <string.h>

#include "host/acpi.h"

int iort_parse(uint8_t *data, size_t len, struct iort *out)
{
	*out = (struct iort){.table = {.data = data, .len = len}};
	return 0;
}

int iort_read(const struct host *host, struct iort *out)
{
	(void)host;
	*out = (struct iort){0};
	return 0;
}

void iort_free(struct iort *iort)
{
	free(iort->table.data);
	*iort = (struct iort){0};
}
