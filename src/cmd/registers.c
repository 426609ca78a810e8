/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers shown raw and decoded, from the tables of host/registers.h. */
#include "cmd/registers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * What struct iommu_hw_info_arm_smmuv3 (include/uapi/linux/iommufd.h) lets user space rely on: the rest is raw hardware, of
 * which the kernel may use more or less.
 */
static const char *const register_promised[] = {
	"smmuv3.idr0 ST_LEVEL", "smmuv3.idr0 TERM_MODEL", "smmuv3.idr0 STALL_MODEL", "smmuv3.idr0 TTENDIAN",
	"smmuv3.idr0 CD2L",	"smmuv3.idr0 ASID16",	  "smmuv3.idr0 TTF",	     "smmuv3.idr1 SIDSIZE",
	"smmuv3.idr1 SSIDSIZE", "smmuv3.idr3 BBML",	  "smmuv3.idr3 RIL",	     "smmuv3.idr5 VAX",
	"smmuv3.idr5 GRAN64K",	"smmuv3.idr5 GRAN16K",	  "smmuv3.idr5 GRAN4K",	     "smmuv3.idr5 DS",
};

static bool register_is_promised(const struct reg_value *v, const struct reg_part *part)
{
	char name[64];

	if (strncmp(v->reg->name, "smmuv3.", strlen("smmuv3.")) || !strstr(v->source, "IOMMU_GET_HW_INFO"))
		return true;
	snprintf(name, sizeof(name), "%s %s", v->reg->name, part->field->name);
	for (size_t i = 0; i < ARRAY_SIZE(register_promised); i++)
		if (strcmp(register_promised[i], name) == 0)
			return true;
	return false;
}

char *register_meaning(const struct reg_value *v, const struct reg_part *part, char *buf, size_t len)
{
	size_t used;

	reg_meaning(v->reg, part, buf, len);
	used = strlen(buf);
	if (part->field && !register_is_promised(v, part))
		snprintf(buf + used, len - used, " (informational)");
	return buf;
}

static void register_bits(const struct reg_part *part, char *buf, size_t len)
{
	if (part->high == part->low)
		snprintf(buf, len, "%u", part->low);
	else
		snprintf(buf, len, "%u:%u", part->high, part->low);
}

void register_report(struct report *r, const struct reg_value *v)
{
	char bits[16], meaning[200];
	unsigned int cursor = 0;
	struct reg_part part;

	report_object(r, NULL);
	report_str(r, "name", v->reg->name);
	report_str(r, "source", v->source);
	report_hex(r, "value", v->raw);
	report_list(r, "fields");
	while (reg_next(v->reg, v->raw, &cursor, &part)) {
		register_bits(&part, bits, sizeof(bits));
		report_object(r, NULL);
		report_str(r, "name", part.field ? part.field->name : "reserved");
		report_str(r, "bits", bits);
		report_hex(r, "raw", part.raw);
		report_str(r, "meaning", register_meaning(v, &part, meaning, sizeof(meaning)));
		report_str(r, "spec", part.field ? part.field->spec : v->reg->spec);
		report_close(r);
	}
	report_close(r);
}

void register_text(struct report *r, const struct reg_value *v, bool fields)
{
	char bits[16], meaning[200];
	unsigned int cursor = 0;
	struct reg_part part;

	report_line(r, "  %-21s 0x%0*" PRIx64 "  %s", v->reg->name, (int)v->reg->width / 4, v->raw, v->source);
	while (fields && reg_next(v->reg, v->raw, &cursor, &part)) {
		/* reserved bits that are clear tell nothing */
		if (!part.field && !part.raw)
			continue;
		register_bits(&part, bits, sizeof(bits));
		report_line(r, "    %5s  %-18s 0x%-6" PRIx64 " %s", bits, part.field ? part.field->name : "-", part.raw,
			    register_meaning(v, &part, meaning, sizeof(meaning)));
	}
}
