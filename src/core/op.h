/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ops a command line, a script or a session can do to one IOMMU context: named buffers and what happens to them. An op
 * that could not be done returns -errno; an op that was done and found something wrong returns 0 and adds to the failures.
 */
#ifndef IC_CORE_OP_H
#define IC_CORE_OP_H

#include "core/buffer.h"
#include "core/failure.h"
#include "core/session.h"

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
	uint64_t op; /* number for random choices */
	bool unchecked;
};
/*
 * A refusal (EEXIST, EADDRINUSE) where the ledger has nothing adds a map-refused failure and leaves *out NULL; everything
 * else that goes wrong is an -errno.
 */
int op_map(struct session *s, const struct op_map *op, struct buffer **out, struct failures *found, struct fail *f);

struct op_unmap {
	const char *buf;  /* or range, or all */
	const char *ioas; /* NULL: main; of a buffer: where it was mapped */
	iova_t iova;
	uint64_t size;
	bool all, unchecked;
};
/* *bytes = what the backend reported. A count that differs from what was mapped adds a short-unmap failure. */
int op_unmap(struct session *s, const struct op_unmap *op, uint64_t *bytes, struct failures *found, struct fail *f);

/* What unmaps in place of iommu_unmap(), with its arguments and its answers. */
struct op_unmap_call {
	int (*unmap)(void *ctx, struct iommu *space, iova_t iova, uint64_t size, uint64_t *bytes, struct fail *f);
	void *ctx;
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

/* "buf" or "buf+OFFSET"; -EINVAL, -ENOENT. */
int op_resolve_buffer(struct session *s, const char *text, struct buffer **out, uint64_t *offset, struct fail *f);
/* "buf", "buf+OFFSET" or an address; a buffer is where the space that the device is attached to has it. -EINVAL, -ENOENT. */
int op_resolve(struct session *s, const char *text, iova_t *out, struct fail *f);

#endif
