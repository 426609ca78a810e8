/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which machine this is, in a few words: figures of another one are another matter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "host/machine.h"
#include "host/self.h"

#define SELF_CPUINFO_MAX MiB(16)

const char *self_machine(const struct host *host, char *buf, size_t len)
{
	CLEANUP_FREE char *text = NULL;
	char model[64] = "";
	struct utsname name;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (!host_read_bounded(host, SELF_CPUINFO_MAX, &text, NULL, "/proc/cpuinfo"))
		cpuinfo_value(text, "model name", model, sizeof(model));
	if (!model[0] && !uname(&name))
		snprintf(model, sizeof(model), "%.32s", name.machine);
	snprintf(buf, len, "%s, %ld processor%s", model[0] ? model : "unknown", cpus, cpus == 1 ? "" : "s");
	return buf;
}

double self_load(void)
{
	double load;

	return getloadavg(&load, 1) == 1 ? load : -1;
}
