/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The named buffers of a session. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/session/buffer.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "iommu/device.h"
#include "iommu/idev_vfio.h"
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

bool buffer_is_mapped(const struct buffer *b)
{
	struct ledger_entry entry;

	/* by name: where memory was released another buffer's may lie now, and be mapped at the same place */
	return b->size && b->space &&
	       ledger_find(iommu_ledger(b->space), (struct iova_range){b->iova, b->iova}, &entry) &&
	       entry.range.start == b->iova && entry.va == (char *)b->mem.va + b->skip && entry.named &&
	       !strcmp(entry.tag, b->name);
}

static void buffer_add(struct session *s, struct buffer *b, const char *name, uint64_t bytes)
{
	if (name)
		snprintf(b->name, sizeof(b->name), "%s", name);
	else
		snprintf(b->name, sizeof(b->name), "b%u", ++s->buffer_serial);
	b->size = bytes;
	*(s->buffers ? &s->buffers_last->next : &s->buffers) = b;
	s->buffers_last = b;
}

static int buffer_alloc(struct session *s, uint64_t size, enum iommu_mem_kind mem, bool unchecked, struct buffer *b,
			struct fail *f)
{
	return unchecked && size > BUFFER_UNCHECKED_MAX
		       ? iommu_mem_alloc_guarded(s->iommu, BUFFER_UNCHECKED_MAX, mem, &b->mem, f)
		       : iommu_mem_alloc(s->iommu, size, mem, &b->mem, f);
}

struct buffer *buffer_new(struct session *s, const char *name, uint64_t bytes, enum iommu_mem_kind mem, bool unchecked,
			  struct fail *f)
{
	struct buffer *b = calloc(1, sizeof(*b));
	uint64_t size = bytes ? bytes : 1;

	/* under --unchecked a size may be absurd on purpose: the kernel gets the number, the memory stays sane */
	if (unchecked)
		size = MIN(size, BUFFER_UNCHECKED_MAX + 1);
	if (!b || !num_add(size, 4095, &size)) {
		fail_set(f, ENOMEM, "cannot allocate a buffer of 0x%" PRIx64 " bytes", bytes);
		goto out_free;
	}
	size = ALIGN_DOWN(size, 4096);
	/* what is held of freed buffers may be what is missing: huge pages are few */
	if (s->quarantine.nr && !buffer_alloc(s, size, mem, unchecked, b, NULL))
		goto out;
	quarantine_drain(&s->quarantine, s->iommu);
	if (buffer_alloc(s, size, mem, unchecked, b, f))
		goto out_free;
out:
	buffer_add(s, b, name, bytes);
	return b;
out_free:
	free(b);
	return NULL;
}

struct buffer *buffer_new_bar(struct session *s, const char *name, uint64_t bytes, const struct buffer_bar *bar,
			      struct fail *f)
{
	struct buffer *b = calloc(1, sizeof(*b));
	char offset[24] = "";

	if (!b) {
		fail_set(f, ENOMEM, "cannot note down a buffer");
		return NULL;
	}
	if (idev_bar_mem(bar->idev, bar->n, bar->offset, bytes, bar->as_dmabuf, &b->mem, f)) {
		free(b);
		return NULL;
	}
	b->idev = bar->idev;
	b->bar = bar->n;
	b->bar_offset = bar->offset;
	if (bar->offset)
		snprintf(offset, sizeof(offset), "+0x%" PRIx64, bar->offset);
	snprintf(b->source, sizeof(b->source), "%s:%u%s@%s", bar->as_dmabuf ? "dmabuf" : "bar", bar->n, offset,
		 idev_id(bar->idev)->name);
	buffer_add(s, b, name, bytes);
	return b;
}

uint64_t buffers_uncounted_bytes(const struct session *s)
{
	uint64_t bytes = 0;

	for (const struct buffer *b = s->buffers; b; b = b->next)
		if ((iommu_mem_is_device(&b->mem) || (b->by_child && !session_is_simulated(s))) && buffer_is_mapped(b))
			bytes += b->size;
	return bytes;
}

static int buffer_bar_copy(const struct buffer *b, uint64_t offset, uint64_t size, char *view, bool write,
			   struct fail *f)
{
	int err = 0;

	for (uint64_t at = 0; at < size && !err; at += 4) {
		uint64_t value = 0;

		if (write) {
			memcpy(&value, view + at, 4);
			err = idev_bar_write(b->idev, b->bar, b->bar_offset + offset + at, 4, value);
		} else {
			err = idev_bar_read(b->idev, b->bar, b->bar_offset + offset + at, 4, &value);
			memcpy(view + at, &value, 4);
		}
	}
	if (!err)
		return 0;
	fail_set(f, err, "the processor cannot reach %s", b->source);
	fail_hint(f, "the device does not answer while its memory decoding is off");
	return err;
}

int buffer_check_memory(const struct buffer *b, struct fail *f)
{
	if (!b->mem.released)
		return 0;
	fail_usage(f, EFAULT, "buffer %s has no memory any more: it was released", b->name);
	fail_hint(f, "`free %s`; the next map of that name takes fresh memory", b->name);
	return -EFAULT;
}

int buffer_view(const struct buffer *b, uint64_t offset, uint64_t size, void **view, struct fail *f)
{
	int err;

	*view = (char *)b->mem.va + offset;
	if (!iommu_mem_is_device(&b->mem))
		return buffer_check_memory(b, f);
	if ((offset | size) & 3)
		return fail_usage(f, EINVAL, "offset and size in %s are multiples of 4", b->source);
	*view = malloc(size);
	if (!*view)
		return fail_set(f, ENOMEM, "cannot look at buffer %s", b->name);
	err = buffer_bar_copy(b, offset, size, *view, false, f);
	if (err)
		free(*view);
	return err;
}

int buffer_unview(const struct buffer *b, uint64_t offset, uint64_t size, void *view, bool write, struct fail *f)
{
	int err = 0;

	if (!iommu_mem_is_device(&b->mem))
		return 0;
	if (write)
		err = buffer_bar_copy(b, offset, size, view, true, f);
	free(view);
	return err;
}

struct buffer *buffer_share(struct session *s, const char *name, struct buffer *of, uint64_t offset, uint64_t size,
			    struct fail *f)
{
	struct buffer *b;
	uint64_t end;

	if (iommu_mem_is_device(&of->mem)) {
		fail_set(f, EOPNOTSUPP, "buffer %s is a part of a device, which has its own words: --mem %s", of->name,
			 of->source);
		return NULL;
	}
	if (buffer_check_memory(of, f))
		return NULL;
	if (!num_add(offset, size, &end) || end > of->mem.size) {
		fail_usage(f, ERANGE,
			   "offset 0x%" PRIx64 " and size 0x%" PRIx64 " leave buffer %s of 0x%" PRIx64 " bytes", offset,
			   size, of->name, of->mem.size);
		return NULL;
	}
	b = calloc(1, sizeof(*b));
	if (!b) {
		fail_set(f, ENOMEM, "cannot allocate a buffer");
		return NULL;
	}
	b->of = of;
	b->mem = (struct iommu_mem){.va = (char *)of->mem.va + offset, .size = size, .kind = of->mem.kind, .fd = -1};
	buffer_add(s, b, name, size);
	return b;
}

struct buffer *buffer_sharer(struct session *s, const struct buffer *b)
{
	for (struct buffer *other = s->buffers; other; other = other->next)
		if (other->of == b)
			return other;
	return NULL;
}

void buffer_free(struct session *s, struct buffer *b)
{
	struct buffer *before = NULL;

	for (struct buffer **at = &s->buffers; *at; before = *at, at = &before->next) {
		if (*at != b)
			continue;
		*at = b->next;
		if (s->buffers_last == b)
			s->buffers_last = before;
		break;
	}
	iommu_execed_end(&b->execed);
	if (!b->of && s->quarantines)
		quarantine_add(&s->quarantine, s->iommu, &b->mem);
	else if (!b->of)
		iommu_mem_free(s->iommu, &b->mem);
	free(b);
}

struct buffer_walk {
	const struct buffer *b;
	uintptr_t va;
	struct ledger_entry *out;
};

static int buffer_match(const struct ledger_entry *entry, void *arg)
{
	const struct buffer_walk *w = arg;
	uintptr_t start = (uintptr_t)entry->va, base = (uintptr_t)w->b->mem.va;
	uint64_t size = entry->range.last - entry->range.start + 1;

	/* memory can be another buffer's too: the name says whose mapping it is */
	if (!entry->named || strcmp(entry->tag, w->b->name) || start < base || start - base >= w->b->mem.size ||
	    (w->va && w->va - start >= size))
		return 0;
	*w->out = *entry;
	return 1;
}

bool buffer_find_in(const struct iommu *space, const struct buffer *b, const void *va, struct ledger_entry *out)
{
	struct buffer_walk w = {b, (uintptr_t)va, out};

	return ledger_each(iommu_ledger(space), buffer_match, &w) == 1;
}

bool buffer_is_cut(const struct buffer *b)
{
	return b->space && iommu_personality(b->space) == IOMMU_COMPAT_V1;
}

static int buffer_unmap_in(struct iommu *space, const struct buffer *b, struct fail *f)
{
	struct ledger_entry entry;
	int err = 0;

	while (!err && buffer_find_in(space, b, NULL, &entry))
		err = iommu_unmap(space, entry.range.start, entry.range.last - entry.range.start + 1, NULL, f);
	return err;
}

int buffer_unmap(struct session *s, const struct buffer *b, struct fail *f)
{
	int err = 0, one;

	if (buffer_is_cut(b))
		err = buffer_unmap_in(b->space, b, f);
	else if (buffer_is_mapped(b))
		err = iommu_unmap(b->space, b->iova, b->size, NULL, f);
	if (!b->copied)
		return err;
	one = buffer_unmap_in(s->iommu, b, err ? NULL : f);
	err = err ? err : one;
	for (const struct named *n = s->named; n; n = n->next) {
		if (n->kind != IOMMU_OBJECT_IOAS)
			continue;
		one = buffer_unmap_in(n->space, b, err ? NULL : f);
		err = err ? err : one;
	}
	return err;
}

void buffers_forget_space(struct session *s, const struct iommu *space)
{
	for (struct buffer *b = s->buffers; b; b = b->next)
		if (b->space == space)
			b->space = NULL;
}

void session_buffers_free(struct session *s)
{
	struct buffer *latest = NULL, *b;

	/* the latest first: whoever shares memory came after its owner */
	while ((b = s->buffers)) {
		s->buffers = b->next;
		b->next = latest;
		latest = b;
	}
	s->buffers = latest;
	while ((b = s->buffers)) {
		buffer_unmap(s, b, NULL);
		buffer_free(s, b);
	}
	quarantine_drain(&s->quarantine, s->iommu);
}
