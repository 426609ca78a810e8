/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executes a recipe's sections, step by step. */
#include "dev/recipe_run.h"

#include <errno.h>
#include <string.h>

#define RECIPE_START_MS 10000u /* to start a request; to wait for it is the caller's to bound */

/* Registers have the four widths, memory too; what is not one of them was refused before it came here. */
static uint64_t recipe_reg_read(const struct mmio *m, uint64_t at, unsigned int width)
{
	switch (width) {
	case 8:
		return mmio_read8(m, at);
	case 16:
		return mmio_read16(m, at);
	case 32:
		return mmio_read32(m, at);
	default:
		return mmio_read64(m, at);
	}
}

static void recipe_reg_write(const struct mmio *m, uint64_t at, unsigned int width, uint64_t value)
{
	switch (width) {
	case 8:
		mmio_write8(m, at, (uint8_t)value);
		break;
	case 16:
		mmio_write16(m, at, (uint16_t)value);
		break;
	case 32:
		mmio_write32(m, at, (uint32_t)value);
		break;
	default:
		mmio_write64(m, at, value);
		break;
	}
}

/* The device writes there, too: one access each, and what was read is older than what is read after it. */
static uint64_t recipe_mem_read(volatile void *page, uint64_t offset, unsigned int width)
{
	volatile char *at = (volatile char *)page + offset;
	uint64_t value = width == 8    ? *(volatile uint8_t *)at
			 : width == 16 ? *(volatile uint16_t *)at
			 : width == 32 ? *(volatile uint32_t *)at
				       : *(volatile uint64_t *)at;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return value;
}

static void recipe_mem_write(volatile void *page, uint64_t offset, unsigned int width, uint64_t value)
{
	volatile char *at = (volatile char *)page + offset;

	if (width == 8)
		*(volatile uint8_t *)at = (uint8_t)value;
	else if (width == 16)
		*(volatile uint16_t *)at = (uint16_t)value;
	else if (width == 32)
		*(volatile uint32_t *)at = (uint32_t)value;
	else
		*(volatile uint64_t *)at = value;
}

static int recipe_run_divided(struct recipe_run *run, const struct recipe_ready_step *s, struct fail *f)
{
	if (!run->modulo_zero)
		return 0;
	run->unsound = true;
	return fail_complete(f, EIO, "%s:%u: a division by zero", run->file, s->line);
}

int recipe_run_offset(struct recipe_run *run, const struct recipe_ready_step *s, uint64_t *offset, struct fail *f)
{
	unsigned int bytes = s->width / 8;

	*offset = s->at;
	if (!recipe_verb_is_memory(s->verb))
		return 0;
	*offset = recipe_value_get(run, &s->offset);
	if (run->modulo_zero)
		return recipe_run_divided(run, s, f);
	if (*offset <= RECIPE_PAGE - bytes && *offset % bytes == 0 && run->memory[s->memory])
		return 0;
	run->unsound = true;
	return fail_complete(f, EIO, "%s:%u: offset 0x%llx of %s is outside of its %u bytes, or not aligned", run->file,
			     s->line, (unsigned long long)*offset, run->recipe->memory_names[s->memory], RECIPE_PAGE);
}

uint64_t recipe_run_look(struct recipe_run *run, const struct recipe_ready_step *s, uint64_t offset)
{
	if (recipe_verb_is_memory(s->verb))
		return recipe_mem_read(run->memory[s->memory], offset, s->width);
	return recipe_reg_read(&run->mmio, offset, s->width);
}

bool recipe_run_is_gone(struct recipe_run *run, const struct recipe_ready_step *s, struct fail *f)
{
	if (!run->is_gone || !run->is_gone(run->gone_ctx))
		return false;
	if (recipe_verb_is_memory(s->verb))
		fail_complete(f, ENODEV,
			      "%s:%u: nothing comes to memory, and the configuration space reads as all ones: the "
			      "device is gone",
			      run->file, s->line);
	else
		fail_complete(f, ENODEV,
			      "%s:%u: register 0x%llx reads as all ones, and so does the configuration space: the "
			      "device is gone",
			      run->file, s->line, (unsigned long long)s->at);
	return true;
}

/* All ones may be a register's value. That of a device that is no longer there they are when its configuration space is, too. */
static bool recipe_seen_gone(struct recipe_run *run, const struct recipe_ready_step *s, uint64_t seen, struct fail *f)
{
	return seen == s->all && !recipe_verb_is_memory(s->verb) && recipe_run_is_gone(run, s, f);
}

static bool recipe_tell(struct recipe_run *run, const struct recipe_ready_step *s, struct recipe_access a)
{
	if (!run->watch)
		return false;
	a.section = run->section;
	a.verb = s->verb;
	a.line = s->line;
	a.width = s->width;
	a.memory = recipe_verb_is_memory(s->verb) ? (int)s->memory : -1;
	a.var = s->var;
	return run->watch->step(run->watch->ctx, &a);
}

static int recipe_run_check(struct recipe_run *run, const struct recipe_ready_step *s, uint64_t offset, struct fail *f)
{
	uint64_t seen = recipe_run_look(run, s, offset), mask = recipe_value_get(run, &s->mask);
	uint64_t want = recipe_value_get(run, &s->value) & s->all;
	bool matches = (seen & mask) == want, refusal = s->verb == RECIPE_FAULT_IF || s->verb == RECIPE_FAULT_IF_MEM;
	struct recipe_access a = {.offset = offset, .value = seen, .mask = mask, .want = want, .matches = matches};

	if (recipe_seen_gone(run, s, seen, f))
		return -ENODEV;
	if (run->modulo_zero)
		return recipe_run_divided(run, s, f);
	if (recipe_tell(run, s, a))
		return 0;
	if (refusal)
		return matches ? fail_complete(f, EFAULT, "%s:%u: the device says that its access was refused",
					       run->file, s->line)
			       : 0;
	if (matches)
		return 0;
	return fail_complete(f, EIO, "%s:%u: %s 0x%llx has 0x%llx, whose bits 0x%llx should be 0x%llx", run->file,
			     s->line, recipe_verb_is_memory(s->verb) ? "memory at" : "register",
			     (unsigned long long)offset, (unsigned long long)seen, (unsigned long long)mask,
			     (unsigned long long)want);
}

static int recipe_run_access(struct recipe_run *run, const struct recipe_ready_step *s, struct fail *f)
{
	uint64_t offset, value = 0;
	int err = recipe_run_offset(run, s, &offset, f);

	if (!err && (s->verb == RECIPE_WRITE_REG || s->verb == RECIPE_STORE)) {
		value = recipe_value_get(run, &s->value) & s->all;
		err = recipe_run_divided(run, s, f);
	}
	if (err)
		return err;
	switch (s->verb) {
	case RECIPE_WRITE_REG:
		recipe_reg_write(&run->mmio, offset, s->width, value);
		break;
	case RECIPE_STORE:
		recipe_mem_write(run->memory[s->memory], offset, s->width, value);
		break;
	case RECIPE_READ_REG:
	case RECIPE_LOAD:
		value = recipe_run_look(run, s, offset);
		if (recipe_seen_gone(run, s, value, f))
			return -ENODEV;
		run->vars[s->var] = value;
		break;
	default:
		return recipe_run_check(run, s, offset, f);
	}
	recipe_tell(run, s, (struct recipe_access){.offset = offset, .value = value, .matches = true});
	return 0;
}

static int recipe_run_step(struct recipe_run *run, struct recipe_ready_step *s, bool *own_patience, struct fail *f)
{
	int err;

	switch (s->verb) {
	case RECIPE_POLL:
	case RECIPE_POLL_MEM:
		err = recipe_run_wait(run, s, own_patience, f);
		break;
	case RECIPE_DELAY:
		if (recipe_tell(run, s, (struct recipe_access){.value = s->ns, .matches = true}) || run->watch)
			return 0;
		return recipe_run_delay(run, s, f);
	case RECIPE_SET:
		run->vars[s->var] = recipe_value_get(run, &s->value);
		recipe_tell(run, s, (struct recipe_access){.value = run->vars[s->var], .matches = true});
		err = 0;
		break;
	default:
		err = recipe_run_access(run, s, f);
		break;
	}
	return err ? err : recipe_run_divided(run, s, f);
}

/* The step behind step @i. */
static unsigned int recipe_run_next(struct recipe_ready *section, unsigned int i)
{
	struct recipe_ready_step *s = &section->steps[i];

	if (s->verb == RECIPE_REPEAT)
		s->left = s->turns;
	else if (s->verb == RECIPE_END && --section->steps[s->target].left)
		return s->target + 1;
	return i + 1;
}

int recipe_run_section(struct recipe_run *run, enum recipe_section section, unsigned int timeout_ms, bool *own_patience,
		       struct fail *f)
{
	struct recipe_ready *ready = &run->sections[section];
	unsigned int taken = 0;
	int err = 0;

	run->section = section;
	run->end_ns = 0;
	run->modulo_zero = run->unsound = false;
	run->limit_ns = section == RECIPE_WAIT				   ? timeout_ms * UINT64_C(1000000)
			: section == RECIPE_INIT || section == RECIPE_STOP ? RECIPE_SECTION_NS_MAX
									   : RECIPE_START_MS * UINT64_C(1000000);
	for (unsigned int i = 0; !err && i < ready->n; i = recipe_run_next(ready, i)) {
		struct recipe_ready_step *s = &ready->steps[i];

		run->failed = s->line;
		if (taken++ == RECIPE_RUN_MAX)
			return fail_complete(f, ELOOP, "%s:%u: the section takes more than %d steps", run->file,
					     s->line, RECIPE_RUN_MAX);
		if (s->verb != RECIPE_REPEAT && s->verb != RECIPE_END)
			err = recipe_run_step(run, s, own_patience, f);
	}
	return err;
}

void recipe_run_clear(struct recipe_run *run, const iova_t *iovas)
{
	memset(run->vars, 0, sizeof(run->vars));
	for (unsigned int i = 0; i < run->recipe->nr_memories; i++) {
		run->vars[RECIPE_VAR_MEMORY + i] = iovas[i];
		memset((void *)run->memory[i], 0, RECIPE_PAGE);
	}
}
