/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The register tables, walked field by field: nothing twice, nothing outside, nothing without a name, a meaning and a source. */
#include "unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "host/registers.h"

static uint64_t width_mask(const struct reg *reg)
{
	return reg->width == 64 ? UINT64_MAX : UINT32_MAX;
}

static void assert_words(const char *text)
{
	assert_non_null(text);
	assert_true(text[0] != '\0' && !isspace((unsigned char)text[0]));
	assert_true(!isspace((unsigned char)text[strlen(text) - 1]));
	assert_int_not_equal(text[strlen(text) - 1], '.');
	assert_null(strchr(text, '\n'));
}

static void check_field(const struct reg *reg, const struct reg_field *f)
{
	assert_words(f->name);
	assert_words(f->meaning);
	assert_words(f->spec);
	assert_true(f->high >= f->low);
	assert_true(f->high < reg->width);
	switch (f->kind) {
	case REG_FLAG:
		assert_int_equal(f->high, f->low);
		break;
	case REG_NUMBER:
		assert_true(f->high > f->low);
		break;
	case REG_WORDS:
		assert_non_null(f->values);
		assert_true(f->nr_values >= 2 && f->nr_values <= 1U << (f->high - f->low + 1));
		for (unsigned int i = 0; i < f->nr_values; i++)
			if (f->values[i])
				assert_words(f->values[i]);
		break;
	case REG_TEXT:
		assert_true(f->high > f->low);
		break;
	default:
		fail_msg("%s %s: kind %d", reg->name, f->name, (int)f->kind);
	}
}

static void tables_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; registers[i]; i++) {
		const struct reg *reg = registers[i];
		int last = -1;

		assert_words(reg->name);
		assert_words(reg->title);
		assert_words(reg->spec);
		assert_true(reg->width == 32 || reg->width == 64);
		assert_true(reg->nr_fields > 0);
		assert_ptr_equal(reg_find(reg->name), reg);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(registers[j]->name, reg->name);
		for (unsigned int f = 0; f < reg->nr_fields; f++) {
			const struct reg_field *field = &reg->fields[f];

			check_field(reg, field);
			/* from low to high, none twice */
			assert_true(field->low > last);
			last = field->high;
			for (unsigned int k = 0; k < f; k++)
				assert_string_not_equal(reg->fields[k].name, field->name);
		}
	}
	assert_null(reg_find("vtd"));
	assert_null(reg_find(""));
	assert_null(reg_find("vtd.capx"));
}

static void names_are_those_promised(void **state)
{
	static const char *const names[] = {"vtd.cap",	    "vtd.ecap",
					    "vtd.ver",	    "vtd.gsts",
					    "vtd.fsts",	    "vtd.irta",
					    "vtd.pmen",	    "vtd.plmbase",
					    "vtd.plmlimit", "vtd.phmbase",
					    "vtd.phmlimit", "vtd.rtaddr",
					    "amd.efr",	    "amd.efr2",
					    "amd.cap",	    "amd.ctrl",
					    "smmuv3.idr0",  "smmuv3.idr1",
					    "smmuv3.idr2",  "smmuv3.idr3",
					    "smmuv3.idr4",  "smmuv3.idr5",
					    "smmuv3.iidr",  "smmuv3.aidr",
					    "riscv.caps",   "virtio-iommu.features",
					    "pcie.ats",	    "pcie.pri",
					    "pcie.pasid",   "pcie.acs",
					    "pcie.sriov"};
	unsigned int n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!reg_find(names[i]))
			fail_msg("there is no %s", names[i]);
	while (registers[n])
		n++;
	assert_int_equal(n, ARRAY_SIZE(names));
}

/* One value through reg_next: every bit exactly once, from low to high; each part's words fit any buffer. */
static void walk(const struct reg *reg, uint64_t raw)
{
	unsigned int cursor = 0, next = 0;
	uint64_t again = 0;
	struct reg_part part;

	while (reg_next(reg, raw, &cursor, &part)) {
		char big[256], small[8], one[1] = {'x'};

		assert_int_equal(part.low, next);
		assert_true(part.high >= part.low && part.high < reg->width);
		next = part.high + 1U;
		assert_int_equal(cursor, next);
		again |= part.raw << part.low;
		memset(big, '#', sizeof(big));
		assert_ptr_equal(reg_meaning(reg, &part, big, sizeof(big)), big);
		assert_words(big);
		/* nothing is as long as to be cut where callers give 200 */
		assert_true(strlen(big) < 120);
		memset(small, '#', sizeof(small));
		reg_meaning(reg, &part, small, 4);
		assert_true(strlen(small) < 4);
		assert_int_equal(small[4], '#');
		reg_meaning(reg, &part, one, 1);
		assert_int_equal(one[0], '\0');
		if (part.field)
			assert_true(reg_get(reg, part.field->name, raw) == part.raw);
		else
			assert_string_equal(big, "reserved");
	}
	assert_int_equal(next, reg->width);
	assert_true(again == (raw & width_mask(reg)));
}

static void every_bit_is_rendered_once(void **state)
{
	(void)state;
	for (size_t i = 0; registers[i]; i++) {
		const struct reg *reg = registers[i];

		walk(reg, 0);
		walk(reg, width_mask(reg));
		for (unsigned int bit = 0; bit < reg->width; bit++) {
			walk(reg, UINT64_C(1) << bit);
			walk(reg, width_mask(reg) & ~(UINT64_C(1) << bit));
		}
		for (unsigned int f = 0; f < reg->nr_fields; f++)
			for (uint64_t v = 0; v < 64 && v >> (reg->fields[f].high - reg->fields[f].low) >> 1 == 0; v++)
				walk(reg, v << reg->fields[f].low);
	}
}

static const struct reg_value *value(struct reg_value *v, const char *name, uint64_t raw)
{
	*v = (struct reg_value){.reg = reg_find(name), .raw = raw};
	assert_non_null(v->reg);
	return v;
}

static const char *meaning(const char *name, const char *field, uint64_t raw)
{
	static char buf[200];
	const struct reg *reg = reg_find(name);
	unsigned int cursor = 0;
	struct reg_part part;

	while (reg_next(reg, raw, &cursor, &part))
		if (part.field && !strcmp(part.field->name, field))
			return reg_meaning(reg, &part, buf, sizeof(buf));
	fail_msg("%s has no %s", name, field);
	return NULL;
}

static void words_say_what_the_bits_mean(void **state)
{
	char bits[8];

	(void)state;
	assert_string_equal(meaning("vtd.cap", "ND", 6), "65536 domains");
	assert_string_equal(meaning("vtd.cap", "ND", 7), "reserved value");
	assert_string_equal(meaning("vtd.cap", "PSI", 0), "no page-selective IOTLB invalidation");
	/* what follows a colon belongs to the set bit */
	assert_string_equal(meaning("vtd.cap", "CM", 0), "no caching mode");
	assert_string_equal(
		meaning("vtd.cap", "SAGAW", 0x1f00),
		"second-stage tables: a reserved bit, 39-bit (3-level), 48-bit (4-level), 57-bit (5-level), "
		"a reserved bit");
	assert_string_equal(meaning("vtd.cap", "SAGAW", 0), "no second-stage tables");
	assert_string_equal(meaning("vtd.cap", "SSLPS", UINT64_C(0xf) << 34),
			    "2M and 1G second-stage pages, and a reserved bit");
	assert_string_equal(meaning("vtd.cap", "NFR", 0), "1 fault recording register");
	assert_string_equal(meaning("vtd.cap", "FRO", UINT64_C(0x22) << 24), "at offset 0x220");
	assert_string_equal(meaning("vtd.rtaddr", "TTM", 0x800), "reserved value");
	assert_string_equal(meaning("vtd.rtaddr", "RTA", 0x123456400), "root table at 0x123456000");
	assert_string_equal(meaning("vtd.irta", "IRTA", 0x12345680f), "interrupt remapping table at 0x123456000");
	assert_string_equal(meaning("vtd.irta", "S", 0x12345680f), "65536 entries");
	assert_string_equal(meaning("vtd.pmen", "PRS", 0), "no protected memory regions in force");
	assert_string_equal(meaning("vtd.phmbase", "PHMB", 0x100000000), "from 0x100000000");
	assert_string_equal(meaning("amd.efr", "HATS", 0xc00), "reserved value");
	assert_string_equal(meaning("smmuv3.idr1", "CMDQS", 0x13U << 21), "524288 entries at most");
	assert_string_equal(meaning("smmuv3.idr0", "TTF", 0), "reserved value");
	assert_string_equal(meaning("pcie.ats", "Invalidate Queue Depth", 0), "32 invalidations outstanding at most");
	assert_string_equal(reg_bits_text(21, 16, bits, sizeof(bits)), "21:16");
	assert_string_equal(reg_bits_text(39, 39, bits, sizeof(bits)), "39");
}

static void values_are_found_by_name(void **state)
{
	struct reg_value v[2];

	(void)state;
	value(&v[0], "vtd.cap", 1);
	value(&v[1], "vtd.ecap", 2);
	assert_ptr_equal(reg_value_find(v, 2, "vtd.ecap"), &v[1]);
	assert_null(reg_value_find(v, 1, "vtd.ecap"));
	assert_null(reg_value_find(NULL, 0, "vtd.ecap"));
}

static bool is_documented(const char *name)
{
	for (size_t i = 0; reg_fact_kinds[i].name; i++)
		if (!strcmp(reg_fact_kinds[i].name, name))
			return true;
	return false;
}

/* Whatever the registers hold: no more facts and violations than there is room for, each well-formed. */
static void check_derived(struct reg_value *v, unsigned int n)
{
	struct reg_fact facts[REG_FACTS_MAX + 1];
	struct reg_violation found[65];
	unsigned int count;

	memset(facts, 0, sizeof(facts));
	count = reg_facts(v, n, facts);
	assert_true(count <= REG_FACTS_MAX);
	assert_null(facts[REG_FACTS_MAX].name);
	for (unsigned int i = 0; i < count; i++) {
		assert_true(is_documented(facts[i].name));
		assert_words(facts[i].text);
		assert_true(strlen(facts[i].text) < sizeof(facts[i].text) - 1);
		assert_true(facts[i].has || facts[i].value == 0);
	}
	memset(found, 0, sizeof(found));
	count = reg_violations(v, n, found, 64);
	assert_true(count < 64);
	for (unsigned int i = 0; i < count; i++) {
		assert_true(found[i].value >= v && found[i].value < v + n);
		assert_words(found[i].field);
		assert_words(found[i].text);
		assert_true(strlen(found[i].text) < sizeof(found[i].text) - 1);
	}
	if (count) {
		memset(found, 0, sizeof(found));
		assert_int_equal(reg_violations(v, n, found, 1), 1);
		assert_null(found[1].value);
	}
	assert_int_equal(reg_violations(v, n, found, 0), 0);
}

static void anything_has_facts(void **state)
{
	struct reg_value v[32];
	unsigned int n = 0;
	uint64_t seed = 0x9e3779b97f4a7c15;

	(void)state;
	assert_int_equal(reg_facts(NULL, 0, NULL), 0);
	assert_int_equal(reg_violations(NULL, 0, NULL, 0), 0);
	while (registers[n])
		n++;
	for (unsigned int round = 0; round < 2000; round++) {
		for (unsigned int i = 0; i < n; i++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			v[i] = (struct reg_value){.reg = registers[i],
						  .raw = (round == 0   ? UINT64_MAX
							  : round == 1 ? 0
								       : seed) &
							 width_mask(registers[i])};
			check_derived(&v[i], 1);
		}
		check_derived(v, n);
	}
}

static const char *fact(struct reg_value *v, unsigned int n, const char *name, bool has, uint64_t number)
{
	static struct reg_fact facts[REG_FACTS_MAX];
	unsigned int count = reg_facts(v, n, facts);
	const struct reg_fact *f = reg_fact_find(facts, count, name);

	if (!f)
		fail_msg("no fact %s", name);
	assert_int_equal(f->has, has);
	assert_true(f->value == number);
	return f->text;
}

static bool has_fact(struct reg_value *v, unsigned int n, const char *name)
{
	struct reg_fact facts[REG_FACTS_MAX];

	return reg_fact_find(facts, reg_facts(v, n, facts), name) != NULL;
}

/* The machine of the 2022 report, facts by facts. */
static void facts_of_a_vtd_client(void **state)
{
	struct reg_value v[2];

	(void)state;
	value(&v[0], "vtd.cap", 0xd2008c40660462);
	value(&v[1], "vtd.ecap", 0xf050da);
	assert_string_equal(fact(v, 2, "second-stage", true, 39),
			    "39-bit addresses (MGAW 39, tables of 48 bits in SAGAW)");
	fact(v, 2, "second-stage-levels", true, 4);
	assert_string_equal(fact(v, 2, "page-sizes", true, KiB(4) | MiB(2) | GiB(1)), "4K, 2M, 1G");
	assert_string_equal(fact(v, 2, "first-stage", false, 0), "no: SMTS (bit 43), FSTS (bit 47) are clear");
	assert_string_equal(fact(v, 2, "dirty-tracking", false, 0),
			    "no: SMTS (bit 43), SSADS (bit 45), SMPWCS (bit 48) are clear");
	fact(v, 2, "snoop-control", true, 0);
	assert_string_equal(fact(v, 2, "page-walk-coherency", false, 0), "no: C (bit 0) is clear");
	fact(v, 2, "interrupt-remapping", true, 0);
	fact(v, 2, "x2apic", true, 0);
	fact(v, 2, "caching-mode", false, 0);
	fact(v, 2, "domains", true, 256);
	/* what the registers at hand cannot decide is not there */
	assert_false(has_fact(v, 1, "snoop-control"));
	assert_false(has_fact(&v[1], 1, "page-sizes"));
	assert_true(has_fact(&v[1], 1, "first-stage"));
}

static void facts_of_vtd_in_scalable_mode(void **state)
{
	const uint64_t smts = UINT64_C(1) << 43, ssads = UINT64_C(1) << 45, ssts = UINT64_C(1) << 46,
		       fsts = UINT64_C(1) << 47, smpwcs = UINT64_C(1) << 48;
	struct reg_value v[2];

	(void)state;
	value(&v[0], "vtd.cap", UINT64_C(1) << 56 | UINT64_C(1) << 60 | UINT64_C(3) << 34 | 56 << 16 | 0xe00);
	value(&v[1], "vtd.ecap", smts | ssads | ssts | fsts | smpwcs);
	fact(v, 2, "second-stage", true, 57);
	assert_string_equal(fact(v, 2, "second-stage-levels", true, 5), "5-level tables at most");
	fact(v, 2, "first-stage", true, 57);
	assert_string_equal(fact(v, 2, "page-sizes", true, KiB(4) | MiB(2) | GiB(1)),
			    "second stage 4K, 2M, 1G; first stage 4K, 2M, 1G");
	fact(v, 2, "dirty-tracking", true, 0);
	assert_string_equal(fact(v, 2, "page-walk-coherency", false, 0), "only in scalable mode: C (bit 0) is clear");
	v[1].raw = smts | smpwcs | ssts;
	assert_string_equal(fact(v, 2, "dirty-tracking", false, 0), "no: SSADS (bit 45) is clear");
	v[1].raw = smts | ssads | ssts | 1;
	assert_string_equal(fact(v, 2, "dirty-tracking", false, 0), "no: SMPWCS (bit 48) is clear");
	assert_string_equal(fact(v, 2, "page-walk-coherency", false, 0),
			    "only in legacy mode: SMPWCS (bit 48) is clear");
	v[1].raw = smts | fsts | UINT64_C(19) << 35 | UINT64_C(1) << 40;
	fact(v, 2, "pasid", true, 20);
	assert_non_null(strstr(fact(v, 2, "second-stage", true, 57), "in legacy mode only"));
	/* 3-level tables below 39 bits of MGAW; none at all */
	v[0].raw = 37 << 16 | 0x200;
	fact(v, 2, "second-stage", true, 38);
	v[0].raw = 38 << 16;
	assert_string_equal(fact(v, 2, "second-stage", false, 0), "no: SAGAW (bits 12:8) names no table");
	assert_string_equal(fact(v, 2, "page-sizes", true, KiB(4) | MiB(2)), "first stage 4K, 2M");
}

static void facts_of_amd(void **state)
{
	struct reg_value v[3];

	(void)state;
	value(&v[0], "amd.efr", 0x29d3);
	value(&v[1], "amd.cap", 0x1f03000f);
	value(&v[2], "amd.efr2", 0);
	fact(v, 3, "second-stage", true, 64);
	fact(v, 3, "second-stage-levels", true, 6);
	assert_string_equal(fact(v, 3, "first-stage", false, 0), "no: GIoSup (bit 48) is clear");
	assert_string_equal(fact(v, 3, "dirty-tracking", false, 0), "no: HDSup (bit 52) is clear");
	fact(v, 3, "pri", true, 0);
	fact(v, 3, "ats", true, 0);
	fact(v, 3, "x2apic", false, 0);
	fact(v, 3, "caching-mode", true, 0);
	v[0].raw |= UINT64_C(1) << 52 | UINT64_C(1) << 48 | UINT64_C(15) << 32;
	fact(v, 3, "dirty-tracking", true, 0);
	fact(v, 3, "pasid", true, 16);
	fact(v, 3, "first-stage", true, 48);
	assert_string_equal(fact(v, 3, "nested", false, 0), "no: GCR3TRPMode (bit 3) is clear");
	v[2].raw = 8;
	fact(v, 3, "nested", true, 0);
	assert_false(has_fact(v, 2, "nested"));
	assert_false(has_fact(v, 1, "ats"));
	/* HATS 3: Linux has no host tables then, and no dirty bits */
	v[0].raw |= 0xc00;
	fact(v, 3, "second-stage", false, 0);
	fact(v, 3, "dirty-tracking", false, 0);
	fact(v, 3, "page-sizes", true, KiB(4) | MiB(2) | GiB(1));
	v[0].raw = 0;
	fact(v, 1, "second-stage", true, 48);
	v[0].raw = 0x1400;
	fact(v, 1, "second-stage", true, 57);
}

static void facts_of_smmuv3(void **state)
{
	struct reg_value v[3];

	(void)state;
	value(&v[0], "smmuv3.idr0", 0x0d44101b);
	value(&v[1], "smmuv3.idr1", 0x02730010);
	value(&v[2], "smmuv3.idr5", 0x74);
	fact(v, 3, "second-stage", true, 44);
	fact(v, 3, "first-stage", true, 48);
	assert_string_equal(fact(v, 3, "page-sizes", true, 0x60211000 | KiB(16) | MiB(32)),
			    "4K, 16K, 64K, 2M, 32M, 512M, 1G");
	assert_string_equal(fact(v, 3, "pasid", false, 0), "no: SSIDSIZE (bits 10:6) is 0");
	assert_non_null(
		strstr(fact(v, 3, "dirty-tracking", false, 0), "no: HTTU (bits 7:6) is 0, not 2 or 3 (on ACPI"));
	fact(v, 3, "page-walk-coherency", true, 0);
	fact(v, 3, "nested", true, 0);
	fact(v, 3, "domains", true, 65536);
	v[0].raw |= 2 << 6;
	assert_non_null(strstr(fact(v, 3, "dirty-tracking", true, 0), "IORT"));
	v[0].raw &= ~UINT64_C(0x10);
	assert_non_null(strstr(fact(v, 3, "dirty-tracking", false, 0), "no: COHACC (bit 4) is clear"));
	v[1].raw |= 20 << 6;
	fact(v, 3, "pasid", true, 20);
	v[2].raw = 6 | 1 << 10 | 0x10;
	fact(v, 3, "second-stage", true, 52);
	fact(v, 3, "first-stage", true, 52);
	fact(v, 3, "page-sizes", true, KiB(4) | MiB(2) | GiB(1) | TiB(4));
	v[0].raw = 1;
	assert_string_equal(fact(v, 3, "first-stage", false, 0), "no: S1P (bit 1) is clear");
	assert_string_equal(fact(v, 3, "nested", false, 0), "no: S1P (bit 1) is clear");
	fact(v, 3, "domains", true, 256);
	assert_false(has_fact(v, 1, "second-stage"));
}

static void facts_of_riscv_and_virtio(void **state)
{
	struct reg_value v[1];

	(void)state;
	value(&v[0], "riscv.caps", 0x10 | 1 << 9 | 1 << 10 | 1 << 17 | 1 << 24 | 1 << 25 | UINT64_C(1) << 39);
	fact(v, 1, "first-stage", true, 48);
	fact(v, 1, "second-stage", true, 41);
	fact(v, 1, "second-stage-levels", true, 3);
	fact(v, 1, "page-sizes", true, KiB(4) | MiB(2) | GiB(1) | GiB(512));
	fact(v, 1, "pasid", true, 17);
	fact(v, 1, "nested", true, 0);
	fact(v, 1, "dirty-tracking", true, 0);
	fact(v, 1, "ats", true, 0);
	v[0].raw = 0x10;
	fact(v, 1, "nested", false, 0);
	fact(v, 1, "pasid", false, 0);
	assert_string_equal(fact(v, 1, "dirty-tracking", false, 0), "no: AMO_HWAD (bit 24) is clear");
	assert_false(has_fact(v, 1, "page-sizes"));
	value(&v[0], "virtio-iommu.features", 0x7f);
	fact(v, 1, "dirty-tracking", false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_whole),
		cmocka_unit_test(names_are_those_promised),
		cmocka_unit_test(every_bit_is_rendered_once),
		cmocka_unit_test(words_say_what_the_bits_mean),
		cmocka_unit_test(values_are_found_by_name),
		cmocka_unit_test(anything_has_facts),
		cmocka_unit_test(facts_of_a_vtd_client),
		cmocka_unit_test(facts_of_vtd_in_scalable_mode),
		cmocka_unit_test(facts_of_amd),
		cmocka_unit_test(facts_of_smmuv3),
		cmocka_unit_test(facts_of_riscv_and_virtio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
