/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repros run, each in a session of its own. */
#ifndef IC_CMD_REPRO_RUN_H
#define IC_CMD_REPRO_RUN_H

#include "cmd/command.h"
#include "core/repro/repro.h"

/*
 * Run each of @list and report results[] with a verdict each. 0 also where some are affected or went wrong (the report has it);
 * -errno where no session could be opened.
 */
int repro_run(struct command_run *run, struct repro *const *list, unsigned int nr);

#endif
