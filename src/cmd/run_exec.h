/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A script in a session, for whoever runs some: `run`, its --against and --shrink, `repro`. */
#ifndef IC_CMD_RUN_EXEC_H
#define IC_CMD_RUN_EXEC_H

#include "cmd/command.h"
#include "core/script.h"

struct run_context {
	struct command_run *run;
	struct session *session;
	const char *path;
	FILE *sink; /* where the lines' own reports go: nowhere */
	const struct script *script;
	struct report **kept; /* of each of its lines what is to be shown of the last run, or NULL; NULL: of none */
};

/* A script_exec; @arg is a struct run_context. */
void run_exec(void *arg, const struct script_line *line, uint64_t op, struct script_outcome *out);
/* What belongs to no line: faults, and by safety rule 3 a kernel WARNING or taint that appears during the run is a failure of its own. */
void run_check_kernel(struct command_run *run, struct session *s);

#endif
