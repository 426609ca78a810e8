/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the transfers of the benchmark "dma" brought: through some of its mappings once more, with patterns that are looked at. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/bench/dma.h"

#define VERIFY_SLOTS 64u	/* of each thread */
#define VERIFY_NS 1000000000ull /* but no longer than that; a few in any case */
#define VERIFY_LEAST 4u
#define VERIFY_FILL 0x3c

static void verify_add(struct dma_set *set, enum failure_class class, iova_t at, uint64_t len, const char *what)
{
	struct failure bad = {.class = class, .iova = at, .length = len};

	snprintf(bad.text, sizeof(bad.text), "%" PRIu64 " bytes at iova 0x%" PRIx64 " %s", len, at, what);
	failures_add(&set->out->found, &bad);
}

static unsigned int verify_slot(const struct dma_region *r, unsigned int i, unsigned int n)
{
	return (unsigned int)((uint64_t)i * r->nr / n);
}

/* Devices that write what they read: patterns there and back. */
static int verify_move(struct dma_set *set, struct dma_bench *b, unsigned int n, unsigned int *moved, struct fail *f)
{
	uint64_t end = clock_ns() + VERIFY_NS;
	int err = 0, status;

	for (*moved = 0; *moved < n && !err && !session_signal; ++*moved) {
		unsigned int slot = verify_slot(&b->r, *moved, n);

		if (*moved >= VERIFY_LEAST && clock_ns() >= end)
			break;
		err = dma_canary(set, 1, f);
		if (!err)
			err = dma_one(set, b->queue, DEV_COPY, dma_src(&b->r, slot), dma_dst(&b->r, slot), &status, f);
		if (!err && status)
			dma_report_status(set, status, dma_src(&b->r, slot));
	}
	return err;
}

static int verify_copies(struct dma_set *set, struct dma_bench *b, unsigned int thread, struct fail *f)
{
	unsigned int n = MIN(b->r.nr, VERIFY_SLOTS), moved;
	struct stamp stamp = {.session = session_stamp_id(set->s), .generation = stamp_generation(thread, 1)};
	int err;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int slot = verify_slot(&b->r, i, n);

		stamp.iova = dma_src(&b->r, slot);
		stamp_fill(dma_src_va(&b->r, slot), set->len, &stamp);
		stamp_poison(dma_dst_va(&b->r, slot), set->len);
	}
	err = verify_move(set, b, n, &moved, f);
	for (unsigned int i = 0; i < moved && !err; i++) {
		unsigned int slot = verify_slot(&b->r, i, n);
		struct stamp_verdict v;
		size_t offset = 0;

		stamp.iova = dma_src(&b->r, slot);
		while (stamp_next_bad(dma_dst_va(&b->r, slot), set->len, &stamp, &offset, &v)) {
			struct failure bad = {.thread = thread};

			failure_from_verdict(&bad, &v, dma_dst(&b->r, slot));
			failures_add(&set->out->found, &bad);
		}
		set->checked += set->len;
	}
	return err;
}

/* --- devices that write their own --- */

struct verify_own {
	unsigned char *first;
	bool *steady;
};

/* Over bytes of @fill. */
static int verify_write(struct dma_set *set, struct dma_bench *b, unsigned int slot, int fill, struct fail *f)
{
	int status, err = dma_canary(set, 1, f);

	memset(dma_dst_va(&b->r, slot), fill, set->len);
	if (!err)
		err = dma_one(set, b->queue, DEV_WRITE, 0, dma_dst(&b->r, slot), &status, f);
	if (!err && status)
		dma_report_status(set, status, dma_dst(&b->r, slot));
	return err;
}

/* What is the same in two writes is what every write has to bring. Bytes that are as they were filled both times were not written. */
static int verify_learn(struct dma_set *set, struct dma_bench *b, struct verify_own *own, struct fail *f)
{
	const unsigned char *now = (unsigned char *)dma_dst_va(&b->r, 0);
	uint64_t untouched = 0;
	int err = verify_write(set, b, 0, 0x5a, f);

	memcpy(own->first, now, set->len);
	if (!err)
		err = verify_write(set, b, 0, 0xa5, f);
	for (uint64_t i = 0; i < set->len && !err; i++) {
		own->steady[i] = now[i] == own->first[i];
		untouched += own->first[i] == 0x5a && now[i] == 0xa5;
	}
	if (untouched > set->len / 2)
		verify_add(set, FAILURE_UNWRITTEN, dma_dst(&b->r, 0), untouched,
			   "were not written, whatever they held");
	return err;
}

/* How many steady bytes are other ones; *kept: of them are as they were filled. */
static uint64_t verify_own_wrong(const struct dma_set *set, const struct dma_bench *b, unsigned int slot,
				 const struct verify_own *own, uint64_t *kept)
{
	const unsigned char *now = (unsigned char *)dma_dst_va(&b->r, slot);
	uint64_t wrong = 0;

	*kept = 0;
	for (uint64_t i = 0; i < set->len; i++) {
		if (!own->steady[i] || now[i] == own->first[i])
			continue;
		wrong++;
		*kept += now[i] == VERIFY_FILL;
	}
	return wrong;
}

/* Has it begun to write others by now (a count that carries), at the place where these were learnt too? */
static int verify_learn_more(struct dma_set *set, struct dma_bench *b, struct verify_own *own, struct fail *f)
{
	const unsigned char *now = (unsigned char *)dma_dst_va(&b->r, 0);
	int err = verify_write(set, b, 0, 0xa5, f);

	for (uint64_t i = 0; i < set->len && !err; i++)
		own->steady[i] = own->steady[i] && now[i] == own->first[i];
	return err;
}

static int verify_own_slot(struct dma_set *set, struct dma_bench *b, unsigned int slot, struct verify_own *own,
			   struct fail *f)
{
	uint64_t kept, wrong, before = UINT64_MAX;
	int err = verify_write(set, b, slot, VERIFY_FILL, f);

	if (err)
		return err;
	while ((wrong = verify_own_wrong(set, b, slot, own, &kept)) && wrong < before && slot && !err) {
		before = wrong;
		err = verify_learn_more(set, b, own, f);
	}
	if (!err && wrong)
		verify_add(set, wrong == kept ? FAILURE_UNWRITTEN : FAILURE_FOREIGN, dma_dst(&b->r, slot), wrong,
			   wrong == kept ? "were not written" : "are not what the device wrote elsewhere");
	set->checked += set->len;
	return err;
}

static int verify_writes(struct dma_set *set, struct dma_bench *b, struct fail *f)
{
	unsigned int n = MIN(b->r.nr, VERIFY_SLOTS);
	struct verify_own own = {malloc(set->len), calloc(set->len, sizeof(bool))};
	uint64_t end = clock_ns() + VERIFY_NS;
	int err = own.first && own.steady ? verify_learn(set, b, &own, f) : fail_set(f, ENOMEM, "no memory to verify");

	for (unsigned int i = n > 1; i < n && !err && !session_signal && !failures_total(&set->out->found); i++) {
		unsigned int slot = verify_slot(&b->r, i, n);

		if (i >= VERIFY_LEAST && clock_ns() >= end)
			break;
		err = verify_own_slot(set, b, slot, &own, f);
	}
	free(own.first);
	free(own.steady);
	return err;
}

/* The memory that was at the first place before: has anything come there since? */
static void verify_old(struct dma_set *set)
{
	const struct dma_region *r = &set->bench[0].r;

	if (set->old_pinned && !stamp_is_buried((char *)set->old.va + r->half, r->half))
		verify_add(set, FAILURE_STALE_WRITE, dma_dst(r, 0), set->len,
			   "reached memory that had been unmapped there before");
}

int dma_verify(struct dma_set *set, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < set->threads && !err && !session_signal; i++) {
		if (dma_can(set, DEV_COPY))
			err = verify_copies(set, &set->bench[i], i, f);
		else if (dma_can(set, DEV_WRITE))
			err = verify_writes(set, &set->bench[i], f);
	}
	verify_old(set);
	return err;
}
