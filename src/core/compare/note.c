/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes that every part of a compare takes: failures of a loop, and what was skipped and why. */
#include <stdio.h>

#include "core/compare/priv.h"

struct failure *compare_found(struct compare_loop *l, enum failure_class class, iova_t iova, uint64_t length)
{
	struct failure *bad = &l->found[l->nr < LOOP_FAILURES ? l->nr++ : LOOP_FAILURES - 1];

	*bad = (struct failure){
		.class = class,
		.thread = l->t->index,
		.loop = l->n,
		.iova = iova,
		.length = length,
		/* before the kernel chose there is no IOVA */
		.has_map = l->size && (l->c->p->iova_mode != COMPARE_KERNEL || l->iova),
		.map_iova = l->iova,
		.map_size = l->size,
		.payload = l->payload,
	};
	return bad;
}

void compare_skip(struct compare *c, const char *what, const char *why)
{
	struct compare_skip *skip;

	c->res->skipped_total++;
	if (c->res->nr_skipped == COMPARE_SKIPPED_MAX)
		return;
	skip = &c->res->skipped[c->res->nr_skipped++];
	snprintf(skip->what, sizeof(skip->what), "%s", what);
	snprintf(skip->why, sizeof(skip->why), "%s", why);
}

void compare_count_canary(struct compare *c)
{
	if (session_canary_passed(c->s) || c->res->untranslated)
		c->res->canaries++;
}

void compare_tell_unmap_all(struct compare *c)
{
	if (c->p->unmap == COMPARE_UNMAP_ALL && c->p->graveyard && c->res->loops)
		compare_skip(c, "old pages between --unmap all and the next pin",
			     "one call takes the graveyard's pins as well: for that moment its pages may move");
}
