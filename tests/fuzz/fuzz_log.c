/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzer of the kernel log's readers: the input is lines, each a record or a text. */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "host/fault_log.h"
#include "host/fault_trace.h"
#include "host/machine.h"

#define RECORDS_MAX 16

static void fault_holds(const struct dma_fault *f)
{
	FUZZ_ENDS(f->device);
	FUZZ_ENDS(f->source);
	FUZZ_ENDS(f->reason);
	FUZZ_ENDS(f->raw);
	FUZZ_HOLDS(f->source[0]);
}

/* Each line as the text of a record. */
static void lines(const char *text)
{
	char *copy = strdup(text), *rest, *line;
	struct dma_fault fault;

	FUZZ_HOLDS(copy);
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		memset(&fault, 0xee, sizeof(fault));
		if (fault_parse_line(line, &fault))
			fault_holds(&fault);
		fault_line_is_complaint(line);
		memset(&fault, 0xee, sizeof(fault));
		if (fault_trace_parse(line, &fault))
			fault_holds(&fault);
		fault_trace_lost(line);
	}
	free(copy);
}

static unsigned int send_records(int fd, const char *text)
{
	unsigned int sent = 0;

	while (*text && sent < RECORDS_MAX) {
		size_t len = strcspn(text, "\n");

		if (len && send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			sent++;
		text += len + (text[len] == '\n');
	}
	return sent;
}

/* Each line as a record of /dev/kmsg: one for each read(2). */
static void records(const char *text)
{
	unsigned int count = 0, suppressed = 0, sent;
	struct dma_fault faults[RECORDS_MAX];
	struct fault_log *log;
	char complaint[64];
	int fds[2];

	FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) == 0);
	FUZZ_HOLDS(fault_log_adopt(&log, fds[0]) == 0);
	sent = send_records(fds[1], text);
	fault_log_read(log, faults, RECORDS_MAX, &count, &suppressed, complaint, sizeof(complaint));
	FUZZ_HOLDS(count <= sent);
	FUZZ_ENDS(complaint);
	for (unsigned int i = 0; i < count; i++)
		fault_holds(&faults[i]);
	fault_log_close(log);
	close(fds[1]);
}

/* All of it as a log that somebody has saved. */
static void whole(const char *text)
{
	char *copy = strdup(text);

	FUZZ_HOLDS(copy);
	machine_clean_log(copy);
	FUZZ_HOLDS(strlen(copy) <= strlen(text) + 1);
	lines(copy);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1);

	lines(text);
	records(text);
	whole(text);
	free(text);
	return 0;
}
