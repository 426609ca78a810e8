/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/acpi, VIOT: a good table is read exactly; each thing that can be wrong is told, and only that. */
#include "acpi_image.h"

/* Where the nodes of the good table begin. */
enum {
	PCI_IOMMU = 48,
	MMIO_IOMMU = PCI_IOMMU + 16,
	RANGE1 = MMIO_IOMMU + 16,
	RANGE2 = RANGE1 + 24,
	MMIO = RANGE2 + 24,
	END = MMIO + 24
};

static void add_header(struct image *m, uint8_t type, uint16_t len)
{
	image_add(m, 1, type);
	image_add(m, 1, 0);
	image_add(m, 2, len);
}

static void add_range(struct image *m, uint32_t endpoint, uint32_t segments, uint32_t devices, uint16_t output)
{
	add_header(m, 1, 24);
	image_add(m, 4, endpoint);
	image_add(m, 4, segments);
	image_add(m, 4, devices);
	image_add(m, 8, output);
}

static void add_count(struct image *m, uint16_t count)
{
	image_add(m, 2, count);
	image_add(m, 2, 48);
	image_add(m, 8, 0);
}

static void good(struct image *m)
{
	image_begin(m, "VIOT", 0);
	add_count(m, 5);
	add_header(m, 3, 16);
	image_add(m, 2, 0);
	image_add(m, 2, 0x0010);
	image_add(m, 8, 0);
	add_header(m, 4, 16);
	image_add(m, 4, 0);
	image_add(m, 8, 0x0a000000);
	add_range(m, 0, 0, 0x000f0000, PCI_IOMMU);
	add_range(m, 0x11, 0, 0xffff0011, PCI_IOMMU);
	add_header(m, 2, 24);
	image_add(m, 4, 0x10000);
	image_add(m, 8, 0x0b000000);
	image_add(m, 8, MMIO_IOMMU);
	assert_int_equal(m->len, END);
	image_end(m);
}

static void parse(const struct image *m, struct viot *v)
{
	assert_int_equal(viot_parse(image_copy(m, m->len), m->len, v), 0);
}

static void test_good(void **state)
{
	struct image m;
	struct viot v;

	(void)state;
	good(&m);
	parse(&m, &v);
	assert_in_order(&v.table);
	assert_int_equal(v.nr_nodes, 5);
	assert_int_equal(v.nodes[0].type, 3);
	assert_int_equal(v.nodes[0].at, PCI_IOMMU);
	assert_int_equal(v.nodes[0].first, 0x10);
	assert_int_equal(v.nodes[1].type, 4);
	assert_int_equal(v.nodes[1].base, 0x0a000000);
	assert_int_equal(v.nodes[3].type, 1);
	assert_int_equal(v.nodes[3].endpoint, 0x11);
	assert_int_equal(v.nodes[3].first, 0x11);
	assert_int_equal(v.nodes[3].last, 0xffff);
	assert_int_equal(v.nodes[3].first_segment, 0);
	assert_int_equal(v.nodes[3].output, PCI_IOMMU);
	assert_int_equal(v.nodes[4].type, 2);
	assert_int_equal(v.nodes[4].base, 0x0b000000);
	assert_int_equal(v.nodes[4].endpoint, 0x10000);
	viot_free(&v);
	assert_null(v.nodes);
}

static const struct image_damage damages[] = {
	{"another signature", 1, 1, 'X', "signature", 0},
	{"a reserved byte of the header", 40, 1, 1, "reserved", 40},
	{"nodes in the header", 38, 2, 0, "reference", 38},
	{"nodes behind the end", 38, 2, END + 1, "reference", 38},
	{"a node too many", 36, 2, 6, "truncated", END},
	{"a node too few", 36, 2, 4, "length", MMIO},
	{"a node without length", RANGE1 + 2, 2, 0, "length", RANGE1 + 2},
	{"a node of 3 bytes", RANGE1 + 2, 2, 3, "length", RANGE1 + 2},
	{"a node over the end", MMIO + 2, 2, 25, "truncated", MMIO + 2},
	{"a range of 23 bytes", RANGE1 + 2, 2, 23, "length", RANGE1 + 2},
	{"type 0", RANGE1, 1, 0, "reserved", RANGE1},
	{"type 5", RANGE1, 1, 5, "reserved", RANGE1},
	{"header: reserved", RANGE1 + 1, 1, 1, "reserved", RANGE1 + 1},
	{"range: reserved", RANGE1 + 18, 1, 1, "reserved", RANGE1 + 18},
	{"range: devices backwards", RANGE1 + 12, 4, 0x00000001, "value", RANGE1 + 8},
	{"range: segments backwards", RANGE1 + 8, 4, 0x00000001, "value", RANGE1 + 8},
	{"range: no node there", RANGE1 + 16, 2, PCI_IOMMU + 4, "reference", RANGE1 + 16},
	{"range: itself", RANGE1 + 16, 2, RANGE1, "reference", RANGE1 + 16},
	{"range: overlap", RANGE2 + 12, 2, 0x000f, "overlap", RANGE2 + 8},
	{"range: endpoints overlap", RANGE2 + 4, 4, 0x000f, "overlap", RANGE2 + 4},
	{"endpoint: address 0", MMIO + 8, 8, 0, "value", MMIO + 8},
	{"endpoint: no node there", MMIO + 16, 2, 0, "reference", MMIO + 16},
	{"endpoint: reserved", MMIO + 23, 1, 1, "reserved", MMIO + 23},
	{"PCI IOMMU: reserved", PCI_IOMMU + 15, 1, 1, "reserved", PCI_IOMMU + 15},
	{"MMIO IOMMU: reserved", MMIO_IOMMU + 4, 1, 1, "reserved", MMIO_IOMMU + 4},
	{"MMIO IOMMU: address 0", MMIO_IOMMU + 8, 8, 0, "value", MMIO_IOMMU + 8},
};

static void test_damages(void **state)
{
	struct image m;
	struct viot v;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(damages); i++) {
		good(&m);
		image_patch(&m, damages[i].at, damages[i].width, damages[i].value);
		image_checksum(&m);
		parse(&m, &v);
		assert_damage_is_told(&v.table, &damages[i]);
		viot_free(&v);
	}
}

/* Ranges are rectangles: they overlap when both their segments and their devices do. */
static void test_segments(void **state)
{
	static const struct {
		uint32_t segments[3], devices[3];
		unsigned int problems;
	} cases[] = {
		{{0x00030000, 0x00070004, 0x00000000}, {0xffff0000, 0xffff0000, 0}, 1},
		{{0x00030000, 0x00070004, 0x00080008}, {0xffff0000, 0xffff0000, 0}, 0},
		{{0x00030000, 0x00040003, 0x00000000}, {0x00ff0000, 0x00ff0000, 0x01000100}, 1},
		{{0x00050000, 0x00020001, 0x00070003}, {0x00ff0000, 0x01ff0100, 0x02ff0200}, 0},
		{{0x00050000, 0x00020001, 0x00070003}, {0x00ff0000, 0x01ff0100, 0x02ff00ff}, 1},
		{{0xffff0000, 0xffffffff, 0x00000000}, {0x00ff0000, 0x01ff0100, 0x01ff0100}, 0},
	};
	struct image m;
	struct viot v;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		image_begin(&m, "VIOT", 0);
		add_count(&m, 4);
		add_header(&m, 3, 16);
		image_add(&m, 4, 0x00100000);
		image_add(&m, 8, 0);
		/* far from each other: endpoints are not what this is about */
		for (unsigned int j = 0; j < 3; j++)
			add_range(&m, j << 28, cases[i].segments[j], cases[i].devices[j], 48);
		image_end(&m);
		parse(&m, &v);
		if (v.table.nr_problems != cases[i].problems)
			table_print(&v.table);
		assert_int_equal(v.table.nr_problems, cases[i].problems);
		viot_free(&v);
	}
}

static void test_two_endpoints(void **state)
{
	struct image m;
	struct viot v;

	(void)state;
	good(&m);
	add_header(&m, 2, 24);
	image_add(&m, 4, 0x10001);
	image_add(&m, 8, 0x0b000000);
	image_add(&m, 8, MMIO_IOMMU);
	image_patch(&m, 36, 2, 6);
	image_end(&m);
	parse(&m, &v);
	assert_int_equal(v.table.nr_problems, 1);
	assert_non_null(table_problem(&v.table, "duplicate", END + 8));
	viot_free(&v);
	image_patch(&m, END + 4, 4, 0x10000);
	image_patch(&m, END + 8, 8, 0x0c000000);
	image_end(&m);
	parse(&m, &v);
	assert_int_equal(v.table.nr_problems, 1);
	assert_non_null(table_problem(&v.table, "overlap", END + 4));
	viot_free(&v);
}

static void test_truncated(void **state)
{
	struct image m;
	struct viot v;

	(void)state;
	good(&m);
	for (size_t len = 0; len < END; len++) {
		assert_int_equal(viot_parse(image_copy(&m, len), len, &v), 0);
		assert_non_null(table_problem(&v.table, "truncated", UINT32_MAX));
		viot_free(&v);
	}
}

/* The same, with a header that owns up to it: the count says that there should be more. */
static void test_cut(void **state)
{
	struct image m;
	struct viot v;

	(void)state;
	for (size_t len = 36; len < END; len++) {
		good(&m);
		m.len = len;
		image_end(&m);
		parse(&m, &v);
		assert_non_null(table_problem(&v.table, "truncated", UINT32_MAX));
		viot_free(&v);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	      cmocka_unit_test(test_damages),	cmocka_unit_test(test_segments),
		cmocka_unit_test(test_two_endpoints), cmocka_unit_test(test_truncated), cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
