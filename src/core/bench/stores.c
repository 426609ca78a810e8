/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries that are stored to. */
#include "core/bench/stores.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define STORES_MAX (MiB(8) / sizeof(uint64_t))

int bench_stores_new(struct bench_stores *st, uint64_t size, struct fail *f)
{
	st->nr = MIN(size / BENCH_STORES_PAGE, STORES_MAX);
	st->entry = calloc(st->nr, sizeof(*st->entry));
	return st->entry ? 0 : fail_set(f, ENOMEM, "no memory for %" PRIu64 " entries", st->nr);
}

void bench_stores_free(struct bench_stores *st)
{
	free(st->entry);
	st->entry = NULL;
}
