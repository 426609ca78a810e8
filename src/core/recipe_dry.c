/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dry runs of recipes: a fake register file, the order of the sections, and what of each access is told. */
#include "core/recipe_dry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "dev/recipe_run.h"

#define DRY_WORDS 16384u /* a power of two, more than twice the steps that all sections may have */
#define DRY_SHOWN 4u	 /* accesses of one line that are told one by one */
#define DRY_SRC 0x100000u
#define DRY_DST 0x200000u
#define DRY_MEMORY 0x10000u

_Static_assert(DRY_WORDS > 2 * RECIPE_SECTIONS * RECIPE_STEPS_MAX, "there is always a free word");

struct dry {
	const struct recipe_dry_params *params;
	struct report *r;
	struct recipe_run run;
	/* eight bytes of registers each, by their offset / 8 + 1; 0: free */
	struct {
		uint64_t key, value;
	} words[DRY_WORDS];
	uint64_t memory[RECIPE_MEMORIES_MAX][RECIPE_PAGE / sizeof(uint64_t)];
	unsigned int seen[RECIPE_FILE_MAX + 1]; /* accesses by line, in this section */
	uint64_t skipped;
};

int recipe_dry_parse_set(const char *text, struct recipe_dry_set *set)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *value = copy ? strchr(copy, '=') : NULL;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	return num_parse_u64(copy, &set->offset) || num_parse_u64(value, &set->value) ? -EINVAL : 0;
}

static uint64_t *dry_word(struct dry *d, uint64_t offset)
{
	uint64_t key = offset / 8 + 1;
	size_t i = key * UINT64_C(0x9e3779b97f4a7c15) >> 50;

	while (d->words[i].key && d->words[i].key != key)
		i = (i + 1) % DRY_WORDS;
	d->words[i].key = key;
	return &d->words[i].value;
}

static const struct recipe_dry_set *dry_set(const struct dry *d, uint64_t offset)
{
	for (unsigned int i = 0; i < d->params->nr_sets; i++)
		if (d->params->sets[i].offset == offset)
			return &d->params->sets[i];
	return NULL;
}

static uint64_t dry_read(void *ctx, uint64_t offset, unsigned int width)
{
	const struct recipe_dry_set *set = dry_set(ctx, offset);
	uint64_t value = set ? set->value : *dry_word(ctx, offset) >> offset % 8 * 8;

	return width == 8 ? value : value & ((UINT64_C(1) << width * 8) - 1);
}

static void dry_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	memcpy((char *)dry_word(ctx, offset) + offset % 8, &value, width);
}

static const struct mmio_ops dry_ops = {dry_read, dry_write};

static bool dry_is_condition(enum recipe_verb verb)
{
	return verb == RECIPE_POLL || verb == RECIPE_CHECK || verb == RECIPE_FAULT_IF || verb == RECIPE_POLL_MEM ||
	       verb == RECIPE_CHECK_MEM || verb == RECIPE_FAULT_IF_MEM;
}

static const char *dry_place(const struct dry *d, const struct recipe_access *a, char *buf, size_t len)
{
	if (a->memory < 0)
		snprintf(buf, len, "0x%" PRIx64, a->offset);
	else
		snprintf(buf, len, "%s+0x%" PRIx64, d->params->recipe->memory_names[a->memory], a->offset);
	return buf;
}

static void dry_say(const struct dry *d, const struct recipe_access *a, bool assumed)
{
	const char *verb = recipe_verb_name(a->verb);
	char place[64];

	dry_place(d, a, place, sizeof(place));
	if (a->verb == RECIPE_DELAY)
		report_line(d->r, "%6u  delay %" PRIu64 " us", a->line, a->value / 1000);
	else if (dry_is_condition(a->verb))
		report_line(d->r, "%6u  %s%u %s & 0x%" PRIx64 " is 0x%" PRIx64 ": reads 0x%" PRIx64 "%s", a->line, verb,
			    a->width, place, a->mask, a->want, a->value,
			    !assumed	 ? ""
			    : a->matches ? ", taken not to be"
					 : ", taken to be");
	else if (a->verb == RECIPE_READ_REG || a->verb == RECIPE_LOAD)
		report_line(d->r, "%6u  %s%u %s: %s = 0x%" PRIx64, a->line, verb, a->width, place,
			    d->params->recipe->var_names[a->var], a->value);
	else
		report_line(d->r, "%6u  %s%u %s = 0x%" PRIx64, a->line, verb, a->width, place, a->value);
}

static void dry_report(const struct dry *d, const struct recipe_access *a, bool assumed)
{
	struct report *r = d->r;

	report_object(r, NULL);
	report_num(r, "line", a->line);
	report_str(r, "verb", recipe_verb_name(a->verb));
	if (a->verb == RECIPE_DELAY) {
		report_num(r, "ns", a->value);
	} else {
		report_num(r, "width", a->width);
		report_str(r, "memory", a->memory < 0 ? NULL : d->params->recipe->memory_names[a->memory]);
		report_hex(r, "offset", a->offset);
		report_hex(r, "value", a->value);
	}
	if (dry_is_condition(a->verb)) {
		report_hex(r, "mask", a->mask);
		report_hex(r, "due", a->want);
		report_bool(r, "assumed", assumed);
	}
	report_close(r);
}

/* What would be waited for is taken to come, and what would end the request not to be so: unless the register has been told. */
static bool dry_step(void *ctx, const struct recipe_access *a)
{
	struct dry *d = ctx;
	bool refusal = a->verb == RECIPE_FAULT_IF || a->verb == RECIPE_FAULT_IF_MEM;
	bool told = a->memory < 0 && dry_set(d, a->offset);
	bool assumed = dry_is_condition(a->verb) && !told && a->matches == refusal;

	if (a->verb == RECIPE_SET)
		return false;
	if (d->seen[MIN(a->line, RECIPE_FILE_MAX)]++ < DRY_SHOWN) {
		dry_say(d, a, assumed);
		dry_report(d, a, assumed);
	} else {
		d->skipped++;
	}
	return assumed;
}

static bool dry_reads_register(enum recipe_verb verb)
{
	return verb == RECIPE_READ_REG || verb == RECIPE_POLL || verb == RECIPE_CHECK || verb == RECIPE_FAULT_IF;
}

/* How many bits the widest step looks at that reads the register; 0: none does. */
static unsigned int dry_width(const struct recipe *recipe, uint64_t offset)
{
	unsigned int width = 0;

	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++) {
		const struct recipe_steps *s = &recipe->sections[i];

		for (unsigned int k = 0; k < s->n; k++)
			if (s->steps[k].at == offset && dry_reads_register(s->steps[k].verb))
				width = MAX(width, s->steps[k].width);
	}
	return width;
}

/* An answer that nobody asks for is a slip of the pen, and what was to be tried is not. */
static int dry_check_set(const struct recipe_dry_params *p, const struct recipe_dry_set *set, struct fail *f)
{
	unsigned int width = dry_width(p->recipe, set->offset);

	if (set->offset >= p->recipe->bar_size)
		return fail_usage(f, EINVAL, "register 0x%" PRIx64 " is not in the BAR's 0x%" PRIx64 " bytes",
				  set->offset, p->recipe->bar_size);
	if (!width)
		return fail_usage(f, EINVAL, "--set: no step of the recipe reads register 0x%" PRIx64, set->offset);
	if (width < 64 && set->value >> width)
		return fail_usage(f, ERANGE, "--set: register 0x%" PRIx64 " is read as %u bits, 0x%" PRIx64 " has more",
				  set->offset, width, set->value);
	return 0;
}

/* One section; false when it ended with an error. */
static bool dry_section(struct dry *d, enum recipe_section section)
{
	const char *name = recipe_section_name(section);
	struct fail why = {0};
	int err;

	if (!d->run.sections[section].present)
		return true;
	memset(d->seen, 0, sizeof(d->seen));
	d->skipped = 0;
	report_line(d->r, "%s", name);
	report_object(d->r, NULL);
	report_str(d->r, "name", name);
	report_list(d->r, "steps");
	err = recipe_run_section(&d->run, section, 0, NULL, &why);
	report_close(d->r);
	report_num(d->r, "skipped", d->skipped);
	report_str(d->r, "result", err ? "fail" : "pass");
	report_str(d->r, "why", err ? why.text : NULL);
	report_close(d->r);
	if (d->skipped)
		report_line(d->r, "        and %" PRIu64 " more accesses of lines that were shown", d->skipped);
	report_check(d->r, name, err ? RESULT_FAIL : RESULT_PASS, err ? why.text : NULL);
	return !err;
}

/* The request as small as it may be, but for a page where that is not more than it may be. */
static void dry_request(struct dry *d, enum recipe_section section)
{
	const struct dev_limits *l = &d->params->recipe->limits;
	uint64_t *vars = d->run.vars, len = MAX(l->min_len, MIN(l->max_len, (uint64_t)RECIPE_PAGE));

	vars[RECIPE_VAR_LEN] = section == RECIPE_COPY ? len : MIN(len, l->buffer);
	vars[RECIPE_VAR_SRC] = section == RECIPE_WRITE ? 0 : DRY_SRC & l->max_iova;
	vars[RECIPE_VAR_DST] = section == RECIPE_READ ? 0 : DRY_DST & l->max_iova;
}

static void dry_sections(struct dry *d)
{
	static const enum recipe_section requests[] = {RECIPE_READ, RECIPE_WRITE, RECIPE_COPY};
	bool goes_on = dry_section(d, RECIPE_INIT);

	for (size_t i = 0; goes_on && i < ARRAY_SIZE(requests); i++) {
		if (!d->run.sections[requests[i]].present)
			continue;
		dry_request(d, requests[i]);
		goes_on = dry_section(d, requests[i]) && dry_section(d, RECIPE_WAIT);
	}
	if (goes_on)
		dry_section(d, RECIPE_STOP);
}

int recipe_dry_run(const struct recipe_dry_params *params, struct report *r, struct fail *f)
{
	iova_t iovas[RECIPE_MEMORIES_MAX];
	struct recipe_watch watch = {.step = dry_step};
	struct dry *d;
	int err = 0;

	for (unsigned int i = 0; i < params->nr_sets && !err; i++)
		err = dry_check_set(params, &params->sets[i], f);
	if (err)
		return err;
	d = watch.ctx = calloc(1, sizeof(*d));
	if (!d)
		return fail_set(f, ENOMEM, "cannot run %s", params->file);
	d->params = params;
	d->r = r;
	err = recipe_run_init(&d->run, params->recipe, params->file, f);
	if (err)
		goto out_free;
	d->run.mmio = (struct mmio){.size = params->recipe->bar_size, .ops = &dry_ops, .ctx = d};
	d->run.watch = &watch;
	for (unsigned int i = 0; i < RECIPE_MEMORIES_MAX; i++) {
		iovas[i] = (DRY_MEMORY + i * RECIPE_PAGE) & params->recipe->limits.max_iova;
		d->run.memory[i] = d->memory[i];
	}
	recipe_run_clear(&d->run, iovas);
	report_list(r, "sections");
	dry_sections(d);
	report_close(r);
	report_text_hide(r, "sections");
	recipe_run_free(&d->run);
out_free:
	free(d);
	return err;
}
