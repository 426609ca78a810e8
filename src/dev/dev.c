/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public verbs on a device: the driver table, the state machine and the way out. The only caller of drivers. */
#include "dev/dev.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/spec.h"
#include "dev/driver.h"
#include "dev/transfer.h"

/*
 * opened -> started <-> stopped. A time-out turns started into hung: nothing is submitted until dev_stop. Lost: the
 * engine could not be stopped, only dev_close is left.
 */
enum dev_state { DEV_OPENED, DEV_STARTED, DEV_HUNG, DEV_STOPPED, DEV_LOST };

struct dev_instance {
	struct dev dev;
	_Atomic enum dev_state state;
	pthread_mutex_t lock;			    /* state changes; also transfers on devices with one queue */
	pthread_mutex_t queue_lock[DEV_QUEUES_MAX]; /* one transfer or roundtrip at a time on each of several queues */
	const struct dev_env *given;		    /* what env, which the driver has, stands for */
	struct dev_env env;
	bool stopping; /* rings given back are kept until the device is known quiet */
	void **kept;   /* those; has room for every ring there is, for a stop cannot fail for want of memory */
	unsigned int nr_kept, rings; /* kept, and not given back to whom they came from */
	unsigned int room;
};

static const struct dev_ops *const dev_drivers[] = {
	&dev_sim_ops,	 &dev_mock_ops,	  &dev_edu_ops, &dev_lsi_ops,  &dev_testdev_ops,
	&dev_recipe_ops, &dev_e1000e_ops, &dev_igb_ops, &dev_nvme_ops,
};

static struct dev_instance *dev_instance(const struct dev *dev)
{
	return container_of(dev, struct dev_instance, dev);
}

static const struct dev_ops *dev_match(const struct iommu_device_id *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_drivers); i++)
		if (dev_drivers[i]->match(id))
			return dev_drivers[i];
	return NULL;
}

const char *dev_match_name(const struct iommu_device_id *id)
{
	const struct dev_ops *ops = dev_match(id);

	return ops ? ops->name : NULL;
}

static const struct dev_ops *dev_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_drivers); i++)
		if (strcmp(dev_drivers[i]->name, name) == 0)
			return dev_drivers[i];
	return NULL;
}

/* "NAME:FILE[,...]" of a driver that takes one; *options is behind the colon. NULL: none does. */
static const struct dev_ops *dev_find_file(const char *spec, const char **options)
{
	size_t n = strcspn(spec, ":,");

	for (size_t i = 0; i < ARRAY_SIZE(dev_drivers); i++) {
		const struct dev_ops *ops = dev_drivers[i];

		if (ops->takes_file && strlen(ops->name) == n && !memcmp(ops->name, spec, n)) {
			*options = spec + n + (spec[n] == ':');
			return ops;
		}
	}
	return NULL;
}

static void dev_hint_known(struct fail *f)
{
	char known[sizeof(f->hint)] = "";

	for (size_t i = 0; i < ARRAY_SIZE(dev_drivers); i++) {
		size_t at = strlen(known);

		snprintf(known + at, sizeof(known) - at, "%s%s%s", i ? ", " : "", dev_drivers[i]->name,
			 dev_drivers[i]->takes_file ? ":FILE" : "");
	}
	fail_hint(f, "known drivers: %s", known);
}

int dev_bad_option(const struct dev *dev, const char *key, const char *known, struct fail *f)
{
	fail_set(f, EINVAL, "driver %s has no option \"%s\"", dev->ops->name, key);
	if (known[0])
		fail_hint(f, "options: %s", known);
	else
		fail_hint(f, "this driver takes no options");
	return -EINVAL;
}

/* A BAR smaller than a page that shares its page with others cannot be mapped. A lost device reads as all ones. */
static uint64_t dev_bar_read(void *ctx, uint64_t offset, unsigned int width)
{
	const struct dev *dev = ctx;
	uint64_t value;

	return idev_bar_read(dev->idev, dev->bar, offset, width, &value) ? UINT64_MAX : value;
}

static void dev_bar_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	const struct dev *dev = ctx;

	idev_bar_write(dev->idev, dev->bar, offset, width, value);
}

static const struct mmio_ops dev_bar_ops = {dev_bar_read, dev_bar_write};

int dev_map_bar(struct dev *dev, unsigned int n, struct fail *f)
{
	struct idev_bar bar;
	int err;

	if (dev->mmio.ops || dev->mmio.base)
		return 0;
	err = idev_bar_map(dev->idev, n, &bar, f);
	if (err)
		return err;
	dev->bar = n;
	dev->mmio = (struct mmio){.base = bar.base, .size = bar.size};
	if (!bar.base) {
		dev->mmio.ops = &dev_bar_ops;
		dev->mmio.ctx = dev;
	}
	return 0;
}

static int dev_ring_alloc(void *ctx, iova_t max_iova, void **va, iova_t *iova, struct fail *f)
{
	struct dev_instance *d = ctx;
	int err;

	if (d->rings == d->room) {
		unsigned int room = d->room ? 2 * d->room : 8;
		void **kept = realloc(d->kept, room * sizeof(*kept));

		if (!kept)
			return fail_set(f, ENOMEM, "cannot keep account of %u rings", room);
		d->kept = kept;
		d->room = room;
	}
	err = d->given->ring_alloc(d->given->ctx, max_iova, va, iova, f);
	if (!err)
		d->rings++;
	return err;
}

static void dev_ring_free(void *ctx, void *va)
{
	struct dev_instance *d = ctx;

	if (d->stopping) {
		d->kept[d->nr_kept++] = va;
		return;
	}
	d->rings--;
	d->given->ring_free(d->given->ctx, va);
}

/* Until the right to master the bus is gone, an engine that says it stands still is all that keeps it from its rings. */
static void dev_rings_end(struct dev_instance *d, bool quiet)
{
	d->stopping = false;
	for (unsigned int i = 0; quiet && i < d->nr_kept; i++)
		dev_ring_free(d, d->kept[i]);
	d->nr_kept = 0;
}

int dev_open_ops(struct dev **out, const struct dev_ops *ops, struct iommu_device *idev, const char *options,
		 const struct mmio *fake, const struct dev_env *env, struct fail *f)
{
	struct dev_instance *d = calloc(1, sizeof(*d));
	int err;

	*out = NULL;
	if (!d)
		return fail_set(f, ENOMEM, "cannot open driver %s", ops->name);
	d->given = env;
	d->env = (struct dev_env){.ctx = d, .ring_alloc = dev_ring_alloc, .ring_free = dev_ring_free};
	d->dev = (struct dev){
		.ops = ops, .idev = idev, .env = &d->env, .limits = ops->limits, .options = strdup(options)};
	if (fake)
		d->dev.mmio = *fake;
	pthread_mutex_init(&d->lock, NULL);
	for (unsigned int i = 0; i < DEV_QUEUES_MAX; i++)
		pthread_mutex_init(&d->queue_lock[i], NULL);
	err = d->dev.options ? ops->probe(&d->dev, f) : fail_set(f, ENOMEM, "cannot open driver %s", ops->name);
	if (err) {
		dev_close(&d->dev);
		return err;
	}
	*out = &d->dev;
	return 0;
}

int dev_open(struct dev **out, struct iommu_device *idev, const char *spec, const struct dev_env *env, struct fail *f)
{
	const struct iommu_device_id *id = idev_id(idev);
	const struct dev_ops *ops;
	const char *options = "";
	char name[32];

	*out = NULL;
	if (id->emulated)
		return fail_set(f, EOPNOTSUPP,
				"%s is a mediated device: its accesses to memory are made by the kernel's code behind "
				"it, and nothing here can ask for one",
				id->name);
	if (!spec) {
		ops = dev_match(id);
		if (!ops) {
			fail_set(f, ENODEV, "no driver for %s (%04x:%04x)", id->name, id->vendor, id->device);
			fail_hint(f, "map, dirty, caps and bench map need none; --driver recipe:FILE drives what a "
				     "text file "
				     "describes, iommuctl-recipe(5)");
			return -ENODEV;
		}
		return dev_open_ops(out, ops, idev, options, NULL, env, f);
	}
	ops = dev_find_file(spec, &options);
	if (ops)
		return dev_open_ops(out, ops, idev, options, NULL, env, f);
	if (spec_split(spec, name, sizeof(name), &options))
		return fail_set(f, EINVAL, "bad driver \"%s\"", spec);
	ops = dev_find(name);
	if (!ops) {
		fail_set(f, EINVAL, "unknown driver \"%s\"", name);
		dev_hint_known(f);
		return -EINVAL;
	}
	if (!ops->match(id)) {
		fail_set(f, ENODEV, "driver %s does not drive %s (%04x:%04x)", name, id->name, id->vendor, id->device);
		if (dev_match(id))
			fail_hint(f, "driver %s does", dev_match(id)->name);
		return -ENODEV;
	}
	return dev_open_ops(out, ops, idev, options, NULL, env, f);
}

/* A device that is not on a bus has no configuration space, and nothing to protect from. */
static int dev_bus_master(struct dev *dev, bool on)
{
	return idev_id(dev->idev)->no_bus ? 0 : idev_bus_master(dev->idev, on);
}

/* The engine may have been touched, also by what failed half way. */
static int dev_start_failed(struct dev *dev, int err)
{
	dev_instance(dev)->state = DEV_STARTED;
	dev_stop(dev);
	return err;
}

int dev_start(struct dev *dev, struct fail *f)
{
	struct dev_instance *d = dev_instance(dev);
	enum dev_state state = d->state;
	int err;

	if (state != DEV_OPENED && state != DEV_STOPPED)
		return fail_set(f, state == DEV_STARTED ? EALREADY : EBUSY, "cannot start %s",
				idev_id(dev->idev)->name);
	if (state == DEV_OPENED && dev->ops->quiet && !idev_id(dev->idev)->no_bus) {
		err = idev_decode_only(dev->idev);
		if (err)
			return fail_set(f, err, "cannot turn off bus mastering of %s", idev_id(dev->idev)->name);
		err = dev->ops->quiet(dev, f);
		if (err)
			return dev_start_failed(dev, err);
	}
	err = dev_bus_master(dev, true);
	if (err)
		return fail_set(f, err, "cannot turn on bus mastering of %s", idev_id(dev->idev)->name);
	err = dev->ops->init(dev, f);
	if (err)
		return dev_start_failed(dev, err);
	d->state = DEV_STARTED;
	return 0;
}

/* Safety rule 5. A reset restores config space, bus mastering with it, so that is cleared in every case. */
static int dev_quiesce(struct dev *dev)
{
	struct dev_instance *d = dev_instance(dev);
	int err;

	d->stopping = true;
	err = dev->ops->stop(dev);
	if (err && idev_has_reset(dev->idev) && idev_reset(dev->idev) == 0)
		err = dev->ops->stop(dev);
	/* quiet means both: an engine that stands still, and no right to master the bus, read back */
	if (dev_bus_master(dev, false))
		err = -EBUSY;
	dev_rings_end(d, !err);
	return err ? -EBUSY : 0;
}

int dev_stop(struct dev *dev)
{
	struct dev_instance *d = dev_instance(dev);
	int err;

	pthread_mutex_lock(&d->lock);
	switch ((enum dev_state)d->state) {
	case DEV_STARTED:
	case DEV_HUNG:
		err = dev_quiesce(dev);
		d->state = err ? DEV_LOST : DEV_STOPPED;
		break;
	case DEV_LOST:
		err = -EBUSY;
		break;
	default:
		err = 0;
		break;
	}
	pthread_mutex_unlock(&d->lock);
	return err ? -EBUSY : 0;
}

void dev_close(struct dev *dev)
{
	struct dev_instance *d;

	if (!dev)
		return;
	d = dev_instance(dev);
	dev_stop(dev);
	dev->ops->remove(dev);
	pthread_mutex_destroy(&d->lock);
	for (unsigned int i = 0; i < DEV_QUEUES_MAX; i++)
		pthread_mutex_destroy(&d->queue_lock[i]);
	free(dev->options);
	free(d->kept);
	free(d);
}

const char *dev_name(const struct dev *dev)
{
	return dev->name ? dev->name : dev->ops->name;
}

const struct dev_limits *dev_limits(const struct dev *dev)
{
	return &dev->limits;
}

int dev_run(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	struct dev_instance *d = dev_instance(dev);
	enum dev_state state = d->state;
	int err;

	if (state != DEV_STARTED)
		return state == DEV_OPENED || state == DEV_STOPPED ? -ENODEV : -EBUSY;
	err = dev->ops->submit(dev, queue, reqs, n);
	if (!err)
		err = dev->ops->wait(dev, queue, reqs, n, timeout_ms);
	/* unless another thread's stop was faster, which knows more */
	if (err == -ETIMEDOUT)
		atomic_compare_exchange_strong(&d->state, &state, DEV_HUNG);
	return err;
}

static pthread_mutex_t *dev_lock_of(struct dev *dev, unsigned int queue)
{
	struct dev_instance *d = dev_instance(dev);

	return dev->limits.queues == 1 ? &d->lock : &d->queue_lock[queue % DEV_QUEUES_MAX];
}

void dev_lock(struct dev *dev, unsigned int queue)
{
	pthread_mutex_lock(dev_lock_of(dev, queue));
}

void dev_unlock(struct dev *dev, unsigned int queue)
{
	pthread_mutex_unlock(dev_lock_of(dev, queue));
}
