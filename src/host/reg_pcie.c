/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCIe capabilities that matter to an IOMMU: capability in the low half, control in the high half (PCIe; pci_regs.h). */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define ATS "PCIe ATS Extended Capability, Linux pci_regs.h"
#define PRI "PCIe Page Request Extended Capability, Linux pci_regs.h"
#define PASID "PCIe PASID Extended Capability, Linux pci_regs.h"
#define ACS "PCIe ACS Extended Capability, Linux pci_regs.h"
#define SRIOV "PCIe SR-IOV Extended Capability, Linux pci_regs.h"

static void pcie_show_depth(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 " invalidations outstanding at most", raw ? raw : 32);
}

static void pcie_show_stu(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "smallest translation unit of 2^%" PRIu64 " bytes", raw + 12);
}

static const struct reg_field ats_fields[] = {
	REG_SHOW("Invalidate Queue Depth", 4, 0, "invalidations that the device can hold", pcie_show_depth, ATS),
	REG_BIT("Page Aligned Request", 5, "page-aligned requests", ATS),
	REG_SHOW("STU", 20, 16, "smallest translation unit", pcie_show_stu, ATS),
	REG_BIT("Enable", 31, "ATS enabled", ATS),
};
const struct reg reg_pcie_ats = {
	"pcie.ats", "PCIe ATS capability and control", 32, ATS, ats_fields, ARRAY_SIZE(ats_fields)};

static const struct reg_field pri_fields[] = {
	REG_BIT("Enable", 0, "page requests enabled", PRI),
	REG_BIT("Reset", 1, "reset of the page request interface", PRI),
	REG_BIT("Response Failure", 16, "response failure", PRI),
	REG_BIT("UPRGI", 17, "unexpected page request group index", PRI),
	REG_BIT("Stopped", 24, "page requests stopped", PRI),
	REG_BIT("PRG Response PASID Required", 31, "need of the PASID in responses", PRI),
};
const struct reg reg_pcie_pri = {
	"pcie.pri", "PCIe page request control and status", 32, PRI, pri_fields, ARRAY_SIZE(pri_fields)};

static const struct reg_field pasid_fields[] = {
	REG_BIT("Execute Permission Supported", 1, "execute permission", PASID),
	REG_BIT("Privileged Mode Supported", 2, "privileged mode", PASID),
	REG_COUNT("Max PASID Width", 12, 8, "bits of a PASID at most", PASID),
	REG_BIT("Enable", 16, "PASID enabled", PASID),
	REG_BIT("Execute Permission Enable", 17, "execute permission enabled", PASID),
	REG_BIT("Privileged Mode Enable", 18, "privileged mode enabled", PASID),
};
const struct reg reg_pcie_pasid = {
	"pcie.pasid", "PCIe PASID capability and control", 32, PASID, pasid_fields, ARRAY_SIZE(pasid_fields)};

static const struct reg_field acs_fields[] = {
	REG_BIT("V", 0, "source validation", ACS),
	REG_BIT("B", 1, "translation blocking", ACS),
	REG_BIT("R", 2, "P2P request redirect", ACS),
	REG_BIT("C", 3, "P2P completion redirect", ACS),
	REG_BIT("U", 4, "upstream forwarding", ACS),
	REG_BIT("E", 5, "P2P egress control", ACS),
	REG_BIT("T", 6, "direct translated P2P", ACS),
	REG_COUNT("Egress Control Vector Size", 15, 8, "bits in the egress control vector (0: 256 where E is set)",
		  ACS),
	REG_BIT("V Enable", 16, "source validation enabled", ACS),
	REG_BIT("B Enable", 17, "translation blocking enabled", ACS),
	REG_BIT("R Enable", 18, "P2P request redirect enabled", ACS),
	REG_BIT("C Enable", 19, "P2P completion redirect enabled", ACS),
	REG_BIT("U Enable", 20, "upstream forwarding enabled", ACS),
	REG_BIT("E Enable", 21, "P2P egress control enabled", ACS),
	REG_BIT("T Enable", 22, "direct translated P2P enabled", ACS),
};
const struct reg reg_pcie_acs = {"pcie.acs", "PCIe access control services", 32, ACS,
				 acs_fields, ARRAY_SIZE(acs_fields)};

static const struct reg_field sriov_fields[] = {
	REG_BIT("VF Migration Capable", 0, "VF migration", SRIOV),
	REG_BIT("VF 10-Bit Tag Requester Supported", 2, "10-bit tags of VFs", "pciutils header.h"),
	REG_CODE("VF Migration Interrupt Message Number", 31, 21, "interrupt of VF migration", SRIOV),
	REG_BIT("VF Enable", 32, "VFs enabled", SRIOV),
	REG_BIT("VF Migration Enable", 33, "VF migration enabled", SRIOV),
	REG_BIT("VF Migration Interrupt Enable", 34, "VF migration interrupt enabled", SRIOV),
	REG_BIT("VF MSE", 35, "VF memory space enabled", SRIOV),
	REG_BIT("ARI Capable Hierarchy", 36, "ARI capable hierarchy", SRIOV),
	REG_BIT("VF 10-Bit Tag Requester Enable", 37, "10-bit tags of VFs enabled", "pciutils header.h"),
	REG_BIT("VF Migration Status", 48, "VF migration request pending", SRIOV),
};
const struct reg reg_pcie_sriov = {"pcie.sriov", "PCIe SR-IOV capabilities, control and status",
				   64,		 SRIOV,
				   sriov_fields, ARRAY_SIZE(sriov_fields)};
