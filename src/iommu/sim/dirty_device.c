/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated device's log behind VFIO_DEVICE_FEATURE_DMA_LOGGING_{START,STOP,REPORT}: the checks of drivers/vfio/vfio_main.c, and
 * what drivers that have one answer (drivers/vfio/pci/mlx5): no second start, no report without one, stop at any time.
 */
#include <errno.h>

#include "base/num.h"
#include "iommu/rcu.h"
#include "iommu/sim/context.h"
#include "iommu/sim/log.h"

static struct sim_device *sim_logger(const struct dirty_at *at)
{
	return container_of(at->idev, struct sim_device, idev);
}

static struct sim *sim_logger_sim(const struct dirty_at *at)
{
	return sim_space_of(at->idev->iommu)->sim;
}

static int sim_logger_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why)
{
	*out = (struct dirty_caps){
		.page_sizes = SIM_DIRTY_SIZES,
		.outlasts = true,
		.ranges = SIM_LOG_RANGES,
	};
	return 0;
}

/* vfio_ioctl_device_feature_logging_start(), of one range and those before it. */
static int sim_logger_check_range(const struct dirty_start *req, unsigned int i)
{
	struct iova_range range = req->ranges[i];
	uint64_t length = range.last - range.start + 1, end;

	if (!IS_ALIGNED(range.start | length, req->page_size))
		return -EINVAL;
	if (!num_add(range.start, length, &end))
		return -EOVERFLOW;
	if (!length)
		return -EINVAL;
	for (unsigned int j = 0; j < i; j++)
		if (iova_range_overlaps(req->ranges[j], range))
			return -EINVAL;
	return 0;
}

static int sim_logger_check(const struct dirty_start *req)
{
	int r = 0;

	if (req->flags || !req->nr)
		return -EINVAL;
	if (req->nr > SIM_LOG_RANGES)
		return -E2BIG;
	for (unsigned int i = 0; i < req->nr && !r; i++)
		r = sim_logger_check_range(req, i);
	return r;
}

static int sim_logger_start(const struct dirty_at *at, struct dirty_start *req)
{
	struct sim_engine *e = sim_logger(at)->engine;
	struct sim *sim = sim_logger_sim(at);
	struct sim_log *log;
	int r = sim_logger_check(req);

	if (r)
		return r;
	sim_lock(sim);
	r = sim_engine_log(e) ? -EINVAL : sim_log_new(req, &log);
	if (!r) {
		req->page_size = UINT64_C(1) << sim_log_page_shift(log);
		sim_engine_set_log(e, log);
	}
	sim_unlock(sim);
	return r;
}

static int sim_logger_stop(const struct dirty_at *at)
{
	struct sim_engine *e = sim_logger(at)->engine;
	struct sim *sim = sim_logger_sim(at);
	struct sim_log *log;

	sim_lock(sim);
	log = sim_engine_log(e);
	sim_engine_set_log(e, NULL);
	sim_unlock(sim);
	sim_log_free(log);
	return 0;
}

/* vfio_ioctl_device_feature_logging_report(). Reading always clears: there is no flag that says otherwise. */
static int sim_logger_check_report(const struct dirty_read *req)
{
	uint64_t end;

	if (req->keep)
		return -EOPNOTSUPP;
	if (!dirty_fits(req))
		return -ENOBUFS;
	if (req->flags || req->page_size < SIM_PAGE || req->page_size & (req->page_size - 1))
		return -EINVAL;
	if (!num_add(req->iova, req->length, &end))
		return -EOVERFLOW;
	if (!req->length)
		return -EINVAL;
	return sim_bits_writable(req) ? 0 : -EFAULT;
}

static int sim_logger_report(const struct dirty_at *at, const struct dirty_read *req)
{
	struct sim *sim = sim_logger_sim(at);
	int r = sim_logger_check_report(req);
	struct sim_bits bits;
	struct sim_log *log;

	if (r)
		return r;
	sim_bits_init(&bits, req, &sim->faults);
	sim_lock(sim);
	log = sim_engine_log(sim_logger(at)->engine);
	r = log ? sim_log_report(log, &bits) : -EINVAL;
	sim_unlock(sim);
	return r;
}

const struct dirty_ops sim_dirty_device_ops = {
	.caps = sim_logger_caps,
	.start = sim_logger_start,
	.stop = sim_logger_stop,
	.read = sim_logger_report,
};
