/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings of commands and of completions (B 3.3.1, T 3.1.2): a page each, polled. A completion is memory that a device wrote: it counts only when
 * it answers a command in flight.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "dev/nvme.h"

#define NVME_SPINS 200	  /* looks before anybody else gets the processor */
#define NVME_NAP_NS 50000 /* between looks, after a millisecond of them */

int nvme_queue_init(struct dev *dev, struct nvme_queue *q, uint16_t id, struct fail *f)
{
	void *sq, *cq = NULL;
	iova_t sq_iova, cq_iova = 0;
	int err = nvme_page_alloc(dev, &sq, &sq_iova, f);

	if (!err)
		err = nvme_page_alloc(dev, &cq, &cq_iova, f);
	if (err)
		return err;
	q->id = id;
	q->entries = MIN(NVME_RING, NVME_CAP_MQES(nvme_of(dev)->cap) + 1);
	q->sq = sq;
	q->cq = cq;
	q->sq_iova = sq_iova;
	q->cq_iova = cq_iova;
	q->tail = q->head = q->started = 0;
	q->phase = true;
	memset(q->slots, 0, sizeof(q->slots));
	return 0;
}

/* Submission tail and completion head of each queue follow each other (T 3.1.2.1, 3.1.2.2). */
static uint64_t nvme_doorbell(const struct dev *dev, const struct nvme_queue *q, unsigned int which)
{
	return NVME_DOORBELLS + (2 * (uint64_t)q->id + which) * (4u << NVME_CAP_DSTRD(nvme_of(dev)->cap));
}

struct nvme_slot *nvme_queue_slot(struct nvme_queue *q)
{
	return &q->slots[q->started];
}

void nvme_queue_add(struct nvme_queue *q, struct nvme_command *cmd)
{
	struct nvme_slot *slot = &q->slots[q->started];

	slot->cid = (uint16_t)(q->turn * NVME_RING + q->started++);
	slot->busy = true;
	cmd->dw[0] |= (uint32_t)slot->cid << 16;
	for (unsigned int i = 0; i < ARRAY_SIZE(cmd->dw); i++)
		q->sq[q->tail].dw[i] = cmd->dw[i];
	q->tail = (q->tail + 1) % q->entries;
}

void nvme_queue_ring(struct dev *dev, struct nvme_queue *q)
{
	mmio_write32(&dev->mmio, nvme_doorbell(dev, q, 0), q->tail);
}

static int nvme_broken(struct nvme *nvme, const char *what, unsigned int got)
{
	nvme->sick = true;
	if (!nvme->told)
		msg_warn("nvme: a completion with %s (0x%x): what the controller says is not believed any more", what,
			 got);
	nvme->told = true;
	return -ETIMEDOUT;
}

/* 1: took one. 0: there is none. Everything is read once: the page is the device's. */
static int nvme_queue_take(struct nvme *nvme, struct nvme_queue *q)
{
	volatile struct nvme_completion *c = &q->cq[q->head];
	uint16_t status = c->status, cid, sq_id, sq_head;
	struct nvme_slot *slot;

	if ((status & 1) != q->phase)
		return 0;
	/* what came with the phase bit is not read before it */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	cid = c->cid;
	sq_id = c->sq_id;
	sq_head = c->sq_head;
	slot = &q->slots[NVME_CID_SLOT(cid)];
	if (NVME_CID_SLOT(cid) >= q->started || slot->cid != cid)
		return nvme_broken(nvme, "an identifier of no command in flight", cid);
	if (!slot->busy)
		return nvme_broken(nvme, "the identifier of a command that has ended", cid);
	if (sq_id != q->id)
		return nvme_broken(nvme, "another submission queue's number", sq_id);
	if (sq_head >= q->entries)
		return nvme_broken(nvme, "a head outside of the submission queue", sq_head);
	slot->busy = false;
	slot->status = status >> 1;
	slot->result = c->result;
	if (++q->head == q->entries) {
		q->head = 0;
		q->phase = !q->phase;
	}
	return 1;
}

/* Time goes by. -ETIMEDOUT: enough of it, or the controller failed or went. */
static int nvme_queue_pause(struct dev *dev, const struct nvme_queue *q, uint64_t start, uint64_t end, uint64_t *look)
{
	uint64_t now = clock_ns();

	if (nvme_of(dev)->leave && q->id)
		return -ETIMEDOUT;
	if (now >= *look) {
		*look = now + NVME_LOOK_MS * NVME_MS;
		if (nvme_control_is_dead(dev))
			return -ETIMEDOUT;
	}
	if (now >= end)
		return -ETIMEDOUT;
	if (now - start < NVME_MS)
		sched_yield();
	else
		clock_sleep_ns(NVME_NAP_NS, NULL);
	return 0;
}

int nvme_queue_wait(struct dev *dev, struct nvme_queue *q, unsigned int timeout_ms)
{
	uint64_t start = clock_ns(), end = start + timeout_ms * NVME_MS, look = start + NVME_LOOK_MS * NVME_MS;
	unsigned int left = q->started, spins = 0;
	int got = 0, err = 0;

	while (left && !err) {
		got = nvme_queue_take(nvme_of(dev), q);
		left -= got > 0;
		if (got < 0)
			err = got;
		else if (got)
			spins = 0;
		else if (++spins > NVME_SPINS)
			err = nvme_queue_pause(dev, q, start, end, &look);
	}
	/* a last look: we may have slept for all of the time */
	while (err && left && got >= 0 && (got = nvme_queue_take(nvme_of(dev), q)) > 0)
		left--;
	if (left) {
		nvme_of(dev)->sick = true;
		return -ETIMEDOUT;
	}
	mmio_write32(&dev->mmio, nvme_doorbell(dev, q, 1), q->head);
	q->started = 0;
	q->turn = (q->turn + 1) % NVME_CID_TURNS;
	return 0;
}
