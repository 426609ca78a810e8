/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing that tells of every failure: a full disk, a closed pipe. Private to out/. */
#ifndef IC_OUT_SINK_H
#define IC_OUT_SINK_H

#include <stdio.h>

#include "base/util.h"

/*
 * Both return 0 or -errno. A closed pipe is -EPIPE, never a signal that ends the process. Nothing of a failed write stays
 * in the stream's buffer, so that exit() does not try again.
 */
int sink_write_stream(FILE *to, const char *data, size_t length);
/* stdout's, for data that are no report. */
int sink_stdout(void);
/* One write(2); more only where the kernel took a part. */
int sink_write_fd(int fd, const char *data, size_t length);

#endif
