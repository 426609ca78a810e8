/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing to streams and descriptors with SIGPIPE kept away. */
#include "out/sink.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <time.h>

struct sink_guard {
	sigset_t old;
	bool was_pending;
};

/* SIGPIPE goes to the thread that writes: blocking it here leaves the process's own handling alone. */
static void sink_guard_enter(struct sink_guard *guard)
{
	sigset_t pipe, pending;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	guard->was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &guard->old);
}

static void sink_guard_leave(struct sink_guard *guard, int ret)
{
	static const struct timespec now;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	/* Take back what our own write raised, not what somebody else sent before. */
	if (ret == -EPIPE && !guard->was_pending)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &guard->old, NULL);
}

int sink_write_stream(FILE *to, const char *data, size_t length)
{
	struct sink_guard guard;
	int ret = 0;

	sink_guard_enter(&guard);
	errno = 0;
	if (fwrite(data, 1, length, to) != length || fflush(to) || ferror(to)) {
		ret = errno ? -errno : -EIO;
		__fpurge(to);
	}
	sink_guard_leave(&guard, ret);
	return ret;
}

int sink_stdout(void)
{
	return STDOUT_FILENO;
}

int sink_write_fd(int fd, const char *data, size_t length)
{
	struct sink_guard guard;
	int ret = 0;

	sink_guard_enter(&guard);
	while (length && !ret) {
		ssize_t n = write(fd, data, length);

		if (n > 0) {
			data += n;
			length -= (size_t)n;
		} else if (n == 0) {
			ret = -EIO;
		} else if (errno != EINTR) {
			ret = -errno;
		}
	}
	sink_guard_leave(&guard, ret);
	return ret;
}
