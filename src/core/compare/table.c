/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps and unmaps of a compare held against the kernel's own view of its page table, where it tells that. */
#include <errno.h>
#include <stdio.h>

#include "core/compare/priv.h"

static int table_ask(struct compare_loop *l, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		     struct fail *f)
{
	struct failure *bad;
	struct fail why = {0};
	int err = session_check_table(l->c->s, session_iommu(l->c->s), va, iova, size, mapped,
				      l->bytes_doubtful ? -1 : pins, &why);

	if (!err)
		return 0;
	if (err != -EILSEQ && err != -EUCLEAN) {
		if (f)
			*f = why;
		return err;
	}
	bad = compare_found(l, err == -EUCLEAN ? FAILURE_PIN_LEAK : FAILURE_PAGE_TABLE, iova, size);
	snprintf(bad->text, sizeof(bad->text), "after %s: %.170s", mapped ? "a map" : "an unmap", why.text);
	return 0;
}

int compare_table(struct compare_loop *l, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		  struct fail *f)
{
	/* asked several times a loop, where most backends tell nothing */
	if (!iommu_caps(session_iommu(l->c->s))->checks_table)
		return 0;
	return table_ask(l, va, iova, size, mapped, pins, f);
}
