/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl diagnose: what a failure depends on, and a bug report. */
#include "cmd/diagnose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/whole_file.h"

enum { OPT_TIME = 0x100, OPT_RUNS, OPT_WITH, OPT_REPRO, OPT_NO_SHRINK };

static const struct argp_option diagnose_options[] = {
	{"time", OPT_TIME, "DUR", 0, "how long to look, about (default 3m, sim 10s)", 0},
	{"runs", OPT_RUNS, "N", 0, "runs of each level of a factor (default 10)", 0},
	{"with", OPT_WITH, "FILE.json", 0, "the report of another boot, whose failing run is done here too; may repeat",
	 0},
	{"output", 'o', "FILE", 0, "write the bug report there too: text, or JSON for a name in .json", 0},
	{"no-shrink", OPT_NO_SHRINK, NULL, 0, "leave the script as it was first written down", 0},
	{"save-repro", OPT_REPRO, "FILE", 0, "save the script that shows the failure", 0},
	{0},
};

struct diagnose_command {
	struct diagnose_params params;
	const char *with[DIAGNOSE_WITH_MAX];
	const char *output, *repro;
	bool no_shrink;
};

static error_t diagnose_parse(int key, char *arg, struct argp_state *state)
{
	struct diagnose_command *dc = state->input;
	uint64_t n = 0;
	error_t err;

	switch (key) {
	case OPT_TIME:
		return num_parse_duration(arg, &dc->params.time_ns) || !dc->params.time_ns
			       ? usage_error(state, "--time: '%s' is not a duration (such as 30s, 5m, 1h)", arg)
			       : 0;
	case OPT_RUNS:
		err = parse_u64(state, "--runs", arg, &n);
		if (!err && (!n || n > DIAGNOSE_RUNS_MAX))
			err = usage_error(state, "--runs: %s is not between 1 and %u", arg, DIAGNOSE_RUNS_MAX);
		dc->params.runs = (unsigned int)n;
		return err;
	case OPT_WITH:
		if (dc->params.nr_with == DIAGNOSE_WITH_MAX)
			return usage_error(state, "--with: at most %u of them", DIAGNOSE_WITH_MAX);
		dc->with[dc->params.nr_with++] = arg;
		return 0;
	case 'o':
		dc->output = arg;
		return 0;
	case OPT_NO_SHRINK:
		dc->no_shrink = true;
		return 0;
	case OPT_REPRO:
		dc->repro = arg;
		return 0;
	case ARGP_KEY_ARG:
		return usage_error(state, "it takes no argument, not '%s'", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The same report as a file of its own. */
static int diagnose_write(struct command_run *run, const struct diagnose *d, const char *path)
{
	size_t len = strlen(path);
	struct report_params rp = {.format = len > 5 && !strcmp(path + len - 5, ".json") ? REPORT_JSON : REPORT_TEXT,
				   .command = "diagnose",
				   .seed = run->globals->session.seed};
	struct whole_file w;
	struct report *r;
	int err = whole_file_open(&w, path, "the bug report", &run->fail);

	if (err)
		return err;
	rp.to = w.to;
	err = report_open(&r, &rp);
	if (!err) {
		diagnose_report(r, d);
		report_end(r);
	}
	err = whole_file_close(&w, &run->fail);
	if (!err)
		report_line(run->report, "saved: %s", path);
	return err;
}

/* Asked before what may take hours. */
static int diagnose_check(const struct diagnose_command *dc, struct fail *f)
{
	int err = dc->output ? whole_file_check(dc->output, "the bug report", f) : 0;

	return !err && dc->repro ? whole_file_check(dc->repro, "the repro", f) : err;
}

static uint64_t diagnose_shrink_time(const struct diagnose_command *dc)
{
	return (dc->params.time_ns ? dc->params.time_ns : DIAGNOSE_TIME_SIM) / 2;
}

static int diagnose_execute(struct command_run *run, void *arg)
{
	struct diagnose_command *dc = arg;
	struct diagnose *d = NULL;
	int err = diagnose_check(dc, &run->fail), written = 0;
	struct fail why = {0};

	dc->params.with = dc->with;
	if (!err)
		err = diagnose_new(&d, &run->globals->session, &run->globals->host, &dc->params, &run->fail);
	if (!err)
		err = diagnose_run(d, &run->fail);
	why = run->fail;
	if (d && !why.usage) {
		if (!err && !session_signal && !dc->no_shrink)
			diagnose_shrink(run, d, diagnose_shrink_time(dc));
		diagnose_report(run->report, d);
		/* of a run that could not go on, too */
		if (dc->output)
			written = diagnose_write(run, d, dc->output);
		if (!written && dc->repro)
			written = diagnose_save(run, d, dc->repro);
	}
	diagnose_free(d);
	if (err)
		run->fail = why;
	return err ? err : written;
}

const struct command command_diagnose = {
	.name = "diagnose",
	.summary = "what a failure depends on, and a bug report",
	.options = diagnose_options,
	.state_size = sizeof(struct diagnose_command),
	.parse = diagnose_parse,
	.execute = diagnose_execute,
	.opens_session = true,
};
