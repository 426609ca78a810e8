/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfers within a device's limits, and roundtrips cut into such transfers. */
#include <errno.h>

#include "base/num.h"
#include "dev/transfer.h"

#define DEV_TIMEOUT_MS 10000 /* for one submission of a roundtrip; edu needs 100 ms per request */
#define DEV_BATCH 64

/* One end of a request: an address in memory, or an offset in the device's buffer. */
static int dev_check_end(uint64_t align, uint64_t at, uint64_t len, uint64_t max)
{
	uint64_t last;

	if (align > 1 && !IS_ALIGNED(at, align))
		return -EINVAL;
	return num_add(at, len - 1, &last) && last <= max ? 0 : -ERANGE;
}

static int dev_check_req(const struct dev_limits *l, const struct dev_req *r)
{
	uint64_t buffer_last = l->buffer - 1, addr_align = dev_addr_unit(l);
	int err;

	if (!(l->dirs & r->dir) || (r->dir & (r->dir - 1)) || r->dir == 0)
		return -EINVAL;
	if (r->len == 0 || r->len < l->min_len || r->len > l->max_len || (r->dir != DEV_COPY && l->buffer == 0))
		return -ERANGE;
	if (l->align > 1 && !IS_ALIGNED(r->len, l->align))
		return -EINVAL;
	err = r->dir == DEV_WRITE ? dev_check_end(l->align, r->src, r->len, buffer_last)
				  : dev_check_end(addr_align, r->src, r->len, l->max_iova);
	if (err)
		return err;
	return r->dir == DEV_READ ? dev_check_end(l->align, r->dst, r->len, buffer_last)
				  : dev_check_end(addr_align, r->dst, r->len, l->max_iova);
}

static int dev_check(const struct dev *dev, unsigned int queue, const struct dev_req *reqs, unsigned int n)
{
	const struct dev_limits *l = &dev->limits;
	int err = 0;

	if (n == 0 || queue >= l->queues)
		return -EINVAL;
	if (n > l->depth)
		return -ERANGE;
	for (unsigned int i = 0; !err && i < n; i++)
		err = dev_check_req(l, &reqs[i]);
	return err;
}

int dev_transfer(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	int err = dev_check(dev, queue, reqs, n);

	if (err)
		return err;
	dev_lock(dev, queue);
	err = dev_run(dev, queue, reqs, n, timeout_ms);
	dev_unlock(dev, queue);
	return err;
}

/* A run of pieces in one direction: done in batches, the first error status kept. @len is moved whole. */
static int dev_pieces(struct dev *dev, unsigned int queue, struct dev_req whole, int *status)
{
	unsigned int most = MIN(dev->limits.depth, DEV_BATCH), n;
	struct dev_req reqs[DEV_BATCH];
	uint64_t done = 0, piece;
	int err;

	while (done < whole.len) {
		for (n = 0; n < most && done < whole.len; n++, done += piece) {
			piece = dev_piece(&dev->limits, dev->limits.max_len, whole.len - done);
			reqs[n] = (struct dev_req){whole.dir, whole.src + done, whole.dst + done, piece, 0};
		}
		err = dev_check(dev, queue, reqs, n);
		if (!err)
			err = dev_run(dev, queue, reqs, n, DEV_TIMEOUT_MS);
		if (err)
			return err;
		for (unsigned int i = 0; i < n && *status == 0; i++)
			*status = reqs[i].status;
	}
	return 0;
}

static int dev_through_buffer(struct dev *dev, unsigned int queue, iova_t src, iova_t dst, uint64_t len, int *status)
{
	uint64_t room = dev->limits.buffer - dev->limits.buffer % MAX(dev->limits.align, 1), n;
	int err = 0;

	/* a buffer that one request cannot fill is used up to what requests of full size fill */
	if (room > dev->limits.max_len)
		room -= room % (dev->limits.max_len - dev->limits.max_len % MAX(dev->limits.align, 1));
	for (uint64_t done = 0; !err && done < len; done += n) {
		n = dev_piece(&dev->limits, room, len - done);
		err = dev_pieces(dev, queue, (struct dev_req){DEV_READ, src + done, 0, n, 0}, status);
		if (!err)
			err = dev_pieces(dev, queue, (struct dev_req){DEV_WRITE, 0, dst + done, n, 0}, status);
	}
	return err;
}

int dev_roundtrip(struct dev *dev, unsigned int queue, iova_t src, iova_t dst, uint64_t len, int *status)
{
	const struct dev_limits *l = &dev->limits;
	int err;

	*status = 0;
	if (len == 0)
		return -ERANGE;
	if (!dev_both_ways(l))
		return -EOPNOTSUPP;
	dev_lock(dev, queue);
	if (l->dirs & DEV_COPY)
		err = dev_pieces(dev, queue, (struct dev_req){DEV_COPY, src, dst, len, 0}, status);
	else
		err = dev_through_buffer(dev, queue, src, dst, len, status);
	dev_unlock(dev, queue);
	return err;
}

int dev_oneway(struct dev *dev, unsigned int queue, enum dev_dir dir, iova_t at, uint64_t len, unsigned int timeout_ms,
	       int *status)
{
	uint64_t most = dev_most(&dev->limits, dir), done = 0;

	*status = 0;
	while (done < len) {
		struct dev_req req = {.dir = dir, .len = dev_piece(&dev->limits, most, len - done)};
		int err;

		*(dir == DEV_READ ? &req.src : &req.dst) = at + done;
		err = dev_transfer(dev, queue, &req, 1, timeout_ms);
		if (err)
			return err;
		if (!*status)
			*status = req.status;
		done += req.len;
	}
	return 0;
}
