/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of register models, and one in its place behind the simulated IOMMU: its configuration space, BAR, DMA and reset. */
#include "iommu/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "iommu/sim_dma.h"
#include "iommu/sim_model.h"

#define MODEL_COMMAND 0x04 /* PCI Local Bus 3.0, 6.2.2 */
#define MODEL_COMMAND_MEM 0x2
#define MODEL_COMMAND_MASTER 0x4
#define MODEL_CONFIG_SIZE 256u

static const struct model_ops *const models[] = {
	&model_ram_ops,
};

static const char *const model_broken_names[] = {
	[MODEL_SOUND] = "sound",
	[MODEL_NEVER_READY] = "never-ready",
	[MODEL_STUCK_BUSY] = "stuck-busy",
	[MODEL_ERROR_STATUS] = "error-status",
	[MODEL_BOGUS_LENGTH] = "bogus-length",
	[MODEL_GONE] = "gone",
	[MODEL_SILENT_ERROR] = "silent-error",
};
_Static_assert(ARRAY_SIZE(model_broken_names) == MODEL_BROKEN_KINDS, "each has a name");

const char *model_broken_name(enum model_broken broken)
{
	return model_broken_names[broken];
}

static const struct model_ops *model_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		if (!strcmp(models[i]->name, name))
			return models[i];
	return NULL;
}

static int model_unknown(const char *name, struct fail *f)
{
	char known[160] = "";
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "", models[i]->name);
	fail_set(f, EINVAL, "unknown model '%s' of the simulated device", name);
	fail_hint(f, "models: %s", known);
	return -EINVAL;
}

static int model_parse_broken(const char *name, enum model_broken *out, struct fail *f)
{
	for (enum model_broken b = MODEL_SOUND; b < MODEL_BROKEN_KINDS; b++) {
		if (!strcmp(model_broken_names[b], name)) {
			*out = b;
			return 0;
		}
	}
	fail_set(f, EINVAL, "a model cannot be broken as '%s'", name);
	fail_hint(f, "broken=never-ready|stuck-busy|error-status|bogus-length|gone|silent-error[:after=N]");
	return -EINVAL;
}

int model_parse(const char *text, const struct model_ops **ops, enum model_broken *broken, uint64_t *after,
		struct fail *f)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy, *name, *key;
	int err = 0;

	if (!copy)
		return fail_set(f, ENOMEM, "cannot read model '%s'", text);
	*broken = MODEL_SOUND;
	*after = 0;
	name = strsep(&rest, ":");
	*ops = model_find(name);
	if (!*ops)
		return model_unknown(name, f);
	while (!err && (key = strsep(&rest, ":"))) {
		if (!strncmp(key, "broken=", 7))
			err = model_parse_broken(key + 7, broken, f);
		else if (strncmp(key, "after=", 6) || num_parse_u64(key + 6, after))
			err = fail_set(f, EINVAL, "bad option '%s' of a model: broken=WHAT or after=N", key);
	}
	return err;
}

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
		return MODEL_COMMAND_MEM | (m->master ? MODEL_COMMAND_MASTER : 0);
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

	pthread_mutex_lock(&m->lock);
	if (offset == MODEL_COMMAND && !model_is(m, MODEL_GONE))
		m->master = value & MODEL_COMMAND_MASTER;
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

static bool model_has(const struct model *m, unsigned int n, uint64_t offset, unsigned int width)
{
	return n == m->ops->bar && offset <= m->ops->bar_size - width;
}

static int model_bar_read(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			  uint64_t *value)
{
	struct model *m = model_of(idev);

	if (!model_has(m, n, offset, width))
		return -EINVAL;
	pthread_mutex_lock(&m->lock);
	m->accesses++;
	*value = model_is(m, MODEL_GONE) ? UINT64_MAX : m->ops->read(m, offset, width);
	pthread_mutex_unlock(&m->lock);
	if (width < 8)
		*value &= (UINT64_C(1) << width * 8) - 1;
	return 0;
}

static int model_bar_write(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			   uint64_t value)
{
	struct model *m = model_of(idev);

	if (!model_has(m, n, offset, width))
		return -EINVAL;
	pthread_mutex_lock(&m->lock);
	m->accesses++;
	if (!model_is(m, MODEL_GONE))
		m->ops->write(m, offset, width, value);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int model_dma(struct model *m, struct sim_dma *dma, char *buf)
{
	struct sim *sim = sim_space_of(m->device->idev.iommu)->sim;

	/* in pieces that the engine's checks know to be inside of a queue's own memory */
	for (uint64_t left = dma->len; left; left -= dma->len) {
		struct sim_dma piece = *dma;

		piece.len = dma->len = MIN(left, SIM_DEVICE_BUFFER);
		sim_dma_execute(sim, m->device->engine, &piece, buf);
		if (piece.status)
			dma->status = piece.status;
		buf += piece.len;
		dma->src += dma->kind == SIM_DMA_READ ? piece.len : 0;
		dma->dst += dma->kind == SIM_DMA_WRITE ? piece.len : 0;
	}
	return dma->status;
}

int model_dma_read(struct model *m, iova_t iova, void *buf, uint64_t len)
{
	struct sim_dma dma = {.kind = SIM_DMA_READ, .src = iova, .len = len};

	if (m->master)
		return model_dma(m, &dma, buf);
	memset(buf, 0xff, len);
	return -EFAULT;
}

int model_dma_write(struct model *m, iova_t iova, const void *buf, uint64_t len)
{
	struct sim_dma dma = {.kind = SIM_DMA_WRITE, .dst = iova, .len = len};

	return m->master ? model_dma(m, &dma, (char *)(uintptr_t)buf) : -EFAULT;
}

static int model_reset(struct iommu_device *idev)
{
	struct model *m = model_of(idev);

	pthread_mutex_lock(&m->lock);
	if (!model_is(m, MODEL_GONE))
		m->ops->reset(m);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static bool model_has_reset(const struct iommu_device *idev)
{
	return container_of(idev, const struct sim_device, idev)->model->ops->reset;
}

const struct idev_ops model_device_ops = {
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
	*m = (struct model){.ops = choice->ops, .device = dev, .broken = choice->broken, .after = choice->after};
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

void sim_model_free(struct model *m)
{
	if (!m)
		return;
	m->ops->exit(m);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
