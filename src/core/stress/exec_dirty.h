/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between exec_dirty.c and exec_dirty_draw.c: which sources there are, one read and what is held against it. */
#ifndef IC_CORE_STRESS_EXEC_DIRTY_H
#define IC_CORE_STRESS_EXEC_DIRTY_H

#include "core/stress/priv.h"

/* What the reads of a thread go through; grows. */
struct stress_dirty_room {
	unsigned char *at;
	size_t size;
};

/* st->dirty_priv. */
struct stress_dirty {
	bool there[DIRTY_SOURCES];
	struct dirty_caps caps[DIRTY_SOURCES];
	char why[160]; /* why none is there */
	struct model_tracking how;
	struct stress_dirty_room room[STRESS_THREADS_MAX];
};

/* One read: the bitmap with memory around it that must stay as it is, and what is due of each bit. */
struct stress_look {
	struct stress_thread *t;
	struct stress_op *op;
	struct iova_range range;
	struct iova_range first, last; /* entries that have its ends */
	uint64_t bits, words;
	unsigned char fill, *guard, *raw; /* raw: where the kernel writes to */
	size_t raw_size;
	void *blind; /* raw is there, where nobody can write; NULL: it is beside guard */
	size_t blind_size;
	uint64_t *got, *want, *may;
};

/* exec_dirty_draw.c: of dirty-read and dirty-clear, and of dirty-unmap. */
bool stress_dirty_draw_read(struct stress_thread *t, struct stress_op *op);
bool stress_dirty_draw_unmap(struct stress_thread *t, struct stress_op *op);

/* -ENOMEM. The range has whole pages and at least one; the models are asked later. To be closed. */
int stress_look_open(struct stress_look *look, struct stress_thread *t, struct stress_op *op);
void stress_look_close(struct stress_look *look);
/* Its bitmap cannot be written: nothing can be read from it, either. */
bool stress_look_is_blind(const struct stress_look *look);
/* What is due, from the model; what lies behind @sure (inclusive) may be left out. Before the call: an unmap changes it. */
void stress_look_expect(struct stress_look *look, iova_t sure);
/* Written while the read was on: told now or later. */
void stress_look_either(struct stress_look *look, struct iova_range r);
/* Hold what was read against it; false: a mismatch, noted down. */
bool stress_look_judge(struct stress_look *look);
bool stress_look_has(const struct stress_look *look, iova_t iova);

#endif
