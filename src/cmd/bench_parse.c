/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options and words of `bench`: lists of what is combined, how long and how exactly is measured, and on which processors. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cmd/bench.h"
#include "iommu/mem.h"

enum {
	OPT_SIZE = 0x100,
	OPT_GRANULE,
	OPT_PAGE_SIZE,
	OPT_MEM,
	OPT_THREADS,
	OPT_DEPTH,
	OPT_IOVA,
	OPT_SOURCE,
	OPT_TIME,
	OPT_PRECISION,
	OPT_LOOPS,
	OPT_WARMUP,
	OPT_CPU,
	OPT_REFERENCE,
	OPT_CSV,
	OPT_PLOT,
	OPT_THRESHOLD,
	OPT_AGAINST,
	OPT_TURNS,
	OPT_LAST,
};

const struct argp_option bench_options[] = {
	{"size", OPT_SIZE, "S|MIN..MAX", 0,
	 "bytes of a mapping, a transfer, a pattern, or of the memory that is tracked; MIN..MAX: by powers of two; "
	 "this and the next take lists, A,B...",
	 0},
	{"granule", OPT_GRANULE, "whole|S", 0, "bytes of one map call (default whole: all of it in one)", 0},
	{"page-size", OPT_PAGE_SIZE, "P", 0, "what a dirty bit stands for (default the smallest there is)", 0},
	{"mem", OPT_MEM, "anon|thp|hugetlb-2M|hugetlb-1G|memfd", 0, "kind of memory (default anon)", 0},
	{"threads", OPT_THREADS, "N|MIN..MAX", 0, "so many at once, each with its own (default 1)", 0},
	{"depth", OPT_DEPTH, "N|MIN..MAX", 0,
	 "dma: requests in one submission to the device (default 1, and as many as it takes)", 0},
	{"iova", OPT_IOVA, "ADDR|random|kernel", 0, "where: one place for all loops (default random)", 0},
	{"source", OPT_SOURCE, "iommu|type1|device", 0, "dirty: whose bits are read (default the best there is)", 0},
	{"time", OPT_TIME, "DUR", 0, "for one figure, at most about (default 1s)", 0},
	{"precision", OPT_PRECISION, "PCT", 0,
	 "until half of the 95 % interval of the median is no more than that (default 2)", 0},
	{"loops", OPT_LOOPS, "N", 0, "so many times for each figure, instead of that", 0},
	{"warmup", OPT_WARMUP, "N", 0, "so many times before, which do not count", 0},
	{"cpu", OPT_CPU, "N|FIRST-LAST", 0, "threads run on these processors, in turn (default anywhere)", 0},
	{"reference", OPT_REFERENCE, "NAME=RATE", 0, "hold the rate against this one, and tell the ratio", 0},
	{"csv", OPT_CSV, "FILE", OPTION_ARG_OPTIONAL, "rows for programs, to FILE; without it to stdout", 0},
	{"plot", OPT_PLOT, "FILE.png|FILE.svg|terminal", 0, "draw: times over the size, or of one size their shares",
	 0},
	{"threshold", OPT_THRESHOLD, "PCT", 0,
	 "compare, --against: what changed or differs by less is the same (default 10)", 0},
	{"against", OPT_AGAINST, "BACKEND", 0,
	 "the same on BACKEND too, in turns, and how its figures stand beside those of --backend; up to four times", 0},
	{"turns", OPT_TURNS, "N", 0, "with --against: each backend so often, time and loops divided (default 3)", 0},
	{0},
};

#define BIT(key) (1u << ((key)-OPT_SIZE))
#define BENCH_DEPTH_MAX 65536u
#define BENCH_TIME_MAX (24 * 3600 * 1000000000ull)
#define BENCH_TIME_DEFAULT 1000000000ull
#define BENCH_PRECISION_DEFAULT 0.02
#define BENCH_THRESHOLD_DEFAULT 0.1
#define BENCH_TURNS_DEFAULT 3

void bench_defaults(void *arg)
{
	struct bench_state *b = arg;

	b->p.until.loops = b->p.until.warmup = BENCH_AUTO;
	b->p.until.time_ns = BENCH_TIME_DEFAULT;
	b->p.until.precision = BENCH_PRECISION_DEFAULT;
	b->p.dirty.source = DIRTY_SOURCES;
	b->p.where = OP_IOVA_RANDOM;
	b->threshold = BENCH_THRESHOLD_DEFAULT;
	b->against.turns = BENCH_TURNS_DEFAULT;
}

/* --- lists --- */

struct bench_list {
	const char *option, *of; /* "--size", "a size" */
	uint64_t *at;
	unsigned int *nr;
};

/* What is there already is not measured twice. */
static error_t bench_list_add(struct argp_state *state, const struct bench_list *list, uint64_t value)
{
	for (unsigned int i = 0; i < *list->nr; i++)
		if (list->at[i] == value)
			return 0;
	if (*list->nr == BENCH_LIST_MAX)
		return usage_error(state, "%s: more than %u of them", list->option, BENCH_LIST_MAX);
	list->at[(*list->nr)++] = value;
	return 0;
}

/* Both are numbers, and the first is the larger one. */
static bool bench_is_backwards(const char *word)
{
	const char *dots = strstr(word, "..");
	CLEANUP_FREE char *min = dots ? strndup(word, (size_t)(dots - word)) : NULL;
	uint64_t from, to;

	return min && !num_parse_size(min, &from) && !num_parse_size(dots + 2, &to) && from > to;
}

/* @word: one value, or MIN..MAX: both ends and the powers of two between them. */
static error_t bench_list_word(struct argp_state *state, const struct bench_list *list, const char *word)
{
	uint64_t min, max, next;
	int err = num_parse_size_range(word, &min, &max);
	error_t ret;

	if (err == -ERANGE)
		return usage_error(state, "%s: '%s' does not fit in 64 bits", list->option, word);
	if (err && bench_is_backwards(word))
		return usage_error(state, "%s: of '%s' the first is above the last: it is MIN..MAX", list->option,
				   word);
	if (err)
		return usage_error(state, "%s: '%s' is not %s", list->option, word, list->of);
	ret = bench_list_add(state, list, min);
	for (next = 1; !ret && next && next < max; next *= 2)
		if (next > min)
			ret = bench_list_add(state, list, next);
	return ret ? ret : bench_list_add(state, list, max);
}

typedef error_t bench_word_fn(struct argp_state *state, void *arg, const char *word);

/* Calls @one for each of the words between commas. */
static error_t bench_words(struct argp_state *state, const char *option, const char *arg, bench_word_fn *one, void *to)
{
	CLEANUP_FREE char *words = strdup(arg);
	char *next = words, *word;
	error_t err = words ? 0 : ENOMEM;

	while (!err && (word = strsep(&next, ",")))
		err = *word ? one(state, to, word)
			    : usage_error(state, "%s: '%s' has nothing between two commas, or at an end", option, arg);
	return err;
}

static error_t bench_word_value(struct argp_state *state, void *arg, const char *word)
{
	return bench_list_word(state, arg, word);
}

static error_t bench_word_granule(struct argp_state *state, void *arg, const char *word)
{
	const struct bench_list *list = arg;
	uint64_t min, max;

	/* 0 stands for whole in the list, so it has to be looked for before it is there */
	if (!strcmp(word, "whole"))
		return bench_list_add(state, arg, 0);
	if (!num_parse_size_range(word, &min, &max) && !min)
		return usage_error(state, "%s: 0 maps nothing; all of it in one is `whole`", list->option);
	return bench_list_word(state, arg, word);
}

static error_t bench_word_mem(struct argp_state *state, void *arg, const char *word)
{
	int kind = 0;
	error_t err = parse_choice(state, "--mem", word, mem_kind_names, &kind);

	return err ? err : bench_list_add(state, arg, (uint64_t)kind);
}

static error_t bench_parse_mem(struct argp_state *state, const char *arg, struct bench_params *p)
{
	uint64_t kinds[BENCH_LIST_MAX];
	struct bench_list list = {.option = "--mem", .at = kinds, .nr = &p->nr_mems};
	error_t err;

	p->nr_mems = 0;
	err = bench_words(state, "--mem", arg, bench_word_mem, &list);
	for (unsigned int i = 0; i < p->nr_mems; i++)
		p->mems[i] = (enum iommu_mem_kind)kinds[i];
	return err;
}

/* A list of numbers from 1 to @max. */
static error_t bench_parse_counts(struct argp_state *state, const char *option, const char *arg, unsigned int max,
				  unsigned int *out, unsigned int *nr)
{
	uint64_t counts[BENCH_LIST_MAX];
	struct bench_list list = {.option = option, .of = "a number", .at = counts, .nr = nr};
	error_t err;

	*nr = 0;
	err = bench_words(state, option, arg, bench_word_value, &list);
	for (unsigned int i = 0; i < *nr && !err; i++) {
		if (!counts[i] || counts[i] > max)
			return usage_error(state, "%s: %" PRIu64 " is not a number from 1 to %u", option, counts[i],
					   max);
		out[i] = (unsigned int)counts[i];
	}
	return err;
}

static error_t bench_parse_list(int key, const char *arg, struct argp_state *state, struct bench_params *p)
{
	struct bench_list sizes = {"--size", "a size (such as 4096, 64K, 4K..2M)", p->sizes, &p->nr_sizes};
	struct bench_list granules = {"--granule", "whole or a size (such as 64K, 2M)", p->granules, &p->nr_granules};
	struct bench_list pages = {"--page-size", "a size (such as 4K, 2M)", p->page_sizes, &p->nr_page_sizes};

	switch (key) {
	case OPT_SIZE:
		p->nr_sizes = 0;
		return bench_words(state, sizes.option, arg, bench_word_value, &sizes);
	case OPT_GRANULE:
		p->nr_granules = 0;
		return bench_words(state, granules.option, arg, bench_word_granule, &granules);
	case OPT_PAGE_SIZE:
		p->nr_page_sizes = 0;
		return bench_words(state, pages.option, arg, bench_word_value, &pages);
	case OPT_MEM:
		return bench_parse_mem(state, arg, p);
	case OPT_THREADS:
		return bench_parse_counts(state, "--threads", arg, BENCH_THREADS_MAX, p->threads, &p->nr_threads);
	default:
		return bench_parse_counts(state, "--depth", arg, BENCH_DEPTH_MAX, p->depths, &p->nr_depths);
	}
}

/* --- processors --- */

static error_t bench_add_cpus(struct argp_state *state, struct bench_until *until, uint64_t first, uint64_t last)
{
	for (uint64_t cpu = first; cpu <= last; cpu++) {
		if (until->nr_cpus == BENCH_CPUS_MAX)
			return usage_error(state, "--cpu: more than %d processors", BENCH_CPUS_MAX);
		until->cpus[until->nr_cpus++] = (unsigned int)cpu;
	}
	return 0;
}

static error_t bench_word_cpu(struct argp_state *state, void *arg, const char *word)
{
	CLEANUP_FREE char *first = strdup(word);
	char *dash = first ? strchr(first, '-') : NULL;
	uint64_t from, to;

	if (!first)
		return ENOMEM;
	if (dash)
		*dash++ = '\0';
	if (num_parse_u64(first, &from) || num_parse_u64(dash ? dash : first, &to) || from > to)
		return usage_error(state, "--cpu: '%s' is neither a processor's number nor FIRST-LAST", word);
	if (to >= CPU_SETSIZE)
		return usage_error(state, "--cpu: there is no processor %" PRIu64, to);
	return bench_add_cpus(state, arg, from, to);
}

/* --- single values --- */

static error_t bench_parse_reference(struct argp_state *state, const char *arg, struct bench_state *b)
{
	const char *value = strrchr(arg, '=');
	char *end = NULL;

	if (value && value > arg && (size_t)(value - arg) < sizeof(b->reference)) {
		errno = 0;
		b->p.reference_value = strtod(value + 1, &end);
		if (!errno && end > value + 1 && !*end && isfinite(b->p.reference_value) && b->p.reference_value > 0) {
			memcpy(b->reference, arg, (size_t)(value - arg));
			b->reference[value - arg] = '\0';
			b->p.reference = b->reference;
			return 0;
		}
	}
	return usage_error(state, "--reference: '%s' is not NAME=RATE (such as plain-loop=21000)", arg);
}

static error_t bench_parse_count(int key, const char *arg, struct argp_state *state, struct bench_until *until)
{
	const char *option = key == OPT_LOOPS ? "--loops" : "--warmup";
	uint64_t *out = key == OPT_LOOPS ? &until->loops : &until->warmup;
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

static error_t bench_parse_time(struct argp_state *state, const char *arg, struct bench_until *until)
{
	if (num_parse_duration(arg, &until->time_ns))
		return usage_error(state, "--time: '%s' is not a duration (such as 500ms, 2s, 1m)", arg);
	if (!until->time_ns || until->time_ns > BENCH_TIME_MAX)
		return usage_error(state, "--time: '%s' is not above 0 and at most 24h", arg);
	return 0;
}

/* "2", "0.5", "1%" */
static error_t bench_parse_percent(struct argp_state *state, const char *option, const char *arg, double *out)
{
	char *end = NULL;
	double percent;

	errno = 0;
	percent = strtod(arg, &end);
	if (end > arg && !strcmp(end, "%"))
		end++;
	if (errno || end == arg || *end || !(percent >= 0.01 && percent <= 100))
		return usage_error(state, "%s: '%s' is not a percentage from 0.01 to 100", option, arg);
	*out = percent / 100;
	return 0;
}

static error_t bench_parse_against(struct argp_state *state, const char *arg, struct bench_against_options *against)
{
	if (!*arg)
		return usage_error(state, "--against: which backend?");
	if (!iommu_is_backend(arg) && strcmp(arg, "auto"))
		return usage_error(state, "--against: '%s' is no backend; `--backend help` lists them", arg);
	if (against->nr == BENCH_AGAINST_MAX)
		return usage_error(state, "--against: more than %d of them", BENCH_AGAINST_MAX);
	against->specs[against->nr++] = arg;
	return 0;
}

static error_t bench_parse_turns(struct argp_state *state, const char *arg, struct bench_against_options *against)
{
	uint64_t turns = 0;
	error_t err = parse_u64(state, "--turns", arg, &turns);

	if (!err && (!turns || turns > BENCH_TURNS_MAX))
		return usage_error(state, "--turns: '%s' is not a number from 1 to %d", arg, BENCH_TURNS_MAX);
	against->turns = (unsigned int)turns;
	return err;
}

/* What is drawn says the file's ending. */
static error_t bench_parse_plot(struct argp_state *state, const char *arg, struct bench_state *b)
{
	const char *dot = strrchr(arg, '.');

	b->plot = arg;
	if (!strcmp(arg, "terminal"))
		b->plot_format = PLOT_TERMINAL;
	else if (dot && !strcmp(dot, ".png"))
		b->plot_format = PLOT_PNG;
	else if (dot && !strcmp(dot, ".svg"))
		b->plot_format = PLOT_SVG;
	else
		return usage_error(state, "--plot: '%s' ends neither in .png nor in .svg, and is not terminal", arg);
	return 0;
}

static error_t bench_parse_single(int key, const char *arg, struct argp_state *state, struct bench_state *b)
{
	static const char *const sources[] = {"iommu", "type1", "device", NULL};
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_IOVA:
		return bench_parse_iova(state, arg, &b->p);
	case OPT_SOURCE:
		err = parse_choice(state, "--source", arg, sources, &n);
		b->p.dirty.source = (enum dirty_source)n;
		return err;
	case OPT_TIME:
		return bench_parse_time(state, arg, &b->p.until);
	case OPT_PRECISION:
		return bench_parse_percent(state, "--precision", arg, &b->p.until.precision);
	case OPT_THRESHOLD:
		return bench_parse_percent(state, "--threshold", arg, &b->threshold);
	case OPT_CPU:
		b->p.until.nr_cpus = 0;
		return bench_words(state, "--cpu", arg, bench_word_cpu, &b->p.until);
	case OPT_REFERENCE:
		return bench_parse_reference(state, arg, b);
	case OPT_CSV:
		b->csv = arg ? arg : "-";
		return *b->csv ? 0 : usage_error(state, "--csv: to which file?");
	case OPT_PLOT:
		return bench_parse_plot(state, arg, b);
	case OPT_AGAINST:
		return bench_parse_against(state, arg, &b->against);
	case OPT_TURNS:
		return bench_parse_turns(state, arg, &b->against);
	default:
		return bench_parse_count(key, arg, state, &b->p.until);
	}
}

/* --- words, and what goes together --- */

static error_t bench_parse_name(struct argp_state *state, const char *arg, struct bench_state *b)
{
	char known[128] = "";
	size_t at = 0;

	if (b->bench)
		return usage_error(state, "one benchmark at a time, not also '%s'", arg);
	if (b->compare && b->nr_files == 2)
		return usage_error(state, "it is `compare A.json B.json`, not also '%s'", arg);
	if (b->compare) {
		b->files[b->nr_files++] = arg;
		return 0;
	}
	b->compare = !strcmp(arg, "compare");
	if (b->compare)
		return 0;
	b->bench = bench_find(arg);
	for (size_t i = 0; benches[i] && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "", benches[i]->name);
	return b->bench ? 0 : usage_error(state, "'%s' is no benchmark; there is %s", arg, known);
}

/* An option that means nothing to this benchmark is a mistake, not a wish to be ignored. */
static error_t bench_check_varies(struct argp_state *state, const struct bench_state *b)
{
	static const struct {
		int key;
		unsigned int vary;
	} needs[] = {{OPT_SIZE, BENCH_SIZE}, {OPT_GRANULE, BENCH_GRANULE}, {OPT_PAGE_SIZE, BENCH_PAGE_SIZE},
		     {OPT_MEM, BENCH_MEM},   {OPT_THREADS, BENCH_THREADS}, {OPT_DEPTH, BENCH_DEPTH},
		     {OPT_IOVA, BENCH_IOVA}, {OPT_SOURCE, BENCH_SOURCE}};
	const struct argp_option *o = bench_options;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (!(b->given & BIT(needs[i].key)) || b->bench->varies & needs[i].vary)
			continue;
		while (o->key != needs[i].key)
			o++;
		return usage_error(state, "`bench %s` has no --%s", b->bench->name, o->name);
	}
	return 0;
}

/* -EINVAL with @f: no size of this benchmark, or no granule of any. */
static int bench_check_sizes(const struct bench_state *b, struct fail *f)
{
	const struct bench *bench = b->bench;
	uint64_t unit = MAX(bench->min_size, (uint64_t)1), largest = 0, granule = b->p.granules[0];
	char size[32], other[32];

	for (unsigned int i = 0; i < b->p.nr_sizes; i++) {
		num_format_size(size, sizeof(size), b->p.sizes[i]);
		largest = MAX(largest, b->p.sizes[i]);
		if (!b->p.sizes[i] && unit == 1)
			return fail_usage(f, EINVAL, "--size: 0 bytes show nothing");
		if (!b->p.sizes[i] || b->p.sizes[i] % unit)
			return fail_usage(f, EINVAL, "--size: %s is not a multiple of %s above 0", size,
					  num_format_size(other, sizeof(other), unit));
		if (b->p.sizes[i] > bench->max_size)
			return fail_usage(f, EINVAL, "--size: %s is more than %s, the most that `bench %s` takes", size,
					  num_format_size(other, sizeof(other), bench->max_size), bench->name);
	}
	for (unsigned int i = 0; i < b->p.nr_granules; i++)
		granule = MIN(granule, b->p.granules[i]);
	if (b->p.nr_sizes && granule > largest)
		return fail_usage(f, EINVAL, "--granule: %s is more than --size, %s",
				  num_format_size(size, sizeof(size), granule),
				  num_format_size(other, sizeof(other), largest));
	return 0;
}

/*
 * A size that cannot be is a refusal as of other commands: in a script the line is executed to be refused, since with a '!' that may be what is
 * asked for.
 */
static error_t bench_parse_sizes(struct argp_state *state, struct bench_state *b)
{
	if (!bench_check_sizes(b, &b->refused) || state->flags & ARGP_NO_EXIT)
		return 0;
	return usage_error(state, "%s", b->refused.text);
}

/* So many times, or until it is known; what was not given is the benchmark's own. */
static error_t bench_check_until(struct argp_state *state, struct bench_state *b)
{
	struct bench_until *until = &b->p.until;
	bool counted = b->bench->loops != BENCH_AUTO;

	if (b->given & BIT(OPT_LOOPS) && b->given & BIT(OPT_TIME))
		return usage_error(state, "--loops or --time, not both");
	if (counted && b->given & (BIT(OPT_TIME) | BIT(OPT_PRECISION)))
		return usage_error(state, "`bench %s` counts its loops: it has no --%s", b->bench->name,
				   b->given & BIT(OPT_TIME) ? "time" : "precision");
	if (!counted && b->given & BIT(OPT_WARMUP) && !(b->given & BIT(OPT_LOOPS)))
		return usage_error(state, "--warmup goes with --loops: else it is a part of the time");
	if (until->loops == BENCH_AUTO)
		until->loops = b->bench->loops;
	if (until->warmup == BENCH_AUTO)
		until->warmup = counted			     ? b->bench->warmup
				: until->loops == BENCH_AUTO ? BENCH_AUTO
							     : until->loops / 10;
	return 0;
}

static error_t bench_check_against(struct argp_state *state, const struct bench_state *b)
{
	if (b->against.nr && b->bench->no_backend)
		return usage_error(state, "`bench %s` has no --against: it measures no backend but this program",
				   b->bench->name);
	if (b->given & BIT(OPT_TURNS) && !b->against.nr)
		return usage_error(state, "--turns goes with --against");
	if (b->given & BIT(OPT_THRESHOLD) && !b->against.nr)
		return usage_error(state, "`bench %s` has no --threshold without --against", b->bench->name);
	if (b->against.nr && state->flags & ARGP_NO_EXIT)
		return usage_error(state, "--against opens sessions of its own, one after the other, and a script's "
					  "line or a session's command has one already");
	return 0;
}

static error_t bench_end_compare(struct argp_state *state, const struct bench_state *b)
{
	const struct argp_option *o = bench_options;

	while (o->name && (o->key == OPT_THRESHOLD || !(b->given & BIT(o->key))))
		o++;
	if (o->name)
		return usage_error(state, "`bench compare` takes no --%s", o->name);
	return b->nr_files == 2 ? 0 : usage_error(state, "it is `compare A.json B.json`");
}

static error_t bench_parse_end(struct argp_state *state, struct bench_state *b)
{
	error_t err;

	if (b->compare)
		return bench_end_compare(state, b);
	if (!b->bench)
		return usage_error(state, "which benchmark? `map` is one");
	err = bench_check_against(state, b);
	if (!err)
		err = bench_check_varies(state, b);
	if (!err)
		err = bench_parse_sizes(state, b);
	return err ? err : bench_check_until(state, b);
}

error_t bench_parse(int key, char *arg, struct argp_state *state)
{
	struct bench_state *b = state->input;

	if (key == ARGP_KEY_ARG)
		return bench_parse_name(state, arg, b);
	if (key == ARGP_KEY_END)
		return bench_parse_end(state, b);
	if (key < OPT_SIZE || key >= OPT_LAST)
		return ARGP_ERR_UNKNOWN;
	b->given |= BIT(key);
	return key <= OPT_DEPTH ? bench_parse_list(key, arg, state, &b->p) : bench_parse_single(key, arg, state, b);
}
