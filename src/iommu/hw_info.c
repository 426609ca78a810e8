/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What IOMMU_GET_HW_INFO answers, by type: names and fields. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "iommu/iommufd_abi.h"
#include "iommu/mock_abi.h"
#include "iommu/objects.h"

struct hw_info_field {
	const char *name;
	unsigned int at, width;
};

#define FIELD(name, type, member)                                                       \
	{                                                                               \
		name, offsetof(struct type, member), sizeof(((struct type *)0)->member) \
	}

static const struct {
	uint32_t type;
	const char *name;
	struct hw_info_field fields[10];
} hw_info_types[] = {
	{.type = IC_IOMMUFD_HW_INFO_TYPE_NONE, .name = "none"},
	{.type = IC_IOMMUFD_HW_INFO_TYPE_INTEL_VTD,
	 .name = "intel-vtd",
	 .fields = {FIELD("flags", ic_iommufd_hw_info_vtd, flags), FIELD("cap", ic_iommufd_hw_info_vtd, cap_reg),
		    FIELD("ecap", ic_iommufd_hw_info_vtd, ecap_reg)}},
	{.type = IC_IOMMUFD_HW_INFO_TYPE_ARM_SMMUV3,
	 .name = "arm-smmuv3",
	 .fields = {FIELD("flags", ic_iommufd_hw_info_arm_smmuv3, flags),
		    FIELD("idr0", ic_iommufd_hw_info_arm_smmuv3, idr[0]),
		    FIELD("idr1", ic_iommufd_hw_info_arm_smmuv3, idr[1]),
		    FIELD("idr2", ic_iommufd_hw_info_arm_smmuv3, idr[2]),
		    FIELD("idr3", ic_iommufd_hw_info_arm_smmuv3, idr[3]),
		    FIELD("idr4", ic_iommufd_hw_info_arm_smmuv3, idr[4]),
		    FIELD("idr5", ic_iommufd_hw_info_arm_smmuv3, idr[5]),
		    FIELD("iidr", ic_iommufd_hw_info_arm_smmuv3, iidr),
		    FIELD("aidr", ic_iommufd_hw_info_arm_smmuv3, aidr)}},
	{.type = IC_IOMMUFD_HW_INFO_TYPE_TEGRA241_CMDQV,
	 .name = "tegra241-cmdqv",
	 .fields = {FIELD("flags", ic_iommufd_hw_info_tegra241_cmdqv, flags),
		    FIELD("version", ic_iommufd_hw_info_tegra241_cmdqv, version),
		    FIELD("log2vcmdqs", ic_iommufd_hw_info_tegra241_cmdqv, log2vcmdqs),
		    FIELD("log2vsids", ic_iommufd_hw_info_tegra241_cmdqv, log2vsids)}},
	{.type = IC_IOMMUFD_HW_INFO_TYPE_AMD,
	 .name = "amd",
	 .fields = {FIELD("efr", ic_iommufd_hw_info_amd, efr), FIELD("efr2", ic_iommufd_hw_info_amd, efr2)}},
	{.type = IC_MOCK_HW_INFO_TYPE,
	 .name = "mock",
	 .fields = {FIELD("flags", ic_mock_hw_info, flags), FIELD("test_reg", ic_mock_hw_info, test_reg)}},
};

const char *iommu_hw_info_name(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(hw_info_types); i++)
		if (hw_info_types[i].type == type)
			return hw_info_types[i].name;
	return "unknown";
}

bool iommu_hw_info_field(const struct iommu_hw_info *info, unsigned int i, const char **name, uint64_t *value)
{
	const struct hw_info_field *field = NULL;

	for (size_t t = 0; t < ARRAY_SIZE(hw_info_types); t++)
		if (hw_info_types[t].type == info->type && i < ARRAY_SIZE(hw_info_types[t].fields))
			field = &hw_info_types[t].fields[i];
	/* an older kernel's struct may end before the field */
	if (!field || !field->name || field->at + field->width > MIN(info->len, (uint32_t)IOMMU_HW_INFO_MAX))
		return false;
	*name = field->name;
	*value = 0;
	memcpy(value, info->data + field->at, field->width);
	return true;
}

unsigned int iommu_hw_info_regs(const struct iommu_hw_info *info, const char *of, struct reg_value *out,
				unsigned int max)
{
	/* the contract of struct iommu_hw_info_arm_smmuv3 names the few bits that may be relied on */
	static const struct {
		uint32_t type;
		const char *prefix, *note;
	} kinds[] = {
		{IC_IOMMUFD_HW_INFO_TYPE_INTEL_VTD, "vtd", ""},
		{IC_IOMMUFD_HW_INFO_TYPE_AMD, "amd", ""},
		{IC_IOMMUFD_HW_INFO_TYPE_ARM_SMMUV3, "smmuv3", " (informational)"},
	};
	const char *field;
	char name[32];
	uint64_t raw;
	unsigned int n = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (unsigned int i = 0;
		     kinds[k].type == info->type && n < max && iommu_hw_info_field(info, i, &field, &raw); i++) {
			struct reg_value v = {.raw = raw};

			snprintf(name, sizeof(name), "%s.%s", kinds[k].prefix, field);
			v.reg = reg_find(name);
			snprintf(v.source, sizeof(v.source), "IOMMU_GET_HW_INFO of %.15s%s", of, kinds[k].note);
			if (v.reg)
				out[n++] = v;
		}
	}
	return n;
}
