/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's fault injection for the calling thread: the Nth allocation from now on fails
 * (Documentation/fault-injection/fault-injection.rst, "Systematic faults using fail-nth").
 */
#ifndef IC_HOST_FAIL_NTH_H
#define IC_HOST_FAIL_NTH_H

#include <stdbool.h>

#include "base/fail.h"
#include "host/host.h"

struct fail_nth {
	int fd; /* /proc/thread-self/fail-nth of the thread that opened it */
};

/*
 * -EOPNOTSUPP, with what is missing and a hint, where nothing or next to nothing would be injected: a kernel without it,
 * debugfs out of sight, failslab sparing allocations that may sleep. Other -errno: it is there and cannot be opened.
 */
int fail_nth_open(struct fail_nth *nth, const struct host *host, struct fail *f);
void fail_nth_close(struct fail_nth *nth);
/* The @n-th allocation of this thread's calls into the kernel fails, once. @n > 0. 0 or -errno. */
int fail_nth_arm(const struct fail_nth *nth, unsigned int n);
/* Stop. *injected: it has failed meanwhile. 0 or -errno. */
int fail_nth_disarm(const struct fail_nth *nth, bool *injected);
/*
 * Between the two, for the calling thread: an error may be the injection's own and say nothing of what was asked for
 * (drivers/iommu/iommufd/main.c, iommufd_get_object(): -ENOENT where the object is there).
 */
bool fail_nth_is_armed(void);
/*
 * One sentence on what fail_page_alloc spares all the same (single pages, pages for processes, allocations that may sleep),
 * and the command that changes it; "" where nothing is spared. Returns @buf.
 */
const char *fail_nth_spared(const struct host *host, char *buf, size_t len);

#endif
