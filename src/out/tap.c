/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report as TAP version 14, of the kind that KTAP parsers read too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "out/render.h"

/* In a description '#' would begin a directive, and '\' escapes; a line break would end the test point. */
static void tap_description(FILE *to, const char *s)
{
	size_t unsafe;

	for (; *s; s += MAX(unsafe, (size_t)1)) {
		unsafe = utf8_unsafe(s);
		if (*s == '#' || *s == '\\')
			fputc('\\', to);
		fputc(unsafe ? ' ' : *s, to);
	}
}

/* What utf8_unsafe() found at @s, by its code point. */
static void tap_escape(FILE *to, const char *s, size_t unsafe)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned int code = u[0];

	if (unsafe == 2)
		code = (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
	else if (unsafe == 3)
		code = (u[0] & 0xfu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
	fprintf(to, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
}

/* YAML's double-quoted form: the one in which every string can be written on one line. */
static void tap_quoted(FILE *to, const char *s)
{
	size_t unsafe;

	fputc('"', to);
	for (; *s; s += MAX(unsafe, (size_t)1)) {
		unsafe = utf8_unsafe(s);
		if (*s == '"' || *s == '\\')
			fprintf(to, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", to);
		else if (unsafe)
			tap_escape(to, s, unsafe);
		else
			fputc(*s, to);
	}
	fputc('"', to);
}

static void tap_key(FILE *to, const char *key)
{
	fputs("  ", to);
	/* A key that is a plain word needs no quotes. */
	if (key[0] && key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0')
		fputs(key, to);
	else
		tap_quoted(to, key);
	fputc(':', to);
}

static void tap_pair(FILE *to, const char *key, const char *value)
{
	tap_key(to, key);
	fputc(' ', to);
	tap_quoted(to, value);
	fputc('\n', to);
}

static const char *tap_note_key(const struct note *note)
{
	return note->key ? note->key : "note";
}

/* The next from @note on, up to @end, that has this key; NULL: none. */
static const struct note *tap_find(const struct note *note, const struct note *end, const char *key)
{
	while (note != end && strcmp(tap_note_key(note), key) != 0)
		note = note->next;
	return note == end ? NULL : note;
}

/* A key stands once in a YAML mapping: what has it again is a list at its first place. */
static void tap_evidence(FILE *to, const struct note_list *list)
{
	for (const struct note *note = list->first; note; note = note->next) {
		const char *key = tap_note_key(note);

		if (tap_find(list->first, note, key))
			continue;
		if (!tap_find(note->next, NULL, key)) {
			tap_pair(to, key, note->text);
			continue;
		}
		tap_key(to, key);
		fputc('\n', to);
		for (const struct note *one = note; one; one = tap_find(one->next, NULL, key)) {
			fputs("    - ", to);
			tap_quoted(to, one->text);
			fputc('\n', to);
		}
	}
}

struct tap_point {
	unsigned number;
	const char *name, *why; /* why may be NULL */
	enum result result;
	const struct note_list *evidence, *shown;
	const char *hint; /* "" or NULL: none */
};

static void tap_diagnostics(FILE *to, const struct tap_point *p)
{
	bool passed = p->result == RESULT_PASS || p->result == RESULT_SKIP;

	if (passed && !p->evidence->first)
		return;
	fputs("  ---\n", to);
	if (!passed) {
		tap_pair(to, "message", p->why ? p->why : "no reason was given");
		tap_pair(to, "severity", result_name(p->result));
		if (p->hint && p->hint[0])
			tap_pair(to, "hint", p->hint);
	}
	tap_evidence(to, p->evidence);
	fputs("  ...\n", to);
}

static void tap_point(FILE *to, const struct tap_point *p)
{
	bool passed = p->result == RESULT_PASS || p->result == RESULT_SKIP;

	fprintf(to, "%s %u - ", passed ? "ok" : "not ok", p->number);
	tap_description(to, p->name);
	if (p->result == RESULT_SKIP) {
		fputs(" # SKIP", to);
		if (p->why) {
			fputc(' ', to);
			utf8_print(to, p->why);
		}
	}
	fputc('\n', to);
	tap_diagnostics(to, p);
	for (const struct note *note = p->shown->first; note; note = note->next) {
		fputs("# ", to);
		utf8_print(to, note->text);
		fputc('\n', to);
	}
}

/* The run itself is a test point where there are no checks, and where it went wrong in a way that no check tells. */
static bool tap_has_run_point(const struct report *r)
{
	enum result worst = RESULT_PASS;

	for (const struct check *c = r->first_check; c; c = c->next)
		worst = result_worst(worst, c->result);
	if (!r->first_check || r->fail.err || r->fail.text[0] || r->signal)
		return true;
	return r->result != RESULT_SKIP && result_worst(worst, r->result) != worst;
}

static int tap_run_point(const struct report *r, unsigned number, FILE *to)
{
	static const struct note_list nothing;
	struct tap_point point = {
		.number = number,
		.name = report_common(r, "command"),
		.result = r->result,
		.evidence = &nothing,
		.shown = &nothing,
	};
	char why[sizeof(r->fail.text) + 64] = "";
	CLEANUP_FREE char *clean = NULL, *hint = utf8_dup(r->fail.hint);

	if (r->fail.err || r->fail.text[0]) {
		/* Beside a failed check the result says fail; this point is about the error. */
		point.result = r->first_check && r->result == RESULT_FAIL ? RESULT_ERROR : r->result;
		snprintf(why, sizeof(why), "%s%s%s", r->fail.text, r->fail.text[0] && r->fail.err ? ": " : "",
			 r->fail.err ? strerror(r->fail.err) : "");
	} else if (r->signal) {
		snprintf(why, sizeof(why), "interrupted by signal %d (%s)", r->signal, strsignal(r->signal));
	} else if (r->no_memory) {
		snprintf(why, sizeof(why), "out of memory, the result is incomplete");
	}
	/* A failure's text has its own length, and may end in half a character. */
	clean = utf8_dup(why);
	if (!clean || !hint)
		return -ENOMEM;
	point.why = clean[0] ? clean : NULL;
	point.hint = hint;
	tap_point(to, &point);
	return 0;
}

/* What people would read above the checks: as comments. */
static void tap_comments(const struct report *r, FILE *to)
{
	fprintf(to, "# " PACKAGE_NAME " %s %s (kernel %s, seed %s)\n", report_common(r, "version"),
		report_common(r, "command"), report_common(r, "kernel"), report_common(r, "seed"));
	for (const struct note *note = r->lines.first; note; note = note->next) {
		fputs("# ", to);
		if (note->key) {
			utf8_print(to, note->key);
			fputs(": ", to);
		}
		utf8_print(to, note->text);
		fputc('\n', to);
	}
	for (const struct value *v = r->root.first; v; v = v->next) {
		if (value_is_container(v) || report_is_common_key(v->key) || report_is_hidden(r, v->key))
			continue;
		fputs("# ", to);
		utf8_print(to, v->key);
		fputs(": ", to);
		value_print(to, v);
		fputc('\n', to);
	}
}

/*
 * prove before Test::Harness 3.48 refuses version 14 and names itself in HARNESS_VERSION. What is written here is valid as
 * version 13 too.
 */
static unsigned int tap_version(void)
{
	const char *harness = getenv("HARNESS_VERSION");
	unsigned int major, minor;

	if (harness && sscanf(harness, "%u.%u", &major, &minor) == 2 && (major < 3 || (major == 3 && minor < 48)))
		return 13;
	return 14;
}

int render_tap(const struct report *r, FILE *to)
{
	bool has_run_point = tap_has_run_point(r);
	unsigned number = 0, planned = has_run_point;

	for (const struct check *c = r->first_check; c; c = c->next)
		planned++;
	fprintf(to, "TAP version %u\n1..%u\n", tap_version(), planned);
	tap_comments(r, to);
	for (const struct check *c = r->first_check; c; c = c->next) {
		struct tap_point point = {
			.number = ++number,
			.name = c->name ? c->name : "-",
			.why = c->why,
			.result = c->result,
			.evidence = &c->evidence,
			.shown = &c->shown,
		};

		tap_point(to, &point);
	}
	return has_run_point ? tap_run_point(r, ++number, to) : 0;
}
