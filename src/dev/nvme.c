/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NVM Express controllers: their life from a reset to a reset, and the memory they are given for rings and lists. Harmless unless
 * told otherwise: Identify data is written to memory; blocks are read, compared or, where they may be lost, written.
 */
#include <errno.h>

#include "dev/nvme.h"

#define NVME_CLASS 0x010802 /* T 3.1.4.6: mass storage, NVM, NVM Express I/O controller */

static bool nvme_match(const struct iommu_device_id *id)
{
	return id->class_code == NVME_CLASS;
}

static int nvme_probe(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = calloc(1, sizeof(*nvme));
	int err;

	if (!nvme)
		return fail_set(f, ENOMEM, "cannot open driver nvme");
	dev->priv = nvme;
	nvme->admin_ms = NVME_ADMIN_MS;
	pthread_mutex_init(&nvme->admin.busy, NULL);
	for (unsigned int i = 0; i < NVME_IO_QUEUES_MAX; i++)
		pthread_mutex_init(&nvme->io[i].busy, NULL);
	err = nvme_options_parse(dev, &nvme->opt, f);
	return err ? err : dev_map_bar(dev, 0, f);
}

static void nvme_remove(struct dev *dev)
{
	struct nvme *nvme = nvme_of(dev);

	if (!nvme)
		return;
	pthread_mutex_destroy(&nvme->admin.busy);
	for (unsigned int i = 0; i < NVME_IO_QUEUES_MAX; i++)
		pthread_mutex_destroy(&nvme->io[i].busy);
	free(nvme);
}

int nvme_page_alloc(struct dev *dev, void **va, iova_t *iova, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	int err;

	if (nvme->nr_pages == NVME_PAGES_MAX)
		return fail_set(f, ENOSPC, "nvme needs more than %u pages for its queues and lists", NVME_PAGES_MAX);
	err = dev->env->ring_alloc(dev->env->ctx, dev->limits.max_iova, va, iova, f);
	if (!err)
		nvme->pages[nvme->nr_pages++] = *va;
	return err;
}

/* Only once the controller can reach none of them. */
static void nvme_pages_free(struct dev *dev)
{
	struct nvme *nvme = nvme_of(dev);

	while (nvme->nr_pages)
		dev->env->ring_free(dev->env->ctx, nvme->pages[--nvme->nr_pages]);
}

static int nvme_bring_up(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	int err = nvme_page_alloc(dev, &nvme->page, &nvme->page_iova, f);

	if (!err)
		err = nvme_queue_init(dev, &nvme->admin, 0, f);
	if (!err)
		err = nvme_control_enable(dev, f);
	if (!err)
		err = nvme_admin_identify_controller(dev, f);
	return err ? err : nvme_io_init(dev, f);
}

/* Whoever had it before may have left it on. */
static int nvme_quiet(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	int err = nvme_control_look(dev, f);

	if (err)
		return err;
	nvme->sick = nvme->leave = nvme->told = false;
	nvme->made_cq = nvme->made_sq = 0;
	err = nvme_control_disable(dev);
	return err ? fail_set(f, err, "nvme cannot be disabled: that takes it more than %u ms", nvme->ready_ms) : 0;
}

static int nvme_init(struct dev *dev, struct fail *f)
{
	int err = nvme_quiet(dev, f);

	return err ? err : nvme_bring_up(dev, f);
}

/*
 * Threads that still wait on I/O queues leave, and none comes in any more. Where requests go to the admin queue there is one thread,
 * and dev.c lets it end first.
 */
static void nvme_quiesce(struct nvme *nvme)
{
	nvme->leave = true;
	for (unsigned int i = 0; i < NVME_IO_QUEUES_MAX; i++) {
		pthread_mutex_lock(&nvme->io[i].busy);
		pthread_mutex_unlock(&nvme->io[i].busy);
	}
}

/* Queues deleted and the end announced (B 3.6.1) while it can be talked to; then off, which ends every DMA (B 3.7.2). */
static int nvme_stop(struct dev *dev)
{
	struct nvme *nvme = nvme_of(dev);
	int err;

	nvme_quiesce(nvme);
	if (nvme->up && !nvme->sick && !nvme_control_is_dead(dev)) {
		nvme_admin_delete_queues(dev);
		if (!nvme->sick)
			nvme_control_shutdown(dev);
	}
	err = nvme_control_disable(dev);
	if (err)
		return -ETIMEDOUT;
	nvme_pages_free(dev);
	return 0;
}

const struct dev_ops dev_nvme_ops = {
	.name = "nvme",
	.help = "NVM Express controllers: Identify data, or blocks of a namespace "
		"[scratch=FIRST+COUNT,blocks=FIRST+COUNT,compare=FIRST+COUNT,log=LID]",
	.limits =
		{
			.min_len = NVME_PAGE,
			.max_len = NVME_PAGE,
			.align = NVME_PAGE,
			.addr_align = 4,
			.max_iova = UINT64_MAX,
			.depth = NVME_DEPTH_DEFAULT,
			.queues = 1,
			.dirs = DEV_WRITE,
			.buffer = NVME_PAGE,
			.fixed = true,
		},
	.match = nvme_match,
	.probe = nvme_probe,
	.quiet = nvme_quiet,
	.init = nvme_init,
	.stop = nvme_stop,
	.remove = nvme_remove,
	.submit = nvme_io_submit,
	.wait = nvme_io_wait,
};
