/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/fault_trace: lines of trace_pipe, whole, in pieces, too long, and in masses. */
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/fault_trace.h"

#define LINE(iova, flags)                                                                                            \
	"     irq/24-AMD-Vi-77      [001] .....   123.456789: io_page_fault: IOMMU:vfio-pci 0000:41:00.0 iova=" iova \
	" flags=" flags "\n"

static void test_lines(void **state)
{
	struct dma_fault f;

	assert_true(fault_trace_parse(LINE("0x0000000008000000", "0x0001"), &f));
	assert_string_equal(f.source, "trace");
	assert_string_equal(f.device, "0000:41:00.0");
	assert_true(f.iova_known && f.iova == 0x8000000);
	assert_true(f.access_known && f.write);
	assert_true(f.time_ns != 0);
	assert_true(fault_trace_parse(LINE("0xfffffffffffff000", "0x0000"), &f));
	assert_true(f.iova == 0xfffffffffffff000 && f.access_known && !f.write);
	assert_false(fault_trace_parse("", &f));
	assert_false(fault_trace_parse("x: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x0 size=4096", &f));
	assert_false(fault_trace_parse("x: io_page_fault: IOMMU:vfio-pci 0000:41:00.0", &f));
	assert_int_equal(fault_trace_lost("CPU:1 [LOST 12 EVENTS]"), 12);
	assert_int_equal(fault_trace_lost("CPU:1 [LOST EVENTS]"), 0);
	assert_int_equal(fault_trace_lost(LINE("0x1", "0x0")), 0);
}

static void feed(int fd, const char *text, size_t len)
{
	assert_int_equal(write(fd, text, len), len);
}

static void test_pipe(void **state)
{
	static const char one[] = LINE("0x0000000000001000", "0x0001"), two[] = LINE("0x0000000000002000", "0x0000");
	unsigned int count, lost, total = 0, looks = 0;
	struct fault_trace *trace;
	struct dma_fault out[4];
	char junk[10000];
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(fault_trace_adopt(&trace, fds[0]), 0);
	assert_int_equal(fault_trace_fd(trace), fds[0]);
	assert_int_equal(fault_trace_read(trace, out, 4, &count, &lost), 0);
	assert_int_equal(count, 0);
	/* a line in two pieces */
	feed(fds[1], one, 30);
	assert_int_equal(fault_trace_read(trace, out, 4, &count, &lost), 0);
	assert_int_equal(count, 0);
	feed(fds[1], one + 30, strlen(one) - 30);
	feed(fds[1], "CPU:0 [LOST 7 EVENTS]\n", 22);
	feed(fds[1], two, strlen(two));
	assert_int_equal(fault_trace_read(trace, out, 4, &count, &lost), 0);
	assert_int_equal(count, 2);
	assert_int_equal(lost, 7);
	assert_int_equal(out[0].iova, 0x1000);
	assert_int_equal(out[1].iova, 0x2000);
	/* more than the buffer without an end: thrown away, and what comes behind its end is read */
	memset(junk, 'x', sizeof(junk));
	feed(fds[1], junk, sizeof(junk));
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fault_trace_read(trace, out, 4, &count, &lost), 0);
	feed(fds[1], "\n", 1);
	feed(fds[1], two, strlen(two));
	for (unsigned int i = 0; i < 3 && !total; i++) {
		assert_int_equal(fault_trace_read(trace, out, 4, &count, &lost), 0);
		total += count;
	}
	assert_int_equal(total, 1);
	/* no more than there is room for at once, and none is lost */
	total = 0;
	for (unsigned int i = 0; i < 50; i++)
		feed(fds[1], one, strlen(one));
	while (total < 50 && looks++ < 100) {
		assert_int_equal(fault_trace_read(trace, out, 4, &count, &lost), 0);
		assert_true(count <= 4);
		total += count;
	}
	assert_int_equal(total, 50);
	fault_trace_close(trace);
	close(fds[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests_name("fault trace", tests, NULL, NULL);
}
