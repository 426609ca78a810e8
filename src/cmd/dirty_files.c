/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `dirty show` and `dirty diff`: bitmap files, without a session. */
#include <errno.h>

#include "cmd/dirty.h"

int dirty_do_show(struct command_run *run, const struct dirty_state *d)
{
	return fail_set(&run->fail, EOPNOTSUPP, "bitmap files cannot be shown yet");
}

int dirty_do_diff(struct command_run *run, const struct dirty_state *d)
{
	return fail_set(&run->fail, EOPNOTSUPP, "bitmap files cannot be compared yet");
}
