/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dma: one transfer by the device. */
#include <errno.h>
#include <stdio.h>

#include "cmd/command.h"
#include "core/op.h"
#include "core/op_faults.h"

enum { OPT_SIZE = 0x100, OPT_MAY_FAULT };

static const struct argp_option dma_options[] = {
	{"size", OPT_SIZE, "S", 0, "bytes", 0},
	{"may-fault", OPT_MAY_FAULT, NULL, 0, "a fault is not a failure", 0},
	{0},
};

struct dma_state {
	struct op_dma op;
	unsigned int words;
	bool size_given;
};

static error_t dma_word(struct argp_state *state, struct dma_state *d, char *arg)
{
	static const char *const dirs[] = {"read", "write", "copy", NULL};
	static const enum dev_dir dir_of[] = {DEV_READ, DEV_WRITE, DEV_COPY};
	error_t err = 0;
	int n = 0;

	switch (d->words++) {
	case 0:
		err = parse_choice(state, "direction", arg, dirs, &n);
		d->op.dir = dir_of[n];
		break;
	case 1:
		*(d->op.dir == DEV_WRITE ? &d->op.dst : &d->op.src) = arg;
		break;
	case 2:
		if (d->op.dir != DEV_COPY)
			return usage_error(state, "one address, not also '%s'", arg);
		d->op.dst = arg;
		break;
	default:
		return usage_error(state, "too many words: '%s'", arg);
	}
	return err;
}

static error_t dma_parse(int key, char *arg, struct argp_state *state)
{
	struct dma_state *d = state->input;

	switch (key) {
	case OPT_SIZE:
		d->size_given = true;
		return parse_size(state, "--size", arg, &d->op.size);
	case OPT_MAY_FAULT:
		d->op.may_fault = true;
		return 0;
	case ARGP_KEY_ARG:
		return dma_word(state, d, arg);
	case ARGP_KEY_END:
		if (d->words != (d->op.dir == DEV_COPY ? 3u : 2u))
			return usage_error(state, "it takes `read A`, `write A` or `copy SRC DST`");
		return d->size_given ? 0 : usage_error(state, "--size is needed");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Alone it has no run behind it that would judge what the log tells late. */
static void dma_late(struct session *s, struct failures *found)
{
	struct failure bad = {.class = FAILURE_DMA_ERROR};

	op_faults_settle(s);
	if (!op_faults(s)->strays)
		return;
	bad.iova = op_faults(s)->stray.iova;
	snprintf(bad.text, sizeof(bad.text), "an IOMMU fault was logged: %.140s", op_faults(s)->stray.raw);
	failures_add(found, &bad);
}

static int dma_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct dma_state *d = arg;
	struct failures found;
	uint64_t bytes = 0;
	int err;

	failures_init(&found);
	d->op.unchecked = run->unchecked;
	err = op_dma(s, &d->op, &bytes, &found, &run->fail);
	if (err == -EREMOTEIO) {
		struct failure bad = {.class = FAILURE_UNTRANSLATED};

		snprintf(bad.text, sizeof(bad.text), "%.190s", run->fail.text);
		failures_add(&found, &bad);
		err = 0;
	}
	if (run->own_session)
		dma_late(s, &found);
	op_faults_report(run->report, s);
	if (!err) {
		report_num(run->report, "bytes", bytes);
		command_failures(run, "the transfer ended without error", &found);
		if (run->own_session && op_faults(s)->unclear)
			op_faults_check(run->report, s);
	}
	return err;
}

const struct command command_dma = {
	.name = "dma",
	.summary = "let the device read, write or copy memory (A: an IOVA, BUF or BUF+OFFSET)",
	.args_doc = "read A\nwrite A\ncopy SRC DST",
	.options = dma_options,
	.state_size = sizeof(struct dma_state),
	.parse = dma_parse,
	.in_session = dma_in_session,
	.scriptable = true,
};
