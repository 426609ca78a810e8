/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver "recipe:FILE[,OPTION...]": a device's DMA as a recipe tells it. One request at a time. A request that failed leaves the
 * engine in a state that nobody knows, so it is stopped and brought up again before the next one, or is said to be still at it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/num.h"
#include "base/spec.h"
#include "dev/driver.h"
#include "dev/recipe_run.h"

#define RECIPE_TOLD_MAX 16 /* lines whose failure is said, once each */
#define RECIPE_OPTIONS "address-bits=BITS, max=SIZE"

struct recipe_dev {
	struct recipe *recipe;
	char *path;
	char name[RECIPE_NAME_MAX + 8];
	struct recipe_run run;
	iova_t iovas[RECIPE_MEMORIES_MAX];
	bool started; /* a request, not yet known to have ended */
	bool down;    /* stopped after a failure, and did not come up again */
	bool ended;   /* the request at hand failed before it was waited for, with ... */
	int status;
	unsigned int told[RECIPE_TOLD_MAX];
	unsigned int nr_told;
};

static bool recipe_dev_never(const struct iommu_device_id *id)
{
	return false; /* only by its name: any device may be a recipe's */
}

static int recipe_dev_bits(struct dev *dev, const char *value, struct fail *f)
{
	uint64_t bits, last;

	if (num_parse_u64(value, &bits) || bits < 12 || bits > 64)
		return fail_set(f, EINVAL, "bad address-bits \"%s\" for a recipe: 12..64", value);
	last = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	if (last < dev->limits.max_len - 1)
		return fail_set(f, EINVAL, "requests of up to %llu bytes need more than %llu address bits",
				(unsigned long long)dev->limits.max_len, (unsigned long long)bits);
	dev->limits.max_iova = last;
	return 0;
}

static int recipe_dev_max(struct dev *dev, const char *value, struct fail *f)
{
	const struct dev_limits *l = &dev->limits;
	uint64_t max;

	if (num_parse_size(value, &max) || max < ALIGN_UP(l->min_len, l->align) || max > l->max_len || max % l->align)
		return fail_set(f, EINVAL, "bad max \"%s\" for a recipe: %llu..%llu bytes, in steps of %llu", value,
				(unsigned long long)ALIGN_UP(l->min_len, l->align), (unsigned long long)l->max_len,
				(unsigned long long)l->align);
	dev->limits.max_len = max;
	return 0;
}

static int recipe_dev_options(struct dev *dev, const char *rest, struct fail *f)
{
	struct spec_option o;
	int ret;

	while ((ret = spec_next(&rest, &o)) > 0) {
		if (!strcmp(o.key, "address-bits"))
			ret = recipe_dev_bits(dev, o.value, f);
		else if (!strcmp(o.key, "max"))
			ret = recipe_dev_max(dev, o.value, f);
		else
			ret = dev_bad_option(dev, o.key, RECIPE_OPTIONS, f);
		if (ret)
			return ret;
	}
	return ret < 0 ? dev_bad_option(dev, rest, RECIPE_OPTIONS, f) : 0;
}

/* FILE up to a comma; two commas are one of the name's own. What follows is left in *rest. */
static char *recipe_dev_path(const char *options, const char **rest)
{
	char *path = malloc(strlen(options) + 1), *to = path;

	if (!path)
		return NULL;
	for (; *options && (*options != ',' || options[1] == ','); options++) {
		options += *options == ',';
		*to++ = *options;
	}
	*to = '\0';
	*rest = *options ? options + 1 : options;
	return path;
}

static int recipe_dev_matches(const struct dev *dev, const struct recipe_dev *d, struct fail *f)
{
	const struct iommu_device_id *id = idev_id(dev->idev);
	const struct recipe *r = d->recipe;
	char known[192] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < r->nr_ids; i++) {
		if (r->ids[i].vendor == id->vendor && r->ids[i].device == id->device)
			return 0;
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%04x:%04x", i ? ", " : "", r->ids[i].vendor,
				       r->ids[i].device);
	}
	fail_complete(f, ENODEV, "recipe %s is not for %s (%04x:%04x)", d->path, id->name, id->vendor, id->device);
	fail_hint(f, "its `device` lines name %s: add the device there if it works in the same way",
		  at ? known : "none");
	return -ENODEV;
}

/* Asked when a register reads as all ones. */
static bool recipe_dev_is_gone(void *ctx)
{
	const struct dev *dev = ctx;

	return idev_is_gone(dev->idev);
}

static int recipe_dev_map(struct dev *dev, struct recipe_dev *d, struct fail *f)
{
	const struct recipe *r = d->recipe;
	int err = dev_map_bar(dev, r->bar, f);

	if (err)
		return err;
	if (dev->mmio.size < r->bar_size)
		return fail_complete(f, EINVAL, "BAR %u of %s has 0x%llx bytes, recipe %s wants 0x%llx", r->bar,
				     idev_id(dev->idev)->name, (unsigned long long)dev->mmio.size, d->path,
				     (unsigned long long)r->bar_size);
	d->run.mmio = dev->mmio;
	d->run.mmio.size = r->bar_size;
	d->run.is_gone = recipe_dev_is_gone;
	d->run.gone_ctx = dev;
	return 0;
}

int recipe_dev_take(struct dev *dev, struct recipe *r, const char *path, const char *options, struct fail *f)
{
	struct recipe_dev *d = calloc(1, sizeof(*d));
	int err;

	if (d)
		d->path = strdup(path);
	if (!d || !d->path) {
		free(d);
		recipe_free(r);
		return fail_set(f, ENOMEM, "cannot open recipe %s", path);
	}
	d->recipe = r;
	dev->priv = d;
	err = recipe_run_init(&d->run, r, d->path, f);
	if (err)
		return err;
	snprintf(d->name, sizeof(d->name), "recipe:%.*s", RECIPE_NAME_MAX, r->name);
	dev->name = d->name;
	dev->limits = r->limits;
	dev->limits.depth = dev->limits.queues = 1;
	err = recipe_dev_options(dev, options, f);
	if (!err)
		err = recipe_dev_matches(dev, d, f);
	return err ? err : recipe_dev_map(dev, d, f);
}

static int recipe_dev_probe(struct dev *dev, struct fail *f)
{
	const char *rest;
	CLEANUP_FREE char *path = recipe_dev_path(dev->options, &rest);
	struct recipe *r;
	int err;

	if (!path)
		return fail_set(f, ENOMEM, "cannot open a recipe");
	if (!path[0]) {
		fail_set(f, EINVAL, "driver recipe needs a file");
		fail_hint(f, "recipe:FILE[,OPTION...]; options: %s", RECIPE_OPTIONS);
		return -EINVAL;
	}
	err = recipe_load(&r, path, f);
	return err ? err : recipe_dev_take(dev, r, path, rest, f);
}

static void recipe_dev_remove(struct dev *dev)
{
	struct recipe_dev *d = dev->priv;

	if (!d)
		return;
	recipe_run_free(&d->run);
	recipe_free(d->recipe);
	free(d->path);
	free(d);
}

/* No driver's wait has words; a recipe's author needs them. Each line's once: a run of 20,000 loops may fail as often. */
static void recipe_dev_tell(struct recipe_dev *d, const struct fail *f)
{
	for (unsigned int i = 0; i < d->nr_told; i++)
		if (d->told[i] == d->run.failed)
			return;
	if (d->nr_told == RECIPE_TOLD_MAX)
		return;
	d->told[d->nr_told++] = d->run.failed;
	msg_warn("%s", f->text);
}

/* -EFAULT is what the device was asked to find out: nothing went wrong. */
static int recipe_dev_run(struct recipe_dev *d, enum recipe_section section, unsigned int timeout_ms,
			  bool *own_patience)
{
	struct fail f = {0};
	int err = recipe_run_section(&d->run, section, timeout_ms, own_patience, &f);

	if (err && err != -EFAULT)
		recipe_dev_tell(d, &f);
	return err;
}

static int recipe_dev_up(struct recipe_dev *d, struct fail *f)
{
	int err;

	recipe_run_clear(&d->run, d->iovas);
	err = recipe_run_section(&d->run, RECIPE_INIT, 0, NULL, f);
	d->down = err;
	return err;
}

static int recipe_dev_init(struct dev *dev, struct fail *f)
{
	struct recipe_dev *d = dev->priv;
	void *page;
	int err;

	for (unsigned int i = 0; i < d->recipe->nr_memories; i++) {
		err = dev->env->ring_alloc(dev->env->ctx, dev->limits.max_iova, &page, &d->iovas[i], f);
		if (err)
			return err;
		d->run.memory[i] = page;
	}
	d->nr_told = 0;
	return recipe_dev_up(d, f);
}

/* 0: the engine is known idle. Without a stop section it is when each request was seen to end. */
static int recipe_dev_halt(struct recipe_dev *d)
{
	if (d->run.sections[RECIPE_STOP].present && recipe_dev_run(d, RECIPE_STOP, 0, NULL))
		return -ETIMEDOUT;
	if (!d->run.sections[RECIPE_STOP].present && d->started)
		return -ETIMEDOUT;
	d->started = false;
	return 0;
}

static int recipe_dev_stop(struct dev *dev)
{
	struct recipe_dev *d = dev->priv;
	int err = recipe_dev_halt(d);

	for (unsigned int i = 0; !err && i < d->recipe->nr_memories; i++) {
		if (d->run.memory[i])
			dev->env->ring_free(dev->env->ctx, (void *)d->run.memory[i]);
		d->run.memory[i] = NULL;
	}
	return err;
}

/*
 * After a section of a request ended with @err: what becomes of the request. A check or a fault-if in wait says that it has ended, a
 * division by zero or a bad offset does not; in the section that starts it, or in a poll whose own patience is over, only a stop
 * can. Then all of it begins anew.
 */
static int recipe_dev_failed(struct recipe_dev *d, int err, bool own_patience)
{
	bool stops = d->run.sections[RECIPE_STOP].present;
	struct fail f = {0};

	if (err == -ENODEV || err == -ELOOP || (err == -ETIMEDOUT && !(own_patience && stops)))
		return -ETIMEDOUT;
	if (d->run.section == RECIPE_WAIT && !d->run.unsound)
		d->started = false;
	if (recipe_dev_halt(d))
		return -ETIMEDOUT;
	if (stops && recipe_dev_up(d, &f))
		recipe_dev_tell(d, &f);
	d->status = err == -EFAULT ? -EFAULT : -EIO;
	d->ended = true;
	return 0;
}

static int recipe_dev_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	enum recipe_section section = reqs->dir == DEV_READ    ? RECIPE_READ
				      : reqs->dir == DEV_WRITE ? RECIPE_WRITE
							       : RECIPE_COPY;
	struct recipe_dev *d = dev->priv;
	bool own_patience = false;
	int err;

	if (d->down)
		return -EIO;
	d->run.vars[RECIPE_VAR_SRC] = reqs->src;
	d->run.vars[RECIPE_VAR_DST] = reqs->dst;
	d->run.vars[RECIPE_VAR_LEN] = reqs->len;
	d->started = true;
	d->ended = false;
	err = recipe_dev_run(d, section, 0, &own_patience);
	return err ? recipe_dev_failed(d, err, own_patience) : 0;
}

static int recipe_dev_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n,
			   unsigned int timeout_ms)
{
	struct recipe_dev *d = dev->priv;
	bool own_patience = false;
	int err;

	if (!d->ended) {
		err = recipe_dev_run(d, RECIPE_WAIT, timeout_ms, &own_patience);
		if (err)
			err = recipe_dev_failed(d, err, own_patience);
		else
			d->status = 0;
		if (err)
			return err;
	}
	d->started = d->ended = false;
	reqs->status = d->status;
	return 0;
}

const struct dev_ops dev_recipe_ops = {
	.name = "recipe",
	.help = "what a file says, as recipe:FILE [address-bits=BITS, max=SIZE]: see iommuctl-recipe(5)",
	.takes_file = true,
	.match = recipe_dev_never,
	.probe = recipe_dev_probe,
	.init = recipe_dev_init,
	.stop = recipe_dev_stop,
	.remove = recipe_dev_remove,
	.submit = recipe_dev_submit,
	.wait = recipe_dev_wait,
};
