/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VIOT table of virtual machines (ACPI specification 5.2.34). */
#include <string.h>

#include "host/acpi.h"

int viot_parse(uint8_t *data, size_t len, struct viot *out)
{
	*out = (struct viot){.table = {.data = data, .len = len}};
	return 0;
}

int viot_read(const struct host *host, struct viot *out)
{
	(void)host;
	*out = (struct viot){0};
	return 0;
}

void viot_free(struct viot *viot)
{
	free(viot->table.data);
	*viot = (struct viot){0};
}
