/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracepoint iommu:io_page_fault: an instance of tracefs by libtracefs, and the lines of its trace_pipe. */
#include "host/fault_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBTRACEFS
#include <tracefs.h>
#endif

#include "base/clock.h"
#include "host/text.h"

#define TRACE_READS 64 /* of one look, a page each */
#define INSTANCE "iommuctl-"

struct fault_trace {
	int fd;
	char buf[8192]; /* what came of lines that were not taken yet */
	size_t used;
#ifdef HAVE_LIBTRACEFS
	struct tracefs_instance *instance;
#endif
};

int fault_trace_adopt(struct fault_trace **out, int fd)
{
	struct fault_trace *trace = calloc(1, sizeof(*trace));

	*out = trace;
	if (!trace)
		return -ENOMEM;
	trace->fd = fd;
	return 0;
}

/* include/trace/events/iommu.h; flags: IOMMU_FAULT_READ 0, IOMMU_FAULT_WRITE 1 */
bool fault_trace_parse(const char *line, struct dma_fault *out)
{
	const char *s = strstr(line, " io_page_fault: IOMMU:");
	unsigned int flags;
	uint64_t iova;

	memset(out, 0, sizeof(*out));
	if (!s ||
	    sscanf(s, " io_page_fault: IOMMU:%*s %31s iova=0x%" SCNx64 " flags=0x%x", out->device, &iova, &flags) != 3)
		return false;
	text_copy(out->source, sizeof(out->source), "trace");
	text_copy(out->reason, sizeof(out->reason), "page fault");
	out->iova = iova;
	out->iova_known = true;
	out->access_known = true;
	out->write = flags & 1;
	text_copy(out->raw, sizeof(out->raw), line + strspn(line, " "));
	out->time_ns = clock_ns();
	return true;
}

unsigned int fault_trace_lost(const char *line)
{
	unsigned int cpu, n;

	return sscanf(line, " CPU:%u [LOST %u EVENTS]", &cpu, &n) == 2 ? n : 0;
}

/* The next whole line of the buffer; NULL: there is none. A line that fills it all is no event of ours. */
static char *trace_line(struct fault_trace *trace, size_t *at)
{
	char *start = trace->buf + *at, *end = memchr(start, '\n', trace->used - *at);

	if (!end)
		return NULL;
	*end = '\0';
	*at = (size_t)(end - trace->buf) + 1;
	return start;
}

static void trace_lines(struct fault_trace *trace, struct dma_fault *out, unsigned int max, unsigned int *count,
			unsigned int *lost)
{
	size_t at = 0;
	char *line;

	while (*count < max && (line = trace_line(trace, &at))) {
		*lost += fault_trace_lost(line);
		if (fault_trace_parse(line, &out[*count]))
			++*count;
	}
	if (!at && trace->used == sizeof(trace->buf))
		at = trace->used;
	trace->used -= at;
	memmove(trace->buf, trace->buf + at, trace->used);
}

int fault_trace_read(struct fault_trace *trace, struct dma_fault *out, unsigned int max, unsigned int *count,
		     unsigned int *lost)
{
	ssize_t n;

	*count = 0;
	*lost = 0;
	for (unsigned int i = 0; i < TRACE_READS; i++) {
		trace_lines(trace, out, max, count, lost);
		if (*count == max || trace->used == sizeof(trace->buf))
			return 0;
		n = read(trace->fd, trace->buf + trace->used, sizeof(trace->buf) - trace->used);
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? 0 : -errno;
		if (!n)
			return 0;
		trace->used += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int fault_trace_fd(const struct fault_trace *trace)
{
	return trace->fd;
}

#ifdef HAVE_LIBTRACEFS
/* libtracefs would mount it, which is not ours to do. */
static bool trace_is_mounted(const struct host *host)
{
	return host_exists(host, "/sys/kernel/tracing/instances") ||
	       host_exists(host, "/sys/kernel/debug/tracing/instances");
}

/* What processes left that were killed. */
static void trace_sweep(void)
{
	char **names = tracefs_instances(INSTANCE "[0-9]*");

	for (unsigned int i = 0; names && names[i]; i++) {
		const char *name = strrchr(names[i], '/') ? strrchr(names[i], '/') + 1 : names[i];
		int pid = text_starts(name, INSTANCE) ? atoi(name + strlen(INSTANCE)) : 0;
		struct tracefs_instance *old;

		if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		old = tracefs_instance_create(name);
		if (old) {
			tracefs_instance_destroy(old);
			tracefs_instance_free(old);
		}
	}
	tracefs_list_free(names);
}

static int trace_start(struct fault_trace *trace, struct fail *f)
{
	char name[48];

	trace_sweep();
	snprintf(name, sizeof(name), INSTANCE "%d", (int)getpid());
	trace->instance = tracefs_instance_create(name);
	if (!trace->instance)
		return fail_set(f, errno ? errno : EIO, "cannot make an instance of tracefs");
	if (tracefs_event_enable(trace->instance, "iommu", "io_page_fault"))
		return fail_set(f, errno ? errno : EIO, "cannot enable iommu:io_page_fault");
	trace->fd = tracefs_instance_file_open(trace->instance, "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return trace->fd < 0 ? fail_set(f, errno ? errno : EIO, "cannot read the instance of tracefs") : 0;
}

int fault_trace_open(const struct host *host, struct fault_trace **out, struct fail *f)
{
	int err;

	*out = NULL;
	if (!trace_is_mounted(host)) {
		fail_set(f, ENOENT, "tracefs is not mounted, or not for this user");
		fail_hint(f, "as root: mount -t tracefs tracefs /sys/kernel/tracing");
		return -ENOENT;
	}
	if (!tracefs_file_exists(NULL, "events/iommu/io_page_fault/enable"))
		return fail_set(f, ENOENT, "the kernel has no event iommu:io_page_fault");
	err = fault_trace_adopt(out, -1);
	if (err)
		return fail_set(f, err, "cannot watch iommu:io_page_fault");
	err = trace_start(*out, f);
	if (err) {
		fault_trace_close(*out);
		*out = NULL;
	}
	return err;
}

static void trace_stop(struct fault_trace *trace)
{
	if (!trace->instance)
		return;
	tracefs_event_disable(trace->instance, "iommu", "io_page_fault");
	tracefs_instance_destroy(trace->instance);
	tracefs_instance_free(trace->instance);
}
#else
int fault_trace_open(const struct host *host, struct fault_trace **out, struct fail *f)
{
	*out = NULL;
	return fail_set(f, EOPNOTSUPP, "built without libtracefs");
}

static void trace_stop(struct fault_trace *trace)
{
}
#endif

void fault_trace_close(struct fault_trace *trace)
{
	if (!trace)
		return;
	/* an instance that is being read cannot be removed */
	if (trace->fd >= 0)
		close(trace->fd);
	trace_stop(trace);
	free(trace);
}
