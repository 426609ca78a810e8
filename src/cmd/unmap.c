/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl unmap and free: taking mappings and buffers away again. */
#include <errno.h>

#include "cmd/command.h"
#include "core/op/op.h"

enum { OPT_IOVA = 0x100, OPT_SIZE, OPT_ALL, OPT_IOAS, OPT_UNMAPPED, OPT_BY, OPT_BESIDE };

static const struct argp_option unmap_options[] = {
	{"iova", OPT_IOVA, "A", 0, "start of the range to unmap", 0},
	{"size", OPT_SIZE, "S", 0, "bytes from there", 0},
	{"all", OPT_ALL, NULL, 0, "everything (the device is stopped first)", 0},
	{"ioas", OPT_IOAS, "SPACE", 0, "in which address space (default: where BUF was mapped, else main)", 0},
	{"by", OPT_BY, "self|child", 0, "who issues the ioctl (default self)", 0},
	{"beside", OPT_BESIDE, "A", 0, "while another thread maps a page at this iova, for as long as that takes", 0},
	{"unmapped", OPT_UNMAPPED, "BYTES", 0, "how many bytes it has to report (default: what is mapped there)", 0},
	{0},
};

struct unmap_state {
	struct op_unmap op;
	bool iova_given, size_given;
};

static error_t unmap_end(struct argp_state *state, const struct unmap_state *u)
{
	bool range = u->iova_given || u->size_given;

	if (range && !(u->iova_given && u->size_given))
		return usage_error(state, "--iova and --size go together");
	if (u->op.by_child && u->op.all)
		return usage_error(state, "--by child unmaps a buffer or a range");
	if (u->op.has_beside && (u->op.all || u->op.by_child))
		return usage_error(state, "--beside goes with a buffer or a range that this process unmaps");
	if (!!u->op.buf + range + u->op.all != 1)
		return usage_error(state, "name one of BUF, --iova with --size, --all");
	return 0;
}

static error_t unmap_parse(int key, char *arg, struct argp_state *state)
{
	struct unmap_state *u = state->input;
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_IOVA:
		u->iova_given = true;
		return parse_size(state, "--iova", arg, &u->op.iova);
	case OPT_SIZE:
		u->size_given = true;
		return parse_size(state, "--size", arg, &u->op.size);
	case OPT_ALL:
		u->op.all = true;
		return 0;
	case OPT_IOAS:
		u->op.ioas = arg;
		return 0;
	case OPT_BY:
		err = parse_choice(state, "--by", arg, by_names, &n);
		u->op.by_child = n == 1;
		return err;
	case OPT_BESIDE:
		u->op.has_beside = true;
		return parse_size(state, "--beside", arg, &u->op.beside);
	case OPT_UNMAPPED:
		u->op.bytes_given = true;
		return parse_size(state, "--unmapped", arg, &u->op.bytes);
	case ARGP_KEY_ARG:
		if (u->op.buf || !buffer_name_is_valid(arg))
			return usage_error(
				state, u->op.buf ? "one buffer at a time, not also '%s'" : "'%s' is not a buffer name",
				arg);
		u->op.buf = arg;
		return 0;
	case ARGP_KEY_END:
		return unmap_end(state, u);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int unmap_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct unmap_state *u = arg;
	struct failures found;
	uint64_t bytes = 0;
	int err;

	failures_init(&found);
	u->op.unchecked = run->unchecked;
	err = op_unmap(s, &u->op, &bytes, &found, &run->fail);
	if (err && !failures_total(&found))
		return err;
	report_num(run->report, "unmapped_bytes", bytes);
	command_failures(run, "unmap reports what was mapped", &found);
	/* what was found goes before what was refused */
	if (err)
		report_evidence(run->report, "refused", "%s", run->fail.text);
	if (!run->script_path)
		command_report_mappings(run, s);
	return 0;
}

const struct command command_unmap = {
	.name = "unmap",
	.summary = "unmap a buffer, a range or everything",
	.args_doc = "[BUF]",
	.options = unmap_options,
	.state_size = sizeof(struct unmap_state),
	.parse = unmap_parse,
	.in_session = unmap_in_session,
	.scriptable = true,
};

static error_t free_parse(int key, char *arg, struct argp_state *state)
{
	const char **buf = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*buf)
			return usage_error(state, "one buffer at a time, not also '%s'", arg);
		*buf = arg;
		return 0;
	case ARGP_KEY_END:
		return *buf ? 0 : usage_error(state, "which buffer?");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int free_in_session(struct command_run *run, struct session *s, void *arg)
{
	const char **buf = arg;

	return op_free(s, *buf, &run->fail);
}

const struct command command_free = {
	.name = "free",
	.summary = "release a buffer, so that the next map of that name takes fresh memory",
	.args_doc = "BUF",
	.state_size = sizeof(const char *),
	.parse = free_parse,
	.in_session = free_in_session,
	.scriptable = true,
};
