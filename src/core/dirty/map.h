/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file mapped for reading that may be cut, or lose its disk, while it is read: what is gone then reads as zeros, and that it happened is
 * known afterwards. Without this the first look at it would end the process with SIGBUS.
 */
#ifndef IC_CORE_DIRTY_MAP_H
#define IC_CORE_DIRTY_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct dirty_map;

/* The first @size bytes of @fd, which may be closed afterwards. 0 or -errno. */
int dirty_map_open(int fd, uint64_t size, struct dirty_map **out);
const void *dirty_map_data(const struct dirty_map *m);
/* Some of it could not be read: all that was read since the mapping is void. */
bool dirty_map_is_lost(const struct dirty_map *m);
/* NULL is fine. */
void dirty_map_close(struct dirty_map *m);

#endif
