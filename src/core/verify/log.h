/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The latest writes into an area of `dirty verify`, so that a page without a bit can be told with what was written there. */
#ifndef IC_CORE_VERIFY_LOG_H
#define IC_CORE_VERIFY_LOG_H

#include <stdint.h>

#define VERIFY_LOG_MAX 1024

struct verify_entry {
	uint64_t nr; /* of the case, from 1 on */
	uint64_t off, len;
};

/* The last VERIFY_LOG_MAX, in a ring. */
struct verify_log {
	uint64_t count;
	struct verify_entry entry[VERIFY_LOG_MAX];
};

static inline void verify_log_add(struct verify_log *log, uint64_t nr, uint64_t off, uint64_t len)
{
	log->entry[log->count++ % VERIFY_LOG_MAX] = (struct verify_entry){nr, off, len};
}

/* The latest write that touched @size bytes at @off; NULL: none that is remembered. */
static inline const struct verify_entry *verify_log_find(const struct verify_log *log, uint64_t off, uint64_t size)
{
	uint64_t oldest = log->count > VERIFY_LOG_MAX ? log->count - VERIFY_LOG_MAX : 0;

	for (uint64_t i = log->count; i-- > oldest;) {
		const struct verify_entry *e = &log->entry[i % VERIFY_LOG_MAX];

		if (e->off < off + size && off < e->off + e->len)
			return e;
	}
	return NULL;
}

#endif
