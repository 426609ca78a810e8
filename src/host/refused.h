/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What could not be read when a capture was made, so that its readers are refused again and nothing counts as absent. */
#ifndef IC_HOST_REFUSED_H
#define IC_HOST_REFUSED_H

#include "host/host.h"

/* The list below a capture's root, "PATH ERRNO" a line: "/sys/firmware/acpi/tables/DMAR EACCES". */
#define REFUSED_FILE "iommuctl/unreadable"

/* *@out NULL where there is no such file. Lines that are none are passed over. 0, or -errno with @f set. */
int refused_load(const struct host *host, struct refused **out, struct fail *f);
void refused_free(struct refused *refused); /* NULL is fine */
/* The positive errno that @path (without the root) was refused with; 0: it was not. @refused may be NULL. By binary search. */
int refused_find(const struct refused *refused, const char *path);

#endif
