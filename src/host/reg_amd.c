/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of the AMD IOMMU, field by field (AMD 48882; Linux drivers/iommu/amd/amd_iommu_types.h). */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define EFR "AMD 48882 MMIO 0030h, Linux amd_iommu_types.h"
#define EFR2 "AMD 48882 MMIO 01A0h, Linux amd_iommu_types.h"

static const char *const amd_hats[] = {"4-level host tables at most", "5-level host tables at most",
				       "6-level host tables at most", "reserved: no host tables (Linux reads it so)"};
static const char *const amd_gats[] = {"4-level guest tables at most", "5-level guest tables at most",
				       "6-level guest tables at most"};
static const char *const amd_glx[] = {"1-level guest CR3 table", "2-level guest CR3 table", "3-level guest CR3 table"};

static const struct reg_field efr_fields[] = {
	REG_BIT("PreFSup", 0, "prefetch of translations by command", EFR),
	REG_BIT("PPRSup", 1, "peripheral page requests (PRI)", EFR),
	REG_BIT("XTSup", 2, "x2APIC", EFR),
	REG_BIT("NXSup", 3, "no-execute protection", EFR),
	REG_BIT("GTSup", 4, "guest (v2) translation", EFR),
	REG_BIT("IASup", 6, "INVALIDATE_IOMMU_ALL", EFR),
	REG_BIT("GASup", 7, "guest virtual APIC", EFR),
	REG_BIT("HESup", 8, "hardware error registers", EFR),
	REG_BIT("PCSup", 9, "performance counters", EFR),
	REG_CHOICE("HATS", 11, 10, "host address translation size", amd_hats, EFR),
	REG_CHOICE("GATS", 13, 12, "guest address translation size", amd_gats, EFR),
	REG_CHOICE("GLXSup", 15, 14, "levels of the guest CR3 table", amd_glx, EFR),
	REG_SHOW("PASmax", 36, 32, "PASID size", reg_show_pasid_bits, EFR),
	REG_BIT("GIoSup", 48, "guest I/O protection", EFR),
	REG_BIT("HASup", 49, "accessed bit in host (v1) entries", EFR),
	REG_BIT("EPHSup", 50, "enhanced handling of page requests", EFR),
	REG_BIT("HDSup", 52, "dirty bit in host (v1) entries", EFR),
	REG_BIT("SNPSup", 63, "SEV-SNP", EFR),
};
const struct reg reg_amd_efr = {"amd.efr",  "AMD IOMMU extended feature register (MMIO offset 0x30)",
				64,	    "AMD 48882 MMIO 0030h",
				efr_fields, ARRAY_SIZE(efr_fields)};

static const char *const amd_int_remap[] = {"512 interrupts a device", "2048 interrupts a device"};

static const struct reg_field efr2_fields[] = {
	REG_BIT("SEVSNPIOSup", 1, "SEV-SNP for I/O (SEV-TIO)", EFR2),
	REG_BIT("GCR3TRPMode", 3, "guest CR3 table as a guest physical address", EFR2),
	REG_SHOW("SNPAVICSup", 7, 5, "AVIC under SNP", reg_show_hex, EFR2),
	REG_CHOICE("NumIntRemapSup", 9, 8, "interrupts of a device", amd_int_remap, EFR2),
	REG_BIT("HtRangeIgnore", 11, "the HyperTransport address range as plain memory", EFR2),
};
const struct reg reg_amd_efr2 = {"amd.efr2",  "AMD IOMMU extended feature 2 register (MMIO offset 0x1a0)",
				 64,	      "AMD 48882 MMIO 01A0h",
				 efr2_fields, ARRAY_SIZE(efr2_fields)};

#define CAPHDR "AMD 48882 capability offset 00h, Linux amd_iommu_types.h"
static const struct reg_field cap_fields[] = {
	REG_BIT("IotlbSup", 24, "device TLBs (ATS)", CAPHDR),
	REG_BIT("NpCache", 26, "caching of entries that are not present, as virtual IOMMUs do", CAPHDR),
	REG_BIT("EFRSup", 27, "extended feature register", CAPHDR),
};
const struct reg reg_amd_cap = {"amd.cap",  "AMD IOMMU PCI capability header",
				32,	    "AMD 48882 capability offset 00h",
				cap_fields, ARRAY_SIZE(cap_fields)};

#define CTRL "AMD 48882 MMIO 0018h, Linux amd_iommu_types.h"
static const char *const amd_inv_timeout[] = {"no time-out of invalidations", "1 ms for an invalidation",
					      "10 ms for an invalidation",    "100 ms for an invalidation",
					      "1 s for an invalidation",      "10 s for an invalidation",
					      "100 s for an invalidation"};

static const struct reg_field ctrl_fields[] = {
	REG_BIT("IommuEn", 0, "DMA translation enabled", CTRL),
	REG_BIT("HtTunEn", 1, "HyperTransport tunnel translated", CTRL),
	REG_BIT("EventLogEn", 2, "event log enabled", CTRL),
	REG_BIT("EventIntEn", 3, "event log interrupt enabled", CTRL),
	REG_BIT("ComWaitIntEn", 4, "completion wait interrupt enabled", CTRL),
	REG_CHOICE("InvTimeOut", 7, 5, "time-out of device-TLB invalidations", amd_inv_timeout, CTRL),
	REG_BIT("PassPW", 8, "posted writes may pass", CTRL),
	REG_BIT("ResPassPW", 9, "responses may pass posted writes", CTRL),
	REG_BIT("Coherent", 10, "coherent reads of the device table", CTRL),
	REG_BIT("Isoc", 11, "isochronous table reads", CTRL),
	REG_BIT("CmdBufEn", 12, "command buffer enabled", CTRL),
	REG_BIT("PPRLogEn", 13, "page request log enabled", CTRL),
	REG_BIT("PPRIntEn", 14, "page request interrupt enabled", CTRL),
	REG_BIT("PPREn", 15, "page requests enabled", CTRL),
	REG_BIT("GTEn", 16, "guest translation enabled", CTRL),
	REG_BIT("GAEn", 17, "guest virtual APIC enabled", CTRL),
	REG_BIT("XTEn", 50, "x2APIC enabled", CTRL),
	REG_BIT("IntCapXTEn", 51, "x2APIC mode of the IOMMU's own interrupts enabled", CTRL),
};
const struct reg reg_amd_ctrl = {"amd.ctrl",  "AMD IOMMU control register (MMIO offset 0x18)",
				 64,	      "AMD 48882 MMIO 0018h",
				 ctrl_fields, ARRAY_SIZE(ctrl_fields)};
