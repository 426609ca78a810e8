/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Following /dev/kmsg: records, overruns, what the kernel suppressed, and the first complaint. */
#include "host/fault_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "host/fault_smmu.h"
#include "host/host.h"
#include "host/text.h"

#define KMSG_RECORD_MAX 8192 /* PRINTKRB_RECORD_MAX and before it CONSOLE_EXT_LOG_MAX */
#define KMSG_MAJOR 1
#define KMSG_MINOR 11

/* VT-d prints a header per interrupt and then the records, under one rate limit: the header may be all one sees. */
#define DMAR_HEADER "DRHD: handling fault status reg "
#define DMAR_STATUS_FAULTS 0x3	 /* overflow, pending; the other bits are not about DMA faults */
#define DMAR_STATUS_OVERFLOW 0x1 /* more faults than the IOMMU has records for */
#define DMAR_HEADER_WAIT_NS 50000000

/*
 * What one look may take: whoever floods the log must not hold up whoever looks at it. A record costs about a microsecond. The
 * kernel's buffer is what bounds the rest, and it says what it had to drop.
 */
#define LOOK_RECORDS 4096
#define LOOK_NS 20000000
#define LOOK_CLOCK_EVERY 64

struct fault_log {
	int fd;
	char *text; /* instead of it: what is left of a saved log */
	bool have_seq;
	bool behind;  /* the last look ended at its bound */
	bool skipped; /* or overrun, and no record since has told how far that was */
	uint64_t next_seq;
	uint64_t usec;	    /* the last record's time */
	uint64_t header_ns; /* when a header without a record was read, 0 = none */
	struct fault_smmu smmu;
	bool have_carry;
	struct dma_fault carry; /* a line may end one fault and be another: the second one, when there was no room */
	char complaint[256];
};

int fault_log_adopt(struct fault_log **out, int fd)
{
	struct fault_log *log = calloc(1, sizeof(*log));

	if (!log)
		return -ENOMEM;
	log->fd = fd;
	*out = log;
	return 0;
}

int fault_log_of_text(struct fault_log **out, char *text)
{
	int ret = fault_log_adopt(out, -1);

	if (!ret)
		(*out)->text = text;
	return ret;
}

int fault_log_open(struct fault_log **out, struct fail *f)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), ret;
	struct stat st;

	*out = NULL;
	if (fd < 0) {
		ret = fail_set(f, errno, "cannot read the kernel log");
		if (ret == -EPERM || ret == -EACCES)
			fail_hint(f, "run as root, or as root: sysctl kernel.dmesg_restrict=0");
		return ret;
	}
	/* Some containers put a link to their console there. */
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(KMSG_MAJOR, KMSG_MINOR)) {
		close(fd);
		return fail_set(f, ENODEV, "cannot read the kernel log: /dev/kmsg is something else");
	}
	if (lseek(fd, 0, SEEK_END) < 0) {
		ret = -errno;
		close(fd);
		return fail_set(f, ret, "cannot read the kernel log");
	}
	ret = fault_log_adopt(out, fd);
	if (ret) {
		close(fd);
		return fail_set(f, ret, "cannot read the kernel log");
	}
	return 0;
}

void fault_log_close(struct fault_log *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		close(log->fd);
	free(log);
}

/* "viommu_fault_handler: 123 callbacks suppressed": only functions of IOMMU drivers count. */
static unsigned int fault_log_suppressed(const char *line)
{
	const char *colon = strstr(line, ": ");
	char name[64];
	unsigned int n;
	int end = 0;

	if (!colon || (size_t)(colon - line) >= sizeof(name))
		return 0;
	memcpy(name, line, colon - line);
	name[colon - line] = '\0';
	if (sscanf(colon, ": %u callbacks suppressed%n", &n, &end) != 1 || !end)
		return 0;
	return strstr(name, "iommu") || strstr(name, "dmar") || strstr(name, "smmu") ? n : 0;
}

/* The bits of VT-d's fault status that a header shows; 0 = no header, or one about something else. */
static unsigned long fault_log_header(const char *line)
{
	const char *s = strstr(line, DMAR_HEADER);

	return s ? strtoul(s + strlen(DMAR_HEADER), NULL, 16) & DMAR_STATUS_FAULTS : 0;
}

/* An IOMMU's own log was full: how many faults are missing, nobody counts. */
static bool fault_log_overflow(const char *line)
{
	const char *riscv = strstr(line, " error; memory fault:");

	return strstr(line, "EVTQ overflow detected") ||			  /* arm-smmu-v3.c */
	       (strstr(line, "AMD-Vi: IOMMU") && strcasestr(line, "event log") && /* amd/init.c, amd/iommu.c */
		(strstr(line, "restarting") || strstr(line, "overflow"))) ||
	       (riscv && strstr(line, "Queue #") && strstr(riscv, "overflow:1")); /* riscv/iommu.c */
}

/* Where a line's findings go. */
struct fault_sink {
	struct fault_log *log;
	struct dma_fault *out;
	unsigned int max, *count, *suppressed;
	uint64_t now;
};

static void fault_sink_add(struct fault_sink *sink, const struct dma_fault *fault)
{
	struct dma_fault *to = &sink->log->carry;

	if (*sink->count < sink->max)
		to = &sink->out[(*sink->count)++];
	else
		sink->log->have_carry = true;
	*to = *fault;
	to->time_ns = sink->now;
	to->log_us = sink->log->usec;
}

/* Adds at most two faults: an SMMU event that this line ends, and its own. */
static void fault_log_line(struct fault_log *log, const char *line, struct fault_sink *sink)
{
	unsigned long header = fault_log_header(line);
	struct dma_fault fault;
	bool complete;

	*sink->suppressed += fault_log_suppressed(line) + fault_log_overflow(line);
	if (!log->complaint[0] && fault_line_is_complaint(line))
		text_copy(log->complaint, sizeof(log->complaint), line);
	if (header) {
		*sink->suppressed += (log->header_ns != 0) + ((header & DMAR_STATUS_OVERFLOW) != 0);
		log->header_ns = sink->now;
	}
	if (fault_smmu_feed(&log->smmu, line, &fault, &complete)) {
		if (complete)
			fault_sink_add(sink, &fault);
		return;
	}
	if (complete)
		fault_sink_add(sink, &fault);
	if (fault_parse_line(line, &fault)) {
		if (strcmp(fault.source, "vt-d") == 0)
			log->header_ns = 0;
		fault_sink_add(sink, &fault);
	}
}

/* "prio,seq,usec,flags[,...];text\n KEY=value\n..." (Documentation/ABI/testing/dev-kmsg) */
static void fault_log_record(struct fault_log *log, char *record, struct fault_sink *sink)
{
	char *text = strchr(record, ';');
	unsigned int prio;
	uint64_t seq, usec = 0;

	if (!text || sscanf(record, "%u,%" SCNu64 ",%" SCNu64, &prio, &seq, &usec) < 2)
		return;
	if (log->have_seq && seq > log->next_seq)
		*sink->suppressed += (unsigned int)MIN(seq - log->next_seq, (uint64_t)UINT32_MAX / 2);
	else if (log->skipped && !log->have_seq)
		++*sink->suppressed;
	log->have_seq = true;
	log->skipped = false;
	log->next_seq = seq + 1;
	log->usec = usec;
	/* Facility 0 is the kernel; anyone with the right can write the others. */
	if (prio >> 3)
		return;
	text++;
	text[strcspn(text, "\n")] = '\0';
	fault_log_line(log, text, sink);
}

/* Nothing more to read now: what waited for a next line has to go without one. */
static void fault_log_settle(struct fault_log *log, struct fault_sink *sink)
{
	struct dma_fault fault;

	if (*sink->count < sink->max && fault_smmu_flush(&log->smmu, &fault))
		fault_sink_add(sink, &fault);
	if (log->header_ns && (log->text || sink->now - log->header_ns > DMAR_HEADER_WAIT_NS)) {
		++*sink->suppressed;
		log->header_ns = 0;
	}
	*sink->suppressed += log->skipped;
	log->skipped = false;
}

static int fault_log_next_line(struct fault_log *log, struct fault_sink *sink)
{
	char *line = log->text;

	if (!*line)
		return -EAGAIN;
	log->text += strcspn(line, "\n");
	if (*log->text)
		*log->text++ = '\0';
	fault_log_line(log, line, sink);
	return 0;
}

/* One record. 0; -EAGAIN at the end of the log, or another -errno. */
static int fault_log_next(struct fault_log *log, struct fault_sink *sink)
{
	char record[KMSG_RECORD_MAX + 1];
	ssize_t n;

	if (log->text)
		return fault_log_next_line(log, sink);
	n = read(log->fd, record, sizeof(record) - 1);

	/* EPIPE is an overrun: the next record's number tells how much, unless it is the first one */
	if (n < 0) {
		log->skipped |= errno == EPIPE;
		return errno == EINTR || errno == EPIPE ? 0 : -errno;
	}
	if (!n)
		return -EAGAIN;
	record[n] = '\0';
	fault_log_record(log, record, sink);
	return 0;
}

int fault_log_read(struct fault_log *log, struct dma_fault *out, unsigned int max, unsigned int *count,
		   unsigned int *suppressed, char *complaint, size_t complaint_len)
{
	struct fault_sink sink = {log, out, max, count, suppressed, clock_ns()};
	int ret = 0;

	*count = 0;
	*suppressed = 0;
	log->behind = true;
	if (log->have_carry && max) {
		out[(*count)++] = log->carry;
		log->have_carry = false;
	}
	/* What does not fit waits in the kernel's buffer. */
	for (unsigned int i = 0; i < LOOK_RECORDS && *count < max; i++) {
		if (i && i % LOOK_CLOCK_EVERY == 0 && clock_ns() - sink.now > LOOK_NS)
			break;
		ret = fault_log_next(log, &sink);
		if (ret)
			break;
	}
	if (ret) {
		log->behind = false;
		fault_log_settle(log, &sink);
	}
	if (complaint_len)
		text_copy(complaint, complaint_len, log->complaint);
	return ret == -EAGAIN ? 0 : ret;
}

bool fault_log_is_behind(const struct fault_log *log)
{
	return log->behind;
}

void fault_log_skip(struct fault_log *log)
{
	if (lseek(log->fd, 0, SEEK_END) < 0)
		return;
	log->have_carry = false;
	log->smmu = (struct fault_smmu){0};
	log->behind = false;
	log->skipped = true;
}

int fault_log_fd(const struct fault_log *log)
{
	return log->fd;
}

uint64_t fault_kernel_taint(void)
{
	static const struct host here;
	char line[32];

	if (host_read_line(&here, line, sizeof(line), "/proc/sys/kernel/tainted"))
		return 0;
	return strtoull(line, NULL, 10);
}
