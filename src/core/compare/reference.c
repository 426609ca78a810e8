/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that show nothing of what they read are judged by what they write into a page mapped for that purpose, the
 * reference. Bytes of it that change from one transfer to the next (counters, logs) are found out, and told as such.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/priv.h"

#define REFERENCE_TIMEOUT_MS 10000
#define REFERENCE_WORD 8u /* so many bytes that all look untouched are no coincidence */

static int reference_map(struct compare *c, struct fail *f)
{
	struct compare_reference *ref = &c->reference;
	struct iommu_map_req req = {
		.va = ref->mem.va, .size = ref->mem.size, .iova = ref->iova, .prot = IOMMU_PROT_RW, .tag = "reference"};
	int err = iommu_map(session_iommu(c->s), &req, f);

	ref->mapped = !err;
	return err;
}

int compare_reference_rearm(struct compare *c, struct fail *f)
{
	return c->reference.bytes ? reference_map(c, f) : 0;
}

/* The device writes it anew, over pages full of @fill. */
static int reference_write(struct compare *c, int fill, struct fail *f)
{
	struct compare_reference *ref = &c->reference;
	int status = 0, err;

	memset(ref->mem.va, fill, ref->size);
	err = dev_oneway(session_dev(c->s), 0, DEV_WRITE, ref->iova, ref->size, REFERENCE_TIMEOUT_MS, &status);
	if (err)
		return compare_dma_failed(c, err, ref->iova, f);
	return status ? fail_set(f, EIO, "the device cannot write the reference: %s", strerror(-status)) : 0;
}

/* What is not as it was is not steady. */
static uint64_t reference_learn(struct compare_reference *ref)
{
	const char *now = ref->mem.va;
	uint64_t learned = 0;

	for (uint64_t i = 0; i < ref->size; i++) {
		if (now[i] == ref->bytes[i] || ref->unsteady[i])
			continue;
		ref->unsteady[i] = true;
		learned++;
	}
	ref->nr_unsteady += learned;
	return learned;
}

/* Bytes in a row that hold the filling of their pages both times, whatever it was: nothing was written there. */
static bool reference_is_short(const struct compare_reference *ref, int first, int second, uint64_t *at)
{
	const unsigned char *was = (const unsigned char *)ref->bytes, *now = ref->mem.va;
	uint64_t run = 0;

	for (uint64_t i = 0; i < ref->size; i++) {
		run = was[i] == first && now[i] == second ? run + 1 : 0;
		*at = i + 1 - run;
		if (run == MIN((uint64_t)REFERENCE_WORD, ref->size))
			return true;
	}
	return false;
}

static void reference_unwritten(struct compare *c, uint64_t at)
{
	struct compare_reference *ref = &c->reference;
	struct failure bad = {.class = FAILURE_UNWRITTEN, .iova = ref->iova + at, .length = ref->size - at};

	snprintf(bad.text, sizeof(bad.text),
		 "the device was told to write 0x%" PRIx64 " bytes at iova 0x%" PRIx64
		 ", which is mapped, and left out those from 0x%" PRIx64 " on",
		 ref->size, ref->iova, ref->iova + at);
	failures_add(&c->res->failures, &bad);
}

/* Three times, over different fillings. */
static int reference_take(struct compare *c, struct fail *f)
{
	static const int fill[] = {0x5a, 0xa5, 0x3c};
	struct compare_reference *ref = &c->reference;
	uint64_t at;
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(fill) && !err; i++) {
		err = reference_write(c, fill[i], f);
		if (err || !i) {
			memcpy(ref->bytes, ref->mem.va, err ? 0 : ref->size);
			continue;
		}
		if (i == 1 && reference_is_short(ref, fill[0], fill[1], &at)) {
			reference_unwritten(c, at);
			return 0;
		}
		reference_learn(ref);
	}
	return err;
}

static int reference_alloc(struct compare *c, const struct dev_limits *lim, struct fail *f)
{
	struct compare_reference *ref = &c->reference;
	uint64_t most = c->p->iova_mode == COMPARE_ADVERSARIAL ? COMPARE_CASE_BYTES / 2 : c->p->size_max;
	uint64_t page = compare_page_of(c);

	ref->size = MIN(dev_most(lim, DEV_WRITE), dev_length(lim, most));
	ref->bytes = malloc(ref->size);
	ref->unsteady = calloc(ref->size, sizeof(*ref->unsteady));
	if (!ref->bytes || !ref->unsteady)
		return fail_set(f, ENOMEM, "cannot allocate the reference");
	if (!session_pick(c->s, session_space(c->s), 0, ALIGN_UP(ref->size, page), page, &ref->iova))
		return fail_set(f, ENOSPC, "no iova for the reference");
	return iommu_mem_alloc(session_iommu(c->s), ALIGN_UP(ref->size, page), IOMMU_MEM_ANON, &ref->mem, f);
}

int compare_reference(struct compare *c, struct fail *f)
{
	const struct dev_limits *lim = dev_limits(session_dev(c->s));
	bool both = dev_both_ways(lim);
	int err;

	c->res->read = both;
	c->res->write = both || (lim->dirs & DEV_WRITE);
	if (both)
		return 0;
	if (!(lim->dirs & DEV_WRITE)) {
		compare_skip(c, "direction write", "the device cannot");
		return fail_set(f, EOPNOTSUPP, "device %s only reads memory, nothing can be compared",
				session_device_name(c->s));
	}
	compare_skip(c, "direction read",
		     lim->dirs & DEV_READ ? "the device does not show what it read" : "the device cannot");
	err = reference_alloc(c, lim, f);
	if (!err)
		err = reference_map(c, f);
	return err ? err : reference_take(c, f);
}

void compare_reference_free(struct compare *c)
{
	struct compare_reference *ref = &c->reference;

	if (session_is_quiet(c->s)) {
		if (ref->mapped)
			iommu_unmap(session_iommu(c->s), ref->iova, ref->mem.size, NULL, NULL);
		iommu_mem_free(session_iommu(c->s), &ref->mem);
	}
	free(ref->bytes);
	free(ref->unsteady);
}

/* --- one loop's data --- */

static bool reference_is_poison(char byte, uint64_t at)
{
	static char poison[STAMP_LINE] __attribute__((aligned(8)));

	if (!poison[0])
		stamp_poison(poison, sizeof(poison));
	return byte == poison[at % STAMP_LINE];
}

/* Bytes of a loop's data that are not what the device writes. */
struct reference_bad {
	uint64_t first, last; /* which may have good ones between them */
	uint64_t wrong, poison;
};

/* Bytes @from to @end of a loop's data hold what the device writes at @ref_at. */
static bool reference_holds(const struct compare_reference *ref, const char *dst, uint64_t from, uint64_t end,
			    uint64_t ref_at, struct reference_bad *bad)
{
	uint64_t moving = 0, untouched = 0, wrong = 0;

	for (uint64_t i = from; i < end; i++) {
		bool unsteady = ref->unsteady[ref_at + i - from];

		moving += unsteady;
		untouched += unsteady && reference_is_poison(dst[i], i);
		if (unsteady || dst[i] == ref->bytes[ref_at + i - from])
			continue;
		if (!wrong++)
			bad->first = MIN(bad->first, i);
		bad->last = i;
		bad->poison += reference_is_poison(dst[i], i);
	}
	/* whatever they change to, it is not all of what lay there before */
	if (moving >= REFERENCE_WORD && untouched == moving) {
		bad->first = MIN(bad->first, from);
		bad->last = end - 1;
		bad->poison += untouched;
		wrong += untouched;
	}
	bad->wrong += wrong;
	return !wrong;
}

/* As the device cuts it, each request writes the start of the reference. */
static bool reference_matches(const struct compare *c, const char *dst, uint64_t len, struct reference_bad *bad)
{
	const struct dev_limits *lim = dev_limits(session_dev(c->s));
	uint64_t piece;
	bool good = true;

	*bad = (struct reference_bad){.first = UINT64_MAX};
	for (uint64_t at = 0; at < len; at += piece) {
		piece = dev_piece(lim, dev_most(lim, DEV_WRITE), len - at);
		if (!memcmp(dst + at, c->reference.bytes, piece))
			continue;
		for (uint64_t i = 0; i < piece; i += STAMP_LINE)
			good &= reference_holds(&c->reference, dst, at + i, at + MIN(i + STAMP_LINE, piece), i, bad);
	}
	return good;
}

/*
 * Not what the reference holds: is it that the device writes something else by now? Asked by writing the reference again,
 * which is done only where the canary says that such a write goes where it should.
 */
static bool reference_moved_on(struct compare *c)
{
	struct fail why = {0};

	compare_count_canary(c);
	return !session_canary(c->s, &why) && !reference_write(c, 0xa5, &why) && reference_learn(&c->reference);
}

void compare_reference_verify(struct compare_loop *l, const char *dst)
{
	struct compare *c = l->c;
	struct reference_bad seen;
	struct failure *bad;
	bool good;

	if (l->payload <= c->reference.size && !memcmp(dst, c->reference.bytes, l->payload))
		return;
	pthread_mutex_lock(&c->lock);
	good = reference_matches(c, dst, l->payload, &seen);
	if (!good && reference_moved_on(c))
		good = reference_matches(c, dst, l->payload, &seen);
	pthread_mutex_unlock(&c->lock);
	if (good)
		return;
	bad = compare_found(
		l, seen.poison == seen.wrong && seen.wrong >= REFERENCE_WORD ? FAILURE_UNWRITTEN : FAILURE_FOREIGN,
		l->iova + l->payload + seen.first, seen.last + 1 - seen.first);
	snprintf(bad->text, sizeof(bad->text),
		 "%" PRIu64 " bytes at iova 0x%" PRIx64 " are not what the device wrote to the reference", seen.wrong,
		 bad->iova);
}

void compare_tell_unsteady(struct compare *c)
{
	const struct compare_reference *ref = &c->reference;
	char what[96];

	if (!ref->nr_unsteady)
		return;
	snprintf(what, sizeof(what), "%" PRIu64 " of the %" PRIu64 " bytes that the device writes", ref->nr_unsteady,
		 ref->size);
	compare_skip(c, what, "they change from one transfer to the next: of them only that they are written is seen");
}
