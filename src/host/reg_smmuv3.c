/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identification registers of the Arm SMMUv3, field by field: the specification's names and sections (IHI 0070, an issue
 * with SMMUv3.4).
 */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define IDR0 "IHI 0070 6.3.1"
#define IDR1 "IHI 0070 6.3.2"
#define IDR2 "IHI 0070 6.3.3"
#define IDR3 "IHI 0070 6.3.4"
#define IDR4 "IHI 0070 6.3.5"
#define IDR5 "IHI 0070 6.3.6"
#define IIDR "IHI 0070 6.3.7"
#define AIDR "IHI 0070 6.3.8"

static const char *const ttf[] = {NULL, "AArch32 (VMSAv8-32 LPAE) tables", "AArch64 (VMSAv8-64) tables",
				  "AArch32 and AArch64 tables"};
static const char *const httu[] = {
	"no hardware update of table entries", "accessed flag updated by hardware",
	"accessed flag and dirty state updated by hardware",
	"accessed flag, dirty state and table descriptors' accessed flag updated by hardware"};
static const char *const ns1ats[] = {"split-stage (stage 1 only) ATS, where ATS and both stages are there",
				     "no split-stage (stage 1 only) ATS"};
static const char *const ttendian[] = {"little- and big-endian tables", NULL, "little-endian tables",
				       "big-endian tables"};
static const char *const stall_model[] = {"faults may stall or terminate", "faults terminate", "faults stall"};
static const char *const term_model[] = {"terminated transactions abort or read as zero",
					 "terminated transactions always abort"};
static const char *const st_level[] = {"linear stream table", "linear or 2-level stream table"};

static const struct reg_field idr0_fields[] = {
	REG_BIT("S2P", 0, "stage 2 translation", IDR0),
	REG_BIT("S1P", 1, "stage 1 translation", IDR0),
	REG_CHOICE("TTF", 3, 2, "table formats", ttf, IDR0),
	REG_BIT("COHACC", 4, "coherent access to translation tables, structures and queues", IDR0),
	REG_BIT("BTM", 5, "broadcast TLB maintenance", IDR0),
	REG_CHOICE("HTTU", 7, 6, "hardware translation table update", httu, IDR0),
	REG_BIT("DORMHINT", 8, "dormant hint", IDR0),
	REG_BIT("Hyp", 9, "hypervisor stage 1 contexts", IDR0),
	REG_BIT("ATS", 10, "ATS", IDR0),
	REG_CHOICE("NS1ATS", 11, 11, "split-stage ATS", ns1ats, IDR0),
	REG_BIT("ASID16", 12, "16-bit ASIDs", IDR0),
	REG_BIT("MSI", 13, "MSIs from the SMMU itself", IDR0),
	REG_BIT("SEV", 14, "WFE wake-up events", IDR0),
	REG_BIT("ATOS", 15, "address translation operations", IDR0),
	REG_BIT("PRI", 16, "page requests (PRI)", IDR0),
	REG_BIT("VMW", 17, "VMID wildcards in TLB invalidation", IDR0),
	REG_BIT("VMID16", 18, "16-bit VMIDs", IDR0),
	REG_BIT("CD2L", 19, "2-level context descriptor tables", IDR0),
	REG_BIT("VATOS", 20, "virtual address translation operations", IDR0),
	REG_CHOICE("TTENDIAN", 22, 21, "byte order of tables", ttendian, IDR0),
	REG_BIT("ATSRECERR", 23, "records of configuration errors of ATS and page requests", IDR0),
	REG_CHOICE("STALL_MODEL", 25, 24, "stall model", stall_model, IDR0),
	REG_CHOICE("TERM_MODEL", 26, 26, "termination model", term_model, IDR0),
	REG_CHOICE("ST_LEVEL", 28, 27, "stream table formats", st_level, IDR0),
	REG_BIT("RME_IMPL", 30, "realm management extension", IDR0),
};
const struct reg reg_smmuv3_idr0 = {"smmuv3.idr0",	    "Arm SMMUv3 SMMU_IDR0 (offset 0x00)", 32, IDR0, idr0_fields,
				    ARRAY_SIZE(idr0_fields)};

static const struct reg_field idr1_fields[] = {
	REG_COUNT("SIDSIZE", 5, 0, "bits of a stream id", IDR1),
	REG_COUNT("SSIDSIZE", 10, 6, "bits of a substream id (PASID)", IDR1),
	REG_SHOW("PRIQS", 15, 11, "page request queue", reg_show_entries, IDR1),
	REG_SHOW("EVENTQS", 20, 16, "event queue", reg_show_entries, IDR1),
	REG_SHOW("CMDQS", 25, 21, "command queue", reg_show_entries, IDR1),
	REG_BIT("ATTR_PERMS_OVR", 26, "override of incoming permission attributes", IDR1),
	REG_BIT("ATTR_TYPES_OVR", 27, "override of incoming memory types and shareability", IDR1),
	REG_BIT("REL", 28, "preset addresses relative to the registers", IDR1),
	REG_BIT("QUEUES_PRESET", 29, "preset queue addresses", IDR1),
	REG_BIT("TABLES_PRESET", 30, "preset stream table addresses", IDR1),
	REG_BIT("ECMDQ", 31, "enhanced command queues", IDR1),
};
const struct reg reg_smmuv3_idr1 = {"smmuv3.idr1",	    "Arm SMMUv3 SMMU_IDR1 (offset 0x04)", 32, IDR1, idr1_fields,
				    ARRAY_SIZE(idr1_fields)};

static void smmuv3_show_vatos(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "VATOS page at offset 0x%" PRIx64 " (where VATOS is set)", 0x20000 + raw * 0x10000);
}

static const struct reg_field idr2_fields[] = {
	REG_SHOW("BA_VATOS", 9, 0, "VATOS page", smmuv3_show_vatos, IDR2),
};
const struct reg reg_smmuv3_idr2 = {"smmuv3.idr2",	    "Arm SMMUv3 SMMU_IDR2 (offset 0x08)", 32, IDR2, idr2_fields,
				    ARRAY_SIZE(idr2_fields)};

static const char *const bbml[] = {"level 0: break before make when a mapping changes its size",
				   "level 1: a changed size may be made valid with the nT bit",
				   "level 2: a changed size needs no break before make"};

static const struct reg_field idr3_fields[] = {
	REG_BIT("HAD", 2, "hierarchical attribute disable", IDR3),
	REG_BIT("PBHA", 3, "page-based hardware attributes", IDR3),
	REG_BIT("XNX", 4, "execute permission at stage 2 by exception level", IDR3),
	REG_BIT("PPS", 5, "the PASID in automatic responses at a page request queue overflow, whatever STE.PPAR says",
		IDR3),
	REG_BIT("MPAM", 7, "memory partitioning and monitoring", IDR3),
	REG_BIT("FWB", 8, "stage 2 control of memory types (S2FWB)", IDR3),
	REG_BIT("STT", 9, "small translation tables", IDR3),
	REG_BIT("RIL", 10, "range-based invalidation and level hint", IDR3),
	REG_CHOICE("BBML", 12, 11, "break-before-make level", bbml, IDR3),
	REG_BIT("E0PD", 13, "E0PD: unprivileged accesses kept out of a translation table's half", IDR3),
	REG_BIT("PTWNNC", 14, "stage 1 walks of Device memory treated as Normal non-cacheable", IDR3),
	REG_BIT("DPT", 15, "device permission table", IDR3),
	REG_BIT("PASIDTT", 16, "PASIDs in ATS translated transactions", IDR3),
	REG_BIT("EPAN", 17, "enhanced privileged access never", IDR3),
	REG_BIT("S1PI", 18, "stage 1 permission indirection", IDR3),
	REG_BIT("S2PI", 19, "stage 2 permission indirection", IDR3),
	REG_BIT("S2PO", 20, "stage 2 permission overlay", IDR3),
	REG_BIT("THE", 21, "translation hardening extension", IDR3),
	REG_BIT("MTEPERM", 22, "NoTagAccess encodings at stage 2 (MTE)", IDR3),
	REG_BIT("AIE", 23, "stage 1 attribute index extension", IDR3),
};
const struct reg reg_smmuv3_idr3 = {"smmuv3.idr3",	    "Arm SMMUv3 SMMU_IDR3 (offset 0x0c)", 32, IDR3, idr3_fields,
				    ARRAY_SIZE(idr3_fields)};

static const struct reg_field idr4_fields[] = {
	REG_CODE("IMPLEMENTATION DEFINED", 31, 0, "implementer's own bits", IDR4),
};
const struct reg reg_smmuv3_idr4 = {"smmuv3.idr4",	    "Arm SMMUv3 SMMU_IDR4 (offset 0x10)", 32, IDR4, idr4_fields,
				    ARRAY_SIZE(idr4_fields)};

static const char *const oas[] = {"32-bit output addresses", "36-bit output addresses", "40-bit output addresses",
				  "42-bit output addresses", "44-bit output addresses", "48-bit output addresses",
				  "52-bit output addresses", "56-bit output addresses"};
static const char *const vax[] = {"48-bit virtual addresses", "52-bit virtual addresses", "56-bit virtual addresses"};

static const struct reg_field idr5_fields[] = {
	REG_CHOICE("OAS", 2, 0, "output address size", oas, IDR5),
	REG_BIT("GRAN4K", 4, "4K granule", IDR5),
	REG_BIT("GRAN16K", 5, "16K granule", IDR5),
	REG_BIT("GRAN64K", 6, "64K granule", IDR5),
	REG_BIT("DS", 7, "52-bit addresses with the 4K and 16K granules", IDR5),
	REG_BIT("D128", 8, "128-bit (VMSAv9-128) descriptors", IDR5),
	REG_CHOICE("VAX", 11, 10, "virtual address extent", vax, IDR5),
	REG_COUNT("STALL_MAX", 31, 16, "stalled transactions at most", IDR5),
};
const struct reg reg_smmuv3_idr5 = {"smmuv3.idr5",	    "Arm SMMUv3 SMMU_IDR5 (offset 0x14)", 32, IDR5, idr5_fields,
				    ARRAY_SIZE(idr5_fields)};

static void smmuv3_show_implementer(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "JEP106 0x%" PRIx64 "%s", raw, raw == 0x43b ? " (Arm)" : "");
}

static void smmuv3_show_revision(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "revision p%" PRIu64, raw);
}

static void smmuv3_show_variant(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "variant r%" PRIu64, raw);
}

static void smmuv3_show_product(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "product 0x%03" PRIx64, raw);
}

static const struct reg_field iidr_fields[] = {
	REG_SHOW("Implementer", 11, 0, "implementer", smmuv3_show_implementer, IIDR),
	REG_SHOW("Revision", 15, 12, "minor revision", smmuv3_show_revision, IIDR),
	REG_SHOW("Variant", 19, 16, "major revision", smmuv3_show_variant, IIDR),
	REG_SHOW("ProductID", 31, 20, "product", smmuv3_show_product, IIDR),
};
const struct reg reg_smmuv3_iidr = {"smmuv3.iidr",	    "Arm SMMUv3 SMMU_IIDR (offset 0x18)", 32, IIDR, iidr_fields,
				    ARRAY_SIZE(iidr_fields)};

/* The register counts from SMMUv3.0 = 0; the major number is 0 for all of SMMUv3. */
static void smmuv3_show_minor(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "minor architecture revision %" PRIu64 " (SMMUv3.%" PRIu64 ")", raw, raw);
}

static void smmuv3_show_major(uint64_t raw, char *buf, size_t len)
{
	if (raw)
		snprintf(buf, len, "major architecture revision %" PRIu64, raw);
	else
		snprintf(buf, len, "SMMUv3");
}

static const struct reg_field aidr_fields[] = {
	REG_SHOW("ArchMinorRev", 3, 0, "minor architecture revision", smmuv3_show_minor, AIDR),
	REG_SHOW("ArchMajorRev", 7, 4, "major architecture revision", smmuv3_show_major, AIDR),
};
const struct reg reg_smmuv3_aidr = {"smmuv3.aidr",	    "Arm SMMUv3 SMMU_AIDR (offset 0x1c)", 32, AIDR, aidr_fields,
				    ARRAY_SIZE(aidr_fields)};
