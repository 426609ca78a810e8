/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA in the background of a session: one transfer again and again, each by a name, until it is told to stop. It is the user's
 * wish to have it go on while its memory is unmapped: on a real device that is asked for with op->unchecked, and taken only once
 * a canary has passed (safety rule 2). What is refused to it from then on is due.
 */
#ifndef IC_CORE_OP_FLIGHT_H
#define IC_CORE_OP_FLIGHT_H

#include "core/op/op.h"

#define FLIGHTS_MAX 16 /* at once, in a session */

struct dma_fault;

/* Start @op, which is checked as op_dma() does, and wait for its first transfer. -EEXIST (usage): there is one of that name; -ENOSPC: too many. */
int op_flight_start(struct session *s, const char *name, const struct op_dma *op, struct fail *f);

struct op_flight_result {
	uint64_t transfers, bytes;
	uint64_t refused; /* of them; the device reported an error */
	uint64_t faults;  /* that were logged at its addresses */
	uint64_t undue;	  /* of both: before anything was unmapped under it, and without op->may_fault */
};
/* Refusals and faults that were not due add a dma-error failure. -ENOENT no such name; others: why it ended by itself. */
int op_flight_stop(struct session *s, const char *name, struct op_flight_result *out, struct failures *found,
		   struct fail *f);
/* All that are left, their failures too. False: there were none. */
bool op_flights_stop(struct session *s, struct failures *found);

/* For those who want the device for themselves. -EBUSY (usage): something is under way. */
int session_idle(const struct session *s, struct fail *f);
/*
 * Something of @r in @space is about to go, or (@space NULL) the device is. -EBUSY (usage) where that is not allowed under DMA;
 * else what reaches there is refused from now on, and that is due.
 */
int flights_yield(struct session *s, const struct iommu *space, struct iova_range r, bool unchecked, struct fail *f);
/* The device is to be stopped: whatever is under way ends, and says so when it is asked. */
void flights_halt(struct session *s);
/* The canary again, when they have made so many transfers (safety rule 1). */
int flights_canary(struct session *s, struct fail *f);
/* Takes note of a fault at the addresses of one. False: it is at none. *due: it is no failure. */
bool flights_take_fault(struct session *s, const struct dma_fault *fault, bool *due);
/* At a session's end. */
void flights_free(struct session *s);

#endif
