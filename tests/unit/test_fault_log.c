/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/fault_log: records, what was left out, events over several lines, floods; where time has to pass, by a clock of its own. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/fault_log.h"

/* In ns. 0: the machine's own clock. */
static uint64_t own_ns;

uint64_t __real_clock_ns(void);
uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_ns(void)
{
	return own_ns ? own_ns : __real_clock_ns();
}

static int own_clock(void **state)
{
	own_ns = 1000000000;
	return 0;
}

static int machine_clock(void **state)
{
	own_ns = 0;
	return 0;
}

/* A log fed record by record, as /dev/kmsg delivers them. */
struct feed {
	int fd;
	unsigned int seq;
	struct fault_log *log;
	struct dma_fault out[8];
	unsigned int count, suppressed;
	char complaint[128];
	bool stop; /* of flood() */
};

static void feed_open(struct feed *feed)
{
	int sv[2];

	memset(feed, 0, sizeof(*feed));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sv), 0);
	feed->fd = sv[0];
	feed->seq = 100;
	assert_int_equal(fault_log_adopt(&feed->log, sv[1]), 0);
}

static void feed_close(struct feed *feed)
{
	fault_log_close(feed->log);
	close(feed->fd);
}

static void feed_line(struct feed *feed, unsigned int prio, const char *text)
{
	char record[512];
	int n = snprintf(record, sizeof(record), "%u,%u,%u,-;%s\n SUBSYSTEM=pci\n", prio, feed->seq, feed->seq * 10,
			 text);

	feed->seq++;
	assert_int_equal(send(feed->fd, record, n, 0), n);
}

static void feed_read(struct feed *feed, unsigned int max)
{
	assert_int_equal(fault_log_read(feed->log, feed->out, max, &feed->count, &feed->suppressed, feed->complaint,
					sizeof(feed->complaint)),
			 0);
}

#define VTD(addr)                                                              \
	"DMAR: [DMA Write NO_PASID] Request device [00:01.0] fault addr " addr \
	" [fault reason 0x05] PTE Write access is not set"

static void test_log_faults(void **state)
{
	struct feed feed;

	feed_open(&feed);
	feed_read(&feed, 8);
	assert_int_equal(feed.count, 0);
	feed_line(&feed, 3, "DMAR: DRHD: handling fault status reg 2");
	feed_line(&feed, 3, VTD("0x1000"));
	feed_line(&feed, 6, "usb 1-1: new high-speed USB device");
	feed_line(&feed, 3, VTD("0x2000"));
	feed_line(&feed, 3, VTD("0x3000"));
	feed_read(&feed, 2);
	assert_int_equal(feed.count, 2);
	assert_int_equal(feed.out[0].iova, 0x1000);
	assert_int_equal(feed.out[1].iova, 0x2000);
	assert_true(feed.out[0].time_ns != 0);
	feed_read(&feed, 1);
	assert_int_equal(feed.count, 1);
	assert_int_equal(feed.out[0].iova, 0x3000);
	feed_read(&feed, 1);
	assert_int_equal(feed.count, 0);
	assert_int_equal(feed.suppressed, 0);
	assert_string_equal(feed.complaint, "");
	feed_close(&feed);
}

/* Facility 1 is user space: writing "BUG: ..." to /dev/kmsg proves nothing. */
static void test_log_user_lines(void **state)
{
	struct feed feed;

	feed_open(&feed);
	feed_line(&feed, 1 << 3 | 3, VTD("0x1000"));
	feed_line(&feed, 1 << 3 | 3, "BUG: said by a script");
	feed_read(&feed, 8);
	assert_int_equal(feed.count, 0);
	assert_string_equal(feed.complaint, "");
	feed_line(&feed, 4, "WARNING: CPU: 0 PID: 1 at mm/gup.c:1 f+0x1/0x2");
	feed_line(&feed, 1, "BUG: the second one");
	feed_read(&feed, 8);
	assert_string_equal(feed.complaint, "WARNING: CPU: 0 PID: 1 at mm/gup.c:1 f+0x1/0x2");
	feed_close(&feed);
}

static void test_log_suppressed(void **state)
{
	struct feed feed;

	feed_open(&feed);
	feed_line(&feed, 4, "viommu_fault_handler: 54 callbacks suppressed");
	feed_line(&feed, 4, "net_ratelimit: 17 callbacks suppressed");
	feed_read(&feed, 8);
	assert_int_equal(feed.suppressed, 54);
	/* An overrun shows as a jump of the record's number. */
	feed.seq += 7;
	feed_line(&feed, 6, "something else");
	feed_read(&feed, 8);
	assert_int_equal(feed.suppressed, 7);
	/* Two headers, one record: one fault was left out. */
	feed_line(&feed, 3, "DMAR: DRHD: handling fault status reg 2");
	feed_line(&feed, 3, "DMAR: DRHD: handling fault status reg 2");
	feed_line(&feed, 3, VTD("0x1000"));
	feed_read(&feed, 8);
	assert_int_equal(feed.count, 1);
	assert_int_equal(feed.suppressed, 1);
	/* A header alone, and then silence; and one that is not about DMA. */
	feed_line(&feed, 3, "DMAR: DRHD: handling fault status reg 2");
	feed_line(&feed, 3, "DMAR: DRHD: handling fault status reg 40");
	feed_read(&feed, 8);
	assert_int_equal(feed.suppressed, 0);
	own_ns += 80000000;
	feed_read(&feed, 8);
	assert_int_equal(feed.suppressed, 1);
	feed_read(&feed, 8);
	assert_int_equal(feed.suppressed, 0);
	feed_close(&feed);
}

/* An IOMMU's own log was full. */
static void test_log_overflows(void **state)
{
	static const struct {
		const char *line;
		unsigned int lost;
	} of[] = {
		{"arm-smmu-v3 arm-smmu-v3.0.auto: EVTQ overflow detected -- events lost", 1},
		{"AMD-Vi: IOMMU Event log restarting", 1},
		{"AMD-Vi: IOMMU PPR log restarting", 0},
		{"AMD-Vi: IOMMU event log overflow", 1},
		{"riscv,iommu 3010000.iommu: Queue #1 error; memory fault:0 overflow:1", 1},
		{"riscv,iommu 3010000.iommu: Queue #1 error; memory fault:1 overflow:0", 0},
		{"amd_iommu_report_page_fault: 7 callbacks suppressed", 7},
		{"dmar_fault: 12 callbacks suppressed", 12},
		{"arm_smmu_evtq_thread: 3 callbacks suppressed", 3},
		{"riscv_iommu_fault: 5 callbacks suppressed", 5},
		{"audit_log_start: 9 callbacks suppressed", 0},
	};
	struct feed feed;

	feed_open(&feed);
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		feed_line(&feed, 4, of[i].line);
		feed_read(&feed, 8);
		if (feed.suppressed != of[i].lost)
			fail_msg("%u lost: %s", feed.suppressed, of[i].line);
		assert_int_equal(feed.count, 0);
	}
	/* overflow and pending: a record follows, and others did not fit */
	feed_line(&feed, 3, "DMAR: DRHD: handling fault status reg 3");
	feed_line(&feed, 3, VTD("0x1000"));
	feed_read(&feed, 8);
	assert_int_equal(feed.suppressed, 1);
	assert_int_equal(feed.count, 1);
	feed_close(&feed);
}

/* Faults faster than anybody can read them. */
static void *flood(void *arg)
{
	struct feed *feed = arg;
	char record[256];
	int n;

	while (!__atomic_load_n(&feed->stop, __ATOMIC_RELAXED)) {
		n = snprintf(record, sizeof(record), "3,%u,1,-;" VTD("0x1000") "\n", feed->seq++);
		/* blocks while the reader is behind: there is always a next record */
		if (send(feed->fd, record, (size_t)n, MSG_NOSIGNAL) < 0)
			break;
	}
	return NULL;
}

/* Each look ends, says that there may be more, and loses nothing of what it can have. */
static void test_log_flood(void **state)
{
	uint64_t until = clock_ns() + 60000000000;
	unsigned int behind = 0, looks = 0;
	struct feed feed;
	pthread_t thread;

	feed_open(&feed);
	fcntl(feed.fd, F_SETFL, 0);
	assert_int_equal(pthread_create(&thread, NULL, flood, &feed), 0);
	while ((!behind || looks < 20) && clock_ns() < until) {
		feed_read(&feed, 8);
		assert_int_equal(feed.suppressed, 0);
		assert_true(feed.count <= 8);
		assert_int_equal(fault_log_is_behind(feed.log), feed.count == 8);
		behind += fault_log_is_behind(feed.log);
		looks++;
	}
	__atomic_store_n(&feed.stop, true, __ATOMIC_RELAXED);
	fault_log_close(feed.log);
	pthread_join(thread, NULL);
	close(feed.fd);
	assert_true(behind > 0);
}

/* A million records that say nothing: a look reads some, and the next ones the others. */
static void test_log_long(void **state)
{
	static const char fault[] = "3,1,1,-;" VTD("0x1000") "\n";
	const off_t record = 8192, records = 1000000;
	char path[] = "/tmp/iommuctl-log-XXXXXX";
	int fd = mkstemp(path);
	unsigned int count, lost, looks = 0, found = 0;
	struct dma_fault out[4];
	struct fault_log *log;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(pwrite(fd, fault, strlen(fault), 10000 * record), strlen(fault));
	assert_int_equal(ftruncate(fd, records * record), 0);
	assert_int_equal(fault_log_adopt(&log, fd), 0);
	for (; looks < 20000 && !found; looks++) {
		assert_int_equal(fault_log_read(log, out, 4, &count, &lost, NULL, 0), 0);
		assert_true(fault_log_is_behind(log));
		found += count;
	}
	assert_int_equal(found, 1);
	assert_true(looks > 2); /* at most 4096 records each */
	fault_log_close(log);
}

/* What is passed over counts, by the next record's number, or as at least one. */
static void test_log_skip(void **state)
{
	char path[] = "/tmp/iommuctl-log-XXXXXX";
	int fd = mkstemp(path);
	static const char first[] = "3,10,1,-;usb 1-1: one\n", last[] = "3,15,1,-;usb 1-1: six\n";
	struct fault_log *log;
	struct dma_fault out[4];
	unsigned int count, lost;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(fault_log_adopt(&log, fd), 0);
	assert_int_equal(pwrite(fd, first, strlen(first), 0), strlen(first));
	assert_int_equal(fault_log_read(log, out, 4, &count, &lost, NULL, 0), 0);
	assert_int_equal(lost, 0);
	assert_false(fault_log_is_behind(log));
	/* nothing comes after it: one at least */
	fault_log_skip(log);
	assert_int_equal(fault_log_read(log, out, 4, &count, &lost, NULL, 0), 0);
	assert_int_equal(lost, 1);
	assert_int_equal(fault_log_read(log, out, 4, &count, &lost, NULL, 0), 0);
	assert_int_equal(lost, 0);
	fault_log_skip(log);
	assert_int_equal(pwrite(fd, last, strlen(last), (off_t)strlen(first)), strlen(last));
	assert_int_equal(fault_log_read(log, out, 4, &count, &lost, NULL, 0), 0);
	assert_int_equal(lost, 4); /* 11 to 14 */
	fault_log_close(log);
}

#define SMMU "arm-smmu-v3 arm-smmu-v3.0.auto: "

static void test_log_smmu(void **state)
{
	struct feed feed;

	feed_open(&feed);
	/* Before 6.14: raw words only. Two events, the second a read. */
	feed_line(&feed, 6, SMMU "event 0x10 received:");
	feed_line(&feed, 6, SMMU "\\x090x0000000800000010");
	feed_line(&feed, 6, SMMU "\\x090x0000020000000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000008000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000000000000");
	feed_line(&feed, 6, SMMU "event 0x13 received:");
	feed_line(&feed, 6, SMMU "\\x090x0000001000000013");
	feed_line(&feed, 6, SMMU "\\x090x0000020800000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000009000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000000000000");
	feed_read(&feed, 8);
	assert_int_equal(feed.count, 2);
	assert_string_equal(feed.out[0].device, "0000:00:01.0");
	assert_int_equal(feed.out[0].iova, 0x8000000);
	assert_true(feed.out[0].iova_known && feed.out[0].access_known && feed.out[0].write);
	assert_string_equal(feed.out[1].reason, "F_PERMISSION (0x13)");
	assert_string_equal(feed.out[1].device, "0000:00:02.0");
	assert_true(feed.out[1].access_known && !feed.out[1].write);
	/* Since 6.14 the same event is also told in words: still one fault. */
	feed_line(&feed, 6, SMMU "event 0x10 received:");
	feed_line(&feed, 6, SMMU "\\x090x0000000800000010");
	feed_line(&feed, 6, SMMU "\\x090x0000020000000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000008000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000000000000");
	feed_line(&feed, 6,
		  SMMU "event: F_TRANSLATION client: 0000:00:01.0 sid: 0x8 ssid: 0x0 iova: 0x8000000 ipa: 0x0");
	feed_line(&feed, 6, SMMU "unpriv data write s1 \"Input address caused fault\" stag: 0x0");
	feed_line(&feed, 6, "something else");
	feed_read(&feed, 8);
	assert_int_equal(feed.count, 1);
	assert_string_equal(feed.out[0].reason, "F_TRANSLATION");
	assert_true(feed.out[0].write);
	/* A stream table error has no address. */
	feed_line(&feed, 6, SMMU "event 0x02 received:");
	feed_line(&feed, 6, SMMU "\\x090x0000000800000002");
	feed_line(&feed, 6, SMMU "\\x090x0000000000000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000000000000");
	feed_line(&feed, 6, SMMU "\\x090x0000000000000000");
	feed_line(&feed, 3, VTD("0x1000"));
	feed_read(&feed, 1);
	assert_int_equal(feed.count, 1);
	assert_false(feed.out[0].iova_known);
	feed_read(&feed, 1);
	assert_int_equal(feed.count, 1);
	assert_string_equal(feed.out[0].source, "vt-d");
	/* The first lines of two events were lost: what is left of the second is not the first one's. */
	feed_line(&feed, 6, SMMU "event: F_TRANSLATION client: 0000:00:01.0 sid: 0x8 ssid: 0x0 iova: 0x8000000");
	for (unsigned int i = 0; i < 4; i++)
		feed_line(&feed, 6, SMMU "\\x090x0000001000000010");
	feed_read(&feed, 8);
	assert_int_equal(feed.count, 1);
	assert_string_equal(feed.out[0].device, "0000:00:01.0");
	assert_int_equal(feed.out[0].iova, 0x8000000);
	feed_close(&feed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_faults),
		cmocka_unit_test(test_log_user_lines),
		cmocka_unit_test_setup_teardown(test_log_suppressed, own_clock, machine_clock),
		cmocka_unit_test(test_log_overflows),
		cmocka_unit_test(test_log_smmu),
		cmocka_unit_test(test_log_flood),
		cmocka_unit_test(test_log_long),
		cmocka_unit_test(test_log_skip),
	};

	return cmocka_run_group_tests_name("fault log", tests, NULL, NULL);
}
