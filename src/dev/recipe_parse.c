/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a recipe's text to its steps: which line is what, and what the whole has to have. iommuctl-recipe(5) has the language. */
#include <errno.h>
#include <string.h>

#include "dev/recipe_parse.h"

#define RECIPE_MAGIC "iommuctl-recipe"
#define RECIPE_VERSION "1"

/* Another version's text is not judged by this one's rules. */
static int recipe_first_line(struct parser *p, const struct word *w)
{
	struct word version;

	if (strcmp(w->text, RECIPE_MAGIC)) {
		parse_error(p, w->place, "this is no recipe");
		return parse_hint(p, "a recipe begins with the line '" RECIPE_MAGIC " " RECIPE_VERSION "'");
	}
	p->begun = true;
	if (parse_word(p, &version, "the version"))
		return -EINVAL;
	if (strcmp(version.text, RECIPE_VERSION))
		return parse_error(p, version.place, "this is of version %.20s; version " RECIPE_VERSION " is known",
				   version.text);
	return parse_done(p);
}

static int recipe_line(struct parser *p)
{
	enum recipe_section which;
	struct word w;

	if (parse_word(p, &w, "a word"))
		return -EINVAL;
	if (!p->begun)
		return recipe_first_line(p, &w);
	if (p->open)
		return parse_step(p, &w);
	if (parse_is_section(w.text, &which))
		return parse_open_section(p, which, w.place);
	return parse_setting(p, &w);
}

/* A part that is not there is told where the text ends, or where it was asked for. */
static int recipe_check_sections(struct parser *p)
{
	const struct recipe *r = p->r;

	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++) {
		const char *name = recipe_section_name((enum recipe_section)i);
		struct place end = {MAX(p->number, 1), 1};

		if (r->sections[i].present || i == RECIPE_WAIT)
			continue;
		if (i == RECIPE_INIT || i == RECIPE_STOP)
			return parse_error(p, end, "the recipe ends without a section '%s'", name);
		if (p->asked[i].line)
			return parse_error(p, p->asked[i], "direction %s has no section '%s'", name, name);
	}
	return 0;
}

static int recipe_check_whole(struct parser *p)
{
	if (recipe_check_sections(p))
		return -EINVAL;
	if (p->waits && p->blind.line) {
		parse_error(p, p->blind, "'stop' neither polls nor checks: it cannot know that the device is idle");
		return parse_hint(p, "poll for what a request waits for");
	}
	if (p->r->limits.reports_faults && !p->faults) {
		parse_error(p, p->given[SETTING_REPORTS], "'reports-faults', but there is no fault-if");
		return parse_hint(p, "without it no fault is seen, and that says nothing");
	}
	return 0;
}

static int recipe_end(struct parser *p)
{
	struct place end = {MAX(p->number, 1), 1};

	if (!p->begun)
		return parse_error(p, end, "this is no recipe: it is empty");
	if (p->open && p->depth)
		return parse_error(p, p->levels[p->depth].place, "'repeat' has no end");
	if (p->open)
		return parse_error(p, p->opened, "section '%s' has no end", recipe_section_name(p->which));
	if (!p->has_section && parse_check_header(p, end))
		return -EINVAL;
	return recipe_check_whole(p);
}

static void recipe_defaults(struct recipe *r)
{
	r->limits = (struct dev_limits){.align = 1, .max_iova = UINT64_MAX, .depth = 1, .queues = 1};
	r->nr_vars = RECIPE_BUILTINS;
	strcpy(r->var_names[RECIPE_VAR_SRC], "src");
	strcpy(r->var_names[RECIPE_VAR_DST], "dst");
	strcpy(r->var_names[RECIPE_VAR_LEN], "len");
}

struct recipe *recipe_parse(const char *text, size_t len, struct recipe_error *error)
{
	struct parser p = {.text = text, .len = len, .error = error};
	int got;

	*error = (struct recipe_error){0};
	if (len > RECIPE_FILE_MAX) {
		parse_error(&p, (struct place){0}, "this is no recipe: it has more than %d bytes", RECIPE_FILE_MAX);
		return NULL;
	}
	p.r = calloc(1, sizeof(*p.r));
	if (!p.r) {
		parse_error(&p, (struct place){0}, "there is no memory for it");
		return NULL;
	}
	recipe_defaults(p.r);
	while ((got = parse_next_line(&p)) > 0 && !recipe_line(&p))
		;
	if (!got && !recipe_end(&p))
		return p.r;
	recipe_free(p.r);
	return NULL;
}
