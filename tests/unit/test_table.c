/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/: maps and unmaps held against a page table: what is asked after which op, and what a disagreement becomes. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/compare/compare.h"
#include "core/op/op.h"
#include "core/session/priv.h"
#include "iommu/backend.h"

#define AT UINT64_C(0x40000000)
#define ASKED_MAX 64

struct asked {
	iova_t iova;
	uint64_t size;
	bool mapped;
	int pins;
};

/* What was asked, and the answer to the n-th question: errno @err. 0 = the 1st. */
static struct {
	struct asked list[ASKED_MAX];
	unsigned int nr, bad_at;
	int err;
	bool stays; /* every answer from then on */
} table;

static int table_check(struct iommu *iommu, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		       struct fail *f)
{
	unsigned int n = table.nr++;

	assert_non_null(va);
	if (n < ASKED_MAX)
		table.list[n] = (struct asked){iova, size, mapped, pins};
	return (n == table.bad_at || (table.stays && n > table.bad_at)) && table.err
		       ? fail_set(f, table.err, "entry 7 is not as it should be")
		       : 0;
}

static struct host host;
static struct failures found;
static struct iommu_ops ops;

/* The simulation, with a page table that answers as told. */
static struct session *open_table(unsigned int bad_at, int err)
{
	struct session_params p = {.backend = "sim,personality=iommufd", .seed = 5};
	struct session *s;
	struct fail f = {0};

	failures_init(&found);
	memset(&table, 0, sizeof(table));
	table.bad_at = bad_at;
	table.err = err;
	assert_int_equal(session_open(&s, &p, &host, &f), 0);
	ops = *s->iommu->ops;
	ops.check_table = table_check;
	s->iommu->ops = &ops;
	s->iommu->caps.checks_table = true;
	return s;
}

static int map(struct session *s, const char *buf, iova_t iova, struct fail *f)
{
	struct op_map op = {.buf = buf, .size = KiB(8), .iova = iova, .prot = IOMMU_PROT_RW};

	return op_map(s, &op, NULL, &found, f);
}

static int unmap(struct session *s, struct op_unmap op, struct fail *f)
{
	uint64_t bytes;

	return op_unmap(s, &op, &bytes, &found, f);
}

static void asked(unsigned int n, iova_t iova, uint64_t size, bool mapped, int pins)
{
	assert_true(table.nr > n);
	assert_int_equal(table.list[n].iova, iova);
	assert_int_equal(table.list[n].size, size);
	assert_int_equal(table.list[n].mapped, mapped);
	assert_int_equal(table.list[n].pins, pins);
}

static void test_asked(void **state)
{
	struct session *s = open_table(0, 0);
	struct fail f = {0};

	assert_int_equal(map(s, "a", AT, &f), 0);
	asked(0, AT, KiB(8), true, 1);
	assert_int_equal(map(s, "b", AT + MiB(1), &f), 0);
	assert_int_equal(unmap(s, (struct op_unmap){.buf = "a"}, &f), 0);
	asked(2, AT, KiB(8), false, 0);
	assert_int_equal(map(s, "a", AT, &f), 0);
	/* a range over both */
	assert_int_equal(unmap(s, (struct op_unmap){.iova = AT, .size = MiB(2)}, &f), 0);
	asked(4, AT, KiB(8), false, 0);
	asked(5, AT + MiB(1), KiB(8), false, 0);
	assert_int_equal(map(s, "b", AT, &f), 0);
	/* an unmap that is refused leaves it mapped */
	assert_int_equal(unmap(s, (struct op_unmap){.iova = AT, .size = KiB(4), .unchecked = true}, &f), -ENOENT);
	asked(7, AT, KiB(8), true, 1);
	assert_int_equal(unmap(s, (struct op_unmap){.all = true}, &f), 0);
	asked(8, AT, KiB(8), false, 0);
	assert_int_equal(table.nr, 9);
	assert_int_equal(session_table_checks(s), 9);
	assert_int_equal(failures_total(&found), 0);
	/* without that capability nobody is asked */
	s->iommu->caps.checks_table = false;
	assert_int_equal(map(s, "a", AT, &f), 0);
	assert_int_equal(unmap(s, (struct op_unmap){.buf = "a"}, &f), 0);
	assert_int_equal(table.nr, 9);
	session_close(s, NULL);
}

/* Pins that do not agree are told by their own name. */
static void test_pins(void **state)
{
	struct session *s = open_table(0, EUCLEAN);
	struct fail f = {0};

	assert_int_equal(map(s, "a", AT, &f), 0);
	assert_int_equal(failures_total(&found), 1);
	assert_int_equal(found.count[FAILURE_PIN_LEAK], 1);
	session_close(s, NULL);
}

static void test_disagrees(void **state)
{
	struct fail f = {0};

	for (unsigned int bad_at = 0; bad_at < 2; bad_at++) {
		struct session *s = open_table(bad_at, EILSEQ);

		assert_int_equal(map(s, "a", AT, &f), 0);
		assert_int_equal(failures_total(&found), !bad_at);
		assert_int_equal(unmap(s, (struct op_unmap){.buf = "a"}, &f), 0);
		assert_int_equal(failures_total(&found), 1);
		assert_int_equal(found.count[FAILURE_PAGE_TABLE], 1);
		assert_int_equal(found.list[0].iova, AT);
		assert_string_equal(found.list[0].text, bad_at ? "after an unmap: entry 7 is not as it should be"
							       : "after a map: entry 7 is not as it should be");
		assert_int_equal(session_table_checks(s), 1);
		session_close(s, NULL);
	}
	assert_string_equal(failure_name(FAILURE_PAGE_TABLE), "page-table");
}

/* Who cannot be asked has not agreed; what is no whole entry is left out. */
static void test_cannot_ask(void **state)
{
	struct session *s = open_table(0, EFAULT);
	struct fail f = {0};

	/* once is asked again */
	assert_int_equal(map(s, "a", AT, &f), 0);
	assert_int_equal(session_table_checks(s), 1);
	session_close(s, NULL);
	s = open_table(0, EFAULT);
	table.stays = true;
	assert_int_equal(map(s, "a", AT, &f), -EFAULT);
	assert_int_equal(f.err, EFAULT);
	assert_int_equal(failures_total(&found), 0);
	assert_int_equal(session_table_checks(s), 0);
	session_close(s, NULL);
	s = open_table(0, EDOM);
	assert_int_equal(map(s, "a", AT, &f), 0);
	assert_int_equal(session_table_checks(s), 0);
	assert_int_equal(failures_total(&found), 0);
	session_close(s, NULL);
}

static struct compare_result res;

static void compare(struct session *s, const struct compare_params *p)
{
	struct fail f = {0};

	assert_int_equal(compare_run(s, p, &res, &f), 0);
}

/* One question after the map and one after the unmap of each loop; the pin of the graveyard counts. */
static void test_compare_asks(void **state)
{
	struct compare_params p = {
		.size_min = KiB(4), .size_max = KiB(4), .iova_text = "fixed", .iova = AT, .loops = 3, .threads = 1};
	struct session *s = open_table(0, 0);

	p.graveyard = 2;
	compare(s, &p);
	assert_int_equal(table.nr, 6);
	assert_int_equal(res.table_checks, 6);
	for (unsigned int i = 0; i < 6; i += 2) {
		asked(i, AT, KiB(8), true, 2);
		asked(i + 1, AT, KiB(8), false, 1);
	}
	p.graveyard = 0;
	p.loops = 1;
	p.granule = COMPARE_MAP_PAGE;
	p.unmap = COMPARE_UNMAP_PAGE;
	compare(s, &p);
	assert_int_equal(res.table_checks, 4);
	asked(6, AT, KiB(8), true, 1);
	/* between the two pages */
	asked(7, AT, KiB(4), false, 0);
	asked(8, AT + KiB(4), KiB(4), true, 1);
	asked(9, AT, KiB(8), false, 0);
	session_close(s, NULL);
}

static void test_compare_probes(void **state)
{
	struct compare_params p = {
		.size_min = KiB(4), .size_max = KiB(4), .iova_text = "fixed", .iova = AT, .loops = 1, .threads = 1};
	struct session *s = open_table(0, 0);
	unsigned int probes = 0;

	p.probe_unmapped = p.readonly = true;
	compare(s, &p);
	assert_int_equal(res.table_checks, 6);
	for (unsigned int i = 2; i < 6; i++)
		probes += table.list[i].size == KiB(4) && table.list[i].pins == 1 + table.list[i].mapped;
	assert_int_equal(probes, 4);
	session_close(s, NULL);
}

static void test_compare_disagrees(void **state)
{
	struct compare_params p = {
		.size_min = KiB(4), .size_max = KiB(4), .iova_text = "fixed", .iova = AT, .loops = 9, .threads = 1};

	for (unsigned int bad_at = 0; bad_at < 4; bad_at++) {
		int err = bad_at < 2 ? EILSEQ : EUCLEAN;
		struct session *s = open_table(bad_at, err);

		compare(s, &p);
		assert_int_equal(failures_total(&res.failures), 1);
		assert_int_equal(res.failures.count[err == EILSEQ ? FAILURE_PAGE_TABLE : FAILURE_PIN_LEAK], 1);
		assert_int_equal(res.failures.list[0].loop, bad_at / 2);
		assert_int_equal(res.failures.list[0].length, KiB(8));
		assert_true(res.failures.list[0].has_map);
		assert_int_equal(res.loops, bad_at / 2 + 1);
		assert_int_equal(res.table_checks, (bad_at | 1));
		session_close(s, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_disagrees),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_cannot_ask),
		cmocka_unit_test(test_compare_asks),
		cmocka_unit_test(test_compare_probes),
		cmocka_unit_test(test_compare_disagrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
