/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of the AMD IOMMU, field by field: the names of the specification (48882). Fields that Linux does not use are
 * here where Xen's and illumos' own tables, written from that document, agree; where they differ the bits are left raw.
 */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define EFR "AMD 48882 MMIO 0030h, Linux amd_iommu_types.h"
#define EFR_XEN "AMD 48882 MMIO 0030h, Xen iommu-defs.h"
#define EFR2 "AMD 48882 MMIO 01A0h, Linux amd_iommu_types.h"
#define CAPHDR "AMD 48882 capability 00h, Linux amd_iommu_types.h"
#define CAPHDR_QEMU "AMD 48882 capability 00h, QEMU amd_iommu.h"
#define CTRL "AMD 48882 MMIO 0018h, Linux amd_iommu_types.h"
#define CTRL_ILLUMOS "AMD 48882 MMIO 0018h, illumos amd_iommu_impl.h"
#define CTRL_XEN "AMD 48882 MMIO 0018h, Xen iommu-defs.h"

static const char *const amd_hats[] = {"4-level host tables at most", "5-level host tables at most",
				       "6-level host tables at most"};
static const char *const amd_gats[] = {"4-level guest tables at most", "5-level guest tables at most",
				       "6-level guest tables at most"};
static const char *const amd_glx[] = {"1-level guest CR3 table", "1- or 2-level guest CR3 table",
				      "1- to 3-level guest CR3 table"};
static const char *const amd_gam[] = {"no guest virtual APIC mode", "guest virtual APIC mode"};

static void amd_show_pasmax(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 "-bit PASIDs (where GTSup is set)", raw + 1);
}

static const struct reg_field efr_fields[] = {
	REG_BIT("PreFSup", 0, "prefetch command", EFR),
	REG_BIT("PPRSup", 1, "peripheral page requests (PRI)", EFR),
	REG_BIT("XTSup", 2, "x2APIC", EFR),
	REG_BIT("NXSup", 3, "no-execute and privilege protection", EFR),
	REG_BIT("GTSup", 4, "guest (v2) translation", EFR),
	REG_BIT("GAPPISup", 5, "guest APIC physical processor interrupt", EFR_XEN),
	REG_BIT("IASup", 6, "INVALIDATE_IOMMU_ALL command", EFR),
	REG_BIT("GASup", 7, "guest virtual APIC", EFR),
	REG_BIT("HESup", 8, "hardware error registers", EFR),
	REG_BIT("PCSup", 9, "performance counters", EFR),
	REG_CHOICE("HATS", 11, 10, "host address translation size", amd_hats, EFR),
	REG_CHOICE("GATS", 13, 12, "guest address translation size", amd_gats, EFR),
	REG_CHOICE("GLXSup", 15, 14, "guest CR3 table", amd_glx, EFR),
	REG_CODE("SmiFSup", 17, 16, "SMI filter", EFR_XEN),
	REG_CODE("SmiFRC", 20, 18, "SMI filter registers", EFR_XEN),
	REG_CHOICE("GAMSup", 23, 21, "guest virtual APIC modes", amd_gam, EFR),
	REG_CODE("DualPprLogSup", 25, 24, "second page request log", EFR_XEN),
	REG_CODE("DualEventLogSup", 29, 28, "second event log", EFR_XEN),
	REG_BIT("SATSup", 31, "secure ATS", EFR_XEN),
	REG_SHOW("PASmax", 36, 32, "PASID size", amd_show_pasmax, EFR),
	REG_BIT("USSup", 37, "user and supervisor page protection", EFR_XEN),
	REG_CODE("DevTblSegSup", 39, 38, "device table segments", EFR_XEN),
	REG_BIT("PprOvrflwEarlySup", 40, "early warning of a page request log overflow", EFR_XEN),
	REG_BIT("PPRAutoRspSup", 41, "automatic responses to page requests", EFR_XEN),
	REG_CODE("MarcSup", 43, 42, "memory access routing and control (MARC)", EFR_XEN),
	REG_BIT("BlkStopMrkSup", 44, "blocking of stop markers", EFR_XEN),
	REG_BIT("PerfOptSup", 45, "performance optimisation", EFR_XEN),
	REG_BIT("MsiCapMmioSup", 46, "MSI capability by MMIO", EFR_XEN),
	REG_BIT("GIoSup", 48, "guest I/O protection", EFR),
	REG_BIT("HASup", 49, "accessed bit in host (v1) entries", EFR),
	REG_BIT("EPHSup", 50, "enhanced handling of page requests", EFR),
	REG_BIT("AttrFWSup", 51, "forwarding of attributes", EFR_XEN),
	REG_BIT("HDSup", 52, "dirty bit in host (v1) entries", EFR),
	REG_BIT("InvIotlbTypeSup", 54, "type field in INVALIDATE_IOTLB_PAGES", EFR_XEN),
	REG_BIT("vIommuSup", 55, "vIOMMU", EFR_XEN),
	REG_BIT("GAUpdateDisSup", 61, "switching off the accessed bit of guest (v2) entries", EFR_XEN),
	REG_BIT("ForcePhyDestSup", 62, "forced physical destination mode of remapped interrupts",
		"AMD 48882 MMIO 0030h, VirtualBox iommu-amd.h"),
	REG_BIT("SNPSup", 63, "SEV-SNP", EFR),
};
const struct reg reg_amd_efr = {"amd.efr",  "AMD IOMMU extended feature register (MMIO offset 0x30)",
				64,	    "AMD 48882 MMIO 0030h",
				efr_fields, ARRAY_SIZE(efr_fields)};

static const char *const amd_int_remap[] = {"512 remapped interrupts a device", "2048 remapped interrupts a device"};
static const char *const amd_snp_avic[] = {"no guest virtual APIC under SNP", "guest virtual APIC under SNP"};

static const struct reg_field efr2_fields[] = {
	REG_BIT("SEVSNPIOSup", 1, "SEV-SNP for I/O (SEV-TIO)", EFR2),
	REG_BIT("GCR3TRPMode", 3, "guest CR3 table by guest physical address", EFR2),
	REG_CHOICE("SNPAVICSup", 7, 5, "guest virtual APIC under SNP", amd_snp_avic, EFR2),
	REG_CHOICE("NumIntRemapSup", 9, 8, "interrupts of a device", amd_int_remap, EFR2),
	REG_BIT("HtRangeIgnore", 11, "use of the HyperTransport address range as memory", EFR2),
	REG_BIT("SNPPageMode0Sup", 13, "page mode 0 (no host tables) under SNP", EFR2),
};
const struct reg reg_amd_efr2 = {"amd.efr2",  "AMD IOMMU extended feature 2 register (MMIO offset 0x1a0)",
				 64,	      "AMD 48882 MMIO 01A0h",
				 efr2_fields, ARRAY_SIZE(efr2_fields)};

static void amd_show_cap_type(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, raw == 3 ? "an IOMMU" : "type %" PRIu64 ", no IOMMU", raw);
}

static void amd_show_cap_rev(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "capability revision %" PRIu64, raw);
}

static const struct reg_field cap_fields[] = {
	REG_CODE("CapId", 7, 0, "capability id", CAPHDR_QEMU),
	REG_CODE("CapPtr", 15, 8, "next capability", CAPHDR_QEMU),
	REG_SHOW("CapType", 18, 16, "capability type", amd_show_cap_type, CAPHDR_QEMU),
	REG_SHOW("CapRev", 23, 19, "capability revision", amd_show_cap_rev, CAPHDR_QEMU),
	REG_BIT("IotlbSup", 24, "device TLBs (ATS)", CAPHDR),
	REG_BIT("HtTunnel", 25, "translation of the HyperTransport tunnel", CAPHDR_QEMU),
	REG_BIT("NpCache", 26, "caching of entries that are not present: a virtual IOMMU", CAPHDR),
	REG_BIT("EFRSup", 27, "extended feature register", CAPHDR),
	REG_BIT("CapExt", 28, "second miscellaneous information register", CAPHDR_QEMU),
};
const struct reg reg_amd_cap = {"amd.cap",  "AMD IOMMU PCI capability header (capability offset 0x00)",
				32,	    "AMD 48882 capability 00h",
				cap_fields, ARRAY_SIZE(cap_fields)};

static const char *const amd_inv_timeout[] = {
	"no time-out of device-TLB invalidations", "1 ms for a device-TLB invalidation",
	"10 ms for a device-TLB invalidation",	   "100 ms for a device-TLB invalidation",
	"1 s for a device-TLB invalidation",	   "10 s for a device-TLB invalidation",
	"100 s for a device-TLB invalidation"};

static const struct reg_field ctrl_fields[] = {
	REG_BIT("IommuEn", 0, "DMA translation enabled", CTRL),
	REG_BIT("HtTunEn", 1, "HyperTransport tunnel traffic translated", CTRL),
	REG_BIT("EventLogEn", 2, "event log enabled", CTRL),
	REG_BIT("EventIntEn", 3, "event log interrupt enabled", CTRL),
	REG_BIT("ComWaitIntEn", 4, "completion wait interrupt enabled", CTRL),
	REG_CHOICE("InvTimeOut", 7, 5, "time-out of device-TLB invalidations", amd_inv_timeout, CTRL),
	REG_BIT("PassPW", 8, "pass posted writes set in table reads", CTRL),
	REG_BIT("ResPassPW", 9, "response pass posted writes set in table reads", CTRL),
	REG_BIT("Coherent", 10, "coherent table reads", CTRL),
	REG_BIT("Isoc", 11, "isochronous table reads", CTRL),
	REG_BIT("CmdBufEn", 12, "command buffer enabled", CTRL),
	REG_BIT("PPRLogEn", 13, "page request log enabled", CTRL),
	REG_BIT("PPRIntEn", 14, "page request interrupt enabled", CTRL),
	REG_BIT("PPREn", 15, "page requests enabled", CTRL),
	REG_BIT("GTEn", 16, "guest translation enabled", CTRL),
	REG_BIT("GAEn", 17, "guest virtual APIC enabled", CTRL),
	REG_BIT("SmiFEn", 22, "SMI filter enabled", CTRL_XEN),
	REG_BIT("SlfWBdis", 23, "self write back disabled", CTRL_XEN),
	REG_BIT("SmiFLogEn", 24, "SMI filter log enabled", CTRL_XEN),
	REG_CODE("GAMEn", 27, 25, "guest virtual APIC mode", CTRL_XEN),
	REG_BIT("GALogEn", 28, "guest virtual APIC log enabled", CTRL),
	REG_BIT("GAIntEn", 29, "guest virtual APIC log interrupt enabled", CTRL),
	REG_CODE("DualPprLogEn", 31, 30, "second page request log", CTRL_XEN),
	REG_CODE("DualEventLogEn", 33, 32, "second event log", CTRL_XEN),
	REG_CODE("DevTblSegEn", 36, 34, "device table segments", CTRL_XEN),
	REG_CODE("PrivAbrtEn", 38, 37, "abort of privileged requests", CTRL_XEN),
	REG_BIT("PprAutoRspEn", 39, "automatic responses to page requests enabled", CTRL_XEN),
	REG_BIT("MarcEn", 40, "memory access routing and control enabled", CTRL_XEN),
	REG_BIT("BlkStopMrkEn", 41, "blocking of stop markers enabled", CTRL_XEN),
	REG_BIT("PprAutoRspAon", 42, "automatic responses to page requests always on", CTRL_XEN),
	REG_CHOICE("NumIntRemapMode", 44, 43, "interrupts of a device", amd_int_remap, CTRL),
	REG_BIT("EPHEn", 45, "enhanced handling of page requests enabled", CTRL),
	REG_CODE("HADUpdate", 47, 46, "update of accessed and dirty bits of host (v1) entries", CTRL_XEN),
	REG_BIT("GDUpdateDis", 48, "update of the dirty bit of guest (v2) entries off", CTRL_XEN),
	REG_BIT("XTEn", 50, "x2APIC enabled", CTRL),
	REG_BIT("IntCapXTEn", 51, "x2APIC format of the IOMMU's own interrupts enabled", CTRL),
	REG_BIT("vCmdEn", 52, "vIOMMU command buffers enabled", CTRL_XEN),
	REG_BIT("vIommuEn", 53, "vIOMMU enabled", CTRL_XEN),
	REG_BIT("GAUpdateDis", 54, "update of the accessed bit of guest (v2) entries off", CTRL_XEN),
	REG_BIT("GAPPIEn", 55, "guest APIC physical processor interrupt enabled", CTRL_XEN),
	REG_BIT("TMPMEn", 56, "tiered memory page migration enabled", CTRL_ILLUMOS),
	REG_BIT("GCR3TRPMode", 58, "guest CR3 table by guest physical address", CTRL),
	REG_BIT("IRTCacheDis", 59, "cache of interrupt remapping entries off", CTRL),
	REG_BIT("GstBufferTRPMode", 60, "guest buffers by guest physical address", CTRL_ILLUMOS),
	REG_CODE("SNPAVICEn", 63, 61, "guest virtual APIC under SNP", CTRL),
};
const struct reg reg_amd_ctrl = {"amd.ctrl",  "AMD IOMMU control register (MMIO offset 0x18)",
				 64,	      "AMD 48882 MMIO 0018h",
				 ctrl_fields, ARRAY_SIZE(ctrl_fields)};
