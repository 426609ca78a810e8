/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's rules of isolation, from config space alone. */
#include "core/audit/acs.h"

#include <stdio.h>
#include <string.h>

#define HEADER_MULTIFUNCTION 0x80

/*
 * Bit 7 is reliable in function 0; further functions are what makes a device multifunction, whatever they say. A virtual function
 * is none to the kernel (drivers/pci/iov.c, pci_iov_add_virtfn()).
 */
static bool acs_is_multifunction(const struct audit *a, unsigned int i, const struct pci_config *c)
{
	const char *addr = a->m->pci[i].addr;

	if (a->m->pci[i].physfn[0])
		return false;
	return c->header_type & HEADER_MULTIFUNCTION || addr[strlen(addr) - 1] != '0';
}

/* "Features missing from the capability field can be assumed as hard-wired enabled" is the kernel's rule. */
static enum acs_verdict acs_by_register(const struct pci_config *c, unsigned int *missing)
{
	const struct reg_value *acs = reg_value_find(c->regs, c->nr_regs, "pcie.acs");

	*missing = ACS_REQUIRED;
	if (!acs)
		return ACS_NO_CAPABILITY;
	*missing = ACS_REQUIRED & (unsigned int)acs->raw & ~(unsigned int)(acs->raw >> 16);
	return *missing ? ACS_DISABLED : ACS_ISOLATES;
}

enum acs_verdict acs_verdict(const struct audit *a, unsigned int i, unsigned int *missing)
{
	const struct pci_config *c = audit_config(a, i);

	*missing = 0;
	if (!c)
		return ACS_UNSEEN;
	*missing = ACS_REQUIRED;
	if (!c->has_pcie)
		return ACS_NEVER;
	switch (c->pcie_type) {
	case PCIE_TO_PCI:
	case PCI_TO_PCIE:
	case PCIE_RC_EVENT:
		return ACS_NEVER;
	case PCIE_ROOT_PORT:
	case PCIE_DOWNSTREAM:
		return acs_by_register(c, missing);
	default:
		if (acs_is_multifunction(a, i, c))
			return acs_by_register(c, missing);
		*missing = 0;
		return ACS_ISOLATES;
	}
}

char *acs_bits(unsigned int bits, char *buf, size_t len)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {{0, "SV"}, {2, "RR"}, {3, "CR"}, {4, "UF"}};
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names) && at < len; i++)
		if (bits >> names[i].bit & 1)
			at += (size_t)snprintf(buf + at, len - at, "%s%s", at ? " " : "", names[i].name);
	return buf;
}

bool acs_is_alias_bridge(const struct audit *a, unsigned int i)
{
	const struct pci_config *c = audit_config(a, i);

	if (!c || a->m->pci[i].class_code >> 8 != 0x0604)
		return false;
	return !c->has_pcie || c->pcie_type == PCIE_TO_PCI || c->pcie_type == PCI_TO_PCIE;
}
