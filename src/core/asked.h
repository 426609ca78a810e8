/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VFIO and iommufd answer about the devices that are bound to them: extensions, info chains, hardware info. */
#ifndef IC_CORE_ASKED_H
#define IC_CORE_ASKED_H

#include "host/machine.h"

/*
 * Fill m->ioctl on the running machine (on a capture machine_read() did, from its file). Devices that somebody holds, or that
 * are not VFIO's, are left alone and said so. A device is opened only to be asked, which has the kernel reset its function; no
 * DMA, no mapping. @open false: /dev nodes are not opened at all. 0, or -ENOMEM.
 */
int asked_fill(struct machine *m, bool open, struct fail *f);
/* The same about the devices that @wanted, by index in m->pci, says. */
int asked_fill_some(struct machine *m, bool open, const bool *wanted, struct fail *f);

#endif
