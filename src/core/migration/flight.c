/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device is stopped while its DMA is under way: once it is in STOP, nothing more may arrive. A stopped device is not to be touched
 * (enum vfio_device_mig_state in the kernel's header), so that it is told what to do before.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/migration/priv.h"

#define FLIGHT_BYTES (UINT64_C(16) << 20)
#define FLIGHT_REQS 64u
#define FLIGHT_TRIES 20 /* to stop it before it is through */
#define FLIGHT_WATCH_NS UINT64_C(200000000)
#define FLIGHT_MS 3000
#define FLIGHT_POISON 0xa5
#define FLIGHT_FILL 0x3c

/* One submission: each request writes a piece of @area; copies take it from the piece behind the last. */
struct flight {
	struct migration *m;
	struct migration_area area;
	struct dev_req reqs[FLIGHT_REQS];
	unsigned char *then; /* what was in memory when the device was in STOP */
	unsigned int nr;
	uint64_t piece;
	int err;      /* what the transfer ended with */
	bool lost;    /* it ended well, and something of it is not in memory */
	bool by_then; /* it had ended before the device was let run again */
	atomic_bool ended;
};

enum flight_seen { FLIGHT_STOOD, FLIGHT_WENT_ON, FLIGHT_OVER, FLIGHT_NONE };

static unsigned char *flight_at(const struct flight *fl, uint64_t offset)
{
	return (unsigned char *)fl->area.mem.va + offset;
}

/* The device writes there at any time. */
static bool flight_touched(const struct flight *fl, uint64_t offset)
{
	return __atomic_load_n(flight_at(fl, offset), __ATOMIC_RELAXED) != FLIGHT_POISON;
}

static int flight_prepare(struct flight *fl, struct fail *f)
{
	const struct dev_limits *limits = dev_limits(session_dev(fl->m->s));
	bool copies = limits->dirs & DEV_COPY;
	uint64_t align = MAX(MAX(limits->align, limits->addr_align), (uint64_t)1), most = limits->max_len;

	fl->nr = MIN(MAX(limits->depth, 1u), FLIGHT_REQS);
	if (!copies && limits->buffer)
		most = MIN(most, limits->buffer);
	fl->piece = ALIGN_DOWN(MIN(most, FLIGHT_BYTES / (fl->nr + 1)), align);
	if (fl->piece < MAX(limits->min_len, (uint64_t)1))
		return fail_set(f, EOPNOTSUPP, "its driver moves too much at a time");
	for (unsigned int i = 0; i < fl->nr; i++)
		fl->reqs[i] = (struct dev_req){.dir = copies ? DEV_COPY : DEV_WRITE, .len = fl->piece};
	return migration_area_new(fl->m, &fl->area, ALIGN_UP((fl->nr + 1) * fl->piece, 4096), f);
}

static void *flight_thread(void *arg)
{
	struct flight *fl = arg;

	fl->err = dev_transfer(session_dev(fl->m->s), 0, fl->reqs, fl->nr, FLIGHT_MS);
	atomic_store(&fl->ended, true);
	return NULL;
}

/* Within a moment: does anything of what was written change? @last was not yet written when the device was in STOP. */
static bool flight_changes(const struct flight *fl, uint64_t last)
{
	size_t size = (size_t)(fl->nr * fl->piece);

	memcpy(fl->then, flight_at(fl, 0), size);
	clock_sleep_ns(FLIGHT_WATCH_NS, &session_signal);
	/* it may have been through before there was a copy to compare with */
	return flight_touched(fl, last) || memcmp(fl->then, flight_at(fl, 0), size) != 0;
}

static enum flight_seen flight_watch(struct flight *fl)
{
	uint64_t last = fl->nr * fl->piece - 1, begin = clock_ns();

	while (!flight_touched(fl, 0) && clock_ns() - begin < UINT64_C(2000000000))
		;
	if (!flight_touched(fl, 0) || migration_set(fl->m, MIG_STOP))
		return FLIGHT_NONE;
	if (flight_touched(fl, last))
		return FLIGHT_OVER;
	return flight_changes(fl, last) ? FLIGHT_WENT_ON : FLIGHT_STOOD;
}

/* Of a transfer that was reported done: is a piece not what was to be written there? What the device itself makes up may be anything. */
static bool flight_lost(const struct flight *fl)
{
	for (unsigned int i = 0; i < fl->nr; i++) {
		if (fl->reqs[i].dir != DEV_COPY) {
			if (!flight_touched(fl, (i + 1) * fl->piece - 1) && !flight_touched(fl, i * fl->piece))
				return true;
		} else if (memcmp(flight_at(fl, i * fl->piece), flight_at(fl, fl->nr * fl->piece), (size_t)fl->piece)) {
			return true;
		}
	}
	return false;
}

static enum flight_seen flight_try(struct flight *fl)
{
	enum flight_seen seen;
	pthread_t thread;

	memset(flight_at(fl, 0), FLIGHT_POISON, (size_t)(fl->nr * fl->piece));
	memset(flight_at(fl, fl->nr * fl->piece), FLIGHT_FILL, (size_t)fl->piece);
	for (unsigned int i = 0; i < fl->nr; i++) {
		fl->reqs[i].dst = fl->area.iova + i * fl->piece;
		fl->reqs[i].src = fl->reqs[i].dir == DEV_COPY ? fl->area.iova + fl->nr * fl->piece : 0;
	}
	atomic_store(&fl->ended, false);
	fl->lost = false;
	if (pthread_create(&thread, NULL, flight_thread, fl))
		return FLIGHT_NONE;
	seen = flight_watch(fl);
	fl->by_then = atomic_load(&fl->ended);
	/* what was under way goes on from where it stood, or is given up after its time */
	migration_set(fl->m, MIG_RUNNING);
	pthread_join(thread, NULL);
	fl->lost = !fl->err && flight_lost(fl);
	return seen;
}

static void flight_say(struct migration *m, enum flight_seen seen, const struct flight *fl)
{
	if (seen == FLIGHT_STOOD && fl->lost)
		migration_say(m, CHECK_DMA_STOPPED, RESULT_FAIL,
			      "what was under way stood still in STOP, was told to be done in RUNNING, and is not all "
			      "in memory");
	else if (seen == FLIGHT_STOOD && fl->err)
		migration_say(m, CHECK_DMA_STOPPED, RESULT_SKIP,
			      fl->by_then ? "its DMA ended by itself (%s), so that nothing was under way to be stopped"
					  : "what was under way stood still in STOP, but did not go on in RUNNING (%s)",
			      strerror(-fl->err));
	else if (seen == FLIGHT_WENT_ON)
		migration_say(m, CHECK_DMA_STOPPED, RESULT_FAIL, "what was under way went on in STOP");
	else if (seen == FLIGHT_STOOD)
		migration_say(m, CHECK_DMA_STOPPED, RESULT_PASS,
			      "what was under way stood still in STOP, and went on in RUNNING");
	else
		migration_say(m, CHECK_DMA_STOPPED, RESULT_SKIP, "%s",
			      seen == FLIGHT_OVER ? "its DMA is over before it can be stopped"
						  : "it cannot be stopped while its DMA is under way");
}

void migration_flight(struct migration *m)
{
	struct flight fl = {.m = m, .area = {.mem = {.fd = -1}}};
	enum flight_seen seen = FLIGHT_OVER;
	struct fail why = {0};
	int err = flight_prepare(&fl, &why);
	CLEANUP_FREE unsigned char *then = err ? NULL : malloc((size_t)(fl.nr * fl.piece));

	fl.then = then;
	if (!err && !then)
		err = fail_set(&why, ENOMEM, "no memory to compare what is written with");

	for (unsigned int i = 0; !err && seen == FLIGHT_OVER && i < FLIGHT_TRIES && !session_signal; i++) {
		seen = flight_try(&fl);
		if (fl.err)
			break;
	}
	if (err)
		migration_say(m, CHECK_DMA_STOPPED, RESULT_SKIP, "%.200s", why.text);
	else
		flight_say(m, seen, &fl);
	/* engine stopped before the memory goes */
	if (!session_pause(m->s, &why))
		migration_area_free(m, &fl.area);
}
