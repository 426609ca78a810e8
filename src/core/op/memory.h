/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on a buffer's memory under its mappings, which the device must not notice (iommu/mem.h). */
#ifndef IC_CORE_OP_MEMORY_H
#define IC_CORE_OP_MEMORY_H

#include "core/op/op.h"

enum op_memory { OP_MEMORY_RELEASE, OP_MEMORY_MOVE, OP_MEMORY_FORK, OP_MEMORY_DISCARD };
/*
 * Buffers that share the memory follow. After a move the kernel's own view of its page table is asked, where it tells that: it
 * has to lead to the memory at its new address. -ENOENT no such buffer; usage: it has another's memory, or none any more.
 */
int op_memory(struct session *s, const char *buf, enum op_memory what, bool write, struct failures *found,
	      struct fail *f);

#endif
