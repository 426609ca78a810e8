/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words into the driver-specific structs of iommufd, by one table of layouts. */
#include "iommu/pt_data.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/spec.h"
#include "iommu/iommufd_abi.h"
#include "iommu/mock_abi.h"

struct pt_field {
	const char *name;
	unsigned int at, width;
};

#define PT_FIELDS_MAX 4
struct pt_layout {
	enum pt_data_use use;
	const char *name;
	uint32_t type, len;
	struct pt_field fields[PT_FIELDS_MAX];
};

#define FIELD(key, type, member)                                                       \
	{                                                                              \
		key, offsetof(struct type, member), sizeof(((struct type *)0)->member) \
	}
#define LAYOUT(u, n, t, size, ...)                                                               \
	{                                                                                        \
		.use = PT_DATA_##u, .name = n, .type = t, .len = size, .fields = { __VA_ARGS__ } \
	}

/* clang-format off */
static const struct pt_layout pt_layouts[] = {
	LAYOUT(HWPT, "none", IC_IOMMUFD_HWPT_DATA_NONE, 0, {0}),
	LAYOUT(HWPT, "vtd-s1", IC_IOMMUFD_HWPT_DATA_VTD_S1, sizeof(struct ic_iommufd_hwpt_vtd_s1),
	       FIELD("flags", ic_iommufd_hwpt_vtd_s1, flags),
	       FIELD("pgtbl", ic_iommufd_hwpt_vtd_s1, pgtbl_addr),
	       FIELD("width", ic_iommufd_hwpt_vtd_s1, addr_width)),
	LAYOUT(HWPT, "arm-smmuv3", IC_IOMMUFD_HWPT_DATA_ARM_SMMUV3, sizeof(struct ic_iommufd_hwpt_arm_smmuv3),
	       FIELD("ste0", ic_iommufd_hwpt_arm_smmuv3, ste[0]),
	       FIELD("ste1", ic_iommufd_hwpt_arm_smmuv3, ste[1])),
	LAYOUT(HWPT, "amd-guest", IC_IOMMUFD_HWPT_DATA_AMD_GUEST, sizeof(struct ic_iommufd_hwpt_amd_guest),
	       FIELD("dte0", ic_iommufd_hwpt_amd_guest, dte[0]),
	       FIELD("dte1", ic_iommufd_hwpt_amd_guest, dte[1]),
	       FIELD("dte2", ic_iommufd_hwpt_amd_guest, dte[2]),
	       FIELD("dte3", ic_iommufd_hwpt_amd_guest, dte[3])),
	LAYOUT(HWPT, "mock", IC_MOCK_HWPT_DATA, sizeof(struct ic_mock_hwpt),
	       FIELD("iotlb", ic_mock_hwpt, iotlb),
	       FIELD("table", ic_mock_hwpt, pagetable_type)),
	LAYOUT(INVALIDATE, "vtd-s1", IC_IOMMUFD_HWPT_INVALIDATE_DATA_VTD_S1,
	       sizeof(struct ic_iommufd_hwpt_vtd_s1_invalidate),
	       FIELD("addr", ic_iommufd_hwpt_vtd_s1_invalidate, addr),
	       FIELD("pages", ic_iommufd_hwpt_vtd_s1_invalidate, npages),
	       FIELD("flags", ic_iommufd_hwpt_vtd_s1_invalidate, flags)),
	LAYOUT(INVALIDATE, "arm-smmuv3", IC_IOMMUFD_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
	       sizeof(struct ic_iommufd_viommu_arm_smmuv3_invalidate),
	       FIELD("cmd0", ic_iommufd_viommu_arm_smmuv3_invalidate, cmd[0]),
	       FIELD("cmd1", ic_iommufd_viommu_arm_smmuv3_invalidate, cmd[1])),
	LAYOUT(INVALIDATE, "mock", IC_MOCK_INVALIDATE_DATA, sizeof(struct ic_mock_invalidate),
	       FIELD("flags", ic_mock_invalidate, flags),
	       FIELD("entry", ic_mock_invalidate, entry)),
	LAYOUT(INVALIDATE, "mock-viommu", IC_MOCK_VIOMMU_INVALIDATE_DATA, sizeof(struct ic_mock_viommu_invalidate),
	       FIELD("flags", ic_mock_viommu_invalidate, flags),
	       FIELD("vdev", ic_mock_viommu_invalidate, vdev_id),
	       FIELD("cache", ic_mock_viommu_invalidate, cache_id)),
	LAYOUT(VIOMMU, "arm-smmuv3", IC_IOMMUFD_VIOMMU_TYPE_ARM_SMMUV3, 0, {0}),
	LAYOUT(VIOMMU, "tegra241-cmdqv", IC_IOMMUFD_VIOMMU_TYPE_TEGRA241_CMDQV,
	       sizeof(struct ic_iommufd_viommu_tegra241_cmdqv), {0}),
	LAYOUT(VIOMMU, "mock", IC_MOCK_VIOMMU_TYPE, sizeof(struct ic_mock_viommu),
	       FIELD("in", ic_mock_viommu, in_data)),
};
/* clang-format on */

static const struct pt_layout *pt_layout_find(enum pt_data_use use, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(pt_layouts); i++)
		if (pt_layouts[i].use == use && !strcmp(pt_layouts[i].name, name))
			return &pt_layouts[i];
	return NULL;
}

static int pt_unknown_type(enum pt_data_use use, const char *name, struct fail *f)
{
	char known[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pt_layouts); i++)
		if (pt_layouts[i].use == use)
			at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", at ? ", " : "",
					       pt_layouts[i].name);
	fail_usage(f, EINVAL, "unknown type '%s'", name);
	fail_hint(f, "valid types: %s, or the kernel's number", known);
	return -EINVAL;
}

static int pt_digit(char c)
{
	const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c | 0x20) : NULL;

	return p ? (int)(p - digits) : -1;
}

static int pt_raw(struct pt_data *data, const char *hex, struct fail *f)
{
	size_t n = strlen(hex);

	if (n % 2 || n / 2 > sizeof(data->bytes))
		return fail_usage(f, EINVAL, "raw takes at most %zu bytes, two hex digits each, not '%s'",
				  sizeof(data->bytes), hex);
	for (size_t i = 0; i < n / 2; i++) {
		int high = pt_digit(hex[2 * i]), low = pt_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return fail_usage(f, EINVAL, "raw takes hex digits, not '%s'", hex);
		data->bytes[i] = (unsigned char)(high << 4 | low);
	}
	data->len = (uint32_t)(n / 2);
	return 0;
}

static int pt_unknown_key(const struct pt_layout *layout, const char *key, struct fail *f)
{
	char known[96] = "raw";
	size_t at = 3;

	for (size_t i = 0; layout && i < PT_FIELDS_MAX && layout->fields[i].name; i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, ", %s", layout->fields[i].name);
	fail_usage(f, EINVAL, "unknown key '%s'", key);
	fail_hint(f, "valid keys: %s", known);
	return -EINVAL;
}

static int pt_set(struct pt_data *data, const struct spec_option *o, struct fail *f)
{
	const struct pt_layout *layout = data->layout;
	uint64_t value;

	if (!strcmp(o->key, "raw"))
		return pt_raw(data, o->value, f);
	for (size_t i = 0; layout && i < PT_FIELDS_MAX && layout->fields[i].name; i++) {
		const struct pt_field *field = &layout->fields[i];

		if (strcmp(field->name, o->key))
			continue;
		if (num_parse_u64(o->value, &value) || (field->width < 8 && value >> (8 * field->width)))
			return fail_usage(f, EINVAL, "%s takes a number of %u bits, not '%s'", o->key, 8 * field->width,
					  o->value);
		/* the structs are in the machine's own byte order, which is little-endian wherever there is an IOMMU of these */
		memcpy(data->bytes + field->at, &value, field->width);
		return 0;
	}
	return pt_unknown_key(layout, o->key, f);
}

int pt_data_fill(struct pt_data *data, const char *text, struct fail *f)
{
	const char *cursor = text;
	struct spec_option option;
	int r;

	memset(data->bytes, 0, sizeof(data->bytes));
	while ((r = spec_next(&cursor, &option)) > 0) {
		r = pt_set(data, &option, f);
		if (r)
			return r;
	}
	return r ? fail_usage(f, r, "'%s' is not KEY=VALUE[,KEY=VALUE...]", text) : 0;
}

int pt_data_parse(enum pt_data_use use, const char *text, struct pt_data *out, struct fail *f)
{
	const char *options;
	uint64_t number;
	char name[32];

	*out = (struct pt_data){0};
	if (spec_split(text, name, sizeof(name), &options))
		return fail_usage(f, EINVAL, "'%s' is not TYPE[,KEY=VALUE...]", text);
	out->layout = pt_layout_find(use, name);
	if (out->layout) {
		out->type = out->layout->type;
		out->len = out->layout->len;
	} else if (!num_parse_u64(name, &number) && number <= UINT32_MAX) {
		out->type = (uint32_t)number;
	} else {
		return pt_unknown_type(use, name, f);
	}
	return pt_data_fill(out, options, f);
}
