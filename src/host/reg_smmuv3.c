/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The identification registers of the Arm SMMUv3, field by field (Arm IHI 0070; Linux arm-smmu-v3.h). */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define IDR0 "IHI 0070 SMMU_IDR0, Linux arm-smmu-v3.h"
#define IDR1 "IHI 0070 SMMU_IDR1, Linux arm-smmu-v3.h"
#define IDR3 "IHI 0070 SMMU_IDR3, Linux arm-smmu-v3.h"
#define IDR5 "IHI 0070 SMMU_IDR5, Linux arm-smmu-v3.h"
#define IIDR "IHI 0070 SMMU_IIDR, Linux arm-smmu-v3.h"
#define AIDR "IHI 0070 SMMU_AIDR"

static const char *const ttf[] = {NULL, "AArch32 tables", "AArch64 tables", "AArch32 and AArch64 tables"};
static const char *const httu[] = {"no hardware update of table entries", "accessed flag updated by hardware",
				   "accessed flag and dirty state updated by hardware",
				   "accessed flag and dirty state updated by hardware, also in table descriptors"};
static const char *const ttendian[] = {"tables of either byte order", NULL, "little-endian tables",
				       "big-endian tables"};
static const char *const stall_model[] = {"stall and terminate", "terminate only", "stall only"};
static const char *const st_level[] = {"linear stream table", "linear and 2-level stream tables"};

static const struct reg_field idr0_fields[] = {
	REG_BIT("S2P", 0, "stage 2 translation", IDR0),
	REG_BIT("S1P", 1, "stage 1 translation", IDR0),
	REG_CHOICE("TTF", 3, 2, "table formats", ttf, IDR0),
	REG_BIT("COHACC", 4, "coherent access to tables, streams and queues", IDR0),
	REG_CHOICE("HTTU", 7, 6, "hardware update of accessed and dirty state", httu, IDR0),
	REG_BIT("HYP", 9, "hypervisor stage 1 contexts", IDR0),
	REG_BIT("ATS", 10, "ATS", IDR0),
	REG_BIT("ASID16", 12, "16-bit ASIDs", IDR0),
	REG_BIT("MSI", 13, "message-signalled interrupts of its own", IDR0),
	REG_BIT("SEV", 14, "wake-up events (SEV)", IDR0),
	REG_BIT("PRI", 16, "page requests (PRI)", IDR0),
	REG_BIT("VMID16", 18, "16-bit VMIDs", IDR0),
	REG_BIT("CD2L", 19, "2-level context descriptor tables", IDR0),
	REG_CHOICE("TTENDIAN", 22, 21, "byte order of tables", ttendian, IDR0),
	REG_CHOICE("STALL_MODEL", 25, 24, "what a fault can do", stall_model, IDR0),
	REG_CHOICE("ST_LEVEL", 28, 27, "stream table formats", st_level, IDR0),
};
const struct reg reg_smmuv3_idr0 = {
	"smmuv3.idr0",		"Arm SMMUv3 SMMU_IDR0 (offset 0x00)", 32, "IHI 0070 SMMU_IDR0", idr0_fields,
	ARRAY_SIZE(idr0_fields)};

static const struct reg_field idr1_fields[] = {
	REG_COUNT("SIDSIZE", 5, 0, "bits of a stream id", IDR1),
	REG_COUNT("SSIDSIZE", 10, 6, "bits of a substream id (PASID)", IDR1),
	REG_SHOW("PRIQS", 15, 11, "entries of the page request queue at most", reg_show_power, IDR1),
	REG_SHOW("EVENTQS", 20, 16, "entries of the event queue at most", reg_show_power, IDR1),
	REG_SHOW("CMDQS", 25, 21, "entries of the command queue at most", reg_show_power, IDR1),
	REG_BIT("ATTR_TYPES_OVR", 27, "override of incoming memory types", IDR1),
	REG_BIT("REL", 28, "base addresses relative to the registers (where they are preset)", IDR1),
	REG_BIT("QUEUES_PRESET", 29, "preset queue addresses", IDR1),
	REG_BIT("TABLES_PRESET", 30, "preset table addresses", IDR1),
};
const struct reg reg_smmuv3_idr1 = {
	"smmuv3.idr1",		"Arm SMMUv3 SMMU_IDR1 (offset 0x04)", 32, "IHI 0070 SMMU_IDR1", idr1_fields,
	ARRAY_SIZE(idr1_fields)};

const struct reg reg_smmuv3_idr2 = {
	"smmuv3.idr2", "Arm SMMUv3 SMMU_IDR2 (offset 0x08)", 32, "IHI 0070 SMMU_IDR2", NULL, 0};

static const char *const bbm[] = {"break-before-make needed (level 0)", "break-before-make relaxed, level 1",
				  "break-before-make not needed, level 2"};

static const struct reg_field idr3_fields[] = {
	REG_BIT("FWB", 8, "stage 2 control of memory types (S2FWB)", IDR3),
	REG_BIT("RIL", 10, "range invalidation", IDR3),
	REG_CHOICE("BBML", 12, 11, "changing the size of a mapping", bbm, IDR3),
};
const struct reg reg_smmuv3_idr3 = {
	"smmuv3.idr3",		"Arm SMMUv3 SMMU_IDR3 (offset 0x0c)", 32, "IHI 0070 SMMU_IDR3", idr3_fields,
	ARRAY_SIZE(idr3_fields)};

static const struct reg_field idr4_fields[] = {
	REG_SHOW("IMPLEMENTATION DEFINED", 31, 0, "the implementer's own", reg_show_hex, "IHI 0070 SMMU_IDR4"),
};
const struct reg reg_smmuv3_idr4 = {
	"smmuv3.idr4",		"Arm SMMUv3 SMMU_IDR4 (offset 0x10)", 32, "IHI 0070 SMMU_IDR4", idr4_fields,
	ARRAY_SIZE(idr4_fields)};

static const char *const oas[] = {"32-bit output addresses", "36-bit output addresses", "40-bit output addresses",
				  "42-bit output addresses", "44-bit output addresses", "48-bit output addresses",
				  "52-bit output addresses"};
static const char *const vax[] = {"48-bit virtual addresses", "52-bit virtual addresses"};

static const struct reg_field idr5_fields[] = {
	REG_CHOICE("OAS", 2, 0, "output address size", oas, IDR5),
	REG_BIT("GRAN4K", 4, "4K pages", IDR5),
	REG_BIT("GRAN16K", 5, "16K pages", IDR5),
	REG_BIT("GRAN64K", 6, "64K pages", IDR5),
	REG_BIT("DS", 7, "52-bit addresses with 4K and 16K pages", IDR5),
	REG_CHOICE("VAX", 11, 10, "virtual address size", vax, IDR5),
	REG_COUNT("STALL_MAX", 31, 16, "stalled transactions at most", IDR5),
};
const struct reg reg_smmuv3_idr5 = {
	"smmuv3.idr5",		"Arm SMMUv3 SMMU_IDR5 (offset 0x14)", 32, "IHI 0070 SMMU_IDR5", idr5_fields,
	ARRAY_SIZE(idr5_fields)};

static const struct reg_field iidr_fields[] = {
	REG_SHOW("Implementer", 11, 0, "JEP106 code of the implementer", reg_show_hex, IIDR),
	REG_COUNT("Revision", 15, 12, "is the revision", IIDR),
	REG_COUNT("Variant", 19, 16, "is the variant", IIDR),
	REG_SHOW("ProductID", 31, 20, "product", reg_show_hex, IIDR),
};
const struct reg reg_smmuv3_iidr = {
	"smmuv3.iidr",		"Arm SMMUv3 SMMU_IIDR (offset 0x18)", 32, "IHI 0070 SMMU_IIDR", iidr_fields,
	ARRAY_SIZE(iidr_fields)};

const struct reg reg_smmuv3_aidr = {
	"smmuv3.aidr", "Arm SMMUv3 SMMU_AIDR (offset 0x1c)", 32, "IHI 0070 SMMU_AIDR", NULL, 0};
