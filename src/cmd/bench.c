/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl bench: how fast one thing goes, over and over. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/command.h"
#include "core/op_faults.h"
#include "core/bench.h"

enum { OPT_LOOPS = 0x100, OPT_WARMUP, OPT_SIZE, OPT_IOVA, OPT_MEM, OPT_REFERENCE, OPT_SOURCE, OPT_PAGE_SIZE };

#define BENCH_GIVEN_NOT UINT64_MAX /* the benchmark's own default counts */

static const struct argp_option bench_options[] = {
	{"loops", OPT_LOOPS, "N", 0, "how many times for each figure (default: map 10000, others fewer)", 0},
	{"warmup", OPT_WARMUP, "N", 0, "how many times before that (default: a tenth of that)", 0},
	{"size", OPT_SIZE, "S", 0, "bytes of a mapping, or of the memory that is tracked", 0},
	{"iova", OPT_IOVA, "ADDR|random|kernel", 0, "where: one place for all loops (default random)", 0},
	{"mem", OPT_MEM, "anon|thp|hugetlb-2M|hugetlb-1G|memfd", 0, "kind of memory (default anon)", 0},
	{"reference", OPT_REFERENCE, "NAME=RATE", 0, "hold the rate against this one, and tell the ratio", 0},
	{"source", OPT_SOURCE, "iommu|type1|device", 0, "dirty: whose bits are read (default the best there is)", 0},
	{"page-size", OPT_PAGE_SIZE, "P", 0, "dirty: what a bit stands for (default the smallest there is)", 0},
	{0},
};

struct bench_state {
	struct bench_params p;
	const struct bench *bench;
	char reference[64];
};

static void bench_defaults(void *arg)
{
	struct bench_state *b = arg;

	b->p.loops = b->p.warmup = b->p.size = BENCH_GIVEN_NOT;
	b->p.dirty.source = DIRTY_SOURCES;
	b->p.where = OP_IOVA_RANDOM;
}

static error_t bench_parse_name(struct argp_state *state, const char *arg, struct bench_state *b)
{
	char known[128] = "";
	size_t at = 0;

	if (b->bench)
		return usage_error(state, "one benchmark at a time, not also '%s'", arg);
	b->bench = bench_find(arg);
	for (size_t i = 0; benches[i] && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "", benches[i]->name);
	return b->bench ? 0 : usage_error(state, "'%s' is no benchmark; there is %s", arg, known);
}

static error_t bench_parse_reference(struct argp_state *state, const char *arg, struct bench_state *b)
{
	const char *value = strrchr(arg, '=');
	char *end = NULL;

	if (value && value > arg && (size_t)(value - arg) < sizeof(b->reference)) {
		errno = 0;
		b->p.reference_value = strtod(value + 1, &end);
		if (!errno && end > value + 1 && !*end && isfinite(b->p.reference_value) && b->p.reference_value > 0) {
			memcpy(b->reference, arg, (size_t)(value - arg));
			b->p.reference = b->reference;
			return 0;
		}
	}
	return usage_error(state, "--reference: '%s' is not NAME=RATE (such as plain-loop=21000)", arg);
}

static error_t bench_parse_count(int key, const char *arg, struct argp_state *state, struct bench_state *b)
{
	const char *option = key == OPT_LOOPS ? "--loops" : "--warmup";
	uint64_t *out = key == OPT_LOOPS ? &b->p.loops : &b->p.warmup;
	error_t err = parse_u64(state, option, arg, out);

	if (!err && key == OPT_LOOPS && !*out)
		return usage_error(state, "--loops: 0 loops show nothing");
	if (!err && *out > BENCH_LOOPS_MAX)
		return usage_error(state, "%s: %s is more than %llu", option, arg, BENCH_LOOPS_MAX);
	return err;
}

static error_t bench_parse_iova(struct argp_state *state, const char *arg, struct bench_params *p)
{
	p->where = OP_IOVA_ADDR;
	if (!strcmp(arg, "random"))
		p->where = OP_IOVA_RANDOM;
	else if (!strcmp(arg, "kernel"))
		p->where = OP_IOVA_KERNEL;
	else if (num_parse_size(arg, &p->iova))
		return usage_error(state, "--iova: '%s' is neither an address nor random or kernel", arg);
	return 0;
}

static error_t bench_parse_size(struct argp_state *state, const char *arg, struct bench_params *p)
{
	error_t err = parse_size(state, "--size", arg, &p->size);

	if (!err && (!p->size || p->size % 4096))
		return usage_error(state, "--size: '%s' is not a multiple of 4096 above 0", arg);
	return err;
}

/* What was not given is the benchmark's own. */
static error_t bench_parse_end(struct argp_state *state, struct bench_state *b)
{
	char size[32], max[32];

	if (!b->bench)
		return usage_error(state, "which benchmark? `map` is one");
	if (!b->bench->tracks && (b->p.page_size || b->p.dirty.source != DIRTY_SOURCES))
		return usage_error(state, "`bench %s` reads no dirty bits of a source: no %s", b->bench->name,
				   b->p.page_size ? "--page-size" : "--source");
	if (b->p.loops == BENCH_GIVEN_NOT)
		b->p.loops = b->bench->loops;
	if (b->p.warmup == BENCH_GIVEN_NOT)
		b->p.warmup = b->bench->warmup;
	if (b->p.size == BENCH_GIVEN_NOT)
		b->p.size = b->bench->size;
	if (b->p.size > b->bench->max_size)
		return usage_error(state, "--size: %s is more than %s, the most that `bench %s` takes",
				   num_format_size(size, sizeof(size), b->p.size),
				   num_format_size(max, sizeof(max), b->bench->max_size), b->bench->name);
	return 0;
}

static error_t bench_parse(int key, char *arg, struct argp_state *state)
{
	static const char *const sources[] = {"iommu", "type1", "device", NULL};
	struct bench_state *b = state->input;
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_LOOPS:
	case OPT_WARMUP:
		return bench_parse_count(key, arg, state, b);
	case OPT_SIZE:
		return bench_parse_size(state, arg, &b->p);
	case OPT_IOVA:
		return bench_parse_iova(state, arg, &b->p);
	case OPT_MEM:
		err = parse_choice(state, "--mem", arg, mem_names, &n);
		b->p.mem = (enum iommu_mem_kind)n;
		return err;
	case OPT_REFERENCE:
		return bench_parse_reference(state, arg, b);
	case OPT_SOURCE:
		err = parse_choice(state, "--source", arg, sources, &n);
		b->p.dirty.source = (enum dirty_source)n;
		return err;
	case OPT_PAGE_SIZE:
		return parse_size(state, "--page-size", arg, &b->p.page_size);
	case ARGP_KEY_ARG:
		return bench_parse_name(state, arg, b);
	case ARGP_KEY_END:
		return bench_parse_end(state, b);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void bench_report_row(struct report *r, const struct bench_row *row)
{
	report_object(r, NULL);
	report_str(r, "name", row->name);
	report_str(r, "unit", row->unit);
	report_real(r, "value", row->value);
	if (row->has_percentiles) {
		report_real(r, "p50", row->p50);
		report_real(r, "p99", row->p99);
		report_real(r, "p999", row->p999);
	}
	if (row->reference) {
		report_str(r, "reference", row->reference);
		report_real(r, "reference_value", row->reference_value);
		report_real(r, "ratio", row->value / row->reference_value);
	}
	report_close(r);
}

static void bench_report_checks(struct command_run *run, const struct bench_result *res, uint64_t size)
{
	struct failures found;
	struct failure bad = {.class = FAILURE_SHORT_UNMAP, .iova = res->iova, .length = size};

	failures_init(&found);
	if (res->wrong) {
		snprintf(bad.text, sizeof(bad.text),
			 "%" PRIu64 " unmaps of 0x%" PRIx64 " mapped bytes reported another count, first 0x%" PRIx64,
			 res->wrong, size, res->wrong_got);
		failures_add(&found, &bad);
	}
	if (res->pins_counted && res->pins_left) {
		bad.class = FAILURE_PIN_LEAK;
		snprintf(bad.text, sizeof(bad.text), "%" PRId64 " pages are pinned beyond what is mapped",
			 res->pins_left);
		failures_add(&found, &bad);
	}
	command_failures(run, "every unmap reports what was mapped, and no page stays pinned", &found);
	if (!res->pins_counted)
		report_check(run->report, "pinned pages", RESULT_SKIP, "nobody counts them here");
}

static int bench_in_session(struct command_run *run, struct session *s, void *arg)
{
	static struct bench_result res;
	struct bench_state *b = arg;
	struct report *r = run->report;
	char why[96];
	int err;

	run->shows = true;
	b->p.op = run->op;
	b->p.unchecked = run->unchecked;
	err = b->bench->run(s, &b->p, &res, &run->fail);
	if (err && !res.nr_rows)
		return err;
	report_str(r, "bench", b->bench->name);
	report_num(r, "loops", res.loops);
	report_num(r, "warmup", b->p.warmup);
	report_num(r, "size", b->p.size);
	report_hex(r, "iova", res.iova);
	report_str(r, "mem", mem_names[b->p.mem]);
	report_real(r, "clock_ns", res.clock_ns);
	report_list(r, "results");
	for (unsigned int i = 0; i < res.nr_rows; i++)
		bench_report_row(r, &res.rows[i]);
	report_close(r);
	report_line(r, "two looks at the clock cost %.0f ns, which is taken off each time; %s", res.clock_ns,
		    res.note[0] ? res.note : "no DMA was issued");
	if (res.note[0])
		report_str(r, "note", res.note);
	/* a script's line too: it was cut short */
	if (session_signal)
		report_interrupted(r, session_signal);
	if (res.missed) {
		snprintf(why, sizeof(why), "%" PRIu64 " reads lacked pages that were written", res.missed);
		report_check(r, "every page that was written is reported", RESULT_FAIL, why);
	}
	if (run->own_session) {
		op_faults_settle(s);
		op_faults_check(r, s);
	}
	op_faults_report(r, s);
	if (!err && b->bench->maps)
		bench_report_checks(run, &res, b->p.size);
	return err;
}

const struct command command_bench = {
	.name = "bench",
	.summary = "how fast the backend is: `map` maps and unmaps one buffer, over and over",
	.args_doc = "map|dirty|bitmap",
	.options = bench_options,
	.state_size = sizeof(struct bench_state),
	.defaults = bench_defaults,
	.parse = bench_parse,
	.in_session = bench_in_session,
	.scriptable = true,
};
