/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the specifications forbid a register to hold: reserved values, and flags that may not be set without others.
 *
 * Left out on purpose: bits that older revisions defined and newer ones deprecate, and the rules that shipped hardware with
 * scalable mode fused off breaks without harm (VT-d 11.4.2 FS1GP and FS5LP without FSTS, 11.4.3 PSS without SMTS).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/reg_tables.h"

/* The values of a field that are allowed, as a bit mask: fields of at most 6 bits. */
struct rule_values {
	const char *reg, *field;
	uint64_t allowed;
	const char *why;
	const char *spec;
};

static const struct rule_values rule_values[] = {
	{"vtd.cap", "ND", 0x7f, "reserved", "VT-d 11.4.2"},
	{"vtd.cap", "SSLPS", 0xb, "a large page without the smaller ones, or a reserved one", "VT-d 11.4.2"},
	{"vtd.rtaddr", "TTM", 0xb, "reserved", "VT-d 11.4.5"},
	{"amd.efr", "HATS", 0x7, "reserved; Linux then uses no host (v1) tables", "AMD 48882 MMIO 0030h"},
	{"amd.efr", "GATS", 0x7, "reserved", "AMD 48882 MMIO 0030h"},
	{"amd.efr", "GLXSup", 0x7, "reserved", "AMD 48882 MMIO 0030h"},
	{"amd.cap", "CapType", 0x8, "no IOMMU's capability", "AMD 48882 capability 00h"},
	{"smmuv3.idr0", "TTF", 0xe, "reserved", "IHI 0070 6.3.1"},
	{"smmuv3.idr0", "TTENDIAN", 0xd, "reserved", "IHI 0070 6.3.1"},
	{"smmuv3.idr0", "STALL_MODEL", 0x7, "reserved", "IHI 0070 6.3.1"},
	{"smmuv3.idr0", "ST_LEVEL", 0x3, "reserved", "IHI 0070 6.3.1"},
	{"smmuv3.idr1", "SIDSIZE", 0x1ffffffff, "more than 32 bits", "IHI 0070 6.3.2"},
	{"smmuv3.idr1", "SSIDSIZE", 0x1fffff, "more than 20 bits", "IHI 0070 6.3.2"},
	{"smmuv3.idr1", "EVENTQS", 0xfffff, "more than 2^19 entries", "IHI 0070 6.3.2"},
	{"smmuv3.idr1", "CMDQS", 0xfffff, "more than 2^19 entries", "IHI 0070 6.3.2"},
	{"smmuv3.idr3", "BBML", 0x7, "reserved", "IHI 0070 6.3.4"},
	{"smmuv3.idr5", "VAX", 0x7, "reserved", "IHI 0070 6.3.6"},
	{"riscv.caps", "IGS", 0x7, "reserved", "RISC-V IOMMU 1.0, capabilities"},
	{"pcie.pasid", "Max PASID Width", 0x1fffff, "more than 20 bits", "PCIe PASID Extended Capability"},
};

/* @field may only be set where every flag of @needs is; NULL in @needs_reg: the same register. */
struct rule_needs {
	const char *reg, *field, *needs_reg, *needs;
	const char *spec;
	bool scalable; /* does not hold where ECS is set: the revisions before scalable mode had these for extended contexts */
};

#define ECAP "VT-d 11.4.3"
#define IDR0 "IHI 0070 6.3.1"
#define IDR3 "IHI 0070 6.3.4"
static const struct rule_needs rule_needs[] = {
	{"vtd.ecap", "DT", NULL, "QI", ECAP, false},
	{"vtd.ecap", "IR", NULL, "QI", ECAP, false},
	{"vtd.ecap", "EIM", NULL, "IR", ECAP, false},
	{"vtd.ecap", "MTS", NULL, "SMTS", ECAP, true},
	{"vtd.ecap", "NEST", NULL, "SMTS FSTS SSTS", ECAP, true},
	{"vtd.ecap", "PRS", NULL, "DT SMTS", ECAP, true},
	{"vtd.ecap", "SRS", NULL, "SMTS", ECAP, true},
	{"vtd.ecap", "NWFS", NULL, "DT", ECAP, false},
	{"vtd.ecap", "EAFS", NULL, "FSTS SMPWCS", ECAP, true},
	{"vtd.ecap", "PASID", NULL, "SMTS", ECAP, true},
	{"vtd.ecap", "DIT", NULL, "DT", ECAP, false},
	{"vtd.ecap", "PDS", NULL, "DT", ECAP, false},
	{"vtd.ecap", "SMTS", NULL, "QI", ECAP, false},
	{"vtd.ecap", "SSADS", NULL, "SMPWCS", ECAP, false},
	{"vtd.ecap", "FSTS", NULL, "SMTS", ECAP, false},
	{"vtd.ecap", "SMPWCS", NULL, "SMTS", ECAP, false},
	{"vtd.ecap", "RPS", NULL, "SMTS", ECAP, false},
	{"vtd.ecap", "PMS", "vtd.cap", "ECMDS", ECAP, false},
	{"vtd.ecap", "RPRIVS", NULL, "SRS", ECAP, false},
	{"vtd.ecap", "HPTS", NULL, "SMTS DT", ECAP, false},
	{"vtd.ecap", "PTRS", NULL, "DT PASID", ECAP, false},
	{"vtd.ecap", "SSIRWS", NULL, "SSTS", ECAP, false},
	{"vtd.ecap", "SMS", NULL, "PRS", ECAP, false},
	{"vtd.ecap", "HPT1GPS", NULL, "HPTS", ECAP, false},
	{"vtd.ecap", "EIMER", NULL, "EIM", ECAP, false},
	{"vtd.ecap", "IRREQ", NULL, "IR", ECAP, false},
	{"vtd.cap", "PI", "vtd.ecap", "IR", "VT-d 11.4.2", false},
	{"smmuv3.idr0", "Hyp", NULL, "S1P S2P", IDR0, false},
	{"smmuv3.idr0", "NS1ATS", NULL, "ATS S1P S2P", IDR0, false},
	{"smmuv3.idr0", "PRI", NULL, "ATS", IDR0, false},
	{"smmuv3.idr0", "VMW", NULL, "S2P", IDR0, false},
	{"smmuv3.idr0", "VATOS", NULL, "ATOS S1P S2P", IDR0, false},
	{"smmuv3.idr0", "ATSRECERR", NULL, "ATS", IDR0, false},
	{"smmuv3.idr1", "ECMDQ", "smmuv3.idr0", "COHACC MSI", "IHI 0070 6.3.2", false},
	{"smmuv3.idr3", "HAD", "smmuv3.idr0", "S1P", IDR3, false},
	{"smmuv3.idr3", "PBHA", NULL, "HAD", IDR3, false},
	{"smmuv3.idr3", "PPS", "smmuv3.idr0", "PRI", IDR3, false},
	{"smmuv3.idr3", "PTWNNC", "smmuv3.idr0", "S2P", IDR3, false},
	{"smmuv3.idr3", "DPT", "smmuv3.idr0", "ATS", IDR3, false},
	{"smmuv3.idr3", "PASIDTT", "smmuv3.idr0", "ATS", IDR3, false},
	{"smmuv3.idr3", "S1PI", "smmuv3.idr0", "S1P", IDR3, false},
	{"smmuv3.idr3", "S2PI", "smmuv3.idr0", "S2P", IDR3, false},
	{"smmuv3.idr3", "S2PO", NULL, "S2PI", IDR3, false},
	{"smmuv3.idr3", "THE", "smmuv3.idr0", "S1P", IDR3, false},
	{"smmuv3.idr3", "MTEPERM", "smmuv3.idr0", "S2P", IDR3, false},
	{"smmuv3.idr3", "AIE", "smmuv3.idr0", "S1P", IDR3, false},
	{"smmuv3.idr5", "D128", "smmuv3.idr3", "S1PI S2PO AIE MTEPERM", "IHI 0070 6.3.6", false},
	{"riscv.caps", "Sv57", NULL, "Sv48", "RISC-V IOMMU 1.0, capabilities", false},
	{"riscv.caps", "Sv48", NULL, "Sv39", "RISC-V IOMMU 1.0, capabilities", false},
};

struct rule_run {
	const struct reg_value *values;
	unsigned int n;
	struct reg_violation *out;
	unsigned int max, found;
};

static void rule_found(struct rule_run *run, const struct reg_value *v, const char *field, const char *fmt, ...)
	IC_PRINTF(4, 5);
static void rule_found(struct rule_run *run, const struct reg_value *v, const char *field, const char *fmt, ...)
{
	struct reg_violation *out;
	va_list ap;

	if (run->found == run->max)
		return;
	out = &run->out[run->found++];
	*out = (struct reg_violation){.value = v, .field = field};
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
}

static const struct reg_value *rule_value(const struct rule_run *run, const char *reg)
{
	return reg_value_find(run->values, run->n, reg);
}

static bool rule_is_set(const struct rule_run *run, const char *reg, const char *field)
{
	const struct reg_value *v = rule_value(run, reg);

	return v && reg_get(v->reg, field, v->raw);
}

/* "SAGAW (bits 12:8)" */
static char *rule_name(const struct reg_value *v, const char *field, char *buf, size_t len)
{
	const struct reg_field *f = reg_field_find(v->reg, field);
	char bits[8];

	snprintf(buf, len, "%s (bit%s %s)", field, f->high == f->low ? "" : "s",
		 reg_bits_text(f->high, f->low, bits, sizeof(bits)));
	return buf;
}

static void rule_check_values(struct rule_run *run)
{
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(rule_values); i++) {
		const struct rule_values *rule = &rule_values[i];
		const struct reg_value *v = rule_value(run, rule->reg);
		uint64_t raw = v ? reg_get(v->reg, rule->field, v->raw) : 0;

		if (v && !(rule->allowed >> raw & 1))
			rule_found(run, v, rule->field, "%s is 0x%" PRIx64 ": %s (%s)",
				   rule_name(v, rule->field, name, sizeof(name)), raw, rule->why, rule->spec);
	}
}

static void rule_check_need(struct rule_run *run, const struct rule_needs *rule, const struct reg_value *v,
			    const struct reg_value *other)
{
	char set[64], clear[64], flag[32];
	const char *at = rule->needs;

	while (*at) {
		size_t len = strcspn(at, " ");

		snprintf(flag, sizeof(flag), "%.*s", (int)len, at);
		at += len + strspn(at + len, " ");
		if (!reg_get(other->reg, flag, other->raw))
			rule_found(run, v, rule->field, "%s is set, but %s%s%s is clear (%s)",
				   rule_name(v, rule->field, set, sizeof(set)), rule->needs_reg ? other->reg->name : "",
				   rule->needs_reg ? " " : "", rule_name(other, flag, clear, sizeof(clear)),
				   rule->spec);
	}
}

static void rule_check_needs(struct rule_run *run)
{
	for (size_t i = 0; i < ARRAY_SIZE(rule_needs); i++) {
		const struct rule_needs *rule = &rule_needs[i];
		const struct reg_value *v = rule_value(run, rule->reg);
		const struct reg_value *other = rule_value(run, rule->needs_reg ? rule->needs_reg : rule->reg);

		if (!v || !other || !reg_get(v->reg, rule->field, v->raw))
			continue;
		if (!(rule->scalable && rule_is_set(run, "vtd.ecap", "ECS")))
			rule_check_need(run, rule, v, other);
	}
}

/* SAGAW names no table: only from version 6, and without second-stage translation in scalable mode. */
static void rule_check_sagaw(struct rule_run *run, const struct reg_value *cap)
{
	const struct reg_value *ver = rule_value(run, "vtd.ver"), *ecap = rule_value(run, "vtd.ecap");
	uint64_t sagaw = reg_get(cap->reg, "SAGAW", cap->raw);
	bool none_is_fine =
		ver && reg_get(ver->reg, "MAX", ver->raw) >= 6 && ecap && !reg_get(ecap->reg, "SSTS", ecap->raw);

	if (sagaw & 0x11)
		rule_found(run, cap, "SAGAW", "SAGAW (bits 12:8) is 0x%" PRIx64 ": bit %s is reserved (VT-d 11.4.2)",
			   sagaw, sagaw & 1 ? "8" : "12");
	if (!(sagaw & 0xe) && !none_is_fine)
		rule_found(run, cap, "SAGAW",
			   "SAGAW (bits 12:8) is 0x%" PRIx64 ": no second-stage table is supported (VT-d 11.4.2)",
			   sagaw);
}

static void rule_check_vtd(struct rule_run *run)
{
	const struct reg_value *cap = rule_value(run, "vtd.cap");

	if (!cap)
		return;
	rule_check_sagaw(run, cap);
	if (!reg_get(cap->reg, "MGAW", cap->raw))
		rule_found(run, cap, "MGAW", "MGAW (bits 21:16) is 0x0: it may not be zero (VT-d 11.4.2)");
	if (rule_is_set(run, "vtd.cap", "RWBF") && rule_is_set(run, "vtd.ecap", "SMTS"))
		rule_found(run, cap, "RWBF", "RWBF (bit 4) is set, but so is vtd.ecap SMTS (bit 43) (VT-d 11.4.2)");
}

static void rule_check_idr5(struct rule_run *run, const struct reg_value *idr5)
{
	uint64_t oas = reg_get(idr5->reg, "OAS", idr5->raw), vax = reg_get(idr5->reg, "VAX", idr5->raw);
	bool ds = reg_get(idr5->reg, "DS", idr5->raw), d128 = reg_get(idr5->reg, "D128", idr5->raw);
	bool small = reg_get(idr5->reg, "GRAN4K", idr5->raw) || reg_get(idr5->reg, "GRAN16K", idr5->raw);
	bool gran64k = reg_get(idr5->reg, "GRAN64K", idr5->raw);

	if (oas == 7 && !d128)
		rule_found(run, idr5, "OAS", "OAS (bits 2:0) is 0x7, but D128 (bit 8) is clear (IHI 0070 6.3.6)");
	if (oas == 6 && !gran64k && !ds && !d128)
		rule_found(run, idr5, "OAS",
			   "OAS (bits 2:0) is 0x6, but GRAN64K (bit 6), DS (bit 7) and D128 (bit 8) are clear (IHI "
			   "0070 6.3.6)");
	if (vax == 2 && !d128)
		rule_found(run, idr5, "VAX", "VAX (bits 11:10) is 0x2, but D128 (bit 8) is clear (IHI 0070 6.3.6)");
	if (vax && !gran64k && !(ds && small))
		rule_found(run, idr5, "VAX",
			   "VAX (bits 11:10) is 0x%" PRIx64 ", but no granule takes such addresses (IHI 0070 6.3.6)",
			   vax);
	if (ds && !(vax && small))
		rule_found(run, idr5, "DS", "DS (bit 7) is set, but %s (IHI 0070 6.3.6)",
			   small ? "VAX (bits 11:10) is 0" : "GRAN4K (bit 4) and GRAN16K (bit 5) are clear");
}

static void rule_check_smmuv3(struct rule_run *run)
{
	const struct reg_value *idr0 = rule_value(run, "smmuv3.idr0"), *idr1 = rule_value(run, "smmuv3.idr1");
	const struct reg_value *idr5 = rule_value(run, "smmuv3.idr5");

	if (idr0 && idr1 && reg_get(idr1->reg, "SIDSIZE", idr1->raw) >= 7 &&
	    !rule_is_set(run, "smmuv3.idr0", "ST_LEVEL"))
		rule_found(
			run, idr1, "SIDSIZE",
			"SIDSIZE (bits 5:0) is 7 or more, but smmuv3.idr0 ST_LEVEL (bits 28:27) is 0 (IHI 0070 6.3.2)");
	if (idr5)
		rule_check_idr5(run, idr5);
	if (idr0 && !rule_is_set(run, "smmuv3.idr0", "S1P") && !rule_is_set(run, "smmuv3.idr0", "S2P"))
		rule_found(run, idr0, "S1P",
			   "S2P and S1P (bits 1:0) are clear: Linux arm_smmu_device_hw_probe() refuses it");
}

static void rule_check_amd(struct rule_run *run)
{
	const struct reg_value *cap = rule_value(run, "amd.cap");

	if (cap && reg_get(cap->reg, "CapId", cap->raw) != 0xf)
		rule_found(run, cap, "CapId", "CapId (bits 7:0) is 0x%" PRIx64 ", not 0xf (AMD 48882 capability 00h)",
			   reg_get(cap->reg, "CapId", cap->raw));
}

/* What a read returns where nothing answers; no register here may hold it. */
static bool rule_check_ones(struct rule_run *run)
{
	bool found = false;

	for (unsigned int i = 0; i < run->n; i++) {
		const struct reg_value *v = &run->values[i];
		uint64_t ones = v->reg->width == 64 ? UINT64_MAX : UINT32_MAX;

		if (v->raw != ones || !strcmp(v->reg->name, "smmuv3.idr4"))
			continue;
		rule_found(run, v, v->reg->fields[0].name, "all %u bits are set, as where nothing answers the read",
			   v->reg->width);
		found = true;
	}
	return found;
}

unsigned int reg_violations(const struct reg_value *values, unsigned int n, struct reg_violation *out, unsigned int max)
{
	struct rule_run run = {.values = values, .n = n, .out = out, .max = max};

	/* the single bits of such a register say nothing more */
	if (rule_check_ones(&run))
		return run.found;
	rule_check_values(&run);
	rule_check_needs(&run);
	rule_check_vtd(&run);
	rule_check_smmuv3(&run);
	rule_check_amd(&run);
	return run.found;
}
