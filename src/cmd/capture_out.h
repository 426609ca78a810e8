/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a capture goes: a file that is whole or not there, or stdout. */
#ifndef IC_CMD_CAPTURE_OUT_H
#define IC_CMD_CAPTURE_OUT_H

#include <limits.h>
#include <stdbool.h>

#include "base/fail.h"

struct capture_out {
	const char *file;
	bool force;	    /* replace what is there */
	int fd;		    /* to write to; -1 before it is opened */
	char tmp[PATH_MAX]; /* the file's name until it is whole; "" for stdout, and after the commit */
};

/* stdout, unless it is a terminal. 0 or -errno with @f. */
int capture_out_stdout(struct capture_out *o, struct fail *f);
/* A file of mode 0600 beside @o->file. 0 or -errno with @f: -EEXIST where that is there and is not to be replaced. */
int capture_out_open(struct capture_out *o, struct fail *f);
/* Onto the disk and under its name. 0, -EINTR after a signal that asked to end, or -errno; with @f. */
int capture_out_commit(struct capture_out *o, struct fail *f);
/* Close; without a commit nothing is left. */
void capture_out_close(struct capture_out *o);

#endif
