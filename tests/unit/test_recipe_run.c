/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver "recipe" on a model of an engine: what it does for a good recipe, what it says of bad hardware, and what is bounded when a
 * recipe runs.
 */
#include "unit.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/msg.h"
#include "dev/driver.h"
#include "dev/recipe_run.h"
#include "fake_idev.h"

#define BAR_SIZE 0x100

/* Registers: 0 id, 8 source, 0x10 destination, 0x18 length, 0x1c command (1 run, 2 to memory), 0x20 status, 0x24 reset, 0x28 moved. */
enum { ST_DONE = 1, ST_ERROR = 2, ST_FAULT = 4 };

static struct engine {
	uint8_t memory[65536], buffer[4096];
	uint64_t src, dst, scratch[4];
	uint32_t id, len, status, moved;
	unsigned int looks, busy_looks, resets, accesses, writes;
	uint32_t ends_with; /* besides ST_DONE */
	bool hangs, gone, ones, sticky_reset, resetting, short_moves;
} engine;

static struct fake_idev idev;
static struct fake_ring ring;
static const struct dev_env env = {&ring, fake_ring_alloc, fake_ring_free};
static char source[8192];
static struct fail failure;

static void engine_run(uint32_t cmd)
{
	struct engine *e = &engine;
	uint64_t memory = cmd & 2 ? e->dst : e->src, buffer = cmd & 2 ? e->src : e->dst;
	uint32_t n = e->short_moves ? e->len / 2 : e->len;

	e->status = e->moved = 0;
	e->looks = 0;
	if (e->hangs)
		return;
	assert_true(buffer + n <= sizeof(e->buffer) && memory + n <= sizeof(e->memory));
	if (e->ends_with)
		n = 0;
	if (cmd & 2)
		memcpy(e->memory + memory, e->buffer + buffer, n);
	else
		memcpy(e->buffer + buffer, e->memory + memory, n);
	e->moved = n;
	e->status = ST_DONE | e->ends_with;
}

static uint64_t engine_read(void *ctx, uint64_t offset, unsigned int width)
{
	struct engine *e = ctx;

	assert_true(offset + width <= BAR_SIZE && offset % width == 0);
	e->accesses++;
	if (e->gone)
		return UINT64_MAX;
	switch (offset) {
	case 0:
		return e->id;
	case 0x20:
		return e->ones ? UINT64_MAX : e->looks++ < e->busy_looks ? 0 : e->status;
	case 0x24:
		return e->resetting;
	case 0x28:
		return e->moved;
	default:
		return offset >= 0x40 && offset < 0x60 ? e->scratch[(offset - 0x40) / 8] >> offset % 8 * 8 : 0;
	}
}

static void engine_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	struct engine *e = ctx;

	assert_true(offset + width <= BAR_SIZE && offset % width == 0);
	e->accesses++;
	e->writes++;
	if (e->gone)
		return;
	if (offset == 8)
		e->src = value;
	else if (offset == 0x10)
		e->dst = value;
	else if (offset == 0x18)
		e->len = (uint32_t)value;
	else if (offset == 0x1c)
		engine_run((uint32_t)value);
	else if (offset == 0x24) {
		e->resets++;
		e->status = 0;
		e->resetting = e->sticky_reset;
	} else if (offset >= 0x40 && offset < 0x60) {
		memcpy((char *)&e->scratch[(offset - 0x40) / 8] + offset % 8, &value, width);
	}
}

static const struct mmio_ops engine_ops = {engine_read, engine_write};

#define HEADER                    \
	"iommuctl-recipe 1\n"     \
	"name t\n"                \
	"device 1234:5678\n"      \
	"bar 0 0x100\n"           \
	"directions read write\n" \
	"max-length 4096\n"       \
	"device-buffer 4096\n"    \
	"memory page\n"           \
	"variable a\n"            \
	"variable b\n"
#define INIT                              \
	"init\n"                          \
	"\tcheck32 0 0xffffffff 0x600d\n" \
	"\twrite32 0x24 1\n"              \
	"\tpoll32 0x24 1 0 5ms\n"         \
	"end\n"
#define READ                   \
	"read\n"               \
	"\twrite64 8 src\n"    \
	"\twrite64 0x10 dst\n" \
	"\twrite32 0x18 len\n" \
	"\tdoorbell 0x1c 1\n"  \
	"end\n"
#define WRITE                  \
	"write\n"              \
	"\twrite64 8 src\n"    \
	"\twrite64 0x10 dst\n" \
	"\twrite32 0x18 len\n" \
	"\tdoorbell 0x1c 3\n"  \
	"end\n"
#define WAIT                              \
	"wait\n"                          \
	"\tpoll32 0x20 1 1\n"             \
	"\tfault-if32 0x20 4 4\n"         \
	"\tcheck32 0x20 2 0\n"            \
	"\tcheck32 0x28 0xffffffff len\n" \
	"end\n"
#define STOP                      \
	"stop\n"                  \
	"\twrite32 0x24 1\n"      \
	"\tpoll32 0x24 1 0 5ms\n" \
	"end\n"

static int take_probe(struct dev *dev, struct fail *f)
{
	struct recipe_error error;
	struct recipe *r = recipe_parse(source, strlen(source), &error);

	if (!r)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	return recipe_dev_take(dev, r, "t.recipe", dev->options, f);
}

static void engine_reset(void)
{
	memset(&engine, 0, sizeof(engine));
	memset(&ring, 0, sizeof(ring));
	memset(&failure, 0, sizeof(failure));
	engine.id = 0x600d;
	fake_idev_init(&idev, 0x1234, 0x5678);
}

static int try_open(struct dev **dev, const char *text, const char *options, uint64_t bar_size)
{
	const struct mmio mmio = {.size = bar_size, .ops = &engine_ops, .ctx = &engine};
	struct dev_ops ops = dev_recipe_ops;
	static struct dev_ops kept;

	engine_reset();
	snprintf(source, sizeof(source), "%s", text);
	kept = ops;
	kept.probe = take_probe;
	return dev_open_ops(dev, &kept, &idev.idev, options, &mmio, &env, &failure);
}

static struct dev *open_started(const char *text)
{
	struct dev *dev;

	assert_int_equal(try_open(&dev, text, "", BAR_SIZE), 0);
	assert_int_equal(dev_start(dev, &failure), 0);
	return dev;
}

static int read_one(struct dev *dev, int *status, unsigned int timeout_ms)
{
	struct dev_req r = {DEV_READ, 0x1000, 0, 256, 1};
	int err = dev_transfer(dev, 0, &r, 1, timeout_ms);

	*status = r.status;
	return err;
}

static uint64_t ms_since(uint64_t ns)
{
	return (clock_ns() - ns) / 1000000;
}

/* Where this project's own are. */
static const char *example(char *path, size_t len, const char *before, const char *name)
{
	const char *top = getenv("top_srcdir");

	snprintf(path, len, "%s%s/recipes/%s.recipe", before, top ? top : "..", name);
	return path;
}

static const char good[] = HEADER INIT READ WRITE WAIT STOP;

static void test_roundtrip(void **state)
{
	struct dev *dev = open_started(good);
	int status = -1;

	assert_string_equal(dev_name(dev), "recipe:t");
	engine.busy_looks = 3;
	for (int i = 0; i < 10000; i++)
		engine.memory[0x1003 + i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(dev_roundtrip(dev, 0, 0x1003, 0x8001, 10000, &status), 0);
	assert_int_equal(status, 0);
	assert_memory_equal(engine.memory + 0x1003, engine.memory + 0x8001, 10000);
	assert_int_equal(ring.allocated, 1);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(ring.freed, 1);
	assert_int_equal(dev_start(dev, &failure), 0);
	assert_int_equal(read_one(dev, &status, 100), 0);
	dev_close(dev);
	assert_int_equal(ring.freed, 2);
}

static void test_never_ready(void **state)
{
	struct dev *dev;

	assert_int_equal(try_open(&dev, good, "", BAR_SIZE), 0);
	engine.sticky_reset = true;
	assert_int_equal(dev_start(dev, &failure), -ETIMEDOUT);
	assert_string_equal(failure.text,
			    "t.recipe:14: register 0x24 has 0x1, whose bits 0x1 did not become 0x0 in 5 ms");
	engine.sticky_reset = false;
	dev_close(dev);
	assert_int_equal(try_open(&dev, good, "", BAR_SIZE), 0);
	engine.id = 0xbad;
	assert_int_equal(dev_start(dev, &failure), -EIO);
	assert_string_equal(failure.text,
			    "t.recipe:12: register 0x0 has 0xbad, whose bits 0xffffffff should be 0x600d");
	dev_close(dev);
}

/* The device's own error, and a length that is not the one asked for: the request fails, the engine begins anew, the next works. */
static void test_errors(void **state)
{
	struct dev *dev = open_started(good);
	unsigned int resets = engine.resets;
	int status;

	engine.ends_with = ST_ERROR;
	assert_int_equal(read_one(dev, &status, 1000), 0);
	assert_int_equal(status, -EIO);
	assert_int_equal(engine.resets, resets + 2);
	engine.ends_with = 0;
	engine.short_moves = true;
	assert_int_equal(read_one(dev, &status, 1000), 0);
	assert_int_equal(status, -EIO);
	engine.short_moves = false;
	assert_int_equal(read_one(dev, &status, 1000), 0);
	assert_int_equal(status, 0);
	engine.ends_with = ST_FAULT;
	assert_int_equal(read_one(dev, &status, 1000), 0);
	assert_int_equal(status, -EFAULT);
	engine.ends_with = ST_ERROR;
	engine.sticky_reset = true; /* it does not stop: who knows what it still does */
	assert_int_equal(read_one(dev, &status, 1000), -ETIMEDOUT);
	assert_int_equal(read_one(dev, &status, 1000), -EBUSY);
	dev_close(dev);
	assert_int_equal(ring.freed, 0);
}

static void test_stuck_busy(void **state)
{
	struct dev *dev = open_started(good);
	uint64_t begun = clock_ns();
	int status;

	engine.hangs = true;
	assert_int_equal(read_one(dev, &status, 30), -ETIMEDOUT);
	assert_in_range(ms_since(begun), 30, 3000);
	assert_int_equal(read_one(dev, &status, 30), -EBUSY);
	assert_int_equal(dev_stop(dev), 0);
	engine.hangs = false;
	assert_int_equal(dev_start(dev, &failure), 0);
	assert_int_equal(read_one(dev, &status, 1000), 0);
	assert_int_equal(status, 0);
	dev_close(dev);
}

/* A time-out that the recipe names is the engine's: stopped, it has ended. */
static void test_own_patience(void **state)
{
	struct dev *dev = open_started(HEADER INIT READ WRITE "wait\n\tpoll32 0x20 1 1 10ms\nend\n" STOP);
	uint64_t begun = clock_ns();
	int status;

	engine.hangs = true;
	assert_int_equal(read_one(dev, &status, 60000), 0);
	assert_int_equal(status, -EIO);
	assert_in_range(ms_since(begun), 10, 30000);
	engine.hangs = false;
	assert_int_equal(read_one(dev, &status, 1000), 0);
	assert_int_equal(status, 0);
	engine.hangs = true;
	assert_int_equal(read_one(dev, &status, 5), -ETIMEDOUT); /* the caller had less */
	dev_close(dev);
	dev = open_started(HEADER INIT READ WRITE "wait\n\tpoll32 0x20 1 1 10ms\nend\n" STOP);
	engine.hangs = engine.sticky_reset = true;
	assert_int_equal(read_one(dev, &status, 60000), -ETIMEDOUT);
	dev_close(dev);
}

/* A wait of many polls is no longer than its caller's patience. */
static void test_many_polls(void **state)
{
	struct dev *dev = open_started(HEADER INIT READ WRITE
				       "wait\n\trepeat 60000\n\tpoll32 0x20 0x100 0x0\n\tdelay 1ms\n\tend\nend\n" STOP);
	uint64_t begun = clock_ns();
	int status;

	assert_int_equal(read_one(dev, &status, 40), -ETIMEDOUT);
	assert_in_range(ms_since(begun), 20, 5000);
	dev_close(dev);
}

/* Nor is a delay, which nobody else bounds. */
static void test_long_delay(void **state)
{
	struct dev *dev = open_started(HEADER INIT READ WRITE "wait\n\tdelay 50s\n\tpoll32 0x20 1 1\nend\n" STOP);
	uint64_t begun = clock_ns();
	int status;

	assert_int_equal(read_one(dev, &status, 20), -ETIMEDOUT);
	assert_in_range(ms_since(begun), 0, 20000);
	dev_close(dev);
}

static int gone_config(struct iommu_device *device, unsigned int offset, unsigned int width, uint32_t *value)
{
	/* as VFIO answers: the ids come from its own copy */
	*value = offset == 4 ? fake_of(device)->command : offset ? UINT32_MAX : 0x1234;
	return 0;
}

static struct idev_ops gone_ops;

static void engine_leaves(void)
{
	engine.gone = true;
	gone_ops = *idev.idev.ops;
	gone_ops.config_read = gone_config;
	idev.idev.ops = &gone_ops;
}

static void test_gone(void **state)
{
	struct dev *dev = open_started(good);
	uint64_t begun = clock_ns();
	int status;

	engine_leaves();
	assert_int_equal(read_one(dev, &status, 60000), -ETIMEDOUT);
	assert_in_range(ms_since(begun), 0, 30000);
	dev_close(dev);
	assert_int_equal(ring.freed, 0);
	assert_int_equal(try_open(&dev, good, "", BAR_SIZE), 0);
	engine_leaves();
	assert_int_equal(dev_start(dev, &failure), -ENODEV);
	assert_non_null(strstr(failure.text, "t.recipe:12: register 0x0 reads as all ones"));
	dev_close(dev);
}

/* Memory has no value that says so: the device is asked now and then. */
static void test_gone_from_memory(void **state)
{
	struct dev *dev = open_started(HEADER INIT READ WRITE "wait\n\tpollmem32 page 0 1 1\nend\n" STOP);
	uint64_t begun = clock_ns();
	int status;

	assert_int_equal(read_one(dev, &status, 300), -ETIMEDOUT);
	assert_in_range(ms_since(begun), 300, 30000);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(dev_start(dev, &failure), 0);
	engine_leaves();
	begun = clock_ns();
	assert_int_equal(read_one(dev, &status, 60000), -ETIMEDOUT);
	assert_in_range(ms_since(begun), 0, 30000);
	dev_close(dev);
}

/* All ones of a device that is there are a value like any other. */
static void test_all_ones(void **state)
{
	struct dev *dev = open_started(HEADER INIT READ WRITE "wait\n\tpoll32 0x20 0xffffffff 0xffffffff\nend\n" STOP);
	int status;

	engine.ones = true;
	assert_int_equal(read_one(dev, &status, 1000), 0);
	assert_int_equal(status, 0);
	dev_close(dev);
}

static void test_widths_and_loops(void **state)
{
	struct dev *dev = open_started(HEADER "init\n"
					      "\twrite8 0x41 0x1ff & ~0x100\n"
					      "\twrite16 0x42 0x2222\n"
					      "\twrite32 0x44 1 + 2 * 3\n"
					      "\twrite64 0x48 ~0\n"
					      "\tset a 0\n"
					      "\trepeat 5\n"
					      "\t\trepeat 7\n"
					      "\t\t\tset a a + 1\n"
					      "\t\tend\n"
					      "\t\tset b b + 1\n"
					      "\tend\n"
					      "\twrite64 0x50 a << 32 | b\n"
					      "\tstore16 page a * 2 (a ^ b) % 11\n"
					      "\tload16 page 70 a\n"
					      "\tread16 0x42 b\n"
					      "\twrite64 0x58 (b << 16 | a) >> 64 - 64 + page - page\n"
					      "\tcheckmem16 page 70 0xffff 38 % 11\n"
					      "end\n" READ WRITE WAIT STOP);

	assert_int_equal(engine.scratch[0], 0x000000072222ff00);
	assert_int_equal(engine.scratch[1], UINT64_MAX);
	assert_int_equal(engine.scratch[2], UINT64_C(35) << 32 | 5);
	assert_int_equal(engine.scratch[3], 0x22220000 | 38 % 11);
	assert_int_equal(((uint16_t *)ring.page)[35], 38 % 11);
	dev_close(dev);
}

static void test_for_whom(void **state)
{
	struct dev *dev;

	assert_int_equal(try_open(&dev, good, "", 0x80), -EINVAL);
	assert_string_equal(failure.text, "BAR 0 of 0000:00:04.0 has 0x80 bytes, recipe t.recipe wants 0x100");
	assert_int_equal(try_open(&dev, HEADER "device 1111:2222\n" INIT READ WRITE WAIT STOP, "", BAR_SIZE), 0);
	dev_close(dev);
	assert_int_equal(try_open(&dev, good, "address-bits=13", BAR_SIZE), 0);
	assert_int_equal(dev_limits(dev)->max_iova, 0x1fff);
	dev_close(dev);
	assert_int_equal(try_open(&dev, good, "max=2K,address-bits=64", BAR_SIZE), 0);
	assert_int_equal(dev_limits(dev)->max_len, 2048);
	assert_true(dev_limits(dev)->max_iova == UINT64_MAX);
	dev_close(dev);
	assert_int_equal(try_open(&dev, good, "address-bits=65", BAR_SIZE), -EINVAL);
	assert_int_equal(try_open(&dev, good, "max=8K", BAR_SIZE), -EINVAL);
	assert_int_equal(try_open(&dev, good, "max=0", BAR_SIZE), -EINVAL);
	assert_int_equal(try_open(&dev, good, "mask=3", BAR_SIZE), -EINVAL);
	assert_non_null(strstr(failure.hint, "address-bits=BITS"));
	assert_int_equal(try_open(&dev, good, "a,,b", BAR_SIZE), -EINVAL);
}

static void test_other_device(void **state)
{
	struct dev *dev;
	char spec[512];

	engine_reset();
	fake_idev_init(&idev, 0x8086, 0x10d3);
	assert_int_equal(dev_open(&dev, &idev.idev, "recipe:/nonexistent/with,,comma,max=1", &env, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "/nonexistent/with,comma"));
	assert_int_equal(dev_open(&dev, &idev.idev, "recipe", &env, &failure), -EINVAL);
	assert_int_equal(dev_open(&dev, &idev.idev, "recipe,max=1", &env, &failure), -EINVAL);
	assert_int_equal(dev_open(&dev, &idev.idev, "edu:file", &env, &failure), -EINVAL);
	assert_int_equal(dev_open(&dev, &idev.idev, example(spec, sizeof(spec), "recipe:", "edu"), &env, &failure),
			 -ENODEV);
	assert_non_null(strstr(failure.hint, "1234:11e8"));
}

/* What the page, the BAR and the numbers of steps bound is bounded when it is known: at run time. */
static void test_run_bounds(void **state)
{
	static const struct {
		const char *init;
		int err;
	} bad[] = {
		{"set a 4096\n\tstore32 page a 0x11111111\n", -EIO},
		{"set a 4094\n\tstore32 page a 0x11111111\n", -EIO},
		{"set a ~0\n\tstore8 page a 1\n", -EIO},
		{"set a ~3\n\tstore32 page a 1\n", -EIO},
		{"set a 2\n\tstore32 page a 1\n", -EIO},
		{"set a 1 << 63\n\tload64 page a b\n", -EIO},
		{"set a 4093\n\tpollmem16 page a 1 0 1ms\n", -EIO},
		{"set a 0\n\tstore32 page 8 % a 1\n", -EIO},
		{"set a 0\n\tstore32 page 8 7 % a\n", -EIO},
		{"set a 0\n\twrite32 0x40 7 % a\n", -EIO},
		{"set b 7 % a\n", -EIO},
	};
	static const uint32_t zeros[1024];
	char text[4096];
	struct dev *dev;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), HEADER "init\n\tset a 0\n\t%send\n" READ WRITE WAIT STOP, bad[i].init);
		assert_int_equal(try_open(&dev, text, "", BAR_SIZE), 0);
		assert_int_equal(dev_start(dev, &failure), bad[i].err);
		assert_non_null(strstr(failure.text, "t.recipe:1"));
		assert_memory_equal(ring.page, zeros, sizeof(zeros));
		assert_int_equal(engine.scratch[0], 0);
		dev_close(dev);
	}
}

/* The examples are recipes, and sound. */
static void test_examples(void **state)
{
	static const char *const names[] = {"edu", "lsi", "nvme-identify"};
	char path[512];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct recipe_run run;
		struct recipe *r;

		assert_int_equal(recipe_load(&r, example(path, sizeof(path), "", names[i]), &failure), 0);
		assert_string_equal(r->name, names[i]);
		assert_int_equal(recipe_run_init(&run, r, path, &failure), 0);
		recipe_run_free(&run);
		recipe_free(r);
	}
}

/* A fault of the recipe's own in wait: it does not say that the device refused. */
static void test_unsound_wait(void **state)
{
	static const char *const waits[] = {
		"wait\n\tcheck32 0x20 1 1 % (len - len)\nend\n",
		"wait\n\tpoll32 0x20 1 1\n\tfault-if32 0x20 2 0 % (len - len)\nend\n",
	};
	char text[4096];
	struct dev *dev;
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		snprintf(text, sizeof(text), "%s%s%s%s%s%s", HEADER, INIT, READ, WRITE, waits[i], STOP);
		dev = open_started(text);
		assert_int_equal(read_one(dev, &status, 100), 0);
		assert_int_equal(status, -EIO);
		dev_close(dev);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roundtrip),	 cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_errors),		 cmocka_unit_test(test_stuck_busy),
		cmocka_unit_test(test_own_patience),	 cmocka_unit_test(test_many_polls),
		cmocka_unit_test(test_long_delay),	 cmocka_unit_test(test_gone),
		cmocka_unit_test(test_gone_from_memory), cmocka_unit_test(test_all_ones),
		cmocka_unit_test(test_widths_and_loops), cmocka_unit_test(test_for_whom),
		cmocka_unit_test(test_other_device),	 cmocka_unit_test(test_run_bounds),
		cmocka_unit_test(test_unsound_wait),	 cmocka_unit_test(test_examples),
	};

	msg_set_level(MSG_QUIET);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
