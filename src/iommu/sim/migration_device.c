/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is seen of the simulated device beside its DMA: configuration space, registers in BAR 0, two vectors of MSI. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/rng.h"
#include "iommu/sim/context.h"

#define CONFIG_COMMAND 0x04u
#define CONFIG_LINE 0x3cu /* the interrupt line: a note for software (PCI 3.0, 6.2.4) */
#define CONFIG_OWN 0x40u  /* from here on everything can be written */

static struct sim_mig *sim_mig_of(struct iommu_device *idev)
{
	return container_of(idev, struct sim_device, idev)->mig;
}

void sim_mig_device_init(struct sim_mig *m)
{
	uint64_t place = rng_place("the simulated device's registers");
	uint16_t ids[2] = {0x1234, 0x0001}; /* nobody's */

	for (size_t i = 0; i < SIM_MIG_REGS; i += sizeof(uint64_t)) {
		uint64_t word = rng_draw(m->sim->faults.seed, i, place);

		memcpy(m->regs + i, &word, sizeof(word));
	}
	memcpy(m->config, ids, sizeof(ids));
	for (unsigned int i = 0; i < SIM_MIG_VECTORS; i++)
		m->vectors[i] = -1;
}

void sim_mig_device_exit(struct sim_mig *m)
{
	for (unsigned int i = 0; i < SIM_MIG_VECTORS; i++)
		if (m->vectors[i] >= 0)
			close(m->vectors[i]);
	if (m->bar)
		sim_buf_release(&m->sim->mem, m->bar);
	else
		free(m->regs);
}

static int sim_mig_config_at(struct sim_mig *m, unsigned int offset, unsigned int width)
{
	if (offset + width > SIM_MIG_CONFIG)
		return -EIO;
	return sim_mig_is_stopped(m->state) && sim_mig_fires(m, SIM_FAULT_MIG_CONFIG_STOPPED) ? -EIO : 0;
}

int sim_mig_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value)
{
	struct sim_mig *m = sim_mig_of(idev);
	int r = sim_mig_config_at(m, offset, width);

	*value = 0;
	if (!r)
		memcpy(value, m->config + offset, width);
	return r;
}

static bool sim_mig_config_writable(unsigned int offset)
{
	return offset / 2 == CONFIG_COMMAND / 2 || offset == CONFIG_LINE || offset >= CONFIG_OWN;
}

int sim_mig_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value)
{
	struct sim_mig *m = sim_mig_of(idev);
	int r = sim_mig_config_at(m, offset, width);

	for (unsigned int i = 0; !r && i < width; i++)
		if (sim_mig_config_writable(offset + i))
			m->config[offset + i] = (uint8_t)(value >> 8 * i);
	return r;
}

/* Memory that can be mapped for DMA: what the device does there goes to a device, and is peer to peer. */
int sim_mig_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f)
{
	struct sim_mig *m = sim_mig_of(idev);
	uint64_t run;

	if (n)
		return fail_set(f, ENOENT, "the simulated device has no BAR %u", n);
	if (!m->bar) {
		char *regs;

		if (sim_buf_new(&m->sim->mem, SIM_MIG_REGS, IOMMU_MEM_ANON, &m->bar))
			return fail_set(f, ENOMEM, "cannot map BAR 0 of the simulated device");
		regs = (char *)(uintptr_t)m->bar->node.start;
		memcpy(regs, m->regs, SIM_MIG_REGS);
		free(m->regs);
		m->regs = regs;
		sim_engine_set_peer(m->engine, sim_frame_va(&m->sim->mem, sim_buf_frame(m->bar, 0, 1, &run)));
	}
	*out = (struct idev_bar){.base = m->regs, .size = SIM_MIG_REGS};
	return 0;
}

int sim_mig_irq_enable(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *eventfd_out)
{
	struct sim_mig *m = sim_mig_of(idev);
	int fd, ours;

	if (kind != IDEV_IRQ_MSI || n >= SIM_MIG_VECTORS)
		return -EOPNOTSUPP;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ours = fd < 0 ? -1 : dup(fd);
	if (ours < 0) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	if (m->vectors[n] >= 0)
		close(m->vectors[n]);
	m->vectors[n] = ours;
	*eventfd_out = fd;
	return 0;
}

int sim_mig_irq_disable(struct iommu_device *idev, enum idev_irq kind)
{
	struct sim_mig *m = sim_mig_of(idev);

	for (unsigned int i = 0; kind == IDEV_IRQ_MSI && i < SIM_MIG_VECTORS; i++) {
		if (m->vectors[i] >= 0)
			close(m->vectors[i]);
		m->vectors[i] = -1;
	}
	return kind == IDEV_IRQ_MSI ? 0 : -EINVAL;
}

int sim_mig_irq_trigger(struct iommu_device *idev, enum idev_irq kind, unsigned int n)
{
	struct sim_mig *m = sim_mig_of(idev);

	if (kind != IDEV_IRQ_MSI || n >= SIM_MIG_VECTORS || m->vectors[n] < 0)
		return -EINVAL;
	return eventfd_write(m->vectors[n], 1) ? -errno : 0;
}
