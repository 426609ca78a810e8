/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A register model in its place behind the simulated IOMMU: its configuration space, BAR, DMA and reset. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/msg.h"
#include "iommu/sim/dma.h"
#include "iommu/sim/model.h"

#define MODEL_COMMAND 0x04 /* PCI Local Bus 3.0, 6.2.2 */
#define MODEL_COMMAND_MEM 0x2
#define MODEL_COMMAND_MASTER 0x4
#define MODEL_CONFIG_SIZE 256u

static struct model *model_of(struct iommu_device *idev)
{
	return container_of(idev, struct sim_device, idev)->model;
}

/* Identity and COMMAND; all else reads as zeros. */
static uint32_t model_config_dword(const struct model *m, unsigned int offset)
{
	switch (offset) {
	case 0x00:
		return (uint32_t)m->ops->device << 16 | m->ops->vendor;
	case MODEL_COMMAND:
		return (m->memory ? MODEL_COMMAND_MEM : 0) | (m->master ? MODEL_COMMAND_MASTER : 0);
	case 0x08:
		return m->ops->class_code << 8 | m->ops->revision;
	default:
		return 0;
	}
}

static int model_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value)
{
	struct model *m = model_of(idev);
	uint32_t mask = width == 4 ? UINT32_MAX : (1u << width * 8) - 1;

	if (offset > MODEL_CONFIG_SIZE - width)
		return -EINVAL;
	pthread_mutex_lock(&m->lock);
	*value = model_is(m, MODEL_GONE) ? mask : model_config_dword(m, offset & ~3u) >> (offset & 3) * 8 & mask;
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int model_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value)
{
	struct model *m = model_of(idev);

	if (offset > MODEL_CONFIG_SIZE - width)
		return -EINVAL;
	pthread_mutex_lock(&m->lock);
	if (offset == MODEL_COMMAND && !model_is(m, MODEL_GONE)) {
		m->memory = value & MODEL_COMMAND_MEM;
		m->master = value & MODEL_COMMAND_MASTER;
	}
	pthread_mutex_unlock(&m->lock);
	return 0;
}

/* Not mapped: each access is a call. */
static int model_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f)
{
	const struct model *m = model_of(idev);

	if (n != m->ops->bar)
		return fail_set(f, ENOENT, "model %s has BAR %u only", m->ops->name, m->ops->bar);
	*out = (struct idev_bar){.size = m->ops->bar_size};
	return 0;
}

static int model_check(const struct model *m, unsigned int n, uint64_t offset, unsigned int width)
{
	if (n != m->ops->bar)
		return -ENOENT;
	return offset <= m->ops->bar_size - width && offset % width == 0 ? 0 : -EINVAL;
}

/* Counts an access to a register. False: nobody answers it. */
static bool model_answers(struct model *m)
{
	m->accesses++;
	return m->memory && !model_is(m, MODEL_GONE);
}

static int model_bar_read(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			  uint64_t *value)
{
	struct model *m = model_of(idev);
	int err = model_check(m, n, offset, width);

	if (err)
		return err;
	pthread_mutex_lock(&m->lock);
	*value = model_answers(m) ? m->ops->read(m, offset, width) : UINT64_MAX;
	pthread_mutex_unlock(&m->lock);
	if (width < 8)
		*value &= (UINT64_C(1) << width * 8) - 1;
	return 0;
}

static int model_bar_write(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			   uint64_t value)
{
	struct model *m = model_of(idev);
	int err = model_check(m, n, offset, width);

	if (err)
		return err;
	pthread_mutex_lock(&m->lock);
	if (model_answers(m))
		m->ops->write(m, offset, width, value);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

/* In pieces that fit a queue's own memory, in whose place @buf is. */
static int model_dma(struct model *m, enum sim_dma_kind kind, iova_t iova, char *buf, uint64_t len)
{
	struct sim *sim = sim_space_of(m->device->idev.iommu)->sim;
	int status = 0;

	for (uint64_t done = 0, n; done < len; done += n) {
		struct sim_dma piece = {.kind = kind};

		n = piece.len = MIN(len - done, SIM_DEVICE_BUFFER);
		*(kind == SIM_DMA_READ ? &piece.src : &piece.dst) = iova + done;
		sim_dma_execute(sim, m->device->engine, &piece, buf + done);
		if (piece.status)
			status = piece.status;
	}
	return status;
}

static bool model_masters(const struct model *m)
{
	return m->master || m->ops->unruly;
}

int model_dma_read(struct model *m, iova_t iova, void *buf, uint64_t len)
{
	if (model_masters(m))
		return model_dma(m, SIM_DMA_READ, iova, buf, len);
	memset(buf, 0xff, len);
	return -EFAULT;
}

int model_dma_write(struct model *m, iova_t iova, const void *buf, uint64_t len)
{
	/* which is only read: the engine has one kind of buffer */
	return model_masters(m) ? model_dma(m, SIM_DMA_WRITE, iova, (char *)(uintptr_t)buf, len) : -EFAULT;
}

/* The kernel saves COMMAND before a reset and puts it back: only the model's own state goes. */
static int model_reset(struct iommu_device *idev)
{
	struct model *m = model_of(idev);
	bool gone;

	if (!m->ops->reset)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&m->lock);
	gone = model_is(m, MODEL_GONE);
	if (!gone)
		m->ops->reset(m);
	pthread_mutex_unlock(&m->lock);
	return gone ? -EIO : 0;
}

static bool model_has_reset(const struct iommu_device *idev)
{
	return container_of(idev, const struct sim_device, idev)->model->ops->reset;
}

static const struct idev_ops model_device_ops = {
	.config_read = model_config_read,
	.config_write = model_config_write,
	.bar_map = model_bar_map,
	.bar_read = model_bar_read,
	.bar_write = model_bar_write,
	.reset = model_reset,
	.has_reset = model_has_reset,
	.dirty = &sim_dirty_device_ops,
};

int sim_model_new(struct sim_device *dev, const struct sim_model_choice *choice)
{
	struct model *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	*m = (struct model){
		.ops = choice->ops,
		.device = dev,
		.broken = (enum model_broken)choice->broken,
		.after = choice->after,
		/* as VFIO hands devices out */
		.memory = true,
	};
	err = m->ops->init(m);
	if (err) {
		free(m);
		return err;
	}
	pthread_mutex_init(&m->lock, NULL);
	dev->model = m;
	dev->idev.ops = &model_device_ops;
	dev->idev.id = (struct iommu_device_id){
		.name = "sim",
		.vendor = m->ops->vendor,
		.device = m->ops->device,
		.class_code = m->ops->class_code,
		.revision = m->ops->revision,
	};
	return 0;
}

/* Whoever asked for a breakage and sees that all is well must not think that it was survived. */
static void model_tell_sound(const struct model *m)
{
	if (m->broken != MODEL_SOUND && m->accesses <= m->after)
		msg_warn("model %s was never broken (%s:after=%" PRIu64 "): it saw %" PRIu64 " accesses to registers",
			 m->ops->name, model_broken_name(m->broken), m->after, m->accesses);
}

void sim_model_free(struct model *m)
{
	if (!m)
		return;
	model_tell_sound(m);
	m->ops->exit(m);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
