/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of the simulated device: requests become descriptors of its engine. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/spec.h"
#include "dev/driver.h"
#include "iommu/sim/sim.h"

#define SIM_DEPTH 64
#define SIM_MAX_LEN MiB(16)

/* What a device with bytes of its own writes: always the same, with a count of its transfers in them, or always others. */
enum sim_driver_fixed { SIM_OWN_NONE, SIM_OWN_SAME, SIM_OWN_COUNTS, SIM_OWN_RANDOM };

#define SIM_OWN_COUNT_AT 96 /* offset of the count, 8 bytes */

struct sim_driver_queue {
	pthread_mutex_t busy; /* from submit to wait: threads that share a queue take turns */
	struct sim_dma dma[SIM_DEPTH];
	char *own; /* SIM_DEVICE_BUFFER bytes, or NULL */
};

struct sim_driver {
	struct sim_engine *engine;
	enum sim_driver_fixed fixed;
	atomic_uint_fast64_t transfers;
	struct sim_driver_queue queue[SIM_QUEUES];
};

static const struct {
	const char *name;
	unsigned int dirs;
} sim_driver_dirs[] = {
	{"read", DEV_READ},
	{"write", DEV_WRITE},
	{"copy", DEV_COPY},
	{"rw", DEV_READ | DEV_WRITE},
	{"all", DEV_READ | DEV_WRITE | DEV_COPY},
};

static bool sim_driver_match(const struct iommu_device_id *id)
{
	return id->is_sim;
}

static int sim_driver_set_dirs(struct dev *dev, const char *value, struct fail *f)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sim_driver_dirs); i++) {
		if (!strcmp(value, sim_driver_dirs[i].name)) {
			dev->limits.dirs = sim_driver_dirs[i].dirs;
			return 0;
		}
	}
	fail_set(f, EINVAL, "driver sim: unknown directions '%s'", value);
	fail_hint(f, "dirs=read|write|copy|rw|all");
	return -EINVAL;
}

static int sim_driver_set_mask(struct dev *dev, const char *value, struct fail *f)
{
	uint64_t bits;

	if (num_parse_u64(value, &bits) || bits < 20 || bits > 48) {
		fail_set(f, EINVAL, "driver sim: mask takes a number of address bits from 20 to 48, not '%s'", value);
		return -EINVAL;
	}
	dev->limits.max_iova = (UINT64_C(1) << bits) - 1;
	return 0;
}

static int sim_driver_set_length(struct dev *dev, const struct spec_option *option, struct fail *f)
{
	bool align = !strcmp(option->key, "align");
	uint64_t n;

	if (num_parse_size(option->value, &n) || !n || n > KiB(64) || (align && n & (n - 1))) {
		fail_set(f, EINVAL, "driver sim: %s takes %s from 1 to 64K, not '%s'", option->key,
			 align ? "a power of two" : "a number of bytes", option->value);
		return -EINVAL;
	}
	*(align ? &dev->limits.align : !strcmp(option->key, "min") ? &dev->limits.min_len : &dev->limits.max_len) = n;
	return 0;
}

static int sim_driver_set_fixed(struct dev *dev, const char *value, struct fail *f)
{
	static const char *const names[] = {"same", "counts", "random"};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(value, names[i])) {
			dev->limits.fixed = true;
			((struct sim_driver *)dev->priv)->fixed = (enum sim_driver_fixed)(SIM_OWN_SAME + i);
			return 0;
		}
	}
	fail_set(f, EINVAL, "driver sim: fixed takes same, counts or random, not '%s'", value);
	return -EINVAL;
}

static int sim_driver_option(struct dev *dev, const struct spec_option *option, struct fail *f)
{
	if (!strcmp(option->key, "dirs"))
		return sim_driver_set_dirs(dev, option->value, f);
	if (!strcmp(option->key, "mask"))
		return sim_driver_set_mask(dev, option->value, f);
	if (!strcmp(option->key, "min") || !strcmp(option->key, "max") || !strcmp(option->key, "align"))
		return sim_driver_set_length(dev, option, f);
	if (!strcmp(option->key, "fixed"))
		return sim_driver_set_fixed(dev, option->value, f);
	fail_set(f, EINVAL, "driver sim: unknown option '%s'", option->key);
	fail_hint(f, "valid options: dirs=read|write|copy|rw|all, mask=BITS, min=, max=, align=BYTES, "
		     "fixed=same|counts|random");
	return -EINVAL;
}

/* A device with bytes of its own does not copy, and one that has to move more than it may moves nothing. */
static int sim_driver_consistent(struct dev *dev, struct fail *f)
{
	struct dev_limits *l = &dev->limits;

	if (l->fixed)
		l->dirs &= ~(unsigned int)DEV_COPY;
	if (l->fixed && !(l->dirs & DEV_WRITE))
		return fail_set(f, EINVAL,
				"driver sim: fixed= is about what the device writes: it needs dirs=write or rw");
	if (ALIGN_UP(l->min_len, l->align) > ALIGN_DOWN(l->max_len, l->align))
		return fail_set(f, EINVAL, "driver sim: min, max and align leave no length");
	return 0;
}

static int sim_driver_options(struct dev *dev, struct fail *f)
{
	const char *cursor = dev->options ? dev->options : "";
	struct spec_option option;
	int r;

	while ((r = spec_next(&cursor, &option)) > 0) {
		r = sim_driver_option(dev, &option, f);
		if (r)
			return r;
	}
	return r ? fail_set(f, r, "driver sim: cannot read options '%s'", dev->options) : sim_driver_consistent(dev, f);
}

static int sim_driver_own(struct sim_driver *drv, struct fail *f)
{
	for (unsigned int i = 0; drv->fixed && i < SIM_QUEUES; i++) {
		char *own = drv->queue[i].own = malloc(SIM_DEVICE_BUFFER);

		if (!own)
			return fail_set(f, ENOMEM, "driver sim");
		for (unsigned int at = 0; at < SIM_DEVICE_BUFFER; at += 8)
			memcpy(own + at, &(uint64_t){rng_draw(0, at, rng_place("sim own"))}, 8);
	}
	return 0;
}

static int sim_driver_probe(struct dev *dev, struct fail *f)
{
	struct sim_engine *engine = idev_sim_engine(dev->idev);
	struct sim_driver *drv = calloc(1, sizeof(*drv));
	int r;

	if (!drv)
		return fail_set(f, ENOMEM, "driver sim");
	dev->priv = drv;
	drv->engine = engine;
	for (unsigned int i = 0; i < SIM_QUEUES; i++)
		pthread_mutex_init(&drv->queue[i].busy, NULL);
	r = sim_driver_options(dev, f);
	if (r)
		return r;
	if (!engine)
		return fail_set(f, ENODEV, "driver sim: the device is not a simulated one");
	/* Through its own buffer the device moves no more than that holds. */
	if (!(dev->limits.dirs & DEV_COPY))
		dev->limits.max_len = MIN(dev->limits.max_len, SIM_DEVICE_BUFFER);
	return sim_driver_own(drv, f);
}

static int sim_driver_init(struct dev *dev, struct fail *f)
{
	return 0; /* queues start at first use */
}

static int sim_driver_stop(struct dev *dev)
{
	struct sim_driver *drv = dev->priv;

	sim_engine_reset(drv->engine);
	return 0;
}

static void sim_driver_remove(struct dev *dev)
{
	struct sim_driver *drv = dev->priv;

	for (unsigned int i = 0; drv && i < SIM_QUEUES; i++) {
		pthread_mutex_destroy(&drv->queue[i].busy);
		free(drv->queue[i].own);
	}
	free(drv);
	dev->priv = NULL;
}

/* One submission is one transfer: what is in flight at once carries the same bytes. */
static int sim_driver_refresh(struct sim_driver *drv, unsigned int queue, const struct dev_req *reqs, unsigned int n)
{
	uint64_t len = 0, transfer = atomic_fetch_add(&drv->transfers, 1);
	char *own = drv->queue[queue].own;

	if (drv->fixed == SIM_OWN_COUNTS)
		memcpy(own + SIM_OWN_COUNT_AT, &transfer, sizeof(transfer));
	for (unsigned int i = 0; i < n; i++)
		len = MAX(len, reqs[i].len);
	for (uint64_t at = 0; drv->fixed == SIM_OWN_RANDOM && at < len; at += 8)
		memcpy(own + at, &(uint64_t){rng_draw(transfer, at, rng_place("sim own"))}, 8);
	return sim_engine_load(drv->engine, queue, own, len);
}

static int sim_driver_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	struct sim_driver *drv = dev->priv;
	struct sim_driver_queue *q = &drv->queue[queue];
	int r = 0;

	pthread_mutex_lock(&q->busy);
	for (unsigned int i = 0; i < n; i++) {
		enum sim_dma_kind kind = reqs[i].dir == DEV_COPY   ? SIM_DMA_COPY
					 : reqs[i].dir == DEV_READ ? SIM_DMA_READ
								   : SIM_DMA_WRITE;

		q->dma[i] = (struct sim_dma){.kind = kind, .src = reqs[i].src, .dst = reqs[i].dst, .len = reqs[i].len};
		if (drv->fixed && kind == SIM_DMA_WRITE)
			q->dma[i].src = 0; /* bytes of its own are the same whatever the offset */
	}
	if (drv->fixed)
		r = sim_driver_refresh(drv, queue, reqs, n);
	if (!r)
		r = sim_engine_submit(drv->engine, queue, q->dma, n);
	if (r)
		pthread_mutex_unlock(&q->busy);
	return r;
}

static int sim_driver_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n,
			   unsigned int timeout_ms)
{
	struct sim_driver *drv = dev->priv;
	struct sim_driver_queue *q = &drv->queue[queue];
	int r = sim_engine_wait(drv->engine, queue, timeout_ms);

	for (unsigned int i = 0; !r && i < n; i++) {
		int status = q->dma[i].status;

		reqs[i].status = status == 0 || status == -EFAULT ? status : -EIO;
	}
	pthread_mutex_unlock(&q->busy);
	return r;
}

const struct dev_ops dev_sim_ops = {
	.name = "sim",
	.help = "the simulated device: copies, reads and writes on 8 queues; options dirs=, mask=, min=, max=, align=, "
		"fixed=",
	.limits =
		{
			.min_len = 1,
			.max_len = SIM_MAX_LEN,
			.align = 1,
			.max_iova = (UINT64_C(1) << 48) - 1,
			.depth = SIM_DEPTH,
			.queues = SIM_QUEUES,
			.dirs = DEV_READ | DEV_WRITE | DEV_COPY,
			.buffer = SIM_DEVICE_BUFFER,
			.reports_faults = true,
		},
	.match = sim_driver_match,
	.probe = sim_driver_probe,
	.init = sim_driver_init,
	.stop = sim_driver_stop,
	.remove = sim_driver_remove,
	.submit = sim_driver_submit,
	.wait = sim_driver_wait,
};
