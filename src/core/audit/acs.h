/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access control services as the kernel judges them when it makes groups, and bridges that lend their requester ID. */
#ifndef IC_CORE_AUDIT_ACS_H
#define IC_CORE_AUDIT_ACS_H

#include "core/audit/priv.h"

/* What the kernel wants enabled (drivers/iommu/iommu.c, REQ_ACS_FLAGS): V, R, C and U of the ACS capability. */
#define ACS_REQUIRED 0x1d

enum acs_verdict {
	ACS_ISOLATES,
	ACS_NO_CAPABILITY, /* PCI Express, and could have one */
	ACS_DISABLED,	   /* bits it has are not enabled */
	ACS_NEVER,	   /* of a kind that has none: conventional, or a bridge to that */
	ACS_UNSEEN,
};
/* As pci_acs_enabled() in drivers/pci/pci.c, without its list of devices known to isolate. @missing: bits to enable. */
enum acs_verdict acs_verdict(const struct audit *a, unsigned int i, unsigned int *missing);
/* "SV RR CR UF" */
char *acs_bits(unsigned int bits, char *buf, size_t len);

/* What is behind the bridge speaks with the bridge's requester ID (drivers/pci/search.c, pci_for_each_dma_alias()). */
bool acs_is_alias_bridge(const struct audit *a, unsigned int i);

#endif
