/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzer of a repro's header and rules: where in the file they are, what they say written again, and what they make of each outcome. */
#include "fuzz.h"

#include "core/repro/repro.h"

struct file {
	const char *text;
	size_t size;
};

/* Byte @column of line @line; NULL: there is none, not even one behind its end. */
static const char *place(struct file file, unsigned int line, unsigned int column)
{
	const char *at = file.text, *end = file.text + file.size, *newline;

	for (; line > 1 && (newline = memchr(at, '\n', (size_t)(end - at))); line--)
		at = newline + 1;
	newline = memchr(at, '\n', (size_t)(end - at));
	if (line > 1 || !column || column - 1 > (size_t)((newline ? newline : end) - at))
		return NULL;
	return at + column - 1;
}

static bool starts(struct file file, const char *at, const char *with, size_t n)
{
	return at && n <= (size_t)(file.text + file.size - at) && !memcmp(at, with, n);
}

/* It is told by a place in the file; of what the file ends without, by the line that it would have been in. */
static void error_holds(struct file file, const struct repro_error *e)
{
	FUZZ_ENDS(e->text);
	FUZZ_ENDS(e->hint);
	FUZZ_HOLDS(e->text[0]);
	FUZZ_HOLDS(place(file, e->line, e->column) || (e->column == 1 && place(file, e->line - 1, 1)));
}

/* A rule without a line is told by where it stands, a line's label by its first byte. */
static void label_error_holds(struct file file, const struct repro *r, const struct repro_error *e)
{
	error_holds(file, e);
	if (e->line < r->script_line)
		return;
	FUZZ_HOLDS(e->column > 2 && starts(file, place(file, e->line, e->column - 2), "#@", 2));
}

/* Each part of a value is what stands at its place. */
static void value_holds(struct file file, const struct repro_value *v)
{
	FUZZ_HOLDS(v->text[0] && v->nr > 0 && v->nr <= REPRO_SEGMENTS_MAX);
	for (unsigned int i = 0; i < v->nr; i++) {
		const struct repro_segment *s = &v->segment[i];
		size_t end = i + 1 < v->nr ? v->segment[i + 1].at - 1 : strlen(v->text);

		FUZZ_HOLDS(end > s->at);
		FUZZ_HOLDS(starts(file, place(file, s->line, s->column), v->text + s->at, end - s->at));
	}
}

static void rule_holds(struct file file, const struct repro_rule *rule)
{
	FUZZ_HOLDS(rule->kind >= REPRO_AFFECTED_IF && rule->kind < REPRO_KEYS);
	FUZZ_ENDS(rule->label);
	FUZZ_ENDS(rule->why);
	FUZZ_HOLDS(rule->label[0] && rule->why[0]);
	FUZZ_HOLDS(rule->nr > 0 && rule->nr <= REPRO_OUTCOMES_MAX);
	FUZZ_HOLDS(starts(file, place(file, rule->line, rule->column), rule->label, strlen(rule->label)));
}

static const char *outcome_word(const struct repro_rule *rule, unsigned int i)
{
	switch (rule->outcome[i].kind) {
	case REPRO_FAIL:
		return "fail";
	case REPRO_SKIP:
		return "skip";
	case REPRO_CLASS:
		return failure_name((enum failure_class)rule->outcome[i].value);
	default:
		return script_errno_name(rule->outcome[i].value);
	}
}

/* The header again, each value on a line of its own. */
static char *compose(const struct repro *r, size_t *size)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, size);

	FUZZ_HOLDS(to);
	fputs("# iommuctl repro\n", to);
	for (int key = 0; key < REPRO_AFFECTED_IF; key++)
		if (r->value[key].text)
			fprintf(to, "# %s: %s\n", repro_key_name((enum repro_key)key), r->value[key].text);
	for (unsigned int i = 0; i < r->nr_rules; i++) {
		const struct repro_rule *rule = &r->rule[i];

		fprintf(to, "# %s: %s", repro_key_name(rule->kind), rule->label);
		for (unsigned int k = 0; k < rule->nr; k++)
			fprintf(to, " %s", outcome_word(rule, k));
		fprintf(to, ": %s\n", rule->why);
	}
	FUZZ_HOLDS(!fclose(to));
	return text;
}

static void rules_equal(const struct repro_rule *a, const struct repro_rule *b)
{
	FUZZ_HOLDS(a->kind == b->kind && a->nr == b->nr);
	FUZZ_HOLDS(!strcmp(a->label, b->label) && !strcmp(a->why, b->why));
	for (unsigned int k = 0; k < a->nr; k++)
		FUZZ_HOLDS(a->outcome[k].kind == b->outcome[k].kind && a->outcome[k].value == b->outcome[k].value);
}

/* What was understood says the same when it is written again. */
static void says_the_same(const struct repro *r)
{
	struct repro *again = calloc(1, sizeof(*again));
	struct repro_error e = {0};
	size_t size;
	char *text = compose(r, &size);

	FUZZ_HOLDS(again);
	FUZZ_HOLDS(!repro_parse_header(again, text, size, &e));
	for (int key = 0; key < REPRO_KEYS; key++)
		FUZZ_HOLDS(!strcmp(repro_text(r, (enum repro_key)key), repro_text(again, (enum repro_key)key)));
	FUZZ_HOLDS(again->nr_rules == r->nr_rules);
	for (unsigned int i = 0; i < r->nr_rules; i++)
		rules_equal(&r->rule[i], &again->rule[i]);
	repro_free(again);
	free(text);
}

static void header_holds(struct file file, const struct repro *r)
{
	unsigned int affected = 0;

	FUZZ_HOLDS(r->nr_rules <= REPRO_RULES_MAX);
	for (unsigned int i = 0; i < r->nr_rules; i++) {
		rule_holds(file, &r->rule[i]);
		affected += r->rule[i].kind == REPRO_AFFECTED_IF;
	}
	FUZZ_HOLDS(affected);
	for (int key = 0; key < REPRO_KEYS; key++) {
		FUZZ_HOLDS(key < REPRO_AFFECTED_IF || !r->value[key].text);
		if (r->value[key].text)
			value_holds(file, &r->value[key]);
	}
	FUZZ_HOLDS(r->value[REPRO_DANGER].text && r->value[REPRO_SIM].text);
	says_the_same(r);
}

/* The file's lines, as many as there are, in @copy. */
static struct script *script_of(char *copy, size_t size)
{
	struct script *script = NULL;
	struct fail f = {0};
	char **lines = calloc(size + 1, sizeof(*lines));
	unsigned int nr = 0;

	FUZZ_HOLDS(lines);
	for (char *at = copy, *end = copy + size; at < end; nr++) {
		char *newline = memchr(at, '\n', (size_t)(end - at));

		lines[nr] = at;
		if (newline)
			*newline = '\0';
		at = newline ? newline + 1 : end;
	}
	if (script_parse(&script, "input", lines, nr, &f))
		FUZZ_HOLDS(f.text[0] && !script);
	free(lines);
	return script;
}

/* Each line came to what is due. */
static void all_pass(struct repro *r)
{
	for (unsigned int i = 0; i < r->script->nr; i++) {
		r->script->lines[i].runs = 1;
		r->script->lines[i].outcome = (struct script_outcome){.result = RESULT_PASS};
	}
}

static enum repro_verdict judged(const struct repro *r, const char *complaint)
{
	const struct repro_seen seen = {.complaint = complaint, .fault = ""};
	struct repro_judgement out;

	repro_judge(r, &seen, &out);
	FUZZ_ENDS(out.why);
	FUZZ_HOLDS(out.why[0]);
	return out.verdict;
}

static struct script_line *labelled(const struct repro *r, const char *label)
{
	char at[sizeof(r->rule[0].label)];
	unsigned int column;

	for (unsigned int i = 0; i < r->script->nr; i++)
		if (r->script->lines[i].kind == SCRIPT_OP &&
		    !repro_label(r->script->lines[i].text, at, sizeof(at), &column) && !strcmp(at, label))
			return &r->script->lines[i];
	return NULL;
}

/* The first rule of that label that has the outcome says what it means. */
static enum repro_verdict due(const struct repro *r, const struct repro_rule *of, unsigned int k)
{
	static const enum repro_verdict verdicts[REPRO_KEYS] = {
		[REPRO_AFFECTED_IF] = REPRO_AFFECTED_BY_IT,
		[REPRO_NOT_AFFECTED_IF] = REPRO_NOT_AFFECTED,
		[REPRO_NOT_APPLICABLE_IF] = REPRO_NOT_APPLICABLE,
	};
	enum repro_outcome_kind kind = of->outcome[k].kind;

	for (const struct repro_rule *rule = r->rule; rule < of; rule++)
		for (unsigned int i = 0; i < rule->nr && !strcmp(rule->label, of->label); i++)
			if ((rule->outcome[i].kind == kind && rule->outcome[i].value == of->outcome[k].value) ||
			    (rule->outcome[i].kind == REPRO_FAIL && kind == REPRO_CLASS))
				return verdicts[rule->kind];
	return verdicts[of->kind];
}

/* A line comes to each outcome of each of its rules, while all others pass. */
static void rule_judges(struct repro *r, const struct repro_rule *rule)
{
	struct script_line *line = labelled(r, rule->label);
	char evidence[400];

	FUZZ_HOLDS(line || !strcmp(rule->label, REPRO_PINNED));
	for (unsigned int k = 0; k < rule->nr && line; k++) {
		enum repro_outcome_kind kind = rule->outcome[k].kind;
		struct script_outcome *o = &line->outcome;
		enum repro_verdict verdict;

		*o = (struct script_outcome){.result = kind == REPRO_SKIP    ? RESULT_SKIP
						       : kind == REPRO_ERRNO ? RESULT_ERROR
									     : RESULT_FAIL};
		if (kind == REPRO_ERRNO)
			o->err = rule->outcome[k].value;
		if (kind == REPRO_CLASS)
			snprintf(o->detail, sizeof(o->detail), "%s: seen", outcome_word(rule, k));
		verdict = due(r, rule, k);
		FUZZ_HOLDS(judged(r, "") == verdict);
		/* beside a complaint of something else: only what shows the bug is stronger than that */
		FUZZ_HOLDS(judged(r, "?!") == (verdict == REPRO_AFFECTED_BY_IT ? verdict : REPRO_ERROR));
		FUZZ_HOLDS(repro_evidence(line, evidence, sizeof(evidence)));
		FUZZ_ENDS(evidence);
		*o = (struct script_outcome){.result = RESULT_PASS};
	}
}

static void judges(struct repro *r)
{
	const char *at = repro_text(r, REPRO_COMPLAINT);
	char part[REPRO_COMPLAINT_MAX];

	all_pass(r);
	FUZZ_HOLDS(judged(r, "") == REPRO_NOT_AFFECTED);
	/* of two bytes: too short for any that could be due */
	FUZZ_HOLDS(judged(r, "?!") == REPRO_ERROR);
	while (at && at[0]) {
		FUZZ_HOLDS(repro_complaint_next(&at, part, sizeof(part)));
		FUZZ_HOLDS(judged(r, part) == REPRO_AFFECTED_BY_IT);
	}
	for (unsigned int i = 0; i < r->nr_rules; i++)
		rule_judges(r, &r->rule[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 0), *copy = fuzz_copy(data, size, 1);
	struct repro *r = calloc(1, sizeof(*r));
	struct file file = {text, size};
	struct repro_error e = {0};

	FUZZ_HOLDS(r);
	if (repro_parse_header(r, text, size, &e)) {
		error_holds(file, &e);
	} else {
		header_holds(file, r);
		/* which the script's reader refuses */
		if (!memchr(text, 0, size))
			r->script = script_of(copy, size);
		if (r->script && repro_check_labels(r, &e))
			label_error_holds(file, r, &e);
		else if (r->script)
			judges(r);
	}
	repro_free(r);
	free(copy);
	free(text);
	return 0;
}
