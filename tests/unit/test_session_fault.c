/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/session/fault, core/op/faults on a log: whose faults they are, what ties them to the op, and floods of others'. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/session/priv.h"
#include "host/fault_log.h"
#include "iommu/device.h"

#define OURS "0000:00:05.0"
#define VTD(device, addr)                                                         \
	"DMAR: [DMA Write NO_PASID] Request device [" device "] fault addr " addr \
	" [fault reason 0x05] PTE Write access is not set"
/* QEMU's AMD IOMMU: no bus, no address */
#define AMD(device) "vfio-pci " device ": AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x000a]"

/* A session whose faults come from a log of ours, on a device of a machine that has none. */
struct logged {
	struct host host;
	struct session *s;
	struct failures found;
	int fd;
	unsigned int seq;
	uint64_t usec;
	const char *line; /* of the flood */
	bool stop;
};

static void logged_open(struct logged *l)
{
	struct session_params p = {.backend = "sim", .seed = 5};
	struct iommu_caps *caps;
	struct fail f = {0};
	int sv[2];

	memset(l, 0, sizeof(*l));
	snprintf(l->host.root, sizeof(l->host.root), "/nowhere");
	failures_init(&l->found);
	assert_int_equal(session_open(&l->s, &p, &l->host, &f), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sv), 0);
	l->fd = sv[0];
	assert_int_equal(fault_log_adopt(&l->s->faults, sv[1]), 0);
	/* what makes a session look at a log */
	caps = (struct iommu_caps *)iommu_caps(l->s->iommu);
	caps->simulated = false;
	caps->no_hardware = false;
	snprintf((char *)idev_id(l->s->idev)->name, sizeof(idev_id(l->s->idev)->name), OURS);
	l->s->group = 7;
}

static void logged_close(struct logged *l)
{
	struct iommu_caps *caps = (struct iommu_caps *)iommu_caps(l->s->iommu);

	caps->simulated = true;
	caps->no_hardware = true;
	session_close(l->s, NULL);
	close(l->fd);
}

static void say(struct logged *l, const char *line)
{
	char record[512];
	int n = snprintf(record, sizeof(record), "3,%u,%llu,-;%s\n", l->seq++, (unsigned long long)l->usec, line);

	assert_int_equal(send(l->fd, record, (size_t)n, 0), n);
}

static const struct dma_fault *nth(const struct logged *l, unsigned int n)
{
	assert_true(n < op_faults(l->s)->kept);
	return &op_faults(l->s)->list[n];
}

static void test_whose(void **state)
{
	struct op_reach reach = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1};
	struct logged l;

	logged_open(&l);
	op_faults_before(l.s, &reach);
	say(&l, VTD(OURS, "0x10000"));
	say(&l, VTD("0000:00:06.0", "0x10000")); /* another's */
	say(&l, VTD("00:05.0", "0x1f000"));
	op_faults_after(l.s, &reach, &l.found, failures_total(&l.found));
	assert_int_equal(failures_total(&l.found), 2);
	assert_int_equal(op_faults(l.s)->kept, 2);
	assert_int_equal(nth(&l, 0)->tie, FAULT_TIE_ADDRESS);
	assert_false(nth(&l, 0)->expected);
	/* elsewhere: the device's own, and no op's */
	op_faults_before(l.s, &reach);
	say(&l, VTD(OURS, "0x90000"));
	op_faults_after(l.s, &reach, &l.found, failures_total(&l.found));
	assert_int_equal(failures_total(&l.found), 2);
	assert_int_equal(op_faults(l.s)->strays, 1);
	assert_int_equal(nth(&l, 2)->tie, FAULT_TIE_DEVICE);
	logged_close(&l);
}

/* Where neither address nor bus are known, the time is what ties it; what may fault, and what has to, was expected. */
static void test_expected(void **state)
{
	struct op_reach may = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1, .may_fault = true},
			must = {.ranges = {{0x50000, 0x50fff}}, .nr = 1, .must_fault = true};
	struct logged l;

	logged_open(&l);
	op_faults_line(l.s, 4);
	op_faults_before(l.s, &may);
	say(&l, AMD(OURS));
	say(&l, VTD(OURS, "0x11000"));
	op_faults_after(l.s, &may, &l.found, failures_total(&l.found));
	assert_int_equal(failures_total(&l.found), 0);
	assert_int_equal(nth(&l, 0)->tie, FAULT_TIE_TIME);
	assert_int_equal(nth(&l, 1)->tie, FAULT_TIE_ADDRESS);
	assert_true(nth(&l, 0)->expected && nth(&l, 1)->expected);
	assert_int_equal(nth(&l, 0)->line, 4);
	/* a late one belongs to the line before */
	say(&l, VTD(OURS, "0x12000"));
	op_faults_line(l.s, 5);
	op_faults_before(l.s, &must);
	say(&l, VTD(OURS, "0x50000"));
	op_faults_after(l.s, &must, &l.found, failures_total(&l.found));
	assert_int_equal(failures_total(&l.found), 1);
	assert_int_equal(nth(&l, 2)->line, 4);
	assert_int_equal(nth(&l, 3)->line, 5);
	assert_true(nth(&l, 3)->expected);
	assert_int_equal(op_faults(l.s)->strays, 0);
	assert_int_equal(op_faults(l.s)->lost, 0);
	say(&l, "viommu_fault_handler: 54 callbacks suppressed");
	op_faults_settle(l.s);
	assert_int_equal(op_faults(l.s)->lost, 54);
	logged_close(&l);
}

static void report_text(struct logged *l, char *text, size_t len)
{
	FILE *to = fmemopen(text, len, "w");
	struct report_params rp = {.command = "replace", .to = to, .format = REPORT_TEXT};
	struct report *r;

	assert_non_null(to);
	assert_int_equal(report_open(&r, &rp), 0);
	op_faults_report(r, l->s);
	report_end(r);
	fclose(to);
}

/* Where the list is full, one that nobody expected takes the place of one that somebody did. */
static void test_room(void **state)
{
	struct op_reach may = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1, .may_fault = true};
	char text[2048] = "";
	struct logged l;

	logged_open(&l);
	op_faults_before(l.s, &may);
	for (unsigned int i = 0; i < OP_FAULTS_KEPT + 3; i++)
		say(&l, VTD(OURS, "0x10000"));
	say(&l, VTD(OURS, "0x90000"));
	say(&l, VTD(OURS, "0x91000"));
	op_faults_after(l.s, &may, &l.found, failures_total(&l.found));
	assert_int_equal(op_faults(l.s)->kept, OP_FAULTS_KEPT);
	assert_int_equal(nth(&l, OP_FAULTS_KEPT - 2)->iova, 0x90000);
	assert_int_equal(nth(&l, OP_FAULTS_KEPT - 1)->iova, 0x91000);
	assert_int_equal(nth(&l, 0)->iova, 0x10000);
	assert_int_equal(op_faults(l.s)->strays, 2);
	/* a later line's are not in the list, and counted */
	op_faults_line(l.s, 9);
	op_faults_before(l.s, &may);
	say(&l, VTD(OURS, "0x10000"));
	op_faults_after(l.s, &may, &l.found, failures_total(&l.found));
	assert_int_equal(op_faults(l.s)->kept, OP_FAULTS_KEPT);
	report_text(&l, text, sizeof(text));
	assert_non_null(strstr(text, "1 more faults are not listed: a run keeps 16"));
	op_faults_line(l.s, 10);
	report_text(&l, text, sizeof(text));
	assert_null(strstr(text, "more faults"));
	assert_int_equal(op_faults(l.s)->all, OP_FAULTS_KEPT + 6);
	logged_close(&l);
}

static enum result check(struct logged *l, char *text, size_t len)
{
	FILE *to = fmemopen(text, len, "w");
	struct report_params rp = {.command = "run", .to = to, .format = REPORT_TEXT};
	struct report *r;
	enum result result;

	assert_non_null(to);
	assert_int_equal(report_open(&r, &rp), 0);
	l->s->transfers = 1;
	op_faults_check(r, l->s);
	result = report_current(r);
	report_end(r);
	fclose(to);
	return result;
}

/* What a rate limit may have hidden was not absent; a later fault shows that the limit was not spent, or how much it hid. */
static void test_limit(void **state)
{
	static const struct {
		const char *line;
		unsigned int n;
		uint64_t step_us;
		bool spent;
	} rows[] = {
		{VTD(OURS, "0x10000"), 2, 1000, false},
		{VTD(OURS, "0x10000"), 3, 1000, true},
		{VTD(OURS, "0x10000"), 3, 2500000, false},
		{VTD(OURS, "0x10000"), 3, 2499999, true},
		{VTD("0000:00:06.0", "0x10000"), 3, 1000, true}, /* one limit for all devices */
		{AMD(OURS), 9, 1000, false},
		{AMD(OURS), 10, 1000, true},
		{"vfio-pci 0000:00:06.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0001 address=0x1000 "
		 "flags=0x0020]",
		 10, 1000, false},
		{"virtio_iommu virtio0: page fault from EP 48 at 0x8000000 [W]", 9, 1000, false},
		{"virtio_iommu virtio0: page fault from EP 48 at 0x8000000 [W]", 10, 1000, true},
	};
	struct op_reach may = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1, .may_fault = true};
	struct logged l;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[2048] = "";

		logged_open(&l);
		l.usec = 1000000;
		op_faults_before(l.s, &may);
		for (unsigned int n = 0; n < rows[i].n; n++, l.usec += rows[i].step_us)
			say(&l, rows[i].line);
		op_faults_after(l.s, &may, &l.found, failures_total(&l.found));
		check(&l, text, sizeof(text));
		if (rows[i].spent)
			assert_non_null(strstr(text, "skip  no fault where none was due: the kernel logs "));
		else
			assert_non_null(strstr(text, "ok    no fault where none was due"));
		/* much later one more is logged, and nothing that was left out */
		l.usec += 6000000;
		say(&l, rows[i].line);
		op_faults_after(l.s, &may, &l.found, failures_total(&l.found));
		check(&l, text, sizeof(text));
		assert_non_null(strstr(text, "ok    no fault where none was due"));
		logged_close(&l);
	}
}

static void look_once(struct logged *l, const char *line)
{
	struct op_reach reach = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1};
	struct dma_fault fault;
	char text[2048] = "";

	logged_open(l);
	op_faults_before(l->s, &reach);
	say(l, line);
	op_faults_after(l->s, &reach, &l->found, failures_total(&l->found));
	assert_int_equal(failures_total(&l->found), 0);
	assert_int_equal(op_faults(l->s)->strays, 0);
	assert_int_equal(op_faults(l->s)->unclear, 1);
	fault = *nth(l, 0);
	assert_int_equal(fault.tie, FAULT_TIE_TIME);
	assert_false(fault.expected);
	check(l, text, sizeof(text));
	assert_non_null(
		strstr(text, "skip  no fault where none was due: 1 fault may be another device's; the first: "));
	logged_close(l);
}

/* The time alone: it may be another device's, and is no failure. On this machine no device is known. */
static void test_unclear(void **state)
{
	struct op_reach must = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1, .must_fault = true};
	struct logged l;

	look_once(&l, AMD(OURS));
	/* the device stands on a line of its own (amd/iommu.c) */
	look_once(&l, "AMD-Vi: Event logged [Device not attached to domain properly]");
	/* whoever waits for one takes it */
	logged_open(&l);
	op_faults_before(l.s, &must);
	say(&l, AMD(OURS));
	op_faults_after(l.s, &must, &l.found, failures_total(&l.found));
	assert_int_equal(failures_total(&l.found), 1);
	assert_int_equal(op_faults(l.s)->unclear, 0);
	logged_close(&l);
}

static void *flood(void *arg)
{
	struct logged *l = arg;
	char record[512];
	int n;

	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		n = snprintf(record, sizeof(record), "3,%u,1,-;%s\n", l->seq++, l->line);
		if (send(l->fd, record, (size_t)n, MSG_NOSIGNAL) < 0)
			break;
	}
	return NULL;
}

/* Nothing that somebody writes without an end holds up an op, whoever's it is. */
static void test_floods(void **state)
{
	static const char *const lines[] = {
		"usb 1-1: reset high-speed USB device number 3 using xhci_hcd",
		VTD("0000:00:06.0", "0x10000"),
		VTD("0000:7f:00.0", "0x10000"), /* of a device that is not there */
		VTD(OURS, "0x90000"),
	};
	struct op_reach reach = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1};
	pthread_t thread;
	struct logged l;
	uint64_t start;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		logged_open(&l);
		l.line = lines[i];
		fcntl(l.fd, F_SETFL, 0);
		assert_int_equal(pthread_create(&thread, NULL, flood, &l), 0);
		start = clock_ns();
		for (unsigned int n = 0; n < 10; n++) {
			op_faults_before(l.s, &reach);
			op_faults_after(l.s, &reach, &l.found, failures_total(&l.found));
		}
		op_faults_settle(l.s);
		/* ten ops of two looks at 20 ms each and a last one of 200 ms; a busy machine may take longer */
		assert_true(clock_ns() - start < 10000000000);
		assert_int_equal(failures_total(&l.found), 0);
		assert_true(op_faults(l.s)->kept <= OP_FAULTS_KEPT);
		if (strcmp(lines[i], VTD(OURS, "0x90000")))
			assert_int_equal(op_faults(l.s)->strays, 0);
		__atomic_store_n(&l.stop, true, __ATOMIC_RELAXED);
		fault_log_close(l.s->faults);
		l.s->faults = NULL;
		pthread_join(thread, NULL);
		logged_close(&l);
	}
}

/* What is there before an op and cannot be read in time is passed over, and counts as lost: no fault of it is charged to the op. */
static void test_long(void **state)
{
	static const char old[] = "3,1,1,-;" VTD(OURS, "0x10000") "\n", young[] = "3,9,1,-;" VTD(OURS, "0x11000") "\n";
	const off_t record = 8192, records = 1000000;
	struct op_reach reach = {.ranges = {{0x10000, 0x1ffff}}, .nr = 1};
	char path[] = "/tmp/iommuctl-log-XXXXXX";
	int fd = mkstemp(path);
	struct logged l;

	assert_true(fd >= 0);
	unlink(path);
	logged_open(&l);
	fault_log_close(l.s->faults);
	assert_int_equal(fault_log_adopt(&l.s->faults, fd), 0);
	/* the fault stands behind records of no use, a million of them */
	assert_int_equal(pwrite(fd, old, strlen(old), (records - 1) * record), strlen(old));
	op_faults_before(l.s, &reach);
	assert_int_equal(op_faults(l.s)->kept, 0);
	assert_int_equal(pwrite(fd, young, strlen(young), lseek(fd, 0, SEEK_CUR)), strlen(young));
	op_faults_after(l.s, &reach, &l.found, failures_total(&l.found));
	assert_int_equal(failures_total(&l.found), 1);
	assert_int_equal(nth(&l, 0)->iova, 0x11000);
	op_faults_settle(l.s);
	assert_true(op_faults(l.s)->lost > 0);
	assert_false(session_faults_behind(l.s));
	logged_close(&l);
}

/* A log that could not be read once is not one that showed no fault. */
static void test_unreadable(void **state)
{
	struct dma_fault out[4];
	unsigned int n, lost;
	struct logged l;
	bool seen;

	logged_open(&l);
	assert_int_equal(session_faults(l.s, out, 4, &n, &seen, &lost), 0);
	assert_true(seen);
	fault_log_close(l.s->faults);
	assert_int_equal(fault_log_adopt(&l.s->faults, open("/dev/null", O_WRONLY)), 0);
	assert_int_equal(session_faults(l.s, out, 4, &n, &seen, &lost), -EBADF);
	assert_int_equal(session_faults(l.s, out, 4, &n, &seen, &lost), 0);
	assert_false(seen);
	assert_false(session_kernel_watched(l.s));
	logged_close(&l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose), cmocka_unit_test(test_expected),	 cmocka_unit_test(test_room),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_unclear),	 cmocka_unit_test(test_floods),
		cmocka_unit_test(test_long),  cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests_name("session faults", tests, NULL, NULL);
}
