/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output of a command that another process runs for us. It writes into a file in memory, so that it never waits for whoever reads;
 * here what was added to that file is copied to our own stdout or stderr.
 */
#ifndef IC_OUT_RELAY_H
#define IC_OUT_RELAY_H

#include <stdbool.h>

#include "base/util.h"

struct relay {
	int from, to;
	uint64_t done, freed; /* bytes of @from: copied, and given back to the kernel */
};

/* A new file in memory, to which is only appended; its descriptor, or -errno. */
int relay_file(const char *name);
/* Copy to our stdout (stderr) what is written to @from. */
void relay_init(struct relay *r, int from, bool is_stderr);
/* What was added since. 0, -EINTR when a signal came (go on by calling it again), or why it cannot be written. */
int relay_step(struct relay *r);

/* The other process: its own stdin, stdout and stderr become these; the descriptors stay the caller's. 0 or -errno. */
int relay_become(int in, int out, int err);

#endif
