/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recipe's lines and words, with the place of each, and how a mistake is told. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "dev/recipe_parse.h"

int parse_error(struct parser *p, struct place at, const char *fmt, ...)
{
	va_list ap;

	*p->error = (struct recipe_error){.line = at.line, .column = at.column};
	va_start(ap, fmt);
	vsnprintf(p->error->text, sizeof(p->error->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int parse_hint(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error->hint, sizeof(p->error->hint), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool lex_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ASCII alone: what a terminal shows is what is there, comments included. */
static int lex_check_line(struct parser *p)
{
	struct place at = {p->number, 1};

	if (p->n > RECIPE_LINE_MAX) {
		at.column = RECIPE_LINE_MAX + 1;
		return parse_error(p, at, "the line has more than %u bytes", RECIPE_LINE_MAX);
	}
	for (unsigned int i = 0; i < p->n; i++) {
		unsigned char c = (unsigned char)p->line[i];

		at.column = i + 1;
		if (c >= 0x80) {
			parse_error(p, at, "byte 0x%02x is no ASCII", c);
			return parse_hint(p, "a recipe is plain ASCII, its comments too");
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return parse_error(p, at, "byte 0x%02x is no text", c);
	}
	return 0;
}

int parse_next_line(struct parser *p)
{
	while (p->next < p->len) {
		const char *from = p->text + p->next, *end = memchr(from, '\n', p->len - p->next);
		size_t n = end ? (size_t)(end - from) : p->len - p->next;

		p->next += n + (end ? 1 : 0);
		if (n && from[n - 1] == '\r')
			n--;
		p->line = from;
		p->n = (unsigned int)n;
		p->at = 0;
		p->number++;
		if (lex_check_line(p))
			return -EINVAL;
		if (!parse_at_end(p))
			return 1;
	}
	return 0;
}

bool parse_at_end(struct parser *p)
{
	while (p->at < p->n && lex_is_blank(p->line[p->at]))
		p->at++;
	return p->at == p->n || p->line[p->at] == '#';
}

struct place parse_place(struct parser *p)
{
	parse_at_end(p);
	return (struct place){p->number, p->at + 1};
}

int parse_word(struct parser *p, struct word *w, const char *what)
{
	unsigned int n = 0;

	w->place = parse_place(p);
	if (parse_at_end(p))
		return parse_error(p, w->place, "%s is missing", what);
	while (p->at < p->n && !lex_is_blank(p->line[p->at]) && p->line[p->at] != '#')
		w->text[n++] = p->line[p->at++];
	w->text[n] = '\0';
	return 0;
}

int parse_done(struct parser *p)
{
	struct word w;

	if (parse_at_end(p))
		return 0;
	parse_word(p, &w, "");
	return parse_error(p, w.place, "the line ends before '%.40s'", w.text);
}

int parse_string(struct parser *p, char *to, size_t size)
{
	struct place at = parse_place(p);
	unsigned int n = 0;

	if (p->at == p->n || p->line[p->at] != '"')
		return parse_error(p, at, "a text in \"quotes\" is missing");
	for (p->at++; p->at < p->n && p->line[p->at] != '"'; p->at++) {
		if (n + 1 == size)
			return parse_error(p, at, "the text has more than %zu bytes", size - 1);
		if (p->line[p->at] == '\t')
			return parse_error(p, (struct place){p->number, p->at + 1}, "a text has no tabs");
		to[n++] = p->line[p->at];
	}
	to[n] = '\0';
	if (p->at++ == p->n)
		return parse_error(p, at, "the quote is not closed");
	return n ? 0 : parse_error(p, at, "the text is empty");
}

int parse_number(struct parser *p, const char *what, uint64_t min, uint64_t max, uint64_t *value)
{
	struct word w;
	int ret;

	if (parse_word(p, &w, what))
		return -EINVAL;
	ret = num_parse_size(w.text, value);
	if (ret == -EINVAL) {
		parse_error(p, w.place, "'%.40s' is no number", w.text);
		return parse_hint(p, "decimal or 0x hex, with K, M, G or T where wanted");
	}
	if (ret || *value < min || *value > max)
		return parse_error(p, w.place, "%s is %" PRIu64 " to %" PRIu64 ", not %.40s", what, min, max, w.text);
	return 0;
}

int parse_duration(struct parser *p, uint64_t *ns)
{
	struct word w;
	int ret;

	if (parse_word(p, &w, "a duration"))
		return -EINVAL;
	ret = num_parse_duration(w.text, ns);
	if (ret == -EINVAL) {
		parse_error(p, w.place, "'%.40s' is no duration", w.text);
		return parse_hint(p, "10us, 500ms, 2s");
	}
	if (ret || !*ns || *ns > RECIPE_PATIENCE_MAX)
		return parse_error(p, w.place, "a duration is 1us to 60s, not %.40s", w.text);
	return 0;
}

static bool lex_is_name(const char *s)
{
	if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", *s))
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] == '\0';
}

int parse_name(struct parser *p, struct word *w, const char *what)
{
	if (parse_word(p, w, what))
		return -EINVAL;
	if (!lex_is_name(w->text)) {
		parse_error(p, w->place, "'%.40s' is no name", w->text);
		return parse_hint(p, "a letter or _, then letters, digits and _");
	}
	if (strlen(w->text) >= RECIPE_NAME_MAX)
		return parse_error(p, w->place, "the name has more than %d characters", RECIPE_NAME_MAX - 1);
	if (parse_find_variable(p, w->text) >= 0)
		return parse_error(p, w->place, "'%s' has a meaning already", w->text);
	return 0;
}
