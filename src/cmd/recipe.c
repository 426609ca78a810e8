/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl recipe: are these files recipes, what do they say, and what would one do to a device. None is asked. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "core/recipe_dry.h"
#include "dev/recipe.h"

#define RECIPE_FILES_MAX 256

enum { OPT_SET = 0x100 };

static const struct argp_option recipe_options[] = {
	{"set", OPT_SET, "OFFSET=VALUE", 0, "dry-run: the register reads as VALUE, whatever is written to it", 0},
	{0},
};

enum recipe_deed { RECIPE_NOTHING, RECIPE_CHECK_FILES, RECIPE_DRY_RUN };

struct recipe_state {
	enum recipe_deed deed;
	struct recipe_dry_params dry; /* its sets */
	unsigned int nr;
	const char *files[RECIPE_FILES_MAX]; /* into argv */
};

static error_t recipe_parse_arg(struct argp_state *state, const char *arg, struct recipe_state *s)
{
	if (s->deed == RECIPE_NOTHING) {
		s->deed = !strcmp(arg, "check")	    ? RECIPE_CHECK_FILES
			  : !strcmp(arg, "dry-run") ? RECIPE_DRY_RUN
						    : RECIPE_NOTHING;
		return s->deed ? 0
			       : usage_error(state, "'%s' is nothing that is done to a recipe; there is check, dry-run",
					     arg);
	}
	if (s->deed == RECIPE_DRY_RUN && s->nr)
		return usage_error(state, "dry-run takes one file, %s, not also '%s'", s->files[0], arg);
	if (s->nr == RECIPE_FILES_MAX)
		return usage_error(state, "more than %d files", RECIPE_FILES_MAX);
	s->files[s->nr++] = arg;
	return 0;
}

static error_t recipe_parse_set(struct argp_state *state, const char *arg, struct recipe_dry_params *dry)
{
	if (dry->nr_sets == RECIPE_DRY_SETS_MAX)
		return usage_error(state, "--set: more than %d registers", RECIPE_DRY_SETS_MAX);
	if (recipe_dry_parse_set(arg, &dry->sets[dry->nr_sets]))
		return usage_error(state, "--set: '%s' is not OFFSET=VALUE (such as 0x1c=0x1)", arg);
	for (unsigned int i = 0; i < dry->nr_sets; i++)
		if (dry->sets[i].offset == dry->sets[dry->nr_sets].offset)
			return usage_error(state, "--set: register 0x%" PRIx64 " is set twice", dry->sets[i].offset);
	dry->nr_sets++;
	return 0;
}

static error_t recipe_parse_end(struct argp_state *state, const struct recipe_state *s)
{
	if (!s->deed)
		return usage_error(state, "what? `iommuctl recipe check FILE`");
	if (!s->nr)
		return usage_error(state, "%s which file?", s->deed == RECIPE_DRY_RUN ? "dry-run" : "check");
	if (s->dry.nr_sets && s->deed != RECIPE_DRY_RUN)
		return usage_error(state, "--set is for dry-run: check looks at no registers");
	return 0;
}

static error_t recipe_parse_args(int key, char *arg, struct argp_state *state)
{
	struct recipe_state *s = state->input;

	switch (key) {
	case OPT_SET:
		return recipe_parse_set(state, arg, &s->dry);
	case ARGP_KEY_ARG:
		return recipe_parse_arg(state, arg, s);
	case ARGP_KEY_END:
		return recipe_parse_end(state, s);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct {
	unsigned int dir;
	const char *name;
} recipe_dirs[] = {{DEV_READ, "read"}, {DEV_WRITE, "write"}, {DEV_COPY, "copy"}};

static unsigned int recipe_address_bits(const struct recipe *rec)
{
	return rec->limits.max_iova == UINT64_MAX ? 64 : (unsigned int)__builtin_ctzll(rec->limits.max_iova + 1);
}

static void recipe_report_limits(struct report *r, const struct recipe *rec)
{
	const struct dev_limits *l = &rec->limits;

	report_list(r, "directions");
	for (size_t i = 0; i < ARRAY_SIZE(recipe_dirs); i++)
		if (l->dirs & recipe_dirs[i].dir)
			report_str(r, NULL, recipe_dirs[i].name);
	report_close(r);
	report_num(r, "min_length", l->min_len);
	report_num(r, "max_length", l->max_len);
	report_num(r, "alignment", l->align);
	report_num(r, "address_alignment", l->addr_align ? l->addr_align : l->align);
	report_num(r, "address_bits", recipe_address_bits(rec));
	report_num(r, "device_buffer", l->buffer);
	report_bool(r, "fixed", l->fixed);
	report_bool(r, "reports_faults", l->reports_faults);
}

static void recipe_report_names(struct report *r, const struct recipe *rec)
{
	char id[16];

	report_list(r, "devices");
	for (unsigned int i = 0; i < rec->nr_ids; i++) {
		snprintf(id, sizeof(id), "%04x:%04x", rec->ids[i].vendor, rec->ids[i].device);
		report_str(r, NULL, id);
	}
	report_close(r);
	report_list(r, "memories");
	for (unsigned int i = 0; i < rec->nr_memories; i++)
		report_str(r, NULL, rec->memory_names[i]);
	report_close(r);
	report_list(r, "variables");
	for (unsigned int i = RECIPE_BUILTINS; i < rec->nr_vars; i++)
		report_str(r, NULL, rec->var_names[i]);
	report_close(r);
}

static void recipe_report_sections(struct report *r, const struct recipe *rec)
{
	report_list(r, "sections");
	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++) {
		const struct recipe_steps *s = &rec->sections[i];

		if (!s->present)
			continue;
		report_object(r, NULL);
		report_str(r, "name", recipe_section_name((enum recipe_section)i));
		report_num(r, "line", s->line);
		report_num(r, "steps", s->n);
		report_num(r, "run", s->run);
		report_real(r, "wait_s", (double)s->ns / 1e9);
		report_close(r);
	}
	report_close(r);
}

/* One line: what a reader would look for to see that the file says what was meant. */
static void recipe_say(struct report *r, const char *file, const struct recipe *rec)
{
	const struct dev_limits *l = &rec->limits;
	char dirs[32] = "", *to = dirs;
	uint64_t run = 0;

	for (size_t i = 0; i < ARRAY_SIZE(recipe_dirs); i++)
		if (l->dirs & recipe_dirs[i].dir)
			to += sprintf(to, "%s%s", to == dirs ? "" : ", ", recipe_dirs[i].name);
	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++)
		run = MAX(run, rec->sections[i].run);
	report_line(r,
		    "%s: %s, %04x:%04x%s: %s of %" PRIu64 " to %" PRIu64
		    " bytes, addresses of %u bits; no section takes "
		    "more than %" PRIu64 " steps",
		    file, rec->name, rec->ids[0].vendor, rec->ids[0].device, rec->nr_ids > 1 ? " and others" : "", dirs,
		    l->min_len, l->max_len, recipe_address_bits(rec), run);
}

static void recipe_report(struct report *r, const char *file, const struct recipe *rec)
{
	report_object(r, NULL);
	report_str(r, "file", file);
	report_str(r, "result", "pass");
	report_str(r, "name", rec->name);
	report_str(r, "title", rec->title);
	recipe_report_names(r, rec);
	report_num(r, "bar", rec->bar);
	report_num(r, "bar_size", rec->bar_size);
	recipe_report_limits(r, rec);
	recipe_report_sections(r, rec);
	report_close(r);
	recipe_say(r, file, rec);
	report_check(r, file, RESULT_PASS, NULL);
}

static void recipe_report_broken(struct command_run *run, const char *file, const struct recipe_error *error)
{
	struct report *r = run->report;

	report_object(r, NULL);
	report_str(r, "file", file);
	report_str(r, "result", "fail");
	report_close(r);
	/* the form that editors take from compilers */
	if (error->line)
		snprintf(run->detail, sizeof(run->detail), "%u:%u: %s", error->line, error->column, error->text);
	else
		snprintf(run->detail, sizeof(run->detail), " %s", error->text);
	report_line(r, "%s:%s", file, run->detail);
	if (error->hint[0])
		report_line(r, "  hint: %s", error->hint);
	report_check(r, file, RESULT_FAIL, run->detail + (error->line ? 0 : 1));
	if (error->hint[0])
		report_evidence(r, "hint", "%s", error->hint);
}

static void recipe_report_errors(struct report *r, const struct recipe_state *s, const struct recipe_error *errors)
{
	report_list(r, "errors");
	for (unsigned int i = 0; i < s->nr; i++) {
		if (!errors[i].text[0])
			continue;
		report_object(r, NULL);
		report_str(r, "file", s->files[i]);
		report_num(r, "line", errors[i].line);
		report_num(r, "column", errors[i].column);
		report_str(r, "text", errors[i].text);
		report_str(r, "hint", errors[i].hint);
		report_close(r);
	}
	report_close(r);
}

/* A file that is no recipe is what was asked for; one that cannot be read is an error, and the last. */
static int recipe_do_check(struct command_run *run, const struct recipe_state *s)
{
	CLEANUP_FREE struct recipe_error *errors = calloc(s->nr, sizeof(*errors));
	struct report *r = run->report;
	struct recipe *rec = NULL;
	int err = 0;

	if (!errors)
		return fail_set(&run->fail, ENOMEM, "cannot check recipes");
	run->shows = run->partial = true;
	report_list(r, "files");
	for (unsigned int i = 0; i < s->nr && !err; i++) {
		err = recipe_check(&rec, s->files[i], &errors[i], &run->fail);
		if (!err) {
			recipe_report(r, s->files[i], rec);
		} else if (errors[i].text[0]) {
			recipe_report_broken(run, s->files[i], &errors[i]);
			run->fail = (struct fail){0};
			err = 0;
		}
		recipe_free(rec);
	}
	report_close(r);
	recipe_report_errors(r, s, errors);
	report_text_hide(r, "files");
	report_text_hide(r, "errors");
	report_checks_hide(r);
	return err;
}

/* A recipe that is none is given, not asked for, here: a usage error. */
static int recipe_do_dry_run(struct command_run *run, struct recipe_state *s)
{
	struct recipe *rec;
	int err = recipe_load(&rec, s->files[0], &run->fail);

	if (err)
		return err;
	run->shows = run->partial = true;
	s->dry.recipe = rec;
	s->dry.file = s->files[0];
	report_str(run->report, "file", s->files[0]);
	report_text_hide(run->report, "file");
	err = recipe_dry_run(&s->dry, run->report, &run->fail);
	recipe_free(rec);
	return err;
}

static int recipe_execute(struct command_run *run, void *arg)
{
	struct recipe_state *s = arg;

	return s->deed == RECIPE_DRY_RUN ? recipe_do_dry_run(run, s) : recipe_do_check(run, s);
}

const struct command command_recipe = {
	.name = "recipe",
	.summary = "check recipes, iommuctl-recipe(5), or show what one would do to a device's registers",
	.args_doc = "check FILE...\ndry-run FILE",
	.options = recipe_options,
	.state_size = sizeof(struct recipe_state),
	.parse = recipe_parse_args,
	.execute = recipe_execute,
	.scriptable = true,
};
