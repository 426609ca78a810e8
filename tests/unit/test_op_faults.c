/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/op_faults: faults that come late, from elsewhere or in masses are charged to the op they belong to, or to none. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/op.h"
#include "core/op_faults.h"
#include "iommu/sim_context.h"

#define AT UINT64_C(0x40000000)
#define AWAY UINT64_C(0x80000000)

static struct host host;
static struct failures found;

static struct session *open_mapped(void)
{
	struct session_params p = {.backend = "sim", .seed = 5};
	struct op_map map = {.buf = "a", .size = MiB(1), .iova = AT, .prot = IOMMU_PROT_RW};
	struct session *s;
	struct fail f = {0};

	failures_init(&found);
	assert_int_equal(session_open(&s, &p, &host, &f), 0);
	assert_int_equal(op_map(s, &map, NULL, &found, &f), 0);
	return s;
}

/* What the log brings after the op that caused it has ended. */
static void late(struct session *s, uint64_t iova)
{
	sim_record_add(sim_space_of(session_iommu(s))->sim, iova, true, SIM_WALK_NOT_PRESENT);
}

static uint64_t copy(struct session *s, const char *dst, uint64_t size, bool may_fault)
{
	struct op_dma op = {.dir = DEV_COPY, .src = "a", .dst = dst, .size = size, .may_fault = may_fault};
	uint64_t before = failures_total(&found), bytes;
	struct fail f = {0};

	assert_int_equal(op_dma(s, &op, &bytes, &found, &f), 0);
	return failures_total(&found) - before;
}

static uint64_t strays(struct session *s)
{
	op_faults_settle(s);
	return op_faults(s)->strays;
}

static void test_own(void **state)
{
	struct session *s = open_mapped();

	assert_int_equal(copy(s, "a+0x1000", 4096, false), 0);
	assert_int_equal(copy(s, "0x80000000", 4 * 4096, false), 5); /* the device's word and a fault for each page */
	assert_int_equal(copy(s, "0x80000000", KiB(512), true), 0);
	assert_int_equal(copy(s, "a+0x1000", 4096, false), 0);
	assert_int_equal(strays(s), 0);
	session_close(s, NULL);
}

/* Late ones of an op that might fault are nobody's fault; they do not hide the same address's later ones. */
static void test_late(void **state)
{
	struct session *s = open_mapped();

	assert_int_equal(copy(s, "0x80000000", 4096, true), 0);
	late(s, AWAY);
	assert_int_equal(copy(s, "a+0x1000", 4096, false), 0);
	late(s, AWAY + 0xfff);
	assert_int_equal(strays(s), 0);
	assert_int_equal(copy(s, "0x80000000", 4096, false), 2);
	late(s, AWAY);
	assert_int_equal(strays(s), 1);
	session_close(s, NULL);
}

/* After the last op, and beside every op: the run's. */
static void test_strays(void **state)
{
	struct session *s = open_mapped();

	assert_int_equal(copy(s, "a+0x1000", 4096, false), 0);
	late(s, 0x12345000);
	assert_int_equal(copy(s, "a+0x1000", 4096, false), 0);
	assert_int_equal(strays(s), 1);
	assert_int_equal(op_faults(s)->stray.iova, 0x12345000);
	late(s, AT);
	assert_int_equal(strays(s), 2);
	assert_int_equal(op_faults(s)->stray.iova, 0x12345000);
	late(s, 0x1000);
	op_faults_forget(s);
	assert_int_equal(strays(s), 2);
	assert_int_equal(op_faults(s)->kept, 3);
	session_close(s, NULL);
}

static enum result check(struct session *s, char *text, size_t len)
{
	FILE *to = fmemopen(text, len, "w");
	struct report_params rp = {.command = "run", .to = to, .format = REPORT_TAP};
	struct report *r;
	enum result result;

	assert_non_null(to);
	assert_int_equal(report_open(&r, &rp), 0);
	op_faults_settle(s);
	op_faults_check(r, s);
	result = report_current(r);
	report_end(r);
	fclose(to);
	return result;
}

static void test_check(void **state)
{
	static const char name[] = "no fault where none was due";
	struct session *s = open_mapped();
	char text[2048] = "";

	assert_int_equal(check(s, text, sizeof(text)), RESULT_PASS);
	assert_null(strstr(text, name)); /* no transfer, no word */
	copy(s, "a+0x1000", 4096, false);
	assert_int_equal(check(s, text, sizeof(text)), RESULT_PASS);
	assert_non_null(strstr(text, name));
	late(s, 0x12345000);
	assert_int_equal(check(s, text, sizeof(text)), RESULT_FAIL);
	assert_non_null(strstr(text, "not ok"));
	assert_non_null(strstr(text, "1 fault no line"));
	session_close(s, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_strays),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests_name("op faults", tests, NULL, NULL);
}
