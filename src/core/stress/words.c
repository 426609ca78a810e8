/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An op of stress in words, for reports and logs. */
#include "core/stress/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/stress/stress.h"
#include "iommu/mem.h"

/* Text that grows at its end. */
struct words {
	char *to;
	size_t len, at;
};

static void words_add(struct words *w, const char *fmt, ...) IC_PRINTF(2, 3);
static void words_add(struct words *w, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(w->to + w->at, w->len - w->at, fmt, args);
	va_end(args);
	if (n > 0)
		w->at = MIN(w->at + (size_t)n, w->len - 1);
}

static const char *words_prot(enum iommu_prot prot)
{
	static const char *const names[] = {"no right", "r", "w", "rw"};

	return names[prot & IOMMU_PROT_RW];
}

static const char *words_bad(unsigned int variant)
{
	static const char *const names[STRESS_BADS] = {
		[STRESS_BAD_OVERLAP] = "overlap",   [STRESS_BAD_END] = "aperture's end",
		[STRESS_BAD_RESERVED] = "reserved", [STRESS_BAD_WRAP] = "wrap",
		[STRESS_BAD_ZERO] = "zero",	    [STRESS_BAD_ALIGN] = "misaligned",
		[STRESS_BAD_RIGHT] = "no right",    [STRESS_BAD_MEMORY] = "too little memory",
	};

	return variant < STRESS_BADS ? names[variant] : "";
}

static void words_denied(struct words *w, const struct stress_op *op)
{
	static const char *const where[] = {"where nothing is mapped", "where nothing is mapped", "which is read-only",
					    "a canary page that was unmapped just before",
					    "a canary page that is read-only"};

	words_add(w, " %s slot %u %s iova 0x%" PRIx64 ", %s", op->variant == 1 ? "to" : "from", op->slot,
		  op->variant == 1 ? "from" : "to", op->iova,
		  op->variant < ARRAY_SIZE(where) ? where[op->variant] : "?");
}

static void words_limit(struct words *w, const struct stress_op *op)
{
	if (op->variant == STRESS_LIMIT_ENTRIES)
		words_add(w, " of %" PRIu64 " mappings, met from iova 0x%" PRIx64 " on", op->offset, op->iova);
	else
		words_add(w, " %s, 0x%" PRIx64 " bytes at iova 0x%" PRIx64,
			  op->variant == STRESS_LIMIT_MEMLOCK ? "of no locked memory" : "of the aperture", op->size,
			  op->iova);
}

static void words_values(struct words *w, const struct stress_op *op)
{
	switch (op->kind) {
	case STRESS_MAP:
	case STRESS_MAP_FILE:
	case STRESS_REMAP:
		words_add(w, " slot %u, 0x%" PRIx64 " bytes at iova 0x%" PRIx64 ", %s, %s", op->slot, op->size,
			  op->iova, words_prot(op->prot), mem_kind_name(op->mem));
		if (op->dma_size && op->kind == STRESS_REMAP)
			words_add(w, ", DMA %s slot %u", op->dir == DEV_READ ? "to" : "from", op->other);
		break;
	case STRESS_BAD_MAP:
	case STRESS_BAD_UNMAP:
		words_add(w, " (%s), 0x%" PRIx64 " bytes at iova 0x%" PRIx64,
			  op->kind == STRESS_BAD_UNMAP && !op->variant ? "nothing there" : words_bad(op->variant),
			  op->size, op->iova);
		break;
	case STRESS_UNMAP_RANGE:
	case STRESS_UNMAP_ALL:
		if (op->size)
			words_add(w, " 0x%" PRIx64 " bytes at iova 0x%" PRIx64, op->size, op->iova);
		break;
	case STRESS_LIMIT:
		words_limit(w, op);
		break;
	case STRESS_CHOOSE:
		words_add(w, " 0x%" PRIx64 " bytes %" PRIu64 " times in 0x%" PRIx64 "-0x%" PRIx64, op->size,
			  op->other_offset, op->iova, op->iova + (op->offset - 1));
		break;
	case STRESS_COLLIDE:
		words_add(w, ": %s 0x%" PRIx64 " bytes at iova 0x%" PRIx64, op->variant ? "unmap" : "map", op->size,
			  op->iova);
		break;
	case STRESS_DMA:
		words_add(w, " slot %u + 0x%" PRIx64 " to slot %u + 0x%" PRIx64 ", 0x%" PRIx64 " bytes", op->slot,
			  op->offset, op->other, op->other_offset, op->size);
		break;
	case STRESS_DMA_DENIED:
		words_denied(w, op);
		break;
	case STRESS_FLIGHT:
		words_add(w, " slot %u at iova 0x%" PRIx64 " while the device copies in slot %u", op->slot, op->iova,
			  op->other);
		break;
	default:
		words_add(w, " slot %u, 0x%" PRIx64 " bytes at iova 0x%" PRIx64, op->slot, op->size, op->iova);
		break;
	}
}

void stress_op_words(char *to, size_t len, const struct stress_op *op)
{
	struct words w = {to, len, 0};

	if (op->n >> 32 && op->kind == STRESS_CHECK) {
		words_add(&w, "the look between two rounds");
		return;
	}
	if (op->n >> 32)
		words_add(&w, "between rounds: %s", stress_kinds[op->kind].name);
	else
		words_add(&w, "thread %u, op %" PRIu64 ": %s", op->thread, op->n, stress_kinds[op->kind].name);
	words_values(&w, op);
	if (op->err)
		words_add(&w, ": %s", strerrorname_np(op->err) ? strerrorname_np(op->err) : "?");
}
