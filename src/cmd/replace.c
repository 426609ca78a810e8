/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl replace: attach the device to two spaces in turn while its DMA runs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd/command.h"
#include "core/op/faults.h"
#include "core/op/replace.h"

enum { OPT_ROUNDS = 0x100, OPT_SIZE, OPT_SEAMLESS, OPT_BETWEEN };

static const struct argp_option replace_options[] = {
	{"rounds", OPT_ROUNDS, "N", 0, "how many replacements (default 100)", 0},
	{"size", OPT_SIZE, "S", 0, "bytes of one transfer (default 4K)", 0},
	{"seamless", OPT_SEAMLESS, NULL, 0, "also the transfers that meet a replacement must get through", 0},
	{"between", OPT_BETWEEN, NULL, 0, "attach between two transfers, never during one: all must get through", 0},
	{0},
};

static void replace_defaults(void *arg)
{
	struct replace_params *p = arg;

	p->rounds = 100;
	p->size = 4096;
}

static error_t replace_parse(int key, char *arg, struct argp_state *state)
{
	struct replace_params *p = state->input;
	error_t err;

	switch (key) {
	case OPT_ROUNDS:
		err = parse_u64(state, "--rounds", arg, &p->rounds);
		return !err && !p->rounds ? usage_error(state, "--rounds: at least one") : err;
	case OPT_SIZE:
		err = parse_size(state, "--size", arg, &p->size);
		if (!err && (!p->size || p->size % 4096 || p->size > MiB(16)))
			return usage_error(state, "--size: '%s' is not a multiple of 4096 up to 16M", arg);
		return err;
	case OPT_SEAMLESS:
		p->seamless = true;
		return 0;
	case OPT_BETWEEN:
		p->between = true;
		return 0;
	case ARGP_KEY_ARG:
		if (p->b)
			return usage_error(state, "two spaces, not also '%s'", arg);
		*(p->a ? &p->b : &p->a) = arg;
		return 0;
	case ARGP_KEY_END:
		return p->b ? 0 : usage_error(state, "which two spaces or page tables?");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int replace_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct replace_params *p = arg;
	struct replace_result res;
	struct failures found;
	int err;

	p->op = run->op;
	failures_init(&found);
	err = replace_run(s, p, &res, &found, &run->fail);
	if (err && err != -EREMOTEIO)
		return err;
	if (err) {
		struct failure bad = {.class = FAILURE_UNTRANSLATED};

		snprintf(bad.text, sizeof(bad.text), "%.190s", run->fail.text);
		failures_add(&found, &bad);
	}
	report_num(run->report, "rounds", res.rounds);
	report_num(run->report, "transfers", res.transfers);
	report_num(run->report, "lines_a", res.in_a);
	report_num(run->report, "lines_b", res.in_b);
	report_num(run->report, "mixed", res.mixed);
	report_num(run->report, "interrupted", res.interrupted);
	report_hex(run->report, "iova", res.iova);
	if (run->own_session)
		op_faults_settle(s);
	op_faults_report(run->report, s);
	command_failures(run, "every write arrived in one of the two spaces", &found);
	/* a script's line too: it was cut short */
	if (session_signal && res.rounds < p->rounds)
		report_interrupted(run->report, session_signal);
	if (!found.total)
		snprintf(run->detail, sizeof(run->detail),
			 "%" PRIu64 " replacements, %" PRIu64 " transfers, %" PRIu64 " interrupted; %" PRIu64
			 " lines in %s, %" PRIu64 " in %s",
			 res.rounds, res.transfers, res.interrupted, res.in_a, p->a, res.in_b, p->b);
	return 0;
}

const struct command command_replace = {
	.name = "replace",
	.summary = "attach the device to two spaces in turn while its DMA runs; where does each write arrive?",
	.args_doc = "A B",
	.options = replace_options,
	.state_size = sizeof(struct replace_params),
	.defaults = replace_defaults,
	.parse = replace_parse,
	.in_session = replace_in_session,
	.scriptable = true,
};
