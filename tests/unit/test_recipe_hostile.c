/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recipes that no parser has seen: whatever is wrong with one, it is refused before a register was touched, or its run ends. What is
 * refused reaches nothing but its BAR, its page and its variables.
 */
#include "unit.h"

#include "base/msg.h"
#include "dev/driver.h"
#include "dev/recipe_run.h"
#include "fake_idev.h"

#define BAR_SIZE 0x100

static unsigned int accesses;
static struct fake_idev idev;
static struct fake_ring ring;
static const struct dev_env env = {&ring, fake_ring_alloc, fake_ring_free};
static struct fail failure;

static uint64_t count_read(void *ctx, uint64_t offset, unsigned int width)
{
	assert_true(offset + width <= BAR_SIZE && offset % width == 0);
	accesses++;
	return 0;
}

static void count_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	count_read(ctx, offset, width);
}

static const struct mmio_ops count_ops = {count_read, count_write};
static const struct mmio mmio = {.size = BAR_SIZE, .ops = &count_ops};

static const char good[] = "iommuctl-recipe 1\n"
			   "name t\n"
			   "device 1234:5678\n"
			   "bar 0 0x100\n"
			   "directions read write\n"
			   "max-length 4096\n"
			   "device-buffer 4096\n"
			   "memory page\n"
			   "variable a\n"
			   "init\n"
			   "\tcheck32 0 0xffffffff 0\n"
			   "\twrite32 0x24 1\n"
			   "\tpoll32 0x24 1 0 5ms\n"
			   "end\n"
			   "read\n"
			   "\tdoorbell 0x1c 1\n"
			   "end\n"
			   "write\n"
			   "\tdoorbell 0x1c 3\n"
			   "end\n"
			   "wait\n"
			   "\tpoll32 0x20 1 1\n"
			   "end\n"
			   "stop\n"
			   "\twrite32 0x24 1\n"
			   "\tpoll32 0x24 1 0 5ms\n"
			   "end\n";

static void reset(void)
{
	accesses = 0;
	memset(&ring, 0, sizeof(ring));
	memset(&failure, 0, sizeof(failure));
	fake_idev_init(&idev, 0x1234, 0x5678);
}

/* A recipe as a program with a mistake, or an enemy, would have built it. */
struct hostile {
	const char *what;
	void (*spoil)(struct recipe *r);
};

#define STEP(section, n) (&r->sections[section].steps[n])
#define SPOIL(name, change)                        \
	static void spoil_##name(struct recipe *r) \
	{                                          \
		change;                            \
	}

SPOIL(at_behind, STEP(RECIPE_INIT, 1)->at = BAR_SIZE)
SPOIL(at_over_end, STEP(RECIPE_INIT, 1)->at = BAR_SIZE - 2)
SPOIL(at_wraps, STEP(RECIPE_INIT, 1)->at = UINT64_MAX - 3)
SPOIL(at_crooked, STEP(RECIPE_INIT, 1)->at = 0x21)
SPOIL(poll_behind, STEP(RECIPE_STOP, 1)->at = BAR_SIZE * 2)
SPOIL(width_24, STEP(RECIPE_INIT, 1)->width = 24)
SPOIL(width_0, STEP(RECIPE_INIT, 1)->width = 0)
SPOIL(width_128, STEP(RECIPE_INIT, 1)->width = 128)
SPOIL(verb, STEP(RECIPE_INIT, 1)->verb = RECIPE_VERBS)
SPOIL(verb_minus, STEP(RECIPE_INIT, 1)->verb = (enum recipe_verb) - 1)
SPOIL(set_builtin, (STEP(RECIPE_INIT, 1)->verb = RECIPE_SET, STEP(RECIPE_INIT, 1)->var = RECIPE_VAR_MEMORY))
SPOIL(set_beyond, (STEP(RECIPE_INIT, 1)->verb = RECIPE_SET, STEP(RECIPE_INIT, 1)->var = r->nr_vars))
SPOIL(read_beyond, (STEP(RECIPE_INIT, 1)->verb = RECIPE_READ_REG, STEP(RECIPE_INIT, 1)->var = UINT32_MAX))
SPOIL(memory_beyond,
      (STEP(RECIPE_INIT, 1)->verb = RECIPE_STORE, STEP(RECIPE_INIT, 1)->offset.n = 1, STEP(RECIPE_INIT, 1)->memory = 1))
SPOIL(memory_no_offset, (STEP(RECIPE_INIT, 1)->verb = RECIPE_STORE, STEP(RECIPE_INIT, 1)->memory = 0))
SPOIL(value_missing, STEP(RECIPE_INIT, 1)->value.n = 0)
SPOIL(value_long, STEP(RECIPE_INIT, 1)->value.n = RECIPE_EXPR_MAX + 1)
SPOIL(value_var, STEP(RECIPE_INIT, 1)->value.ops[0].op = RECIPE_OP_VAR; STEP(RECIPE_INIT, 1)->value.ops[0].value = 64)
SPOIL(value_op, STEP(RECIPE_INIT, 1)->value.ops[0].op = (enum recipe_op)99)
SPOIL(value_underflow, STEP(RECIPE_INIT, 1)->value.ops[0].op = RECIPE_OP_ADD)
SPOIL(value_not_underflow, STEP(RECIPE_INIT, 1)->value.ops[0].op = RECIPE_OP_NOT)
SPOIL(value_below, STEP(RECIPE_INIT, 1)->value = ((struct recipe_expr){
			   3, {{RECIPE_OP_ADD, 0}, {RECIPE_OP_CONST, 1}, {RECIPE_OP_CONST, 1}}}))
SPOIL(value_two, STEP(RECIPE_INIT, 1)->value.n = 2)
SPOIL(value_modulo, STEP(RECIPE_INIT, 1)->value = ((struct recipe_expr){
			    3, {{RECIPE_OP_CONST, 1}, {RECIPE_OP_CONST, 0}, {RECIPE_OP_MOD, 0}}}))
SPOIL(mask_op, STEP(RECIPE_INIT, 2)->mask.ops[0].op = (enum recipe_op) - 1)
SPOIL(patience, STEP(RECIPE_INIT, 2)->ns = UINT64_MAX)
SPOIL(end_alone, STEP(RECIPE_INIT, 1)->verb = RECIPE_END)
SPOIL(repeat_alone, (STEP(RECIPE_INIT, 1)->verb = RECIPE_REPEAT, STEP(RECIPE_INIT, 1)->turns = 3))
SPOIL(loop_elsewhere, (STEP(RECIPE_INIT, 0)->verb = RECIPE_REPEAT, STEP(RECIPE_INIT, 0)->turns = 3,
		       STEP(RECIPE_INIT, 0)->target = 7, STEP(RECIPE_INIT, 1)->verb = RECIPE_END))
SPOIL(loop_back,
      (STEP(RECIPE_INIT, 0)->verb = RECIPE_REPEAT, STEP(RECIPE_INIT, 0)->turns = 3, STEP(RECIPE_INIT, 0)->target = 1,
       STEP(RECIPE_INIT, 1)->verb = RECIPE_END, STEP(RECIPE_INIT, 1)->target = UINT32_MAX))
SPOIL(loop_no_turns, (STEP(RECIPE_INIT, 0)->verb = RECIPE_REPEAT, STEP(RECIPE_INIT, 0)->target = 1,
		      STEP(RECIPE_INIT, 1)->verb = RECIPE_END))
SPOIL(loop_turns, (STEP(RECIPE_INIT, 0)->verb = RECIPE_REPEAT, STEP(RECIPE_INIT, 0)->turns = RECIPE_REPEAT_MAX + 1,
		   STEP(RECIPE_INIT, 0)->target = 1, STEP(RECIPE_INIT, 1)->verb = RECIPE_END))
SPOIL(steps, r->sections[RECIPE_INIT].n = RECIPE_STEPS_MAX + 1)
SPOIL(bar, r->bar = 6)
SPOIL(bar_empty, r->bar_size = 0)
SPOIL(bar_small, r->bar_size = 0x24)
SPOIL(ids, r->nr_ids = RECIPE_IDS_MAX + 1)
SPOIL(memories, r->nr_memories = RECIPE_MEMORIES_MAX + 1)
SPOIL(vars, r->nr_vars = RECIPE_VARS_MAX + 1)
SPOIL(vars_few, r->nr_vars = 0)
SPOIL(align_0, r->limits.align = 0)
SPOIL(align_3, r->limits.align = 3)
SPOIL(align_above_max, r->limits.align = 8192)
SPOIL(addr_align_3, r->limits.addr_align = 3)
SPOIL(min_0, r->limits.min_len = 0)
SPOIL(min_above_max, r->limits.min_len = 8192)
SPOIL(max_0, r->limits.max_len = 0)
SPOIL(no_dirs, r->limits.dirs = 0)
SPOIL(other_dirs, r->limits.dirs |= 8)
SPOIL(dir_without_section, r->limits.dirs |= DEV_COPY)
SPOIL(no_buffer, r->limits.buffer = 0)
SPOIL(no_reach, r->limits.max_iova = 0)

#define HOSTILE(name)               \
	{                           \
#name, spoil_##name \
	}
static const struct hostile hostile[] = {
	HOSTILE(at_behind),
	HOSTILE(at_over_end),
	HOSTILE(at_wraps),
	HOSTILE(at_crooked),
	HOSTILE(poll_behind),
	HOSTILE(width_24),
	HOSTILE(width_0),
	HOSTILE(width_128),
	HOSTILE(verb),
	HOSTILE(verb_minus),
	HOSTILE(set_builtin),
	HOSTILE(set_beyond),
	HOSTILE(read_beyond),
	HOSTILE(memory_beyond),
	HOSTILE(memory_no_offset),
	HOSTILE(value_missing),
	HOSTILE(value_long),
	HOSTILE(value_var),
	HOSTILE(value_op),
	HOSTILE(value_underflow),
	HOSTILE(value_not_underflow),
	HOSTILE(value_below),
	HOSTILE(value_two),
	HOSTILE(value_modulo),
	HOSTILE(mask_op),
	HOSTILE(patience),
	HOSTILE(end_alone),
	HOSTILE(repeat_alone),
	HOSTILE(loop_elsewhere),
	HOSTILE(loop_back),
	HOSTILE(loop_no_turns),
	HOSTILE(loop_turns),
	HOSTILE(steps),
	HOSTILE(bar),
	HOSTILE(bar_empty),
	HOSTILE(bar_small),
	HOSTILE(ids),
	HOSTILE(memories),
	HOSTILE(vars),
	HOSTILE(vars_few),
	HOSTILE(align_0),
	HOSTILE(align_3),
	HOSTILE(align_above_max),
	HOSTILE(addr_align_3),
	HOSTILE(min_0),
	HOSTILE(min_above_max),
	HOSTILE(max_0),
	HOSTILE(no_dirs),
	HOSTILE(other_dirs),
	HOSTILE(dir_without_section),
	HOSTILE(no_buffer),
	HOSTILE(no_reach),
};

static const struct hostile *spoiler;

static int hostile_probe(struct dev *dev, struct fail *f)
{
	struct recipe_error error;
	struct recipe *r = recipe_parse(good, sizeof(good) - 1, &error);

	assert_non_null(r);
	if (spoiler)
		spoiler->spoil(r);
	return recipe_dev_take(dev, r, "t.recipe", "", f);
}

static void test_hostile(void **state)
{
	struct dev_ops ops = dev_recipe_ops;
	struct dev *dev;

	ops.probe = hostile_probe;
	reset();
	assert_int_equal(dev_open_ops(&dev, &ops, &idev.idev, "", &mmio, &env, &failure), 0);
	dev_close(dev);
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		spoiler = &hostile[i];
		reset();
		if (dev_open_ops(&dev, &ops, &idev.idev, "", &mmio, &env, &failure) != -EINVAL)
			fail_msg("%s was taken", spoiler->what);
		assert_non_null(strstr(failure.text, "t.recipe:"));
		assert_int_equal(accesses, 0);
	}
	spoiler = NULL;
}

static void spoil_endless(struct recipe *r)
{
	struct recipe_steps *s = &r->sections[RECIPE_INIT];

	s->steps = realloc(s->steps, 8 * sizeof(*s->steps));
	assert_non_null(s->steps);
	s->n = 8;
	for (unsigned int i = 0; i < 8; i++)
		s->steps[i] = (struct recipe_step){.verb = i < 4 ? RECIPE_REPEAT : RECIPE_END,
						   .turns = RECIPE_REPEAT_MAX,
						   .target = 7 - i,
						   .line = 100 + i};
}

/* Four loops, one in the other, would be a day's work. */
static void test_too_many_steps(void **state)
{
	static const struct hostile endless = {"endless", spoil_endless};
	struct dev_ops ops = dev_recipe_ops;
	struct dev *dev;

	ops.probe = hostile_probe;
	spoiler = &endless;
	reset();
	assert_int_equal(dev_open_ops(&dev, &ops, &idev.idev, "", &mmio, &env, &failure), 0);
	assert_int_equal(dev_start(dev, &failure), -ELOOP);
	assert_non_null(strstr(failure.text, "more than 1000000 steps"));
	dev_close(dev);
	spoiler = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_too_many_steps),
	};

	msg_set_level(MSG_QUIET);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
