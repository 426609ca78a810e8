/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recipe made ready to run, and the execution of its sections: on a device's registers, or on those of a dry run. Whatever the recipe
 * says, nothing is reached but its BAR (which the caller's struct mmio bounds), its memories and its variables, and every run ends.
 */
#ifndef IC_DEV_RECIPE_RUN_H
#define IC_DEV_RECIPE_RUN_H

#include "dev/mmio.h"
#include "dev/recipe.h"

/* An expression, cut to what costs least: a constant, a variable, or what is left of it with its constants folded. */
struct recipe_value {
	enum recipe_value_kind { RECIPE_IS_CONST, RECIPE_IS_VAR, RECIPE_IS_EXPR } kind;
	unsigned int var;
	uint64_t constant;
	struct recipe_expr *expr; /* owned */
};

struct recipe_ready_step {
	enum recipe_verb verb;
	unsigned int line, width, memory, var, turns, target;
	uint64_t at, ns, all; /* all ones in @width */
	struct recipe_value offset, mask, value;
	unsigned int left; /* REPEAT: turns to go */
};

struct recipe_ready {
	bool present;
	unsigned int n;
	struct recipe_ready_step *steps;
};

/* One access, or another step worth telling, as a dry run shows it. */
struct recipe_access {
	enum recipe_section section;
	enum recipe_verb verb;
	unsigned int line, width;
	int memory;	     /* its number; -1: a register */
	unsigned int var;    /* SET, READ_REG, LOAD */
	uint64_t offset;     /* register or memory */
	uint64_t value;	     /* written, read or set; DELAY: nanoseconds */
	uint64_t mask, want; /* POLL, CHECK, FAULT_IF */
	bool matches;	     /* (value & mask) == want */
};

/*
 * Who looks on. Then nothing is waited for: a delay is only shown, and a poll or check that does not match is asked about: true when
 * the run is to go on as if it had.
 */
struct recipe_watch {
	void *ctx;
	bool (*step)(void *ctx, const struct recipe_access *access);
};

struct recipe_run {
	const struct recipe *recipe;
	const char *file; /* for messages */
	struct mmio mmio; /* size is the recipe's BAR's */
	volatile void *memory[RECIPE_MEMORIES_MAX];
	uint64_t vars[RECIPE_VARS_MAX];
	struct recipe_ready sections[RECIPE_SECTIONS];
	const struct recipe_watch *watch; /* NULL: for real */
	bool (*is_gone)(void *ctx);	  /* asked when a register reads as all ones; NULL: nobody knows */
	void *gone_ctx;
	/* of the section being run */
	enum recipe_section section;
	uint64_t limit_ns, end_ns; /* how long it may take; when that is over, 0 until somebody waits */
	bool modulo_zero;
	bool unsound;	     /* it ended by a fault of the recipe's own, which says nothing of the device */
	unsigned int failed; /* the line that it failed in */
};

/*
 * Check @r from scratch and make it ready: nobody has to trust that it came from recipe_parse(). -EINVAL names the line, -ENOMEM.
 * @r and @file must outlive it. The caller then sets mmio, memory[] and who to ask.
 */
int recipe_run_init(struct recipe_run *run, const struct recipe *r, const char *file, struct fail *f);
void recipe_run_free(struct recipe_run *run);

/* The recipe's own variables are 0 again, and its memories zeros; @iovas has where those are. Before each init. */
void recipe_run_clear(struct recipe_run *run, const iova_t *iovas);

/*
 * Execute one section; absent ones do nothing. 0; -ETIMEDOUT: a poll's patience, or @timeout_ms, ended first; -EIO: a check failed, or
 * an offset or a division was bad; -EFAULT: the device says that its DMA was refused; -ENODEV: the device is gone; -ELOOP: more steps
 * than RECIPE_RUN_MAX. @f is told with file and line. *own_patience (may be NULL): the time-out was the poll's own.
 */
int recipe_run_section(struct recipe_run *run, enum recipe_section section, unsigned int timeout_ms, bool *own_patience,
		       struct fail *f);

/*
 * The rest of the driver's probe, for a recipe that is not in a file as well: @dev drives itself by @r from here on, and frees it, also
 * when this fails. @path is what messages call it, @options what follows it.
 */
int recipe_dev_take(struct dev *dev, struct recipe *r, const char *path, const char *options, struct fail *f);

/* Private to recipe_run*.c. */
int recipe_value_init(struct recipe_value *v, const struct recipe_expr *e, unsigned int nr_vars, bool optional,
		      uint64_t absent);
void recipe_value_free(struct recipe_value *v);
uint64_t recipe_expr_eval(struct recipe_run *run, const struct recipe_expr *e);

static inline uint64_t recipe_value_get(struct recipe_run *run, const struct recipe_value *v)
{
	if (v->kind == RECIPE_IS_CONST)
		return v->constant;
	return v->kind == RECIPE_IS_VAR ? run->vars[v->var] : recipe_expr_eval(run, v->expr);
}

int recipe_run_wait(struct recipe_run *run, struct recipe_ready_step *s, bool *own_patience, struct fail *f);
int recipe_run_delay(struct recipe_run *run, const struct recipe_ready_step *s, struct fail *f);
uint64_t recipe_run_look(struct recipe_run *run, const struct recipe_ready_step *s, uint64_t offset);
int recipe_run_offset(struct recipe_run *run, const struct recipe_ready_step *s, uint64_t *offset, struct fail *f);
bool recipe_run_is_gone(struct recipe_run *run, const struct recipe_ready_step *s, struct fail *f);

static inline bool recipe_verb_is_memory(enum recipe_verb verb)
{
	return verb == RECIPE_STORE || verb == RECIPE_LOAD || verb == RECIPE_POLL_MEM || verb == RECIPE_CHECK_MEM ||
	       verb == RECIPE_FAULT_IF_MEM;
}

#endif
