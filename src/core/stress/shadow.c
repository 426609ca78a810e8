/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of what memory has to hold: those that no memory has are kept for the next one. */
#include <errno.h>
#include <stdlib.h>

#include "core/stress/priv.h"

#define SHADOW_LEAST KiB(4)
#define SHADOW_SMALL KiB(256) /* always kept from one episode to the next */
#define SHADOWS_KEPT MiB(32)  /* of larger ones, a thread */

int stress_shadow_take(struct stress_thread *t, struct stress_mem *m, uint64_t size)
{
	uint64_t room = SHADOW_LEAST;
	unsigned int best = t->nr_shadows;

	for (unsigned int i = 0; i < t->nr_shadows; i++)
		if (t->shadows[i].room >= size && (best == t->nr_shadows || t->shadows[i].room < t->shadows[best].room))
			best = i;
	if (best < t->nr_shadows) {
		m->shadow = t->shadows[best].at;
		m->shadow_room = t->shadows[best].room;
		t->shadows[best] = t->shadows[--t->nr_shadows];
		return 0;
	}
	/* powers of two, so that most sizes find one: its pages are touched only as far as they are used */
	while (room < size)
		room *= 2;
	m->shadow = malloc(room);
	m->shadow_room = room;
	return m->shadow ? 0 : -ENOMEM;
}

void stress_shadow_give(struct stress_thread *t, struct stress_mem *m)
{
	if (m->shadow && t->nr_shadows < ARRAY_SIZE(t->shadows))
		t->shadows[t->nr_shadows++] = (struct stress_shadow){m->shadow, m->shadow_room};
	else
		free(m->shadow);
	m->shadow = NULL;
}

void stress_shadows_trim(struct stress_thread *t)
{
	unsigned int kept = 0;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < t->nr_shadows; i++) {
		uint64_t large = t->shadows[i].room > SHADOW_SMALL ? t->shadows[i].room : 0;

		if (bytes + large > SHADOWS_KEPT) {
			free(t->shadows[i].at);
			continue;
		}
		bytes += large;
		t->shadows[kept++] = t->shadows[i];
	}
	t->nr_shadows = kept;
}

void stress_shadows_free(struct stress_thread *t)
{
	while (t->nr_shadows)
		free(t->shadows[--t->nr_shadows].at);
	for (unsigned int i = 0; i < STRESS_MEMS; i++)
		free(t->mems[i].shadow);
}
