/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files script*.c: a trace on its way to a script, with as much of a state as its lines take. */
#ifndef IC_CORE_STRESS_SCRIPT_PRIV_H
#define IC_CORE_STRESS_SCRIPT_PRIV_H

#include "core/stress/priv.h"
#include "core/stress/stress.h"

/* What a stretch of memory holds: stamps of one fill, wherever DMA has carried them. */
struct text_piece {
	uint64_t offset, size;
	bool known; /* false: nobody can tell */
	uint64_t generation;
	iova_t at; /* the stamp's own */
};

/* One life of a slot's memory: a buffer of the script. */
struct text_mem {
	char name[24];
	uint64_t size;
	iova_t iova; /* where it is mapped, or was last */
	enum iommu_prot prot;
	bool exists;   /* the script has it: its map was not refused */
	bool released; /* the process gave it back */
	unsigned int nr, room;
	struct text_piece *piece; /* all of it, in order */
};

struct text {
	const struct session *s;
	const struct stress_trace *trace;
	struct fail *f;
	int err; /* ends it all */
	char **lines;
	unsigned int nr, room;
	struct text_mem **mems;
	unsigned int nr_mems, mems_room, names;
	struct text_mem *slot[STRESS_THREADS_MAX][STRESS_SLOTS];
	struct text_mem *grave[STRESS_THREADS_MAX][STRESS_GRAVES];
	unsigned int next_grave[STRESS_THREADS_MAX];
	struct model *model[STRESS_SPACES + 1]; /* ids are indices in mems[] + 1 */
	bool has_space[STRESS_SPACES + 1];
	bool missing;		  /* what was wrong in the end is a dirty bit that was missing */
	enum dirty_source source; /* of the tracking that was started last */
};

/* One line of the script. Once something went wrong it does nothing. */
void text_line(struct text *t, const char *fmt, ...) IC_PRINTF(2, 3);
/* "" or "!EEXIST " before a line for @op: what was due where it met something else, else what it met. */
const char *text_due(const struct stress_op *op);
/* The option for these rights, by enum iommu_prot; "" for both. */
extern const char *const text_prot[4];
/* "64K" */
const char *text_size(char buf[32], uint64_t size);

/* script_mem.c */
/* A new life of the op's slot, which has none; NULL: no memory, t->err is set. */
struct text_mem *text_mem_new(struct text *t, const struct stress_op *op, const char *what);
uint64_t text_mem_id(const struct text *t, const struct text_mem *m);
void text_mem_free(struct text_mem *m);
/* Stamps of @op, as for @iova. */
void text_fill(struct text *t, struct text_mem *m, const struct stress_op *op, uint64_t offset, uint64_t size,
	       iova_t iova);
void text_moved(struct text *t, struct text_mem *to, uint64_t to_offset, struct text_mem *from, uint64_t from_offset,
		uint64_t size);
void text_unknown(struct text *t, struct text_mem *m, uint64_t offset, uint64_t size);
/* Lines that hold it against what it has to have. */
void text_check(struct text *t, struct text_mem *m, uint64_t offset, uint64_t size);
void text_check_all(struct text *t, unsigned int thread);
/* Is any of it mapped in @space? */
bool text_is_mapped(const struct text *t, const struct text_mem *m, unsigned int space);
/* Unmap what is, in each space; then watched for a while (@bury) or freed. */
void text_unmap_slot(struct text *t, struct text_mem *m, unsigned int space);
void text_clear(struct text *t, unsigned int thread, unsigned int slot, bool bury);

/* Lines for one op; script_dirty.c, script_object.c, the rest in script_op.c. */
void text_op(struct text *t, const struct stress_op *op);
void text_dirty(struct text *t, const struct stress_op *op);
void text_object(struct text *t, const struct stress_op *op);

#endif
