/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dma: one transfer by the device, or one again and again in the background. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "core/op/faults.h"
#include "core/op/flight.h"
#include "core/op/op.h"

enum { OPT_SIZE = 0x100, OPT_MAY_FAULT };

static const struct argp_option dma_options[] = {
	{"size", OPT_SIZE, "S", 0, "bytes", 0},
	{"may-fault", OPT_MAY_FAULT, NULL, 0, "a fault is not a failure", 0},
	{0},
};

struct dma_state {
	struct op_dma op;
	bool start, stop;
	const char *name;
	unsigned int words; /* that say where */
	bool size_given;
};

/* `start NAME` and what would stand there without, or `stop NAME`. True: @arg was a part of that. */
static bool dma_word_name(struct dma_state *d, char *arg)
{
	if (!d->words && !d->start && !d->stop) {
		d->start = !strcmp(arg, "start");
		d->stop = !strcmp(arg, "stop");
		return d->start || d->stop;
	}
	if ((!d->start && !d->stop) || d->name)
		return false;
	d->name = arg;
	return true;
}

static error_t dma_word(struct argp_state *state, struct dma_state *d, char *arg)
{
	/* the last two for the list of what is valid */
	static const char *const dirs[] = {"read", "write", "copy", "start", "stop", NULL};
	static const enum dev_dir dir_of[] = {DEV_READ, DEV_WRITE, DEV_COPY};
	error_t err = 0;
	int n = 0;

	if (dma_word_name(d, arg))
		return 0;
	if (d->stop)
		return usage_error(state, "it is `stop NAME`, not also '%s'", arg);
	switch (d->words++) {
	case 0:
		err = parse_choice(state, "direction", arg, dirs, &n);
		if (!err && n > 2)
			return usage_error(state, "'%s' comes first, and once", arg);
		d->op.dir = err ? 0 : dir_of[n];
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
		if (d->stop)
			return d->name && !d->size_given && !d->op.may_fault ? 0
									     : usage_error(state, "it is `stop NAME`");
		if (d->words != (d->op.dir == DEV_COPY ? 3u : 2u))
			return usage_error(state, "it takes `read A`, `write A` or `copy SRC DST`, after `start NAME` "
						  "or without, or `stop NAME`");
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

static int dma_stop(struct command_run *run, struct session *s, const struct dma_state *d)
{
	struct op_flight_result res;
	struct failures found;
	int err;

	failures_init(&found);
	err = op_flight_stop(s, d->name, &res, &found, &run->fail);
	op_faults_report(run->report, s);
	report_num(run->report, "transfers", res.transfers);
	report_num(run->report, "bytes", res.bytes);
	report_num(run->report, "refused", res.refused);
	report_num(run->report, "refused_undue", res.undue);
	report_num(run->report, "logged", res.faults);
	if (err)
		return err;
	command_failures(run, "the transfers ended without an error that was not due", &found);
	if (!found.total)
		snprintf(run->detail, sizeof(run->detail),
			 "%" PRIu64 " transfers, %" PRIu64 " refused, %" PRIu64 " faults logged", res.transfers,
			 res.refused, res.faults);
	return 0;
}

static int dma_start(struct command_run *run, struct session *s, const struct dma_state *d)
{
	int err = op_flight_start(s, d->name, &d->op, &run->fail);

	if (!err && run->own_session)
		report_line(run->report, "it ends with this command: `iommuctl run` has it go on beside other lines");
	return err;
}

static int dma_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct dma_state *d = arg;
	struct failures found;
	uint64_t bytes = 0;
	int err;

	failures_init(&found);
	d->op.unchecked = run->unchecked;
	if (d->stop)
		return dma_stop(run, s, d);
	if (d->start)
		return dma_start(run, s, d);
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
	.args_doc = "[start NAME] read A\n[start NAME] write A\n[start NAME] copy SRC DST\nstop NAME",
	.options = dma_options,
	.state_size = sizeof(struct dma_state),
	.parse = dma_parse,
	.in_session = dma_in_session,
	.scriptable = true,
};
