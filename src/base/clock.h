/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monotonic time. */
#ifndef IC_BASE_CLOCK_H
#define IC_BASE_CLOCK_H

#include "base/util.h"

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t clock_ns(void);
/* CLOCK_THREAD_CPUTIME_ID in nanoseconds: how long this thread was on a processor. Looking costs a system call. */
uint64_t clock_cpu_ns(void);
/* Sleep, resuming after signals unless @interrupted becomes non-zero. @interrupted may be NULL. */
void clock_sleep_ns(uint64_t ns, const volatile int *interrupted);

#endif
