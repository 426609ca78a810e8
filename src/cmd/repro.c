/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl repro: known kernel bugs as scripts: which there are, what one says, and is this kernel affected. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/repro_run.h"
#include "cmd/words.h"

enum { OPT_ALL = 0x100 };

static const struct argp_option repro_options[] = {
	{"all", OPT_ALL, NULL, 0, "run: all of them", 0},
	{0},
};

static const struct verb repro_verbs[] = {
	{"list", 0, 0, "list"},
	{"show", 1, 1, "show NAME"},
	{"run", 0, WORDS_MAX - 1, "run NAME..."},
	{0},
};
enum { REPRO_VERB_LIST, REPRO_VERB_SHOW, REPRO_VERB_RUN };

struct repro_state {
	struct words words;
	int verb;
	bool all;
};

static error_t repro_parse(int key, char *arg, struct argp_state *state)
{
	struct repro_state *r = state->input;
	error_t err;

	if (key == OPT_ALL) {
		r->all = true;
		return 0;
	}
	err = words_parse(key, arg, state, &r->words, repro_verbs, &r->verb);
	if (key != ARGP_KEY_END || err)
		return err;
	if (r->all && r->verb != REPRO_VERB_RUN)
		return usage_error(state, "--all goes with run");
	if (r->verb == REPRO_VERB_RUN && r->all == (r->words.n > 1))
		return usage_error(state, r->all ? "--all are all of them: no names with it"
						 : "run which? their names, or --all");
	return 0;
}

/* What is in its header, for machines. */
static void repro_report_header(struct report *r, const struct repro *repro)
{
	report_str(r, "name", repro->name);
	for (int key = 0; key < REPRO_AFFECTED_IF; key++)
		report_str(r, repro_key_name((enum repro_key)key), repro_text(repro, (enum repro_key)key));
	report_str(r, "path", repro->path);
}

static int repro_list(struct command_run *run)
{
	struct repro **all;
	unsigned int nr;
	int err = repro_all(&all, &nr, &run->fail);

	if (err)
		return err;
	report_list(run->report, "repros");
	for (unsigned int i = 0; i < nr; i++) {
		report_object(run->report, NULL);
		repro_report_header(run->report, all[i]);
		report_close(run->report);
		report_line(run->report, "%-24s  %-5s  %s", all[i]->name, repro_text(all[i], REPRO_DANGER),
			    repro_text(all[i], REPRO_TITLE));
	}
	report_close(run->report);
	report_text_hide(run->report, "repros");
	repro_free_all(all, nr);
	return 0;
}

static void repro_report_rules(struct report *r, const struct repro *repro, enum repro_key kind)
{
	static const char *const keys[REPRO_KEYS] = {
		[REPRO_AFFECTED_IF] = "affected_if",
		[REPRO_NOT_AFFECTED_IF] = "not_affected_if",
		[REPRO_NOT_APPLICABLE_IF] = "not_applicable_if",
	};

	report_list(r, keys[kind]);
	for (unsigned int i = 0; i < repro->nr_rules; i++) {
		const struct repro_rule *rule = &repro->rule[i];

		if (rule->kind != kind)
			continue;
		report_object(r, NULL);
		report_str(r, "label", rule->label);
		report_str(r, "why", rule->why);
		report_close(r);
		report_line(r, "%s: %s: %s", repro_key_name(kind), rule->label, rule->why);
	}
	report_close(r);
	report_text_hide(r, keys[kind]);
}

static void repro_show_script(struct report *r, const struct repro *repro)
{
	unsigned int depth = 0;

	report_list(r, "script");
	for (unsigned int i = 0; i < repro->script->nr; i++) {
		const struct script_line *line = &repro->script->lines[i];

		depth -= line->kind == SCRIPT_END;
		report_str(r, NULL, line->text);
		report_line(r, "  %*s%s", (int)depth * 2, "", line->text);
		depth += line->kind == SCRIPT_REPEAT;
	}
	report_close(r);
	report_text_hide(r, "script");
}

static int repro_show(struct command_run *run, const char *name)
{
	struct report *r = run->report;
	struct repro *repro;
	int err = repro_find(&repro, name, &run->fail);

	if (err)
		return err;
	repro_report_header(r, repro);
	report_text_hide(r, "name");
	report_text_hide(r, "path");
	for (int key = 0; key < REPRO_AFFECTED_IF; key++) {
		report_text_hide(r, repro_key_name((enum repro_key)key));
		if (repro_text(repro, (enum repro_key)key)[0])
			report_line(r, "%s: %s", repro_key_name((enum repro_key)key),
				    repro_text(repro, (enum repro_key)key));
	}
	for (int key = REPRO_AFFECTED_IF; key < REPRO_KEYS; key++)
		repro_report_rules(r, repro, (enum repro_key)key);
	report_line(r, "script: %s", repro->path);
	repro_show_script(r, repro);
	repro_free(repro);
	return 0;
}

static int repro_run_all(struct command_run *run)
{
	struct repro **all;
	unsigned int nr;
	int err = repro_all(&all, &nr, &run->fail);

	if (err)
		return err;
	err = repro_run(run, all, nr);
	repro_free_all(all, nr);
	return err;
}

static int repro_run_named(struct command_run *run, const struct words *names)
{
	struct repro *list[WORDS_MAX] = {0};
	unsigned int nr = 0;
	int err = 0;

	/* all are read before the first one runs */
	while (!err && nr + 1 < names->n) {
		err = repro_find(&list[nr], names->at[nr + 1], &run->fail);
		nr += !err;
	}
	if (!err)
		err = repro_run(run, list, nr);
	while (nr--)
		repro_free(list[nr]);
	return err;
}

static int repro_execute(struct command_run *run, void *arg)
{
	struct repro_state *r = arg;

	switch (r->verb) {
	case REPRO_VERB_LIST:
		return repro_list(run);
	case REPRO_VERB_SHOW:
		return repro_show(run, r->words.at[1]);
	default:
		return r->all ? repro_run_all(run) : repro_run_named(run, &r->words);
	}
}

const struct command command_repro = {
	.name = "repro",
	.summary = "known kernel bugs as scripts: is this kernel affected",
	.args_doc = "list\nshow NAME\nrun NAME...\nrun --all",
	.options = repro_options,
	.state_size = sizeof(struct repro_state),
	.parse = repro_parse,
	.execute = repro_execute,
};
