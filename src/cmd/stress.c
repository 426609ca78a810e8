/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl stress: random operations held against a model. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/num.h"
#include "cmd/command.h"
#include "cmd/shrink_run.h"
#include "core/op/faults.h"
#include "core/stress/stress.h"

enum {
	OPT_MIX = 0x100,
	OPT_TIME,
	OPT_OPS,
	OPT_THREADS,
	OPT_SHARD,
	OPT_EPISODES,
	OPT_EPISODE,
	OPT_EPISODE_OPS,
	OPT_PROBE,
	OPT_BEYOND,
	OPT_KEEP_GOING,
	OPT_LOG,
	OPT_REPRO,
	OPT_TRIES,
	OPT_NO_SHRINK,
};

#define STRESS_TIME_DEFAULT UINT64_C(10000000000)
#define STRESS_THREADS_DEFAULT 2
#define STRESS_TRIES_DEFAULT 3
#define STRESS_TRIES_MAX 10000
#define STRESS_SHARDS_MAX 1000000
#define STRESS_EPISODE_OPS_MAX 100000

static const struct argp_option stress_options[] = {
	{"mix", OPT_MIX, "churn|edges|dirty|huge|lifecycle|all|KIND=WEIGHT,...|FILE", 0,
	 "how often each kind of operation comes; a file has lines KIND WEIGHT (default all)", 0},
	{"time", OPT_TIME, "DUR", 0, "for how long (default 10s)", 0},
	{"ops", OPT_OPS, "N", 0, "how many operations instead, of all shards together", 0},
	{"threads", OPT_THREADS, "N", 0, "threads, each with IOVAs of its own and some that all share (default 2)", 0},
	{"shard", OPT_SHARD, "I/N", 0, "the I-th of N parts of a campaign (default 1/1)", 0},
	{"episodes", OPT_EPISODES, "N", 0, "how many episodes instead, of all shards together", 0},
	{"episode", OPT_EPISODE, "N", 0, "this episode alone, as a report names it", 0},
	{"episode-ops", OPT_EPISODE_OPS, "N", 0, "operations of an episode (default drawn, 200 to 1000)", 0},
	{"probe-unmapped", OPT_PROBE, NULL, 0,
	 "also let a real device try memory that is unmapped or read-only (always in the simulation)", 0},
	{"beyond", OPT_BEYOND, NULL, 0,
	 "also ask a real kernel for dirty bits where kernels are known to answer wrongly (always in the simulation)",
	 0},
	{"keep-going", OPT_KEEP_GOING, NULL, 0, "do not stop at the first mismatch", 0},
	{"log", OPT_LOG, "FILE.ndjson", 0, "one line per operation", 0},
	{"save-repro", OPT_REPRO, "FILE", 0, "save the first mismatch as the shortest script for `run` that shows it",
	 0},
	{"tries", OPT_TRIES, "N", 0, "run each candidate of that script so often, for what comes and goes (default 3)",
	 0},
	{"no-shrink", OPT_NO_SHRINK, NULL, 0, "save the script as it was done, not the shortest", 0},
	{0},
};

static void stress_defaults(void *arg)
{
	struct stress_params *p = arg;

	p->threads = STRESS_THREADS_DEFAULT;
	p->shard = p->shards = 1;
	p->tries = STRESS_TRIES_DEFAULT;
	p->mix_text = "all";
}

static error_t stress_parse_shard(struct argp_state *state, const char *arg, struct stress_params *p)
{
	const char *slash = strchr(arg, '/');
	uint64_t i = 0, n = 0;
	char first[32];

	if (!slash || (size_t)(slash - arg) >= sizeof(first))
		return usage_error(state, "--shard: '%s' is not I/N, such as 3/8", arg);
	snprintf(first, sizeof(first), "%.*s", (int)(slash - arg), arg);
	if (num_parse_u64(first, &i) || num_parse_u64(slash + 1, &n) || !i || i > n || n > STRESS_SHARDS_MAX)
		return usage_error(state, "--shard: '%s' is not I/N with I from 1 to N, N at most %u", arg,
				   STRESS_SHARDS_MAX);
	p->shard = (unsigned int)i;
	p->shards = (unsigned int)n;
	return 0;
}

/* A number from 1 to @max. */
static error_t stress_parse_count(struct argp_state *state, const char *option, const char *arg, uint64_t max,
				  uint64_t *out)
{
	error_t err = parse_u64(state, option, arg, out);

	if (!err && (!*out || *out > max))
		err = usage_error(state, "%s: %s is not between 1 and %llu", option, arg, (unsigned long long)max);
	return err;
}

static error_t stress_parse_number(int key, const char *arg, struct argp_state *state, struct stress_params *p)
{
	uint64_t n = 0;
	error_t err;

	switch (key) {
	case OPT_OPS:
		return stress_parse_count(state, "--ops", arg, UINT64_MAX, &p->ops);
	case OPT_EPISODES:
		return stress_parse_count(state, "--episodes", arg, UINT64_MAX, &p->episodes);
	case OPT_THREADS:
		err = stress_parse_count(state, "--threads", arg, STRESS_THREADS_MAX, &n);
		p->threads = (unsigned int)n;
		return err;
	case OPT_EPISODE:
		p->episode_given = true;
		return parse_u64(state, "--episode", arg, &p->episode);
	case OPT_EPISODE_OPS:
		return stress_parse_count(state, "--episode-ops", arg, STRESS_EPISODE_OPS_MAX, &p->episode_ops);
	case OPT_TRIES:
		err = stress_parse_count(state, "--tries", arg, STRESS_TRIES_MAX, &n);
		p->tries = (unsigned int)n;
		return err;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t stress_end(struct argp_state *state, struct stress_params *p)
{
	struct fail why = {0};

	if (stress_mix_load(&p->mix, p->mix_text, &why))
		return why.hint[0] ? usage_error(state, "--mix: %s (%s)", why.text, why.hint)
				   : usage_error(state, "--mix: %s", why.text);
	if (p->episode_given && p->shards > 1)
		return usage_error(state, "--episode is one episode: it goes without --shard");
	if (p->episode_given && p->episodes)
		return usage_error(state, "--episode is one episode: it goes without --episodes");
	if (p->no_shrink && !p->repro_path)
		return usage_error(state, "--no-shrink is about the script of --save-repro, which is not given");
	if (!p->ops && !p->time_ns && !p->episodes && !p->episode_given)
		p->time_ns = STRESS_TIME_DEFAULT;
	return 0;
}

static error_t stress_parse(int key, char *arg, struct argp_state *state)
{
	struct stress_params *p = state->input;

	switch (key) {
	case OPT_MIX:
		p->mix_text = arg;
		return 0;
	case OPT_TIME:
		return num_parse_duration(arg, &p->time_ns) || !p->time_ns
			       ? usage_error(state, "--time: '%s' is not a duration (such as 500ms, 30s, 5m)", arg)
			       : 0;
	case OPT_SHARD:
		return stress_parse_shard(state, arg, p);
	case OPT_PROBE:
		p->probe = true;
		return 0;
	case OPT_BEYOND:
		p->beyond = true;
		return 0;
	case OPT_KEEP_GOING:
		p->keep_going = true;
		return 0;
	case OPT_LOG:
		p->log_path = arg;
		return 0;
	case OPT_REPRO:
		p->repro_path = arg;
		return 0;
	case OPT_NO_SHRINK:
		p->no_shrink = true;
		return 0;
	case ARGP_KEY_ARG:
		return usage_error(state, "it takes no argument, not '%s'", arg);
	case ARGP_KEY_END:
		return stress_end(state, p);
	default:
		return stress_parse_number(key, arg, state, p);
	}
}

static int stress_in(struct command_run *run, struct session *s, const struct stress_params *p,
		     struct stress_result *res)
{
	int err = stress_run(s, p, res, &run->fail);

	if (err && run->fail.usage)
		return err; /* nothing was done, so there is nothing to tell */
	if (run->own_session)
		session_settle(s);
	stress_report(run->report, s, p, res);
	report_str(run->report, "repro", NULL); /* none saved so far */
	report_text_hide(run->report, "repro");
	if (res->mismatches_total)
		snprintf(run->detail, sizeof(run->detail), "%s", res->mismatches[0].op.text);
	/* a script's line is told as what it is, too */
	if (session_signal)
		report_interrupted(run->report, session_signal);
	return err;
}

static int stress_with(struct command_run *run, struct stress_params *p, struct stress_result *res)
{
	struct session *s;
	int err = command_session(run, &s, &run->own_session);

	if (err)
		return err;
	if (run->own_session)
		msg_note("stress: backend %s, device %s, driver %s, mix %s, seed 0x%llx", session_backend_name(s),
			 session_device_name(s), session_driver_name(s), p->mix.name,
			 (unsigned long long)run->globals->session.seed);
	p->fresh = run->own_session;
	err = stress_in(run, s, p, res);
	if (!run->own_session)
		op_faults_forget(s); /* it has judged its own, and knows which were due */
	else if (!err && p->repro_path && (res->mismatches_total || res->failures.total) && !session_signal)
		return stress_save_repro(run, s, p, res);
	command_session_close(run, s, run->own_session);
	return err;
}

static int stress_execute(struct command_run *run, void *arg)
{
	CLEANUP_FREE struct stress_result *res = calloc(1, sizeof(*res)); /* large */
	struct stress_params *p = arg;
	int err = p->repro_path ? stress_check_repro(run, p) : 0;

	if (!res)
		err = fail_set(&run->fail, ENOMEM, "cannot begin");
	if (err)
		return err;
	err = stress_with(run, p, res);
	stress_result_free(res);
	return err;
}

const struct command command_stress = {
	.name = "stress",
	.summary = "random operations from several threads, each answer held against a model",
	.options = stress_options,
	.state_size = sizeof(struct stress_params),
	.defaults = stress_defaults,
	.parse = stress_parse,
	.execute = stress_execute,
	.scriptable = true,
	.opens_session = true,
};
