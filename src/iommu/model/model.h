/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register models: hardware that the simulated device can be made of (--backend sim,model=NAME), so that the drivers of real devices
 * run against the simulated IOMMU and its misbehaviours. A model has one BAR; what is written there may start DMA, which is done before
 * the write returns and goes through the simulated IOMMU like any other. Models can be broken on purpose.
 */
#ifndef IC_IOMMU_MODEL_H
#define IC_IOMMU_MODEL_H

#include <pthread.h>

#include "iommu/device.h"

/* What is wrong with the hardware, from the @after-th access to a register on (0: from the first). */
enum model_broken {
	MODEL_SOUND,
	MODEL_NEVER_READY,  /* it does not come up */
	MODEL_STUCK_BUSY,   /* what was started never ends, and no DMA is done for it */
	MODEL_ERROR_STATUS, /* every request ends with the device's own error, no DMA is done for it */
	MODEL_BOGUS_LENGTH, /* it moves, and where it reports that reports, fewer bytes than it was told */
	MODEL_GONE,	    /* off the bus: reads are all ones, writes are lost */
	MODEL_SILENT_ERROR, /* requests end well, and no DMA is done for them */
	MODEL_BROKEN_KINDS,
};
#define MODEL_BIT(broken) (1u << (broken))
/* "never-ready" ... */
const char *model_broken_name(enum model_broken broken);

struct sim_device;

struct model {
	const struct model_ops *ops;
	struct sim_device *device;
	pthread_mutex_t lock; /* held around each of the ops */
	enum model_broken broken;
	uint64_t after, accesses; /* to registers so far */
	bool memory;		  /* COMMAND's bits: without this one registers do not answer, */
	bool master;		  /* without this one DMA goes nowhere */
	void *priv;
};

/* Const, one per file here, in the table of model.c. Called with the lock held, offsets inside the BAR and aligned to @width. */
struct model_ops {
	const char *name, *help;
	uint16_t vendor, device;
	uint32_t class_code;
	uint8_t revision;
	unsigned int bar;
	uint64_t bar_size;
	unsigned int
		lacks; /* MODEL_BIT of each way in which it cannot be broken: it has no such status, or length, or start */
	bool unruly;		      /* its DMA asks nobody for COMMAND's bit */
	int (*init)(struct model *m); /* m->priv; 0 or -ENOMEM */
	void (*exit)(struct model *m);
	uint64_t (*read)(struct model *m, uint64_t offset, unsigned int width);
	void (*write)(struct model *m, uint64_t offset, unsigned int width, uint64_t value);
	void (*reset)(struct model *m); /* VFIO_DEVICE_RESET; NULL: the device has none */
};

/* For models: is it broken in this way by now? */
static inline bool model_is(const struct model *m, enum model_broken broken)
{
	return __builtin_expect(m->broken == broken, 0) && m->accesses > m->after;
}

/*
 * The device reads or writes memory. 0, or -EFAULT: some page was refused, the rest was done; what could not be read is all ones. Without
 * bus mastering nothing is done, and reads are all ones: -EFAULT.
 */
int model_dma_read(struct model *m, iova_t iova, void *buf, uint64_t len);
int model_dma_write(struct model *m, iova_t iova, const void *buf, uint64_t len);

struct sim_model_choice;

/* "NAME[:broken=WHAT[:after=N]]". -EINVAL names what there is. */
int model_parse(const char *text, struct sim_model_choice *choice, struct fail *f);

/* Each model is named in its own line of the table in model.c. */
extern const struct model_ops model_ram_ops;
extern const struct model_ops model_nvme_ops;
extern const struct model_ops model_edu_ops;
extern const struct model_ops model_lsi_ops;
extern const struct model_ops model_testdev_ops;
extern const struct model_ops model_e1000e_ops;
extern const struct model_ops model_igb_ops;

#endif
