/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options and words of `dirty`, and which of them each verb takes. */
#include "cmd/dirty.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_SOURCE = 0x100,
	OPT_IOVA,
	OPT_SIZE,
	OPT_PAGE_SIZE,
	OPT_IOAS,
	OPT_TABLE,
	OPT_EXPECT,
	OPT_MAY,
	OPT_BITMAP,
	OPT_ROUNDS,
	OPT_STRICT,
	OPT_BEYOND,
	OPT_CASE,
	OPT_THREADS,
	OPT_LIST,
	OPT_AS,
	OPT_WIDTH,
	OPT_HEIGHT,
	OPT_RATE,
	OPT_LAST,
	OPT_OUTPUT = 'o',
};

const struct argp_option dirty_options[] = {
	{"source", OPT_SOURCE, "iommu|type1|device", 0, "who notes down what was written (default: the best there is)",
	 0},
	{"iova", OPT_IOVA, "A", 0, "start of the range", 0},
	{"size", OPT_SIZE, "S", 0, "bytes from there (of BUF: default all of it)", 0},
	{"page-size", OPT_PAGE_SIZE, "P", 0, "bytes that one bit stands for (default: the smallest there is)", 0},
	{"output", OPT_OUTPUT, "FILE", 0, "write the bitmap, or the picture, to FILE", 0},
	{"ioas", OPT_IOAS, "SPACE", 0, "in which address space (default: where the device is)", 0},
	{"table", OPT_TABLE, "WHAT", 0, "which page table, by name or id (default: the device's, or one made for it)",
	 0},
	{"expect", OPT_EXPECT, "A+S[,A+S...]|none", 0,
	 "of what is read: these pages are dirty and no others, or it fails", 0},
	{"may", OPT_MAY, "A+S[,A+S...]", 0, "with --expect: these may be dirty, too", 0},
	{"bitmap", OPT_BITMAP, "readonly|nowhere", 0,
	 "with --unchecked: the bits go to memory that can only be read, or that is not there", 0},
	{"rounds", OPT_ROUNDS, "N", 0, "verify: so many times (default 1)", 0},
	{"strict", OPT_STRICT, NULL, 0, "verify: a bit where nothing was written is a failure", 0},
	{"beyond", OPT_BEYOND, NULL, 0, "verify: also what the interface does not promise", 0},
	{"case", OPT_CASE, "NAME", 0, "verify: this case only (may repeat)", 0},
	{"threads", OPT_THREADS, "N", 0, "verify: so many in cases that race (default: what the device can)", 0},
	{"list", OPT_LIST, NULL, 0, "verify: list the cases", 0},
	{"as", OPT_AS, "terminal|png|svg", 0, "plot: what to draw (default: by -o's ending, else terminal)", 0},
	{"width", OPT_WIDTH, "N", 0, "plot: pixels, or columns of the terminal", 0},
	{"height", OPT_HEIGHT, "N", 0, "plot: pixels, or rows of the terminal", 0},
	{"rate", OPT_RATE, NULL, 0, "plot: dirty rate over time, from several files", 0},
	{0},
};

static const char *const dirty_verbs[] = {"start", "stop", "read", "read-clear", "unmap",
					  "show",  "diff", "plot", "verify",	 NULL};

#define BIT(key) (1u << ((key) == OPT_OUTPUT ? 31 : (key)-0x100))
#define DIRTY_WHERE (BIT(OPT_SOURCE) | BIT(OPT_IOAS) | BIT(OPT_TABLE))
#define DIRTY_RANGE (BIT(OPT_IOVA) | BIT(OPT_SIZE) | BIT(OPT_PAGE_SIZE))
#define DIRTY_READING (DIRTY_WHERE | DIRTY_RANGE | BIT(OPT_OUTPUT) | BIT(OPT_EXPECT) | BIT(OPT_MAY))

/* What each verb takes: options, and words after it. */
static const struct dirty_form {
	uint32_t options;
	unsigned int min, max;
	const char *form;
} dirty_forms[] = {
	[VERB_START] = {DIRTY_WHERE | DIRTY_RANGE, 0, DIRTY_FILES_MAX, "start [BUF... | --iova A --size S ...]"},
	[VERB_STOP] = {DIRTY_WHERE, 0, 0, "stop"},
	[VERB_READ] = {DIRTY_READING | BIT(OPT_BITMAP), 0, 1, "read BUF | --iova A --size S"},
	[VERB_READ_CLEAR] = {DIRTY_READING | BIT(OPT_BITMAP), 0, 1, "read-clear BUF | --iova A --size S"},
	[VERB_UNMAP] = {DIRTY_READING, 0, 1, "unmap BUF | --iova A --size S"},
	[VERB_SHOW] = {0, 1, DIRTY_FILES_MAX, "show FILE..."},
	[VERB_DIFF] = {0, 2, 2, "diff A B"},
	[VERB_PLOT] = {BIT(OPT_OUTPUT) | BIT(OPT_AS) | BIT(OPT_WIDTH) | BIT(OPT_HEIGHT) | BIT(OPT_RATE), 1,
		       DIRTY_FILES_MAX, "plot FILE..."},
	[VERB_VERIFY] = {DIRTY_WHERE | BIT(OPT_ROUNDS) | BIT(OPT_STRICT) | BIT(OPT_BEYOND) | BIT(OPT_CASE) |
				 BIT(OPT_THREADS) | BIT(OPT_LIST),
			 0, 0, "verify"},
};

void dirty_defaults(void *arg)
{
	struct dirty_state *d = arg;

	d->on.source = DIRTY_SOURCES;
	d->verify.rounds = 1;
}

/* Of files, or of buffers. */
static bool dirty_takes_several(const struct dirty_state *d)
{
	return dirty_forms[d->verb].max > 1;
}

static error_t dirty_word(struct argp_state *state, struct dirty_state *d, const char *arg)
{
	const struct dirty_form *form;
	const char **grown;

	if (d->words++ == 0)
		return parse_choice(state, "what to do", arg, dirty_verbs, &d->verb);
	form = &dirty_forms[d->verb];
	if (d->words - 1 > form->max)
		return usage_error(state, "it is `%s`, not also '%s'", form->form, arg);
	if (!dirty_takes_several(d)) {
		d->buf = arg;
		return 0;
	}
	grown = reallocarray(d->files, d->nr_files + 1, sizeof(*grown));
	if (!grown)
		return ENOMEM;
	d->files = grown;
	d->files[d->nr_files++] = arg;
	return 0;
}

static error_t dirty_case(struct argp_state *state, struct dirty_state *d, const char *arg)
{
	const struct verify_help *h = verify_help();
	const char **grown;

	while (h->name && strcmp(h->name, arg))
		h++;
	if (!h->name)
		return usage_error(state, "--case: there is no '%s'; `dirty verify --list` lists them", arg);
	for (unsigned int i = 0; i < d->verify.nr_cases; i++)
		if (!strcmp(d->verify.cases[i], arg))
			return 0;
	grown = reallocarray(d->verify.cases, d->verify.nr_cases + 1, sizeof(*grown));
	if (!grown)
		return ENOMEM;
	d->verify.cases = grown;
	d->verify.cases[d->verify.nr_cases++] = h->name;
	return 0;
}

/* A number from 1 to @max. */
static error_t dirty_count(struct argp_state *state, const char *option, const char *arg, uint64_t max, uint64_t *out)
{
	error_t err = parse_u64(state, option, arg, out);

	if (!err && (!*out || *out > max))
		return usage_error(state, "%s: '%s' is not a number from 1 to %" PRIu64, option, arg, max);
	return err;
}

static error_t dirty_parse_plot(int key, const char *arg, struct argp_state *state, struct dirty_state *d)
{
	static const char *const kinds[] = {"terminal", "png", "svg", NULL};
	uint64_t n = 0;
	int kind = 0;
	error_t err;

	switch (key) {
	case OPT_AS:
		err = parse_choice(state, "--as", arg, kinds, &kind);
		d->plot.format = (enum dirty_plot_format)kind;
		return err;
	case OPT_WIDTH:
		err = dirty_count(state, "--width", arg, 16384, &n);
		d->plot.width = (unsigned int)n;
		return err;
	case OPT_HEIGHT:
		err = dirty_count(state, "--height", arg, 16384, &n);
		d->plot.height = (unsigned int)n;
		return err;
	default:
		d->rate = true;
		return 0;
	}
}

static error_t dirty_parse_verify(int key, const char *arg, struct argp_state *state, struct dirty_state *d)
{
	uint64_t n = 0;
	error_t err;

	switch (key) {
	case OPT_ROUNDS:
		return dirty_count(state, "--rounds", arg, UINT32_MAX, &d->verify.rounds);
	case OPT_STRICT:
		d->verify.strict = true;
		return 0;
	case OPT_BEYOND:
		d->verify.beyond = true;
		return 0;
	case OPT_CASE:
		return dirty_case(state, d, arg);
	case OPT_THREADS:
		err = dirty_count(state, "--threads", arg, 64, &n);
		d->verify.threads = (unsigned int)n;
		return err;
	default:
		d->list_cases = true;
		return 0;
	}
}

/* start takes several ranges: each --iova has its --size. */
static error_t dirty_range_more(struct argp_state *state, uint64_t *list, unsigned int *nr, uint64_t value)
{
	if (*nr == DIRTY_STARTS_MAX)
		return usage_error(state, "more than %d ranges", DIRTY_STARTS_MAX);
	list[(*nr)++] = value;
	return 0;
}

static error_t dirty_parse_bitmap(const char *arg, struct argp_state *state, struct dirty_state *d)
{
	static const char *const places[] = {"readonly", "nowhere", NULL};
	int place = 0;
	error_t err = parse_choice(state, "--bitmap", arg, places, &place);

	d->bitmap_readonly = !err && !place;
	d->bitmap_nowhere = !err && place;
	return err;
}

static error_t dirty_parse_where(int key, const char *arg, struct argp_state *state, struct dirty_state *d)
{
	static const char *const sources[] = {"iommu", "type1", "device", NULL};
	int source = 0;
	error_t err;

	switch (key) {
	case OPT_SOURCE:
		err = parse_choice(state, "--source", arg, sources, &source);
		d->on.source = (enum dirty_source)source;
		return err;
	case OPT_IOVA:
		d->iova_given = true;
		err = parse_size(state, "--iova", arg, &d->iova);
		return err ? err : dirty_range_more(state, d->iovas, &d->nr_iovas, d->iova);
	case OPT_SIZE:
		d->size_given = true;
		err = parse_size(state, "--size", arg, &d->size);
		return err ? err : dirty_range_more(state, d->sizes, &d->nr_sizes, d->size);
	case OPT_PAGE_SIZE:
		d->page_size_given = true;
		err = parse_size(state, "--page-size", arg, &d->page_size);
		d->on.zero_page = !d->page_size;
		return err;
	case OPT_IOAS:
		d->on.ioas = arg;
		return 0;
	case OPT_TABLE:
		d->table = arg;
		return 0;
	case OPT_EXPECT:
		d->expect = arg;
		return 0;
	case OPT_MAY:
		d->may = arg;
		return 0;
	case OPT_BITMAP:
		return dirty_parse_bitmap(arg, state, d);
	default:
		d->output = arg;
		return *arg ? 0 : usage_error(state, "-o: which file?");
	}
}

/* An option that the verb does not know is a mistake, not a wish to be ignored. */
static error_t dirty_check_options(struct argp_state *state, const struct dirty_state *d)
{
	const struct argp_option *o = dirty_options;

	while (o->name && !(d->given & ~dirty_forms[d->verb].options & BIT(o->key)))
		o++;
	return o->name ? usage_error(state, "%s takes no --%s", dirty_verbs[d->verb], o->name) : 0;
}

static error_t dirty_check_range(struct argp_state *state, const struct dirty_state *d)
{
	const char *verb = dirty_verbs[d->verb];
	bool named = d->buf || (d->verb == VERB_START && d->nr_files);

	if (!(dirty_forms[d->verb].options & BIT(OPT_IOVA)))
		return 0;
	if (named && d->iova_given)
		return usage_error(state, "a buffer's name or --iova, not both");
	if (!named && d->nr_iovas != d->nr_sizes)
		return usage_error(state, "--iova and --size go together");
	if (d->verb != VERB_START && (d->nr_iovas > 1 || d->nr_sizes > 1))
		return usage_error(state, "%s takes one range", verb);
	if (!named && !d->iova_given && d->verb != VERB_START)
		return usage_error(state, "%s which range? a buffer's name, or --iova with --size", verb);
	return 0;
}

/* What is drawn, where nobody said so: by the file's ending. */
static error_t dirty_end_plot(struct argp_state *state, struct dirty_state *d)
{
	const char *dot = d->output ? strrchr(d->output, '.') : NULL;

	if (d->nr_files > 1 && !d->rate)
		return usage_error(state, "a heat map shows one file; several make a --rate");
	if (!(d->given & BIT(OPT_AS)) && d->output) {
		if (dot && !strcmp(dot, ".png"))
			d->plot.format = DIRTY_PLOT_PNG;
		else if (dot && !strcmp(dot, ".svg"))
			d->plot.format = DIRTY_PLOT_SVG;
		else
			return usage_error(state, "-o: '%s' ends neither in .png nor in .svg: --as says which",
					   d->output);
	}
	if (!d->output != (d->plot.format == DIRTY_PLOT_TERMINAL))
		return usage_error(state, d->output ? "-o: terminal goes to standard output" : "-o: to which file?");
	d->plot.path = d->output;
	return 0;
}

static error_t dirty_end(struct argp_state *state, struct dirty_state *d)
{
	const struct dirty_form *form;
	error_t err;

	if (!d->words)
		return usage_error(state, "it takes start, stop, read, read-clear, unmap, show, diff, plot or verify");
	form = &dirty_forms[d->verb];
	if (d->words - 1 < form->min)
		return usage_error(state, "it is `%s`", form->form);
	err = dirty_check_options(state, d);
	if (!err && d->verb != VERB_PLOT && d->output && !strcmp(d->output, "-"))
		return usage_error(state, "-o -: a bitmap goes to a file, not to standard output");
	if (!err && d->may && !d->expect)
		return usage_error(state, "--may goes with --expect");
	if (!err)
		err = dirty_check_range(state, d);
	if (!err && d->verb == VERB_PLOT)
		err = dirty_end_plot(state, d);
	return err;
}

error_t dirty_parse(int key, char *arg, struct argp_state *state)
{
	struct dirty_state *d = state->input;

	if (key == ARGP_KEY_ARG)
		return dirty_word(state, d, arg);
	if (key == ARGP_KEY_END)
		return dirty_end(state, d);
	if (key != OPT_OUTPUT && (key < OPT_SOURCE || key >= OPT_LAST))
		return ARGP_ERR_UNKNOWN;
	d->given |= BIT(key);
	if (key == OPT_OUTPUT || key <= OPT_BITMAP)
		return dirty_parse_where(key, arg, state, d);
	return key <= OPT_LIST ? dirty_parse_verify(key, arg, state, d) : dirty_parse_plot(key, arg, state, d);
}

void dirty_release(void *arg)
{
	struct dirty_state *d = arg;

	free(d->files);
	free(d->verify.cases);
}
