/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's count of pinned pages (nr_foll_pin_acquired less released, mm/gup.c) before and after the loops. It sees
 * leaks that the locked-memory account does not, but it counts for the whole machine: a verdict only when nobody else
 * pinned meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "core/compare_priv.h"
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

void pins_before(struct compare_pins *pins)
{
	struct pins_sample now;

	pins->known = pins_now(&now);
	pins->pinned = pins->known ? now.pinned : 0;
	pins->others = self_others_pinned();
}

static void pins_leaked(struct compare *c, uint64_t pages)
{
	struct failure bad = {.class = FAILURE_PIN_LEAK,
			      .loop = c->res->loops,
			      .length = pages * 4096,
			      .map_iova = c->threads[0].last_iova,
			      .map_size = c->threads[0].last_size,
			      .payload = c->threads[0].last_payload};

	snprintf(bad.text, sizeof(bad.text),
		 "the kernel counts %" PRIu64
		 " more pinned pages than before (nr_foll_pin), and no other process pinned or locked any",
		 pages);
	failures_add(&c->res->failures, &bad);
}

const char *pins_after(const struct compare_pins *before, uint64_t *leaked)
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

void pins_judge(struct compare *c)
{
	uint64_t leaked;
	const char *why = pins_after(&c->pins, &leaked);

	c->res->foll_pin_judged = !why;
	if (why)
		snprintf(c->res->foll_pin_why, sizeof(c->res->foll_pin_why), "%s", why);
	if (leaked)
		pins_leaked(c, leaked);
}
