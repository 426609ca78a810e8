/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of `diagnose`: what comes after the diagnosis. */
#ifndef IC_CMD_DIAGNOSE_H
#define IC_CMD_DIAGNOSE_H

#include "cmd/command.h"
#include "core/diagnose/diagnose.h"

/* The shortest script that fails as the diagnosis' own does, in about @time_ns; where that does not fail by itself, a word of it. */
void diagnose_shrink(struct command_run *run, struct diagnose *d, uint64_t time_ns);
/* The script as the file @path, whole or absent; nothing where nothing failed. 0 or -errno with run->fail. */
int diagnose_save(struct command_run *run, const struct diagnose *d, const char *path);

#endif
