/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from the SMMUv3's identification registers, by the rules of arm-smmu-v3.c (arm_smmu_device_hw_probe). */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_facts.h"

static unsigned int smmuv3_oas(const struct reg_value *idr5)
{
	static const unsigned char bits[] = {32, 36, 40, 42, 44, 48, 52, 56};

	return bits[reg_get(idr5->reg, "OAS", idr5->raw)];
}

static void smmuv3_stages(const struct reg_value *idr0, const struct reg_value *idr5, struct fact_list *list)
{
	uint64_t vax;

	if (!fact_has_flags(idr0, "S2P"))
		fact_flags(list, "second-stage", idr0, "S2P", "");
	else if (idr5)
		fact_add(list, "second-stage", true, smmuv3_oas(idr5), "%u-bit addresses (OAS)", smmuv3_oas(idr5));
	if (!fact_has_flags(idr0, "S1P")) {
		fact_flags(list, "first-stage", idr0, "S1P", "");
		return;
	}
	vax = idr5 ? reg_get(idr5->reg, "VAX", idr5->raw) : 3;
	if (vax < 3)
		fact_add(list, "first-stage", true, 48 + 4 * vax, "%" PRIu64 "-bit addresses (VAX)", 48 + 4 * vax);
}

static void smmuv3_page_sizes(const struct reg_value *idr5, struct fact_list *list)
{
	uint64_t mask = 0;
	char text[96];

	mask |= fact_has_flags(idr5, "GRAN4K") ? KiB(4) | MiB(2) | GiB(1) : 0;
	mask |= fact_has_flags(idr5, "GRAN16K") ? KiB(16) | MiB(32) : 0;
	mask |= fact_has_flags(idr5, "GRAN64K") ? KiB(64) | MiB(512) : 0;
	/* Linux adds it for 52-bit output addresses */
	mask |= reg_get(idr5->reg, "OAS", idr5->raw) == 6 ? TiB(4) : 0;
	if (mask)
		fact_add(list, "page-sizes", true, mask, "%s", fact_sizes(mask, text, sizeof(text)));
}

/* arm_smmu_dbm_capable(). With ACPI the kernel takes both from IORT (arm_smmu_device_acpi_probe). */
static void smmuv3_dirty(const struct reg_value *idr0, struct fact_list *list)
{
	static const char acpi[] = "on ACPI machines IORT's HTTU override and COHACC decide instead";
	uint64_t httu = reg_get(idr0->reg, "HTTU", idr0->raw);
	bool coherent = fact_has_flags(idr0, "COHACC");

	if (httu >= 2 && coherent)
		fact_add(list, "dirty-tracking", true, 0, "possible, with stage 1 tables (%s)", acpi);
	else if (httu >= 2)
		fact_add(list, "dirty-tracking", false, 0, "no: COHACC (bit 4) is clear (%s)", acpi);
	else
		fact_add(list, "dirty-tracking", false, 0, "no: HTTU (bits 7:6) is %" PRIu64 ", not 2 or 3%s (%s)",
			 httu, coherent ? "" : ", COHACC (bit 4) is clear", acpi);
}

static void smmuv3_pasid(const struct reg_value *idr1, struct fact_list *list)
{
	uint64_t bits = reg_get(idr1->reg, "SSIDSIZE", idr1->raw);

	if (bits)
		fact_add(list, "pasid", true, bits, "%" PRIu64 "-bit substream ids", bits);
	else
		fact_add(list, "pasid", false, 0, "no: SSIDSIZE (bits 10:6) is 0");
}

void facts_smmuv3(const struct reg_value *values, unsigned int n, struct fact_list *list)
{
	const struct reg_value *idr0 = reg_value_find(values, n, "smmuv3.idr0");
	const struct reg_value *idr1 = reg_value_find(values, n, "smmuv3.idr1");
	const struct reg_value *idr5 = reg_value_find(values, n, "smmuv3.idr5");

	if (idr0)
		smmuv3_stages(idr0, idr5, list);
	if (idr5)
		smmuv3_page_sizes(idr5, list);
	if (idr1)
		smmuv3_pasid(idr1, list);
	if (!idr0)
		return;
	smmuv3_dirty(idr0, list);
	fact_flags(list, "page-walk-coherency", idr0, "COHACC", "yes, unless the firmware says otherwise");
	fact_flags(list, "nested", idr0, "S1P S2P", "possible");
	fact_flags(list, "ats", idr0, "ATS", "yes");
	fact_flags(list, "pri", idr0, "PRI", "yes");
	fact_add(list, "domains", true, fact_has_flags(idr0, "VMID16") ? 1U << 16 : 1U << 8,
		 "%s-bit VMIDs, %s-bit ASIDs", fact_has_flags(idr0, "VMID16") ? "16" : "8",
		 fact_has_flags(idr0, "ASID16") ? "16" : "8");
}
