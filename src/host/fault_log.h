/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader behind fault_log_open(), for anything that delivers records as /dev/kmsg does: one per read(2). */
#ifndef IC_HOST_FAULT_LOG_H
#define IC_HOST_FAULT_LOG_H

#include "host/faults.h"

/* Takes over @fd, which must not block. */
int fault_log_adopt(struct fault_log **out, int fd);
/* A log that somebody has saved: lines without what /dev/kmsg has before them. @text is changed, and must outlive the log. */
int fault_log_of_text(struct fault_log **out, char *text);

#endif
