/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The named buffers of a session. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/buffer.h"
#include "core/session_priv.h"
#include "iommu/ledger.h"

#define BUFFER_UNCHECKED_MAX MiB(64)

bool buffer_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= BUFFER_NAME_MAX || !islower((unsigned char)name[0]))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

struct buffer *buffer_find(struct session *s, const char *name)
{
	for (struct buffer *b = s->buffers; b; b = b->next)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

bool buffer_is_mapped(const struct session *s, const struct buffer *b)
{
	struct ledger_entry entry;

	return b->size && ledger_find(iommu_ledger(s->iommu), (struct iova_range){b->iova, b->iova}, &entry) &&
	       entry.range.start == b->iova && entry.va == b->mem.va;
}

struct buffer *buffer_new(struct session *s, const char *name, uint64_t bytes, enum iommu_mem_kind mem, bool unchecked,
			  struct fail *f)
{
	struct buffer *b = calloc(1, sizeof(*b)), **at = &s->buffers;
	uint64_t size = bytes ? bytes : 1;

	if (!b || !num_add(size, 4095, &size)) {
		fail_set(f, ENOMEM, "cannot allocate a buffer of 0x%" PRIx64 " bytes", bytes);
		goto out_free;
	}
	if (name)
		snprintf(b->name, sizeof(b->name), "%s", name);
	else
		snprintf(b->name, sizeof(b->name), "b%u", ++s->buffer_serial);
	/* under --unchecked a size may be absurd on purpose: the kernel gets the number, the memory stays sane */
	size = ALIGN_DOWN(size, 4096);
	if (unchecked && size > BUFFER_UNCHECKED_MAX
		    ? iommu_mem_alloc_guarded(s->iommu, BUFFER_UNCHECKED_MAX, mem, &b->mem, f)
		    : iommu_mem_alloc(s->iommu, size, mem, &b->mem, f))
		goto out_free;
	b->size = bytes;
	while (*at)
		at = &(*at)->next;
	*at = b;
	return b;
out_free:
	free(b);
	return NULL;
}

void buffer_free(struct session *s, struct buffer *b)
{
	for (struct buffer **at = &s->buffers; *at; at = &(*at)->next) {
		if (*at != b)
			continue;
		*at = b->next;
		break;
	}
	iommu_mem_free(s->iommu, &b->mem);
	free(b);
}

void session_buffers_free(struct session *s)
{
	while (s->buffers) {
		struct buffer *b = s->buffers;

		if (buffer_is_mapped(s, b))
			iommu_unmap(s->iommu, b->iova, b->size, NULL, NULL);
		buffer_free(s, b);
	}
}
