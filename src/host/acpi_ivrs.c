/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IVRS table of AMD machines (AMD I/O virtualization specification 48882, chapter 5). */
#include <string.h>

#include "host/acpi.h"

int ivrs_parse(uint8_t *data, size_t len, struct ivrs *out)
{
	*out = (struct ivrs){.table = {.data = data, .len = len}};
	return 0;
}

int ivrs_read(const struct host *host, struct ivrs *out)
{
	(void)host;
	*out = (struct ivrs){0};
	return 0;
}

void ivrs_free(struct ivrs *ivrs)
{
	free(ivrs->table.data);
	*ivrs = (struct ivrs){0};
}
