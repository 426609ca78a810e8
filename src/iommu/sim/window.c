/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The windows of struct leaf_ops: whoever waits for one is called with the context's lock held, which DMA does not need. */
#include "iommu/sim/window.h"

#include <errno.h>

#include "iommu/sim/context.h"

void sim_windows_init(struct sim_windows *windows)
{
	pthread_mutex_init(&windows->lock, NULL);
}

void sim_windows_exit(struct sim_windows *windows)
{
	pthread_mutex_destroy(&windows->lock);
}

int sim_window_place(struct iommu *iommu, enum dirty_window window, void (*fn)(void *arg), void *arg)
{
	struct sim_windows *windows = &sim_space_of(iommu)->windows;

	if (window >= DIRTY_WINDOWS)
		return -EINVAL;
	pthread_mutex_lock(&windows->lock);
	windows->at[window].fn = fn;
	windows->at[window].arg = arg;
	if (fn)
		atomic_fetch_or(&windows->wanted, 1u << window);
	else
		atomic_fetch_and(&windows->wanted, ~(1u << window));
	pthread_mutex_unlock(&windows->lock);
	return 0;
}

void sim_window_open(struct sim_windows *windows, enum dirty_window window)
{
	void (*fn)(void *arg) = NULL;
	void *arg = NULL;

	if (!(atomic_load_explicit(&windows->wanted, memory_order_relaxed) & 1u << window))
		return;
	pthread_mutex_lock(&windows->lock);
	/* somebody else may have taken it back in between */
	if (atomic_fetch_and(&windows->wanted, ~(1u << window)) & 1u << window) {
		fn = windows->at[window].fn;
		arg = windows->at[window].arg;
	}
	pthread_mutex_unlock(&windows->lock);
	if (fn)
		fn(arg);
}
