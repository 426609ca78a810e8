/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report for people: lines, aligned values, tables, checks, and the verdict. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "out/render.h"
#include "out/table.h"

#define TEXT_RESET "\033[0m"

static const struct {
	const char *word; /* before a check */
	const char *color;
} text_styles[] = {
	[RESULT_PASS] = {"ok", "\033[32m"},
	[RESULT_SKIP] = {"skip", "\033[33m"},
	[RESULT_ERROR] = {"error", "\033[31m"},
	[RESULT_FAIL] = {"FAIL", "\033[31m"},
	[RESULT_INTERRUPTED] = {"interrupted", "\033[33m"},
	[RESULT_USAGE] = {"error", "\033[31m"},
};

static void text_colored(const struct report *r, FILE *to, enum result result, const char *word)
{
	if (r->color)
		fprintf(to, "%s%s%s", text_styles[result].color, word, TEXT_RESET);
	else
		fputs(word, to);
}

static void text_notes(const struct note_list *list, const char *indent, FILE *to)
{
	for (const struct note *note = list->first; note; note = note->next) {
		fputs(indent, to);
		if (note->key) {
			utf8_print(to, note->key);
			fputs(": ", to);
		}
		if (note->raw)
			fputs(note->text, to);
		else
			utf8_print(to, note->text);
		fputc('\n', to);
	}
}

static bool text_is_shown(const struct report *r, const struct value *v)
{
	bool top = v->parent == &r->root;

	return !value_is_empty(v) && !(top && (report_is_common_key(v->key) || report_is_hidden(r, v->key)));
}

/* Takes more than a line of its own: a table, or an object's indented members. */
static bool text_is_block(const struct value *v)
{
	return v->type == VALUE_OBJECT || table_fits(v);
}

static void text_indent(FILE *to, unsigned depth)
{
	fprintf(to, "%*s", (int)(2 * depth), "");
}

static void text_pairs(const struct report *r, const struct value *object, unsigned depth, FILE *to)
{
	size_t width = 0;

	for (const struct value *v = object->first; v; v = v->next)
		if (text_is_shown(r, v) && !text_is_block(v))
			width = MAX(width, utf8_width(v->key));
	for (const struct value *v = object->first; v; v = v->next) {
		if (!text_is_shown(r, v) || text_is_block(v))
			continue;
		text_indent(to, depth);
		utf8_print(to, v->key);
		fprintf(to, "%*s", (int)(width - utf8_width(v->key) + 2), "");
		value_print(to, v);
		fputc('\n', to);
	}
}

/* First what fits on lines, then the blocks, each under its key. */
static int text_object(const struct report *r, const struct value *object, unsigned depth, FILE *to)
{
	int ret = 0;

	text_pairs(r, object, depth, to);
	for (const struct value *v = object->first; v && !ret; v = v->next) {
		if (!text_is_shown(r, v) || !text_is_block(v))
			continue;
		text_indent(to, depth);
		utf8_print(to, v->key);
		fputs(":\n", to);
		ret = v->type == VALUE_OBJECT ? text_object(r, v, depth + 1, to) : table_print(v, 2 * depth + 2, to);
	}
	return ret;
}

static void text_check(const struct report *r, const struct check *c, FILE *to)
{
	const char *word = text_styles[c->result].word;

	text_colored(r, to, c->result, word);
	fprintf(to, "%*s", (int)(strlen(word) < 6 ? 6 - strlen(word) : 1), "");
	utf8_print(to, c->name ? c->name : "-");
	if (c->why) {
		fputs(": ", to);
		utf8_print(to, c->why);
	}
	fputc('\n', to);
	if (c->result != RESULT_PASS && c->result != RESULT_SKIP)
		text_notes(&c->evidence, "        ", to);
	text_notes(&c->shown, "        ", to);
}

static void text_verdict(const struct report *r, FILE *to)
{
	char word[16];
	size_t i = 0;

	for (const char *name = result_name(r->result); *name && i + 1 < sizeof(word); name++)
		word[i++] = (char)toupper((unsigned char)*name);
	word[i] = '\0';
	fprintf(to, "%s: ", report_common(r, "command"));
	text_colored(r, to, r->result, word);
	fputc('\n', to);
}

int render_text_body(const struct report *r, FILE *to)
{
	text_notes(&r->lines, "", to);
	return text_object(r, &r->root, 0, to);
}

void render_banner(const struct report *r, FILE *to)
{
	fprintf(to, PACKAGE_NAME " %s %s (kernel %s, seed %s)\n", report_common(r, "version"),
		report_common(r, "command"), report_common(r, "kernel"), report_common(r, "seed"));
}

int render_text(const struct report *r, FILE *to)
{
	int ret;

	/* a stream began with it */
	if (!r->entry)
		render_banner(r, to);
	ret = render_text_body(r, to);
	if (ret)
		return ret;
	for (const struct check *c = r->first_check; c && !r->checks_hidden; c = c->next)
		text_check(r, c, to);
	text_verdict(r, to);
	return 0;
}
