/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl fill and check: patterns into buffers, and whether they are still there. */
#include <errno.h>

#include "cmd/command.h"
#include "core/op/op.h"

enum { OPT_OFFSET = 0x100, OPT_SIZE, OPT_STAMP, OPT_BYTE, OPT_FROM, OPT_AT, OPT_PINS };

static const struct argp_option fill_options[] = {
	{"offset", OPT_OFFSET, "O", 0, "start in the buffer (default 0)", 0},
	{"size", OPT_SIZE, "S", 0, "bytes (default: to the end)", 0},
	{"stamp", OPT_STAMP, "GEN", 0, "stamps of this generation, every 64 bytes", 0},
	{"byte", OPT_BYTE, "B", 0, "one byte throughout", 0},
	{0},
};

static const struct argp_option check_options[] = {
	{"offset", OPT_OFFSET, "O", 0, "start in the buffer (default 0)", 0},
	{"size", OPT_SIZE, "S", 0, "bytes (default: to the end)", 0},
	{"stamp", OPT_STAMP, "GEN", 0, "stamps of this generation are expected", 0},
	{"byte", OPT_BYTE, "B", 0, "this byte throughout is expected", 0},
	{"from", OPT_FROM, "O", 0, "the stamps were made at this offset of the buffer (default: the same)", 0},
	{"at", OPT_AT, "IOVA", 0, "the stamps were made for this IOVA: another buffer's, which DMA brought here", 0},
	{"pins", OPT_PINS, NULL, 0, "no buffer: that no more pages are pinned than mapped", 0},
	{0},
};

struct pattern_state {
	struct op_pattern op;
	bool stamp_given, byte_given, size_given, pins;
};

static error_t pattern_end(struct argp_state *state, const struct pattern_state *p)
{
	if (p->pins)
		return p->op.buf ? usage_error(state, "--pins looks at no buffer") : 0;
	if (!p->op.buf)
		return usage_error(state, "which buffer?");
	if (p->stamp_given == p->byte_given)
		return usage_error(state, "one of --stamp and --byte is needed");
	if (p->op.at_given && (p->op.from_given || !p->stamp_given))
		return usage_error(state, "--at is about stamps, and in place of --from");
	if (p->size_given && !p->op.size)
		return usage_error(state, "--size: 0 bytes are nothing to look at");
	return 0;
}

static error_t pattern_parse(int key, char *arg, struct argp_state *state)
{
	struct pattern_state *p = state->input;
	uint64_t byte;
	error_t err;

	switch (key) {
	case OPT_OFFSET:
		return parse_size(state, "--offset", arg, &p->op.offset);
	case OPT_SIZE:
		p->size_given = true;
		return parse_size(state, "--size", arg, &p->op.size);
	case OPT_STAMP:
		p->stamp_given = true;
		return parse_u64(state, "--stamp", arg, &p->op.generation);
	case OPT_BYTE:
		err = parse_u64(state, "--byte", arg, &byte);
		if (!err && byte > 0xff)
			err = usage_error(state, "--byte: '%s' is more than a byte", arg);
		p->byte_given = p->op.is_byte = true;
		p->op.byte = (unsigned char)byte;
		return err;
	case OPT_FROM:
		p->op.from_given = true;
		return parse_size(state, "--from", arg, &p->op.from);
	case OPT_AT:
		p->op.at_given = true;
		return parse_size(state, "--at", arg, &p->op.at);
	case OPT_PINS:
		p->pins = true;
		return 0;
	case ARGP_KEY_ARG:
		if (p->op.buf)
			return usage_error(state, "one buffer at a time, not also '%s'", arg);
		p->op.buf = arg;
		return 0;
	case ARGP_KEY_END:
		return pattern_end(state, p);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int fill_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct pattern_state *p = arg;

	return op_fill(s, &p->op, &run->fail);
}

static int check_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct pattern_state *p = arg;
	struct failures found;
	uint64_t bytes = 0;
	int err;

	failures_init(&found);
	err = p->pins ? op_check_pins(s, &found, &run->fail) : op_check(s, &p->op, &bytes, &found, &run->fail);
	if (!err) {
		report_num(run->report, "checked_bytes", bytes);
		command_failures(run, p->pins ? "pins return to their level" : "the buffer holds what it should",
				 &found);
	}
	return err;
}

const struct command command_fill = {
	.name = "fill",
	.summary = "write a pattern into a buffer",
	.args_doc = "BUF",
	.options = fill_options,
	.state_size = sizeof(struct pattern_state),
	.parse = pattern_parse,
	.in_session = fill_in_session,
	.scriptable = true,
};

const struct command command_check = {
	.name = "check",
	.summary = "compare a buffer with a pattern, or the pins with the mappings",
	.args_doc = "[BUF]",
	.options = check_options,
	.state_size = sizeof(struct pattern_state),
	.parse = pattern_parse,
	.in_session = check_in_session,
	.scriptable = true,
};
