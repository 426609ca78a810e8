/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine as a tar archive: what its readers read, for --sysroot on another machine. */
#ifndef IC_CORE_CAPTURE_H
#define IC_CORE_CAPTURE_H

#include "core/mask.h"
#include "host/machine.h"
#include "host/record.h"

struct capture {
	/* in: what was read, by the caller's readers, and what only memory holds of it: the log, nodes, answers of ioctls */
	struct record *record;
	const struct machine *m;
	bool raw; /* nothing is masked */
	/* out */
	unsigned int nr_files, nr_links, nr_dirs, nr_lines; /* @nr_lines: of the kernel's log */
	uint64_t bytes;
	struct mask mask;
};

/*
 * Writes the archive onto @fd, which stays the caller's. Sorts c->record. 0 or -errno with @f: what was written is of no use
 * then.
 */
int capture_write(struct capture *c, int fd, struct fail *f);
/* Is this line of the kernel's log one that list, caps or audit look at? Pure. */
bool capture_wants_line(const char *line);

#endif
