/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/acpi, IVRS: a good table is read exactly; each thing that can be wrong is told, and only that. */
#include "acpi_image.h"

/* Where the blocks of the good table begin, and the device entries in them. */
enum {
	OLD = 48, /* 10h for the IOMMU at 00:00.2 */
	OLD_ALL = OLD + 24,
	NEW = OLD + 28, /* 11h for the same */
	NEW_START = NEW + 40,
	NEW_END = NEW_START + 4,
	NEW_SELECT = NEW_END + 4,
	NEW_PAD = NEW_SELECT + 4,
	NEW_ALIAS = NEW_PAD + 4,
	NEW_EXTENDED = NEW_ALIAS + 8,
	NEW_APIC = NEW_EXTENDED + 8,
	NEW_HPET = NEW_APIC + 8,
	SECOND = NEW_HPET + 8, /* 11h for the one at 40:00.2 */
	SECOND_START = SECOND + 40,
	SECOND_ALIAS = SECOND_START + 8,
	ACPI = SECOND_ALIAS + 12, /* 40h for the one at 00:00.2 */
	ACPI_HID = ACPI + 40,
	UNITY = ACPI_HID + 22 + 9,
	EXCLUDED = UNITY + 32,
	RANGE = EXCLUDED + 32,
	END = RANGE + 32,
};

#define EFR 0x29d3ULL

static void add_ivhd(struct image *m, uint8_t type, uint16_t len, uint16_t device, uint64_t base)
{
	image_add(m, 1, type);
	image_add(m, 1, 0x30);
	image_add(m, 2, len);
	image_add(m, 2, device);
	image_add(m, 2, 0x40);
	image_add(m, 8, base);
	image_add(m, 2, 0);
	image_add(m, 2, 0x0100);
	image_add(m, 4, type == 0x10 ? 0x80048fff : 0x0);
	if (type != 0x10) {
		image_add(m, 8, EFR);
		image_add(m, 8, 0x10);
	}
}

static void add_entry(struct image *m, uint8_t type, uint16_t device, uint8_t settings)
{
	image_add(m, 1, type);
	image_add(m, 2, device);
	image_add(m, 1, settings);
}

static void add_entry8(struct image *m, uint8_t type, uint16_t device, uint8_t settings, uint32_t more)
{
	add_entry(m, type, device, settings);
	image_add(m, 4, more);
}

static void add_ivmd(struct image *m, uint8_t type, uint8_t flags, uint16_t device, uint16_t aux, uint64_t start,
		     uint64_t length)
{
	image_add(m, 1, type);
	image_add(m, 1, flags);
	image_add(m, 2, 32);
	image_add(m, 2, device);
	image_add(m, 2, aux);
	image_add(m, 8, 0);
	image_add(m, 8, start);
	image_add(m, 8, length);
}

static void good(struct image *m)
{
	image_begin(m, "IVRS", 2);
	image_add(m, 4, 1 | 2 << 5 | 48 << 8 | 64 << 15 | 1 << 22);
	image_add(m, 8, 0);
	add_ivhd(m, 0x10, 28, 0x0002, 0xfeb80000);
	add_entry(m, 1, 0, 0);
	add_ivhd(m, 0x11, 40 + 48, 0x0002, 0xfeb80000);
	add_entry(m, 3, 0x0008, 0x07);
	add_entry(m, 4, 0x00ff, 0);
	add_entry(m, 2, 0x0100, 0xd7);
	image_add(m, 4, 0);
	add_entry8(m, 66, 0x0208, 0, 0x0200 << 8);
	add_entry8(m, 70, 0x0300, 0, 1u << 31);
	add_entry8(m, 72, 0, 0xd7, 1 << 24 | 0x00a0 << 8 | 4);
	add_entry8(m, 72, 0, 0, 2 << 24 | 0x00a0 << 8 | 0);
	add_ivhd(m, 0x11, 40 + 20, 0x4002, 0xfec00000);
	add_entry(m, 3, 0x4000, 0);
	add_entry(m, 4, 0x4fff, 0);
	add_entry8(m, 67, 0x5000, 0, 0x5008 << 8);
	add_entry(m, 4, 0x50ff, 0);
	add_ivhd(m, 0x40, 40 + 31, 0x0002, 0xfeb80000);
	add_entry(m, 240, 0x00a5, 0);
	image_text(m, "AMDI0020", 8);
	image_text(m, "", 8);
	image_add(m, 1, 2);
	image_add(m, 1, 9);
	image_text(m, "\\_SB.FUR0", 9);
	add_ivmd(m, 0x21, 0x07, 0x0100, 0, 0xdf000000, 0x100000);
	add_ivmd(m, 0x20, 0x08, 0, 0, 0xde000000, 0x1000);
	add_ivmd(m, 0x22, 0x03, 0x0200, 0x02ff, 0xdd000000, 0x2000);
	assert_int_equal(m->len, END);
	image_end(m);
}

static void parse(const struct image *m, struct ivrs *v)
{
	assert_int_equal(ivrs_parse(image_copy(m, m->len), m->len, v), 0);
}

static void test_good_blocks(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	good(&m);
	parse(&m, &v);
	assert_in_order(&v.table);
	assert_string_equal(v.table.signature, "IVRS");
	assert_int_equal(v.info, 1 | 2 << 5 | 48 << 8 | 64 << 15 | 1 << 22);
	assert_int_equal(v.nr_blocks, 4);
	assert_int_equal(v.blocks[0].type, 0x10);
	assert_int_equal(v.blocks[0].at, OLD);
	assert_int_equal(v.blocks[0].features, 0x80048fff);
	assert_int_equal(v.blocks[0].efr, 0);
	assert_int_equal(v.blocks[1].type, 0x11);
	assert_int_equal(v.blocks[1].len, 88);
	assert_int_equal(v.blocks[1].flags, 0x30);
	assert_int_equal(v.blocks[1].device_id, 2);
	assert_int_equal(v.blocks[1].capability, 0x40);
	assert_int_equal(v.blocks[1].base, 0xfeb80000);
	assert_int_equal(v.blocks[1].info, 0x100);
	assert_int_equal(v.blocks[1].efr, EFR);
	assert_int_equal(v.blocks[1].efr2, 0x10);
	assert_int_equal(v.blocks[3].at, ACPI);
	ivrs_free(&v);
	assert_null(v.blocks);
}

static void test_good_entries(void **state)
{
	struct image m;
	struct ivrs v;
	const struct ivhd_entry *e;

	(void)state;
	good(&m);
	parse(&m, &v);
	assert_int_equal(v.blocks[0].nr_entries, 1);
	assert_true(v.blocks[0].entries[0].all);
	assert_int_equal(v.blocks[0].entries[0].last, 0xffff);
	assert_int_equal(v.blocks[1].nr_entries, 6);
	e = v.blocks[1].entries;
	assert_int_equal(e[0].at, NEW_START);
	assert_int_equal(e[0].first, 0x0008);
	assert_int_equal(e[0].last, 0x00ff);
	assert_int_equal(e[0].settings, 7);
	assert_int_equal(e[1].first, 0x0100);
	assert_int_equal(e[1].last, 0x0100);
	assert_int_equal(e[1].alias, 0x0100);
	assert_false(e[1].has_alias);
	assert_true(e[2].has_alias);
	assert_int_equal(e[2].first, 0x0208);
	assert_int_equal(e[2].alias, 0x0200);
	assert_int_equal(e[3].extended, 0x80000000);
	assert_int_equal(e[4].special, 1);
	assert_int_equal(e[4].handle, 4);
	assert_int_equal(e[4].first, 0xa0);
	assert_int_equal(e[5].special, 2);
	e = v.blocks[2].entries;
	assert_int_equal(e[1].at, SECOND_ALIAS);
	assert_int_equal(e[1].first, 0x5000);
	assert_int_equal(e[1].last, 0x50ff);
	assert_int_equal(e[1].alias, 0x5008);
	e = v.blocks[3].entries;
	assert_string_equal(e[0].hid, "AMDI0020");
	assert_string_equal(e[0].uid, "\\_SB.FUR0");
	assert_int_equal(e[0].first, 0xa5);
	ivrs_free(&v);
}

static void test_good_memory(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	good(&m);
	parse(&m, &v);
	assert_int_equal(v.nr_memory, 3);
	assert_int_equal(v.memory[0].at, UNITY);
	assert_int_equal(v.memory[0].flags, 7);
	assert_int_equal(v.memory[0].first, 0x0100);
	assert_int_equal(v.memory[0].last, 0x0100);
	assert_int_equal(v.memory[0].start, 0xdf000000);
	assert_int_equal(v.memory[0].length, 0x100000);
	assert_int_equal(v.memory[1].first, 0);
	assert_int_equal(v.memory[1].last, 0xffff);
	assert_int_equal(v.memory[2].first, 0x0200);
	assert_int_equal(v.memory[2].last, 0x02ff);
	ivrs_free(&v);
}

static const struct image_damage damages[] = {
	{"another signature", 3, 1, 'X', "signature", 0},
	{"revision 0", 8, 1, 0, "value", 8},
	{"revision 3", 8, 1, 3, "value", 8},
	{"IVinfo: reserved", 36, 1, 0x45, "reserved", 36},
	{"IVinfo: physical addresses of 16 bits", 37, 1, 16, "value", 36},
	{"a reserved byte of the header", 47, 1, 1, "reserved", 47},
	{"a block without length", NEW + 2, 2, 0, "length", NEW + 2},
	{"a block of 3 bytes", NEW + 2, 2, 3, "length", NEW + 2},
	{"a block over the end", RANGE + 2, 2, 33, "truncated", RANGE + 2},
	{"a block nobody knows", UNITY, 1, 0x23, "reserved", UNITY},
	{"IVHD 10h of 28 bytes becomes 11h", OLD, 1, 0x11, "length", OLD + 2},
	{"IVHD: registers at 0", NEW + 8, 8, 0, "value", NEW + 8},
	{"IVHD: registers not aligned", NEW + 8, 8, 0xfeb81000, "misaligned", NEW + 8},
	{"IVHD: registers of another", SECOND + 8, 8, 0xfeb80000, "overlap", SECOND + 8},
	{"IVHD: a capability in the header", NEW + 6, 2, 0x3c, "value", NEW + 6},
	{"IVHD: a capability off its place", NEW + 6, 2, 0x42, "value", NEW + 6},
	{"IVHD: an IOMMU described twice", SECOND + 4, 2, 0x0002, "duplicate", SECOND + 4},
	{"IVHD: flags", NEW + 1, 1, 0x70, "reserved", NEW + 1},
	{"IVHD: info", NEW + 18, 2, 0x20, "reserved", NEW + 18},
	{"IVHD: attributes", NEW + 20, 4, 2, "reserved", NEW + 20},
	{"IVHD: XT without GA", NEW + 24, 8, (EFR & ~(1ULL << 7)) | 1 << 2, "value", NEW + 24},
	{"IVHD: no EFR image", NEW + 24, 8, 0, "value", NEW + 24},
	{"IVHD: EFR of one IOMMU", SECOND + 24, 8, EFR | 1 << 4 | 1 << 9, "value", SECOND + 24},
	{"IVHD: EFR of one kind of block", ACPI + 32, 8, 0x11, "value", ACPI + 24},
	{"IVHD 40h in revision 1", 8, 1, 1, "value", ACPI},
	{"IVHD: devices of two IOMMUs", SECOND_START + 1, 2, 0x0200, "overlap", SECOND},
	{"entry: type 5", NEW_SELECT, 1, 5, "reserved", NEW_SELECT},
	{"entry: type 65", NEW_ALIAS, 1, 65, "reserved", NEW_ALIAS},
	{"entry: no known length", NEW_SELECT, 1, 0x80, "length", NEW_SELECT},
	{"entry: over its block", NEW_HPET, 1, 240, "truncated", NEW_HPET},
	{"entry: setting", NEW_SELECT + 3, 1, 8, "reserved", NEW_SELECT + 3},
	{"entry: all, of a device", OLD_ALL + 1, 2, 7, "reserved", OLD_ALL + 1},
	{"entry: a range without end", NEW_END, 1, 2, "value", NEW_START},
	{"entry: an end without a range", NEW_START, 1, 2, "value", NEW_END},
	{"entry: a range that begins in a range", NEW_END, 1, 3, "value", NEW_START},
	{"entry: a range backwards", NEW_END + 1, 2, 7, "value", NEW_END + 1},
	{"entry: padding that says something", NEW_PAD + 2, 1, 1, "reserved", NEW_PAD + 2},
	{"entry: alias", NEW_ALIAS + 4, 1, 1, "reserved", NEW_ALIAS + 4},
	{"entry: alias, last byte", NEW_ALIAS + 7, 1, 1, "reserved", NEW_ALIAS + 7},
	{"entry: extended settings", NEW_EXTENDED + 4, 4, 1, "reserved", NEW_EXTENDED + 4},
	{"entry: a special device of variety 3", NEW_APIC + 7, 1, 3, "value", NEW_APIC + 7},
	{"entry: the I/O APIC twice", NEW_HPET + 4, 4, 1 << 24 | 4, "duplicate", NEW_HPET},
	{"entry: a special device's ID", NEW_APIC + 1, 2, 1, "reserved", NEW_APIC + 1},
	{"entry: no hardware ID", ACPI_HID + 4, 1, 0, "value", ACPI_HID + 4},
	{"entry: UID of format 3", ACPI_HID + 20, 1, 3, "value", ACPI_HID + 20},
	{"entry: UID of format 0 with bytes", ACPI_HID + 20, 1, 0, "value", ACPI_HID + 20},
	{"entry: a number of 9 bytes", ACPI_HID + 20, 1, 1, "value", ACPI_HID + 20},
	{"entry: UID over the block", ACPI_HID + 21, 1, 10, "truncated", ACPI_HID},
	{"entry: ACPI device in 11h", ACPI, 1, 0x11, "value", ACPI_HID},
	{"IVMD: flags", UNITY + 1, 1, 0x17, "reserved", UNITY + 1},
	{"IVMD: reserved", UNITY + 15, 1, 1, "reserved", UNITY + 15},
	{"IVMD: start not aligned", UNITY + 16, 8, 0xdf000800, "misaligned", UNITY + 16},
	{"IVMD: length not aligned", UNITY + 24, 8, 0xfff, "misaligned", UNITY + 16},
	{"IVMD: no length", UNITY + 24, 8, 0, "value", UNITY + 24},
	{"IVMD: wraps around", UNITY + 16, 8, 0xfffffffffffff000, "value", UNITY + 24},
	{"IVMD: a range backwards", RANGE + 6, 2, 0x01ff, "value", RANGE + 4},
	{"IVMD: of 31 bytes", RANGE + 2, 2, 31, "length", RANGE + 2},
};

static void test_damages(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(damages); i++) {
		good(&m);
		image_patch(&m, damages[i].at, damages[i].width, damages[i].value);
		image_checksum(&m);
		parse(&m, &v);
		assert_damage_is_told(&v.table, &damages[i]);
		ivrs_free(&v);
	}
}

/* An IOMMU with counters has 512K of registers. */
static void test_span(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	good(&m);
	image_patch(&m, SECOND + 8, 8, 0xfeb84000);
	image_checksum(&m);
	parse(&m, &v);
	assert_in_order(&v.table);
	ivrs_free(&v);
	for (unsigned int i = 0; i < 3; i++)
		image_patch(&m, (size_t[]){NEW, SECOND, ACPI}[i] + 24, 8, EFR | 1 << 9);
	image_checksum(&m);
	parse(&m, &v);
	assert_int_equal(v.table.nr_problems, 1);
	assert_non_null(table_problem(&v.table, "overlap", SECOND + 8));
	ivrs_free(&v);
}

/* Two blocks that each serve all devices of a segment; of different segments they may. */
static void test_all_twice(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	image_begin(&m, "IVRS", 1);
	m.len = 48;
	add_ivhd(&m, 0x10, 28, 0x0002, 0xfeb80000);
	add_entry(&m, 1, 0, 0);
	add_ivhd(&m, 0x10, 28, 0x4002, 0xfec00000);
	add_entry(&m, 1, 0, 0);
	image_end(&m);
	parse(&m, &v);
	assert_int_equal(v.table.nr_problems, 1);
	assert_non_null(table_problem(&v.table, "overlap", 76));
	ivrs_free(&v);
	image_patch(&m, 76 + 16, 2, 1);
	image_checksum(&m);
	parse(&m, &v);
	assert_in_order(&v.table);
	ivrs_free(&v);
}

/* Ranges that do and do not fill the words of the map they are compared by. */
static void test_ranges(void **state)
{
	static const struct {
		uint16_t a_first, a_last, b_first, b_last;
		bool overlap;
	} cases[] = {
		{0, 63, 64, 127, false},
		{0, 64, 64, 127, true},
		{0, 0xffff, 0xffff, 0xffff, true},
		{0, 0xfffe, 0xffff, 0xffff, false},
		{0x100, 0x1ff, 0, 0xff, false},
		{0x100, 0x1ff, 0x1ff, 0x200, true},
		{1, 62, 63, 63, false},
		{65, 190, 128, 128, true},
		{0, 0, 0, 0, true},
	};
	struct image m;
	struct ivrs v;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		image_begin(&m, "IVRS", 1);
		m.len = 48;
		add_ivhd(&m, 0x10, 32, 0x0002, 0xfeb80000);
		add_entry(&m, 3, cases[i].a_first, 0);
		add_entry(&m, 4, cases[i].a_last, 0);
		add_ivhd(&m, 0x10, 32, 0x4002, 0xfec00000);
		add_entry(&m, 3, cases[i].b_first, 0);
		add_entry(&m, 4, cases[i].b_last, 0);
		image_end(&m);
		parse(&m, &v);
		assert_int_equal(v.table.nr_problems, cases[i].overlap);
		ivrs_free(&v);
	}
}

static void test_empty(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	image_begin(&m, "IVRS", 1);
	m.len = 48;
	image_end(&m);
	parse(&m, &v);
	assert_int_equal(v.table.nr_problems, 1);
	assert_non_null(table_problem(&v.table, "value", 36));
	ivrs_free(&v);
}

static void test_integer_uid(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	image_begin(&m, "IVRS", 2);
	m.len = 48;
	add_ivhd(&m, 0x40, 40 + 30, 0x0002, 0xfeb80000);
	add_entry(&m, 240, 0x00a5, 0);
	image_text(&m, "AMDI0020", 8);
	image_text(&m, "", 8);
	image_add(&m, 1, 1);
	image_add(&m, 1, 8);
	image_add(&m, 8, 12345678901);
	image_end(&m);
	parse(&m, &v);
	assert_in_order(&v.table);
	assert_string_equal(v.blocks[0].entries[0].uid, "12345678901");
	ivrs_free(&v);
}

static void test_truncated(void **state)
{
	struct image m;
	struct ivrs v;

	(void)state;
	good(&m);
	for (size_t len = 0; len < END; len++) {
		assert_int_equal(ivrs_parse(image_copy(&m, len), len, &v), 0);
		assert_non_null(table_problem(&v.table, "truncated", UINT32_MAX));
		ivrs_free(&v);
	}
}

/* The same, with a header that owns up to it: a block is cut, unless the cut is between two. */
static void test_cut(void **state)
{
	static const size_t ends[] = {NEW, SECOND, ACPI, UNITY, EXCLUDED, RANGE, END};
	struct image m;
	struct ivrs v;

	(void)state;
	for (size_t len = 49, next = 0; len < END; len++) {
		good(&m);
		m.len = len;
		image_end(&m);
		parse(&m, &v);
		if (len == ends[next]) {
			assert_int_equal(v.table.nr_problems, 0);
			next++;
		} else {
			assert_non_null(table_problem(&v.table, "truncated", UINT32_MAX));
		}
		ivrs_free(&v);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_blocks), cmocka_unit_test(test_good_entries),
		cmocka_unit_test(test_good_memory), cmocka_unit_test(test_damages),
		cmocka_unit_test(test_span),	    cmocka_unit_test(test_all_twice),
		cmocka_unit_test(test_ranges),	    cmocka_unit_test(test_empty),
		cmocka_unit_test(test_integer_uid), cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
