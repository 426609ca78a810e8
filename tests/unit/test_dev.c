/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev: limits checked before every driver call, transfers cut to fit, states, the way out, threads on one queue. */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>

#include "base/rng.h"
#include "dev/driver.h"
#include "fake_idev.h"

/* A driver that holds every request against the limits, and moves bytes in an array. */
static struct {
	uint8_t memory[65536], buffer[4096];
	int init_err, stop_err, wait_err;
	bool reset_helps; /* a reset makes stop succeed */
	unsigned int quiets;
	int quiet_err;
	bool wants_ring;
	void *ring;
	unsigned int fail_after; /* requests that end well before one with -EIO; 0 = all */
	unsigned int requests, submits, stops, removes;
	_Atomic int inside;
} drv;

static struct fake_idev idev;
static struct dev_ops ops;
static struct fake_ring rings;

static bool drv_match(const struct iommu_device_id *id)
{
	return false;
}

static int drv_probe(struct dev *dev, struct fail *f)
{
	return 0;
}

/* What an earlier owner left running is ended while it cannot reach memory. */
static int drv_quiet(struct dev *dev, struct fail *f)
{
	assert_int_equal(idev.command & 6, 2);
	drv.quiets++;
	return drv.quiet_err ? fail_set(f, drv.quiet_err, "not quiet") : 0;
}

static int drv_init(struct dev *dev, struct fail *f)
{
	iova_t iova;

	if (drv.wants_ring)
		assert_int_equal(dev->env->ring_alloc(dev->env->ctx, 0xffff, &drv.ring, &iova, f), 0);
	return drv.init_err ? fail_set(f, drv.init_err, "no init") : 0;
}

static int drv_stop(struct dev *dev)
{
	drv.stops++;
	if (!drv.stop_err && drv.ring) {
		dev->env->ring_free(dev->env->ctx, drv.ring);
		drv.ring = NULL;
	}
	return drv.stop_err;
}

static void drv_remove(struct dev *dev)
{
	drv.removes++;
}

static uint8_t *drv_end(bool is_buffer, uint64_t at, uint64_t len, uint64_t room)
{
	assert_true(at + len <= (is_buffer ? room : sizeof(drv.memory)));
	return (is_buffer ? drv.buffer : drv.memory) + at;
}

static void drv_do(const struct dev_limits *l, struct dev_req *r)
{
	uint8_t *src = drv_end(r->dir == DEV_WRITE, r->src, r->len, l->buffer);
	uint8_t *dst = drv_end(r->dir == DEV_READ, r->dst, r->len, l->buffer);

	assert_true(r->len >= l->min_len && r->len <= l->max_len && r->len % l->align == 0);
	assert_true(r->src % l->align == 0 && r->dst % l->align == 0 && (l->dirs & r->dir));
	memmove(dst, src, r->len);
	drv.requests++;
	r->status = drv.fail_after && drv.requests > drv.fail_after ? -EIO : 0;
}

static int drv_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	assert_int_equal(drv.inside++, 0);
	assert_true(n >= 1 && n <= dev->limits.depth);
	drv.submits++;
	for (unsigned int i = 0; i < n; i++)
		drv_do(&dev->limits, &reqs[i]);
	return 0;
}

static int drv_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	drv.inside--;
	return drv.wait_err;
}

/* Rings go back to where they came from when the device may no longer reach them. */
static void drv_ring_free(void *ctx, void *va)
{
	assert_int_equal(idev.command & 4, 0);
	fake_ring_free(ctx, va);
}

static const struct dev_env env = {.ctx = &rings, .ring_alloc = fake_ring_alloc, .ring_free = drv_ring_free};

static void drv_on_reset(void *ctx)
{
	if (drv.reset_helps)
		drv.stop_err = 0;
}

static struct dev *open_dev(struct dev_limits limits)
{
	struct dev *dev;

	memset(&drv, 0, sizeof(drv));
	memset(&rings, 0, sizeof(rings));
	fake_idev_init(&idev, 1, 2);
	idev.on_reset = drv_on_reset;
	ops = (struct dev_ops){.name = "fake",
			       .limits = limits,
			       .match = drv_match,
			       .probe = drv_probe,
			       .quiet = drv_quiet,
			       .init = drv_init,
			       .stop = drv_stop,
			       .remove = drv_remove,
			       .submit = drv_submit,
			       .wait = drv_wait};
	assert_int_equal(dev_open_ops(&dev, &ops, &idev.idev, "", NULL, &env, NULL), 0);
	return dev;
}

static const struct dev_limits plain = {.min_len = 4,
					.max_len = 256,
					.align = 4,
					.max_iova = 0xffff,
					.depth = 4,
					.queues = 1,
					.dirs = DEV_READ | DEV_WRITE | DEV_COPY,
					.buffer = 1024};

static void test_checks(void **state)
{
	static const struct {
		struct dev_req req;
		int err;
	} cases[] = {
		{{DEV_COPY, 0x1000, 0x2000, 256, 0}, 0},
		{{DEV_COPY, 0x1000, 0x2000, 260, 0}, -ERANGE},
		{{DEV_COPY, 0x1000, 0x2000, 0, 0}, -ERANGE},
		{{DEV_COPY, 0x1000, 0x2000, 6, 0}, -EINVAL},
		{{DEV_COPY, 0x1002, 0x2000, 8, 0}, -EINVAL},
		{{DEV_COPY, 0x1000, 0x2002, 8, 0}, -EINVAL},
		{{DEV_COPY, 0xfffc, 0x2000, 4, 0}, 0},
		{{DEV_COPY, 0xfffc, 0x2000, 8, 0}, -ERANGE},
		{{DEV_COPY, 0x1000, 0xfffc, 8, 0}, -ERANGE},
		{{DEV_COPY, UINT64_MAX - 3, 0x2000, 8, 0}, -ERANGE},
		{{DEV_READ, 0x1000, 1020, 4, 0}, 0},
		{{DEV_READ, 0x1000, 1020, 8, 0}, -ERANGE},
		{{DEV_WRITE, 1020, 0x1000, 8, 0}, -ERANGE},
		{{DEV_READ | DEV_WRITE, 0, 0, 8, 0}, -EINVAL},
		{{0, 0, 0, 8, 0}, -EINVAL},
		{{8, 0, 0, 8, 0}, -EINVAL},
	};
	struct dev *dev = open_dev(plain);

	assert_int_equal(dev_start(dev, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dev_req r = cases[i].req;
		unsigned int before = drv.requests;

		assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), cases[i].err);
		assert_int_equal(drv.requests - before, cases[i].err == 0);
	}
	dev_close(dev);
}

static void test_counts(void **state)
{
	struct dev *dev = open_dev(plain);
	struct dev_req r[5];

	for (unsigned int i = 0; i < 5; i++)
		r[i] = (struct dev_req){DEV_COPY, 0x1000, 0x2000, 8, 0};
	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(dev_transfer(dev, 0, r, 0, 100), -EINVAL);
	assert_int_equal(dev_transfer(dev, 0, r, 5, 100), -ERANGE);
	assert_int_equal(dev_transfer(dev, 1, r, 1, 100), -EINVAL);
	r[3].len = 3; /* one bad request: none is issued */
	assert_int_equal(dev_transfer(dev, 0, r, 4, 100), -ERANGE);
	assert_int_equal(drv.requests, 0);
	r[3].len = 8;
	assert_int_equal(dev_transfer(dev, 0, r, 4, 100), 0);
	assert_int_equal(drv.requests, 4);
	dev_close(dev);
}

/* Every mix of limits: the bytes arrive, nothing beside them is touched, each request fits (asserted by the driver). */
static void test_roundtrip_pieces(void **state)
{
	for (uint64_t op = 0; op < 3000; op++) {
		struct dev_limits l = plain;
		struct dev *dev;
		uint64_t len, src, dst;
		int status = 1;

		l.align = UINT64_C(1) << rng_below(rng_draw(5, op, 0), 4);
		l.min_len = l.align * rng_between(rng_draw(5, op, 1), 1, 3);
		l.max_len = 2 * l.min_len + rng_below(rng_draw(5, op, 2), 600);
		l.depth = 1 + (unsigned int)rng_below(rng_draw(5, op, 3), 100);
		l.buffer = l.max_len + rng_below(rng_draw(5, op, 4), 2000);
		l.dirs = op % 2 ? DEV_COPY : DEV_READ | DEV_WRITE;
		if (l.dirs != DEV_COPY)
			l.min_len = l.align; /* through a buffer the last piece may be any size */
		len = l.min_len + l.align * rng_below(rng_draw(5, op, 5), 8000 / l.align);
		src = 4096 + l.align * rng_below(rng_draw(5, op, 6), 100);
		dst = 32768 + l.align * rng_below(rng_draw(5, op, 7), 100);
		dev = open_dev(l);
		assert_int_equal(dev_start(dev, NULL), 0);
		for (uint64_t i = 0; i < len; i++)
			drv.memory[src + i] = (uint8_t)(1 + rng_draw(5, op, 1000 + i / 8) % 255);
		assert_int_equal(dev_roundtrip(dev, 0, src, dst, len, &status), 0);
		assert_int_equal(status, 0);
		assert_memory_equal(drv.memory + src, drv.memory + dst, len);
		assert_int_equal(drv.memory[dst - 1], 0);
		assert_int_equal(drv.memory[dst + len], 0);
		dev_close(dev);
	}
}

static void test_roundtrip_edges(void **state)
{
	struct dev_limits l = plain;
	struct dev *dev = open_dev(plain);
	int status;

	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(dev_roundtrip(dev, 0, 0, 0x2000, 0, &status), -ERANGE);
	assert_int_equal(dev_roundtrip(dev, 0, 0, 0x2000, 1022, &status), -EINVAL);
	assert_int_equal(dev_roundtrip(dev, 0, 0, 0xfff0, 1024, &status), -ERANGE);
	/* 8 pieces, the sixth fails: the rest is still moved, the status is kept */
	drv.fail_after = drv.requests + 5;
	assert_int_equal(dev_roundtrip(dev, 0, 0, 0x4000, 2048, &status), 0);
	assert_int_equal(status, -EIO);
	dev_close(dev);
	l.dirs = DEV_WRITE;
	dev = open_dev(l);
	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(dev_roundtrip(dev, 0, 0, 0x2000, 8, &status), -EOPNOTSUPP);
	dev_close(dev);
}

static void test_states(void **state)
{
	struct dev_req r = {DEV_COPY, 0x1000, 0x2000, 8, 0};
	struct dev *dev = open_dev(plain);

	assert_int_equal(idev.command, 0);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -ENODEV);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(drv.stops, 0);
	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(idev.command, 6);
	assert_int_equal(dev_start(dev, NULL), -EALREADY);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), 0);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(idev.command, 2);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -ENODEV);
	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), 0);
	dev_close(dev);
	assert_int_equal(drv.stops, 2);
	assert_int_equal(drv.removes, 1);
	assert_int_equal(idev.command, 2);
	dev_close(NULL);
}

static void test_init_fails(void **state)
{
	struct dev *dev = open_dev(plain);
	struct fail f = {0};

	drv.init_err = -EIO;
	assert_int_equal(dev_start(dev, &f), -EIO);
	assert_string_equal(f.text, "no init");
	assert_int_equal(drv.stops, 1);
	assert_int_equal(idev.command & 4, 0);
	dev_close(dev);
}

static void test_quiet_first(void **state)
{
	struct dev *dev = open_dev(plain);
	struct fail f = {0};

	idev.command = 6; /* as somebody left it */
	assert_int_equal(dev_start(dev, &f), 0);
	assert_int_equal(idev.command, 6);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(dev_start(dev, &f), 0); /* what is stopped by ourselves is quiet */
	assert_int_equal(drv.quiets, 1);
	dev_close(dev);
	/* an engine that does not end is on the way out at once */
	dev = open_dev(plain);
	drv.quiet_err = -EIO;
	assert_int_equal(dev_start(dev, &f), -EIO);
	assert_string_equal(f.text, "not quiet");
	assert_int_equal(drv.stops, 1);
	assert_int_equal(idev.command, 2);
	dev_close(dev);
	/* and one that keeps the right to master the bus is not asked */
	dev = open_dev(plain);
	idev.command = 6;
	idev.master_stuck = true;
	assert_int_equal(dev_start(dev, &f), -EIO);
	assert_int_equal(drv.quiets, 0);
	dev_close(dev);
}

static void test_way_out(void **state)
{
	struct dev_req r = {DEV_COPY, 0x1000, 0x2000, 8, 0};
	struct dev *dev = open_dev(plain);

	/* a time-out: nothing more goes in; the reset helps, bus master is off, and the device may be used again */
	assert_int_equal(dev_start(dev, NULL), 0);
	drv.wait_err = drv.stop_err = -ETIMEDOUT;
	idev.has_reset = drv.reset_helps = true;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -ETIMEDOUT);
	drv.wait_err = 0;
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -EBUSY);
	assert_int_equal(drv.submits, 1);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(idev.resets, 1);
	assert_int_equal(idev.command & 4, 0);
	assert_int_equal(dev_start(dev, NULL), 0);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), 0);
	/* the reset is refused: bus master off, the caller keeps the memory, and nothing starts it again */
	drv.stop_err = -ETIMEDOUT;
	idev.reset_err = -EIO;
	assert_int_equal(dev_stop(dev), -EBUSY);
	assert_int_equal(idev.command & 4, 0);
	assert_int_equal(dev_stop(dev), -EBUSY);
	assert_int_equal(dev_start(dev, NULL), -EBUSY);
	assert_int_equal(dev_transfer(dev, 0, &r, 1, 100), -EBUSY);
	dev_close(dev);
	/* and where even that bit cannot be cleared */
	dev = open_dev(plain);
	assert_int_equal(dev_start(dev, NULL), 0);
	drv.stop_err = -ETIMEDOUT;
	idev.master_stuck = true;
	assert_int_equal(dev_stop(dev), -EBUSY);
	assert_int_equal(idev.resets, 0);
	dev_close(dev);
}

static void test_rings_after_bus_master(void **state)
{
	struct dev *dev = open_dev(plain);

	drv.wants_ring = true;
	for (unsigned int i = 1; i <= 20; i++) {
		assert_int_equal(dev_start(dev, NULL), 0);
		assert_int_equal(dev_stop(dev), 0);
		assert_int_equal(rings.freed, i);
	}
	/* an init that failed half way */
	drv.init_err = -EIO;
	assert_int_equal(dev_start(dev, NULL), -EIO);
	assert_int_equal(rings.freed, 21);
	drv.init_err = 0;
	/* the engine stands still, but may still master the bus: it keeps its rings */
	assert_int_equal(dev_start(dev, NULL), 0);
	idev.master_stuck = true;
	assert_int_equal(dev_stop(dev), -EBUSY);
	assert_null(drv.ring);
	dev_close(dev);
	assert_int_equal(rings.allocated, 22);
	assert_int_equal(rings.freed, 21);
}

static void test_open(void **state)
{
	struct fail f = {0};
	struct dev *dev;

	fake_idev_init(&idev, 0x8086, 0x1234);
	assert_int_equal(dev_open(&dev, &idev.idev, NULL, NULL, &f), -ENODEV);
	assert_non_null(strstr(f.hint, "recipe:FILE"));
	assert_int_equal(dev_open(&dev, &idev.idev, "nonsense", NULL, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "edu, lsi"));
	assert_int_equal(dev_open(&dev, &idev.idev, ",", NULL, &f), -EINVAL);
	assert_int_equal(dev_open(&dev, &idev.idev, "edu", NULL, &f), -ENODEV);
	assert_null(dev_match_name(&idev.idev.id));
	fake_idev_init(&idev, 0x1000, 0x0012);
	assert_string_equal(dev_match_name(&idev.idev.id), "lsi");
	assert_int_equal(dev_open(&dev, &idev.idev, "edu", NULL, &f), -ENODEV);
	assert_string_equal(f.hint, "driver lsi does");
	fake_idev_init(&idev, 0x1234, 0x11e8);
	assert_string_equal(dev_match_name(&idev.idev.id), "edu");
}

/* Two threads, one queue, one buffer between READ and WRITE: neither may come between the other's halves. */
static void *roundtrips(void *arg)
{
	struct dev *dev = ((void **)arg)[0];
	uint64_t at = (uintptr_t)((void **)arg)[1];
	int status;

	for (unsigned int i = 0; i < 2000; i++) {
		memset(drv.memory + at, (int)(at >> 12) + (int)(i & 7), 512);
		if (dev_roundtrip(dev, 0, at, at + 2048, 512, &status) || status ||
		    memcmp(drv.memory + at, drv.memory + at + 2048, 512))
			return (void *)1;
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct dev_limits l = plain;
	void *args[2][2], *bad[2];
	pthread_t threads[2];
	struct dev *dev;

	l.dirs = DEV_READ | DEV_WRITE;
	dev = open_dev(l);
	assert_int_equal(dev_start(dev, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		args[i][0] = dev;
		args[i][1] = (void *)(uintptr_t)(0x1000 + 0x8000 * i);
		assert_int_equal(pthread_create(&threads[i], NULL, roundtrips, args[i]), 0);
	}
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], &bad[i]);
		assert_null(bad[i]);
	}
	dev_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),		 cmocka_unit_test(test_counts),
		cmocka_unit_test(test_roundtrip_pieces), cmocka_unit_test(test_roundtrip_edges),
		cmocka_unit_test(test_states),		 cmocka_unit_test(test_init_fails),
		cmocka_unit_test(test_way_out),		 cmocka_unit_test(test_open),
		cmocka_unit_test(test_threads),		 cmocka_unit_test(test_rings_after_bus_master),
		cmocka_unit_test(test_quiet_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
