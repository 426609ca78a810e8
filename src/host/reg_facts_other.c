/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from the RISC-V IOMMU's capabilities and from virtio-iommu's feature bits. */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_facts.h"

struct riscv_mode {
	const char *flag;
	unsigned int bits, levels;
	uint64_t sizes;
};

/* RISC-V IOMMU, capabilities: the modes from wide to narrow */
static const struct riscv_mode riscv_first[] = {
	{"Sv57", 57, 5, KiB(4) | MiB(2) | GiB(1) | GiB(512) | TiB(256)},
	{"Sv48", 48, 4, KiB(4) | MiB(2) | GiB(1) | GiB(512)},
	{"Sv39", 39, 3, KiB(4) | MiB(2) | GiB(1)},
	{"Sv32", 32, 2, KiB(4) | MiB(4)},
};
static const struct riscv_mode riscv_second[] = {
	{"Sv57x4", 59, 5, KiB(4) | MiB(2) | GiB(1) | GiB(512) | TiB(256)},
	{"Sv48x4", 50, 4, KiB(4) | MiB(2) | GiB(1) | GiB(512)},
	{"Sv39x4", 41, 3, KiB(4) | MiB(2) | GiB(1)},
	{"Sv32x4", 34, 2, KiB(4) | MiB(4)},
};

static const struct riscv_mode *riscv_widest(const struct reg_value *caps, const struct riscv_mode *modes,
					     unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (fact_has_flags(caps, modes[i].flag))
			return &modes[i];
	return NULL;
}

static void riscv_stages(const struct reg_value *caps, struct fact_list *list)
{
	const struct riscv_mode *first = riscv_widest(caps, riscv_first, ARRAY_SIZE(riscv_first));
	const struct riscv_mode *second = riscv_widest(caps, riscv_second, ARRAY_SIZE(riscv_second));
	const struct riscv_mode *either = first ? first : second;
	char text[64];

	if (second) {
		fact_add(list, "second-stage", true, second->bits, "%u-bit addresses (%s)", second->bits, second->flag);
		fact_add(list, "second-stage-levels", true, second->levels, "%u-level tables at most", second->levels);
	} else {
		fact_add(list, "second-stage", false, 0, "no: Sv32x4, Sv39x4, Sv48x4, Sv57x4 (bits 19:16) are clear");
	}
	if (first)
		fact_add(list, "first-stage", true, first->bits, "%u-bit addresses (%s)", first->bits, first->flag);
	else
		fact_add(list, "first-stage", false, 0, "no: Sv32, Sv39, Sv48, Sv57 (bits 11:8) are clear");
	if (either)
		fact_add(list, "page-sizes", true, either->sizes, "%s", fact_sizes(either->sizes, text, sizeof(text)));
	fact_add(list, "nested", first && second, 0, "%s", first && second ? "possible" : "no: it takes both stages");
}

static void riscv_pasid(const struct reg_value *caps, struct fact_list *list)
{
	static const struct {
		const char *flag;
		unsigned int bits;
	} sizes[] = {{"PD20", 20}, {"PD17", 17}, {"PD8", 8}};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (!fact_has_flags(caps, sizes[i].flag))
			continue;
		fact_add(list, "pasid", true, sizes[i].bits, "%u-bit process ids (%s)", sizes[i].bits, sizes[i].flag);
		return;
	}
	fact_add(list, "pasid", false, 0, "no: PD8, PD17, PD20 (bits 40:38) are clear");
}

void facts_riscv(const struct reg_value *values, unsigned int n, struct fact_list *list)
{
	const struct reg_value *caps = reg_value_find(values, n, "riscv.caps");

	if (!caps)
		return;
	riscv_stages(caps, list);
	riscv_pasid(caps, list);
	fact_flags(list, "dirty-tracking", caps, "AMO_HWAD",
		   "possible in hardware; Linux' driver offers it only where IOMMU_HW_CAP_DIRTY_TRACKING says so");
	fact_flags(list, "ats", caps, "ATS", "yes");
	fact_flags(list, "pri", caps, "ATS", "yes");
}

void facts_virtio(const struct reg_value *values, unsigned int n, struct fact_list *list)
{
	const struct reg_value *features = reg_value_find(values, n, "virtio-iommu.features");

	if (!features)
		return;
	/* virtio 1.3 5.13.3 has no feature bit for it */
	fact_add(list, "dirty-tracking", false, 0, "no: virtio-iommu has no feature for it");
}
