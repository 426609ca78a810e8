/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text file that is whole or absent: written beside its place and put there by a rename. */
#ifndef IC_CORE_WHOLE_FILE_H
#define IC_CORE_WHOLE_FILE_H

#include <stdio.h>

#include "base/fail.h"

struct whole_file {
	FILE *to;
	const char *what; /* "the repro", for messages */
	char *path, *name;
};

/* Will it be possible to write @path? Asked before a run that may take hours. 0 or -errno with @f. */
int whole_file_check(const char *path, const char *what, struct fail *f);
/* Write to w->to from here on. @what must outlive @w. 0 or -errno with @f. */
int whole_file_open(struct whole_file *w, const char *path, const char *what, struct fail *f);
/* Put it in its place. 0, or -errno with @f: then there is no trace of it, and what was there before still is. */
int whole_file_close(struct whole_file *w, struct fail *f);

#endif
