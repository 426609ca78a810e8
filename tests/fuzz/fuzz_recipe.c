/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer of recipes: the input is the text of one. What is taken for a recipe keeps every bound of dev/recipe.h, looked at here from
 * scratch, and is executed on registers that answer anything; what is refused is told in a line that a terminal can show.
 */
#include "fuzz.h"

#include <errno.h>

#include "base/rng.h"
#include "dev/recipe.h"
#include "dev/recipe_run.h"

#define RUN_MAX 3000	     /* steps of a section that is executed: enough for all that a step can do */
#define REGISTER_BAR MiB(64) /* larger ones are not executed: nothing in a section depends on it */

static void word_holds(const char *s, bool blanks)
{
	for (; *s; s++)
		FUZZ_HOLDS((unsigned char)*s > (blanks ? 0x1f : 0x20) && (unsigned char)*s < 0x7f);
}

static void error_holds(const struct recipe_error *e, const char *text, size_t size)
{
	unsigned int lines = 1, longest = 0, n = 0;

	for (size_t i = 0; i < size; i++) {
		lines += text[i] == '\n';
		n = text[i] == '\n' ? 0 : n + 1;
		longest = MAX(longest, n);
	}
	FUZZ_ENDS(e->text);
	FUZZ_ENDS(e->hint);
	FUZZ_HOLDS(e->text[0]);
	word_holds(e->text, true);
	word_holds(e->hint, true);
	FUZZ_HOLDS(e->line <= lines);
	FUZZ_HOLDS(e->column <= longest + 1);
	FUZZ_HOLDS(!e->line == !e->column);
	FUZZ_HOLDS(e->line || size > RECIPE_FILE_MAX);
}

static void expr_holds(const struct recipe *r, const struct recipe_expr *e, bool request)
{
	unsigned int depth = 0;

	FUZZ_HOLDS(e->n > 0 && e->n <= RECIPE_EXPR_MAX);
	for (unsigned int i = 0; i < e->n; i++) {
		FUZZ_HOLDS(e->ops[i].op <= RECIPE_OP_NOT);
		if (e->ops[i].op == RECIPE_OP_VAR) {
			FUZZ_HOLDS(e->ops[i].value < r->nr_vars);
			FUZZ_HOLDS(r->var_names[e->ops[i].value][0]);
			FUZZ_HOLDS(request || e->ops[i].value >= RECIPE_VAR_MEMORY);
		}
		if (e->ops[i].op <= RECIPE_OP_VAR)
			depth++;
		else if (e->ops[i].op != RECIPE_OP_NOT)
			FUZZ_HOLDS(depth-- >= 2);
		FUZZ_HOLDS(depth >= 1 && depth <= RECIPE_EXPR_MAX);
	}
	FUZZ_HOLDS(depth == 1);
}

static bool is_constant(const struct recipe_expr *e)
{
	return e->n == 1 && e->ops[0].op == RECIPE_OP_CONST;
}

/* A constant is cut to the width already. */
static void value_holds(const struct recipe *r, const struct recipe_step *s, const struct recipe_expr *e, bool request)
{
	expr_holds(r, e, request);
	if (s->width && s->width < 64 && is_constant(e))
		FUZZ_HOLDS(!(e->ops[0].value >> s->width));
}

static void access_holds(const struct recipe *r, const struct recipe_step *s, bool request)
{
	bool memory = s->verb >= RECIPE_STORE && s->verb <= RECIPE_FAULT_IF_MEM;
	unsigned int bytes = s->width / 8;

	FUZZ_HOLDS(s->width == 8 || s->width == 16 || s->width == 32 || s->width == 64);
	if (!memory) {
		FUZZ_HOLDS(s->at % bytes == 0 && s->at < r->bar_size && r->bar_size - s->at >= bytes);
		return;
	}
	FUZZ_HOLDS(s->memory < r->nr_memories);
	expr_holds(r, &s->offset, request);
	if (is_constant(&s->offset))
		FUZZ_HOLDS(s->offset.ops[0].value % bytes == 0 && s->offset.ops[0].value <= RECIPE_PAGE - bytes);
}

static void step_holds(const struct recipe *r, const struct recipe_step *s, enum recipe_section section)
{
	bool request = section != RECIPE_INIT && section != RECIPE_STOP;

	FUZZ_HOLDS(s->verb < RECIPE_VERBS);
	FUZZ_HOLDS(s->ns <= RECIPE_PATIENCE_MAX);
	FUZZ_HOLDS(s->line > 0);
	switch (s->verb) {
	case RECIPE_FAULT_IF:
	case RECIPE_FAULT_IF_MEM:
		FUZZ_HOLDS(request);
		/* fall through */
	case RECIPE_POLL:
	case RECIPE_CHECK:
	case RECIPE_POLL_MEM:
	case RECIPE_CHECK_MEM:
		value_holds(r, s, &s->mask, request);
		/* fall through */
	case RECIPE_WRITE_REG:
	case RECIPE_STORE:
		value_holds(r, s, &s->value, request);
		access_holds(r, s, request);
		break;
	case RECIPE_READ_REG:
	case RECIPE_LOAD:
		access_holds(r, s, request);
		FUZZ_HOLDS(s->var >= RECIPE_BUILTINS && s->var < r->nr_vars);
		break;
	case RECIPE_SET:
		expr_holds(r, &s->value, request);
		FUZZ_HOLDS(s->var >= RECIPE_BUILTINS && s->var < r->nr_vars);
		break;
	case RECIPE_DELAY:
		FUZZ_HOLDS(s->ns);
		break;
	default:
		break;
	}
}

/* How often each step is done and how long all of them may wait, by going through the loops; *depth of loops that are open. */
static void section_holds(const struct recipe *r, enum recipe_section section)
{
	const struct recipe_steps *s = &r->sections[section];
	uint64_t times[RECIPE_NEST_MAX + 1] = {1}, run = 0, ns = 0;
	unsigned int open[RECIPE_NEST_MAX], depth = 0;

	FUZZ_HOLDS(s->n <= RECIPE_STEPS_MAX);
	for (unsigned int i = 0; i < s->n; i++) {
		const struct recipe_step *step = &s->steps[i];

		step_holds(r, step, section);
		run += times[depth];
		ns += times[depth] * step->ns;
		if (step->verb == RECIPE_REPEAT) {
			FUZZ_HOLDS(depth < RECIPE_NEST_MAX);
			FUZZ_HOLDS(step->turns > 0 && step->turns <= RECIPE_REPEAT_MAX);
			times[depth + 1] = times[depth] * step->turns;
			open[depth++] = i;
		} else if (step->verb == RECIPE_END) {
			FUZZ_HOLDS(depth > 0);
			FUZZ_HOLDS(step->target == open[--depth] && s->steps[step->target].target == i);
		}
		FUZZ_HOLDS(run <= RECIPE_RUN_MAX && ns <= RECIPE_SECTION_NS_MAX);
	}
	FUZZ_HOLDS(depth == 0);
	FUZZ_HOLDS(run == s->run && ns == s->ns);
}

static void limits_hold(const struct recipe *r)
{
	const struct dev_limits *l = &r->limits;

	FUZZ_HOLDS(l->min_len && l->min_len <= l->max_len && l->max_len - 1 <= l->max_iova);
	FUZZ_HOLDS(l->align && l->align <= RECIPE_PAGE && !(l->align & (l->align - 1)));
	FUZZ_HOLDS(l->addr_align <= RECIPE_PAGE && !(l->addr_align & (l->addr_align - 1)));
	FUZZ_HOLDS(l->min_len % l->align == 0 && l->max_len % l->align == 0);
	FUZZ_HOLDS(l->max_iova >= 0xfff && !(l->max_iova & (l->max_iova + 1)));
	FUZZ_HOLDS(l->dirs && !(l->dirs & ~(unsigned int)(DEV_READ | DEV_WRITE | DEV_COPY)));
	FUZZ_HOLDS(!(l->dirs & (DEV_READ | DEV_WRITE)) == !l->buffer);
	FUZZ_HOLDS(!l->buffer || l->buffer >= (l->dirs & DEV_COPY ? l->min_len : l->max_len));
	FUZZ_HOLDS(l->depth == 1 && l->queues == 1);
	FUZZ_HOLDS(!l->fixed || l->dirs & DEV_WRITE);
}

static void recipe_holds(const struct recipe *r)
{
	FUZZ_ENDS(r->name);
	FUZZ_ENDS(r->title);
	FUZZ_HOLDS(r->name[0]);
	word_holds(r->name, false);
	word_holds(r->title, true);
	FUZZ_HOLDS(r->nr_ids > 0 && r->nr_ids <= RECIPE_IDS_MAX);
	FUZZ_HOLDS(r->bar < 6 && r->bar_size && r->bar_size <= RECIPE_BAR_MAX);
	FUZZ_HOLDS(r->nr_memories <= RECIPE_MEMORIES_MAX);
	FUZZ_HOLDS(r->nr_vars >= RECIPE_BUILTINS && r->nr_vars <= RECIPE_VARS_MAX);
	for (unsigned int i = 0; i < r->nr_vars; i++) {
		FUZZ_ENDS(r->var_names[i]);
		word_holds(r->var_names[i], false);
		for (unsigned int j = 0; j < i && r->var_names[i][0]; j++)
			FUZZ_HOLDS(strcmp(r->var_names[i], r->var_names[j]));
	}
	for (unsigned int i = 0; i < r->nr_memories; i++)
		FUZZ_HOLDS(!strcmp(r->memory_names[i], r->var_names[RECIPE_VAR_MEMORY + i]));
	limits_hold(r);
	FUZZ_HOLDS(r->sections[RECIPE_INIT].present && r->sections[RECIPE_STOP].present);
	FUZZ_HOLDS(r->sections[RECIPE_READ].present == !!(r->limits.dirs & DEV_READ));
	FUZZ_HOLDS(r->sections[RECIPE_WRITE].present == !!(r->limits.dirs & DEV_WRITE));
	FUZZ_HOLDS(r->sections[RECIPE_COPY].present == !!(r->limits.dirs & DEV_COPY));
	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++)
		if (r->sections[i].present)
			section_holds(r, (enum recipe_section)i);
}

struct registers {
	uint64_t size, reads;
};

static uint64_t registers_read(void *ctx, uint64_t offset, unsigned int width)
{
	struct registers *regs = ctx;

	FUZZ_HOLDS(width && width <= regs->size && offset <= regs->size - width && offset % width == 0);
	return rng_draw(1, regs->reads++, offset) >> (64 - 8 * width);
}

static void registers_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	struct registers *regs = ctx;

	FUZZ_HOLDS(width && width <= regs->size && offset <= regs->size - width && offset % width == 0);
	FUZZ_HOLDS(width == 8 || !(value >> 8 * width));
}

/* Whatever is seen will do, but for every 16th time. */
static bool goes_on(void *ctx, const struct recipe_access *access)
{
	struct registers *regs = ctx;

	return ++regs->reads % 16;
}

/* What the parser lets through the executor takes, and every run of it ends, on a page each and inside of the BAR. */
static void runs_hold(const struct recipe *r)
{
	static const struct mmio_ops ops = {.read = registers_read, .write = registers_write};
	static uint64_t pages[RECIPE_MEMORIES_MAX][RECIPE_PAGE / 8];
	struct registers regs = {.size = r->bar_size};
	struct recipe_watch watch = {.ctx = &regs, .step = goes_on};
	iova_t iovas[RECIPE_MEMORIES_MAX] = {0};
	static struct recipe_run run;
	struct fail f = {0};

	memset(&run, 0, sizeof(run));
	FUZZ_HOLDS(!recipe_run_init(&run, r, "fuzz", &f));
	run.mmio = (struct mmio){.size = r->bar_size, .ops = &ops, .ctx = &regs};
	run.watch = &watch;
	for (unsigned int i = 0; i < r->nr_memories; i++)
		run.memory[i] = pages[i];
	recipe_run_clear(&run, iovas);
	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++) {
		int err;

		run.vars[RECIPE_VAR_SRC] = run.vars[RECIPE_VAR_DST] = run.vars[RECIPE_VAR_LEN] = i * 0x1000;
		if (!r->sections[i].present || r->sections[i].run > RUN_MAX)
			continue;
		err = recipe_run_section(&run, (enum recipe_section)i, 100, NULL, &f);
		FUZZ_HOLDS(err == 0 || err == -EIO || err == -EFAULT || err == -ETIMEDOUT);
	}
	recipe_run_free(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size, 0);
	struct recipe_error error;
	struct recipe *r = recipe_parse(copy, size, &error);

	if (r) {
		FUZZ_HOLDS(!error.text[0]);
		recipe_holds(r);
		if (r->bar_size <= REGISTER_BAR)
			runs_hold(r);
	} else {
		error_holds(&error, copy, size);
	}
	recipe_free(r);
	free(copy);
	return 0;
}
