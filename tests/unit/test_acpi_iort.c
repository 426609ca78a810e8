/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/acpi, IORT: a good table is read exactly; each thing that can be wrong is told, and only that. */
#include "acpi_image.h"

/* Where the nodes of the good table begin, and their mappings. */
enum {
	ITS = 48,
	V3 = ITS + 24,
	V3_MAP = V3 + 68, /* two: for devices, and for its own interrupts */
	ROOT = V3_MAP + 40,
	ROOT_MAP = ROOT + 40, /* two */
	NAMED = ROOT_MAP + 40,
	NAMED_MAP = NAMED + 40, /* two, single */
	V2 = NAMED_MAP + 40,
	V2_INT = V2 + 60, /* 2 global, 2 context, 1 PMU */
	V2_MAP = V2_INT + 40,
	PMCG = V2_MAP + 20,
	PMCG_MAP = PMCG + 40,
	RMR = PMCG_MAP + 20,
	RMR_RANGE = RMR + 28, /* two */
	RMR_MAP = RMR_RANGE + 40,
	IWB = RMR_MAP + 20,
	IWB_MAP = IWB + 36,
	END = IWB_MAP + 20,
};

static void add_node(struct image *m, uint8_t type, uint16_t len, uint8_t revision, uint32_t mappings, uint32_t offset)
{
	image_add(m, 1, type);
	image_add(m, 2, len);
	image_add(m, 1, revision);
	image_add(m, 4, m->len); /* an identifier as good as any */
	image_add(m, 4, mappings);
	image_add(m, 4, offset);
}

static void add_map(struct image *m, uint32_t input, uint32_t count, uint32_t output, uint32_t target, uint32_t flags)
{
	image_add(m, 4, input);
	image_add(m, 4, count);
	image_add(m, 4, output);
	image_add(m, 4, target);
	image_add(m, 4, flags);
}

static void add_smmuv3(struct image *m)
{
	add_node(m, 4, 108, 5, 2, 68);
	image_add(m, 8, 0x09050000);
	image_add(m, 4, 1 | 2 << 1 | 1 << 3 | 1 << 4);
	image_add(m, 4, 0);
	image_add(m, 8, 0);
	image_add(m, 4, 0);
	for (unsigned int i = 0; i < 4; i++)
		image_add(m, 4, 106 + i);
	image_add(m, 4, 1);
	image_add(m, 4, 1);
	add_map(m, 0, 0xffff, 0x10000, ITS, 0);
	add_map(m, 0, 0, 0x20000, ITS, 1);
}

static void add_root(struct image *m)
{
	add_node(m, 2, 80, 4, 2, 40);
	image_add(m, 8, 1 | 3ULL << 56);
	image_add(m, 4, 3);
	image_add(m, 4, 0);
	image_add(m, 1, 48);
	image_add(m, 2, 20);
	image_add(m, 1, 0);
	image_add(m, 4, 1);
	add_map(m, 0, 0xff, 0, V3, 0);
	add_map(m, 0x100, 0xff, 0x100, ITS, 0);
}

static void add_named(struct image *m)
{
	add_node(m, 1, 80, 4, 2, 40);
	image_add(m, 4, 1 | 20 << 1);
	image_add(m, 8, 0);
	image_add(m, 1, 40);
	image_text(m, "\\_SB.DMA0", 11);
	add_map(m, 0, 0, 0x500, V2, 1);
	add_map(m, 0, 0, 0x501, V2, 1);
}

static void add_smmu(struct image *m)
{
	add_node(m, 3, 120, 3, 1, 100);
	image_add(m, 8, 0x2b400000);
	image_add(m, 8, 0x10000);
	image_add(m, 4, 3);
	image_add(m, 4, 2);
	image_add(m, 4, 60);
	image_add(m, 4, 2);
	image_add(m, 4, 76);
	image_add(m, 4, 1);
	image_add(m, 4, 92);
	for (unsigned int i = 0; i < 5; i++) {
		image_add(m, 4, 70 + i);
		image_add(m, 4, i & 1);
	}
	add_map(m, 0, 0xff, 0x30000, ITS, 0);
}

static void add_rmr(struct image *m)
{
	add_node(m, 6, 88, 3, 1, 68);
	image_add(m, 4, 1 | 5 << 2);
	image_add(m, 4, 2);
	image_add(m, 4, 28);
	for (unsigned int i = 0; i < 2; i++) {
		image_add(m, 8, 0x80000000 + i * 0x100000);
		image_add(m, 8, 0x100000);
		image_add(m, 4, 0);
	}
	add_map(m, 0, 0, 0x10, V3, 0);
}

static void good(struct image *m)
{
	image_begin(m, "IORT", 6);
	image_add(m, 4, 8);
	image_add(m, 4, 48);
	image_add(m, 4, 0);
	add_node(m, 0, 24, 1, 0, 0);
	image_add(m, 4, 1);
	image_add(m, 4, 0);
	add_smmuv3(m);
	add_root(m);
	add_named(m);
	add_smmu(m);
	add_node(m, 5, 60, 2, 1, 40);
	image_add(m, 8, 0x09060000);
	image_add(m, 4, 0);
	image_add(m, 4, V3);
	image_add(m, 8, 0x09070000);
	add_map(m, 0, 0, 0x20001, ITS, 1);
	add_rmr(m);
	add_node(m, 7, 56, 0, 1, 36);
	image_add(m, 8, 0x0a000000);
	image_add(m, 2, 0);
	image_text(m, "\\_SB.IWB0", 10);
	add_map(m, 0, 0xff, 0x40000, ITS, 0);
	assert_int_equal(m->len, END);
	image_end(m);
}

static void parse(const struct image *m, struct iort *v)
{
	assert_int_equal(iort_parse(image_copy(m, m->len), m->len, v), 0);
}

static void test_good_smmus(void **state)
{
	struct image m;
	struct iort v;
	const struct iort_node *n;

	(void)state;
	good(&m);
	parse(&m, &v);
	assert_in_order(&v.table);
	assert_int_equal(v.table.revision, 6);
	assert_int_equal(v.nr_nodes, 8);
	assert_int_equal(v.nodes[0].type, IORT_ITS);
	assert_int_equal(v.nodes[0].nr_its, 1);
	n = &v.nodes[1];
	assert_int_equal(n->type, IORT_SMMUV3);
	assert_int_equal(n->at, V3);
	assert_int_equal(n->revision, 5);
	assert_int_equal(n->base, 0x09050000);
	assert_int_equal(n->flags, 0x1d);
	assert_int_equal(n->nr_mappings, 2);
	assert_int_equal(n->mappings[0].at, V3_MAP);
	assert_int_equal(n->mappings[0].count, 0x10000);
	assert_int_equal(n->mappings[0].output, 0x10000);
	assert_int_equal(n->mappings[0].target, ITS);
	assert_int_equal(n->mappings[1].flags, 1);
	n = &v.nodes[4];
	assert_int_equal(n->type, IORT_SMMU);
	assert_int_equal(n->base, 0x2b400000);
	assert_int_equal(n->span, 0x10000);
	assert_int_equal(n->model, 3);
	iort_free(&v);
	assert_null(v.nodes);
}

static void test_good_others(void **state)
{
	struct image m;
	struct iort v;

	(void)state;
	good(&m);
	parse(&m, &v);
	assert_int_equal(v.nodes[2].type, IORT_ROOT);
	assert_int_equal(v.nodes[2].ats, 3);
	assert_int_equal(v.nodes[2].segment, 0);
	assert_int_equal(v.nodes[2].address_bits, 48);
	assert_int_equal(v.nodes[2].pasid, 20);
	assert_int_equal(v.nodes[2].memory_access, 1 | 3ULL << 56);
	assert_int_equal(v.nodes[3].type, IORT_NAMED);
	assert_string_equal(v.nodes[3].name, "\\_SB.DMA0");
	assert_int_equal(v.nodes[3].address_bits, 40);
	assert_int_equal(v.nodes[3].flags, 41);
	assert_int_equal(v.nodes[3].nr_mappings, 2);
	assert_int_equal(v.nodes[5].type, IORT_PMCG);
	assert_int_equal(v.nodes[5].reference, V3);
	assert_int_equal(v.nodes[6].type, IORT_RMR);
	assert_int_equal(v.nodes[6].nr_memory, 2);
	assert_int_equal(v.nodes[6].memory[1].start, 0x80100000);
	assert_int_equal(v.nodes[6].memory[1].length, 0x100000);
	assert_int_equal(v.nodes[7].type, IORT_IWB);
	assert_string_equal(v.nodes[7].name, "\\_SB.IWB0");
	iort_free(&v);
}

static const struct image_damage damages[] = {
	{"another signature", 2, 1, 'X', "signature", 0},
	{"a reserved byte of the header", 44, 1, 1, "reserved", 44},
	{"nodes in the header", 40, 4, 0, "reference", 40},
	{"nodes behind the end", 40, 4, 0xffffffff, "reference", 40},
	{"a node too many", 36, 4, 9, "truncated", END},
	{"more nodes than can be", 36, 4, 0xffffffff, "truncated", END},
	{"a node too few", 36, 4, 7, "length", IWB},
	{"a node without length", ROOT + 1, 2, 0, "length", ROOT + 1},
	{"a node of 15 bytes", ROOT + 1, 2, 15, "length", ROOT + 1},
	{"a node over the end", IWB + 1, 2, 57, "truncated", IWB + 1},
	{"a node nobody knows", IWB, 1, 8, "reserved", IWB},
	{"a node under its kind's size", ITS, 1, 3, "length", ITS + 1},
	{"an identifier twice", ROOT + 4, 4, V3 + 4, "duplicate", ROOT + 4},
	{"revision of ITS", ITS + 3, 1, 2, "value", ITS + 3},
	{"revision of root complex", ROOT + 3, 1, 5, "value", ROOT + 3},
	{"revision of SMMUv3", V3 + 3, 1, 6, "value", V3 + 3},
	{"ITS: mappings", ITS + 8, 4, 1, "value", ITS + 8},
	{"ITS: more than there is room for", ITS + 16, 4, 2, "truncated", ITS + 16},
	{"ITS: none", ITS + 16, 4, 0, "value", ITS + 16},
	{"mappings: more than there is room for", ROOT + 8, 4, 3, "truncated", ROOT + 8},
	{"mappings: four billion", ROOT + 8, 4, 0xffffffff, "truncated", ROOT + 8},
	{"mappings: behind the node", ROOT + 12, 4, 0xffffffff, "truncated", ROOT + 8},
	{"mappings: in the node's header", ROOT + 12, 4, 8, "reference", ROOT + 12},
	{"mapping: wraps around", ROOT_MAP + 24, 4, 0xffffff00, "value", ROOT_MAP + 24},
	{"mapping: output wraps around", ROOT_MAP + 8, 4, 0xfffffff0, "value", ROOT_MAP + 4},
	{"mapping: flags", ROOT_MAP + 16, 4, 2, "reserved", ROOT_MAP + 16},
	{"mapping: overlap", ROOT_MAP + 4, 4, 0x1ff, "overlap", ROOT_MAP + 20},
	{"mapping: overlap by one", ROOT_MAP + 4, 4, 0x100, "overlap", ROOT_MAP + 20},
	{"mapping: to nowhere", ROOT_MAP + 12, 4, 0, "reference", ROOT_MAP + 12},
	{"mapping: into a node", ROOT_MAP + 12, 4, V3 + 4, "reference", ROOT_MAP + 12},
	{"mapping: to a node that does not translate", ROOT_MAP + 12, 4, NAMED, "reference", ROOT_MAP + 12},
	{"mapping: to itself", V3_MAP + 12, 4, V3, "loop", V3_MAP + 12},
	{"mapping: single in an SMMU", V2_MAP + 16, 4, 1, "value", V2_MAP + 16},
	{"SMMUv3: registers at 0", V3 + 16, 8, 0, "value", V3 + 16},
	{"SMMUv3: registers not aligned", V3 + 16, 8, 0x09058000, "misaligned", V3 + 16},
	{"SMMUv3: registers of another", V3 + 16, 8, 0x2b3f0000, "overlap", V2 + 16},
	{"SMMUv3: flags", V3 + 24, 4, 0x20, "reserved", V3 + 24},
	{"SMMUv3: reserved", V3 + 28, 4, 1, "reserved", V3 + 28},
	{"SMMUv3: HTTU override", V3 + 24, 4, 6, "reserved", V3 + 24},
	{"SMMUv3: model", V3 + 40, 4, 3, "value", V3 + 40},
	{"SMMUv3: own mapping", V3 + 64, 4, 2, "reference", V3 + 64},
	{"root: not coherent", ROOT + 16, 4, 0, "value", ROOT + 16},
	{"root: coherent without a path", ROOT + 23, 1, 0, "value", ROOT + 16},
	{"root: coherence 2", ROOT + 16, 4, 2, "value", ROOT + 16},
	{"root: hints", ROOT + 20, 1, 0x10, "reserved", ROOT + 20},
	{"root: reserved", ROOT + 21, 2, 1, "reserved", ROOT + 21},
	{"root: memory flags", ROOT + 23, 1, 0x0b, "reserved", ROOT + 23},
	{"root: ATS", ROOT + 24, 4, 8, "reserved", ROOT + 24},
	{"root: segment", ROOT + 28, 4, 0x10000, "value", ROOT + 28},
	{"root: 65 bits", ROOT + 32, 1, 65, "value", ROOT + 32},
	{"root: PASID", ROOT + 33, 2, 0x20, "reserved", ROOT + 33},
	{"root: the byte behind", ROOT + 35, 1, 1, "reserved", ROOT + 35},
	{"root: flags", ROOT + 36, 4, 2, "reserved", ROOT + 36},
	{"root: PASID before its revision", ROOT + 3, 1, 3, "reserved", ROOT + 33},
	{"named: flags", NAMED + 16, 4, 0x40, "reserved", NAMED + 16},
	{"SMMU: registers", V2 + 16, 8, 0x2b400100, "misaligned", V2 + 16},
	{"SMMU: no span", V2 + 24, 8, 0, "value", V2 + 24},
	{"SMMU: span wraps around", V2 + 24, 8, UINT64_MAX, "value", V2 + 24},
	{"SMMU: model", V2 + 32, 4, 6, "value", V2 + 32},
	{"SMMU: flags", V2 + 36, 4, 4, "reserved", V2 + 36},
	{"SMMU: global interrupts", V2 + 40, 4, 0xfffffff0, "truncated", V2},
	{"SMMU: context interrupts", V2 + 44, 4, 0x20000000, "truncated", V2},
	{"SMMU: PMU interrupts", V2 + 56, 4, 113, "truncated", V2},
	{"SMMU: interrupt flags", V2_INT + 12, 4, 2, "reserved", V2_INT + 12},
	{"PMCG: of nothing", PMCG + 28, 4, V3 + 1, "reference", PMCG + 28},
	{"PMCG: two mappings", PMCG + 8, 4, 2, "value", PMCG + 8},
	{"RMR: flags", RMR + 16, 4, 0x400, "reserved", RMR + 16},
	{"RMR: attributes", RMR + 16, 4, 6 << 2, "reserved", RMR + 16},
	{"RMR: no range", RMR + 20, 4, 0, "value", RMR + 20},
	{"RMR: more than there is room for", RMR + 20, 4, 4, "truncated", RMR + 20},
	{"RMR: more than are kept", RMR + 20, 4, 9, "too-many", RMR + 20},
	{"RMR: no device", RMR + 8, 4, 0, "value", RMR + 8},
	{"RMR: start", RMR_RANGE, 8, 0x80001000, "misaligned", RMR_RANGE},
	{"RMR: length", RMR_RANGE + 8, 8, 0xff000, "misaligned", RMR_RANGE},
	{"RMR: no length", RMR_RANGE + 8, 8, 0, "value", RMR_RANGE + 8},
	{"RMR: overlap", RMR_RANGE + 8, 8, 0x110000, "overlap", RMR_RANGE + 20},
	{"RMR: reserved", RMR_RANGE + 16, 4, 1, "reserved", RMR_RANGE + 16},
	{"IWB: registers at 0", IWB + 16, 8, 0, "value", IWB + 16},
};

static void test_damages(void **state)
{
	struct image m;
	struct iort v;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(damages); i++) {
		good(&m);
		image_patch(&m, damages[i].at, damages[i].width, damages[i].value);
		image_checksum(&m);
		parse(&m, &v);
		assert_damage_is_told(&v.table, &damages[i]);
		iort_free(&v);
	}
}

/* A name that runs into the mappings has no end of its own: it ends in their zeros; one that fills the node has none. */
static void test_unended_name(void **state)
{
	struct image m;
	struct iort v;

	(void)state;
	good(&m);
	memset(m.bytes + IWB + 26, 'A', END - IWB - 26);
	image_patch(&m, IWB + 8, 4, 0);
	image_checksum(&m);
	parse(&m, &v);
	assert_non_null(table_problem(&v.table, "value", IWB + 26));
	assert_int_equal(strlen(v.nodes[7].name), 30);
	iort_free(&v);
}

static void test_long_loop(void **state)
{
	enum { NR = 5 };
	struct image m;
	struct iort v;

	(void)state;
	image_begin(&m, "IORT", 0);
	image_add(&m, 4, NR);
	image_add(&m, 4, 48);
	image_add(&m, 4, 0);
	for (unsigned int i = 0; i < NR; i++) {
		add_node(&m, 4, 80, 0, 1, 60);
		image_add(&m, 8, 0x10000000 + i * 0x20000);
		m.len += 36;
		add_map(&m, 0, 0xff, 0, 48 + (i + 1) % NR * 80, 0);
	}
	image_end(&m);
	parse(&m, &v);
	assert_int_equal(v.table.nr_problems, 1);
	assert_non_null(table_problem(&v.table, "loop", 48 + (NR - 1) * 80 + 72));
	iort_free(&v);
}

static void test_two_of_a_segment(void **state)
{
	struct image m;
	struct iort v;

	(void)state;
	good(&m);
	for (unsigned int i = 0; i < 80; i++)
		image_add(&m, 1, m.bytes[ROOT + i]);
	image_patch(&m, END + 4, 4, END);
	image_patch(&m, 36, 4, 9);
	image_end(&m);
	parse(&m, &v);
	assert_int_equal(v.table.nr_problems, 1);
	assert_non_null(table_problem(&v.table, "duplicate", END + 28));
	iort_free(&v);
}

static void test_old_revision(void **state)
{
	struct image m;
	struct iort v;

	(void)state;
	good(&m);
	image_patch(&m, 8, 1, 0);
	for (unsigned int i = 0; i < 3; i++)
		image_patch(&m, (size_t[]){V3, ROOT, NAMED}[i] + 4, 4, 0); /* reserved it was */
	image_checksum(&m);
	parse(&m, &v);
	assert_in_order(&v.table);
	iort_free(&v);
}

/* Nodes that are too short are told as that, and as nothing else. */
static void test_short_nodes(void **state)
{
	static const uint8_t types[] = {IORT_PMCG, IORT_ROOT, IORT_ROOT, IORT_SMMUV3, IORT_RMR};
	struct image m;
	struct iort v;

	(void)state;
	image_begin(&m, "IORT", 0);
	image_add(&m, 4, ARRAY_SIZE(types));
	image_add(&m, 4, 48);
	image_add(&m, 4, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		add_node(&m, types[i], 16, 0, 0, 0);
	image_end(&m);
	parse(&m, &v);
	assert_int_equal(v.nr_nodes, ARRAY_SIZE(types));
	assert_int_equal(v.table.nr_problems, ARRAY_SIZE(types));
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		assert_non_null(table_problem(&v.table, "length", 49 + i * 16));
	iort_free(&v);
}

static void test_truncated(void **state)
{
	struct image m;
	struct iort v;

	(void)state;
	good(&m);
	for (size_t len = 0; len < END; len++) {
		assert_int_equal(iort_parse(image_copy(&m, len), len, &v), 0);
		assert_non_null(table_problem(&v.table, "truncated", UINT32_MAX));
		iort_free(&v);
	}
}

/* The same, with a header that owns up to it: the count says that there should be more. */
static void test_cut(void **state)
{
	struct image m;
	struct iort v;

	(void)state;
	for (size_t len = 36; len < END; len++) {
		good(&m);
		m.len = len;
		image_end(&m);
		parse(&m, &v);
		assert_non_null(table_problem(&v.table, "truncated", UINT32_MAX));
		iort_free(&v);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_smmus),   cmocka_unit_test(test_good_others),
		cmocka_unit_test(test_damages),	     cmocka_unit_test(test_unended_name),
		cmocka_unit_test(test_long_loop),    cmocka_unit_test(test_two_of_a_segment),
		cmocka_unit_test(test_old_revision), cmocka_unit_test(test_short_nodes),
		cmocka_unit_test(test_truncated),    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
