/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from the AMD IOMMU's feature registers, by the rules of drivers/iommu/amd. */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_facts.h"

/* AMD_IOMMU_PGSIZES: v1 tables take every power of two; Linux leaves 512G out (a hardware bug). */
#define AMD_V1_SIZES (((UINT64_C(1) << 52) - 1) & ~(KiB(4) - 1) & ~GiB(512))
#define AMD_V2_SIZES (KiB(4) | MiB(2) | GiB(1))

#define AMD_HATS_NONE 3

/* init.c: as many levels as HATS says, and no more bits than IVRS says. */
static void amd_host_tables(const struct reg_value *efr, struct fact_list *list)
{
	uint64_t hats = reg_get(efr->reg, "HATS", efr->raw), width = MIN((hats + 3) * 9 + 21, 64U);

	if (hats == AMD_HATS_NONE) {
		fact_add(list, "second-stage", false, 0, "no: HATS (bits 11:10) is 3, which is reserved");
		return;
	}
	fact_add(list, "second-stage", true, width, "%" PRIu64 "-bit addresses in host (v1) tables; IVRS may say fewer",
		 width);
	fact_add(list, "second-stage-levels", true, hats + 4, "%" PRIu64 "-level tables at most", hats + 4);
}

/* amd_iommu_v2_pgtbl_supported() */
static void amd_guest_tables(const struct reg_value *efr, struct fact_list *list)
{
	uint64_t width = reg_get(efr->reg, "GATS", efr->raw) == 1 ? 57 : 48;

	if (fact_has_flags(efr, "GTSup GIoSup"))
		fact_add(list, "first-stage", true, width, "%" PRIu64 "-bit addresses in guest (v2) tables", width);
	else
		fact_flags(list, "first-stage", efr, "GTSup GIoSup", "");
}

static void amd_page_sizes(const struct reg_value *efr, struct fact_list *list)
{
	bool guest = fact_has_flags(efr, "GTSup GIoSup");

	if (reg_get(efr->reg, "HATS", efr->raw) != AMD_HATS_NONE)
		fact_add(list, "page-sizes", true, AMD_V1_SIZES,
			 "v1 tables: every power of two from 4K, in Linux without 512G%s",
			 guest ? "; v2 tables: 4K, 2M, 1G" : "");
	else if (guest)
		fact_add(list, "page-sizes", true, AMD_V2_SIZES, "v2 tables: 4K, 2M, 1G");
}

static void amd_pasid(const struct reg_value *efr, struct fact_list *list)
{
	uint64_t bits = reg_get(efr->reg, "PASmax", efr->raw) + 1;

	if (fact_has_flags(efr, "GTSup"))
		fact_add(list, "pasid", true, bits, "%" PRIu64 "-bit PASIDs", bits);
	else
		fact_flags(list, "pasid", efr, "GTSup", "");
}

/* amd_iommu_hd_support() */
static void amd_dirty(const struct reg_value *efr, struct fact_list *list)
{
	if (reg_get(efr->reg, "HATS", efr->raw) == AMD_HATS_NONE)
		fact_add(list, "dirty-tracking", false, 0, "no: HATS (bits 11:10) is 3: there are no host (v1) tables");
	else
		fact_flags(list, "dirty-tracking", efr, "HDSup", "possible, with host (v1) tables");
}

/* is_nest_parent_supported() */
static void amd_nested(const struct reg_value *efr, const struct reg_value *efr2, struct fact_list *list)
{
	if (!fact_has_flags(efr, "GTSup GIoSup"))
		fact_flags(list, "nested", efr, "GTSup GIoSup", "");
	else if (efr2)
		fact_flags(list, "nested", efr2, "GCR3TRPMode", "possible: v2 tables over v1 tables");
}

void facts_amd(const struct reg_value *values, unsigned int n, struct fact_list *list)
{
	const struct reg_value *efr = reg_value_find(values, n, "amd.efr");
	const struct reg_value *cap = reg_value_find(values, n, "amd.cap");

	if (efr) {
		amd_host_tables(efr, list);
		amd_guest_tables(efr, list);
		amd_page_sizes(efr, list);
		amd_pasid(efr, list);
		amd_dirty(efr, list);
		fact_add(list, "snoop-control", true, 0, "yes: every host (v1) entry can force coherence (FC)");
		amd_nested(efr, reg_value_find(values, n, "amd.efr2"), list);
		fact_flags(list, "pri", efr, "PPRSup", "yes");
		fact_add(list, "interrupt-remapping", true, 0, "yes: part of the architecture");
		fact_flags(list, "x2apic", efr, "XTSup", "yes");
	}
	if (cap) {
		fact_flags(list, "ats", cap, "IotlbSup", "yes");
		fact_flags(list, "caching-mode", cap, "NpCache", "yes: a virtual IOMMU");
	}
	if (efr)
		fact_add(list, "domains", true, 1U << 16, "%u (16-bit ids)", 1U << 16);
}
