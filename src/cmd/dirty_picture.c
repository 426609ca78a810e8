/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty plot: bitmap files as pictures. */
#include <errno.h>

#include "cmd/dirty.h"

int dirty_do_plot(struct command_run *run, const struct dirty_state *d)
{
	return fail_set(&run->fail, EOPNOTSUPP, "cannot draw");
}
