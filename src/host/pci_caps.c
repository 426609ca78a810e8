/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of PCI capabilities. */
#include "host/pci_config.h"

const char *pci_cap_name(bool extended, uint16_t id)
{
	return NULL;
}
