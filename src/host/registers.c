/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of register tables, and the walk over one register's bits in words. */
#include "host/registers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/reg_tables.h"

const struct reg *const registers[] = {
	&reg_vtd_cap,	  &reg_vtd_ecap,	&reg_vtd_ver,	  &reg_vtd_gsts,
	&reg_vtd_fsts,	  &reg_vtd_rtaddr,	&reg_vtd_irta,	  &reg_vtd_pmen,
	&reg_vtd_plmbase, &reg_vtd_plmlimit,	&reg_vtd_phmbase, &reg_vtd_phmlimit,
	&reg_amd_efr,	  &reg_amd_efr2,	&reg_amd_cap,	  &reg_amd_ctrl,
	&reg_smmuv3_idr0, &reg_smmuv3_idr1,	&reg_smmuv3_idr2, &reg_smmuv3_idr3,
	&reg_smmuv3_idr4, &reg_smmuv3_idr5,	&reg_smmuv3_iidr, &reg_smmuv3_aidr,
	&reg_riscv_caps,  &reg_virtio_features, &reg_pcie_ats,	  &reg_pcie_pri,
	&reg_pcie_pasid,  &reg_pcie_acs,	&reg_pcie_sriov,  NULL,
};

const struct reg *reg_find(const char *name)
{
	for (size_t i = 0; registers[i]; i++)
		if (!strcmp(registers[i]->name, name))
			return registers[i];
	return NULL;
}

static uint64_t reg_bits(uint64_t raw, unsigned int high, unsigned int low)
{
	uint64_t mask = high - low == 63 ? UINT64_MAX : (UINT64_C(1) << (high - low + 1)) - 1;

	return raw >> low & mask;
}

const struct reg_field *reg_field_find(const struct reg *reg, const char *name)
{
	for (unsigned int i = 0; i < reg->nr_fields; i++)
		if (!strcmp(reg->fields[i].name, name))
			return &reg->fields[i];
	abort();
}

uint64_t reg_get(const struct reg *reg, const char *field, uint64_t raw)
{
	const struct reg_field *f = reg_field_find(reg, field);

	return reg_bits(raw, f->high, f->low);
}

char *reg_bits_text(unsigned int high, unsigned int low, char *buf, size_t len)
{
	if (high == low)
		snprintf(buf, len, "%u", low);
	else
		snprintf(buf, len, "%u:%u", high, low);
	return buf;
}

const struct reg_value *reg_value_find(const struct reg_value *values, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(values[i].reg->name, name))
			return &values[i];
	return NULL;
}

bool reg_next(const struct reg *reg, uint64_t raw, unsigned int *cursor, struct reg_part *out)
{
	unsigned int low = *cursor, high = reg->width - 1;
	const struct reg_field *field = NULL;

	if (low >= reg->width)
		return false;
	for (unsigned int i = 0; i < reg->nr_fields && !field; i++)
		if (reg->fields[i].low >= low)
			field = &reg->fields[i];
	if (field && field->low == low)
		high = field->high;
	else if (field)
		high = field->low - 1U;
	*out = (struct reg_part){
		.field = field && field->low == low ? field : NULL,
		.high = (uint8_t)high,
		.low = (uint8_t)low,
		.raw = reg_bits(raw, high, low),
	};
	*cursor = high + 1;
	return true;
}

char *reg_meaning(const struct reg *reg, const struct reg_part *part, char *buf, size_t len)
{
	const struct reg_field *f = part->field;
	const char *words;

	(void)reg;
	if (!f) {
		snprintf(buf, len, "reserved");
		return buf;
	}
	switch (f->kind) {
	case REG_FLAG:
		if (part->raw)
			snprintf(buf, len, "%s", f->meaning);
		else
			snprintf(buf, len, "no %.*s", (int)strcspn(f->meaning, ":"), f->meaning);
		break;
	case REG_NUMBER:
		snprintf(buf, len, "%" PRIu64 " %s", part->raw, f->meaning);
		break;
	case REG_WORDS:
		words = part->raw < f->nr_values ? f->values[part->raw] : NULL;
		snprintf(buf, len, "%s", words ? words : "reserved value");
		break;
	case REG_TEXT:
		if (f->format)
			f->format(part->raw, buf, len);
		else if (part->raw)
			snprintf(buf, len, "%s (0x%" PRIx64 ")", f->meaning, part->raw);
		else
			snprintf(buf, len, "no %s", f->meaning);
		break;
	}
	return buf;
}

void reg_show_entries(uint64_t raw, char *buf, size_t len)
{
	if (raw < 64)
		snprintf(buf, len, "%" PRIu64 " entries at most", UINT64_C(1) << raw);
	else
		snprintf(buf, len, "2^%" PRIu64 " entries at most", raw);
}

void reg_show_offset(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "at offset 0x%" PRIx64, raw * 16);
}
