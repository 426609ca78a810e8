/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/facts, core/trace, core/known, core/trace_diff: what is taken down of a run, and what two runs differ in. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/op/op.h"
#include "core/session/priv.h"
#include "core/trace_diff.h"

#define AT UINT64_C(0x40000000)
#define LINES 16

static struct host host;
static struct failures found;
static struct fail why;

/* A script of nothing but line numbers: line i of the list is line 10 * (i + 1) of the file. */
static struct script_line lines[LINES];
static struct script script = {.lines = lines, .nr = LINES};

static int make_lines(void **state)
{
	for (unsigned int i = 0; i < LINES; i++)
		lines[i].number = 10 * (i + 1);
	return 0;
}

struct side {
	struct session *s;
	struct trace t;
	unsigned int line;
};

static void side_open(struct side *side, const char *backend)
{
	struct session_params p = {.backend = backend, .seed = 5};

	memset(side, 0, sizeof(*side));
	failures_init(&found);
	assert_int_equal(session_open(&side->s, &p, &host, &why), 0);
	trace_init(&side->t, side->s);
}

static void side_close(struct side *side)
{
	session_close(side->s, NULL);
	trace_release(&side->t);
}

static void side_end(struct side *side, int err)
{
	struct script_outcome out = {.result = err ? RESULT_ERROR : RESULT_PASS, .err = -err};

	trace_end(&side->t, side->s, side->line++, 1, &out);
	assert_int_equal(side->t.err, 0);
}

static int side_map(struct side *side, struct op_map op)
{
	int err;

	op.prot = op.prot ? op.prot : IOMMU_PROT_RW;
	trace_begin(&side->t, side->s);
	err = op_map(side->s, &op, NULL, &found, &why);
	side_end(side, err);
	return err;
}

static int side_unmap(struct side *side, iova_t iova, uint64_t size)
{
	struct op_unmap op = {.iova = iova, .size = size, .all = !size, .unchecked = true};
	uint64_t bytes;
	int err;

	trace_begin(&side->t, side->s);
	err = op_unmap(side->s, &op, &bytes, &found, &why);
	side_end(side, err);
	return err;
}

static void side_fill(struct side *side, const char *buf, int byte)
{
	struct op_pattern op = {.buf = buf, .is_byte = byte >= 0, .byte = (unsigned char)byte, .generation = 3};

	trace_begin(&side->t, side->s);
	side_end(side, op_fill(side->s, &op, &why));
}

static const struct op_facts *last_facts(const struct side *side)
{
	return &side->t.rows[side->t.nr - 1].facts;
}

static void test_shapes(void **state)
{
	static const struct {
		iova_t iova;
		uint64_t size;
		uint32_t shape;
	} cases[] = {
		{AT, KiB(16), SHAPE_WHOLE},
		{AT - KiB(4), KiB(24), SHAPE_WHOLE},
		{AT, KiB(4), SHAPE_CUTS_LAST},
		{AT + KiB(4), KiB(4), SHAPE_CUTS_FIRST | SHAPE_CUTS_LAST},
		{AT + KiB(12), KiB(8), SHAPE_CUTS_FIRST},
		{AT + MiB(1), KiB(4), SHAPE_NOTHING},
		{AT + MiB(1) + 1, 4095, SHAPE_NOTHING | SHAPE_IOVA_UNALIGNED | SHAPE_SIZE_UNALIGNED},
		{UINT64_MAX - 4095, KiB(8), SHAPE_WRAPS},
		{0, UINT64_MAX, SHAPE_MAX | SHAPE_SIZE_UNALIGNED | SHAPE_WHOLE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct side a;

		side_open(&a, "sim");
		assert_int_equal(side_map(&a, (struct op_map){.buf = "a", .size = KiB(16), .iova = AT}), 0);
		assert_int_equal(last_facts(&a)->shape, SHAPE_NOTHING);
		assert_true(last_facts(&a)->placed);
		side_unmap(&a, cases[i].iova, cases[i].size);
		if (last_facts(&a)->shape != cases[i].shape)
			fail_msg("case %zu: shape 0x%x, not 0x%x", i, last_facts(&a)->shape, cases[i].shape);
		side_close(&a);
	}
}

static void test_shapes_of_maps(void **state)
{
	struct side a;

	side_open(&a, "sim,dma_entry_limit=2");
	assert_int_equal(side_map(&a, (struct op_map){.buf = "a", .size = 4096, .where = OP_IOVA_RANDOM}), 0);
	assert_int_equal(last_facts(&a)->shape, SHAPE_CHOSEN | SHAPE_NOTHING);
	assert_int_equal(side_map(&a, (struct op_map){.buf = "b", .size = 4096, .iova = 0xfee00000, .unchecked = true}),
			 -EINVAL);
	assert_int_equal(last_facts(&a)->shape, SHAPE_OUTSIDE | SHAPE_NOTHING);
	assert_false(last_facts(&a)->placed);
	assert_int_equal(
		side_map(&a,
			 (struct op_map){
				 .buf = "b", .size = 4096, .iova = AT, .skip = 8, .flags = 0x100, .unchecked = true}),
		-EINVAL);
	assert_int_equal(last_facts(&a)->shape, SHAPE_VA_UNALIGNED | SHAPE_FLAGS | SHAPE_NOTHING);
	assert_int_equal(side_map(&a, (struct op_map){.buf = "b", .size = 4096, .iova = AT}), 0);
	assert_int_equal(side_map(&a, (struct op_map){.buf = "c", .size = 4096, .iova = AT + MiB(1)}), -ENOSPC);
	assert_int_equal(last_facts(&a)->shape, SHAPE_FULL | SHAPE_NOTHING);
	/* nobody watches between the lines */
	assert_null(a.s->facts);
	side_close(&a);
}

/* What was chosen takes no part: neither in what is mapped nor in the stamps that were made for it. */
static void test_chosen_places(void **state)
{
	struct trace_differences d;
	struct side a, b;

	side_open(&a, "sim");
	side_open(&b, "sim,personality=iommufd");
	assert_int_equal(side_map(&a, (struct op_map){.buf = "a", .size = KiB(8), .where = OP_IOVA_RANDOM, .op = 1}),
			 0);
	assert_int_equal(side_map(&b, (struct op_map){.buf = "a", .size = KiB(8), .where = OP_IOVA_RANDOM, .op = 2}),
			 0);
	assert_int_not_equal(buffer_find(a.s, "a")->iova, buffer_find(b.s, "a")->iova);
	side_fill(&a, "a", -1);
	side_fill(&b, "a", -1);
	assert_int_equal(trace_compare(&script, &a.t, "one", &b.t, "two", &d), 0);
	assert_int_equal(d.nr, 0);
	assert_int_equal(d.lines, 2);
	trace_differences_free(&d);
	/* but a named IOVA does, and so do bytes */
	side_close(&a);
	side_close(&b);
}

static void test_memory_differs_once(void **state)
{
	struct trace_differences d;
	struct side a, b;

	side_open(&a, "sim");
	side_open(&b, "sim");
	assert_int_equal(side_map(&a, (struct op_map){.buf = "a", .size = KiB(4), .iova = AT}), 0);
	assert_int_equal(side_map(&b, (struct op_map){.buf = "a", .size = KiB(4), .iova = AT}), 0);
	side_fill(&a, "a", 7);
	side_fill(&b, "a", 7);
	memset(buffer_find(b.s, "a")->mem.va, 8, 1);
	/* seen after the next line that can change memory, and told once */
	for (int i = 0; i < 2; i++) {
		trace_begin(&a.t, a.s);
		side_end(&a, 0);
		trace_begin(&b.t, b.s);
		side_end(&b, 0);
	}
	assert_int_equal(trace_compare(&script, &a.t, "one", &b.t, "two", &d), 0);
	assert_int_equal(d.nr, 1);
	assert_int_equal(d.unknown, 1);
	assert_int_equal(d.list[0].field, FIELD_MEMORY);
	assert_int_equal(d.list[0].line, 2);
	assert_string_equal(d.list[0].a, "a: all 0x07");
	assert_true(!strncmp(d.list[0].b, "a: hash 0x", 10));
	trace_differences_free(&d);
	side_close(&a);
	side_close(&b);
}

/* The same ops under two personalities: the answer, what is left, and what follows from it. */
static void test_known_and_what_follows(void **state)
{
	struct trace_differences d;
	struct side side[2];

	for (unsigned int i = 0; i < 2; i++) {
		side_open(&side[i], i ? "sim,personality=iommufd" : "sim");
		side_map(&side[i], (struct op_map){.buf = "a", .size = KiB(4), .iova = AT});
		side_map(&side[i], (struct op_map){.buf = "b", .size = KiB(16), .iova = AT + KiB(4)});
		side_unmap(&side[i], AT, KiB(8));
		/* about what is now different, and about something else */
		side_map(&side[i], (struct op_map){.buf = "c", .size = KiB(4), .iova = AT});
		side_map(&side[i], (struct op_map){.buf = "d", .size = KiB(4), .iova = AT + MiB(1)});
		side_unmap(&side[i], 0, 0);
	}
	assert_int_equal(trace_compare(&script, &side[0].t, "one", &side[1].t, "two", &d), 0);
	assert_int_equal(d.unknown, 0);
	for (size_t i = 0; i < d.nr; i++) {
		const struct trace_difference *one = &d.list[i];

		assert_in_range(one->line, 2, 5);
		assert_int_not_equal(one->line, 4);
		assert_string_equal(one->known, one->line > 2		    ? "follows"
						: one->field == FIELD_ERRNO ? "unmap-partial"
									    : "unmap-partial-halfway");
		if (one->line > 2)
			assert_non_null(strstr(one->why, "since line 30"));
	}
	assert_true(d.nr >= 5);
	trace_differences_free(&d);
	for (unsigned int i = 0; i < 2; i++)
		side_close(&side[i]);
}

/* --- rows made by hand --- */

static struct trace_row rows[2][LINES];

static struct trace hand(unsigned int side, enum iommu_personality personality, size_t nr)
{
	return (struct trace){.personality = personality, .rows = rows[side], .nr = nr};
}

static struct trace_differences hand_compare(const struct trace *a, const struct trace *b)
{
	struct trace_differences d;

	assert_int_equal(trace_compare(&script, a, "one", b, "two", &d), 0);
	return d;
}

static void test_unknown(void **state)
{
	struct trace a = hand(0, IOMMU_TYPE1_V2, 1), b = hand(1, IOMMU_COMPAT_V2, 1);
	struct trace_differences d;

	rows[0][0] = rows[1][0] = (struct trace_row){.run = 1, .facts = {.kind = OP_MAP, .shape = SHAPE_NOTHING}};
	d = hand_compare(&a, &b);
	assert_int_equal(d.nr, 0);
	rows[1][0].err = EINVAL;
	rows[1][0].result = RESULT_ERROR;
	d = hand_compare(&a, &b);
	assert_int_equal(d.nr, 1);
	assert_int_equal(d.unknown, 1);
	assert_string_equal(d.list[0].a, "success");
	assert_string_equal(d.list[0].b, "EINVAL");
	assert_string_equal(d.list[0].known, "");
	trace_differences_free(&d);
	/* the same answers where the addresses differ in what they take */
	rows[1][0].facts.shape |= SHAPE_OUTSIDE;
	d = hand_compare(&a, &b);
	assert_int_equal(d.unknown, 0);
	assert_string_equal(d.list[0].known, KNOWN_APERTURE);
	trace_differences_free(&d);
	/* but not where it is the other side that refused: that one took what it says it does not take */
	rows[0][0].facts.shape |= SHAPE_OUTSIDE;
	rows[1][0].facts.shape &= ~(uint32_t)SHAPE_OUTSIDE;
	d = hand_compare(&a, &b);
	assert_int_equal(d.unknown, 1);
	assert_string_equal(d.list[0].known, "");
	trace_differences_free(&d);
}

/* Dirty bits are compared; those of two sources differ by nature, those of one do not. */
static void test_sources(void **state)
{
	struct trace a = hand(0, IOMMU_TYPE1_V2, 1), b = hand(1, IOMMU_IOMMUFD, 1);
	struct trace_differences d;

	rows[0][0] = (struct trace_row){.run = 1, .facts = {.kind = OP_DIRTY, .source = 1, .counted = 1 << FACT_DIRTY}};
	rows[1][0] = rows[0][0];
	rows[1][0].facts.bytes[FACT_DIRTY] = 4096;
	d = hand_compare(&a, &b);
	assert_int_equal(d.unknown, 1);
	assert_string_equal(d.list[0].b, "0x1000");
	assert_string_equal(trace_field_name(d.list[0].field), "dirty_bytes");
	trace_differences_free(&d);
	rows[1][0].facts.source = 2;
	d = hand_compare(&a, &b);
	assert_int_equal(d.unknown, 0);
	assert_string_equal(d.list[0].known, KNOWN_SOURCE);
	trace_differences_free(&d);
	/* what else differs in that line has reasons of its own */
	rows[1][0].facts.classes = 1 << FAILURE_SHORT_UNMAP;
	d = hand_compare(&a, &b);
	assert_int_equal(d.unknown, 1);
	trace_differences_free(&d);
}

/* An entry holds for its interfaces, its answers, its shapes and its fields, and for none beside them. */
static void test_known_is_narrow(void **state)
{
	struct trace_row x = {.err = EINVAL, .facts = {.kind = OP_UNMAP, .shape = SHAPE_CUTS_LAST}};
	struct trace_row y = {.err = ENOENT, .facts = x.facts};
	struct trace v2 = {.personality = IOMMU_TYPE1_V2}, fd = {.personality = IOMMU_IOMMUFD};
	const struct known *k = known_find(&v2, &x, &fd, &y, FIELD_ERRNO);

	assert_non_null(k);
	assert_string_equal(k->id, "unmap-partial");
	assert_ptr_equal(known_find(&fd, &y, &v2, &x, FIELD_ERRNO), k);
	assert_null(known_find(&v2, &x, &v2, &y, FIELD_ERRNO));
	assert_null(known_find(&fd, &x, &v2, &y, FIELD_ERRNO));
	assert_null(known_find(&v2, &x, &fd, &y, FIELD_LEFT));
	assert_null(known_find(&v2, &x, &fd, &y, FIELD_MEMORY));
	x.facts.shape = y.facts.shape = SHAPE_WHOLE;
	assert_null(known_find(&v2, &x, &fd, &y, FIELD_ERRNO));
	x.facts.shape = y.facts.shape = SHAPE_CUTS_LAST;
	x.facts.kind = OP_MAP;
	assert_null(known_find(&v2, &x, &fd, &y, FIELD_ERRNO));
}

/* A later difference about the same thing follows only from one that is known. */
static void test_follows_known_only(void **state)
{
	struct trace a = hand(0, IOMMU_TYPE1_V2, 2), b = hand(1, IOMMU_TYPE1_V2, 2);
	struct trace_differences d;

	rows[0][0] = rows[1][0] = (struct trace_row){.facts = {.kind = OP_MAP}, .mapped_known = true, .mapped = 5};
	rows[1][0].mapped = 6;
	rows[0][1] = rows[1][1] = (struct trace_row){.line = 1, .facts = {.kind = OP_MAP, .before = 1}};
	rows[1][1].facts.before = 2;
	rows[1][1].err = EEXIST;
	d = hand_compare(&a, &b);
	assert_int_equal(d.nr, 2);
	assert_int_equal(d.unknown, 2);
	assert_int_equal(d.list[0].field, FIELD_LEFT);
	trace_differences_free(&d);
}

static void test_unsupported(void **state)
{
	struct trace a = hand(0, IOMMU_TYPE1_V2, 1), b = hand(1, IOMMU_IOMMUFD, 1);
	struct trace_differences d;

	rows[0][0] = rows[1][0] = (struct trace_row){.run = 1, .facts = {.kind = OP_MAP}};
	rows[0][0].result = RESULT_SKIP;
	rows[0][0].err = EOPNOTSUPP;
	d = hand_compare(&a, &b);
	assert_int_equal(d.nr, 1);
	assert_int_equal(d.unknown, 0);
	assert_int_equal(d.list[0].field, FIELD_SUPPORT);
	assert_string_equal(d.list[0].why, "unsupported on one");
	trace_differences_free(&d);
	/* what the kernel itself answers so is an answer */
	rows[0][0].facts.asked = true;
	d = hand_compare(&a, &b);
	assert_int_equal(d.unknown, 1);
	assert_int_equal(d.list[0].field, FIELD_ERRNO);
	trace_differences_free(&d);
}

static void test_ends_early(void **state)
{
	struct trace a = hand(0, IOMMU_TYPE1_V2, 3), b = hand(1, IOMMU_TYPE1_V2, 2);
	struct trace_differences d;

	for (unsigned int i = 0; i < 3; i++)
		rows[0][i] = rows[1][i] = (struct trace_row){.line = i, .run = 1};
	d = hand_compare(&a, &b);
	assert_int_equal(d.nr, 1);
	assert_int_equal(d.unknown, 1);
	assert_int_equal(d.list[0].field, FIELD_RAN);
	assert_int_equal(d.list[0].line, 2);
	assert_string_equal(d.list[0].b, "no");
	trace_differences_free(&d);
}

/* Many runs of one line that differ alike are one difference. */
static void test_times(void **state)
{
	struct trace a = hand(0, IOMMU_TYPE1_V2, 5), b = hand(1, IOMMU_TYPE1_V2, 5);
	struct trace_differences d;

	for (unsigned int i = 0; i < 5; i++) {
		rows[0][i] = rows[1][i] = (struct trace_row){.run = i + 1};
		rows[1][i].facts.classes = i ? 1u << FAILURE_STALE_READ : 0;
	}
	d = hand_compare(&a, &b);
	assert_int_equal(d.nr, 1);
	assert_int_equal(d.list[0].times, 4);
	assert_int_equal(d.list[0].run, 2);
	assert_string_equal(d.list[0].a, "none");
	assert_string_equal(d.list[0].b, "stale-read");
	assert_int_equal(d.unknown, 4);
	trace_differences_free(&d);
}

static void test_table(void **state)
{
	size_t n = 0;

	for (const struct known *k = known_differences; k->id; k++, n++) {
		assert_true(k->what[0] && k->values[0] && k->why[0] && strstr(k->source, "()"));
		assert_true(k->a && k->b && !(k->a & k->b) && k->kinds && k->fields);
		assert_true(k->shape || k->any); /* never for all requests */
		/* memory is never excused by an entry, only where the mappings differ already */
		assert_false(k->fields & 1u << FIELD_MEMORY);
		for (const struct known *other = known_differences; other < k; other++)
			assert_string_not_equal(other->id, k->id);
	}
	assert_true(n > 10);
}

/* docs/differences.md has a row for each entry, word for word, and none besides. */
static void test_document(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[512], want[2048], line[2048];
	const struct known *k = known_differences;
	FILE *doc;

	snprintf(path, sizeof(path), "%s/docs/differences.md", top ? top : "..");
	doc = fopen(path, "r");
	assert_non_null(doc);
	while (fgets(line, sizeof(line), doc)) {
		if (strncmp(line, "| `", 3))
			continue;
		assert_non_null(k->id);
		snprintf(want, sizeof(want), "| `%s` | %s | %s | %s | %s |\n", k->id, k->what, k->values, k->why,
			 k->source);
		assert_string_equal(line, want);
		k++;
	}
	assert_null(k->id);
	fclose(doc);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_shapes_of_maps),
		cmocka_unit_test(test_chosen_places),
		cmocka_unit_test(test_memory_differs_once),
		cmocka_unit_test(test_known_and_what_follows),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_known_is_narrow),
		cmocka_unit_test(test_follows_known_only),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_ends_early),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests_name("trace", tests, make_lines, NULL);
}
