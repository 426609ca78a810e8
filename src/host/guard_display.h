/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard for displays: is anything shown through the device? */
#ifndef IC_HOST_GUARD_DISPLAY_H
#define IC_HOST_GUARD_DISPLAY_H

#include "host/guard_index.h"

/* The boot display, framebuffers and connectors that are on, and the firmware's framebuffer (efifb, simpledrm). */
int guard_display(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out);

#endif
