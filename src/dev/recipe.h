/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recipe: a DMA engine as its user describes it in a text file (iommuctl-recipe(5)), parsed into what the driver "recipe" executes.
 * The text is anybody's: every number, name and offset is checked when it is parsed, and nothing in a parsed recipe reaches outside of
 * its BAR, its own memory and its variables.
 */
#ifndef IC_DEV_RECIPE_H
#define IC_DEV_RECIPE_H

#include "dev/dev.h"

#define RECIPE_NAME_MAX 32
#define RECIPE_IDS_MAX 16
#define RECIPE_MEMORIES_MAX 8	/* pages of DMA memory */
#define RECIPE_VARS_MAX 64	/* the recipe's own, and those that the caller sets */
#define RECIPE_STEPS_MAX 1024	/* in one section */
#define RECIPE_EXPR_MAX 32	/* operations in one expression, and entries on its stack */
#define RECIPE_REPEAT_MAX 65536 /* turns of one loop; loops do not nest deeper than RECIPE_NEST_MAX */
#define RECIPE_NEST_MAX 4
#define RECIPE_RUN_MAX 1000000 /* steps that one execution of a section may take, all turns counted */
#define RECIPE_FILE_MAX 65536  /* bytes of text */
#define RECIPE_LINE_MAX 255    /* bytes, without its end */
#define RECIPE_TITLE_MAX 120
#define RECIPE_PAGE 4096 /* bytes of a memory */
#define RECIPE_BAR_MAX (UINT64_C(1) << 40)
#define RECIPE_PATIENCE_MAX 60000000000ull    /* ns, of one delay or poll */
#define RECIPE_SECTION_NS_MAX 300000000000ull /* ns, of all delays and named time-outs of one execution of a section */

enum recipe_section {
	RECIPE_INIT,  /* after bus mastering is on; also after a stop */
	RECIPE_READ,  /* start one request: the device reads memory ... */
	RECIPE_WRITE, /* ... writes it ... */
	RECIPE_COPY,  /* ... copies in it */
	RECIPE_WAIT,  /* until the request has ended; none: it had when the start returned */
	RECIPE_STOP,  /* until the engine is known idle */
	RECIPE_SECTIONS,
};

/* Variables that the driver sets before a section; the recipe's own come behind them. All are 64 bits, and wrap. */
enum recipe_builtin {
	RECIPE_VAR_SRC, /* read, copy: IOVA; write: offset in the device's buffer */
	RECIPE_VAR_DST, /* write, copy: IOVA; read: offset in the device's buffer */
	RECIPE_VAR_LEN,
	RECIPE_VAR_MEMORY, /* then the IOVA of each memory, in their order */
	RECIPE_BUILTINS = RECIPE_VAR_MEMORY + RECIPE_MEMORIES_MAX,
};

enum recipe_op {
	RECIPE_OP_CONST,
	RECIPE_OP_VAR,
	RECIPE_OP_ADD,
	RECIPE_OP_SUB,
	RECIPE_OP_MUL,
	RECIPE_OP_AND,
	RECIPE_OP_OR,
	RECIPE_OP_XOR,
	RECIPE_OP_SHL, /* by 64 and more: 0 */
	RECIPE_OP_SHR,
	RECIPE_OP_MOD, /* by 0: refused when it is a constant, else the request ends with -EIO */
	RECIPE_OP_NOT,
};

/* One operation; @b is ignored by NOT. False for a division by 0, and for what is no operation. */
static inline bool recipe_op_apply(enum recipe_op op, uint64_t a, uint64_t b, uint64_t *out)
{
	switch (op) {
	case RECIPE_OP_ADD:
		*out = a + b;
		return true;
	case RECIPE_OP_SUB:
		*out = a - b;
		return true;
	case RECIPE_OP_MUL:
		*out = a * b;
		return true;
	case RECIPE_OP_AND:
		*out = a & b;
		return true;
	case RECIPE_OP_OR:
		*out = a | b;
		return true;
	case RECIPE_OP_XOR:
		*out = a ^ b;
		return true;
	case RECIPE_OP_SHL:
		*out = b < 64 ? a << b : 0;
		return true;
	case RECIPE_OP_SHR:
		*out = b < 64 ? a >> b : 0;
		return true;
	case RECIPE_OP_MOD:
		*out = b ? a % b : 0;
		return b;
	case RECIPE_OP_NOT:
		*out = ~a;
		return true;
	default:
		*out = 0;
		return false;
	}
}

/* In postfix order; checked to leave one value and never to need more than the stack. */
struct recipe_expr {
	unsigned int n;
	struct {
		enum recipe_op op;
		uint64_t value; /* the constant, or the variable's number */
	} ops[RECIPE_EXPR_MAX];
};

enum recipe_verb {
	RECIPE_WRITE_REG, /* at = value */
	RECIPE_READ_REG,  /* var = at */
	RECIPE_POLL,	  /* until (at & mask) == value; else -ETIMEDOUT */
	RECIPE_CHECK,	  /* (at & mask) == value, else -EIO; in init and stop: the device is not what it should be */
	/* (at & mask) == value: the device says that its DMA was refused, -EFAULT; the section ends. Not in init and stop */
	RECIPE_FAULT_IF,
	RECIPE_DELAY,
	RECIPE_STORE,	 /* memory[offset] = value */
	RECIPE_LOAD,	 /* var = memory[offset] */
	RECIPE_POLL_MEM, /* as POLL, in memory */
	RECIPE_CHECK_MEM,
	RECIPE_FAULT_IF_MEM,
	RECIPE_SET, /* var = value */
	RECIPE_REPEAT,
	RECIPE_END,
	RECIPE_VERBS,
};

struct recipe_step {
	enum recipe_verb verb;
	unsigned int line;   /* in the file, for messages */
	unsigned int width;  /* 8, 16, 32 or 64 bits */
	uint64_t at;	     /* register: offset in the BAR, a constant. Memory: see offset */
	unsigned int memory; /* its number */
	struct recipe_expr
		offset; /* memory only; a constant is inside the page and aligned, else looked at at run time: -EIO */
	struct recipe_expr mask,
		value; /* constants are cut to the width; what is computed has to be, before it is compared */
	unsigned int var;
	uint64_t ns; /* POLL: patience, 0 = the caller's time-out; DELAY: how long; at most RECIPE_PATIENCE_MAX */
	unsigned int turns;  /* REPEAT */
	unsigned int target; /* REPEAT: the step of its END; END: that of its REPEAT */
};

struct recipe_steps {
	bool present;
	unsigned int line; /* where the section begins */
	unsigned int n;	   /* the section's own end is no step */
	unsigned int run;  /* steps that an execution takes at most: a REPEAT counts once, its END in each turn */
	uint64_t ns;	   /* its delays and named time-outs, all turns counted */
	struct recipe_step *steps;
};

struct recipe_id {
	uint16_t vendor, device;
};

struct recipe {
	char name[RECIPE_NAME_MAX];
	char title[RECIPE_TITLE_MAX + 1]; /* "": none */
	struct recipe_id ids[RECIPE_IDS_MAX];
	unsigned int nr_ids;
	unsigned int bar;
	uint64_t bar_size; /* offsets lie inside of it; the device's own must be at least that */
	char memory_names[RECIPE_MEMORIES_MAX][RECIPE_NAME_MAX];
	unsigned int nr_memories;
	char var_names[RECIPE_VARS_MAX][RECIPE_NAME_MAX];
	unsigned int nr_vars;	  /* builtins included */
	struct dev_limits limits; /* depth and queues are 1 */
	struct recipe_steps sections[RECIPE_SECTIONS];
};

/* Where and why a text is no recipe. */
struct recipe_error {
	unsigned int line, column; /* from 1; 0: the whole file */
	char text[160];
	char hint[200];
};

/* @text of @len bytes, which may hold anything. NULL with *error set, or a recipe to be freed. Pure, bounded time and memory. */
struct recipe *recipe_parse(const char *text, size_t len, struct recipe_error *error);
/*
 * The file, or one of those that were installed: "edu". A broken one is -EINVAL and "FILE:LINE:COLUMN: ..." in @f, a usage error;
 * -ENOENT and others as open(2).
 */
int recipe_load(struct recipe **out, const char *path, struct fail *f);
/* The same for who looks for mistakes: *error is filled for a broken one, and empty where it could not be read. */
int recipe_check(struct recipe **out, const char *path, struct recipe_error *error, struct fail *f);
/* NULL is fine. */
void recipe_free(struct recipe *r);
/* "init" ... */
const char *recipe_section_name(enum recipe_section section);
/* "write", "poll", "pollmem": without the width. */
const char *recipe_verb_name(enum recipe_verb verb);

#endif
