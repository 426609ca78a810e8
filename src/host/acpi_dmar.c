/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DMAR table of Intel machines (VT-d specification, chapter 8). */
#include <string.h>

#include "host/acpi.h"

int dmar_parse(uint8_t *data, size_t len, struct dmar *out)
{
	*out = (struct dmar){.table = {.data = data, .len = len}};
	return 0;
}

int dmar_read(const struct host *host, struct dmar *out)
{
	(void)host;
	*out = (struct dmar){0};
	return 0;
}

void dmar_free(struct dmar *dmar)
{
	free(dmar->table.data);
	*dmar = (struct dmar){0};
}
