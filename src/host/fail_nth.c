/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's fault injection: what is set up for it, and the calling thread's countdown to a failing allocation. */
#include "host/fail_nth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

#define FAIL_NTH_SLAB "/sys/kernel/debug/failslab"
#define FAIL_NTH_PAGES "/sys/kernel/debug/fail_page_alloc"

/* mm/failslab.c: sleeping allocations are spared until this says N, and GFP_KERNEL may sleep. */
static int fail_nth_check_slab(const struct host *host, struct fail *f)
{
	char value[16];
	int err = host_read_line(host, value, sizeof(value), FAIL_NTH_SLAB "/ignore-gfp-wait");

	if (err) {
		fail_set(f, EOPNOTSUPP, "cannot see what %s spares (%s)", FAIL_NTH_SLAB, strerror(-err));
		fail_hint(f, "as root, with debugfs mounted, on a kernel with CONFIG_FAILSLAB and "
			     "CONFIG_FAULT_INJECTION_DEBUG_FS");
		return -EOPNOTSUPP;
	}
	if (value[0] != 'N') {
		fail_set(f, EOPNOTSUPP, "failslab spares every allocation that may sleep, which are nearly all");
		fail_hint(f, "echo N >" FAIL_NTH_SLAB "/ignore-gfp-wait");
		return -EOPNOTSUPP;
	}
	return 0;
}

int fail_nth_open(struct fail_nth *nth, const struct host *host, struct fail *f)
{
	char path[PATH_MAX];
	int err = host_path(host, path, sizeof(path), "/proc/thread-self/fail-nth");

	nth->fd = -1;
	if (err)
		return fail_set(f, err, "cannot reach /proc/thread-self/fail-nth");
	/* this thread's own, and no part of a capture: tests put a file of theirs below the root */
	nth->fd = open(path, O_RDWR | O_CLOEXEC);
	if (nth->fd < 0 && errno == ENOENT) {
		fail_set(f, EOPNOTSUPP,
			 "this kernel cannot fail allocations on request: no /proc/thread-self/fail-nth");
		fail_hint(f,
			  "it takes CONFIG_FAULT_INJECTION and CONFIG_FAILSLAB, as the guest kernel of tests/vm has");
		return -EOPNOTSUPP;
	}
	if (nth->fd < 0)
		return fail_set(f, errno, "cannot open /proc/thread-self/fail-nth");
	err = fail_nth_check_slab(host, f);
	if (err)
		fail_nth_close(nth);
	return err;
}

void fail_nth_close(struct fail_nth *nth)
{
	if (nth->fd >= 0)
		close(nth->fd);
	nth->fd = -1;
}

/* the kernel's countdown is the thread's, too */
static _Thread_local bool fail_nth_armed;

static int fail_nth_write(const struct fail_nth *nth, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u\n", n);
	ssize_t done = pwrite(nth->fd, text, (size_t)len, 0);

	return done < 0 ? -errno : done == len ? 0 : -EIO;
}

int fail_nth_arm(const struct fail_nth *nth, unsigned int n)
{
	int err = fail_nth_write(nth, n);

	fail_nth_armed = !err;
	return err;
}

bool fail_nth_is_armed(void)
{
	return fail_nth_armed;
}

/*
 * Reading reaches the countdown's end itself where the kernel also fails copies to and from user memory: then nothing
 * before it was failed.
 */
int fail_nth_disarm(const struct fail_nth *nth, bool *injected)
{
	char text[16] = "";
	ssize_t n = pread(nth->fd, text, sizeof(text) - 1, 0);
	int err = n < 0 && errno != EFAULT ? -errno : 0;
	int off = fail_nth_write(nth, 0);

	if (off == -EFAULT)
		off = fail_nth_write(nth, 0);
	fail_nth_armed = false;
	*injected = n > 0 && strtoul(text, NULL, 10) == 0;
	return err ? err : off;
}

const char *fail_nth_spared(const struct host *host, char *buf, size_t len)
{
	static const struct {
		const char *knob, *want, *spares;
	} knobs[] = {
		{"ignore-gfp-wait", "N", "page allocations that may sleep"},
		{"ignore-gfp-highmem", "N", "pages for processes"},
		{"min-order", "0", "single pages"},
	};

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(knobs) && !buf[0]; i++) {
		char value[16];

		if (host_read_line(host, value, sizeof(value), FAIL_NTH_PAGES "/%s", knobs[i].knob))
			snprintf(buf, len, "all page allocations: " FAIL_NTH_PAGES "/%s cannot be read", knobs[i].knob);
		else if (strcmp(value, knobs[i].want))
			snprintf(buf, len, "%s, until: echo %s >" FAIL_NTH_PAGES "/%s", knobs[i].spares, knobs[i].want,
				 knobs[i].knob);
	}
	return buf;
}
