/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/acpi, DMAR: a good table is read exactly; each thing that can be wrong is told, and only that. */
#include "acpi_image.h"

/* Where the structures of the good table begin. */
enum {
	GPU = 48,		  /* DRHD with one endpoint */
	GPU_SCOPE = GPU + 16,	  /* */
	REST = GPU + 24,	  /* DRHD with INCLUDE_PCI_ALL, an I/O APIC and a HPET */
	REST_SCOPE = REST + 16,	  /* */
	OTHER = REST + 32,	  /* DRHD of segment 1 with a bridge two steps down and an ACPI device */
	OTHER_SCOPE = OTHER + 16, /* */
	OTHER_ACPI = OTHER_SCOPE + 10,
	RMRR1 = OTHER + 34,
	RMRR2 = RMRR1 + 32,
	ATSR = RMRR2 + 32,
	RHSA = ATSR + 8,
	ANDD = RHSA + 20,
	SATC = ANDD + 20,
	SIDP = SATC + 16,
	END = SIDP + 16,
};

static void add_header(struct image *m, uint16_t type, uint16_t len)
{
	image_add(m, 2, type);
	image_add(m, 2, len);
}

static void add_scope(struct image *m, uint8_t type, uint8_t flags, uint8_t id, uint8_t bus, unsigned int steps)
{
	image_add(m, 1, type);
	image_add(m, 1, 6 + 2 * steps);
	image_add(m, 1, flags);
	image_add(m, 1, 0);
	image_add(m, 1, id);
	image_add(m, 1, bus);
	for (unsigned int i = 0; i < steps; i++) {
		image_add(m, 1, 0x1c + i);
		image_add(m, 1, i);
	}
}

static void add_drhd(struct image *m, uint16_t len, uint8_t flags, uint8_t size, uint16_t segment, uint64_t base)
{
	add_header(m, 0, len);
	image_add(m, 1, flags);
	image_add(m, 1, size);
	image_add(m, 2, segment);
	image_add(m, 8, base);
}

static void add_rmrr(struct image *m, uint64_t base, uint64_t last, uint8_t device)
{
	add_header(m, 1, 32);
	image_add(m, 4, 0);
	image_add(m, 8, base);
	image_add(m, 8, last);
	add_scope(m, 1, 0, 0, device, 1);
}

static void good(struct image *m)
{
	image_begin(m, "DMAR", 1);
	image_add(m, 1, 38);
	image_add(m, 1, 5);
	m->len += 10;
	add_drhd(m, 24, 0, 0, 0, 0xfed90000);
	add_scope(m, 1, 0, 0, 0, 1);
	add_drhd(m, 32, 1, 1, 0, 0xfed92000);
	add_scope(m, 3, 0, 2, 0xf0, 1);
	add_scope(m, 4, 0, 0, 0xf1, 1);
	add_drhd(m, 34, 0, 0, 1, 0x1000000000);
	add_scope(m, 2, 0, 0, 0, 2);
	add_scope(m, 5, 0, 7, 0, 1);
	add_rmrr(m, 0xab000000, 0xabffffff, 3);
	add_rmrr(m, 0xac000000, 0xac000fff, 4);
	add_header(m, 2, 8);
	image_add(m, 4, 1);
	add_header(m, 3, 20);
	image_add(m, 4, 0);
	image_add(m, 8, 0xfed90000);
	image_add(m, 4, 3);
	add_header(m, 4, 20);
	image_add(m, 4, 7 << 24);
	image_text(m, "\\_SB.I2C0", 12);
	add_header(m, 5, 16);
	image_add(m, 4, 1);
	add_scope(m, 1, 0, 0, 5, 1);
	add_header(m, 6, 16);
	image_add(m, 4, 0);
	add_scope(m, 1, 0x1f, 0, 6, 1);
	assert_int_equal(m->len, END);
	image_end(m);
}

static void parse(const struct image *m, struct dmar *d)
{
	assert_int_equal(dmar_parse(image_copy(m, m->len), m->len, d), 0);
}

static void test_good_header(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	parse(&m, &d);
	assert_in_order(&d.table);
	assert_string_equal(d.table.signature, "DMAR");
	assert_string_equal(d.table.oem_id, "TESTER");
	assert_string_equal(d.table.oem_table_id, "TABLE");
	assert_int_equal(d.table.revision, 1);
	assert_int_equal(d.table.len, END);
	assert_int_equal(d.table.err, 0);
	assert_int_equal(d.width, 39);
	assert_int_equal(d.flags, 5);
	assert_int_equal(d.nr_entries, 10);
	dmar_free(&d);
	assert_null(d.entries);
	assert_null(d.table.data);
}

static void test_good_drhds(void **state)
{
	struct image m;
	struct dmar d;
	const struct dmar_entry *e;

	(void)state;
	good(&m);
	parse(&m, &d);
	e = &d.entries[0];
	assert_int_equal(e->type, DMAR_DRHD);
	assert_int_equal(e->at, GPU);
	assert_int_equal(e->len, 24);
	assert_int_equal(e->base, 0xfed90000);
	assert_int_equal(e->last, 0xfed90fff);
	assert_int_equal(e->flags, 0);
	assert_int_equal(e->nr_scopes, 1);
	assert_int_equal(e->scopes[0].at, GPU_SCOPE);
	assert_int_equal(e->scopes[0].type, 1);
	assert_int_equal(e->scopes[0].nr_path, 1);
	assert_int_equal(e->scopes[0].path[0].device, 0x1c);
	e = &d.entries[1];
	assert_int_equal(e->flags, 1);
	assert_int_equal(e->last, 0xfed93fff); /* two pages */
	assert_int_equal(e->nr_scopes, 2);
	assert_int_equal(e->scopes[0].type, 3);
	assert_int_equal(e->scopes[0].id, 2);
	assert_int_equal(e->scopes[0].bus, 0xf0);
	e = &d.entries[2];
	assert_int_equal(e->segment, 1);
	assert_int_equal(e->scopes[0].segment, 1);
	assert_int_equal(e->scopes[0].nr_path, 2);
	assert_int_equal(e->scopes[0].path[1].device, 0x1d);
	assert_int_equal(e->scopes[0].path[1].function, 1);
	assert_int_equal(e->scopes[1].at, OTHER_ACPI);
	dmar_free(&d);
}

static void test_good_others(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	parse(&m, &d);
	assert_int_equal(d.entries[3].type, DMAR_RMRR);
	assert_int_equal(d.entries[3].base, 0xab000000);
	assert_int_equal(d.entries[3].last, 0xabffffff);
	assert_int_equal(d.entries[3].scopes[0].bus, 3);
	assert_int_equal(d.entries[5].type, DMAR_ATSR);
	assert_int_equal(d.entries[5].flags, 1);
	assert_int_equal(d.entries[6].type, DMAR_RHSA);
	assert_int_equal(d.entries[6].base, 0xfed90000);
	assert_int_equal(d.entries[6].domain, 3);
	assert_int_equal(d.entries[7].type, DMAR_ANDD);
	assert_int_equal(d.entries[7].domain, 7);
	assert_string_equal(d.entries[7].name, "\\_SB.I2C0");
	assert_int_equal(d.entries[8].type, DMAR_SATC);
	assert_int_equal(d.entries[8].flags, 1);
	assert_int_equal(d.entries[9].type, DMAR_SIDP);
	assert_int_equal(d.entries[9].at, SIDP);
	assert_int_equal(d.entries[9].scopes[0].flags, 0x1f);
	dmar_free(&d);
}

static const struct image_damage damages[] = {
	{"another signature", 0, 1, 'X', "signature", 0},
	{"a length below the header's", 4, 4, 35, "length", 4},
	{"a length over the file's", 4, 4, END + 1, "truncated", 4},
	{"a length under the file's", 4, 4, END - 16, "length", 4},
	{"a reserved byte of the header", 47, 1, 1, "reserved", 47},
	{"a reserved flag", 37, 1, 0x15, "reserved", 37},
	{"a width of 65 bits", 36, 1, 64, "value", 36},
	{"a width of 11 bits", 36, 1, 10, "value", 36},
	{"a structure without length", REST + 2, 2, 0, "length", REST + 2},
	{"a structure of 3 bytes", REST + 2, 2, 3, "length", REST + 2},
	{"a DRHD of 15 bytes", ATSR, 2, 0, "length", ATSR + 2},
	{"a structure over the end", SIDP + 2, 2, 17, "truncated", SIDP + 2},
	{"a type nobody knows", ATSR, 2, 7, "reserved", ATSR},
	{"DRHD: flags", GPU + 4, 1, 2, "reserved", GPU + 4},
	{"DRHD: size", GPU + 5, 1, 0x10, "reserved", GPU + 5},
	{"DRHD: registers at 0", GPU + 8, 8, 0, "value", GPU + 8},
	{"DRHD: registers not aligned", GPU + 8, 8, 0xfed90800, "misaligned", GPU + 8},
	{"DRHD: registers over the width", GPU + 8, 8, 1ULL << 39, "value", GPU + 8},
	{"DRHD: registers wrap around", REST + 8, 8, 0xfffffffffffff000, "value", REST + 8},
	{"DRHD: the same registers", REST + 8, 8, 0xfed90000, "duplicate", REST + 8},
	{"DRHD: registers overlap", GPU + 5, 1, 2, "overlap", REST + 8},
	{"DRHD: two INCLUDE_PCI_ALL", GPU + 4, 1, 1, "duplicate", REST + 4},
	{"DRHD: INCLUDE_PCI_ALL is not last", OTHER + 6, 2, 0, "value", OTHER},
	{"scope: shorter than its path", OTHER_SCOPE + 1, 1, 8, "length", OTHER_SCOPE + 9},
	{"scope: a reserved byte", GPU_SCOPE + 3, 1, 1, "reserved", GPU_SCOPE + 3},
	{"scope: flags outside SIDP", GPU_SCOPE + 2, 1, 1, "reserved", GPU_SCOPE + 2},
	{"scope: undefined flags in SIDP", SIDP + 10, 1, 0x20, "reserved", SIDP + 10},
	{"scope: type 0", GPU_SCOPE, 1, 0, "value", GPU_SCOPE},
	{"scope: type 6", GPU_SCOPE, 1, 6, "value", GPU_SCOPE},
	{"scope: a number for a PCI device", GPU_SCOPE + 4, 1, 1, "reserved", GPU_SCOPE + 4},
	{"scope: length 0", REST_SCOPE + 1, 1, 0, "length", REST_SCOPE + 1},
	{"scope: length 5", REST_SCOPE + 1, 1, 5, "length", REST_SCOPE + 1},
	{"scope: no path", REST_SCOPE + 1, 1, 6, "length", REST_SCOPE + 1},
	{"scope: half a step", GPU_SCOPE + 1, 1, 7, "length", GPU_SCOPE + 1},
	{"scope: over its structure", GPU_SCOPE + 1, 1, 9, "truncated", GPU_SCOPE + 1},
	{"scope: device 32", GPU_SCOPE + 6, 1, 32, "value", GPU_SCOPE + 6},
	{"scope: function 8", GPU_SCOPE + 7, 1, 8, "value", GPU_SCOPE + 6},
	{"scope: an ACPI device nobody declares", OTHER_ACPI + 4, 1, 8, "reference", OTHER_ACPI + 4},
	{"RMRR: ends before it begins", RMRR1 + 16, 8, 0xaaffffff, "value", RMRR1 + 16},
	{"RMRR: begins within a page", RMRR1 + 8, 8, 0xab000800, "misaligned", RMRR1 + 8},
	{"RMRR: ends within a page", RMRR1 + 16, 8, 0xabfffffe, "misaligned", RMRR1 + 8},
	{"RMRR: overlaps the next", RMRR1 + 16, 8, 0xac000fff, "overlap", RMRR2 + 8},
	{"RMRR: over the width", RMRR2 + 16, 8, 0xffffffffff, "value", RMRR2 + 16},
	{"RMRR: reserved", RMRR1 + 4, 2, 1, "reserved", RMRR1 + 4},
	{"ATSR: flags", ATSR + 4, 1, 3, "reserved", ATSR + 4},
	{"ATSR: reserved", ATSR + 5, 1, 1, "reserved", ATSR + 5},
	{"ATSR: no port", ATSR + 4, 1, 0, "value", ATSR},
	{"RHSA: of no DRHD", RHSA + 8, 8, 0xfed91000, "reference", RHSA + 8},
	{"RHSA: reserved", RHSA + 4, 4, 1, "reserved", RHSA + 4},
	{"ANDD: reserved", ANDD + 4, 1, 1, "reserved", ANDD + 4},
	{"ANDD: an empty name", ANDD + 8, 1, 0, "value", ANDD + 8},
	{"SATC: flags", SATC + 4, 1, 2, "reserved", SATC + 4},
	{"SIDP: reserved", SIDP + 4, 2, 1, "reserved", SIDP + 4},
};

static void test_damages(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(damages); i++) {
		good(&m);
		image_patch(&m, damages[i].at, damages[i].width, damages[i].value);
		image_checksum(&m);
		parse(&m, &d);
		assert_damage_is_told(&d.table, &damages[i]);
		dmar_free(&d);
	}
}

static void test_checksum(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	m.bytes[9]++;
	parse(&m, &d);
	assert_int_equal(d.table.nr_problems, 1);
	assert_non_null(table_problem(&d.table, "checksum", 9));
	assert_int_equal(d.nr_entries, 10);
	dmar_free(&d);
}

/* A name that fills its structure has no end. */
static void test_unended_name(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	memset(m.bytes + ANDD + 8, 'A', 12);
	image_checksum(&m);
	parse(&m, &d);
	assert_non_null(table_problem(&d.table, "value", ANDD + 8));
	assert_string_equal(d.entries[7].name, "AAAAAAAAAAAA");
	dmar_free(&d);
}

static void test_unprintable_name(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	m.bytes[ANDD + 8] = 0x1b;
	m.bytes[10] = 0xff;
	image_checksum(&m);
	parse(&m, &d);
	assert_string_equal(d.entries[7].name, "?_SB.I2C0");
	assert_string_equal(d.table.oem_id, "?ESTER");
	dmar_free(&d);
}

/* Behind a structure that is bad in itself, reading goes on. */
static void test_goes_on(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	image_patch(&m, GPU, 2, 1); /* an RMRR of 24 bytes whose end is a scope: bad, but of a length */
	image_patch(&m, ATSR, 2, 99);
	image_checksum(&m);
	parse(&m, &d);
	assert_int_equal(d.nr_entries, 9);
	assert_int_equal(d.entries[8].at, SIDP);
	dmar_free(&d);
}

static void test_two_of_a_device(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	image_patch(&m, OTHER + 6, 2, 0);
	image_patch(&m, OTHER_ACPI, 1, 1);
	image_patch(&m, OTHER_ACPI + 4, 1, 0);
	image_checksum(&m);
	parse(&m, &d);
	assert_non_null(table_problem(&d.table, "duplicate", OTHER_ACPI));
	dmar_free(&d);
	good(&m);
	image_patch(&m, REST_SCOPE + 8, 1, 3); /* the HPET becomes the I/O APIC */
	image_patch(&m, REST_SCOPE + 12, 1, 2);
	image_checksum(&m);
	parse(&m, &d);
	assert_non_null(table_problem(&d.table, "duplicate", REST_SCOPE + 8));
	dmar_free(&d);
}

static void test_no_drhd(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	image_begin(&m, "DMAR", 1);
	image_add(&m, 1, 38);
	m.len = 48;
	image_end(&m);
	parse(&m, &d);
	assert_int_equal(d.table.nr_problems, 1);
	assert_non_null(table_problem(&d.table, "value", 36));
	add_drhd(&m, 16, 0, 0, 0, 0xfed90000);
	image_end(&m);
	dmar_free(&d);
	parse(&m, &d);
	assert_int_equal(d.table.nr_problems, 1);
	assert_non_null(table_problem(&d.table, "value", 48)); /* it covers nothing */
	dmar_free(&d);
}

static void test_two_of_a_number(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	for (unsigned int i = 0; i < 20; i++)
		image_add(&m, 1, m.bytes[ANDD + i]);
	image_end(&m);
	parse(&m, &d);
	assert_int_equal(d.table.nr_problems, 1);
	assert_non_null(table_problem(&d.table, "duplicate", END + 7));
	dmar_free(&d);
}

static void test_long_path(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	image_begin(&m, "DMAR", 1);
	image_add(&m, 1, 38);
	m.len = 48;
	add_drhd(&m, 16 + 6 + 2 * 17, 0, 0, 0, 0xfed90000);
	add_scope(&m, 2, 0, 0, 0, 3);
	m.bytes[65] = 6 + 2 * 17;
	m.len += 2 * 14;
	image_end(&m);
	parse(&m, &d);
	assert_non_null(table_problem(&d.table, "too-many", 65));
	assert_int_equal(d.entries[0].scopes[0].nr_path, ACPI_PATH_MAX);
	dmar_free(&d);
}

static void test_truncated(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	good(&m);
	for (size_t len = 0; len < m.len; len++) {
		assert_int_equal(dmar_parse(image_copy(&m, len), len, &d), 0);
		assert_non_null(table_problem(&d.table, "truncated", UINT32_MAX));
		assert_string_equal(d.table.signature, "DMAR");
		dmar_free(&d);
	}
}

/* The same, with a header that owns up to it: then a structure is cut, unless the cut is between two. */
static void test_cut(void **state)
{
	static const size_t ends[] = {REST, OTHER, RMRR1, RMRR2, ATSR, RHSA, ANDD, SATC, SIDP, END};
	struct image m;
	struct dmar d;

	(void)state;
	for (size_t len = 49, next = 0; len < END; len++) {
		good(&m);
		m.len = len;
		image_end(&m);
		parse(&m, &d);
		if (len == ends[next]) {
			assert_null(table_problem(&d.table, "truncated", UINT32_MAX));
			next++;
		} else {
			assert_non_null(table_problem(&d.table, "truncated", UINT32_MAX));
		}
		dmar_free(&d);
	}
}

/* A table of a million tiny structures: bounded, and told once. */
static void test_too_many(void **state)
{
	const unsigned int nr = ACPI_PROBLEMS_MAX + 65536 + 8;
	size_t len = 48 + (size_t)nr * 8;
	uint8_t *data = calloc(1, len);
	struct image m;
	struct dmar d;

	(void)state;
	assert_non_null(data);
	image_begin(&m, "DMAR", 1);
	image_add(&m, 1, 38);
	m.len = 48;
	image_patch(&m, 4, 4, len);
	memcpy(data, m.bytes, 48);
	for (unsigned int i = 0; i < nr; i++)
		memcpy(data + 48 + (size_t)i * 8, "\5\0\10\0\1\0\0\0", 8);
	assert_int_equal(dmar_parse(data, len, &d), 0);
	assert_int_equal(d.nr_entries, 65536);
	assert_non_null(table_problem(&d.table, "too-many", 48 + 65536 * 8));
	dmar_free(&d);
}

/* Problems over the limit are counted. */
static void test_many_problems(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	image_begin(&m, "DMAR", 1);
	image_add(&m, 1, 38);
	m.len = 48;
	for (unsigned int i = 0; i < ACPI_PROBLEMS_MAX + 9; i++)
		add_header(&m, 77, 4);
	image_end(&m);
	parse(&m, &d);
	assert_int_equal(d.table.nr_problems, ACPI_PROBLEMS_MAX);
	assert_int_equal(d.table.nr_problems_lost, 10); /* and that there is no DRHD */
	dmar_free(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_header),	cmocka_unit_test(test_good_drhds),
		cmocka_unit_test(test_good_others),	cmocka_unit_test(test_damages),
		cmocka_unit_test(test_checksum),	cmocka_unit_test(test_unended_name),
		cmocka_unit_test(test_goes_on),		cmocka_unit_test(test_unprintable_name),
		cmocka_unit_test(test_two_of_a_device), cmocka_unit_test(test_no_drhd),
		cmocka_unit_test(test_two_of_a_number), cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_truncated),	cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_many),	cmocka_unit_test(test_many_problems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
