/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the specifications forbid: each rule fires on what it is for, and not beside it. */
#include "unit.h"

#include <string.h>

#include "host/registers.h"

static const struct reg_value *value(struct reg_value *v, const char *name, uint64_t raw)
{
	*v = (struct reg_value){.reg = reg_find(name), .raw = raw};
	assert_non_null(v->reg);
	return v;
}

/* The only violation of the @n values, or "" for none. */
static const char *violation(struct reg_value *v, unsigned int n)
{
	static struct reg_violation found[64];
	unsigned int count = reg_violations(v, n, found, 64);

	if (count > 1)
		fail_msg("%u violations: %s; %s", count, found[0].text, found[1].text);
	return count ? found[0].text : "";
}

/* One register that is fine, and with @bad is not. */
static void fires(const char *name, uint64_t fine, uint64_t bad, const char *text)
{
	struct reg_value v[1];

	value(v, name, fine);
	assert_string_equal(violation(v, 1), "");
	v->raw = bad;
	assert_string_equal(violation(v, 1), text);
}

static void reserved_values_are_violations(void **state)
{
	const uint64_t cap = 38 << 16 | 0x200;

	(void)state;
	fires("vtd.cap", cap | 6, cap | 7, "ND (bits 2:0) is 0x7: reserved (VT-d 11.4.2)");
	fires("vtd.cap", cap | UINT64_C(3) << 34, cap | UINT64_C(2) << 34,
	      "SSLPS (bits 37:34) is 0x2: a large page without the smaller ones, or a reserved one (VT-d 11.4.2)");
	fires("vtd.cap", cap, 38 << 16, "SAGAW (bits 12:8) is 0x0: no second-stage table is supported (VT-d 11.4.2)");
	fires("vtd.cap", cap, cap | 0x1000, "SAGAW (bits 12:8) is 0x12: bit 12 is reserved (VT-d 11.4.2)");
	fires("vtd.cap", cap, 0x200, "MGAW (bits 21:16) is 0x0: it may not be zero (VT-d 11.4.2)");
	fires("vtd.rtaddr", 0x400, 0x800, "TTM (bits 11:10) is 0x2: reserved (VT-d 11.4.5)");
	fires("amd.efr", 0x800, 0xc00,
	      "HATS (bits 11:10) is 0x3: reserved; Linux then uses no host (v1) tables (AMD 48882 MMIO 0030h)");
	fires("amd.efr", 0x2000, 0x3000, "GATS (bits 13:12) is 0x3: reserved (AMD 48882 MMIO 0030h)");
	fires("amd.efr", 0x8000, 0xc000, "GLXSup (bits 15:14) is 0x3: reserved (AMD 48882 MMIO 0030h)");
	fires("amd.cap", 0x1f03000f, 0x1f03000e, "CapId (bits 7:0) is 0xe, not 0xf (AMD 48882 capability 00h)");
	fires("amd.cap", 0x1f03000f, 0x1f04000f,
	      "CapType (bits 18:16) is 0x4: no IOMMU's capability (AMD 48882 capability 00h)");
	fires("smmuv3.idr0", 0xb, 0x3, "TTF (bits 3:2) is 0x0: reserved (IHI 0070 6.3.1)");
	fires("smmuv3.idr0", 0xb, 0x20000b, "TTENDIAN (bits 22:21) is 0x1: reserved (IHI 0070 6.3.1)");
	fires("smmuv3.idr0", 0xb, 0x300000b, "STALL_MODEL (bits 25:24) is 0x3: reserved (IHI 0070 6.3.1)");
	fires("smmuv3.idr0", 0xb, 0x1000000b, "ST_LEVEL (bits 28:27) is 0x2: reserved (IHI 0070 6.3.1)");
	fires("smmuv3.idr0", 0x9, 0x8, "S2P and S1P (bits 1:0) are clear: Linux arm_smmu_device_hw_probe() refuses it");
	fires("smmuv3.idr3", 0x1000, 0x1800, "BBML (bits 12:11) is 0x3: reserved (IHI 0070 6.3.4)");
	fires("smmuv3.idr5", 0x440, 0xc40, "VAX (bits 11:10) is 0x3: reserved (IHI 0070 6.3.6)");
	fires("riscv.caps", 2 << 28, 3 << 28, "IGS (bits 29:28) is 0x3: reserved (RISC-V IOMMU 1.0, capabilities)");
	fires("pcie.pasid", 20 << 8, 21 << 8,
	      "Max PASID Width (bits 12:8) is 0x15: more than 20 bits (PCIe PASID Extended Capability)");
}

static void flags_need_each_other(void **state)
{
	const uint64_t qi = 2, smts = UINT64_C(1) << 43, ssads = UINT64_C(1) << 45, smpwcs = UINT64_C(1) << 48,
		       pasid = UINT64_C(1) << 40;
	struct reg_value v[3];

	(void)state;
	fires("vtd.ecap", qi | 8, 8, "IR (bit 3) is set, but QI (bit 1) is clear (VT-d 11.4.3)");
	fires("vtd.ecap", qi | smts | smpwcs | ssads, qi | smts | ssads,
	      "SSADS (bit 45) is set, but SMPWCS (bit 48) is clear (VT-d 11.4.3)");
	fires("vtd.ecap", qi | smts | pasid, qi | pasid,
	      "PASID (bit 40) is set, but SMTS (bit 43) is clear (VT-d 11.4.3)");
	fires("riscv.caps", 0x600, 0x400,
	      "Sv48 (bit 10) is set, but Sv39 (bit 9) is clear (RISC-V IOMMU 1.0, capabilities)");
	/* extended contexts had PASIDs without scalable mode */
	fires("vtd.ecap", qi | pasid | 1 << 24, qi | pasid,
	      "PASID (bit 40) is set, but SMTS (bit 43) is clear (VT-d 11.4.3)");
	fires("smmuv3.idr0", 0x1000b | 1 << 10, 0x1000b,
	      "PRI (bit 16) is set, but ATS (bit 10) is clear (IHI 0070 6.3.1)");
	fires("smmuv3.idr1", 20 << 6 | 6, 21 << 6 | 6,
	      "SSIDSIZE (bits 10:6) is 0x15: more than 20 bits (IHI 0070 6.3.2)");
	fires("smmuv3.idr1", 32, 33, "SIDSIZE (bits 5:0) is 0x21: more than 32 bits (IHI 0070 6.3.2)");
	fires("smmuv3.idr5", 0x46, 0x16,
	      "OAS (bits 2:0) is 0x6, but GRAN64K (bit 6), DS (bit 7) and D128 (bit 8) are clear (IHI 0070 6.3.6)");
	fires("smmuv3.idr5", 0x107, 0x7, "OAS (bits 2:0) is 0x7, but D128 (bit 8) is clear (IHI 0070 6.3.6)");
	fires("smmuv3.idr5", 0x940, 0x840, "VAX (bits 11:10) is 0x2, but D128 (bit 8) is clear (IHI 0070 6.3.6)");
	fires("smmuv3.idr5", 0x490, 0x410,
	      "VAX (bits 11:10) is 0x1, but no granule takes such addresses (IHI 0070 6.3.6)");
	fires("smmuv3.idr5", 0x490, 0x90, "DS (bit 7) is set, but VAX (bits 11:10) is 0 (IHI 0070 6.3.6)");
	fires("smmuv3.idr5", 0x4a0, 0x4c0,
	      "DS (bit 7) is set, but GRAN4K (bit 4) and GRAN16K (bit 5) are clear (IHI 0070 6.3.6)");
	value(&v[0], "smmuv3.idr0", 0xb);
	value(&v[1], "smmuv3.idr1", 7);
	assert_string_equal(violation(v, 2),
			    "SIDSIZE (bits 5:0) is 7 or more, but smmuv3.idr0 ST_LEVEL (bits 28:27) is 0 "
			    "(IHI 0070 6.3.2)");
	v[1].raw = 6;
	assert_string_equal(violation(v, 2), "");
	value(&v[1], "smmuv3.idr3", 1 << 15);
	assert_string_equal(violation(&v[1], 1), "");
	assert_string_equal(violation(v, 2),
			    "DPT (bit 15) is set, but smmuv3.idr0 ATS (bit 10) is clear (IHI 0070 6.3.4)");
	/* across registers: only where both were read */
	value(&v[0], "vtd.cap", UINT64_C(1) << 59 | 38 << 16 | 0x200);
	value(&v[1], "vtd.ecap", qi);
	assert_string_equal(violation(v, 1), "");
	assert_string_equal(violation(v, 2), "PI (bit 59) is set, but vtd.ecap IR (bit 3) is clear (VT-d 11.4.2)");
	v[1].raw |= 8;
	assert_string_equal(violation(v, 2), "");
	/* version 6 may do without legacy tables */
	v[0].raw = 38 << 16;
	value(&v[2], "vtd.ver", 0x60);
	assert_string_equal(violation(v, 3), "");
	v[2].raw = 0x50;
	assert_non_null(strstr(violation(v, 3), "SAGAW"));
	/* write buffers have no place beside scalable mode */
	v[0].raw = 38 << 16 | 0x210;
	assert_string_equal(violation(v, 2), "");
	v[1].raw |= smts;
	assert_string_equal(violation(v, 2), "RWBF (bit 4) is set, but so is vtd.ecap SMTS (bit 43) (VT-d 11.4.2)");
}

static void all_ones_are_nobodys_answer(void **state)
{
	struct reg_value v[2];

	(void)state;
	fires("vtd.fsts", 0, UINT32_MAX, "all 32 bits are set, as where nothing answers the read");
	value(&v[0], "vtd.cap", UINT64_MAX);
	value(&v[1], "vtd.ecap", 0xf050da);
	assert_string_equal(violation(v, 2), "all 64 bits are set, as where nothing answers the read");
	value(&v[0], "smmuv3.idr4", UINT32_MAX);
	assert_string_equal(violation(v, 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserved_values_are_violations),
		cmocka_unit_test(flags_need_each_other),
		cmocka_unit_test(all_ones_are_nobodys_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
