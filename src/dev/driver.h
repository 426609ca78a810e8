/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to dev/: what a driver implements. Called from dev.c only, which checks state and limits first. */
#ifndef IC_DEV_DRIVER_H
#define IC_DEV_DRIVER_H

#include "dev/dev.h"
#include "dev/mmio.h"

#define DEV_QUEUES_MAX 16

struct dev {
	const struct dev_ops *ops;
	const char *name; /* what it is called, owned by the driver; NULL: ops->name */
	struct iommu_device *idev;
	const struct dev_env *env;
	struct dev_limits limits; /* copied from ops->limits, then narrowed by init */
	char *options;		  /* what followed the driver's name, or "" */
	struct mmio mmio;	  /* BAR chosen by init, or a fake register file in unit tests */
	unsigned int bar;	  /* the one behind mmio */
	void *priv;
	/* dev.c's own state follows in dev.c (struct dev is embedded there) */
};

struct dev_ops {
	const char *name, *help;
	bool takes_file; /* asked for as "NAME:FILE[,OPTION...]", never matched; its options are all behind the colon */
	struct dev_limits limits;
	bool (*match)(const struct iommu_device_id *id);
	/* Parse dev->options, map BARs, narrow limits. No DMA. */
	int (*probe)(struct dev *dev, struct fail *f);
	/*
	 * May be NULL. Disable what an earlier owner may have left running: called before the first init, while the device
	 * may not master the bus, so that nothing of that owner's comes upon memory that is ours now. After a failure stop is called.
	 */
	int (*quiet)(struct dev *dev, struct fail *f);
	/* Bring the engine up; allocate rings through dev->env. Bus mastering is already on. */
	int (*init)(struct dev *dev, struct fail *f);
	/*
	 * Stop the engine; 0 = known idle, -ETIMEDOUT = not. Rings are freed here when idle; dev.c keeps them until bus
	 * mastering is off as well.
	 */
	int (*stop)(struct dev *dev);
	void (*remove)(struct dev *dev); /* free priv; the engine is already stopped or given up */
	/* Start @n requests (n <= depth). Synchronous devices may already be done when it returns. */
	int (*submit)(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n);
	/* Returns 0 only when every DMA of this submission has ended and each status is set; else -ETIMEDOUT. */
	int (*wait)(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms);
};

/*
 * The second half of dev_open: allocate, set limits and options, call probe. @fake (may be NULL) is a register file that
 * takes the BAR's place: a probe maps its BAR only while dev->mmio is empty. The device is never told to DMA.
 */
int dev_open_ops(struct dev **out, const struct dev_ops *ops, struct iommu_device *idev, const char *options,
		 const struct mmio *fake, const struct dev_env *env, struct fail *f);
/* For probe: map BAR @n into dev->mmio unless a fake is there. Unmappable BARs (small ones) are reached by calls. */
int dev_map_bar(struct dev *dev, unsigned int n, struct fail *f);

/* For probe: the failure of an option that @dev's driver does not have; @known names those it has, "" for none. */
int dev_bad_option(const struct dev *dev, const char *key, const char *known, struct fail *f);

extern const struct dev_ops dev_sim_ops, dev_mock_ops, dev_edu_ops, dev_lsi_ops;
extern const struct dev_ops dev_e1000e_ops, dev_igb_ops;
extern const struct dev_ops dev_testdev_ops;
extern const struct dev_ops dev_nvme_ops;

extern const struct dev_ops dev_recipe_ops;

#endif
