/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register access, by a real BAR or by a fake register file in a unit test. Little-endian devices on little-endian hosts. */
#ifndef IC_DEV_MMIO_H
#define IC_DEV_MMIO_H

#include "base/util.h"

struct mmio_ops {
	uint64_t (*read)(void *ctx, uint64_t offset, unsigned int width);
	void (*write)(void *ctx, uint64_t offset, unsigned int width, uint64_t value);
};

struct mmio {
	volatile void *base; /* a mapped BAR, or NULL when ops are set */
	uint64_t size;
	const struct mmio_ops *ops; /* fake register file */
	void *ctx;
};

/* Inline: one load or store of exactly @width; offsets are the driver's constants, checked by assert against size. */
uint8_t mmio_read8(const struct mmio *m, uint64_t offset);
uint16_t mmio_read16(const struct mmio *m, uint64_t offset);
uint32_t mmio_read32(const struct mmio *m, uint64_t offset);
uint64_t mmio_read64(const struct mmio *m, uint64_t offset);
void mmio_write8(const struct mmio *m, uint64_t offset, uint8_t value);
void mmio_write16(const struct mmio *m, uint64_t offset, uint16_t value);
void mmio_write32(const struct mmio *m, uint64_t offset, uint32_t value);
void mmio_write64(const struct mmio *m, uint64_t offset, uint64_t value);

#endif
