/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loops leave pinned, by the kernel's own count. */
#include <inttypes.h>
#include <stdio.h>

#include "core/compare/priv.h"

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
