/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device's part: transfers between slots with the shadows following, and which accesses may be refused. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/priv.h"

uint64_t stress_transfer_size(const struct stress *st, uint64_t size)
{
	const struct dev_limits *l = dev_limits(session_dev(st->s));
	uint64_t unit = dev_unit(l);

	size -= size % unit;
	return size < l->min_len ? 0 : size;
}

unsigned int stress_queue(const struct stress_thread *t)
{
	unsigned int queues = dev_limits(session_dev(t->st->s))->queues;

	/* queue 0 is left to the canary where there are several */
	return queues > 1 ? 1 + t->index % (queues - 1) : 0;
}

bool stress_is_over(const struct stress *st)
{
	return atomic_load_explicit(&st->stop, memory_order_relaxed) || session_is_forbidden(st->s);
}

int stress_transfer(struct stress_thread *t, iova_t src, iova_t dst, uint64_t size, int *status, struct fail *f)
{
	int err;

	/* after a mismatch, whoever found it, the device is given no other address before its canary was asked */
	if (stress_is_over(t->st))
		return -ECANCELED;
	err = dev_roundtrip(session_dev(t->st->s), stress_queue(t), src, dst, size, status);
	t->transfers++;
	if (err) {
		fail_set(f, err, "the device did not finish its DMA from iova 0x%" PRIx64 " to 0x%" PRIx64, src, dst);
		return session_dma_failed(t->st->s, err, f);
	}
	if (!*status)
		t->dma_bytes += size;
	return 0;
}

/* The device wrote there, says the op: as it was before is another failure than bytes of somewhere else. */
static void copy_judge(struct stress_thread *t, struct stress_op *op, struct stress_mem *to, uint64_t offset,
		       const char *due, uint64_t size)
{
	char *va = (char *)to->va + offset;
	bool unwritten = !memcmp(va, to->shadow + offset, size);

	if (unwritten) {
		/* where it went instead is told first */
		stress_mem_check_all(t, op);
		stress_mismatch(t, op, FAILURE_UNWRITTEN, "the device's write to arrive",
				"nothing of it in 0x%" PRIx64 " bytes at iova 0x%" PRIx64, size,
				to->last_iova + offset);
	}
	memcpy(to->shadow + offset, due, size);
	if (!unwritten)
		stress_mem_check(t, op, to, offset, size);
}

static void copy_settle(struct stress_thread *t, struct stress_op *op, const struct stress_mem *from, uint64_t from_at,
			struct stress_mem *to, uint64_t to_at, uint64_t size)
{
	const char *due = from->shadow + from_at;

	if (from->unknown) {
		to->unknown = true;
		return;
	}
	/* memory that was given back has its pages all the same, but nobody can look at them */
	if (!to->va || to->unknown || !memcmp((char *)to->va + to_at, due, size)) {
		memcpy(to->shadow + to_at, due, size);
		return;
	}
	copy_judge(t, op, to, to_at, due, size);
}

int stress_copy_slots(struct stress_thread *t, struct stress_op *op, unsigned int from, uint64_t from_offset,
		      unsigned int to, uint64_t to_offset, uint64_t size, struct fail *f)
{
	struct stress_slot *src = &t->slots[from], *dst = &t->slots[to];
	int status = 0, err;

	err = stress_transfer(t, src->iova + from_offset, dst->iova + to_offset, size, &status, f);
	if (err)
		return err;
	if (t->st->dirty)
		model_wrote(t->model[0], dst->iova + to_offset, size);
	if (status) {
		stress_mismatch(t, op, FAILURE_DMA_ERROR, "both ends are mapped: no error",
				"the device reported %s, from iova 0x%" PRIx64 " to 0x%" PRIx64 ", 0x%" PRIx64 " bytes",
				strerror(-status), src->iova + from_offset, dst->iova + to_offset, size);
		return 0;
	}
	copy_settle(t, op, src->mem, from_offset, dst->mem, to_offset, size);
	return 0;
}

bool stress_deny(struct stress_thread *t, iova_t iova, uint64_t size)
{
	/* the simulation remembers 256 faults, and the kernel logs fewer */
	unsigned int most = MIN(MAX(128 / t->st->nr_threads, 1u), (unsigned int)STRESS_DENIED);

	if (t->nr_denied >= most)
		return false;
	t->denied[t->nr_denied++] = (struct iova_range){ALIGN_DOWN(iova, 4096), iova + (size - 1)};
	return true;
}
