/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the interrupts of x86 devices go through the IOMMU, and may VFIO do without? */
#ifndef IC_HOST_REMAPPING_H
#define IC_HOST_REMAPPING_H

#include <stdbool.h>

#include "host/host.h"

enum remapping { REMAPPING_UNKNOWN, REMAPPING_ON, REMAPPING_OFF };
/*
 * By the names of interrupt chips in /proc/interrupts: they begin with IR- where remapping is on (arch/x86, drivers/iommu).
 * UNKNOWN on anything but x86. @line: the words that say so.
 */
enum remapping remapping_by_chips(const struct host *host, char *line, size_t len);
/* VFIO_IOMMU type1's or iommufd's allow_unsafe_interrupts is seen to be set, in the module or on the command line. */
bool remapping_is_waived(const struct host *host);

#endif
