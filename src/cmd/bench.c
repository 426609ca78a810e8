/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl bench: how fast one thing goes, over and over. */
#include "cmd/bench.h"
#include "core/op/faults.h"
#include "host/self.h"

int bench_check_cpus(const struct bench_until *until, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < until->nr_cpus && !err; i++)
		err = self_check_cpu(until->cpus[i], f);
	return err;
}

static void bench_checks_in_session(struct command_run *run, struct session *s, struct bench_result *res, bool maps)
{
	bench_findings(res);
	if (res->again) {
		report_num(run->report, "spurious_pages", res->spurious);
		report_text_hide(run->report, "spurious_pages");
	}
	if (run->own_session) {
		op_faults_settle(s);
		op_faults_check(run->report, s);
	}
	op_faults_report(run->report, s);
	if (maps || failures_total(&res->found))
		failures_report(run->report, &res->found);
	bench_checks(run, NULL, res, maps);
}

static int bench_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct bench_state *b = arg;
	struct bench_result res;
	int err = bench_check_cpus(&b->p.until, &run->fail), files = 0;

	if (b->refused.err) {
		run->fail = b->refused;
		return -b->refused.err;
	}
	if (!err)
		err = bench_files_begin(run, b);
	if (err)
		return err;
	run->shows = true;
	b->p.op = run->op;
	b->p.unchecked = run->unchecked;
	err = bench_run(b->bench, s, &b->p, &res, &run->fail);
	if (res.nr_rows || failures_total(&res.found)) {
		if (res.nr_rows)
			bench_report(run, b, &res);
		if (res.nr_rows)
			files = bench_files_end(run, b, &res, session_backend_name(s), session_device_name(s));
		bench_checks_in_session(run, s, &res, !err && b->bench->maps);
	}
	/* a script's line too: it was cut short, perhaps before there was a figure */
	if (session_signal)
		report_interrupted(run->report, session_signal);
	bench_result_free(&res);
	return err ? err : files;
}

static bool bench_needs_session(const void *state)
{
	const struct bench_state *b = state;

	return !b->compare && !b->against.nr;
}

static int bench_execute(struct command_run *run, void *state)
{
	const struct bench_state *b = state;

	return b->compare ? bench_execute_compare(run, state) : bench_execute_against(run, state);
}

const struct command command_bench = {
	.name = "bench",
	.summary = "how fast maps, unmaps, DMA, dirty bits and this tool's own loops are, beside plain ones",
	.args_doc = "map|unmap|dirty|dma|stamp|bitmap|sim|compare A.json B.json",
	.options = bench_options,
	.state_size = sizeof(struct bench_state),
	.defaults = bench_defaults,
	.parse = bench_parse,
	.execute = bench_execute,
	.in_session = bench_in_session,
	.needs_session = bench_needs_session,
	.scriptable = true,
};
