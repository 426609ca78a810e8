/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time inside of reading and unmapping at which somebody wants to be called. */
#ifndef IC_IOMMU_SIM_WINDOW_H
#define IC_IOMMU_SIM_WINDOW_H

#include <pthread.h>
#include <stdatomic.h>

#include "iommu/dirty.h"

struct sim_windows {
	pthread_mutex_t lock;
	_Atomic unsigned int wanted; /* a bit per window */
	struct {
		void (*fn)(void *arg);
		void *arg;
	} at[DIRTY_WINDOWS];
};

void sim_windows_init(struct sim_windows *windows);
void sim_windows_exit(struct sim_windows *windows);
/* leaf_ops.place: -EINVAL no such window. */
int sim_window_place(struct iommu *iommu, enum dirty_window window, void (*fn)(void *arg), void *arg);
/* The window is open: call whoever waits for it, once. Outside of rcu_enter(). */
void sim_window_open(struct sim_windows *windows, enum dirty_window window);

#endif
