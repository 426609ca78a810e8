/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from VT-d's CAP and ECAP, by the rules of drivers/iommu/intel/iommu.c. */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_facts.h"

/* The widest table of SAGAW: 0 for none, else its levels. */
static unsigned int vtd_levels(uint64_t sagaw)
{
	for (unsigned int bit = 3; bit >= 1; bit--)
		if (sagaw >> bit & 1)
			return bit + 2;
	return 0;
}

/* As compute_vasz_lg2_ss(): the table's width, cut at MGAW. */
static void vtd_second_stage(const struct reg_value *cap, const struct reg_value *ecap, struct fact_list *list)
{
	uint64_t sagaw = reg_get(cap->reg, "SAGAW", cap->raw), mgaw = reg_get(cap->reg, "MGAW", cap->raw) + 1;
	unsigned int levels = vtd_levels(sagaw), width = 12 + 9 * levels;
	bool legacy_only = ecap && fact_has_flags(ecap, "SMTS") && !fact_has_flags(ecap, "SSTS");

	if (!levels) {
		fact_add(list, "second-stage", false, 0, "no: SAGAW (bits 12:8) names no table");
		return;
	}
	fact_add(list, "second-stage", true, MIN(mgaw, width),
		 "%" PRIu64 "-bit addresses (MGAW %" PRIu64 ", tables of %u bits in SAGAW)%s", MIN(mgaw, width), mgaw,
		 width, legacy_only ? ", in legacy mode only: SSTS (bit 46) is clear" : "");
	fact_add(list, "second-stage-levels", true, levels, "%u-level tables%s", levels,
		 sagaw & ((1U << (levels - 2)) - 1) & 0xe ? " at most" : "");
}

/* As compute_vasz_lg2_fs(). */
static void vtd_first_stage(const struct reg_value *cap, const struct reg_value *ecap, struct fact_list *list)
{
	uint64_t mgaw, width;

	if (!fact_has_flags(ecap, "SMTS FSTS")) {
		fact_flags(list, "first-stage", ecap, "SMTS FSTS", "");
		return;
	}
	if (!cap)
		return;
	mgaw = reg_get(cap->reg, "MGAW", cap->raw) + 1;
	width = mgaw > 48 && fact_has_flags(cap, "FS5LP") ? 57 : 48;
	fact_add(list, "first-stage", true, MIN(width, mgaw), "%" PRIu64 "-bit addresses, in scalable mode",
		 MIN(width, mgaw));
}

static void vtd_page_sizes(const struct reg_value *cap, const struct reg_value *ecap, struct fact_list *list)
{
	uint64_t sslps = reg_get(cap->reg, "SSLPS", cap->raw), second = KiB(4), first = KiB(4) | MiB(2);
	bool has_second = vtd_levels(reg_get(cap->reg, "SAGAW", cap->raw)) > 0;
	bool has_first = ecap && fact_has_flags(ecap, "SMTS FSTS");
	char a[48], b[48];

	second |= (sslps & 1 ? MiB(2) : 0) | (sslps & 2 ? GiB(1) : 0);
	first |= fact_has_flags(cap, "FS1GP") ? GiB(1) : 0;
	fact_sizes(second, a, sizeof(a));
	fact_sizes(first, b, sizeof(b));
	if (has_second && has_first)
		fact_add(list, "page-sizes", true, second, "second stage %s; first stage %s", a, b);
	else if (has_second)
		fact_add(list, "page-sizes", true, second, "%s", a);
	else if (has_first)
		fact_add(list, "page-sizes", true, first, "first stage %s", b);
}

static void vtd_pasid(const struct reg_value *ecap, struct fact_list *list)
{
	uint64_t bits = reg_get(ecap->reg, "PSS", ecap->raw) + 1;

	if (fact_has_flags(ecap, "SMTS PASID"))
		fact_add(list, "pasid", true, bits, "%" PRIu64 "-bit PASIDs, in scalable mode", bits);
	else
		fact_flags(list, "pasid", ecap, "SMTS PASID", "");
}

/* iommu_paging_structure_coherency(): which bit counts depends on the mode that the kernel uses. */
static void vtd_coherency(const struct reg_value *ecap, struct fact_list *list)
{
	bool legacy = fact_has_flags(ecap, "C"), scalable = fact_has_flags(ecap, "SMPWCS");

	if (!fact_has_flags(ecap, "SMTS"))
		fact_flags(list, "page-walk-coherency", ecap, "C", "yes");
	else if (legacy == scalable)
		fact_flags(list, "page-walk-coherency", ecap, "C SMPWCS", "yes, in legacy and in scalable mode");
	else
		fact_add(list, "page-walk-coherency", false, 0, "only in %s mode: %s is clear",
			 legacy ? "legacy" : "scalable", legacy ? "SMPWCS (bit 48)" : "C (bit 0)");
}

static void vtd_from_ecap(const struct reg_value *ecap, struct fact_list *list)
{
	vtd_pasid(ecap, list);
	/* ssads_supported() */
	fact_flags(list, "dirty-tracking", ecap, "SMTS SSADS SMPWCS",
		   "possible where the kernel uses scalable mode (intel_iommu=sm_on), with second-stage tables");
	fact_flags(list, "snoop-control", ecap, "SC", "yes: snooping can be forced in second-stage entries");
	vtd_coherency(ecap, list);
	/* nested_supported() */
	fact_flags(list, "nested", ecap, "SMTS NEST", "possible where the kernel uses scalable mode");
	fact_flags(list, "ats", ecap, "DT", "yes");
	fact_flags(list, "pri", ecap, "PRS", "yes");
	fact_flags(list, "interrupt-remapping", ecap, "IR", "yes");
	fact_flags(list, "x2apic", ecap, "IR EIM", "yes");
}

static void vtd_domains(const struct reg_value *cap, struct fact_list *list)
{
	uint64_t nd = reg_get(cap->reg, "ND", cap->raw);

	if (nd <= 6)
		fact_add(list, "domains", true, 1U << (4 + 2 * nd), "%u", 1U << (4 + 2 * nd));
}

void facts_vtd(const struct reg_value *values, unsigned int n, struct fact_list *list)
{
	const struct reg_value *cap = reg_value_find(values, n, "vtd.cap");
	const struct reg_value *ecap = reg_value_find(values, n, "vtd.ecap");

	if (cap)
		vtd_second_stage(cap, ecap, list);
	if (ecap)
		vtd_first_stage(cap, ecap, list);
	if (cap)
		vtd_page_sizes(cap, ecap, list);
	if (ecap)
		vtd_from_ecap(ecap, list);
	if (cap) {
		fact_flags(list, "caching-mode", cap, "CM", "yes: a virtual IOMMU");
		vtd_domains(cap, list);
	}
}
