/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard streams of a command that runs in another process, by way of files in memory. */
#include "out/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define RELAY_FREE MiB(1)

int relay_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	/* whoever opens /dev/stdout anew must not write over what is there */
	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND))
		return -errno;
	return fd;
}

void relay_init(struct relay *r, int from, bool is_stderr)
{
	*r = (struct relay){.from = from, .to = is_stderr ? STDERR_FILENO : STDOUT_FILENO};
}

/* Hours of progress lines are not kept. */
static void relay_free(struct relay *r)
{
	if (r->done - r->freed < RELAY_FREE)
		return;
	fallocate(r->from, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)r->freed, (off_t)(r->done - r->freed));
	r->freed = r->done;
}

int relay_step(struct relay *r)
{
	char chunk[KiB(16)];
	ssize_t n, written;

	while ((n = pread(r->from, chunk, sizeof(chunk), (off_t)r->done)) > 0) {
		written = write(r->to, chunk, (size_t)n);
		if (written < 0)
			return -errno;
		r->done += (uint64_t)written;
		relay_free(r);
	}
	return n < 0 ? -errno : 0;
}

int relay_become(int in, int out, int err)
{
	fflush(stdout);
	fflush(stderr);
	__fpurge(stdin);
	clearerr(stdin);
	clearerr(stdout);
	clearerr(stderr);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}
