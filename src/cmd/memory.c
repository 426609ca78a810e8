/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl memory: what a process may do to a buffer's memory under its mappings. */
#include "cmd/words.h"
#include "core/op/memory.h"

enum { OPT_WRITE = 0x100 };

static const struct argp_option memory_options[] = {
	{"write", OPT_WRITE, NULL, 0, "fork: the child writes to its copy", 0},
	{0},
};

/* In enum op_memory's order. */
static const struct verb memory_verbs[] = {
	{"release", 1, 1, "release BUF"}, {"move", 1, 1, "move BUF"}, {"fork", 1, 1, "fork BUF"},
	{"discard", 1, 1, "discard BUF"}, {NULL, 0, 0, NULL},
};

struct memory_state {
	struct words words;
	int verb;
	bool write;
};

static error_t memory_parse(int key, char *arg, struct argp_state *state)
{
	struct memory_state *m = state->input;
	error_t err;

	if (key == OPT_WRITE) {
		m->write = true;
		return 0;
	}
	err = words_parse(key, arg, state, &m->words, memory_verbs, &m->verb);
	if (!err && key == ARGP_KEY_END && m->write && m->verb != OP_MEMORY_FORK)
		return usage_error(state, "--write goes with `fork`");
	return err;
}

static int memory_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct memory_state *m = arg;
	struct failures found;
	int err;

	failures_init(&found);
	err = op_memory(s, m->words.at[1], (enum op_memory)m->verb, m->write, &found, &run->fail);
	if (!err)
		command_failures(run, "the device's view of the memory stays", &found);
	return err;
}

const struct command command_memory = {
	.name = "memory",
	.summary = "let go of a buffer's memory, move or discard it, or fork, under its mappings",
	.args_doc = "release BUF\nmove BUF\nfork BUF\ndiscard BUF",
	.options = memory_options,
	.state_size = sizeof(struct memory_state),
	.parse = memory_parse,
	.in_session = memory_in_session,
	.scriptable = true,
};
