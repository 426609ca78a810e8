/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to dev/: what transfer.c needs of dev.c's state. */
#ifndef IC_DEV_TRANSFER_H
#define IC_DEV_TRANSFER_H

#include "dev/driver.h"

/* Submit and wait, if the state allows it: -ENODEV not started, -EBUSY after a time-out. Limits were checked before. */
int dev_run(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms);
/* Held across everything that shares a queue and its buffer; on devices with one queue it also keeps dev_stop() out. */
void dev_lock(struct dev *dev, unsigned int queue);
void dev_unlock(struct dev *dev, unsigned int queue);

#endif
