/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/op/faults: faults that come late, from elsewhere or in masses are charged to the op they belong to, or to none. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/migration/priv.h"
#include "core/op/faults.h"
#include "core/op/op.h"
#include "iommu/sim/context.h"

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

/* More at once than there is room for: those that were not seen may have been due to nothing. */
static void test_overflow(void **state)
{
	struct session *s = open_mapped();
	char text[2048] = "";

	assert_int_equal(copy(s, "0x80000000", 4096, true), 0);
	for (unsigned int i = 0; i < SIM_RECORDS; i++)
		late(s, AWAY);
	assert_int_equal(check(s, text, sizeof(text)), RESULT_PASS);
	for (unsigned int i = 0; i < SIM_RECORDS + 3; i++)
		late(s, AWAY);
	assert_int_equal(check(s, text, sizeof(text)), RESULT_PASS);
	assert_non_null(strstr(text, "SKIP the simulation left out 3 faults"));
	session_close(s, NULL);
}

static atomic_bool enough;

static void *refuse(void *arg)
{
	struct session *s = arg;

	while (!atomic_load(&enough)) {
		late(s, 0x12345000);
		clock_sleep_ns(100000, NULL);
	}
	return NULL;
}

static enum result migrated(struct session *s, char *why, size_t len)
{
	static struct migration_params p = {
		.rounds = 50000, .only = {{MIG_RUNNING, MIG_STOP}}, .nr_only = 1, .stop_limit_ns = 1000000000};
	static struct migration_result res;
	struct fail f = {0};

	assert_int_equal(migration_run(s, &p, &res, &f), 0);
	for (unsigned int i = 0; i < res.nr_checks; i++)
		if (!strcmp(res.checks[i].name, "kernel")) {
			snprintf(why, len, "%s", res.checks[i].why);
			return res.checks[i].result;
		}
	return RESULT_ERROR;
}

/* What is refused during a migration is held against the device, there and nowhere else. */
static void test_migration(void **state)
{
	struct session *s = open_mapped();
	enum result result = RESULT_PASS;
	pthread_t thread;
	char why[240];

	late(s, 0x12345000); /* before: not its own */
	if (migrated(s, why, sizeof(why)) != RESULT_SKIP)
		fail_msg("%s", why);
	assert_int_equal(strays(s), 1);
	assert_int_equal(pthread_create(&thread, NULL, refuse, s), 0);
	/* a busy machine may let the other one do nothing while it runs */
	for (unsigned int tries = 0; result != RESULT_FAIL && tries < 1000; tries++)
		result = migrated(s, why, sizeof(why));
	assert_int_equal(result, RESULT_FAIL);
	assert_non_null(strstr(why, "accesses of the device"));
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
	session_close(s, NULL);
}

/* A stream that drips is not read for ever, whatever size is told; what is too large is counted, and not kept. */
static void test_stream(void **state)
{
	struct session_params sp = {.backend = "sim,fault=mig-endless", .seed = 5};
	static const struct migration_params p = {.stream_ns = 1};
	static struct migration_result res = {.size_known = true, .stated = UINT64_MAX};
	struct migration m = {.p = &p, .res = &res, .stream = {.fd = -1}};
	struct migration_data kept = {0};
	struct fail f = {0};
	uint64_t n;
	int err;

	assert_int_equal(session_open(&m.s, &sp, &host, &f), 0);
	m.idev = session_device(m.s);
	assert_int_equal(migration_set(&m, MIG_STOP), 0);
	assert_int_equal(migration_set(&m, MIG_STOP_COPY), 0);
	assert_int_equal(migration_drain(&m, &kept, &n, &err), END_SLOW);
	assert_true(n > 0 && n == kept.len && !kept.cut);
	migration_data_free(&kept);
	mig_close(m.idev, &m.stream);
	session_close(m.s, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),    cmocka_unit_test(test_late),	cmocka_unit_test(test_strays),
		cmocka_unit_test(test_check),  cmocka_unit_test(test_overflow), cmocka_unit_test(test_migration),
		cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests_name("op faults", tests, NULL, NULL);
}
