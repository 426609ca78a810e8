/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data that are no report: into a file, which is whole or not there at all, or to stdout. */
#ifndef IC_OUT_DATA_H
#define IC_OUT_DATA_H

#include <stddef.h>

#include "base/fail.h"

/* @path "-": stdout. 0 or -errno with @f: then what was there before still is. A device or a pipe is written to as it is. */
int data_write(const char *path, const char *data, size_t length, struct fail *f);

#endif
