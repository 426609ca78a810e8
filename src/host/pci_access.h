/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpci as the rest of this room sees it: names of ids, and bytes of config space. Private to host/pci*.c. */
#ifndef IC_HOST_PCI_ACCESS_H
#define IC_HOST_PCI_ACCESS_H

#include "host/host.h"

struct pci_lib;

/* NULL without libpci or memory; every function below takes that and says that it cannot. */
struct pci_lib *pci_lib_open(const struct host *host);
void pci_lib_close(struct pci_lib *lib);
/* The names of a device and of its class by pci.ids; the buffers are left alone where there is none. */
void pci_lib_device_name(struct pci_lib *lib, uint16_t vendor, uint16_t device, char *out, size_t len);
void pci_lib_class_name(struct pci_lib *lib, uint16_t class, char *out, size_t len);
/*
 * The config space of @addr (full form) into @buf of 4096 bytes: how many can be read, 64, 256 or 4096. -EOPNOTSUPP without
 * libpci, -EINVAL when @addr is no address, else what the file said.
 */
int pci_lib_config(struct pci_lib *lib, const char *addr, uint8_t *buf);

#endif
