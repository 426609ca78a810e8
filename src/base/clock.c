/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monotonic time and sleeping on it. */
#include "base/clock.h"

#include <time.h>

#define CLOCK_NS_PER_S 1000000000ull
/* The longest a signal can go unnoticed that lands between the look at the flag and the sleep. */
#define CLOCK_SLICE_NS (CLOCK_NS_PER_S / 10)

static uint64_t clock_of(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_ns(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

uint64_t clock_cpu_ns(void)
{
	return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static void clock_sleep_until(uint64_t when)
{
	struct timespec t = {
		.tv_sec = (time_t)(when / CLOCK_NS_PER_S),
		.tv_nsec = (long)(when % CLOCK_NS_PER_S),
	};

	/* EINTR needs no case of its own: the caller looks at the clock and the flag again. */
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void clock_sleep_ns(uint64_t ns, const volatile int *interrupted)
{
	uint64_t now = clock_ns();
	uint64_t end = ns > UINT64_MAX - now ? UINT64_MAX : now + ns;

	while (now < end && !(interrupted && *interrupted)) {
		clock_sleep_until(now + MIN(end - now, CLOCK_SLICE_NS));
		now = clock_ns();
	}
}
