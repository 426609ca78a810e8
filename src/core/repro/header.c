/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a repro: comment lines of "key: value", what a value may be, and where in the file it went wrong. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/repro/repro.h"
#include "iommu/iommu.h"

#define REPRO_FIRST_LINE "# iommuctl repro"
#define REPRO_VALUE_MAX 2000

static const struct {
	const char *name;
	bool required, repeats;
} repro_keys[REPRO_KEYS] = {
	[REPRO_TITLE] = {"title", true, false},
	[REPRO_BUG] = {"bug", true, false},
	[REPRO_UPSTREAM] = {"upstream", true, false},
	[REPRO_CVE] = {"cve", false, false},
	[REPRO_AFFECTED] = {"affected", true, false},
	[REPRO_SOURCE] = {"source", true, false},
	[REPRO_NEEDS] = {"needs", false, false},
	[REPRO_DANGER] = {"danger", true, false},
	[REPRO_SIM] = {"sim", true, false},
	[REPRO_COMPLAINT] = {"complaint", false, false},
	[REPRO_NOTE] = {"note", false, false},
	[REPRO_AFFECTED_IF] = {"affected-if", true, true},
	[REPRO_NOT_AFFECTED_IF] = {"not-affected-if", false, true},
	[REPRO_NOT_APPLICABLE_IF] = {"not-applicable-if", false, true},
};

const char *repro_key_name(enum repro_key key)
{
	return (unsigned int)key < REPRO_KEYS ? repro_keys[key].name : "?";
}

const char *repro_text(const struct repro *r, enum repro_key key)
{
	return r->value[key].text ? r->value[key].text : "";
}

static int IC_PRINTF(4, 5)
	header_error(struct repro_error *e, unsigned int line, unsigned int column, const char *fmt, ...)
{
	va_list args;

	*e = (struct repro_error){.line = line, .column = column};
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* Where in the file the @at'th byte of a value is. */
static struct repro_segment value_place(const struct repro_value *v, size_t at)
{
	struct repro_segment s = v->segment[0];

	for (unsigned int i = 0; i < v->nr && v->segment[i].at <= at; i++)
		s = v->segment[i];
	s.column += (unsigned int)(at - s.at);
	return s;
}

static int IC_PRINTF(4, 5)
	value_error(struct repro_error *e, const struct repro_value *v, const char *at, const char *fmt, ...)
{
	struct repro_segment where = value_place(v, at ? (size_t)(at - v->text) : 0);
	char text[sizeof(e->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return header_error(e, where.line, where.column, "%s", text);
}

static int value_add(struct repro_value *v, const char *part, size_t len, unsigned int line, unsigned int column,
		     struct repro_error *e)
{
	size_t old = v->text ? strlen(v->text) + 1 : 0;
	char *grown;

	if (v->nr == REPRO_SEGMENTS_MAX || old + len > REPRO_VALUE_MAX)
		return header_error(e, line, column, "the value is longer than %d bytes or %d lines", REPRO_VALUE_MAX,
				    REPRO_SEGMENTS_MAX);
	grown = realloc(v->text, old + len + 1);
	if (!grown)
		return -ENOMEM;
	if (old)
		grown[old - 1] = ' ';
	memcpy(grown + old, part, len);
	grown[old + len] = '\0';
	v->text = grown;
	v->segment[v->nr++] = (struct repro_segment){old, line, column};
	return 0;
}

/* The next word at *at, its length; NULL: none. */
static const char *word_next(const char **at, size_t *len)
{
	const char *word = *at + strspn(*at, " ");

	*len = strcspn(word, " ");
	*at = word + *len;
	return *len ? word : NULL;
}

static bool word_is(const char *word, size_t len, const char *is)
{
	return strlen(is) == len && !strncmp(word, is, len);
}

static int check_one_of(const struct repro_value *v, const char *const *names, struct repro_error *e)
{
	char list[160] = "";
	size_t at = 0;

	for (unsigned int i = 0; names[i]; i++) {
		if (!strcmp(v->text, names[i]))
			return 0;
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", names[i]);
	}
	return value_error(e, v, NULL, "'%.40s' is none of: %s", v->text, list);
}

static int check_danger(const struct repro_value *v, struct repro_error *e)
{
	static const char *const names[] = {"none", "leak", "crash", NULL};

	return check_one_of(v, names, e);
}

static int check_source(const struct repro_value *v, struct repro_error *e)
{
	static const char *const names[] = {"kernel source", "mailing list", "seen", "reported, not checked", NULL};

	return check_one_of(v, names, e);
}

/* "none", or words of "fix COMMIT...", "introduced COMMIT..." with 12 to 40 hex digits each. */
static int check_upstream(const struct repro_value *v, struct repro_error *e)
{
	const char *at = v->text, *word;
	bool kind = false;
	size_t len;

	if (!strcmp(v->text, "none"))
		return 0;
	while ((word = word_next(&at, &len))) {
		if (word_is(word, len, "fix") || word_is(word, len, "introduced"))
			kind = true;
		else if (!kind)
			return value_error(e, v, word, "'%.*s' is not 'fix', 'introduced' or 'none'", (int)MIN(len, 40),
					   word);
		else if (len < 12 || len > 40 || strspn(word, "0123456789abcdef") < len)
			return value_error(e, v, word, "'%.*s' is no commit of 12 to 40 hex digits", (int)MIN(len, 40),
					   word);
	}
	return 0;
}

static int check_cve(const struct repro_value *v, struct repro_error *e)
{
	const char *at = v->text, *word;
	unsigned int year, n;
	size_t len;
	int used;

	while ((word = word_next(&at, &len)))
		if (sscanf(word, "CVE-%4u-%6u%n", &year, &n, &used) != 2 || (size_t)used != len)
			return value_error(e, v, word, "'%.*s' is no CVE-YEAR-NUMBER", (int)MIN(len, 40), word);
	return 0;
}

static int check_needs(const struct repro_value *v, struct repro_error *e)
{
	const char *at = v->text, *word;
	char one[128], why[160];
	size_t len;

	while ((word = word_next(&at, &len))) {
		snprintf(one, sizeof(one), "%.*s", (int)MIN(len, sizeof(one) - 1), word);
		if (repro_need_check(one, why, sizeof(why)))
			return value_error(e, v, word, "%s", why);
	}
	return 0;
}

/* "NAME[:...]" at @name is a misbehaviour that there is. */
static bool sim_has_fault(const char *name)
{
	const struct iommu_help *known = iommu_sim_faults_help();
	size_t n = strcspn(name, ":,");

	while (known->name && !word_is(name, n, known->name))
		known++;
	return known->name;
}

/* Without a misbehaviour in it nothing would be shown. */
static int check_sim(const struct repro_value *v, struct repro_error *e)
{
	const char *space = strchr(v->text, ' ');

	if (space)
		return value_error(e, v, space, "options of the simulated IOMMU have no spaces");
	if (strncmp(v->text, "fault=", 6) && !strstr(v->text, ",fault="))
		return value_error(e, v, NULL, "no fault= of the simulated IOMMU is in '%.60s'", v->text);
	for (const char *at = v->text; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, "fault=", 6) && !sim_has_fault(at + 6))
			return value_error(e, v, at + 6, "the simulated IOMMU has no fault '%.*s'",
					   (int)MIN(strcspn(at + 6, ":,"), 40u), at + 6);
	}
	return 0;
}

/* Words of which each is looked for: an empty one would be in any complaint. */
static int check_complaint(const struct repro_value *v, struct repro_error *e)
{
	const char *at = v->text;
	char part[REPRO_COMPLAINT_MAX];

	for (const char *from = at; at; from = at)
		if (!repro_complaint_next(&at, part, sizeof(part)))
			return value_error(e, v, from,
					   "words of the kernel's, 3 to %zu bytes each, are due between ' | '",
					   sizeof(part) - 1);
	return 0;
}

static bool rule_label(struct repro_rule *rule, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)word[i]) && !isdigit((unsigned char)word[i]) && word[i] != '-')
			return false;
	if (!len || len >= sizeof(rule->label))
		return false;
	snprintf(rule->label, sizeof(rule->label), "%.*s", (int)len, word);
	return true;
}

static bool rule_outcome(struct repro_rule *rule, const char *word, size_t len)
{
	enum repro_outcome_kind kind = REPRO_FAIL;
	int value = 0;
	bool found = word_is(word, len, "fail");

	if (!found && word_is(word, len, "skip")) {
		kind = REPRO_SKIP;
		found = true;
	}
	for (int i = 0; i < FAILURE_CLASSES && !found; i++) {
		found = word_is(word, len, failure_name((enum failure_class)i));
		kind = REPRO_CLASS;
		value = i;
	}
	for (int err = 1; err < 134 && !found; err++) {
		found = word_is(word, len, script_errno_name(err));
		kind = REPRO_ERRNO;
		value = err;
	}
	if (found) {
		rule->outcome[rule->nr].kind = kind;
		rule->outcome[rule->nr++].value = value;
	}
	return found;
}

static int parse_rule(struct repro *r, const struct repro_value *v, enum repro_key kind, struct repro_error *e)
{
	struct repro_rule *rule = &r->rule[r->nr_rules];
	const char *at = v->text, *word, *colon = strstr(v->text, ": ");
	size_t len;

	if (r->nr_rules == REPRO_RULES_MAX)
		return value_error(e, v, NULL, "more than %d rules", REPRO_RULES_MAX);
	*rule = (struct repro_rule){.kind = kind, .line = v->segment[0].line, .column = v->segment[0].column};
	if (!colon)
		return value_error(e, v, NULL, "a rule is LABEL OUTCOME...: WORDS, and here is no ': '");
	word = word_next(&at, &len);
	if (!word || word > colon || !rule_label(rule, word, len))
		return value_error(e, v, word, "a rule begins with a label of lower case letters, digits and '-'");
	while ((word = word_next(&at, &len)) && word < colon) {
		len = MIN(len, (size_t)(colon - word));
		if (rule->nr == REPRO_OUTCOMES_MAX)
			return value_error(e, v, word, "more than %d outcomes", REPRO_OUTCOMES_MAX);
		if (!rule_outcome(rule, word, len))
			return value_error(e, v, word, "'%.*s' is not fail, skip, a class or the name of an error",
					   (int)MIN(len, 40), word);
	}
	if (!rule->nr)
		return value_error(e, v, colon, "which outcome of '%s'?", rule->label);
	if (strlen(colon + 2) >= sizeof(rule->why) || !colon[2 + strspn(colon + 2, " ")])
		return value_error(e, v, colon, "words of 1 to %zu bytes say what that means", sizeof(rule->why) - 1);
	snprintf(rule->why, sizeof(rule->why), "%s", colon + 2);
	r->nr_rules++;
	return 0;
}

/* A value is whole. */
static int value_done(struct repro *r, enum repro_key key, struct repro_error *e)
{
	static int (*const checks[REPRO_KEYS])(const struct repro_value *v, struct repro_error *e) = {
		[REPRO_UPSTREAM] = check_upstream,   [REPRO_CVE] = check_cve,	    [REPRO_SOURCE] = check_source,
		[REPRO_NEEDS] = check_needs,	     [REPRO_DANGER] = check_danger, [REPRO_SIM] = check_sim,
		[REPRO_COMPLAINT] = check_complaint,
	};
	struct repro_value *v = &r->value[key];
	int err;

	if (repro_keys[key].repeats) {
		err = parse_rule(r, v, key, e);
		free(v->text);
		*v = (struct repro_value){0};
		return err;
	}
	return checks[key] ? checks[key](v, e) : 0;
}

/* "# key: value" */
static int header_key(struct repro *r, const char *s, size_t len, unsigned int line, enum repro_key *out,
		      struct repro_error *e)
{
	const char *colon = memchr(s, ':', len);
	size_t name = colon ? (size_t)(colon - s) : 0, skip = name + 1;
	int key = 0;

	if (!name)
		return header_error(e, line, 3, "a line of the header is '# KEY: VALUE', and goes on as '#   VALUE'");
	while (key < REPRO_KEYS && !word_is(s, name, repro_keys[key].name))
		key++;
	if (key == REPRO_KEYS) {
		header_error(e, line, 3, "'%.*s' is no setting", (int)MIN(name, 40), s);
		snprintf(e->hint, sizeof(e->hint),
			 "there are title, bug, upstream, cve, affected, source, needs, danger, sim, complaint, note, "
			 "affected-if, not-affected-if, not-applicable-if");
		return -EINVAL;
	}
	if (r->value[key].text)
		return header_error(e, line, 3, "'%s' was given before", repro_keys[key].name);
	while (skip < len && s[skip] == ' ')
		skip++;
	if (skip >= len)
		return header_error(e, line, 3 + (unsigned int)name, "'%s' has no value", repro_keys[key].name);
	*out = (enum repro_key)key;
	return value_add(&r->value[key], s + skip, len - skip, line, 3 + (unsigned int)skip, e);
}

static int header_missing(const struct repro *r, unsigned int line, struct repro_error *e)
{
	bool affected = false;

	for (unsigned int i = 0; i < r->nr_rules; i++)
		affected |= r->rule[i].kind == REPRO_AFFECTED_IF;
	for (int key = 0; key < REPRO_KEYS; key++)
		if (repro_keys[key].required && (repro_keys[key].repeats ? !affected : !r->value[key].text))
			return header_error(e, line, 1, "the header has no '%s'", repro_keys[key].name);
	return 0;
}

static int header_text_check(const char *s, size_t len, unsigned int line, struct repro_error *e)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return header_error(e, line, (unsigned int)i + 1, "this byte (0x%02x) is no text",
					    (unsigned char)s[i]);
	return 0;
}

/* One line of the header that begins with '#'. *key: of the value that may go on, REPRO_KEYS = none. */
static int header_line(struct repro *r, const char *s, size_t len, unsigned int line, enum repro_key *key,
		       struct repro_error *e)
{
	size_t blank = 1;
	int err = header_text_check(s, len, line, e);

	while (blank < len && s[blank] == ' ')
		blank++;
	if (!err && blank >= 3 && blank < len) {
		if (*key == REPRO_KEYS)
			return header_error(e, line, (unsigned int)blank + 1, "this goes on with no value");
		return value_add(&r->value[*key], s + blank, len - blank, line, (unsigned int)blank + 1, e);
	}
	if (!err && *key != REPRO_KEYS)
		err = value_done(r, *key, e);
	*key = REPRO_KEYS;
	if (err || blank >= len)
		return err;
	if (blank != 2)
		return header_error(e, line, 2, "a space is due behind the '#'");
	return header_key(r, s + 2, len - 2, line, key, e);
}

int repro_parse_header(struct repro *r, const char *text, size_t len, struct repro_error *e)
{
	const char *s = text, *end = text + len;
	enum repro_key key = REPRO_KEYS;
	unsigned int line = 1;
	int err = 0;

	for (; s < end && !err; line++) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((newline ? newline : end) - s);

		if (line == 1 && !word_is(s, n, REPRO_FIRST_LINE))
			return header_error(e, 1, 1, "a repro begins with the line '" REPRO_FIRST_LINE "'");
		/* what follows the header's end is the script's: comments there are free */
		if (!n || *s != '#')
			break;
		if (line > 1)
			err = header_line(r, s, n, line, &key, e);
		s = newline ? newline + 1 : end;
	}
	if (line == 1)
		return header_error(e, 1, 1, "a repro begins with the line '" REPRO_FIRST_LINE "'");
	r->script_line = line;
	if (!err && key != REPRO_KEYS)
		err = value_done(r, key, e);
	return err ? err : header_missing(r, line, e);
}
