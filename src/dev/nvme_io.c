/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests as NVMe commands: harmless ones of the admin queue, or transfers of blocks on I/O queues (N 3.2). */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "base/msg.h"
#include "base/num.h"
#include "dev/nvme.h"

#define NVME_BLOCKS_MOST 65536u	       /* of a command: NLB has 16 bits and counts from 0 */
#define NVME_VERSION_RETAIN 0x00010300 /* Get Log Page has RAE since 1.3 */
#define NVME_SGLS_MASK 3u	       /* B 5.17.2.1: 1 any alignment, 2 whole dwords */

static struct nvme_queue *nvme_io_queue(struct nvme *nvme, unsigned int queue)
{
	return nvme->opt.mode >= NVME_BLOCKS ? &nvme->io[queue] : &nvme->admin;
}

/* Queues have entries - 1 commands at the most: one more would look like none. */
static int nvme_io_depth(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	unsigned int most = MIN(NVME_RING, NVME_CAP_MQES(nvme->cap) + 1) - 1;

	if (nvme->opt.depth > most) {
		fail_usage(f, ERANGE, "depth=%u is more than nvme's queues hold", nvme->opt.depth);
		fail_hint(f, "depth=%u", most);
		return -ERANGE;
	}
	dev->limits.depth = MIN(dev->limits.depth, most);
	return 0;
}

static int nvme_io_sgl(struct dev *dev, struct fail *f)
{
	uint32_t have = nvme_of(dev)->sgls & NVME_SGLS_MASK;

	if (have != 1 && have != 2) {
		fail_set(f, EOPNOTSUPP, "nvme takes no SGLs");
		fail_hint(f, "without sgl it is given PRPs");
		return -EOPNOTSUPP;
	}
	dev->limits.addr_align = have == 1 ? 1 : 4;
	return 0;
}

static int nvme_io_length(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	struct dev_limits *l = &dev->limits;
	uint64_t block = UINT64_C(1) << nvme->block_shift, most = NVME_BLOCKS_MOST * block;
	uint64_t want = nvme->opt.max_transfer;
	char text[32];

	if (nvme->transfer_most)
		most = MIN(most, nvme->transfer_most);
	if (most < block)
		return fail_set(f, EIO, "nvme moves 0x%" PRIx64 " bytes at the most, less than a block of 0x%" PRIx64,
				most, block);
	if (want > most || (want && !IS_ALIGNED(want, block))) {
		fail_usage(f, ERANGE, "max-transfer=%s is not what nvme moves at once",
			   num_format_size(text, sizeof(text), want));
		fail_hint(f, "up to %s", num_format_size(text, sizeof(text), MIN(most, NVME_TRANSFER_MAX)));
		return -ERANGE;
	}
	l->min_len = l->align = block;
	l->max_len = ALIGN_DOWN(want ? want : MIN(most, NVME_TRANSFER_DEFAULT), block);
	nvme->part = nvme->opt.count / l->queues;
	l->buffer = nvme->part * block;
	return 0;
}

static int nvme_io_lists(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	int err = 0;

	for (unsigned int i = 0; i < dev->limits.queues && !err; i++)
		err = nvme_prp_lists(dev, &nvme->io[i], dev->limits.depth, MIN(dev->limits.max_len, dev->limits.buffer),
				     f);
	if (err == -ENOSPC)
		fail_hint(f, "a smaller depth=, queues= or max-transfer=");
	return err;
}

int nvme_io_init(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	int err = nvme_io_depth(dev, f);

	if (err || nvme->opt.mode < NVME_BLOCKS)
		return err;
	if (nvme->opt.mode == NVME_COMPARE && !nvme->can_compare)
		return fail_set(f, EOPNOTSUPP, "nvme has no Compare command");
	err = nvme_admin_identify_namespace(dev, f);
	if (!err)
		err = nvme_io_length(dev, f);
	if (!err && nvme->opt.mode == NVME_SCRATCH)
		err = nvme_admin_name_drive(dev, f);
	if (!err && nvme->opt.sgl)
		err = nvme_io_sgl(dev, f);
	if (!err)
		err = nvme_admin_make_queues(dev, f);
	if (!err && !nvme->opt.sgl)
		err = nvme_io_lists(dev, f);
	return err;
}

static void nvme_io_log(const struct nvme *nvme, const struct dev_req *req, struct nvme_command *cmd)
{
	uint32_t dwords = (uint32_t)(req->len / 4) - 1;

	cmd->dw[0] = NVME_ADMIN_GET_LOG;
	cmd->dw[1] = NVME_ALL_NAMESPACES;
	cmd->dw[10] = dwords << 16 | nvme->opt.log;
	if (nvme->version >= NVME_VERSION_RETAIN)
		cmd->dw[10] |= NVME_LOG_RETAIN;
}

static void nvme_io_blocks(const struct nvme *nvme, unsigned int queue, const struct dev_req *req,
			   struct nvme_command *cmd)
{
	uint64_t offset = req->dir == DEV_WRITE ? req->src : req->dst;
	uint64_t block = nvme->opt.first + queue * nvme->part + (offset >> nvme->block_shift);

	if (req->dir == DEV_WRITE)
		cmd->dw[0] = NVME_IO_READ;
	else
		cmd->dw[0] = nvme->opt.mode == NVME_SCRATCH ? NVME_IO_WRITE : NVME_IO_COMPARE;
	cmd->dw[1] = nvme->opt.ns;
	cmd->dw[10] = (uint32_t)block;
	cmd->dw[11] = (uint32_t)(block >> 32);
	cmd->dw[12] = (uint32_t)(req->len >> nvme->block_shift) - 1;
}

static void nvme_io_add(struct nvme *nvme, unsigned int queue, const struct dev_req *req)
{
	struct nvme_queue *q = nvme_io_queue(nvme, queue);
	iova_t iova = req->dir == DEV_WRITE ? req->dst : req->src;
	struct nvme_command cmd = {0};

	if (nvme->opt.mode == NVME_LOG) {
		nvme_io_log(nvme, req, &cmd);
	} else if (nvme->opt.mode == NVME_IDENTIFY) {
		cmd.dw[0] = NVME_ADMIN_IDENTIFY;
		cmd.dw[10] = NVME_CNS_CONTROLLER;
	} else {
		nvme_io_blocks(nvme, queue, req, &cmd);
	}
	if (nvme->opt.sgl)
		nvme_sgl_set(&cmd, iova, req->len);
	else
		nvme_prp_set(&cmd, &nvme_queue_slot(q)->list, iova, req->len);
	nvme_queue_add(q, &cmd);
}

int nvme_io_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	struct nvme *nvme = nvme_of(dev);
	struct nvme_queue *q = nvme_io_queue(nvme, queue);

	pthread_mutex_lock(&q->busy);
	if (nvme->leave) {
		pthread_mutex_unlock(&q->busy);
		return -EBUSY;
	}
	for (unsigned int i = 0; i < n; i++)
		nvme_io_add(nvme, queue, &reqs[i]);
	nvme_queue_ring(dev, q);
	return 0;
}

/*
 * A read of memory that the IOMMU refused comes back to the controller as an error, and it may say so: Data Transfer Error. A write
 * that was refused nobody tells it of, so that status 0 means nothing (limits.reports_faults).
 */
static int nvme_io_status(struct nvme *nvme, uint16_t status)
{
	if (!status)
		return 0;
	if (NVME_STATUS_CODE(status) == NVME_STATUS_COMPARE_FAILURE && !atomic_exchange(&nvme->differed, true))
		msg_warn("nvme compared what it read with its blocks, and they differ: not an error of the "
			 "controller's");
	return NVME_STATUS_CODE(status) == NVME_STATUS_DATA_TRANSFER ? -EFAULT : -EIO;
}

int nvme_io_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	struct nvme_queue *q = nvme_io_queue(nvme_of(dev), queue);
	int err = nvme_queue_wait(dev, q, timeout_ms);

	for (unsigned int i = 0; i < n && !err; i++)
		reqs[i].status = nvme_io_status(nvme_of(dev), q->slots[i].status);
	pthread_mutex_unlock(&q->busy);
	return err;
}
