/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an op was about and what came of it, in numbers: for whoever compares two runs of the same ops. The ops note it down
 * only while a session is watched; otherwise each of these calls is one test of a pointer.
 */
#ifndef IC_CORE_FACTS_H
#define IC_CORE_FACTS_H

#include "core/failure.h"
#include "core/session/buffer.h"
#include "iommu/iommu.h"

enum op_kind { OP_OTHER, OP_MAP, OP_UNMAP, OP_FREE, OP_FILL, OP_CHECK, OP_CHECK_PINS, OP_DMA, OP_DIRTY, OP_KINDS };
/* "map", "unmap" ... */
const char *op_kind_name(enum op_kind kind);

/* Bytes that an op reports. */
enum fact_count { FACT_MAPPED, FACT_UNMAPPED, FACT_MOVED, FACT_CHECKED, FACT_DIRTY, FACT_COUNTS };

/* The corners of a request, as the context saw it when it was made. */
enum op_shape {
	SHAPE_EMPTY = 1 << 0, /* size 0 */
	SHAPE_IOVA_UNALIGNED = 1 << 1,
	SHAPE_SIZE_UNALIGNED = 1 << 2,
	SHAPE_VA_UNALIGNED = 1 << 3,
	SHAPE_WRAPS = 1 << 4,	    /* iova + size - 1 does not fit in 64 bits */
	SHAPE_VA_WRAPS = 1 << 5,    /* the same for the memory's address */
	SHAPE_MAX = 1 << 6,	    /* iova or size is 2^64 - 1 */
	SHAPE_OUTSIDE = 1 << 7,	    /* not in one aperture: above, or in a reserved region */
	SHAPE_NO_PROT = 1 << 8,	    /* neither read nor write */
	SHAPE_CHOSEN = 1 << 9,	    /* the IOVA is not the script's but ours or the kernel's */
	SHAPE_FLAGS = 1 << 10,	    /* further bits in the ioctl's flags */
	SHAPE_ALL = 1 << 11,	    /* everything, not a range */
	SHAPE_NOTHING = 1 << 12,    /* nothing is mapped in the range */
	SHAPE_WHOLE = 1 << 13,	    /* it holds at least one mapping whole */
	SHAPE_CUTS_FIRST = 1 << 14, /* it begins inside of a mapping */
	SHAPE_CUTS_LAST = 1 << 15,  /* it ends inside of a mapping */
	SHAPE_FULL = 1 << 16,	    /* no further mapping is allowed (dma_entry_limit) */
	SHAPE_LIMITED = 1 << 17,    /* RLIMIT_MEMLOCK counts for us */
};

/* What a mapping's owner in the ledger says: its IOVA was not the script's. */
#define OP_OWNER_CHOSEN 1u

struct op_facts {
	enum op_kind kind;
	unsigned int counted; /* 1 << enum fact_count: which of bytes[] were reported */
	uint64_t bytes[FACT_COUNTS];
	unsigned int source; /* of dirty bits: 1 + enum dirty_source, 0 = no such op */
	uint32_t shape;	     /* enum op_shape */
	uint32_t classes;    /* 1 << enum failure_class */
	/* What the ledger and the buffers held of what the op names, before it: equal in two runs where that was equal. */
	uint64_t before;
	bool placed; /* a map was accepted: at iova, of size bytes */
	bool asked;  /* the backend was asked: an EOPNOTSUPP is its answer, not a capability that we miss */
	iova_t iova;
	uint64_t size;
	char buf[BUFFER_NAME_MAX]; /* the buffer it is about, or "" */
};

struct session;

/* From now on ops of @s note down what they do in @facts; NULL: no longer. The caller clears it between ops. */
void session_watch(struct session *s, struct op_facts *facts);

/* For the ops. All do nothing where nobody watches. @space: of the request. */
void facts_map(struct session *s, struct iommu *space, const char *buf, const struct iommu_map_req *req, bool chosen);
void facts_unmap(struct session *s, const struct iommu *space, const char *buf, iova_t iova, uint64_t size, bool all);
/* One end of a transfer. */
void facts_range(struct session *s, const struct iommu *space, iova_t iova, uint64_t size);
/* An op on a buffer's memory, or of another kind: before it is looked for. */
void facts_buffer(struct session *s, enum op_kind kind, const char *buf);
/* Dirty bits are asked for: after facts_unmap(), where the range is unmapped with it. */
void facts_dirty(struct session *s, unsigned int source);
void facts_asked(struct session *s);
void facts_placed(struct session *s, const struct iommu_map_req *req);
void facts_count(struct session *s, enum fact_count what, uint64_t bytes);
void facts_found(struct session *s, const struct failures *found);

#endif
