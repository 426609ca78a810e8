/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register access of exactly one load or store, or a call into a fake register file. */
#include "dev/mmio.h"

#include <assert.h>
#include <stdbool.h>

static inline bool mmio_fits(const struct mmio *m, uint64_t offset, unsigned int width)
{
	return m->size >= width && offset <= m->size - width && offset % width == 0;
}

/* The compiler must neither tear, merge nor reorder these: volatile, and the plain type of the width. */
#define MMIO_ACCESSORS(bits)                                                                     \
	uint##bits##_t mmio_read##bits(const struct mmio *m, uint64_t offset)                    \
	{                                                                                        \
		assert(mmio_fits(m, offset, bits / 8));                                          \
		if (m->ops)                                                                      \
			return (uint##bits##_t)m->ops->read(m->ctx, offset, bits / 8);           \
		return *(volatile uint##bits##_t *)((volatile char *)m->base + offset);          \
	}                                                                                        \
                                                                                                 \
	void mmio_write##bits(const struct mmio *m, uint64_t offset, uint##bits##_t value)       \
	{                                                                                        \
		assert(mmio_fits(m, offset, bits / 8));                                          \
		/* what the device is told to fetch must be in memory before it is told */       \
		__atomic_thread_fence(__ATOMIC_SEQ_CST);                                         \
		if (m->ops)                                                                      \
			m->ops->write(m->ctx, offset, bits / 8, value);                          \
		else                                                                             \
			*(volatile uint##bits##_t *)((volatile char *)m->base + offset) = value; \
	}

MMIO_ACCESSORS(8)
MMIO_ACCESSORS(16)
MMIO_ACCESSORS(32)
MMIO_ACCESSORS(64)
