/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The adversarial cases run where they say or not at all, and what did not run is told. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/priv.h"

struct case_run {
	struct compare c;
	struct compare_params p;
	struct compare_result res;
	struct compare_thread t;
	struct compare_loop l;
};

static void run_open(struct case_run *r, const struct host *host)
{
	struct session_params sp = {.backend = "sim", .seed = 5, .canary = CANARY_OFF};
	struct fail f = {0};

	memset(r, 0, sizeof(*r));
	r->p = (struct compare_params){
		.size_min = 4096, .size_max = 4096, .iova_mode = COMPARE_ADVERSARIAL, .threads = 1};
	assert_int_equal(session_open(&r->c.s, &sp, host, &f), 0);
	r->c.p = &r->p;
	r->c.res = &r->res;
	r->c.threads = &r->t;
	r->t.c = &r->c;
	r->l = (struct compare_loop){.c = &r->c, .t = &r->t};
	assert_int_equal(compare_payloads(&r->c, &f), 0);
	assert_int_equal(compare_cases_build(&r->c, &f), 0);
}

static void run_close(struct case_run *r)
{
	free(r->c.cases);
	session_close(r->c.s, NULL);
}

static unsigned int skips_of(const struct case_run *r, const char *what)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->res.nr_skipped; i++)
		n += strstr(r->res.skipped[i].what, what) || strstr(r->res.skipped[i].why, what);
	return n;
}

static void run_loops(struct case_run *r, unsigned int n)
{
	struct iova_range taken = {0x200000, 0x200fff};
	struct fail f = {0};

	for (unsigned int i = 0; i < n; i++) {
		const struct compare_case *k;

		assert_int_equal(compare_choose(&r->l, &f), 0);
		r->res.loops++;
		k = &r->c.cases[r->c.case_at];
		assert_int_equal(r->l.iova, k->iova);
		assert_int_equal(r->l.size, k->size);
		assert_int_equal(r->l.payload, k->size / 2);
		assert_false(k->taken);
		if (skips_of(r, "has to stay"))
			assert_false(iova_range_overlaps(taken, (struct iova_range){k->iova, k->iova + k->size - 1}));
	}
}

static void test_every_case(void **state)
{
	static struct case_run r;
	struct host host = {0};

	(void)state;
	run_open(&r, &host);
	assert_in_range(r.c.nr_cases, 50, COMPARE_CASES_MAX);
	run_loops(&r, r.c.nr_cases * COMPARE_CASE_REPEAT - 4);
	compare_tell_unreached(&r.c);
	assert_int_equal(skips_of(&r, "1 adversarial cases not reached"), 1);
	r.res.nr_skipped = 0;
	run_loops(&r, 4);
	compare_tell_unreached(&r.c);
	assert_int_equal(r.res.nr_skipped, 0);
	for (unsigned int i = 0; i < r.c.nr_cases; i++)
		assert_true(r.c.cases[i].ran);
	run_close(&r);
}

/* A mapping that lies on some of them: these are told once and never run, also not elsewhere; all others are. */
static void test_taken(void **state)
{
	static struct case_run r;
	struct host host = {0};
	struct iommu_map_req req = {.iova = 0x200000, .size = 4096, .prot = IOMMU_PROT_RW, .tag = "ring"};
	struct iommu_mem mem;
	struct fail f = {0};
	unsigned int taken = 0;

	(void)state;
	run_open(&r, &host);
	assert_int_equal(iommu_mem_alloc(session_iommu(r.c.s), 4096, IOMMU_MEM_ANON, &mem, &f), 0);
	req.va = mem.va;
	assert_int_equal(iommu_map(session_iommu(r.c.s), &req, &f), 0);
	run_loops(&r, 3 * r.c.nr_cases * COMPARE_CASE_REPEAT);
	for (unsigned int i = 0; i < r.c.nr_cases; i++) {
		taken += r.c.cases[i].taken;
		assert_true(r.c.cases[i].ran != r.c.cases[i].taken);
	}
	assert_true(taken >= 3);
	assert_int_equal(skips_of(&r, "has to stay"), taken);
	compare_tell_unreached(&r.c);
	assert_int_equal(skips_of(&r, "not reached"), 0);
	iommu_mem_free(session_iommu(r.c.s), &mem);
	run_close(&r);
}

static void test_dropped(void **state)
{
	static struct case_run r;
	struct host host = {0};

	(void)state;
	run_open(&r, &host);
	run_loops(&r, r.c.nr_cases * COMPARE_CASE_REPEAT);
	r.c.cases_dropped = 7;
	compare_tell_unreached(&r.c);
	assert_int_equal(skips_of(&r, "7 adversarial cases"), 1);
	run_close(&r);
}

/* Pieces follow each other without a gap and end where the mapping ends, also in parts of a huge page. */
static void test_pieces(void **state)
{
	static const struct {
		enum iommu_mem_kind mem;
		uint64_t size;
	} of[] = {
		{IOMMU_MEM_ANON, 8192},		{IOMMU_MEM_ANON, MiB(4)},	{IOMMU_MEM_HUGETLB_2M, 8192},
		{IOMMU_MEM_HUGETLB_2M, 12288},	{IOMMU_MEM_HUGETLB_2M, MiB(6)}, {IOMMU_MEM_HUGETLB_1G, 8192},
		{IOMMU_MEM_HUGETLB_1G, MiB(4)}, {IOMMU_MEM_HUGETLB_1G, GiB(3)}, {IOMMU_MEM_HUGETLB_2M, MiB(2) + 4096}};
	static struct case_run r;
	struct host host = {0};

	(void)state;
	run_open(&r, &host);
	for (unsigned int i = 0; i < ARRAY_SIZE(of) * 3; i++) {
		bool pieces = false;

		r.p.mem = of[i / 3].mem;
		r.p.granule = i % 3;
		r.l.size = of[i / 3].size;
		for (r.l.op = 1; r.l.op < 50; r.l.op++)
			for (uint64_t at = 0, n; at < r.l.size; at += n) {
				n = compare_piece(&r.l, at);
				assert_true(n && n <= r.l.size - at && n % 4096 == 0);
				pieces |= n < r.l.size;
			}
		assert_int_equal(pieces, r.p.granule != COMPARE_MAP_WHOLE);
	}
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_case), cmocka_unit_test(test_taken),
					   cmocka_unit_test(test_dropped), cmocka_unit_test(test_pieces)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
