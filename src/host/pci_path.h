/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses as text, alone and inside sysfs paths. */
#ifndef IC_HOST_PCI_PATH_H
#define IC_HOST_PCI_PATH_H

#include "host/host.h"

/* "4:0.1", "00:04.0" or "10000:e1:00.0" in the first @len characters of @text -> full form. False: not an address. */
bool pci_path_parse(const char *text, size_t len, char out[16]);
/* Sorts like the address: domain, bus, device, function. 0 for anything else. */
uint64_t pci_path_number(const char *addr);
/* The next component of *path that is a full PCI address; *path moves behind it. False when there is none. */
bool pci_path_next(const char **path, char out[16]);
/* True when the device @addr is a component of the sysfs path @path, that is, when @path lies behind it. */
bool pci_path_contains(const char *path, const char *addr);
/* The last, that is nearest, PCI device in a sysfs path. False when there is none. */
bool pci_path_nearest(const char *path, char out[16]);

#endif
