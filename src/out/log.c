/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --log: one JSON object per line, each in the file before the call returns. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "out/render.h"
#include "out/sink.h"

struct report_log {
	int fd;
	off_t size; /* bytes of whole lines; -1 where the file has no size (a pipe) */
	struct report report;
};

int report_log_open(struct report_log **out, const char *path, struct fail *f)
{
	struct report_log *log = calloc(1, sizeof(*log));

	if (!log)
		return fail_set(f, ENOMEM, "cannot open log %s", path);
	log->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (log->fd < 0) {
		fail_set(f, errno, "cannot open log %s", path);
		free(log);
		return -f->err;
	}
	log->size = lseek(log->fd, 0, SEEK_CUR);
	report_init_tree(&log->report);
	*out = log;
	return 0;
}

struct report *report_log_begin(struct report_log *log)
{
	report_clear(&log->report);
	return &log->report;
}

/* Half a line would spoil what is read after it: cut it off. What cannot be cut is no file, and keeps what it got. */
static void log_cut(struct report_log *log)
{
	if (log->size >= 0 && ftruncate(log->fd, log->size) == 0)
		lseek(log->fd, log->size, SEEK_SET);
}

int report_log_commit(struct report_log *log)
{
	CLEANUP_FREE char *line = NULL;
	size_t length = 0;
	int ret = log->report.no_memory ? -ENOMEM : json_line(&log->report.root, &line, &length);

	report_clear(&log->report);
	if (ret)
		return ret;
	ret = sink_write_fd(log->fd, line, length);
	if (ret)
		log_cut(log);
	else if (log->size >= 0)
		log->size += (off_t)length;
	return ret;
}

int report_log_close(struct report_log *log)
{
	int ret = 0;

	if (!log)
		return 0;
	/* EINVAL and EROFS: not a thing that can be synced, a pipe or a device. */
	if (fsync(log->fd) && errno != EINVAL && errno != EROFS)
		ret = -errno;
	if (close(log->fd) && !ret)
		ret = -errno;
	report_clear(&log->report);
	free(log);
	return ret;
}
