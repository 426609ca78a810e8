/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's config space by libpci: capability chains, walked without trust, and the registers that matter to an IOMMU. */
#ifndef IC_HOST_PCI_CONFIG_H
#define IC_HOST_PCI_CONFIG_H

#include <stdbool.h>

#include "base/bytes.h"
#include "host/host.h"
#include "host/registers.h"

struct pci_cap {
	uint16_t id, at;
	uint8_t version; /* of extended ones */
	bool extended;
};
#define PCI_CAPS_MAX 64

/* Port types of the PCI Express capability (PCIe 7.5.3.2). */
enum pcie_type {
	PCIE_ENDPOINT = 0,
	PCIE_LEGACY = 1,
	PCIE_ROOT_PORT = 4,
	PCIE_UPSTREAM = 5,
	PCIE_DOWNSTREAM = 6,
	PCIE_TO_PCI = 7,
	PCI_TO_PCIE = 8,
	PCIE_RC_ENDPOINT = 9,
	PCIE_RC_EVENT = 10
};

/* What was read of one device's config space, decoded. */
struct pci_config {
	unsigned int len;		/* bytes that could be read: 0, 64 (not root), 256 or 4096 */
	int err;			/* -errno: why there are none; 0 */
	bool gone;			/* answers ones: powered down, or no longer there; nothing else is known */
	char broken[128];		/* the first thing wrong with the capability chains; "" */
	uint16_t command;		/* COMMAND: bit 2 bus master */
	uint8_t header_type;		/* bit 7: several functions */
	uint8_t secondary, subordinate; /* of bridges */
	unsigned int nr_caps;
	struct pci_cap caps[PCI_CAPS_MAX];
	bool has_pcie;
	enum pcie_type pcie_type;
	uint32_t devcap;
	uint16_t devctl; /* bit 11 Enable No Snoop, bit 4 relaxed ordering */
	unsigned int nr_regs;
	struct reg_value
		regs[8]; /* pcie.ats, pcie.pri, pcie.pasid, pcie.acs, pcie.sriov, amd.cap: those the device has */
};

/*
 * Readers of many devices open libpci once. @host must outlive it; its root is honoured (libpci's own parameter sysfs.path). 0, -EOPNOTSUPP when
 * built without libpci, -ENOMEM.
 */
struct pci_configs;
int pci_configs_open(const struct host *host, struct pci_configs **out);
void pci_configs_close(struct pci_configs *configs);
/* Always fills @out; a device whose config space cannot be read has len 0 and err. */
void pci_config_read(struct pci_configs *configs, const char *addr, struct pci_config *out);
/*
 * From bytes in memory: fuzzers and unit tests. @source names them in reg_value.source ("SOURCE at 0x148"). What lies behind
 * the last byte is not known, which is no fault of the device: with 64 bytes there are no capabilities.
 */
void pci_config_parse(struct bytes config, const char *source, struct pci_config *out);
/* NULL when the device has no such capability. */
const struct pci_cap *pci_config_cap(const struct pci_config *config, bool extended, uint16_t id);
/* "ATS", "Access Control Services"; NULL for ids nobody has a name for. */
const char *pci_cap_name(bool extended, uint16_t id);

#endif
