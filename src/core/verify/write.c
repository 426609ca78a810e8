/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the device does in the cases of `dirty verify`: writes, copies, reads; or marks where there is no device that writes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "core/verify/log.h"
#include "core/verify/priv.h"

#define WRITE_TIMEOUT_MS 10000
/* Of each half of the desk: what is copied from, and where a device that can only copy puts what it reads. */
#define DESK_HALF KiB(16)
#define WRITE_BATCH 64u

unsigned int verify_queues(const struct verify *v)
{
	return v->caps.marks || !session_dev(v->s) ? 4 : dev_limits(session_dev(v->s))->queues;
}

int verify_desk(struct verify *v, struct fail *f)
{
	struct verify_want want = {.size = 2 * MAX(DESK_HALF, v->unit)};

	if (v->desk || v->caps.marks || !(dev_limits(session_dev(v->s))->dirs & DEV_COPY))
		return 0;
	return verify_map(v, &want, &v->desk, f);
}

/* One access of the device's to memory under test. */
struct write_op {
	enum dev_dir dir;
	bool reads;	    /* that memory is where the data comes from */
	iova_t iova, other; /* other: offset in the device's buffer, or where on the desk */
	uint64_t len;
};

/* The largest request that fits the device, and the desk where it copies. */
static uint64_t write_step(const struct verify *v, const struct write_op *op)
{
	uint64_t step = dev_most(dev_limits(session_dev(v->s)), op->dir);

	return op->dir == DEV_COPY ? MIN(step, v->desk->size / 2) : step;
}

/* It did not finish: from now on nothing may be given to it, and its memory stays. */
static int write_failed(struct verify *v, int err, iova_t iova, struct fail *f)
{
	struct fail why = {0};

	fail_set(&why, err, "the device did not finish its DMA at iova 0x%llx", (unsigned long long)iova);
	err = session_dma_failed(v->s, err, &why);
	if (f)
		*f = why;
	return err;
}

static int write_submit(struct verify *v, unsigned int queue, struct dev_req *reqs, unsigned int n, int *status,
			struct fail *f)
{
	int err = dev_transfer(session_dev(v->s), queue, reqs, n, WRITE_TIMEOUT_MS);

	if (err)
		return write_failed(v, err, reqs->dst, f);
	__atomic_add_fetch(&v->since_canary, n, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < n; i++)
		if (reqs[i].status && !*status)
			*status = reqs[i].status;
	return 0;
}

static int write_pieces(struct verify *v, unsigned int queue, const struct write_op *op, int *status, struct fail *f)
{
	const struct dev_limits *lim = dev_limits(session_dev(v->s));
	uint64_t step = write_step(v, op), at = 0;
	unsigned int depth = MIN(lim->depth, WRITE_BATCH);
	struct dev_req reqs[WRITE_BATCH];
	int err = 0;

	while (at < op->len && !err) {
		unsigned int n = 0;

		for (; at < op->len && n < depth; at += reqs[n++].len)
			reqs[n] = (struct dev_req){.dir = op->dir,
						   .src = op->reads ? op->iova + at : op->other,
						   .dst = op->reads ? op->other : op->iova + at,
						   .len = dev_piece(lim, step, op->len - at)};
		err = write_submit(v, queue, reqs, n, status, f);
	}
	return err;
}

/*
 * Devices that move whole words, or no less than so much, write all of that: what is noted has to be that. It stays inside of
 * @area, where that is known.
 */
static void write_widen(const struct verify *v, const struct verify_area *area, iova_t *iova, uint64_t *len)
{
	const struct dev_limits *lim = v->caps.marks ? NULL : dev_limits(session_dev(v->s));
	uint64_t align = lim ? dev_addr_unit(lim) : v->unit;
	iova_t end = *iova + *len;

	*iova = ALIGN_DOWN(*iova, align);
	*len = lim ? dev_length(lim, end - *iova) : ALIGN_UP(end, align) - *iova;
	if (area && *iova + *len > area->iova + area->size && *len <= area->size)
		*iova = ALIGN_DOWN(area->iova + area->size - *len, align);
}

static int write_mark(struct verify *v, iova_t iova, uint64_t len, struct fail *f)
{
	uint64_t words = bitmap_words(len / v->unit), marked = 0, *bits = malloc(words * sizeof(*bits));
	int err;

	if (!bits)
		return fail_set(f, ENOMEM, "cannot allocate %llu marks", (unsigned long long)(len / v->unit));
	memset(bits, 0xff, words * sizeof(*bits));
	err = iommu_dirty_mark(&v->at, iova, len, v->unit, bits, &marked, f);
	free(bits);
	if (!err && marked != len / v->unit)
		return fail_set(f, EIO, "%llu of %llu pages were marked at iova 0x%llx", (unsigned long long)marked,
				(unsigned long long)(len / v->unit), (unsigned long long)iova);
	return err;
}

static int write_dma(struct verify *v, unsigned int queue, enum dev_dir dir, iova_t iova, uint64_t len, int *status,
		     struct fail *f)
{
	struct write_op op = {.dir = dir, .other = dir == DEV_COPY ? v->desk->iova : 0};
	int err, seen = 0;

	__atomic_add_fetch(&v->res->writes, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&v->case_writes, 1, __ATOMIC_RELAXED);
	if (status)
		*status = 0;
	if (v->caps.marks)
		return write_mark(v, iova, len, f);
	op.iova = iova;
	op.len = len;
	err = session_check_dma(v->s, iova, len, f);
	if (!err)
		err = write_pieces(v, queue, &op, &seen, f);
	if (status)
		*status = seen;
	else if (!err && seen)
		err = fail_set(f, seen, "the device was refused its write at iova 0x%llx", (unsigned long long)iova);
	return err;
}

/* Copying is the way of devices that cannot do without; of others now and then, so that what is copied from is watched too. */
static enum dev_dir write_dir(const struct verify *v, bool may_copy)
{
	unsigned int dirs = v->caps.marks ? DEV_WRITE : dev_limits(session_dev(v->s))->dirs;

	if (!(dirs & DEV_WRITE))
		return DEV_COPY;
	return may_copy && v->desk && dirs & DEV_COPY ? DEV_COPY : DEV_WRITE;
}

int verify_dma(struct verify *v, unsigned int queue, iova_t iova, uint64_t len, int *status, struct fail *f)
{
	enum dev_dir dir = write_dir(v, false);

	if (dir == DEV_COPY && !v->desk)
		return fail_set(f, EINVAL, "the device copies, and nothing is mapped to copy from");
	write_widen(v, NULL, &iova, &len);
	return write_dma(v, queue, dir, iova, len, status, f);
}

int verify_canary(struct verify *v, struct fail *f)
{
	if (v->caps.marks)
		return 0;
	__atomic_store_n(&v->since_canary, 0, __ATOMIC_RELAXED);
	return session_canary(v->s, f);
}

static int write_canary(struct verify *v, struct fail *f)
{
	return __atomic_load_n(&v->since_canary, __ATOMIC_RELAXED) < SESSION_CANARY_EVERY ? 0 : verify_canary(v, f);
}

int verify_write_quietly(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f)
{
	iova_t start = area->iova + off;
	int err = verify_desk(v, f);

	write_widen(v, area, &start, &len);
	if (!err)
		err = write_dma(v, 0, write_dir(v, verify_draw(v, 4) == 0), start, len, NULL, f);
	return err ? err : write_canary(v, f);
}

int verify_write(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f)
{
	iova_t start = area->iova + off;
	uint64_t wide = len;
	int err = verify_write_quietly(v, area, off, len, f);

	if (err)
		return err;
	write_widen(v, area, &start, &wide);
	off = start - area->iova;
	bitmap_set(area->truth, off / v->unit, (off + wide - 1) / v->unit - off / v->unit + 1);
	verify_log_add(area->log, v->case_writes, off, wide);
	return 0;
}

/* A device that cannot read alone copies to the second half of the desk, which becomes dirty by that. */
static void write_note_sink(struct verify *v, const struct write_op *op)
{
	uint64_t len;

	if (op->dir != DEV_COPY)
		return;
	len = MIN(op->len, write_step(v, op));
	bitmap_set(v->desk->truth, v->desk->size / 2 / v->unit, (len + v->unit - 1) / v->unit);
}

int verify_peek(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f)
{
	struct write_op op = {.dir = DEV_READ, .reads = true, .iova = area->iova + off, .len = len};
	int err = verify_desk(v, f), status = 0;

	if (v->caps.marks || err)
		return err;
	if (!(dev_limits(session_dev(v->s))->dirs & DEV_READ)) {
		if (!v->desk)
			return 0;
		op.dir = DEV_COPY;
		op.other = v->desk->iova + v->desk->size / 2;
	}
	write_widen(v, area, &op.iova, &op.len);
	err = session_check_dma(v->s, op.iova, op.len, f);
	if (!err)
		err = write_pieces(v, 0, &op, &status, f);
	if (!err && status)
		err = fail_set(f, status, "the device was refused its read at iova 0x%llx",
			       (unsigned long long)op.iova);
	if (!err)
		write_note_sink(v, &op);
	return err ? err : write_canary(v, f);
}
