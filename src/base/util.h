/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small language helpers that every layer uses; no domain knowledge here. */
#ifndef IC_BASE_UTIL_H
#define IC_BASE_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define IC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define IC_UNUSED __attribute__((unused))
#define IC_MUST_CHECK __attribute__((warn_unused_result))

/* alignment must be a power of two */
#define ALIGN_DOWN(x, a) ((x) & ~((uint64_t)(a)-1))
#define ALIGN_UP(x, a) (((x) + ((uint64_t)(a)-1)) & ~((uint64_t)(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((uint64_t)(a)-1)) == 0)

#define KiB(n) ((uint64_t)(n) << 10)
#define MiB(n) ((uint64_t)(n) << 20)
#define GiB(n) ((uint64_t)(n) << 30)
#define TiB(n) ((uint64_t)(n) << 40)

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define CLEANUP_FREE __attribute__((cleanup(cleanup_freep)))
#define CLEANUP_FD __attribute__((cleanup(cleanup_closep)))

#endif
