/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device was before iommuctl bound it, in a file that a crash cannot lose or tear. */
#ifndef IC_HOST_BIND_STATE_H
#define IC_HOST_BIND_STATE_H

#include "host/host.h"

struct bind_state {
	char driver[32];   /* "" = it had none */
	char override[32]; /* driver_override before, "" = none */
	char used[160];	   /* what the host used it for when it was taken by force, "" = for nothing */
};

#define BIND_STATE_DIR "/run/iommuctl/bind"
#define BIND_LOCK_TIMEOUT_MS 5000

/* On disk, complete, when this returns 0: written beside, synced, renamed. */
int bind_state_write(const struct host *host, const char *addr, const struct bind_state *state);
/* -ENOENT: nothing is remembered. -EINVAL: the file is not ours. */
int bind_state_read(const struct host *host, const char *addr, struct bind_state *state);
int bind_state_remove(const struct host *host, const char *addr);

/*
 * One run at a time has a device's state: a descriptor to close at the end, which also a crash does. Waits up to
 * BIND_LOCK_TIMEOUT_MS for another run, then -EBUSY.
 */
int bind_state_lock(const struct host *host, const char *addr);

#endif
