/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty verify: the report of it, and the list of its cases. */
#include "cmd/dirty.h"

#include <errno.h>

int dirty_do_verify(struct command_run *run, struct session *s, const struct dirty_state *d)
{
	return fail_set(&run->fail, EOPNOTSUPP, "nothing is verified yet");
}

int dirty_do_list_cases(struct command_run *run)
{
	return 0;
}
