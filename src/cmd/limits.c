/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl limits: how much memory may be pinned, for the lines of a script that follow. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/command.h"

struct limits_state {
	unsigned int words;
	bool back, more;
	uint64_t bytes;
};

static error_t limits_word(struct argp_state *state, struct limits_state *l, const char *arg)
{
	switch (l->words++) {
	case 0:
		return strcmp(arg, "memlock") ? usage_error(state, "'%s' is no limit, only memlock is", arg) : 0;
	case 1:
		l->back = !strcmp(arg, "back");
		l->more = arg[0] == '+';
		if (!l->back && num_parse_size(arg + l->more, &l->bytes))
			return usage_error(state, "'%s' is neither SIZE, +SIZE nor back", arg);
		return 0;
	default:
		return usage_error(state, "it is `memlock SIZE|+SIZE|back`, not also '%s'", arg);
	}
}

static error_t limits_parse(int key, char *arg, struct argp_state *state)
{
	struct limits_state *l = state->input;

	if (key == ARGP_KEY_ARG)
		return limits_word(state, l, arg);
	if (key != ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	return l->words == 2 ? 0 : usage_error(state, "it is `memlock SIZE|+SIZE|back`");
}

static int limits_in_session(struct command_run *run, struct session *s, void *arg)
{
	const struct limits_state *l = arg;
	uint64_t bytes = l->back ? UINT64_MAX : l->bytes, counted = 0;
	int err = 0;

	if (l->more) {
		err = iommu_memlock_counted(session_iommu(s), &counted);
		if (err)
			return fail_set(&run->fail, err, "nobody counts pinned pages here");
		if (!num_add(bytes, counted, &bytes))
			bytes = UINT64_MAX - 1;
	}
	err = iommu_memlock(session_iommu(s), bytes, &run->fail);
	if (err || l->back)
		return err;
	report_num(run->report, "memlock", bytes);
	snprintf(run->detail, sizeof(run->detail), "0x%" PRIx64 " bytes may be locked", bytes);
	return 0;
}

const struct command command_limits = {
	.name = "limits",
	.summary = "lower the limit on locked memory for the lines of a script that follow, and give it back",
	.args_doc = "memlock SIZE|+SIZE|back",
	.state_size = sizeof(struct limits_state),
	.parse = limits_parse,
	.in_session = limits_in_session,
	.scriptable = true,
};
