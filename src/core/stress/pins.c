/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own count of pinned pages at the end of each episode. The locked-memory account, which is looked at between rounds, says
 * what was charged; a page that stays pinned without being charged is seen here only.
 */
#include <inttypes.h>

#include "core/pins.h"
#include "core/stress/priv.h"
#include "iommu/ledger.h"

/* What is mapped where, the tool's own pages too: those are mapped in each space that the device was in. */
static uint64_t pins_mapped(const struct stress *st)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < st->nr_spaces; i++)
		bytes += ledger_bytes(iommu_ledger(st->space[i]));
	return bytes / 4096;
}

void stress_pins_begin(struct stress *st)
{
	if (session_is_simulated(st->s))
		return;
	pins_before(&st->foll);
	st->foll.pinned -= pins_mapped(st);
}

void stress_pins_end(struct stress *st, struct stress_op *op)
{
	struct pins before = st->foll;
	uint64_t leaked;

	if (session_is_simulated(st->s) || !st->foll.known)
		return;
	before.pinned += pins_mapped(st);
	/* a machine on which others pin says nothing: the next episode counts from here */
	if (pins_after(&before, &leaked) || leaked)
		stress_pins_begin(st);
	if (!leaked)
		return;
	op->size = leaked * 4096;
	stress_mismatch(&st->threads[0], op, FAILURE_PIN_LEAK, "the kernel's count of pinned pages as before",
			"%" PRIu64 " pages more (nr_foll_pin), and no other process pinned or locked any", leaked);
	op->size = 0;
}
