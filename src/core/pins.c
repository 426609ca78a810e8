/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's count of pinned pages, nr_foll_pin_acquired less nr_foll_pin_released (mm/gup.c), looked at twice. */
#include "core/pins.h"

#include "base/clock.h"
#include "host/self.h"

#define PINS_TRIES 10
#define PINS_WAIT_NS 30000000ull /* releases may be deferred for a moment */

static bool pins_now(struct pins_sample *now)
{
	uint64_t released;

	if (!self_vmstat_refresh() || self_foll_pin(&now->acquired, &released))
		return false;
	now->pinned = now->acquired - released;
	return true;
}

const char *pins_decide(uint64_t before, const struct pins_sample *s, unsigned int n, bool others_changed,
			uint64_t *leaked)
{
	*leaked = 0;
	if (!n)
		return "the kernel has no nr_foll_pin counters, or they lag (only root may refresh them)";
	if (s[n - 1].pinned <= before)
		return NULL;
	if (n < 2 || s[n - 1].acquired != s[n - 2].acquired)
		return "somebody else on this machine keeps pinning pages";
	if (others_changed)
		return "another process pinned or locked memory meanwhile";
	*leaked = s[n - 1].pinned - before;
	return NULL;
}

void pins_before(struct pins *pins)
{
	struct pins_sample now;

	pins->known = pins_now(&now);
	pins->pinned = pins->known ? now.pinned : 0;
	pins->others = self_others_pinned();
}

const char *pins_after(const struct pins *before, uint64_t *leaked)
{
	struct pins_sample s[PINS_TRIES];
	unsigned int n = 0;

	while (before->known && n < PINS_TRIES && pins_now(&s[n])) {
		if (s[n++].pinned <= before->pinned)
			break;
		clock_sleep_ns(PINS_WAIT_NS, NULL);
	}
	return pins_decide(before->pinned, s, n, self_others_pinned() != before->others, leaked);
}
