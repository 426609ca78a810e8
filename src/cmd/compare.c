/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl compare: the unmap/remap loop with verdicts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/num.h"
#include "cmd/command.h"
#include "core/compare/compare.h"
#include "core/op/faults.h"
#include "iommu/mem.h"

enum {
	OPT_SIZE = 0x100,
	OPT_IOVA,
	OPT_LOOPS,
	OPT_TIME,
	OPT_MEM,
	OPT_GRANULE,
	OPT_UNMAP,
	OPT_ALIGN,
	OPT_DELAY,
	OPT_GRAVEYARD,
	OPT_PROBE,
	OPT_READONLY,
	OPT_FLUSH,
	OPT_THREADS,
	OPT_REUSE,
	OPT_KEEP_GOING,
	OPT_LOG,
	OPT_REPRO,
};

#define COMPARE_LOOPS_DEFAULT 1000
#define COMPARE_DELAY_MAX 60000000000ull
#define COMPARE_GRAVEYARD_DEVICE 16
#define COMPARE_GRAVEYARD_SIM 4
#define COMPARE_GRAVEYARD_MAX 4096

static const struct argp_option compare_options[] = {
	{"size", OPT_SIZE, "MIN[..MAX]", 0,
	 "payload of a loop; a mapping is twice that (default 8K; adversarial cases bring their own sizes)", 0},
	{"iova", OPT_IOVA, "fixed:ADDR|random|sequential|adversarial|kernel", 0,
	 "where each loop maps (default random)", 0},
	{"loops", OPT_LOOPS, "N", 0, "how many loops (default 1000)", 0},
	{"time", OPT_TIME, "DUR", 0, "for how long instead", 0},
	{"mem", OPT_MEM, "anon|thp|hugetlb-2M|hugetlb-1G|memfd", 0, "kind of memory (default anon)", 0},
	{"map-granule", OPT_GRANULE, "whole|page|random", 0,
	 "one map call per buffer, per page, or at random (default whole)", 0},
	{"unmap", OPT_UNMAP, "whole|page|all", 0, "how it is undone (default whole)", 0},
	{"align", OPT_ALIGN, "page|size|across", 0,
	 "where random and sequential iovas may begin: at any page, at multiples of the mapping's size, or one page "
	 "before one (default page)",
	 0},
	{"delay", OPT_DELAY, "DUR", 0, "wait that long from each unmap to the next loop (default 0)", 0},
	{"graveyard", OPT_GRAVEYARD, "N", 0, "old buffers kept pinned and watched (default 16, sim 4)", 0},
	{"probe-unmapped", OPT_PROBE, NULL, 0, "also let the device try memory that is unmapped", 0},
	{"readonly", OPT_READONLY, NULL, 0, "also let the device write to a read-only mapping", 0},
	{"flush", OPT_FLUSH, "none|cpu", 0, "flush CPU caches around each transfer (default none)", 0},
	{"threads", OPT_THREADS, "N", 0, "loops in parallel (default 1)", 0},
	{"reuse", OPT_REUSE, NULL, 0, "use released buffers again instead of fresh memory", 0},
	{"keep-going", OPT_KEEP_GOING, NULL, 0, "do not stop at the first failure", 0},
	{"log", OPT_LOG, "FILE.ndjson", 0, "one line per loop", 0},
	{"save-repro", OPT_REPRO, "FILE", 0, "save the first failure as a script for `run`", 0},
	{0},
};

static void compare_defaults(void *arg)
{
	struct compare_params *p = arg;

	p->size_min = p->size_max = KiB(8);
	p->iova_mode = COMPARE_RANDOM;
	p->iova_text = "random";
	p->threads = 1;
}

static error_t compare_parse_iova(struct argp_state *state, const char *arg, struct compare_params *p)
{
	static const struct {
		const char *name;
		enum compare_iova mode;
	} modes[] = {{"random", COMPARE_RANDOM},
		     {"sequential", COMPARE_SEQUENTIAL},
		     {"adversarial", COMPARE_ADVERSARIAL},
		     {"kernel", COMPARE_KERNEL}};

	p->iova_text = arg;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(arg, modes[i].name))
			continue;
		p->iova_mode = modes[i].mode;
		return 0;
	}
	p->iova_mode = COMPARE_FIXED;
	if (strncmp(arg, "fixed:", 6))
		return usage_error(state, "--iova: '%s' is none of fixed:ADDR, random, sequential, adversarial, kernel",
				   arg);
	return parse_size(state, "--iova fixed", arg + 6, &p->iova);
}

static error_t compare_parse_size(struct argp_state *state, const char *arg, struct compare_params *p)
{
	int err = num_parse_size_range(arg, &p->size_min, &p->size_max);

	if (err == -ERANGE)
		return usage_error(state, "--size: '%s' does not fit in 64 bits", arg);
	if (err)
		return usage_error(state, "--size: '%s' is not a size or MIN..MAX (such as 8K or 4K..256K)", arg);
	if (!p->size_min)
		return usage_error(state, "--size: 0 bytes are nothing to compare");
	if (p->size_min % STAMP_LINE || p->size_max % STAMP_LINE)
		return usage_error(state, "--size: '%s' is not a multiple of %u bytes, the length of a stamp", arg,
				   STAMP_LINE);
	if (p->size_max > GiB(64))
		return usage_error(state, "--size: '%s' is more than 64G", arg);
	return 0;
}

static error_t compare_parse_count(int key, const char *arg, struct argp_state *state, struct compare_params *p)
{
	uint64_t n = 0;
	error_t err;

	switch (key) {
	case OPT_LOOPS:
		err = parse_u64(state, "--loops", arg, &p->loops);
		return !err && !p->loops ? usage_error(state, "--loops: 0 loops show nothing") : err;
	case OPT_GRAVEYARD:
		err = parse_u64(state, "--graveyard", arg, &n);
		if (!err && n > COMPARE_GRAVEYARD_MAX)
			err = usage_error(state, "--graveyard: %s is more than %u", arg, COMPARE_GRAVEYARD_MAX);
		p->graveyard = (unsigned int)n;
		p->graveyard_given = true;
		return err;
	case OPT_THREADS:
		err = parse_u64(state, "--threads", arg, &n);
		if (!err && (!n || n > COMPARE_THREADS_MAX))
			err = usage_error(state, "--threads: %s is not between 1 and %u", arg, COMPARE_THREADS_MAX);
		p->threads = (unsigned int)n;
		return err;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t compare_parse_choice(int key, const char *arg, struct argp_state *state, struct compare_params *p)
{
	static const char *const flushes[] = {"none", "cpu", NULL};
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_MEM:
		err = parse_choice(state, "--mem", arg, mem_kind_names, &n);
		p->mem = (enum iommu_mem_kind)n;
		return err;
	case OPT_GRANULE:
		err = parse_choice(state, "--map-granule", arg, compare_granule_names, &n);
		p->granule = (enum compare_granule)n;
		return err;
	case OPT_UNMAP:
		err = parse_choice(state, "--unmap", arg, compare_unmap_names, &n);
		p->unmap = (enum compare_unmap)n;
		return err;
	case OPT_FLUSH:
		err = parse_choice(state, "--flush", arg, flushes, &n);
		p->flush_cpu = n == 1;
		return err;
	case OPT_ALIGN:
		err = parse_choice(state, "--align", arg, compare_align_names, &n);
		p->align = (enum compare_align)n;
		return err;
	default:
		return compare_parse_count(key, arg, state, p);
	}
}

static error_t compare_end(struct argp_state *state, struct compare_params *p)
{
	if (!p->loops && !p->time_ns)
		p->loops = COMPARE_LOOPS_DEFAULT;
	if (p->unmap == COMPARE_UNMAP_PAGE && p->granule != COMPARE_MAP_PAGE)
		return usage_error(state, "--unmap page needs --map-granule page: a mapping cannot be bisected");
	if (p->align != COMPARE_ALIGN_PAGE && p->iova_mode != COMPARE_RANDOM && p->iova_mode != COMPARE_SEQUENTIAL)
		return usage_error(state, "--align is for --iova random and sequential, not for --iova %s",
				   p->iova_text);
	return 0;
}

static error_t compare_parse(int key, char *arg, struct argp_state *state)
{
	struct compare_params *p = state->input;

	switch (key) {
	case OPT_SIZE:
		return compare_parse_size(state, arg, p);
	case OPT_IOVA:
		return compare_parse_iova(state, arg, p);
	case OPT_TIME:
		return num_parse_duration(arg, &p->time_ns) || !p->time_ns
			       ? usage_error(state, "--time: '%s' is not a duration (such as 500ms, 30s, 5m)", arg)
			       : 0;
	case OPT_DELAY:
		return num_parse_duration(arg, &p->delay_ns) || p->delay_ns > COMPARE_DELAY_MAX
			       ? usage_error(state,
					     "--delay: '%s' is not a duration of at most 60s (such as 10us, 5ms)", arg)
			       : 0;
	case OPT_PROBE:
		p->probe_unmapped = true;
		return 0;
	case OPT_READONLY:
		p->readonly = true;
		return 0;
	case OPT_REUSE:
		p->reuse = true;
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
	case ARGP_KEY_ARG:
		return usage_error(state, "it takes no argument, not '%s'", arg);
	case ARGP_KEY_END:
		return compare_end(state, p);
	default:
		return compare_parse_choice(key, arg, state, p);
	}
}

static int compare_with(struct command_run *run, struct compare_params *p, struct session *s)
{
	static struct compare_result res; /* large, and there is one compare at a time */
	struct fail why = {0};
	int err;

	if (!p->graveyard_given)
		p->graveyard = session_is_simulated(s) ? COMPARE_GRAVEYARD_SIM : COMPARE_GRAVEYARD_DEVICE;
	err = compare_run(s, p, &res, &run->fail);
	if (err && run->fail.usage)
		return err; /* nothing was done, so there is nothing to tell */
	if (run->own_session)
		session_settle(s);
	compare_report(run->report, s, p, &res);
	if (res.failures.total)
		snprintf(run->detail, sizeof(run->detail), "%s: %.150s", failure_name(res.failures.list[0].class),
			 res.failures.list[0].text);
	/* a script's line is told as what it is, too */
	if (session_signal)
		report_interrupted(run->report, session_signal);
	if (p->repro_path && res.failures.total && compare_save_repro(s, p, &res, p->repro_path, &why)) {
		fail_print(&why, "compare");
		report_result(run->report, RESULT_ERROR);
	} else if (p->repro_path && res.failures.total) {
		report_line(run->report, "saved: %s", p->repro_path);
	}
	return err;
}

static int compare_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct compare_params *p = arg;
	int err = p->repro_path ? compare_check_repro(p->repro_path, &run->fail) : 0;

	if (err)
		return err;
	if (run->own_session)
		msg_note("compare: backend %s, device %s, driver %s, seed 0x%llx", session_backend_name(s),
			 session_device_name(s), session_driver_name(s),
			 (unsigned long long)run->globals->session.seed);
	err = compare_with(run, p, s);
	if (!run->own_session)
		op_faults_forget(s); /* it has judged its own, and knows which were due */
	return err;
}

const struct command command_compare = {
	.name = "compare",
	.summary = "map, let the device read and write back, verify, unmap, and watch the old pages",
	.options = compare_options,
	.state_size = sizeof(struct compare_params),
	.defaults = compare_defaults,
	.parse = compare_parse,
	.in_session = compare_in_session,
	.scriptable = true,
};
