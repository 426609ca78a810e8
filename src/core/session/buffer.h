/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The named buffers of a session: memory with the place where the device sees or last saw it. */
#ifndef IC_CORE_BUFFER_H
#define IC_CORE_BUFFER_H

#include "base/fail.h"
#include "iommu/child.h"
#include "iommu/ledger.h"

struct session;
struct iommu_device;

#define BUFFER_NAME_MAX 32
#define BUFFER_SOURCE_MAX 96

struct buffer {
	char name[BUFFER_NAME_MAX];
	struct iommu_mem mem;
	uint64_t size;	     /* as asked; the memory is rounded up to pages */
	uint64_t skip;	     /* bytes at the memory's start that the last mapping left out */
	struct buffer *of;   /* whose memory it is, or NULL: its own */
	struct iommu *space; /* of the last mapping */
	iova_t iova;
	enum iommu_prot prot;
	/* a part of a BAR: whose, which, from where; "bar:2@0000:00:05.0" */
	struct iommu_device *idev;
	unsigned int bar;
	uint64_t bar_offset;
	char source[BUFFER_SOURCE_MAX];
	bool by_child; /* what is mapped was by a child, and is accounted to it */
	bool by_exec;  /* by one that executes another program since then: @execed */
	struct iommu_execed execed;
	bool copied; /* it may be mapped at other places too, by `ioas copy` */
	struct buffer *next;
};

/* [a-z][a-z0-9_-]*, shorter than BUFFER_NAME_MAX. */
bool buffer_name_is_valid(const char *name);
/* NULL when there is none of that name. */
struct buffer *buffer_find(struct session *s, const char *name);
bool buffer_is_mapped(const struct buffer *b);

/*
 * @name NULL: the next free of b1, b2 ... @bytes is kept as asked and the memory rounded up to pages; with @unchecked it is
 * also kept below 64 MiB, because the size may be absurd on purpose: what lies behind it cannot be pinned, so that the
 * kernel refuses to map more than there is. NULL with @f on -ENOMEM.
 */
struct buffer *buffer_new(struct session *s, const char *name, uint64_t bytes, enum iommu_mem_kind mem, bool unchecked,
			  struct fail *f);
struct buffer_bar {
	struct iommu_device *idev;
	unsigned int n;
	uint64_t offset;
	bool as_dmabuf;
};
/* A part of a BAR; as idev_bar_mem(). NULL with @f. */
struct buffer *buffer_new_bar(struct session *s, const char *name, uint64_t bytes, const struct buffer_bar *bar,
			      struct fail *f);
/* Bytes of mapped buffers that are not counted as pinned: a device's, and on a kernel what a child mapped. */
uint64_t buffers_uncounted_bytes(const struct session *s);
/*
 * The processor's side of @size bytes from @offset. Host memory: the memory itself. A BAR: a copy, read and written back through
 * VFIO, because a device that does not answer raises SIGBUS otherwise; @offset and @size are then multiples of 4. -EIO.
 */
int buffer_view(const struct buffer *b, uint64_t offset, uint64_t size, void **view, struct fail *f);
/* Done with the view; @write: what is in it now goes to the device. */
int buffer_unview(const struct buffer *b, uint64_t offset, uint64_t size, void *view, bool write, struct fail *f);
/*
 * A second name for @size bytes of @of's memory from @offset: the same pages can then be mapped twice. The memory stays @of's,
 * which must outlive it. NULL with @f on -ENOMEM, and on -ERANGE where @of has less.
 */
struct buffer *buffer_share(struct session *s, const char *name, struct buffer *of, uint64_t offset, uint64_t size,
			    struct fail *f);
/* A usage failure where it has none any more: the process has let go of it. */
int buffer_check_memory(const struct buffer *b, struct fail *f);
/* The first buffer whose memory is @b's, or NULL. */
struct buffer *buffer_sharer(struct session *s, const struct buffer *b);
/* A mapped buffer must be unmapped first. Its memory goes back, on a real machine by way of the quarantine. */
void buffer_free(struct session *s, struct buffer *b);
/* The first mapping in @space of what @b is: of the byte at @va, or of any part (NULL). */
bool buffer_find_in(const struct iommu *space, const struct buffer *b, const void *va, struct ledger_entry *out);
/* Can what is mapped of @b lie there in pieces, with other buffers between them? Where an unmap cuts mappings (compat v1). */
bool buffer_is_cut(const struct buffer *b);
/* In every space, with its copies; the first error is kept and the rest still done. */
int buffer_unmap(struct session *s, const struct buffer *b, struct fail *f);
/* A space is gone: nothing is mapped there any more. */
void buffers_forget_space(struct session *s, const struct iommu *space);
/* Unmap and free all of them. */
void session_buffers_free(struct session *s);

#endif
