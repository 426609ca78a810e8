/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/session and core/op on the simulated IOMMU: the canary, the addresses that are refused, pins, ops and their verdicts. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/op/op.h"
#include "core/session/priv.h"
#include "iommu/backend.h"
#include "iommu/ledger.h"

static struct host host;

static struct session *open_with(const char *backend, const char *driver, enum canary_mode canary)
{
	struct session_params p = {.backend = backend, .driver = driver, .seed = 5, .canary = canary};
	struct session *s = NULL;
	struct fail f = {0};

	if (session_open(&s, &p, &host, &f))
		fail_msg("%s", f.text);
	return s;
}

static void test_canary_silent(void **state)
{
	static const char *const drivers[] = {"sim", "sim,dirs=write", "sim,dirs=rw", "sim,mask=32"};

	for (unsigned int i = 0; i < ARRAY_SIZE(drivers); i++) {
		struct session *s = open_with("sim", drivers[i], CANARY_REQUIRE);
		struct fail f = {0};

		assert_false(session_canary_passed(s));
		assert_int_equal(session_dma_start(s, &f), 0);
		assert_true(session_canary_passed(s));
		assert_string_equal(session_canary_why(s), "");
		for (unsigned int n = 0; n < 100; n++)
			assert_int_equal(session_canary(s, &f), 0);
		assert_int_equal(session_close(s, &f), 0);
	}
}

static void test_canary_fires(void **state)
{
	static const char *const drivers[] = {"sim", "sim,dirs=write", "sim,dirs=rw", "sim,mask=32"};

	for (unsigned int i = 0; i < ARRAY_SIZE(drivers); i++) {
		struct session *s = open_with("sim,fault=untranslated", drivers[i], CANARY_AUTO);
		struct fail f = {0};

		assert_int_equal(session_dma_start(s, &f), -EREMOTEIO);
		assert_non_null(strstr(f.text, "untranslated"));
		assert_false(session_canary_passed(s));
		assert_int_equal(session_close(s, &f), 0);
	}
}

/* It fires when the IOMMU goes off during the run, and says nothing while it is on. */
static void test_canary_later(void **state)
{
	struct session *s = open_with("sim,fault=untranslated:after=20", "sim", CANARY_AUTO);
	struct fail f = {0};
	unsigned int n = 0;

	assert_int_equal(session_dma_start(s, &f), 0);
	while (n < 1000 && !session_canary(s, &f))
		n++;
	assert_in_range(n, 1, 100);
	assert_non_null(strstr(f.text, "untranslated"));
	session_close(s, &f);
}

static void test_canary_off(void **state)
{
	struct session *s = open_with("sim", NULL, CANARY_OFF);
	struct canary_page page;
	struct fail f = {0};

	assert_int_equal(session_dma_start(s, &f), 0);
	assert_false(session_canary_passed(s));
	assert_non_null(strstr(session_canary_why(s), "--canary off"));
	assert_int_equal(session_canary_page(s, 0, &page, &f), -EOPNOTSUPP);
	session_close(s, &f);
}

static void test_check_map(void **state)
{
	static const struct {
		iova_t iova;
		uint64_t size;
		int err;
	} cases[] = {
		{0, 4096, 0},
		{0x40000000, MiB(16), 0},
		{0xfedff000, 4096, 0},
		{0xfef00000, 4096, 0},
		{0xfee00000, 4096, -ERANGE},
		{0xfedff000, 8192, -ERANGE},
		{0xfeeff000, 8192, -ERANGE},
		{0x1000000000000, 4096, -ERANGE},
		{0x40000000, 0, -EINVAL},
		{0x40000001, 4096, -EINVAL},
		{0x40000000, 4097, -EINVAL},
		{0xfffffffffffff000, 8192, -ERANGE},
		{0xfffffffffffff000, 4096, -ERANGE},
	};
	struct session *s = open_with("sim", NULL, CANARY_AUTO);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fail f = {0};

		assert_int_equal(session_check_map(s, cases[i].iova, cases[i].size, &f), cases[i].err);
		assert_int_equal(f.usage, cases[i].err != 0);
	}
	session_close(s, NULL);
}

/* What the tool picks for tests is never what it would refuse, nor where something is mapped. */
static void test_pick(void **state)
{
	struct session *s = open_with("sim", "sim,mask=32", CANARY_AUTO);
	struct ledger_entry entry;
	struct fail f = {0};

	assert_int_equal(session_dma_start(s, &f), 0);
	for (unsigned int i = 0; i < 5000; i++) {
		iova_t at;

		assert_true(session_pick(s, session_space(s), i, MiB(1), 4096, &at));
		assert_true(at + MiB(1) - 1 <= UINT32_MAX);
		assert_int_equal(session_check_map(s, at, MiB(1), &f), 0);
		assert_false(
			ledger_find(iommu_ledger(session_iommu(s)), (struct iova_range){at, at + MiB(1) - 1}, &entry));
	}
	session_close(s, NULL);
}

static struct buffer *map(struct session *s, const char *name, iova_t iova, uint64_t size, struct failures *found)
{
	struct op_map op = {.buf = name, .size = size, .where = OP_IOVA_ADDR, .iova = iova, .prot = IOMMU_PROT_RW};
	struct buffer *b = NULL;
	struct fail f = {0};

	if (op_map(s, &op, &b, found, &f))
		fail_msg("%s", f.text);
	return b;
}

static void test_pins(void **state)
{
	for (int leak = 0; leak < 2; leak++) {
		struct session *s = open_with(leak ? "sim,fault=pin-leak" : "sim", NULL, CANARY_AUTO);
		struct op_unmap op = {.buf = "a"};
		struct failures found;
		struct fail f = {0};
		uint64_t bytes;

		failures_init(&found);
		map(s, "a", 0x40000000, MiB(1), &found);
		assert_int_equal(op_check_pins(s, &found, &f), 0);
		assert_int_equal(found.total, 0);
		assert_int_equal(op_unmap(s, &op, &bytes, &found, &f), 0);
		assert_int_equal(bytes, MiB(1));
		assert_int_equal(op_check_pins(s, &found, &f), 0);
		assert_int_equal(found.total, leak);
		assert_int_equal(found.count[FAILURE_PIN_LEAK], leak);
		session_close(s, NULL);
	}
}

static void test_short_unmap(void **state)
{
	for (int bad = 0; bad < 2; bad++) {
		struct session *s = open_with(bad ? "sim,fault=short-unmap" : "sim", NULL, CANARY_AUTO);
		struct op_unmap op = {.iova = 0x40000000, .size = MiB(2)};
		struct failures found;
		struct fail f = {0};
		uint64_t bytes;

		failures_init(&found);
		map(s, "a", 0x40000000, MiB(1), &found);
		map(s, "b", 0x40100000, MiB(1), &found);
		assert_int_equal(op_unmap(s, &op, &bytes, &found, &f), 0);
		assert_int_equal(bytes, bad ? MiB(2) - 4096 : MiB(2));
		assert_int_equal(found.count[FAILURE_SHORT_UNMAP], bad);
		assert_int_equal(found.total, bad);
		session_close(s, NULL);
	}
}

/* Every single changed byte of a buffer is found by check, in bytes and in stamps. */
static void test_check(void **state)
{
	struct session *s = open_with("sim", NULL, CANARY_AUTO);
	struct op_pattern ops[] = {{.buf = "a", .is_byte = true, .byte = 0x5a}, {.buf = "a", .generation = 3}};
	struct failures found;
	struct fail f = {0};
	struct buffer *b;
	uint64_t bytes;

	failures_init(&found);
	b = map(s, "a", 0x40000000, 8192, &found);
	for (unsigned int k = 0; k < 2; k++) {
		assert_int_equal(op_fill(s, &ops[k], &f), 0);
		assert_int_equal(op_check(s, &ops[k], &bytes, &found, &f), 0);
		assert_int_equal(bytes, 8192);
		assert_int_equal(found.total, 0);
		for (unsigned int i = 0; i < 8192; i += 7) {
			((char *)b->mem.va)[i] ^= 1;
			failures_init(&found);
			assert_int_equal(op_check(s, &ops[k], &bytes, &found, &f), 0);
			assert_int_equal(found.total, 1);
			assert_int_equal(found.list[0].iova, 0x40000000 + (k ? ALIGN_DOWN(i, 64) : i));
			assert_int_equal(found.list[0].length, k ? 64 : 1);
			((char *)b->mem.va)[i] ^= 1;
		}
		failures_init(&found);
	}
	session_close(s, NULL);
}

static void test_dma(void **state)
{
	struct session *s = open_with("sim", NULL, CANARY_AUTO);
	struct op_dma copy = {.dir = DEV_COPY, .src = "a", .dst = "b+0x1000", .size = 4096};
	struct op_dma far = {.dir = DEV_COPY, .src = "a", .dst = "0x70000000", .size = 4096};
	struct failures found;
	struct fail f = {0};
	struct buffer *a, *b;
	uint64_t bytes;

	failures_init(&found);
	a = map(s, "a", 0x40000000, 8192, &found);
	b = map(s, "b", 0x50000000, 8192, &found);
	memset(a->mem.va, 0x77, 4096);
	assert_int_equal(op_dma(s, &copy, &bytes, &found, &f), 0);
	assert_int_equal(bytes, 4096);
	assert_int_equal(found.total, 0);
	assert_memory_equal((char *)b->mem.va + 4096, a->mem.va, 4096);
	assert_int_equal(((char *)b->mem.va)[4095], 0);
	far.may_fault = true;
	assert_int_equal(op_dma(s, &far, &bytes, &found, &f), 0);
	assert_int_equal(found.total, 0);
	far.may_fault = false;
	assert_int_equal(op_dma(s, &far, &bytes, &found, &f), 0);
	assert_true(found.count[FAILURE_DMA_ERROR] > 0);
	assert_int_equal(found.count[FAILURE_DMA_ERROR], found.total);
	copy.dst = "b+0x2000";
	assert_int_equal(op_dma(s, &copy, &bytes, &found, &f), -ERANGE);
	copy.dst = "c";
	assert_int_equal(op_dma(s, &copy, &bytes, &found, &f), -ENOENT);
	copy.dst = "+1";
	assert_int_equal(op_dma(s, &copy, &bytes, &found, &f), -EINVAL);
	session_close(s, NULL);
}

/* A map that is refused where nothing is mapped is a finding; where something is, it is an answer. */
static void test_map_refused(void **state)
{
	struct session *s = open_with("sim,fault=unmap-skip-pte", NULL, CANARY_AUTO);
	struct op_unmap un = {.buf = "a"};
	struct failures found;
	struct fail f = {0};
	uint64_t bytes;

	failures_init(&found);
	map(s, "a", 0x40000000, 8192, &found);
	assert_int_equal(op_unmap(s, &un, &bytes, &found, &f), 0);
	assert_int_equal(found.total, 0);
	assert_null(map(s, "b", 0x40000000, 8192, &found));
	assert_int_equal(found.count[FAILURE_MAP_REFUSED], 1);
	session_close(s, NULL);
}

static void test_buffer_names(void **state)
{
	static const char *const right[] = {"a", "a1", "a-b_c", "abcdefghijklmnopqrstuvwxyz01234"};
	static const char *const wrong[] = {
		"", "A", "1", "-", "_a", "a.b", "a b", "a+1", "abcdefghijklmnopqrstuvwxyz012345"};

	for (unsigned int i = 0; i < ARRAY_SIZE(right); i++)
		assert_true(buffer_name_is_valid(right[i]));
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(buffer_name_is_valid(wrong[i]));
}

static void test_failure_names(void **state)
{
	for (int a = 0; a < FAILURE_CLASSES; a++) {
		assert_non_null(failure_name(a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(failure_name(a), failure_name(b));
	}
}

static void test_failure_limits(void **state)
{
	struct failure one = {.class = FAILURE_TORN};
	struct failures all;

	failures_init(&all);
	for (unsigned int i = 0; i < 3 * FAILURES_KEPT; i++) {
		one.loop = i;
		failures_add(&all, &one);
	}
	assert_int_equal(failures_total(&all), 3 * FAILURES_KEPT);
	assert_int_equal(all.count[FAILURE_TORN], 3 * FAILURES_KEPT);
	assert_int_equal(all.kept, FAILURES_KEPT);
	assert_int_equal(all.list[FAILURES_KEPT - 1].loop, FAILURES_KEPT - 1);
}

/* Below a directory that shows no PCI bus: where DMA must not go cannot be known, so nothing is opened. */
static void test_windows_unknown(void **state)
{
	struct host nowhere = {.root = "/proc/self/fdinfo"};
	struct iommu iommu = {.caps.no_hardware = false};
	struct session s = {.host = &nowhere, .iommu = &iommu};
	struct fail f = {0};

	assert_int_equal(session_load_windows(&s, &f), -ENOENT);
	assert_int_equal(f.err, ENOENT);
	assert_non_null(strstr(f.text, "which addresses belong to other PCI devices"));
	assert_non_null(strstr(f.hint, "--allow-p2p"));
	assert_int_equal(s.nr_windows, 0);
	/* who allows it needs not know; nor does the simulation, which has no such devices */
	s.params.allow_p2p = true;
	assert_int_equal(session_load_windows(&s, &f), 0);
	s.params.allow_p2p = false;
	iommu.caps.no_hardware = true;
	assert_int_equal(session_load_windows(&s, &f), 0);
	assert_int_equal(s.nr_windows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canary_silent),
		cmocka_unit_test(test_canary_fires),
		cmocka_unit_test(test_canary_later),
		cmocka_unit_test(test_canary_off),
		cmocka_unit_test(test_check_map),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_short_unmap),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_dma),
		cmocka_unit_test(test_map_refused),
		cmocka_unit_test(test_buffer_names),
		cmocka_unit_test(test_failure_names),
		cmocka_unit_test(test_failure_limits),
		cmocka_unit_test(test_windows_unknown),
	};

	return cmocka_run_group_tests_name("session and ops", tests, NULL, NULL);
}
