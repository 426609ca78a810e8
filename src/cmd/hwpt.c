/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl hwpt and destroy: page tables as objects of their own, and the end of any object. */
#include <errno.h>
#include <stdio.h>

#include "base/together.h"
#include "cmd/words.h"
#include "core/op/object.h"

enum { OPT_PARENT = 0x100, OPT_DIRTY, OPT_NEST_PARENT, OPT_PASID, OPT_QUEUE, OPT_DATA, OPT_FLAGS, OPT_TYPE };

static const struct argp_option hwpt_options[] = {
	{"parent", OPT_PARENT, "WHAT", 0, "new: the space, parent page table or viommu it stands on (default main)", 0},
	{"dirty", OPT_DIRTY, NULL, 0, "new: it can note down what was written", 0},
	{"nest-parent", OPT_NEST_PARENT, NULL, 0, "new: nested ones may stand on it", 0},
	{"pasid", OPT_PASID, NULL, 0, "new: single PASIDs may be attached to it", 0},
	{"fault-queue", OPT_QUEUE, "QUEUE", 0, "new: where its I/O page faults go", 0},
	{"data", OPT_DATA, "TYPE[,KEY=VALUE...]", 0, "new: the user's own table: vtd-s1, arm-smmuv3, amd-guest, mock",
	 0},
	{"flags", OPT_FLAGS, "BITS", 0, "new: further flag bits, as they are", 0},
	{"type", OPT_TYPE, "TYPE", 0, "invalidate: vtd-s1, arm-smmuv3, mock, mock-viommu", 0},
	{0},
};

enum { HWPT_NEW, HWPT_INVALIDATE };

static const struct verb hwpt_verbs[] = {
	[HWPT_NEW] = {"new", 1, 1, "new NAME"},
	[HWPT_INVALIDATE] = {"invalidate", 1, WORDS_MAX, "invalidate WHAT --type TYPE [KEY=VALUE,...]..."},
	{0},
};

struct hwpt_state {
	struct words words;
	int verb;
	struct op_hwpt op;
	const char *type;
	uint64_t flags;
};

static error_t hwpt_parse(int key, char *arg, struct argp_state *state)
{
	struct hwpt_state *h = state->input;
	error_t err;

	switch (key) {
	case OPT_PARENT:
		h->op.parent = arg;
		return 0;
	case OPT_DIRTY:
		h->op.dirty = true;
		return 0;
	case OPT_NEST_PARENT:
		h->op.nest_parent = true;
		return 0;
	case OPT_PASID:
		h->op.pasid = true;
		return 0;
	case OPT_QUEUE:
		h->op.queue = arg;
		return 0;
	case OPT_DATA:
		h->op.data = arg;
		return 0;
	case OPT_TYPE:
		h->type = arg;
		return 0;
	case OPT_FLAGS:
		err = parse_u64(state, "--flags", arg, &h->flags);
		return !err && h->flags > UINT32_MAX ? usage_error(state, "--flags: %s has more than 32 bits", arg)
						     : err;
	default:
		err = words_parse(key, arg, state, &h->words, hwpt_verbs, &h->verb);
		if (!err && key == ARGP_KEY_END && h->verb == HWPT_INVALIDATE && !h->type)
			return usage_error(state, "--type is needed");
		return err;
	}
}

static int hwpt_new(struct command_run *run, struct session *s, struct hwpt_state *h)
{
	struct named *n = NULL;
	int err;

	h->op.name = h->words.at[1];
	h->op.flags = (uint32_t)h->flags;
	h->op.unchecked = run->unchecked;
	err = op_hwpt_new(s, &h->op, &n, &run->fail);
	if (err)
		return err;
	snprintf(run->detail, sizeof(run->detail), "page table %s is %u", n->name, n->id);
	report_num(run->report, "id", n->id);
	report_line(run->report, "%s", run->detail);
	return 0;
}

static int hwpt_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct hwpt_state *h = arg;
	uint32_t done = 0;
	int err;

	if (h->verb == HWPT_NEW)
		return hwpt_new(run, s, h);
	err = op_hwpt_invalidate(s, h->words.at[1], h->type, h->words.at + 2, h->words.n - 2, run->unchecked, &done,
				 &run->fail);
	report_num(run->report, "handled", done);
	snprintf(run->detail, sizeof(run->detail), "%u of %u entries handled", done, h->words.n - 2);
	return err;
}

const struct command command_hwpt = {
	.name = "hwpt",
	.summary = "page tables as objects of their own: make, invalidate what is cached of them",
	.args_doc = "new NAME\ninvalidate WHAT --type TYPE [KEY=VALUE,...]...",
	.options = hwpt_options,
	.state_size = sizeof(struct hwpt_state),
	.parse = hwpt_parse,
	.in_session = hwpt_in_session,
	.scriptable = true,
};

enum { OPT_THREADS = 0x200 };

static const struct argp_option destroy_options[] = {
	{"threads", OPT_THREADS, "N", 0,
	 "by so many threads at once: one has to be obeyed, the others to be told that it is gone", 0},
	{0},
};

struct destroy_state {
	const char *what;
	uint64_t threads;
};

static error_t destroy_parse(int key, char *arg, struct argp_state *state)
{
	struct destroy_state *d = state->input;
	error_t err;

	switch (key) {
	case OPT_THREADS:
		err = parse_u64(state, "--threads", arg, &d->threads);
		if (!err && (d->threads < 2 || d->threads > TOGETHER_MAX))
			return usage_error(state, "--threads: '%s' is not 2 to %u", arg, TOGETHER_MAX);
		return err;
	case ARGP_KEY_ARG:
		if (d->what)
			return usage_error(state, "one object at a time, not also '%s'", arg);
		d->what = arg;
		return 0;
	case ARGP_KEY_END:
		return d->what ? 0 : usage_error(state, "which object?");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int destroy_in_session(struct command_run *run, struct session *s, void *arg)
{
	const struct destroy_state *d = arg;

	return op_destroy(s, d->what, (unsigned int)d->threads, run->unchecked, &run->fail);
}

const struct command command_destroy = {
	.name = "destroy",
	.summary = "destroy a space, page table, queue or any other object, by name or id",
	.args_doc = "WHAT",
	.options = destroy_options,
	.state_size = sizeof(struct destroy_state),
	.parse = destroy_parse,
	.in_session = destroy_in_session,
	.scriptable = true,
};
