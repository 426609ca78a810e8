/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recipe's steps made ready, each looked at as if nobody had: what comes out names no register outside of the BAR, no memory and no
 * variable that is not there, and its loops are closed.
 */
#include <errno.h>
#include <string.h>

#include "dev/recipe_run.h"

/* What of a step its verb reads. */
enum {
	USES_AT = 1,
	USES_OFFSET = 2,
	USES_MASK = 4,
	USES_VALUE = 8,
	USES_VAR = 16,
};

static const unsigned int recipe_uses[RECIPE_VERBS] = {
	[RECIPE_WRITE_REG] = USES_AT | USES_VALUE,
	[RECIPE_READ_REG] = USES_AT | USES_VAR,
	[RECIPE_POLL] = USES_AT | USES_MASK | USES_VALUE,
	[RECIPE_CHECK] = USES_AT | USES_MASK | USES_VALUE,
	[RECIPE_FAULT_IF] = USES_AT | USES_MASK | USES_VALUE,
	[RECIPE_STORE] = USES_OFFSET | USES_VALUE,
	[RECIPE_LOAD] = USES_OFFSET | USES_VAR,
	[RECIPE_POLL_MEM] = USES_OFFSET | USES_MASK | USES_VALUE,
	[RECIPE_CHECK_MEM] = USES_OFFSET | USES_MASK | USES_VALUE,
	[RECIPE_FAULT_IF_MEM] = USES_OFFSET | USES_MASK | USES_VALUE,
	[RECIPE_SET] = USES_VALUE | USES_VAR,
};

static bool recipe_width_fits(const struct recipe_step *s)
{
	return s->width == 8 || s->width == 16 || s->width == 32 || s->width == 64;
}

static bool recipe_at_fits(uint64_t size, const struct recipe_step *s)
{
	unsigned int bytes = s->width / 8;

	return size >= bytes && s->at <= size - bytes && s->at % bytes == 0;
}

static const char *recipe_step_fault(const struct recipe *r, const struct recipe_step *s)
{
	unsigned int uses = recipe_uses[s->verb];

	if (uses & (USES_AT | USES_OFFSET) && !recipe_width_fits(s))
		return "the width is none of 8, 16, 32 and 64";
	if (uses & USES_AT && !recipe_at_fits(r->bar_size, s))
		return "the register is not aligned, or outside of the BAR";
	if (uses & USES_OFFSET && s->memory >= r->nr_memories)
		return "there is no such memory";
	if (uses & USES_VAR && (s->var < RECIPE_BUILTINS || s->var >= r->nr_vars))
		return "there is no such variable";
	if (s->ns > RECIPE_PATIENCE_MAX)
		return "the time is too long";
	return NULL;
}

static int recipe_step_init(struct recipe_ready_step *to, const struct recipe *r, const struct recipe_step *s)
{
	unsigned int uses = recipe_uses[s->verb];
	int err = 0;

	*to = (struct recipe_ready_step){.verb = s->verb,
					 .line = s->line,
					 .width = s->width,
					 .memory = s->memory,
					 .var = s->var,
					 .turns = s->turns,
					 .target = s->target,
					 .at = s->at,
					 .ns = s->ns,
					 .all = s->width == 64 ? UINT64_MAX : (UINT64_C(1) << s->width % 64) - 1};
	if (uses & USES_OFFSET)
		err = recipe_value_init(&to->offset, &s->offset, r->nr_vars, false, 0);
	if (!err && uses & USES_MASK)
		err = recipe_value_init(&to->mask, &s->mask, r->nr_vars, true, to->all);
	if (!err && uses & USES_VALUE)
		err = recipe_value_init(&to->value, &s->value, r->nr_vars, false, 0);
	return err;
}

/* Each REPEAT and its END name each other, and they nest. */
static bool recipe_loops_close(const struct recipe_steps *section)
{
	unsigned int open[RECIPE_NEST_MAX], depth = 0;

	for (unsigned int i = 0; i < section->n; i++) {
		const struct recipe_step *s = &section->steps[i];

		if (s->verb == RECIPE_REPEAT) {
			if (depth == RECIPE_NEST_MAX || s->turns == 0 || s->turns > RECIPE_REPEAT_MAX)
				return false;
			open[depth++] = i;
		} else if (s->verb == RECIPE_END) {
			if (depth == 0 || s->target != open[--depth] || section->steps[s->target].target != i)
				return false;
		}
	}
	return depth == 0;
}

static int recipe_section_init(struct recipe_ready *to, const struct recipe *r, const struct recipe_steps *from,
			       const char *file, struct fail *f)
{
	if (!from->present)
		return 0;
	if (from->n > RECIPE_STEPS_MAX || !recipe_loops_close(from))
		return fail_set(f, EINVAL, "%s:%u: the section's loops are not closed, or it is too long", file,
				from->line);
	to->present = true;
	to->steps = calloc(from->n + 1, sizeof(*to->steps));
	if (!to->steps)
		return fail_set(f, ENOMEM, "cannot make %s ready", file);
	for (unsigned int i = 0; i < from->n; i++) {
		const struct recipe_step *s = &from->steps[i];
		const char *fault = s->verb < RECIPE_VERBS ? recipe_step_fault(r, s) : "there is no such step";
		int err;

		if (fault)
			return fail_set(f, EINVAL, "%s:%u: %s", file, s->line, fault);
		err = recipe_step_init(&to->steps[i], r, s);
		to->n = i + 1;
		if (err)
			return fail_set(f, err, "%s:%u: the expression cannot be computed", file, s->line);
	}
	return 0;
}

static bool recipe_is_power(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* What dev.c cuts requests by: it counts on these to be sensible. */
static bool recipe_limits_fit(const struct dev_limits *l)
{
	uint64_t most = l->align ? l->max_len - l->max_len % l->align : 0;

	if (!recipe_is_power(l->align) || (l->addr_align && !recipe_is_power(l->addr_align)))
		return false;
	if (!l->dirs || l->dirs & ~(unsigned int)(DEV_READ | DEV_WRITE | DEV_COPY))
		return false;
	if (l->dirs & (DEV_READ | DEV_WRITE) && l->buffer < l->min_len)
		return false;
	return l->min_len && most && ALIGN_UP(l->min_len, l->align) <= most && l->max_iova >= l->max_len - 1;
}

static bool recipe_has_directions(const struct recipe *r)
{
	static const struct {
		unsigned int dir;
		enum recipe_section section;
	} of[] = {{DEV_READ, RECIPE_READ}, {DEV_WRITE, RECIPE_WRITE}, {DEV_COPY, RECIPE_COPY}};

	for (size_t i = 0; i < ARRAY_SIZE(of); i++)
		if (r->limits.dirs & of[i].dir && !r->sections[of[i].section].present)
			return false;
	return true;
}

int recipe_run_init(struct recipe_run *run, const struct recipe *r, const char *file, struct fail *f)
{
	int err = 0;

	*run = (struct recipe_run){.recipe = r, .file = file};
	if (r->nr_ids > RECIPE_IDS_MAX || r->nr_memories > RECIPE_MEMORIES_MAX || r->nr_vars > RECIPE_VARS_MAX ||
	    r->nr_vars < RECIPE_BUILTINS || r->bar > 5 || !recipe_limits_fit(&r->limits) || !recipe_has_directions(r))
		return fail_set(f, EINVAL, "%s: its ids, memories, variables, BAR or limits are no device's", file);
	for (unsigned int i = 0; !err && i < RECIPE_SECTIONS; i++)
		err = recipe_section_init(&run->sections[i], r, &r->sections[i], file, f);
	if (err)
		recipe_run_free(run);
	return err;
}

void recipe_run_free(struct recipe_run *run)
{
	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++) {
		struct recipe_ready *ready = &run->sections[i];

		for (unsigned int k = 0; k < ready->n; k++) {
			recipe_value_free(&ready->steps[k].offset);
			recipe_value_free(&ready->steps[k].mask);
			recipe_value_free(&ready->steps[k].value);
		}
		free(ready->steps);
		*ready = (struct recipe_ready){0};
	}
}
