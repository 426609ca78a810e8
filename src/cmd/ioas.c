/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl ioas: I/O address spaces beside the first one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/words.h"
#include "core/op/space.h"

enum { OPT_FROM = 0x100, OPT_TO, OPT_SIZE, OPT_IOVA, OPT_PROT, OPT_IOAS };

static const struct argp_option ioas_options[] = {
	{"ioas", OPT_IOAS, "SPACE", 0, "option, phys: whose (default main)", 0},
	{"from", OPT_FROM, "SPACE", 0, "copy: where it is mapped (default main)", 0},
	{"to", OPT_TO, "SPACE", 0, "copy: where it is to be mapped as well (default main)", 0},
	{"size", OPT_SIZE, "S", 0, "copy, phys: bytes (copy: default all of it)", 0},
	{"iova", OPT_IOVA, "ADDR|same|kernel", 0, "copy: where in the other space (default same)", 0},
	{"prot", OPT_PROT, "r|w|rw", 0, "copy: what the device may do there (default rw)", 0},
	{0},
};

enum { IOAS_NEW, IOAS_COPY, IOAS_RANGES, IOAS_ALLOW, IOAS_OPTION, IOAS_PROCESS, IOAS_VFIO, IOAS_PHYS };

static const struct verb ioas_verbs[] = {
	[IOAS_NEW] = {"new", 1, 1, "new NAME"},
	[IOAS_COPY] = {"copy", 1, 1, "copy A --to SPACE (A: a buffer, BUF+OFFSET or an address)"},
	[IOAS_RANGES] = {"ranges", 0, 1, "ranges [SPACE]"},
	[IOAS_ALLOW] = {"allow", 1, WORDS_MAX, "allow SPACE [MIN..MAX]..."},
	[IOAS_OPTION] = {"option", 1, 2, "option huge-pages|rlimit-mode [VALUE]"},
	[IOAS_PROCESS] = {"change-process", 0, 0, "change-process"},
	[IOAS_VFIO] = {"vfio", 1, 2, "vfio get|set SPACE|clear"},
	[IOAS_PHYS] = {"phys", 1, 1, "phys IOVA"},
	{0},
};

struct ioas_state {
	struct words words;
	int verb;
	struct op_copy copy;
	const char *ioas;
	uint64_t value; /* of an option, or an address */
	struct iova_range ranges[IOMMU_MAX_RANGES];
	unsigned int nr_ranges;
	enum iommu_option option;
	bool set;
};

static void ioas_defaults(void *arg)
{
	struct ioas_state *i = arg;

	i->copy.same = true;
	i->copy.prot = IOMMU_PROT_RW;
}

static error_t ioas_parse_iova(struct argp_state *state, const char *arg, struct op_copy *copy)
{
	copy->same = !strcmp(arg, "same");
	copy->where = !strcmp(arg, "kernel") ? OP_IOVA_KERNEL : OP_IOVA_ADDR;
	if (!copy->same && copy->where == OP_IOVA_ADDR && num_parse_size(arg, &copy->iova))
		return usage_error(state, "--iova: '%s' is neither an address nor same or kernel", arg);
	return 0;
}

/* MIN..MAX, both inclusive and both the kernel's to judge. */
static error_t ioas_parse_ranges(struct argp_state *state, struct ioas_state *i)
{
	for (unsigned int w = 2; w < i->words.n; w++) {
		struct iova_range *r = &i->ranges[i->nr_ranges++];
		char low[32];
		const char *dots = strstr(i->words.at[w], "..");

		if (i->nr_ranges == IOMMU_MAX_RANGES)
			return usage_error(state, "at most %u ranges", IOMMU_MAX_RANGES - 1);
		snprintf(low, sizeof(low), "%.*s", dots ? (int)(dots - i->words.at[w]) : 0, i->words.at[w]);
		if (!dots || num_parse_size(low, &r->start) || num_parse_size(dots + 2, &r->last))
			return usage_error(state, "'%s' is not a range MIN..MAX of addresses", i->words.at[w]);
	}
	return 0;
}

static error_t ioas_parse_option(struct argp_state *state, struct ioas_state *i)
{
	static const char *const names[] = {
		[IOMMU_OPTION_RLIMIT_MODE] = "rlimit-mode", [IOMMU_OPTION_HUGE_PAGES] = "huge-pages", NULL};
	int n = 0;
	error_t err = parse_choice(state, "option", i->words.at[1], names, &n);

	i->option = (enum iommu_option)n;
	i->set = i->words.n == 3;
	return !err && i->set ? parse_u64(state, "value", i->words.at[2], &i->value) : err;
}

static error_t ioas_end(struct argp_state *state, struct ioas_state *i)
{
	static const char *const words[] = {"get", "set", "clear", NULL};
	int n = 0;
	error_t err;

	switch (i->verb) {
	case IOAS_COPY:
		i->copy.src = i->words.at[1];
		return 0;
	case IOAS_ALLOW:
		return ioas_parse_ranges(state, i);
	case IOAS_OPTION:
		return ioas_parse_option(state, i);
	case IOAS_VFIO:
		err = parse_choice(state, "vfio", i->words.at[1], words, &n);
		if (!err && (i->words.n == 3) != (n == 1))
			return usage_error(state, "it is `%s`", ioas_verbs[IOAS_VFIO].form);
		i->value = (uint64_t)n;
		return err;
	case IOAS_PHYS:
		return parse_size(state, "address", i->words.at[1], &i->value);
	default:
		return 0;
	}
}

static error_t ioas_parse(int key, char *arg, struct argp_state *state)
{
	static const char *const prots[] = {"r", "w", "rw", NULL};
	struct ioas_state *i = state->input;
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_IOAS:
		i->ioas = arg;
		return 0;
	case OPT_FROM:
		i->copy.from = arg;
		return 0;
	case OPT_TO:
		i->copy.to = arg;
		return 0;
	case OPT_SIZE:
		return parse_size(state, "--size", arg, &i->copy.size);
	case OPT_IOVA:
		return ioas_parse_iova(state, arg, &i->copy);
	case OPT_PROT:
		err = parse_choice(state, "--prot", arg, prots, &n);
		i->copy.prot = (enum iommu_prot)(n + 1);
		return err;
	default:
		err = words_parse(key, arg, state, &i->words, ioas_verbs, &i->verb);
		return !err && key == ARGP_KEY_END ? ioas_end(state, i) : err;
	}
}

static int ioas_new(struct command_run *run, struct session *s, struct ioas_state *i)
{
	struct named *n = NULL;
	int err = op_space_new(s, i->words.at[1], &n, &run->fail);

	if (err)
		return err;
	snprintf(run->detail, sizeof(run->detail), "address space %s is %u", n->name, n->id);
	report_num(run->report, "id", n->id);
	report_line(run->report, "%s", run->detail);
	return 0;
}

static int ioas_copy(struct command_run *run, struct session *s, struct ioas_state *i)
{
	struct failures found;
	int err;

	failures_init(&found);
	i->copy.unchecked = run->unchecked;
	err = op_space_copy(s, &i->copy, &found, &run->fail);
	if (err)
		return err;
	snprintf(run->detail, sizeof(run->detail), "0x%" PRIx64 " bytes at iova 0x%" PRIx64, i->copy.size,
		 i->copy.iova);
	report_hex(run->report, "iova", i->copy.iova);
	report_num(run->report, "size", i->copy.size);
	command_failures(run, "the copy is mapped", &found);
	if (!run->script_path)
		command_report_mappings(run, s);
	return 0;
}

static int ioas_ranges(struct command_run *run, struct session *s, struct ioas_state *i)
{
	const struct iommu_caps *caps;
	struct iommu *space;
	int err = named_space(s, i->words.n > 1 ? i->words.at[1] : NULL, &space, &run->fail);

	if (!err)
		err = iommu_space_refresh(space, &run->fail);
	if (err)
		return err;
	caps = iommu_caps(space);
	run->shows = true;
	report_num(run->report, "ioas", iommu_space_id(space));
	report_num(run->report, "alignment", caps->page_sizes & -caps->page_sizes);
	report_list(run->report, "ranges");
	for (unsigned int n = 0; n < caps->nr_ranges; n++) {
		report_object(run->report, NULL);
		report_hex(run->report, "start", caps->ranges[n].start);
		report_hex(run->report, "last", caps->ranges[n].last);
		report_close(run->report);
	}
	report_close(run->report);
	snprintf(run->detail, sizeof(run->detail), "%u ranges", caps->nr_ranges);
	return 0;
}

static int ioas_option(struct command_run *run, struct session *s, struct ioas_state *i)
{
	struct iommu *space;
	int err = named_space(s, i->ioas, &space, &run->fail);

	if (!err)
		err = i->set ? iommu_option_set(space, i->option, i->value, &run->fail)
			     : iommu_option_get(space, i->option, &i->value, &run->fail);
	if (err)
		return err;
	snprintf(run->detail, sizeof(run->detail), "%s %" PRIu64, i->words.at[1], i->value);
	report_str(run->report, "option", i->words.at[1]);
	report_num(run->report, "value", i->value);
	return 0;
}

static int ioas_vfio(struct command_run *run, struct session *s, struct ioas_state *i)
{
	uint32_t id = 0;
	int err = op_vfio_space(s, (enum iommu_vfio_space)i->value, i->words.n == 3 ? i->words.at[2] : NULL,
				run->unchecked, &id, &run->fail);

	if (err || i->value != IOMMU_VFIO_SPACE_GET)
		return err;
	snprintf(run->detail, sizeof(run->detail), "address space %u%s%s", id, *named_name(s, id) ? ", " : "",
		 named_name(s, id));
	report_num(run->report, "ioas", id);
	report_line(run->report, "%s", run->detail);
	return 0;
}

static int ioas_phys(struct command_run *run, struct session *s, struct ioas_state *i)
{
	uint64_t phys = 0, size = i->copy.size ? i->copy.size : 4096;
	struct iommu *space;
	int err = named_space(s, i->ioas, &space, &run->fail);

	if (!err)
		err = iommu_space_phys(space, i->value, &size, &phys, &run->fail);
	if (err)
		return err;
	snprintf(run->detail, sizeof(run->detail), "0x%" PRIx64 " bytes at 0x%" PRIx64, size, phys);
	report_hex(run->report, "phys", phys);
	report_num(run->report, "size", size);
	return 0;
}

static int ioas_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct ioas_state *i = arg;

	switch (i->verb) {
	case IOAS_NEW:
		return ioas_new(run, s, i);
	case IOAS_COPY:
		return ioas_copy(run, s, i);
	case IOAS_RANGES:
		return ioas_ranges(run, s, i);
	case IOAS_ALLOW:
		return op_space_allow(s, i->words.at[1], i->ranges, i->nr_ranges, &run->fail);
	case IOAS_OPTION:
		return ioas_option(run, s, i);
	case IOAS_PROCESS:
		return iommu_change_process(session_iommu(s), &run->fail);
	case IOAS_VFIO:
		return ioas_vfio(run, s, i);
	default:
		return ioas_phys(run, s, i);
	}
}

const struct command command_ioas = {
	.name = "ioas",
	.summary = "I/O address spaces beside the first one (`main`): make, copy, narrow",
	.args_doc = "new NAME\ncopy A --to SPACE\nranges [SPACE]\nallow SPACE [MIN..MAX]...\noption NAME [VALUE]\n"
		    "change-process\nvfio get|set SPACE|clear\nphys IOVA",
	.options = ioas_options,
	.state_size = sizeof(struct ioas_state),
	.defaults = ioas_defaults,
	.parse = ioas_parse,
	.in_session = ioas_in_session,
	.scriptable = true,
};
