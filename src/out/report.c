/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building a report: values into the innermost open object or list. Lost memory is remembered, never fatal. */
#include "out/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/utf8.h"
#include "out/render.h"

/* The value that a report_* call is to fill, or NULL where there is none to be had. */
static struct value *report_add(struct report *r, const char *key)
{
	struct value *v;

	if (r->lost)
		return NULL;
	v = value_add(r->open, key ? key : "");
	r->no_memory = r->no_memory || !v;
	return v;
}

void report_str(struct report *r, const char *key, const char *value)
{
	char *copy = NULL;
	struct value *v;

	if (value) {
		copy = utf8_dup(value);
		r->no_memory = r->no_memory || !copy;
	}
	v = report_add(r, key);
	if (!v || !copy) {
		free(copy);
		return;
	}
	v->type = VALUE_STR;
	v->str = copy;
}

void report_num(struct report *r, const char *key, uint64_t value)
{
	struct value *v = report_add(r, key);

	if (!v)
		return;
	v->type = VALUE_NUM;
	v->num = value;
}

void report_hex(struct report *r, const char *key, uint64_t value)
{
	struct value *v = report_add(r, key);

	if (!v)
		return;
	v->type = VALUE_HEX;
	v->num = value;
}

void report_real(struct report *r, const char *key, double value)
{
	struct value *v = report_add(r, key);

	if (!v)
		return;
	v->type = VALUE_REAL;
	v->real = value;
}

void report_bool(struct report *r, const char *key, bool value)
{
	struct value *v = report_add(r, key);

	if (!v)
		return;
	v->type = VALUE_BOOL;
	v->boolean = value;
}

static void report_open_container(struct report *r, const char *key, enum value_type type)
{
	struct value *v = report_add(r, key);

	if (!v) {
		r->lost++;
		return;
	}
	v->type = type;
	v->first = v->last = NULL;
	v->count = 0;
	r->open = v;
}

void report_object(struct report *r, const char *key)
{
	report_open_container(r, key, VALUE_OBJECT);
}

void report_list(struct report *r, const char *key)
{
	report_open_container(r, key, VALUE_LIST);
}

void report_ranges(struct report *r, const char *key)
{
	report_open_container(r, key, VALUE_RANGES);
	if (r->lost)
		return;
	r->open->ranges = NULL;
	r->open->nr_ranges = r->open->room = 0;
}

bool report_range(struct report *r, uint64_t iova, uint64_t length)
{
	/* a list that lost one stays as it is: with millions to come, each would try in vain to make room */
	if (r->no_memory || r->lost || r->open->type != VALUE_RANGES)
		return false;
	r->no_memory = !value_add_range(r->open, iova, length);
	return !r->no_memory;
}

bool report_is_data(const struct report *r)
{
	return r->format == REPORT_JSON;
}

void report_close(struct report *r)
{
	if (r->lost)
		r->lost--;
	else if (r->open->parent)
		r->open = r->open->parent;
}

/* Takes @text, also when it is NULL or cannot be kept. */
static void report_note(struct report *r, struct note_list *list, const char *key, char *text)
{
	struct note *note = text ? calloc(1, sizeof(*note)) : NULL;

	if (note && key) {
		note->key = utf8_dup(key);
		if (!note->key) {
			free(note);
			note = NULL;
		}
	}
	if (!note) {
		r->no_memory = true;
		free(text);
		return;
	}
	note->text = text;
	if (list->last)
		list->last->next = note;
	else
		list->first = note;
	list->last = note;
}

static char *report_format_text(const char *fmt, va_list ap)
{
	char *raw = NULL, *text;

	if (vasprintf(&raw, fmt, ap) < 0)
		return NULL;
	text = utf8_dup(raw);
	free(raw);
	return text;
}

/* One note per line, so that no renderer needs to look for newlines. */
static void report_notes(struct report *r, struct note_list *list, char *text)
{
	char *line, *end;

	for (line = text; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		report_note(r, list, NULL, strdup(line));
	}
}

void report_line(struct report *r, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = report_format_text(fmt, ap);
	va_end(ap);
	r->no_memory = r->no_memory || !text;
	report_notes(r, &r->lines, text);
}

bool report_has_color(const struct report *r)
{
	return r->color && r->format == REPORT_TEXT;
}

void report_picture(struct report *r, const char *line)
{
	const struct note *last = r->lines.last;

	report_note(r, &r->lines, NULL, utf8_dup(line));
	if (r->lines.last != last)
		r->lines.last->raw = report_has_color(r);
}

void report_text_hide(struct report *r, const char *key)
{
	report_note(r, &r->hidden, NULL, utf8_dup(key));
}

void report_checks_hide(struct report *r)
{
	r->checks_hidden = true;
}

void report_check(struct report *r, const char *name, enum result result, const char *why)
{
	struct check *c = calloc(1, sizeof(*c));

	if (result != RESULT_SKIP)
		report_result(r, result);
	if (c) {
		c->name = utf8_dup(name);
		c->why = why ? utf8_dup(why) : NULL;
	}
	if (!c || !c->name || (why && !c->why))
		r->no_memory = true;
	if (!c)
		return;
	c->result = result;
	if (r->last_check)
		r->last_check->next = c;
	else
		r->first_check = c;
	r->last_check = c;
}

void report_evidence(struct report *r, const char *key, const char *fmt, ...)
{
	struct note_list *list = r->last_check ? &r->last_check->evidence : &r->lines;
	va_list ap;

	va_start(ap, fmt);
	report_note(r, list, key, report_format_text(fmt, ap));
	va_end(ap);
}

void report_show(struct report *r, const struct report *part)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);
	bool lost = !to || render_text_body(part, to);

	lost |= to && fclose(to);
	r->no_memory |= lost;
	if (lost || !r->last_check || !length)
		return;
	if (text[length - 1] == '\n')
		text[length - 1] = '\0';
	report_notes(r, &r->last_check->shown, text);
}

void report_take(struct report *r, const char *key, struct report *part)
{
	struct value **at = &part->root.first, *v, *last = NULL;

	report_object(r, key);
	while (!r->lost && (v = *at)) {
		if (report_is_common_key(v->key)) {
			last = v;
			at = &v->next;
			continue;
		}
		*at = v->next;
		part->root.count--;
		v->next = NULL;
		v->parent = r->open;
		if (r->open->last)
			r->open->last->next = v;
		else
			r->open->first = v;
		r->open->last = v;
		r->open->count++;
	}
	part->root.last = last;
	report_close(r);
}

void report_result(struct report *r, enum result result)
{
	r->result = result_worst(r->result, result);
}

enum result report_current(const struct report *r)
{
	return r->result;
}

void report_fail(struct report *r, const struct fail *f)
{
	report_result(r, RESULT_ERROR);
	/* The first failure is the cause; what fails on the way out follows from it. */
	if (!r->fail.err && !r->fail.text[0])
		r->fail = *f;
}

void report_interrupted(struct report *r, int signal)
{
	report_result(r, RESULT_INTERRUPTED);
	r->signal = signal;
}

static void note_list_clear(struct note_list *list)
{
	while (list->first) {
		struct note *note = list->first;

		list->first = note->next;
		free(note->key);
		free(note->text);
		free(note);
	}
	list->last = NULL;
}

void report_init_tree(struct report *r)
{
	memset(r, 0, sizeof(*r));
	r->root.type = VALUE_OBJECT;
	r->open = &r->root;
}

void report_clear(struct report *r)
{
	value_clear(&r->root);
	note_list_clear(&r->lines);
	note_list_clear(&r->hidden);
	while (r->first_check) {
		struct check *c = r->first_check;

		r->first_check = c->next;
		note_list_clear(&c->evidence);
		note_list_clear(&c->shown);
		free(c->name);
		free(c->why);
		free(c);
	}
	if (r->entry)
		report_clear(r->entry);
	free(r->entry);
	report_init_tree(r);
}
