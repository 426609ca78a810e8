/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a device's DMA goes on in a state where it has to, or must not; and what tells of its writes while it runs. */
#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "core/migration/priv.h"
#include "core/op/dirty.h"
#include "iommu/dirty.h"
#include "iommu/idev_vfio.h"

#define DMA_PAGE 4096u
#define DMA_BYTES (4 * DMA_PAGE)
#define DMA_POISON 0xa5
#define DMA_FILL 0x3c
#define DMA_RUNNING_MS 2000 /* for what has to happen */
#define DMA_STOPPED_MS 200  /* for what must not */

enum dma_seen { DMA_DONE, DMA_NONE, DMA_BROKEN };

static int area_map(struct migration *m, struct migration_area *a, uint64_t place, struct fail *f)
{
	struct session *s = m->s;
	struct iommu_map_req req = {.va = a->mem.va, .size = a->mem.size, .prot = IOMMU_PROT_RW, .tag = "migration"};
	int err;

	if (!session_pick(s, session_space(s), place, a->mem.size, DMA_PAGE, &req.iova))
		return fail_set(f, ENOSPC, "no iova is free");
	err = iommu_map(session_iommu(s), &req, f);
	a->iova = req.iova;
	a->mapped = !err;
	return err;
}

void migration_area_free(struct migration *m, struct migration_area *a)
{
	struct iommu *iommu = session_iommu(m->s);

	if (!session_is_quiet(m->s))
		return;
	if (a->mapped)
		iommu_unmap(iommu, a->iova, a->mem.size, NULL, NULL);
	iommu_mem_free(iommu, &a->mem);
	a->mapped = false;
}

int migration_area_new(struct migration *m, struct migration_area *a, uint64_t size, struct fail *f)
{
	int err = iommu_mem_alloc(session_iommu(m->s), size, IOMMU_MEM_ANON, &a->mem, f);

	if (err)
		return err;
	err = area_map(m, a, rng_place("migration area"), f);
	if (err)
		migration_area_free(m, a);
	return err;
}

static uint64_t dma_length(const struct dev_limits *limits)
{
	uint64_t align = MAX(MAX(limits->align, limits->addr_align), (uint64_t)64);

	return ALIGN_UP(MAX(limits->min_len, align), align);
}

/* One transfer into the area's second page, from its first or from @peer (0: none). */
static enum dma_seen dma_try(struct migration *m, struct migration_area *a, iova_t peer, unsigned int ms)
{
	struct dev *dev = session_dev(m->s);
	const struct dev_limits *limits = dev_limits(dev);
	bool copies = limits->dirs & DEV_COPY;
	struct dev_req req = {.dir = copies ? DEV_COPY : DEV_WRITE,
			      .src = copies ? (peer ? peer : a->iova) : 0,
			      .dst = a->iova + DMA_PAGE,
			      .len = dma_length(limits)};
	unsigned char *dst = (unsigned char *)a->mem.va + DMA_PAGE, same[DMA_PAGE];
	int err;

	memset(a->mem.va, DMA_FILL, DMA_PAGE);
	memset(dst, DMA_POISON, DMA_PAGE);
	memset(same, DMA_POISON, sizeof(same));
	err = dev_transfer(dev, 0, &req, 1, ms);
	if (memcmp(dst, same, (size_t)req.len))
		return DMA_DONE;
	return !err && !req.status ? DMA_BROKEN : DMA_NONE;
}

int migration_dma_ready(struct migration *m, bool anew, struct fail *f)
{
	int err = 0;

	if (anew) {
		err = session_pause(m->s, f);
		if (!err)
			mig_reset(m->idev);
	}
	if (!err && migration_home(m))
		err = fail_set(f, EIO, "the device is not in RUNNING");
	return err ? err : session_dma_start(m->s, f);
}

static void dma_skip(struct migration *m, int err, const char *why)
{
	static const enum migration_check_id ids[] = {CHECK_DMA_RUNNING, CHECK_DMA_STOPPED, CHECK_DMA_PEER};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		migration_say(m, ids[i], err == -EREMOTEIO && !i ? RESULT_FAIL : RESULT_SKIP, "%s", why);
}

/* Stopped and running again, with its engine up all the while. */
static bool dma_again(struct migration *m, struct migration_area *a)
{
	if (migration_set(m, MIG_STOP) || migration_set(m, MIG_RUNNING)) {
		migration_say(m, CHECK_DMA_RUNNING, RESULT_SKIP, "it cannot be stopped and let run again");
		return true;
	}
	if (dma_try(m, a, 0, DMA_RUNNING_MS) == DMA_DONE) {
		migration_pass(m, CHECK_DMA_RUNNING);
		return true;
	}
	migration_say(m, CHECK_DMA_RUNNING, RESULT_FAIL, "nothing came within %u ms, as it did before it was stopped",
		      DMA_RUNNING_MS);
	return false;
}

/* The device's own BAR, where that is memory: to reach it is to reach a device. Registers are no target for this. */
static void dma_peer(struct migration *m, struct migration_area *a)
{
	struct migration_area peer = {.mem = {.fd = -1}};
	struct fail why = {0};
	const char *verdict = "memory goes on, and peers are quiet";
	enum dma_seen plain;

	if (!(m->flags & MIG_FLAG_P2P)) {
		migration_say(m, CHECK_DMA_PEER, RESULT_SKIP, "the device has no P2P states");
		return;
	}
	if (!session_is_simulated(m->s) || !(dev_limits(session_dev(m->s))->dirs & DEV_COPY)) {
		migration_say(m, CHECK_DMA_PEER, RESULT_SKIP,
			      "no peer is there whose registers could be a target, and a device is not to be touched "
			      "in these states");
		return;
	}
	if (migration_set(m, MIG_RUNNING_P2P)) {
		migration_say(m, CHECK_DMA_PEER, RESULT_SKIP, "RUNNING_P2P was not entered");
		return;
	}
	plain = dma_try(m, a, 0, DMA_STOPPED_MS);
	if (plain != DMA_DONE) {
		migration_say(m, CHECK_DMA_PEER, RESULT_PASS, "in RUNNING_P2P all its DMA stands still");
		return;
	}
	if (idev_bar_mem(m->idev, 0, 0, DMA_PAGE, false, &peer.mem, &why) ||
	    area_map(m, &peer, rng_place("migration peer"), &why)) {
		migration_say(m, CHECK_DMA_PEER, RESULT_SKIP, "%.200s", why.text);
		migration_area_free(m, &peer);
		return;
	}
	if (dma_try(m, a, peer.iova, DMA_STOPPED_MS) == DMA_DONE)
		migration_say(m, CHECK_DMA_PEER, RESULT_FAIL,
			      "in RUNNING_P2P it read from a device when it was told to");
	else
		migration_say(m, CHECK_DMA_PEER, RESULT_PASS, "in RUNNING_P2P %s", verdict);
	/* the engine is still at it: first that ends, then the mapping goes */
	if (!migration_dma_ready(m, true, &why))
		migration_area_free(m, &peer);
}

void migration_dma(struct migration *m)
{
	struct migration_area a = {.mem = {.fd = -1}};
	struct fail why = {0};
	bool runs;
	int err = migration_dma_ready(m, true, &why);

	if (!err && !(dev_limits(session_dev(m->s))->dirs & (DEV_WRITE | DEV_COPY)))
		err = fail_set(&why, EOPNOTSUPP, "its driver cannot have it write to memory");
	if (!err && dma_length(dev_limits(session_dev(m->s))) > DMA_PAGE)
		err = fail_set(&why, EOPNOTSUPP, "its driver moves no less than a page at a time");
	if (!err)
		err = migration_area_new(m, &a, DMA_BYTES, &why);
	if (err) {
		dma_skip(m, err, why.text);
		return;
	}
	if (dma_try(m, &a, 0, DMA_RUNNING_MS) != DMA_DONE) {
		dma_skip(m, 0, "not even when it was never stopped did its DMA reach memory");
	} else {
		runs = dma_again(m, &a);
		err = migration_dma_ready(m, !runs, &why);
		if (!err)
			migration_flight(m);
		if (!err)
			err = migration_dma_ready(m, true, &why);
		if (!err)
			dma_peer(m, &a);
		if (err)
			dma_skip(m, err, why.text);
	}
	if (!session_pause(m->s, &why))
		mig_reset(m->idev);
	migration_home(m);
	migration_area_free(m, &a);
}

/* --- what tells of its writes --- */

/* Is there an engine that can be told to write? It is up then. */
static bool dirty_can_write(struct migration *m, struct fail *f)
{
	const struct dev_limits *limits;

	if (!session_dev(m->s) || migration_dma_ready(m, true, f))
		return false;
	limits = dev_limits(session_dev(m->s));
	return limits->dirs & (DEV_WRITE | DEV_COPY) && dma_length(limits) <= DMA_PAGE;
}

/*
 * Started, written to where *wrote says so, reported, stopped: the device's own log. 0 or -errno; @what: which of them.
 */
static int dirty_log(struct migration *m, struct migration_area *a, const struct dirty_at *at, bool *wrote, bool *told,
		     const char **what)
{
	struct iova_range range = {a->iova, a->iova + DMA_BYTES - 1};
	struct dirty_start start = {.ranges = &range, .nr = 1, .page_size = DMA_PAGE};
	uint64_t bits[4] = {0};
	struct dirty_read read = {.iova = a->iova,
				  .length = DMA_BYTES,
				  .page_size = DMA_PAGE,
				  .bits = bits,
				  .bytes = sizeof(bits),
				  .started = true};
	int stop, err = iommu_dirty_start(at, &start, NULL);

	*what = "start";
	if (err)
		return err;
	*wrote = *wrote && dma_try(m, a, 0, DMA_RUNNING_MS) == DMA_DONE;
	*what = "report";
	err = iommu_dirty_read(at, &read, NULL);
	*told = bits[0] & 2;
	stop = iommu_dirty_stop(at, NULL);
	if (!err && stop)
		*what = "stop";
	return err ? err : stop;
}

static void dirty_by_log(struct migration *m, const struct dirty_at *at)
{
	struct migration_area a = {.mem = {.fd = -1}};
	struct fail why = {0};
	bool can = dirty_can_write(m, &why), wrote = can, told = false;
	const char *what;
	int err = migration_area_new(m, &a, DMA_BYTES, &why);

	if (err) {
		migration_say(m, CHECK_DIRTY, RESULT_SKIP, "%.200s", why.text);
		session_pause(m->s, &why);
		return;
	}
	err = dirty_log(m, &a, at, &wrote, &told, &what);
	if (err)
		migration_say(m, CHECK_DIRTY, RESULT_FAIL, "the device's log (DMA_LOGGING): %s failed: %s", what,
			      strerror(-err));
	else if (wrote && !told)
		migration_say(m, CHECK_DIRTY, RESULT_FAIL, "the device's log lacks the page that it wrote to");
	else
		migration_say(m, CHECK_DIRTY, wrote ? RESULT_PASS : RESULT_SKIP,
			      "the device has a log (DMA_LOGGING), started and read in RUNNING%s",
			      wrote ? ", and it has the page that was written"
			      : can ? "; the device was told to write, and nothing came"
				    : "; nothing here can have the device write");
	session_pause(m->s, &why);
	migration_area_free(m, &a);
}

void migration_dirty(struct migration *m)
{
	struct dirty_at at = {.source = DIRTY_DEVICE, .iommu = session_iommu(m->s), .idev = m->idev}, on;
	struct dirty_caps caps;

	if (migration_home(m))
		return;
	if (op_dirty_is_on(m->s, &on)) {
		migration_say(m, CHECK_DIRTY, RESULT_SKIP, "dirty tracking is on in this session: `dirty stop` first");
		return;
	}
	if (!iommu_dirty_caps(&at, &caps, NULL)) {
		dirty_by_log(m, &at);
		return;
	}
	at.source = DIRTY_IOMMU;
	if (!iommu_dirty_caps(&at, &caps, NULL))
		migration_say(
			m, CHECK_DIRTY, RESULT_SKIP,
			"the device has no log; the IOMMU says that its page tables tell, which was not tried here: "
			"`dirty verify` does");
	else
		migration_say(m, CHECK_DIRTY, RESULT_SKIP,
			      "no: neither the device nor the IOMMU tells, so that every page counts as written");
}
