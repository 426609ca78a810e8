/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections of a recipe, and each verb with what follows it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dev/recipe_parse.h"

#define STEP_ROOM_MIN 16

/*
 * What follows a verb, one letter each: o an offset in the BAR, M a memory and an offset in it, e a value, k a mask and the value
 * that is due, V a variable to be set, t a time-out that may be left out, d a duration, n turns.
 */
struct step_verb {
	const char *name;
	enum recipe_verb verb;
	unsigned int width; /* 0: the name's end says it */
	const char *args;
	bool looks, writes;
};

#define STEP_NO_WIDTH 1u

static const struct step_verb verbs[] = {
	{"write", RECIPE_WRITE_REG, 0, "oe", false, true},
	{"doorbell", RECIPE_WRITE_REG, 32, "oe", false, true},
	{"read", RECIPE_READ_REG, 0, "oV", false, false},
	{"poll", RECIPE_POLL, 0, "okt", true, false},
	{"check", RECIPE_CHECK, 0, "ok", true, false},
	{"fault-if", RECIPE_FAULT_IF, 0, "ok", false, false},
	{"delay", RECIPE_DELAY, STEP_NO_WIDTH, "d", false, false},
	{"store", RECIPE_STORE, 0, "Me", false, true},
	{"load", RECIPE_LOAD, 0, "MV", false, false},
	{"pollmem", RECIPE_POLL_MEM, 0, "Mkt", true, false},
	{"checkmem", RECIPE_CHECK_MEM, 0, "Mk", true, false},
	{"fault-ifmem", RECIPE_FAULT_IF_MEM, 0, "Mk", false, false},
	{"set", RECIPE_SET, STEP_NO_WIDTH, "Ve", false, false},
	{"repeat", RECIPE_REPEAT, STEP_NO_WIDTH, "n", false, false},
	{"end", RECIPE_END, STEP_NO_WIDTH, "", false, false},
};

bool parse_is_section(const char *name, enum recipe_section *which)
{
	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++)
		if (!strcmp(name, recipe_section_name((enum recipe_section)i))) {
			*which = (enum recipe_section)i;
			return true;
		}
	return false;
}

int parse_open_section(struct parser *p, enum recipe_section which, struct place at)
{
	struct recipe_steps *s = &p->r->sections[which];
	bool direction = which == RECIPE_READ || which == RECIPE_WRITE || which == RECIPE_COPY;

	if (!p->has_section && parse_check_header(p, at))
		return -EINVAL;
	p->has_section = true;
	if (s->present)
		return parse_error(p, at, "section '%s' is there twice, first in line %u", recipe_section_name(which),
				   s->line);
	if (direction && !p->asked[which].line) {
		parse_error(p, at, "'%s' is not among the directions of line %u", recipe_section_name(which),
			    p->given[SETTING_DIRECTIONS].line);
		return parse_hint(p, "name it there, or leave the section out");
	}
	s->present = true;
	s->line = at.line;
	p->which = which;
	p->open = true;
	p->opened = at;
	p->room = 0;
	p->depth = 0;
	p->levels[0] = (struct parse_level){.place = at};
	p->looks = p->writes = false;
	p->waits = p->waits || which == RECIPE_WAIT;
	return parse_done(p);
}

/* The verb of a word, with its width in bits. */
static const struct step_verb *step_find(const char *text, unsigned int *width)
{
	size_t n = strcspn(text, "0123456789");

	*width = 0;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strlen(verbs[i].name) != n || memcmp(verbs[i].name, text, n))
			continue;
		if (verbs[i].width && text[n])
			return NULL;
		if (!strcmp(text + n, "8") || !strcmp(text + n, "16") || !strcmp(text + n, "32") ||
		    !strcmp(text + n, "64"))
			*width = (unsigned int)strtoul(text + n, NULL, 10);
		else if (verbs[i].width != STEP_NO_WIDTH)
			*width = verbs[i].width;
		return &verbs[i];
	}
	return NULL;
}

static uint64_t step_ones(unsigned int width)
{
	return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

/* A constant has to fit, as a number or as a negative one: ~1 is meant to be cut. */
static int step_fits(struct parser *p, const struct recipe_step *step, struct recipe_expr *e, struct place at)
{
	uint64_t ones = step_ones(step->width), *value = &e->ops[0].value;

	if (e->n != 1 || e->ops[0].op != RECIPE_OP_CONST)
		return 0;
	if ((*value & ~ones) && (*value & ~ones) != ~ones)
		return parse_error(p, at, "0x%" PRIx64 " does not fit in %u bits", *value, step->width);
	*value &= ones;
	return 0;
}

static int step_value(struct parser *p, struct recipe_step *step, struct recipe_expr *e, const char *what)
{
	struct place at = parse_place(p);

	if (parse_expr(p, e, what))
		return -EINVAL;
	return step->width ? step_fits(p, step, e, at) : 0;
}

static int step_offset(struct parser *p, struct recipe_step *step)
{
	struct place at = parse_place(p);
	unsigned int bytes = step->width / 8;

	if (parse_constant(p, "a register's offset", &step->at))
		return -EINVAL;
	if (step->at >= p->r->bar_size || bytes > p->r->bar_size - step->at)
		return parse_error(p, at, "0x%" PRIx64 " with %u bytes is not inside the BAR's 0x%" PRIx64, step->at,
				   bytes, p->r->bar_size);
	if (step->at % bytes)
		return parse_error(p, at, "0x%" PRIx64 " is not aligned to the %u bytes of the access", step->at,
				   bytes);
	return 0;
}

static int step_memory(struct parser *p, struct recipe_step *step)
{
	unsigned int bytes = step->width / 8;
	struct place at;
	uint64_t offset;

	if (parse_memory(p, &step->memory))
		return -EINVAL;
	at = parse_place(p);
	if (parse_expr(p, &step->offset, "an offset in the memory"))
		return -EINVAL;
	if (step->offset.n != 1 || step->offset.ops[0].op != RECIPE_OP_CONST)
		return 0;
	offset = step->offset.ops[0].value;
	if (offset >= RECIPE_PAGE || bytes > RECIPE_PAGE - offset)
		return parse_error(p, at, "0x%" PRIx64 " with %u bytes is not inside the memory's %d", offset, bytes,
				   RECIPE_PAGE);
	if (offset % bytes)
		return parse_error(p, at, "0x%" PRIx64 " is not aligned to the %u bytes of the access", offset, bytes);
	return 0;
}

static bool step_constant(const struct recipe_expr *e, uint64_t *value)
{
	*value = e->ops[0].value;
	return e->n == 1 && e->ops[0].op == RECIPE_OP_CONST;
}

static int step_mask(struct parser *p, struct recipe_step *step)
{
	struct place at = parse_place(p);
	uint64_t mask, value;

	if (step_value(p, step, &step->mask, "a mask"))
		return -EINVAL;
	if (step_constant(&step->mask, &mask) && !mask) {
		parse_error(p, at, "a mask of 0 looks at nothing");
		return parse_hint(p, "the mask has the bits that matter: 0xffffffff for all of 32");
	}
	at = parse_place(p);
	if (step_value(p, step, &step->value, "the value that is due"))
		return -EINVAL;
	if (step_constant(&step->mask, &mask) && step_constant(&step->value, &value) && value & ~mask)
		return parse_error(p, at, "0x%" PRIx64 " has bits outside of the mask 0x%" PRIx64 ": it is never seen",
				   value, mask);
	return 0;
}

static int step_turns(struct parser *p, struct recipe_step *step)
{
	struct place at = parse_place(p);
	uint64_t turns;

	if (parse_constant(p, "the number of turns", &turns))
		return -EINVAL;
	if (!turns || turns > RECIPE_REPEAT_MAX)
		return parse_error(p, at, "a loop has 1 to %d turns, not %" PRIu64, RECIPE_REPEAT_MAX, turns);
	step->turns = (unsigned int)turns;
	return 0;
}

static int step_arg(struct parser *p, struct recipe_step *step, char kind)
{
	switch (kind) {
	case 'o':
		return step_offset(p, step);
	case 'M':
		return step_memory(p, step);
	case 'e':
		return step_value(p, step, &step->value, "a value");
	case 'k':
		return step_mask(p, step);
	case 'V':
		return parse_variable(p, &step->var);
	case 't':
		return parse_at_end(p) ? 0 : parse_duration(p, &step->ns);
	case 'd':
		return parse_duration(p, &step->ns);
	default:
		return step_turns(p, step);
	}
}

static int step_unknown(struct parser *p, const struct word *w)
{
	enum recipe_section which;

	if (parse_is_section(w->text, &which)) {
		parse_error(p, w->place, "'%s' begins a section, but '%s' of line %u has no end", w->text,
			    recipe_section_name(p->which), p->opened.line);
		return parse_hint(p, "a verb has its width in bits behind it: write8, write16, write32, write64");
	}
	parse_error(p, w->place, "'%.40s' is no verb", w->text);
	return parse_hint(
		p, "write, read, poll, check, fault-if, store, load, pollmem, checkmem, fault-ifmem with 8 to 64; "
		   "doorbell, delay, set, repeat, end");
}

/* A step more, zeroed; NULL: there are too many, or no memory. */
static struct recipe_step *step_new(struct parser *p, struct place at)
{
	struct recipe_steps *s = &p->r->sections[p->which];
	struct recipe_step *grown;

	if (s->n == RECIPE_STEPS_MAX) {
		parse_error(p, at, "section '%s' has more than %d steps", recipe_section_name(p->which),
			    RECIPE_STEPS_MAX);
		return NULL;
	}
	if (s->n == p->room) {
		p->room = MAX(2 * p->room, STEP_ROOM_MIN);
		grown = reallocarray(s->steps, p->room, sizeof(*grown));
		if (!grown) {
			parse_error(p, (struct place){0}, "there is no memory for its steps");
			return NULL;
		}
		s->steps = grown;
	}
	grown = &s->steps[s->n++];
	*grown = (struct recipe_step){.line = at.line};
	return grown;
}

/* What steps come to, all turns counted; looked at after each loop, so that nothing here can overflow. */
static int step_bounds(struct parser *p, const struct parse_level *level, struct place at)
{
	if (level->run > RECIPE_RUN_MAX)
		return parse_error(p, at, "%" PRIu64 " steps with all turns: no more than %d", level->run,
				   RECIPE_RUN_MAX);
	if (level->ns > RECIPE_SECTION_NS_MAX)
		return parse_error(p, at, "delays and time-outs come to %" PRIu64 " s with all turns: no more than %d",
				   (uint64_t)(level->ns / 1000000000), (int)(RECIPE_SECTION_NS_MAX / 1000000000));
	return 0;
}

static int step_begin_loop(struct parser *p, struct place at)
{
	struct recipe_steps *s = &p->r->sections[p->which];

	if (p->depth == RECIPE_NEST_MAX)
		return parse_error(p, at, "loops nest deeper than %d", RECIPE_NEST_MAX);
	p->levels[++p->depth] = (struct parse_level){.step = s->n - 1, .place = at};
	return 0;
}

static int step_end_loop(struct parser *p)
{
	struct recipe_steps *s = &p->r->sections[p->which];
	struct parse_level *level = &p->levels[p->depth--], *outer = &p->levels[p->depth];
	struct recipe_step *begin = &s->steps[level->step];

	if (level->step + 2 == s->n)
		return parse_error(p, level->place, "the loop is empty");
	begin->target = s->n - 1;
	s->steps[s->n - 1].target = level->step;
	outer->run += begin->turns * level->run;
	outer->ns += begin->turns * level->ns;
	return step_bounds(p, outer, level->place);
}

/* A delay is no sign of anything: who waits has to look. */
static int step_check_section(struct parser *p)
{
	const char *name = recipe_section_name(p->which);

	switch (p->which) {
	case RECIPE_READ:
	case RECIPE_WRITE:
	case RECIPE_COPY:
		if (!p->writes)
			return parse_error(p, p->opened, "'%s' tells the device nothing", name);
		return 0;
	case RECIPE_WAIT:
		if (!p->looks) {
			parse_error(p, p->opened,
				    "'wait' neither polls nor checks: it cannot know that a request has ended");
			return parse_hint(p, "where requests have ended when their section has, leave 'wait' out");
		}
		return 0;
	default:
		return 0;
	}
}

static int step_end_section(struct parser *p)
{
	struct recipe_steps *s = &p->r->sections[p->which];

	p->open = false;
	s->run = (unsigned int)p->levels[0].run;
	s->ns = p->levels[0].ns;
	if (p->which == RECIPE_STOP && !p->looks)
		p->blind = p->opened;
	if (step_bounds(p, &p->levels[0], p->opened))
		return -EINVAL;
	return step_check_section(p);
}

static int step_check_fault(struct parser *p, struct place at)
{
	p->faults = true;
	if (p->which != RECIPE_INIT && p->which != RECIPE_STOP)
		return 0;
	parse_error(p, at, "fault-if is of a request, and '%s' has none", recipe_section_name(p->which));
	return parse_hint(p, "check says that the device is not as it should be");
}

static int step_add(struct parser *p, const struct word *w, const struct step_verb *v, unsigned int width)
{
	struct recipe_step *step = step_new(p, w->place);

	if (!step)
		return -EINVAL;
	step->verb = v->verb;
	step->width = width;
	for (const char *arg = v->args; *arg; arg++)
		if (step_arg(p, step, *arg))
			return -EINVAL;
	if (parse_done(p))
		return -EINVAL;
	p->looks = p->looks || v->looks;
	p->writes = p->writes || v->writes;
	if ((v->verb == RECIPE_POLL || v->verb == RECIPE_POLL_MEM) && p->which != RECIPE_INIT &&
	    p->which != RECIPE_STOP)
		p->waits = true;
	/* the REPEAT counts outside of its loop, the END inside */
	p->levels[p->depth].run++;
	p->levels[p->depth].ns += step->ns;
	if (v->verb == RECIPE_FAULT_IF || v->verb == RECIPE_FAULT_IF_MEM)
		return step_check_fault(p, w->place);
	if (v->verb == RECIPE_REPEAT)
		return step_begin_loop(p, w->place);
	return v->verb == RECIPE_END ? step_end_loop(p) : 0;
}

int parse_step(struct parser *p, const struct word *w)
{
	unsigned int width;
	const struct step_verb *v = step_find(w->text, &width);

	enum recipe_section section;

	if (!v || parse_is_section(w->text, &section))
		return step_unknown(p, w);
	if (!v->width && !width) {
		parse_error(p, w->place, "'%.40s': there are accesses of 8, 16, 32 and 64 bits", w->text);
		return parse_hint(p, "%s32", v->name);
	}
	if (v->verb == RECIPE_END && !p->depth)
		return parse_done(p) ? -EINVAL : step_end_section(p);
	return step_add(p, w, v, width);
}
