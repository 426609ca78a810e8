/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `iommuctl session start` gives to the process that holds the session. Private to cmd/session*.c. */
#ifndef IC_CMD_SESSION_H
#define IC_CMD_SESSION_H

#include "cmd/command.h"
#include "core/server/server.h"

struct serve {
	const char *name;
	struct globals *globals; /* that it was started with */
	struct session *session;
	uint64_t op; /* numbers the random choices of its commands */
};

extern const struct server_ops serve_ops;

#endif
