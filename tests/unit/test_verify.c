/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judge of `dirty verify` against a source that says what the test wants, and what the runs promise about their choices. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "core/verify/log.h"
#include "core/verify/priv.h"
#include "dev/driver.h"
#include "iommu/backend.h"

#define UNIT 4096u
#define PAGES 256u
#define BASE 0x40000000ull

/* What the source answers: these bits, and a stray byte so far from the bitmap's first (or before it). */
static struct {
	uint64_t bits[PAGES / 64];
	int stray;
	unsigned int reads;
	struct dirty_read last;
} source;

static int source_read(const struct dirty_at *at, const struct dirty_read *req)
{
	unsigned char *bits = req->bits;

	source.reads++;
	source.last = *req;
	for (size_t i = 0; i < req->bytes && i < sizeof(source.bits); i++)
		bits[i] |= ((unsigned char *)source.bits)[i];
	if (source.stray)
		bits[source.stray] ^= 0x10;
	return 0;
}

static const struct dirty_ops source_ops = {.read = source_read};
static const struct iommu_ops fake_ops = {.name = "fake", .dirty_iommu = &source_ops};
static const struct verify_case a_case = {"judged", "what a test says", .run = NULL};

struct judged {
	struct verify v;
	struct verify_params p;
	struct verify_result res;
	struct verify_area area;
	struct verify_log log;
	uint64_t truth[PAGES / 64];
	struct iommu fake;
};

static void judged_open(struct judged *j)
{
	static struct host host;
	struct session_params sp = {.backend = "sim", .seed = 5, .canary = CANARY_OFF};
	struct fail f = {0};

	memset(j, 0, sizeof(*j));
	memset(&source, 0, sizeof(source));
	assert_int_equal(session_open(&j->v.s, &sp, &host, &f), 0);
	j->fake.ops = &fake_ops;
	j->p.strict = true;
	j->res.nr_cases = 1;
	j->res.cases[0].name = a_case.name;
	j->area = (struct verify_area){
		.iova = BASE, .size = PAGES * UNIT, .leaf = UNIT, .truth = j->truth, .log = &j->log};
	j->v.p = &j->p;
	j->v.res = &j->res;
	j->v.now = &j->res.cases[0];
	j->v.c = &a_case;
	j->v.unit = UNIT;
	j->v.caps.page_sizes = UNIT;
	j->v.at = (struct dirty_at){.source = DIRTY_IOMMU, .iommu = &j->fake};
}

static void judged_close(struct judged *j)
{
	session_close(j->v.s, NULL);
}

/* Hold what the source says against the truth: so many missing, so many spurious, and this result. */
static void judged_is(struct judged *j, struct verify_query q, uint64_t missing, uint64_t spurious, enum result result)
{
	struct fail f = {0};

	memset(&j->res.cases[0], 0, sizeof(j->res.cases[0]));
	q.area = &j->area;
	assert_int_equal(verify_hold(&j->v, &q, &f), 0);
	assert_int_equal(j->res.cases[0].missing, missing);
	assert_int_equal(j->res.cases[0].spurious, spurious);
	assert_int_equal(j->res.cases[0].result, result);
}

static void test_agrees(void **state)
{
	static struct judged j;

	(void)state;
	judged_open(&j);
	judged_is(&j, (struct verify_query){0}, 0, 0, RESULT_PASS);
	bitmap_set(j.truth, 3, 70);
	bitmap_set(source.bits, 3, 70);
	judged_is(&j, (struct verify_query){.keep = true}, 0, 0, RESULT_PASS);
	assert_int_equal(bitmap_count(j.truth, PAGES), 70);
	assert_true(source.last.keep);
	/* a read that clears takes the truth along, that of its range */
	memset(source.bits, 0, sizeof(source.bits));
	bitmap_set(source.bits, 3, 5);
	judged_is(&j, (struct verify_query){.length = 8 * UNIT}, 0, 0, RESULT_PASS);
	assert_int_equal(bitmap_count(j.truth, PAGES), 65);
	assert_int_equal(bitmap_next(j.truth, PAGES, 0), 8);
	judged_close(&j);
}

static void test_missing(void **state)
{
	static struct judged j;

	(void)state;
	judged_open(&j);
	bitmap_set(j.truth, 100, 1);
	verify_log_add(&j.log, 7, 100 * UNIT + 5, 1);
	j.p.strict = false;
	judged_is(&j, (struct verify_query){.what = "the second read"}, 1, 0, RESULT_FAIL);
	assert_int_equal(j.res.missing[0].iova, BASE + 100 * UNIT);
	assert_string_equal(j.res.missing[0].name, "judged");
	assert_string_equal(j.res.missing[0].what,
			    "write 7 of the case, 0x1 bytes at 0x40064005, is not in the second read");
	/* outside of the range that was asked for nothing is missing */
	bitmap_set(j.truth, 100, 1);
	judged_is(&j, (struct verify_query){.off = 101 * UNIT, .length = 50 * UNIT}, 0, 0, RESULT_PASS);
	judged_is(&j, (struct verify_query){.off = 37 * UNIT, .length = 64 * UNIT}, 1, 0, RESULT_FAIL);
	judged_close(&j);
}

static void test_spurious(void **state)
{
	static struct judged j;

	(void)state;
	judged_open(&j);
	bitmap_set(source.bits, 40, 1);
	judged_is(&j, (struct verify_query){0}, 0, 1, RESULT_FAIL);
	assert_int_equal(j.res.spurious[0].iova, BASE + 40 * UNIT);
	j.p.strict = false;
	judged_is(&j, (struct verify_query){0}, 0, 1, RESULT_PASS);
	assert_non_null(strstr(j.res.cases[0].why, "spurious"));
	/* of a source that reports everything nothing is */
	j.p.strict = true;
	j.v.caps.over_reports = true;
	judged_is(&j, (struct verify_query){0}, 0, 0, RESULT_PASS);
	bitmap_set(j.truth, 41, 1);
	judged_is(&j, (struct verify_query){0}, 1, 0, RESULT_FAIL);
	judged_close(&j);
}

/* The entry that was written is dirty as a whole, and no other. Borders of entries are where the IOVA has them. */
static void test_leaf(void **state)
{
	static struct judged j;

	(void)state;
	judged_open(&j);
	j.area.leaf = 16 * UNIT;
	j.area.iova = BASE + 8 * UNIT;
	bitmap_set(j.truth, 10, 1);
	bitmap_set(source.bits, 8, 16);
	judged_is(&j, (struct verify_query){.keep = true}, 0, 0, RESULT_PASS);
	bitmap_set(source.bits, 7, 1);
	judged_is(&j, (struct verify_query){.keep = true}, 0, 1, RESULT_FAIL);
	bitmap_clear(source.bits, 7, 1);
	bitmap_set(source.bits, 24, 1);
	judged_is(&j, (struct verify_query){.keep = true}, 0, 1, RESULT_FAIL);
	/* a part of the entry is enough, if the page that was written is in it */
	memset(source.bits, 0, sizeof(source.bits));
	bitmap_set(source.bits, 9, 1);
	judged_is(&j, (struct verify_query){.keep = true}, 1, 0, RESULT_FAIL);
	judged_close(&j);
}

static void test_page_sizes(void **state)
{
	static struct judged j;
	struct verify_query q = {.page_size = 8 * UNIT, .keep = true};

	(void)state;
	judged_open(&j);
	bitmap_set(j.truth, 15, 2); /* across a border of such pages */
	source.bits[0] = 0x6;
	judged_is(&j, q, 0, 0, RESULT_PASS);
	source.bits[0] = 0x2;
	judged_is(&j, q, 1, 0, RESULT_FAIL);
	source.bits[0] = 0xe;
	judged_is(&j, q, 0, 1, RESULT_FAIL);
	judged_close(&j);
}

static void test_outside(void **state)
{
	static const unsigned int skews[] = {0, 1, 8, 2048};
	static struct judged j;

	(void)state;
	judged_open(&j);
	for (unsigned int round = 0; round < 2; round++) {
		j.v.round = round;
		for (unsigned int i = 0; i < ARRAY_SIZE(skews); i++) {
			struct verify_query q = {.skew = skews[i], .length = 64 * UNIT};

			source.stray = 0;
			judged_is(&j, q, 0, 0, RESULT_PASS);
			assert_int_equal((uintptr_t)source.last.bits % 4096, skews[i]);
			source.stray = 8;
			judged_is(&j, q, 0, 0, RESULT_FAIL);
			assert_non_null(strstr(j.res.cases[0].why, "behind"));
			source.stray = -1;
			judged_is(&j, q, 0, 0, RESULT_FAIL);
			assert_non_null(strstr(j.res.cases[0].why, "before"));
			source.stray = 2048;
			judged_is(&j, q, 0, 0, RESULT_FAIL);
		}
	}
	/* in the last word, past the end of the range */
	source.stray = 0;
	source.bits[0] = 1ull << 60;
	judged_is(&j, (struct verify_query){.length = 50 * UNIT}, 0, 0, RESULT_FAIL);
	assert_non_null(strstr(j.res.cases[0].why, "past the end"));
	judged_close(&j);
}

/* More than is kept is counted all the same. */
static void test_many(void **state)
{
	static struct judged j;

	(void)state;
	judged_open(&j);
	bitmap_set(j.truth, 0, 200);
	bitmap_set(source.bits, 200, 56);
	judged_is(&j, (struct verify_query){0}, 200, 56, RESULT_FAIL);
	assert_int_equal(j.res.nr_missing, VERIFY_PAGES_OF_CASE);
	assert_int_equal(j.res.missing_total, 200);
	assert_int_equal(j.res.nr_spurious, VERIFY_PAGES_OF_CASE);
	bitmap_set(j.truth, 0, 200);
	judged_is(&j, (struct verify_query){0}, 200, 56, RESULT_FAIL);
	assert_int_equal(j.res.missing_total, 400);
	assert_int_equal(j.res.spurious_total, 112);
	judged_close(&j);
}

static void test_reasons(void **state)
{
	static struct judged j;

	(void)state;
	judged_open(&j);
	verify_note(&j.v, "seen");
	assert_string_equal(j.res.cases[0].why, "seen");
	verify_note(&j.v, "seen again");
	assert_string_equal(j.res.cases[0].why, "seen");
	assert_int_equal(verify_skip(&j.v, "not here"), 0);
	assert_int_equal(j.res.cases[0].result, RESULT_SKIP);
	assert_string_equal(j.res.cases[0].why, "not here");
	verify_fail(&j.v, "first");
	verify_fail(&j.v, "second");
	verify_skip(&j.v, "too late");
	assert_int_equal(j.res.cases[0].result, RESULT_FAIL);
	assert_string_equal(j.res.cases[0].why, "first");
	judged_close(&j);
}

static void test_table(void **state)
{
	const struct verify_help *h = verify_help();
	unsigned int n = 0;

	(void)state;
	for (; h[n].name; n++) {
		assert_true(h[n].title && h[n].title[0]);
		for (unsigned int i = 0; i < n; i++)
			assert_string_not_equal(h[n].name, h[i].name);
	}
	assert_in_range(n, 20, VERIFY_CASES_MAX);
}

/* A case alone draws what it draws among others. */
static void test_draws(void **state)
{
	static struct judged j;
	static const struct verify_case other = {"other", "another", .run = NULL};
	uint64_t first;

	(void)state;
	judged_open(&j);
	first = verify_draw(&j.v, 0);
	j.v.c = &other;
	j.v.draws = 0;
	assert_int_not_equal(verify_draw(&j.v, 0), first);
	verify_draw(&j.v, 0);
	j.v.c = &a_case;
	j.v.draws = 0;
	assert_int_equal(verify_draw(&j.v, 0), first);
	j.v.draws = 0;
	j.v.round = 1;
	assert_int_not_equal(verify_draw(&j.v, 0), first);
	for (unsigned int i = 0; i < 1000; i++)
		assert_in_range(verify_draw(&j.v, 7), 0, 6);
	judged_close(&j);
}

/* Whatever a run did, nothing of it is left. */
static void test_run(void **state)
{
	static struct verify_result res;
	static struct host host;
	struct session_params sp = {.backend = "sim", .seed = 9, .canary = CANARY_OFF};
	const char *names[] = {"random", "chunks", "no-such-case"};
	struct verify_params p = {
		.on.source = DIRTY_SOURCES, .rounds = 2, .strict = true, .cases = names, .nr_cases = 2};
	struct session *s;
	struct fail f = {0};
	uint64_t pins, after;

	(void)state;
	assert_int_equal(session_open(&s, &sp, &host, &f), 0);
	assert_int_equal(session_dma_start(s, &f), 0);
	assert_int_equal(iommu_pins(session_iommu(s), &pins), 0);
	assert_int_equal(verify_run(s, &p, &res, &f), 0);
	assert_int_equal(res.rounds, 2);
	assert_int_equal(res.nr_cases, 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(res.cases[i].runs, 2);
		assert_int_equal(res.cases[i].result, RESULT_PASS);
		assert_int_not_equal(res.cases[i].writes, 0);
	}
	assert_int_equal(res.cases[0].writes + res.cases[1].writes, res.writes);
	assert_false(op_dirty_is_on(s, NULL));
	assert_int_equal(iommu_pins(session_iommu(s), &after), 0);
	assert_int_equal(after, pins);
	p.nr_cases = 3;
	assert_int_equal(verify_run(s, &p, &res, &f), -EINVAL);
	assert_true(f.usage);
	assert_non_null(strstr(f.text, "no-such-case"));
	/* a signal ends it, and what was not reached did not pass */
	p.nr_cases = 2;
	session_signal = 2;
	assert_int_equal(verify_run(s, &p, &res, &f), 0);
	session_signal = 0;
	assert_int_equal(res.cases[0].result, RESULT_SKIP);
	assert_int_equal(res.rounds, 0);
	assert_int_equal(op_dirty_start(s, &p.on, NULL, 0, 0, &f), 0);
	assert_int_equal(verify_run(s, &p, &res, &f), -EBUSY);
	assert_int_equal(op_dirty_stop(s, &p.on, &f), 0);
	session_close(s, NULL);
}

/* A device that stops answering in the middle of a case, and would not stop: from then on nothing is unmapped, nothing freed. */
static struct {
	const struct session *s;
	const struct dev_ops *dev;
	const struct iommu_ops *iommu;
	unsigned int until; /* transfers that end */
	_Atomic unsigned int waits;
	_Atomic bool lost;
	unsigned int given_up; /* unmapped or freed after that */
	struct session *kept[32];
	unsigned int nr_kept;
} dead;

static int dead_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	int err = dead.dev->wait(dev, queue, reqs, n, timeout_ms);

	if (++dead.waits < dead.until)
		return err;
	dead.lost = true;
	return -ETIMEDOUT;
}

static int dead_stop(struct dev *dev)
{
	return dead.lost ? -ETIMEDOUT : dead.dev->stop(dev);
}

static int dead_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	dead.given_up += !session_is_quiet(dead.s);
	return dead.iommu->unmap(iommu, iova, size, unmapped);
}

static void dead_mem_free(struct iommu *iommu, struct iommu_mem *mem)
{
	dead.given_up += !session_is_quiet(dead.s);
	dead.iommu->mem_free(iommu, mem);
}

static void dead_run(const char *name, unsigned int until)
{
	static struct verify_result res;
	static struct iommu_ops iommu_ops;
	static struct dev_ops dev_ops;
	static struct host host;
	struct session_params sp = {.backend = "sim", .seed = 9, .canary = CANARY_OFF};
	struct verify_params p = {.on.source = DIRTY_SOURCES, .rounds = 100, .cases = &name, .nr_cases = 1};
	struct session *s;
	struct fail f = {0};

	assert_int_equal(session_open(&s, &sp, &host, &f), 0);
	assert_int_equal(session_dma_start(s, &f), 0);
	dead.s = s;
	dead.waits = dead.given_up = 0;
	dead.lost = false;
	dead.until = until;
	dead.dev = session_dev(s)->ops;
	dead.iommu = session_iommu(s)->ops;
	dev_ops = *dead.dev;
	dev_ops.wait = dead_wait;
	dev_ops.stop = dead_stop;
	iommu_ops = *dead.iommu;
	iommu_ops.unmap = dead_unmap;
	iommu_ops.mem_free = dead_mem_free;
	session_dev(s)->ops = &dev_ops;
	session_iommu(s)->ops = &iommu_ops;
	assert_int_equal(verify_run(s, &p, &res, &f), -ETIMEDOUT);
	assert_true(dead.lost);
	/* what another thread had begun when that was found, an unmap and the memory's end, goes on */
	assert_in_range(dead.given_up, 0, 2);
	assert_false(session_is_quiet(s));
	assert_true(session_is_forbidden(s));
	assert_true(res.cases[0].result == RESULT_ERROR || res.cases[0].result == RESULT_FAIL);
	assert_int_equal(res.missing_total, 0);
	assert_true(res.rounds < p.rounds);
	session_iommu(s)->ops = dead.iommu;
	session_dev(s)->ops = dead.dev;
	assert_int_equal(session_close(s, NULL), -EBUSY);
	/* it stays until exit */
	assert_in_range(dead.nr_kept, 0, ARRAY_SIZE(dead.kept) - 1);
	dead.kept[dead.nr_kept++] = s;
}

static void test_dead(void **state)
{
	static const char *const names[] = {"random", "stop-in-flight", "unmap-with-bits", "race-maps", "race-unmap"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (unsigned int until = 1; until <= 64; until *= 4)
			dead_run(names[i], until);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees), cmocka_unit_test(test_missing),	  cmocka_unit_test(test_spurious),
		cmocka_unit_test(test_leaf),   cmocka_unit_test(test_page_sizes), cmocka_unit_test(test_outside),
		cmocka_unit_test(test_many),   cmocka_unit_test(test_reasons),	  cmocka_unit_test(test_table),
		cmocka_unit_test(test_draws),  cmocka_unit_test(test_run),	  cmocka_unit_test(test_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
