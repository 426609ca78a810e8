/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which state can be reached from which, and by what steps: the direct arcs and the two rules for combining them that the comment above
 * enum vfio_device_mig_state gives (include/uapi/linux/vfio.h), not the kernel's table of next steps.
 */
#include <errno.h>
#include <stdio.h>

#include "core/migration/migration.h"

/* The arcs that a driver implements. */
static const struct {
	enum mig_state from, to;
} direct_arcs[] = {
	{MIG_RUNNING_P2P, MIG_STOP},	     {MIG_STOP_COPY, MIG_STOP},		{MIG_RESUMING, MIG_STOP},
	{MIG_PRE_COPY, MIG_RUNNING},	     {MIG_RUNNING_P2P, MIG_RUNNING},	{MIG_PRE_COPY_P2P, MIG_RUNNING_P2P},
	{MIG_RUNNING, MIG_RUNNING_P2P},	     {MIG_STOP, MIG_RUNNING_P2P},	{MIG_RUNNING, MIG_PRE_COPY},
	{MIG_RUNNING_P2P, MIG_PRE_COPY_P2P}, {MIG_STOP, MIG_STOP_COPY},		{MIG_PRE_COPY, MIG_PRE_COPY_P2P},
	{MIG_PRE_COPY_P2P, MIG_PRE_COPY},    {MIG_PRE_COPY_P2P, MIG_STOP_COPY}, {MIG_STOP, MIG_RESUMING},
};

static const uint64_t state_needs[MIG_STATES] = {
	[MIG_STOP] = MIG_FLAG_STOP_COPY,
	[MIG_STOP_COPY] = MIG_FLAG_STOP_COPY,
	[MIG_RESUMING] = MIG_FLAG_STOP_COPY,
	[MIG_RUNNING_P2P] = MIG_FLAG_STOP_COPY | MIG_FLAG_P2P,
	[MIG_PRE_COPY] = MIG_FLAG_STOP_COPY | MIG_FLAG_PRE_COPY,
	[MIG_PRE_COPY_P2P] = MIG_FLAG_STOP_COPY | MIG_FLAG_P2P | MIG_FLAG_PRE_COPY,
};

/* These share one transfer: moving among them neither ends it nor begins another. */
static bool state_is_saving(uint32_t state)
{
	return state == MIG_PRE_COPY || state == MIG_PRE_COPY_P2P || state == MIG_STOP_COPY;
}

bool migration_has_state(uint64_t flags, uint32_t state)
{
	return state < MIG_STATES && (flags & state_needs[state]) == state_needs[state];
}

bool migration_begins_stream(uint32_t from, uint32_t to)
{
	if (from == to)
		return false;
	return to == MIG_RESUMING || (state_is_saving(to) && !state_is_saving(from));
}

/* Named in the header as not permitted, although arcs could be combined to them. */
static bool path_is_barred(uint32_t from, uint32_t to)
{
	return from == MIG_STOP_COPY && (to == MIG_PRE_COPY || to == MIG_PRE_COPY_P2P);
}

/*
 * May a path lead through @via? Through the states of a transfer only where it stays inside that transfer: a path that began and ended one
 * on the way would throw away what the user knows nothing of.
 */
static bool path_may_cross(enum mig_state via, uint32_t from, uint32_t to)
{
	return !state_is_saving(via) || (state_is_saving(from) && state_is_saving(to));
}

/* The shortest way from @from; before[x] is the state ahead of x on it. Breadth first. */
static bool path_search(uint32_t from, uint32_t to, enum mig_state before[MIG_STATES])
{
	enum mig_state queue[MIG_STATES] = {(enum mig_state)from};
	bool seen[MIG_STATES] = {false};
	unsigned int head = 0, tail = 1;

	seen[from] = true;
	while (head < tail && !seen[to]) {
		enum mig_state at = queue[head++];

		if (at != from && !path_may_cross(at, from, to))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(direct_arcs); i++) {
			enum mig_state next = direct_arcs[i].to;

			if (direct_arcs[i].from != at || seen[next])
				continue;
			seen[next] = true;
			before[next] = at;
			queue[tail++] = next;
		}
	}
	return seen[to];
}

int migration_expect(uint64_t flags, uint32_t from, uint32_t to, struct migration_path *out)
{
	enum mig_state before[MIG_STATES], back[MIG_STATES];
	unsigned int n = 0;

	out->n = 0;
	if (!migration_has_state(flags, from) || !migration_has_state(flags, to))
		return -EINVAL;
	if (from == MIG_ERROR || to == MIG_ERROR || path_is_barred(from, to))
		return -EINVAL;
	if (from == to)
		return 0;
	if (!path_search(from, to, before))
		return -EINVAL;
	for (enum mig_state at = (enum mig_state)to; at != from; at = before[at])
		back[n++] = at;
	/* states that the device lacks are passed over */
	while (n--)
		if (migration_has_state(flags, back[n]))
			out->step[out->n++] = back[n];
	return 0;
}

const char *migration_state_text(uint32_t state, char *buf, size_t len)
{
	if (state < MIG_STATES)
		return mig_state_name((enum mig_state)state);
	snprintf(buf, len, state < 1000 ? "%u" : "0x%x", state);
	return buf;
}
