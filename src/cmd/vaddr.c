/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl vaddr: the address of mapped memory, forgotten and renewed as in a live update. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd/command.h"
#include "core/op/vaddr.h"

enum { OPT_IOVA = 0x100, OPT_SIZE, OPT_ALL };

static const struct argp_option vaddr_options[] = {
	{"iova", OPT_IOVA, "A", 0, "start of a range", 0},
	{"size", OPT_SIZE, "S", 0, "bytes from there; with BUF, another size than it has", 0},
	{"all", OPT_ALL, NULL, 0, "forget: everything; renew: all that is forgotten", 0},
	{0},
};

struct vaddr_state {
	struct op_vaddr op;
	bool renew, word_given, iova_given;
};

static error_t vaddr_word(struct argp_state *state, struct vaddr_state *v, const char *arg)
{
	static const char *const words[] = {"forget", "renew", NULL};
	error_t err;
	int n = 0;

	if (!v->word_given) {
		err = parse_choice(state, "what to do", arg, words, &n);
		v->renew = n == 1;
		v->word_given = true;
		return err;
	}
	if (v->op.buf || !buffer_name_is_valid(arg))
		return usage_error(
			state, v->op.buf ? "one buffer at a time, not also '%s'" : "'%s' is not a buffer name", arg);
	v->op.buf = arg;
	return 0;
}

static error_t vaddr_end(struct argp_state *state, const struct vaddr_state *v)
{
	if (!v->word_given)
		return usage_error(state, "it takes `forget` or `renew`");
	if (!!v->op.buf + v->iova_given + v->op.all != 1 || (v->op.all && v->op.size))
		return usage_error(state, "name one of BUF, --iova with --size, --all");
	if (v->iova_given && !v->op.size)
		return usage_error(state, "--iova and --size go together");
	return 0;
}

static error_t vaddr_parse(int key, char *arg, struct argp_state *state)
{
	struct vaddr_state *v = state->input;

	switch (key) {
	case OPT_IOVA:
		v->iova_given = true;
		return parse_size(state, "--iova", arg, &v->op.iova);
	case OPT_SIZE:
		return parse_size(state, "--size", arg, &v->op.size);
	case OPT_ALL:
		v->op.all = true;
		return 0;
	case ARGP_KEY_ARG:
		return vaddr_word(state, v, arg);
	case ARGP_KEY_END:
		return vaddr_end(state, v);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int vaddr_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct vaddr_state *v = arg;
	uint64_t bytes = 0, renewed = 0, moved = 0;
	struct failures found;
	int err;

	failures_init(&found);
	v->op.unchecked = run->unchecked;
	if (v->renew)
		err = op_vaddr_renew(s, &v->op, &renewed, &moved, &run->fail);
	else
		err = op_vaddr_forget(s, &v->op, &bytes, &found, &run->fail);
	if (err)
		return err;
	if (v->renew) {
		report_num(run->report, "renewed", renewed);
		report_num(run->report, "moved", moved);
		snprintf(run->detail, sizeof(run->detail), "%" PRIu64 " renewed, %" PRIu64 " at another address",
			 renewed, moved);
	} else {
		report_num(run->report, "forgotten_bytes", bytes);
		snprintf(run->detail, sizeof(run->detail), "%" PRIu64 " bytes forgotten", bytes);
		command_failures(run, "the kernel forgets the addresses of what is mapped", &found);
	}
	if (!run->script_path)
		command_report_mappings(run, s);
	return 0;
}

const struct command command_vaddr = {
	.name = "vaddr",
	.summary = "the address of mapped memory: forgotten, and renewed at another place (live update)",
	.args_doc = "forget [BUF]\nrenew [BUF]",
	.options = vaddr_options,
	.state_size = sizeof(struct vaddr_state),
	.parse = vaddr_parse,
	.in_session = vaddr_in_session,
	.scriptable = true,
};
