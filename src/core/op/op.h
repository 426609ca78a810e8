/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ops a command line, a script or a session can do to one IOMMU context: named buffers and what happens to them. An op
 * that could not be done returns -errno; an op that was done and found something wrong returns 0 and adds to the failures.
 */
#ifndef IC_CORE_OP_H
#define IC_CORE_OP_H

#include "core/failure.h"
#include "core/op/faults.h"
#include "core/session/buffer.h"
#include "core/session/session.h"

enum op_iova { OP_IOVA_ADDR, OP_IOVA_RANDOM, OP_IOVA_KERNEL, OP_IOVA_CANARY };

struct op_map {
	const char *buf;  /* NULL: the next free name b1, b2 ... */
	const char *ioas; /* NULL: main */
	const char *of;	  /* "BUF" or "BUF+OFFSET": a new buffer takes its memory from there; NULL: memory of its own */
	uint64_t size;
	uint64_t skip;	/* bytes at the memory's start to leave out; only @unchecked */
	uint32_t flags; /* further bits for the ioctl's flags; only @unchecked */
	enum op_iova where;
	iova_t iova;
	enum iommu_prot prot;
	enum iommu_mem_kind mem;
	/* with IOMMU_MEM_BAR and IOMMU_MEM_DMABUF: BAR @bar from @bar_offset of @bar_device (NULL: the session's own) */
	unsigned int bar;
	uint64_t bar_offset;
	const char *bar_device;
	uint64_t op;   /* number for random choices */
	bool by_child; /* the ioctl is a child's (iommu/child.h) */
	bool by_exec;  /* and the child executes another program then, until it is unmapped; with by_child */
	bool unchecked;
};
/*
 * A refusal (EEXIST, EADDRINUSE) where the ledger has nothing adds a map-refused failure and leaves *out NULL; everything
 * else that goes wrong is an -errno.
 */
int op_map(struct session *s, const struct op_map *op, struct buffer **out, struct failures *found, struct fail *f);
/*
 * Was it such a refusal that a map answered with @err? The kernel kept what it said it had removed. Then a map-refused failure is added. For a place
 * of the kernel's choice any EEXIST is one. Ask before anything else of it is undone. From any thread.
 */
bool op_map_is_refused(const struct iommu *space, int err, const struct iommu_map_req *req, struct failures *found);

struct op_unmap {
	const char *buf;  /* or range, or all */
	const char *ioas; /* NULL: main; of a buffer: where it was mapped */
	iova_t iova;
	uint64_t size;
	bool all, unchecked;
	bool by_child; /* the ioctl is a child's (iommu/child.h); not with all */
	bool has_beside; /* meanwhile another thread maps a page at @beside (core/op/beside.h); not with all or by_child */
	iova_t beside;
	bool bytes_given; /* @bytes are due, where the caller knows better than the ledger */
	uint64_t bytes;
};
/*
 * *bytes = what the backend reported. A count that differs from what was mapped adds a short-unmap failure. Of buffers that were mapped
 * by_exec and are so no longer: what is locked in those processes adds a pin-leak failure.
 */
int op_unmap(struct session *s, const struct op_unmap *op, uint64_t *bytes, struct failures *found, struct fail *f);

/* What unmaps in place of iommu_unmap(), with its arguments and its answers. */
struct op_unmap_call {
	int (*unmap)(void *ctx, struct iommu *space, iova_t iova, uint64_t size, uint64_t *bytes, struct fail *f);
	void *ctx;
	bool unchecked; /* of DMA that is under way there (flight.h) */
	bool unjudged;	/* the count is not held against the ledger: the caller knows better */
};
/* A range, with op_unmap()'s rules and judgement. */
int op_unmap_by(struct session *s, struct iommu *space, struct op_unmap_call call, iova_t iova, uint64_t size,
		uint64_t *bytes, struct failures *found, struct fail *f);

/* Release a buffer; it is unmapped first, in every space. -EBUSY while another buffer has its memory. */
int op_free(struct session *s, const char *buf, struct fail *f);

struct op_pattern {
	const char *buf;
	uint64_t offset, size; /* size 0 = to the end */
	bool is_byte;
	unsigned char byte;
	uint64_t generation;
	bool from_given;
	uint64_t from; /* check: the stamp was made at this offset of the buffer */
	bool at_given;
	iova_t at; /* check: the stamp was made for this IOVA: another buffer's, which DMA moved here */
};
int op_fill(struct session *s, const struct op_pattern *op, struct fail *f);
int op_check(struct session *s, const struct op_pattern *op, uint64_t *bytes, struct failures *found, struct fail *f);
/* Pins beyond what the ledger explains: adds a pin-leak failure. -EOPNOTSUPP when nobody counts. */
int op_check_pins(struct session *s, struct failures *found, struct fail *f);

struct op_dma {
	enum dev_dir dir;
	const char *src, *dst; /* "0x1000", "buf" or "buf+0x40"; the one that dir does not use is NULL */
	uint64_t size;
	bool may_fault, unchecked;
};
int op_dma(struct session *s, const struct op_dma *op, uint64_t *bytes, struct failures *found, struct fail *f);

/* What op_dma() does first: the device started, both ends resolved and in reach of it, the limits kept. */
int op_dma_prepare(struct session *s, const struct op_dma *op, iova_t *src, iova_t *dst, struct op_reach *reach,
		   struct fail *f);
/* The transfer alone, on @queue. Safe from several threads. */
int op_dma_move(struct session *s, const struct op_dma *op, unsigned int queue, iova_t src, iova_t dst, int *status,
		struct fail *f);

/* "buf" or "buf+OFFSET"; -EINVAL, -ENOENT. */
int op_resolve_buffer(struct session *s, const char *text, struct buffer **out, uint64_t *offset, struct fail *f);
/* "buf", "buf+OFFSET" or an address; a buffer is where the space that the device is attached to has it. -EINVAL, -ENOENT. */
int op_resolve(struct session *s, const char *text, iova_t *out, struct fail *f);

#endif
