/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev/edu on a model of the device: the register protocol, the limits, and a device that never ends. */
#include "unit.h"

#include "dev/driver.h"
#include "fake_idev.h"

/* The device as QEMU's hw/misc/edu.c has it: 64 KiB of memory from IOVA 0, a buffer at 0x40000. */
struct edu_model {
	uint8_t memory[65536], buffer[4096];
	uint64_t src, dst, count, cmd;
	uint32_t id;
	unsigned int busy_polls; /* looks at cmd until a transfer ends */
	bool hangs, overrun;
};

static void model_run(struct edu_model *m)
{
	bool out = m->cmd & 2;
	uint64_t buffer = (out ? m->src : m->dst) - 0x40000, memory = out ? m->dst : m->src;

	/* 7.2 aborts when the end touches 0x41000 */
	if (buffer + m->count >= sizeof(m->buffer) || memory + m->count > sizeof(m->memory))
		m->overrun = true;
	else if (out)
		memcpy(m->memory + memory, m->buffer + buffer, m->count);
	else
		memcpy(m->buffer + buffer, m->memory + memory, m->count);
}

static uint64_t model_read(void *ctx, uint64_t offset, unsigned int width)
{
	struct edu_model *m = ctx;

	if (offset == 0)
		return m->id;
	assert_int_equal(offset, 0x98);
	if ((m->cmd & 1) && !m->hangs && m->busy_polls-- == 0) {
		model_run(m);
		m->cmd &= ~UINT64_C(1);
	}
	return m->cmd;
}

static void model_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	struct edu_model *m = ctx;

	assert_true(offset >= 0x80 && width >= 4);
	if (m->cmd & 1)
		return; /* ignored while it runs */
	switch (offset) {
	case 0x80:
		m->src = value;
		break;
	case 0x88:
		m->dst = value;
		break;
	case 0x90:
		m->count = value;
		break;
	case 0x98:
		m->cmd = value;
		m->busy_polls = 2;
		break;
	default:
		fail_msg("write to 0x%lx", (unsigned long)offset);
	}
}

static const struct mmio_ops model_ops = {model_read, model_write};
static struct edu_model model;
static struct fake_idev idev;

static struct dev *open_edu(const char *options)
{
	const struct mmio mmio = {.size = 0x100000, .ops = &model_ops, .ctx = &model};
	struct dev *dev;

	memset(&model, 0, sizeof(model));
	model.id = 0x010000ed;
	fake_idev_init(&idev, 0x1234, 0x11e8);
	assert_int_equal(dev_open_ops(&dev, &dev_edu_ops, &idev.idev, options, &mmio, NULL, NULL), 0);
	return dev;
}

static void test_roundtrip(void **state)
{
	struct dev *dev = open_edu("");
	int status = -1;

	assert_int_equal(dev_start(dev, NULL), 0);
	for (int i = 0; i < 10000; i++)
		model.memory[0x1003 + i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(dev_roundtrip(dev, 0, 0x1003, 0x8001, 10000, &status), 0);
	assert_int_equal(status, 0);
	assert_memory_equal(model.memory + 0x1003, model.memory + 0x8001, 10000);
	assert_int_equal(model.memory[0x8000], 0);
	assert_int_equal(model.memory[0x8001 + 10000], 0);
	assert_false(model.overrun);
	dev_close(dev);
}

static void test_limits(void **state)
{
	struct dev_req r = {DEV_READ, 0x1000, 0, 4033, 0};
	struct dev *dev = open_edu("");

	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -ERANGE);
	r.len = 4032;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), 0);
	r.src = (1u << 28) - 4031; /* one byte past the mask */
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -ERANGE);
	r = (struct dev_req){DEV_COPY, 0x1000, 0x2000, 8, 0};
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -EINVAL);
	assert_false(dev_limits(dev)->reports_faults);
	dev_close(dev);
}

static void test_mask(void **state)
{
	static const char *const bad[] = {"mask=19", "mask=65",	 "mask=x",   "mask",
					  "mask=",   "maske=28", "mask=28,", "=4"};
	const struct mmio mmio = {.size = 0x100000, .ops = &model_ops, .ctx = &model};
	struct dev *dev = open_edu("mask=64");

	assert_true(dev_limits(dev)->max_iova == UINT64_MAX);
	dev_close(dev);
	dev = open_edu("mask=32");
	assert_int_equal(dev_limits(dev)->max_iova, UINT32_MAX);
	dev_close(dev);
	dev = open_edu("");
	assert_int_equal(dev_limits(dev)->max_iova, 0xfffffff);
	dev_close(dev);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fail f = {0};

		assert_int_equal(dev_open_ops(&dev, &dev_edu_ops, &idev.idev, bad[i], &mmio, NULL, &f), -EINVAL);
		assert_null(dev);
		assert_non_null(strstr(f.hint, "mask=BITS"));
	}
}

static void test_wrong_id(void **state)
{
	struct dev *dev = open_edu("");
	struct fail f = {0};

	model.id = 0xffffffff;
	assert_int_equal(dev_start(dev, &f), -ENODEV);
	assert_non_null(strstr(f.text, "0xffffffff"));
	assert_int_equal(idev.command & 4, 0);
	dev_close(dev);
}

static void test_hang(void **state)
{
	struct dev_req r = {DEV_READ, 0x1000, 0, 64, 0};
	struct dev *dev = open_edu("");

	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(idev.command & 6, 6);
	model.hangs = true;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 5), -ETIMEDOUT);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 5), -EBUSY);
	/* no reset, the transfer does not end: bus master off, and the caller is told to keep the memory */
	assert_int_equal(dev_stop(dev), -EBUSY);
	assert_int_equal(idev.command & 4, 0);
	dev_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roundtrip), cmocka_unit_test(test_limits), cmocka_unit_test(test_mask),
		cmocka_unit_test(test_wrong_id),  cmocka_unit_test(test_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
