/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that a capture becomes: under a name of its own until it is whole. */
#include "cmd/capture_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/session/session.h"
#include "out/sink.h"

int capture_out_stdout(struct capture_out *o, struct fail *f)
{
	if (isatty(STDOUT_FILENO)) {
		fail_usage(f, EINVAL, "a terminal is no place for a capture");
		fail_hint(f, "name a file, or a pipe behind the command");
		return -EINVAL;
	}
	o->fd = sink_stdout();
	return 0;
}

int capture_out_open(struct capture_out *o, struct fail *f)
{
	struct stat st;

	if (lstat(o->file, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return fail_set(f, EEXIST, "cannot write %s: no regular file", o->file);
		if (!o->force) {
			fail_set(f, EEXIST, "cannot write %s", o->file);
			fail_hint(f, "--force replaces it");
			return -EEXIST;
		}
	}
	if ((size_t)snprintf(o->tmp, sizeof(o->tmp), "%s.XXXXXX", o->file) >= sizeof(o->tmp)) {
		o->tmp[0] = '\0';
		return fail_set(f, ENAMETOOLONG, "cannot write %.40s...", o->file);
	}
	o->fd = mkostemp(o->tmp, O_CLOEXEC); /* mode 0600 */
	if (o->fd < 0) {
		o->tmp[0] = '\0';
		return fail_set(f, errno, "cannot write %s", o->file);
	}
	return 0;
}

/* The directory keeps the name only when it is synced as well. Best effort: the file itself is. */
static void capture_out_sync(const char *file)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(file, '/');
	int fd;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - file + 1) : 1, slash ? file : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* Under its name, where nothing may have come meanwhile unless it is to be replaced. */
static int capture_out_name(struct capture_out *o)
{
	int err;

	if (o->force)
		return rename(o->tmp, o->file) ? -errno : 0;
	err = renameat2(AT_FDCWD, o->tmp, AT_FDCWD, o->file, RENAME_NOREPLACE) ? -errno : 0;
	if (err != -EINVAL && err != -ENOSYS)
		return err;
	/* a file system without it */
	if (link(o->tmp, o->file))
		return -errno;
	unlink(o->tmp);
	return 0;
}

int capture_out_commit(struct capture_out *o, struct fail *f)
{
	int err = 0;

	if (!o->tmp[0])
		return 0;
	if (session_signal)
		err = -EINTR;
	if (!err && fsync(o->fd) && errno != EINVAL && errno != EROFS)
		err = -errno;
	if (!err)
		err = capture_out_name(o);
	if (err)
		return fail_set(f, err, "cannot write %s", o->file);
	o->tmp[0] = '\0';
	capture_out_sync(o->file);
	return 0;
}

void capture_out_close(struct capture_out *o)
{
	if (o->fd >= 0 && o->fd != sink_stdout())
		close(o->fd);
	if (o->tmp[0])
		unlink(o->tmp);
}
