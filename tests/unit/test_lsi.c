/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev/lsi on a model of the chip: scripts are fetched and run, end late, fail in the middle, never end, or the chip goes. */
#include "unit.h"

#include "dev/driver.h"
#include "fake_idev.h"

struct lsi_model {
	uint8_t memory[65536]; /* from IOVA 0x10000 */
	uint8_t dstat, istat, dien;
	uint32_t dsp, scratch;
	unsigned int kicks, resets, moves;
	unsigned int fail_at; /* move number (from 1) that ends with fail_dstat */
	uint8_t fail_dstat;
	unsigned int late; /* ISTAT reads before the end of a script shows */
	bool hangs, gone, dead_scratch;
	/* a SCSI interrupt comes into the script, which ends after so many more ISTAT reads, or not (-1); an abort ends it */
	bool scsi, aborting, deaf;
	int goes_on;
	unsigned int istat_reads, dstat_reads, aborts;
	/* fetches with these numbers, from 0 in each script, do not get through: they read zero */
	unsigned int fetches, blocked, unblocked;
	bool strayed; /* what is no instruction of ours was taken for one */
};

static struct lsi_model model;
static struct fake_idev idev;
static struct fake_ring ring;
static const struct dev_env env = {&ring, fake_ring_alloc, fake_ring_free};

static void model_end(struct lsi_model *m, uint8_t dstat)
{
	if (m->scsi) {
		m->istat |= 2;
		m->fail_dstat = dstat; /* for later */
		return;
	}
	m->dstat = dstat;
	m->istat |= 1;
}

/* One look at ISTAT: time passes for a script that a SCSI interrupt came into. */
static uint8_t model_istat(struct lsi_model *m)
{
	m->istat_reads++;
	if (m->istat && m->late) {
		m->late--;
		return 0;
	}
	/* the end is held back behind a SCSI interrupt that nobody took */
	if (m->scsi && !(m->istat & 2) && m->goes_on >= 0 && m->goes_on-- == 0) {
		m->scsi = false;
		model_end(m, m->fail_dstat);
	}
	return m->istat;
}

static void model_abort(struct lsi_model *m, bool set)
{
	m->aborting = set;
	if (!set)
		return;
	m->aborts++;
	if (m->deaf)
		return;
	m->scsi = false;
	model_end(m, 0x10);
}

static uint32_t model_fetch(struct lsi_model *m, uint32_t at)
{
	unsigned int n = m->fetches++;

	assert_int_equal(at % 4, 0);
	/* behind the page nothing is mapped */
	if ((n >= m->blocked && n < m->unblocked) || at < FAKE_RING_IOVA || at >= FAKE_RING_IOVA + 4096)
		return 0;
	return ring.page[(at - FAKE_RING_IOVA) / 4];
}

static void model_move(struct lsi_model *m, uint32_t src, uint32_t len)
{
	uint32_t dst = model_fetch(m, m->dsp);

	m->dsp += 4;
	/* an address that could not be read is zero: nothing is there */
	if (src < 0x10000 || dst < 0x10000)
		return;
	memmove(&m->memory[dst - 0x10000], &m->memory[src - 0x10000], len);
	m->moves++;
}

/* As QEMU's chip: empty dwords are skipped one by one, an instruction takes two, a move three. Returns false at the end. */
static bool model_step(struct lsi_model *m, unsigned int *nth)
{
	uint32_t insn = model_fetch(m, m->dsp), operand;

	m->dsp += 4;
	if (!insn)
		return true;
	operand = model_fetch(m, m->dsp);
	m->dsp += 4;
	if (insn == 0x80880000) {
		m->dsp += operand & 0xffffff;
	} else if (insn == 0x98080000) {
		model_end(m, 0x84);
		return false;
	} else if (insn == 0xa0080000) {
		model_end(m, 0x81);
		return false;
	} else if (insn >> 24 == 0xc0) {
		if (++*nth == m->fail_at) {
			m->dsp += 4;
			model_end(m, m->fail_dstat);
			return false;
		}
		model_move(m, operand, insn & 0xffffff);
	} else if (insn >> 16 != 0x8000) {
		/* anything may come of it; mostly the chip waits for something that never comes */
		m->strayed = true;
		return false;
	}
	return true;
}

static void model_run(struct lsi_model *m)
{
	unsigned int nth = 0;

	m->fetches = 0;
	m->strayed = false;
	while (model_step(m, &nth))
		if (m->dsp > FAKE_RING_IOVA + 65536)
			return; /* it runs away, for ever */
}

static uint64_t model_read(void *ctx, uint64_t offset, unsigned int width)
{
	struct lsi_model *m = ctx;
	uint8_t dstat = m->dstat;

	if (m->gone)
		return UINT64_MAX;
	switch (offset) {
	case 0x0c:
		m->dstat_reads++;
		/* never while a script runs, nor with the abort bit on */
		assert_true(m->istat & 1);
		assert_false(m->aborting);
		m->dstat = 0;
		m->istat &= (uint8_t)~1;
		return dstat | 0x80;
	case 0x14:
		return model_istat(m);
	case 0x2c:
		return m->dsp;
	case 0x34:
		return m->dead_scratch ? 0 : m->scratch;
	case 0x42:
	case 0x43:
		m->istat &= (uint8_t)~2;
		return 0;
	default:
		fail_msg("read of 0x%lx", (unsigned long)offset);
		return 0;
	}
}

static void model_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	struct lsi_model *m = ctx;

	switch (offset) {
	case 0x14:
		if (value & 0x40) {
			m->resets++;
			m->dstat = m->istat = 0;
			m->dsp = 0;
			m->scsi = false;
		}
		model_abort(m, value & 0x80);
		break;
	case 0x2c:
		m->kicks++;
		m->dsp = (uint32_t)value;
		if (!m->hangs)
			model_run(m);
		break;
	case 0x34:
		m->scratch = (uint32_t)value;
		break;
	case 0x39:
		m->dien = (uint8_t)value;
		break;
	case 0x38:
	case 0x3b:
	case 0x40:
	case 0x41:
		assert_int_equal(value, 0);
		break;
	default:
		fail_msg("write to 0x%lx", (unsigned long)offset);
	}
}

static const struct mmio_ops model_ops = {model_read, model_write};

static struct dev *open_lsi(void)
{
	const struct mmio mmio = {.size = 0x400, .ops = &model_ops, .ctx = &model};
	struct dev *dev;

	memset(&model, 0, sizeof(model));
	memset(&ring, 0, sizeof(ring));
	model.dien = 0xff;
	fake_idev_init(&idev, 0x1000, 0x0012);
	assert_int_equal(dev_open_ops(&dev, &dev_lsi_ops, &idev.idev, "", &mmio, &env, NULL), 0);
	return dev;
}

static struct dev *start_lsi(void)
{
	struct dev *dev = open_lsi();

	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(ring.asked_max, UINT32_MAX);
	assert_int_equal(model.dien, 0);
	return dev;
}

static void test_copy(void **state)
{
	struct dev *dev = start_lsi();
	int status = -1;

	for (int i = 0; i < 8192; i++)
		model.memory[i] = (uint8_t)(i * 31 + i / 256);
	model.late = 3;
	assert_int_equal(dev_roundtrip(dev, 0, 0x10000, 0x14000, 8192, &status), 0);
	assert_int_equal(status, 0);
	assert_memory_equal(model.memory, model.memory + 0x4000, 8192);
	assert_int_equal(model.kicks, 1);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(ring.allocated, 1);
	assert_int_equal(ring.freed, 1);
	assert_int_equal(idev.command & 4, 0);
	dev_close(dev);
	assert_int_equal(ring.freed, 1);
}

static void test_batch(void **state)
{
	struct dev *dev = start_lsi();
	struct dev_req reqs[301];

	for (unsigned int i = 0; i < 301; i++) {
		model.memory[i] = (uint8_t)(i + 1);
		reqs[i] = (struct dev_req){DEV_COPY, 0x10000 + i, 0x12000 + 2 * i, 1, 99};
	}
	assert_int_equal(dev_transfer(dev, 0, reqs, 301, 100), -ERANGE);
	assert_int_equal(model.kicks, 0);
	assert_int_equal(dev_transfer(dev, 0, reqs, 300, 100), 0);
	assert_int_equal(model.kicks, 1);
	assert_int_equal(model.moves, 300);
	for (unsigned int i = 0; i < 300; i++) {
		assert_int_equal(reqs[i].status, 0);
		assert_int_equal(model.memory[0x2000 + 2 * i], (uint8_t)(i + 1));
	}
	assert_int_equal(reqs[300].status, 99);
	dev_close(dev);
}

static void test_limits(void **state)
{
	struct dev_req r = {DEV_COPY, 0x10000, 0x12000, 1 << 24, 0};
	struct dev *dev = start_lsi();

	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -ERANGE);
	r = (struct dev_req){DEV_COPY, 0x10000, UINT32_MAX, 2, 0};
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -ERANGE);
	r = (struct dev_req){DEV_READ, 0x10000, 0, 2, 0};
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -EINVAL);
	assert_int_equal(model.kicks, 0);
	dev_close(dev);
}

static void test_errors(void **state)
{
	static const uint8_t dstats[] = {0x81, 0xa0, 0x90, 0xc0};
	struct dev_req reqs[3];
	struct dev *dev = start_lsi();

	for (size_t i = 0; i < ARRAY_SIZE(dstats); i++) {
		for (unsigned int k = 0; k < 3; k++)
			reqs[k] = (struct dev_req){DEV_COPY, 0x10000, 0x12000 + 64 * k, 64, 0};
		model.fail_at = 2;
		model.fail_dstat = dstats[i];
		assert_int_equal(dev_transfer(dev, 0, reqs, 3, 100), 0);
		assert_int_equal(reqs[0].status, 0);
		assert_int_equal(reqs[1].status, -EIO);
		assert_int_equal(reqs[2].status, -EIO);
		/* what a script that went wrong did to the registers is undone */
		assert_int_equal(model.resets, i + 3);
	}
	dev_close(dev);
}

/* The good path reads ISTAT once and DSTAT once. */
static void test_reads(void **state)
{
	struct dev_req r = {DEV_COPY, 0x10000, 0x12000, 64, 0};
	struct dev *dev = start_lsi();

	model.istat_reads = model.dstat_reads = 0;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), 0);
	assert_int_equal(model.istat_reads, 1);
	assert_int_equal(model.dstat_reads, 1);
	dev_close(dev);
}

/* The SCSI side interrupts in mid-script: that is no end. */
static void test_scsi_interrupt(void **state)
{
	struct dev_req reqs[3];
	struct dev *dev = start_lsi();

	for (unsigned int k = 0; k < 3; k++)
		reqs[k] = (struct dev_req){DEV_COPY, 0x10000, 0x12000 + 64 * k, 64, 99};
	/* the script goes on and ends well */
	model.scsi = true;
	model.goes_on = 5;
	assert_int_equal(dev_transfer(dev, 0, reqs, 3, 1000), 0);
	assert_int_equal(reqs[0].status, 0);
	assert_int_equal(reqs[2].status, 0);
	assert_int_equal(model.aborts, 0);
	/* goes on and ends badly */
	model.scsi = true;
	model.goes_on = 5;
	model.fail_at = 2;
	model.fail_dstat = 0xa0;
	assert_int_equal(dev_transfer(dev, 0, reqs, 3, 1000), 0);
	assert_int_equal(reqs[0].status, 0);
	assert_int_equal(reqs[1].status, -EIO);
	assert_int_equal(model.aborts, 0);
	/* halted: aborted, and told as an error */
	model.scsi = true;
	model.fail_at = 1;
	model.goes_on = -1;
	assert_int_equal(dev_transfer(dev, 0, reqs, 3, 5), 0);
	assert_int_equal(model.aborts, 1);
	for (unsigned int k = 0; k < 3; k++)
		assert_int_equal(reqs[k].status, -EIO);
	assert_int_equal(model.istat, 0);
	/* nothing of it is left for the next one */
	model.fail_at = 0;
	assert_int_equal(dev_transfer(dev, 0, reqs, 3, 100), 0);
	assert_int_equal(reqs[2].status, 0);
	/* no answer to the abort either: nobody says that the DMA has ended */
	model.scsi = model.deaf = true;
	assert_int_equal(dev_transfer(dev, 0, reqs, 3, 5), -ETIMEDOUT);
	assert_int_equal(model.aborts, 2);
	assert_int_equal(dev_stop(dev), 0);
	dev_close(dev);
}

static void test_hang(void **state)
{
	struct dev_req r = {DEV_COPY, 0x10000, 0x12000, 64, 0};
	struct dev *dev = start_lsi();

	/* aborted and reset: over, and an error */
	model.hangs = true;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 5), 0);
	assert_int_equal(r.status, -EIO);
	assert_int_equal(model.aborts, 1);
	assert_int_equal(model.istat, 0);
	assert_int_equal(model.resets, 3);
	model.hangs = false;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), 0);
	assert_int_equal(r.status, 0);
	assert_int_equal(model.resets, 3);
	/* no answer to the abort: nobody says that the DMA has ended */
	model.hangs = model.deaf = true;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 5), -ETIMEDOUT);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(ring.freed, 1);
	model.hangs = false;
	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), 0);
	dev_close(dev);
	assert_int_equal(ring.freed, 2);
}

/*
 * Fetches fail from the start on, and get through again after so many. Whatever the chip then comes upon first, it stops without
 * a trace in memory, and the next transfer is as ever.
 */
static void test_unfetched(void **state)
{
	struct dev_req r = {DEV_COPY, 0x10000, 0x12000, 64, 0};
	struct dev *dev = start_lsi();
	unsigned int stopped = 0, strayed = 0, ended = 0, ran = 0;

	for (unsigned int n = 1; n <= 1030; n++) {
		memset(model.memory, 0x11, 0x2000);
		memset(model.memory + 0x2000, 0x22, 0x2000);
		model.unblocked = n;
		model.moves = model.aborts = model.resets = 0;
		assert_int_equal(dev_transfer(dev, 0, &r, 1, 0), 0);
		assert_int_equal(model.moves, n == 120); /* it got to the program when that could be fetched */
		assert_int_equal(model.memory[0x2000], n == 120 ? 0x11 : 0x22);
		/* reset, unless it came upon the end mark, which tells nothing of what was not fetched before */
		assert_int_equal(model.resets, r.status == 0 ? 0 : 1);
		ended += r.status == 0;
		strayed += model.strayed;
		stopped += r.status && !model.aborts;
		ran += model.aborts && !model.strayed;

		model.unblocked = 0;
		assert_int_equal(dev_transfer(dev, 0, &r, 1, 0), 0);
		assert_int_equal(r.status, 0);
		assert_memory_equal(model.memory + 0x2000, model.memory, 64);
		assert_int_equal(model.memory[0x2040], 0x22);
	}
	/* at its two addresses, at its end mark, at the page's last dwords and behind them */
	assert_int_equal(strayed, 2);
	assert_int_equal(ended, 2);
	assert_int_equal(ran, 7);
	assert_int_equal(stopped, 1030 - 11);
	dev_close(dev);
}

/* A shorter program after a longer one: nothing of the longer one is left behind its end. */
static void test_shorter(void **state)
{
	struct dev_req reqs[300];
	struct dev *dev = start_lsi();

	for (unsigned int i = 0; i < 300; i++)
		reqs[i] = (struct dev_req){DEV_COPY, 0x10000, 0x12000 + 64 * i, 64, 0};
	for (unsigned int n = 300; n; n /= 2) {
		assert_int_equal(dev_transfer(dev, 0, reqs, n, 100), 0);
		for (unsigned int at = 120 + 3 * n + 2; at < 1024; at++)
			assert_int_equal(ring.page[at], 0xa0080000);
	}
	dev_close(dev);
}

static void test_gone(void **state)
{
	struct dev_req r = {DEV_COPY, 0x10000, 0x12000, 64, 0};
	struct dev *dev = start_lsi();

	model.gone = true;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 5), -ETIMEDOUT);
	assert_int_equal(dev_stop(dev), -EBUSY);
	assert_int_equal(ring.freed, 0);
	dev_close(dev);
	assert_int_equal(ring.freed, 0);
}

static void test_no_chip(void **state)
{
	struct dev *dev = open_lsi();

	model.dead_scratch = true;
	assert_int_equal(dev_start(dev, NULL), -ENODEV);
	assert_int_equal(ring.allocated, 0);
	assert_int_equal(idev.command & 4, 0);
	dev_close(dev);
	assert_int_equal(dev_open_ops(&dev, &dev_lsi_ops, &idev.idev, "fast=1", NULL, &env, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),	  cmocka_unit_test(test_batch),	  cmocka_unit_test(test_limits),
		cmocka_unit_test(test_errors),	  cmocka_unit_test(test_hang),	  cmocka_unit_test(test_gone),
		cmocka_unit_test(test_no_chip),	  cmocka_unit_test(test_reads),	  cmocka_unit_test(test_scsi_interrupt),
		cmocka_unit_test(test_unfetched), cmocka_unit_test(test_shorter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
