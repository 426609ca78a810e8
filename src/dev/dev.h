/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public verbs on a device's DMA: who moves the bytes, how many at a time, and when they have all arrived. */
#ifndef IC_DEV_DEV_H
#define IC_DEV_DEV_H

#include "base/fail.h"
#include "iommu/device.h"

enum dev_dir {
	DEV_READ = 1,  /* the device reads memory at src into its own buffer (at dst = offset) */
	DEV_WRITE = 2, /* the device writes its own buffer (at src = offset) to memory at dst */
	DEV_COPY = 4,  /* the device copies memory at src to memory at dst */
};

struct dev_req {
	enum dev_dir dir;
	uint64_t src, dst, len;
	int status; /* out: 0, -EFAULT (the device itself reported a translation error), -EIO (any other error) */
};

struct dev_limits {
	uint64_t min_len, max_len; /* per request */
	uint64_t align;	     /* of lengths, buffer offsets and (unless addr_align says less) addresses; 1 = none */
	uint64_t addr_align; /* of addresses in memory; 0 = as align */
	iova_t max_iova;     /* highest address the device can name, inclusive */
	unsigned int depth;  /* requests per submit */
	unsigned int queues; /* independent queues, each usable by its own thread; 1 = dev.c serialises */
	unsigned int dirs;   /* of enum dev_dir */
	uint64_t buffer;     /* bytes of the device's own buffer (READ and WRITE) */
	bool fixed;	     /* what it writes is its own (an identity, a pattern), whatever the request's offset */
	bool reports_faults; /* false: 'no error seen' says nothing */
	bool destructive;    /* touches media or state outside our buffers */
};

/*
 * What a driver needs from above. ring_alloc: one page (4096 bytes) of zeroed DMA memory for descriptors and scripts,
 * mapped at an IOVA <= @max_iova that stays valid until ring_free or remove; when a canary is possible the IOVA equals
 * the page's physical address, so that a fetch which is not translated finds the same bytes.
 */
struct dev_env {
	void *ctx;
	int (*ring_alloc)(void *ctx, iova_t max_iova, void **va, iova_t *iova, struct fail *f);
	void (*ring_free)(void *ctx, void *va);
};

struct dev;

/*
 * @spec "NAME[,KEY=VALUE...]" or NULL: matched by the device's ids. -ENODEV nothing matches (lists what is known),
 * -EINVAL unknown driver or key. No DMA is issued and bus mastering is left off: see dev_start.
 */
int dev_open(struct dev **out, struct iommu_device *idev, const char *spec, const struct dev_env *env, struct fail *f);
/* Bus master on, engine initialised, rings mapped. No DMA but ring fetches from here on. */
int dev_start(struct dev *dev, struct fail *f);
/*
 * The way out of the safety rules: stop the engine and wait; else reset; else clear bus master and read it back.
 * Returns 0 when the device is known quiet, -EBUSY when not: the caller then keeps the buffers mapped until exit.
 */
int dev_stop(struct dev *dev);
/* dev_stop if needed, then free. NULL is fine. */
void dev_close(struct dev *dev);

const char *dev_name(const struct dev *dev);
const struct dev_limits *dev_limits(const struct dev *dev);

/*
 * Issue @n requests on @queue and wait for all of them. 0: every DMA has ended (look at each status). -ETIMEDOUT: the
 * device may still be writing: call dev_stop and keep the memory. -EINVAL/-ERANGE outside the limits (checked here, for
 * every driver). Threads may call it for different queues at once.
 */
int dev_transfer(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms);

/*
 * Move @len bytes from @src to @dst by the device's own DMA in both directions: COPY where it can, else READ then WRITE,
 * in pieces within the limits. *status gets the first non-zero request status. As dev_transfer otherwise.
 */
int dev_roundtrip(struct dev *dev, unsigned int queue, iova_t src, iova_t dst, uint64_t len, int *status);

/*
 * As dev_roundtrip() in one direction: DEV_READ from @at into the device's own buffer, DEV_WRITE from that to @at, every piece
 * of at most dev_most() at the buffer's start. @timeout_ms is for each piece.
 */
int dev_oneway(struct dev *dev, unsigned int queue, enum dev_dir dir, iova_t at, uint64_t len, unsigned int timeout_ms,
	       int *status);

/* Is what it writes what it read before? Else a transfer shows in one direction only. */
bool dev_both_ways(const struct dev_limits *l);
/* Multiples of this many bytes, from min_len on, can be moved, in one request or several. Not always a power of two. */
uint64_t dev_unit(const struct dev_limits *l);
/* Multiples of this can be named as addresses in memory; a power of two. */
uint64_t dev_addr_unit(const struct dev_limits *l);
/* The smallest length of at least @want bytes that can be moved. */
uint64_t dev_length(const struct dev_limits *l, uint64_t want);
/* Bytes that one request in direction @dir moves at the most. */
uint64_t dev_most(const struct dev_limits *l, enum dev_dir dir);
/*
 * What the first of the requests takes that move @left bytes, each of at most @most: as much as it may, as long as the rest is
 * no less than requests can be. @left where there is no such way: dev_transfer() refuses that.
 */
uint64_t dev_piece(const struct dev_limits *l, uint64_t most, uint64_t left);
/* 0, or -EINVAL: a usage failure that names the limit; @what is what the number is of: "--size", "iova". */
int dev_check_length(const struct dev_limits *l, const char *what, uint64_t len, struct fail *f);
int dev_check_address(const struct dev_limits *l, const char *what, uint64_t at, struct fail *f);

/* The driver that would match, or NULL. */
const char *dev_match_name(const struct iommu_device_id *id);

#endif
