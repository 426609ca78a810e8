/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading scripts and stepping through them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/script.h"
#include "core/session/session.h"

#define SCRIPT_WORDS_MAX 64
#define SCRIPT_DEPTH_MAX 8
#define SCRIPT_LINE_MAX 65536u
#define SCRIPT_LINES_MAX 1000000u
#define SCRIPT_ERRNO_MAX 134

const char *script_errno_name(int err)
{
	const char *name = err ? strerrorname_np(err) : NULL;

	return name ? name : "";
}

static int script_errno_value(const char *name)
{
	for (int err = 1; err < SCRIPT_ERRNO_MAX; err++)
		if (!strcmp(script_errno_name(err), name))
			return err;
	return 0;
}

/* Split in place; quotes group, nothing is escaped. 0, -EINVAL for an open quote, -E2BIG for too many words. */
static int script_split(char *p, char **words, int *count)
{
	*count = 0;
	while (*p) {
		char *to;

		while (isspace((unsigned char)*p))
			p++;
		if (!*p || *p == '#')
			break;
		if (*count == SCRIPT_WORDS_MAX)
			return -E2BIG;
		words[(*count)++] = to = p;
		while (*p && !isspace((unsigned char)*p)) {
			if (*p == '\'' || *p == '"') {
				char quote = *p++;

				while (*p && *p != quote)
					*to++ = *p++;
				if (!*p++)
					return -EINVAL;
			} else {
				*to++ = *p++;
			}
		}
		if (*p)
			p++;
		*to = '\0';
	}
	return 0;
}

static int line_bang(struct script_line *line, struct fail *f, const char *path)
{
	const char *name = line->argv[0] + 1;

	line->negated = true;
	if (*name && isupper((unsigned char)*name)) {
		line->want_err = script_errno_value(name);
		if (!line->want_err)
			return fail_usage(f, EINVAL, "%s:%u: '%s' is no error name", path, line->number, name);
		name = "";
	}
	if (*name) {
		line->argv[0]++; /* "!map ...": the bang stands before the word */
		return 0;
	}
	line->argv++;
	line->argc--;
	return line->argc ? 0 : fail_usage(f, EINVAL, "%s:%u: '!' without a command", path, line->number);
}

static int line_kind(struct script_line *line, struct fail *f, const char *path)
{
	if (!strcmp(line->argv[0], "end")) {
		line->kind = SCRIPT_END;
		if (line->argc != 1)
			return fail_usage(f, EINVAL, "%s:%u: 'end' stands alone", path, line->number);
	} else if (!strcmp(line->argv[0], "repeat")) {
		line->kind = SCRIPT_REPEAT;
		if (line->argc != 2 || num_parse_u64(line->argv[1], &line->repeat))
			return fail_usage(f, EINVAL, "%s:%u: 'repeat' takes one number", path, line->number);
	} else if (line->argv[0][0] == '!') {
		return line_bang(line, f, path);
	}
	return 0;
}

static int script_add(struct script *script, const char *text, unsigned int number, struct fail *f)
{
	char *words[SCRIPT_WORDS_MAX + 1];
	struct script_line *line, *grown;
	char *copy = strdup(text);
	int count = 0, err = copy ? script_split(copy, words, &count) : -ENOMEM;

	if (err || !count) {
		free(copy);
		if (err == -EINVAL)
			return fail_usage(f, EINVAL, "%s:%u: a quote is not closed", script->path, number);
		if (err == -E2BIG)
			return fail_usage(f, EINVAL, "%s:%u: more than %u words", script->path, number,
					  SCRIPT_WORDS_MAX);
		return err ? fail_set(f, ENOMEM, "cannot read %s", script->path) : 0;
	}
	grown = reallocarray(script->lines, script->nr + 1, sizeof(*line));
	if (!grown) {
		free(copy);
		return fail_set(f, ENOMEM, "cannot read %s", script->path);
	}
	script->lines = grown;
	line = &grown[script->nr++];
	*line = (struct script_line){.number = number, .words = copy, .argc = count};
	line->indent = (unsigned int)strspn(text, " \t");
	line->text = strdup(text + line->indent);
	/* argp wants a vector it may permute, ended by NULL; kept apart so that argv can be advanced past a '!' */
	line->argv = line->vector = calloc((size_t)count + 1, sizeof(*line->argv));
	if (!line->text || !line->argv)
		return fail_set(f, ENOMEM, "cannot read %s", script->path);
	memcpy(line->argv, words, (size_t)count * sizeof(*words));
	for (int i = 0; i < count; i++)
		line->id = rng_draw(line->id, (uint64_t)i, rng_place(words[i]));
	return line_kind(line, f, script->path);
}

static int script_match(struct script *script, struct fail *f)
{
	unsigned int open[SCRIPT_DEPTH_MAX], depth = 0;

	for (unsigned int i = 0; i < script->nr; i++) {
		struct script_line *line = &script->lines[i];

		if (line->kind == SCRIPT_REPEAT) {
			if (depth == SCRIPT_DEPTH_MAX)
				return fail_usage(f, EINVAL, "%s:%u: more than %u nested repeats", script->path,
						  line->number, SCRIPT_DEPTH_MAX);
			open[depth++] = i;
		} else if (line->kind == SCRIPT_END) {
			if (!depth)
				return fail_usage(f, EINVAL, "%s:%u: 'end' without 'repeat'", script->path,
						  line->number);
			line->match = open[--depth];
			script->lines[line->match].match = i;
		}
	}
	if (depth)
		return fail_usage(f, EINVAL, "%s:%u: 'repeat' without 'end'", script->path,
				  script->lines[open[depth - 1]].number);
	return 0;
}

/* "# danger: crash" anywhere in the file; none is the same as not saying it. */
static void script_danger(struct script *script, const char *text)
{
	char word[sizeof(script->danger)];

	if (sscanf(text, " # danger: %15s", word) == 1 && strcmp(word, "none"))
		snprintf(script->danger, sizeof(script->danger), "%s", word);
}

static int script_by_id(const void *a, const void *b)
{
	const struct script_line *x = *(struct script_line *const *)a, *y = *(struct script_line *const *)b;

	return x->id != y->id ? (x->id < y->id ? -1 : 1) : x < y ? -1 : 1;
}

/* Lines of the same words are told apart by their order. */
static int script_number_twins(struct script *script, struct fail *f)
{
	CLEANUP_FREE struct script_line **sorted = calloc((size_t)script->nr + 1, sizeof(struct script_line *));
	uint64_t last = 0, twin = 0;

	if (!sorted)
		return fail_set(f, ENOMEM, "cannot read %s", script->path);
	for (unsigned int i = 0; i < script->nr; i++)
		sorted[i] = &script->lines[i];
	qsort(sorted, script->nr, sizeof(struct script_line *), script_by_id);
	for (unsigned int i = 0; i < script->nr; i++) {
		twin = i && sorted[i]->id == last ? twin + 1 : 0;
		last = sorted[i]->id;
		sorted[i]->id = rng_draw(last, twin, rng_place("twin"));
	}
	return 0;
}

/* Text lines only: -EINVAL where a NUL would hide the rest of one. */
/*
 * One line of at most @size - 1 bytes, without its end. 1 read, 0 at the end of the file, -EINVAL not text or too long,
 * -EIO or what the read said. Bounded, so that a device file or a disk image is refused early.
 */
static int script_line_read(FILE *from, char *text, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = getc(from)) != EOF && c != '\n') {
		if (!c || n + 1 == size)
			return -EINVAL;
		text[n++] = (char)c;
	}
	if (c == EOF && ferror(from))
		return errno ? -errno : -EIO;
	if (n && text[n - 1] == '\r')
		n--;
	text[n] = '\0';
	return c != EOF || n;
}

static int script_read(struct script *script, FILE *from, struct fail *f)
{
	CLEANUP_FREE char *text = malloc(SCRIPT_LINE_MAX);
	unsigned int number = 0;
	int got, err = text ? 0 : fail_set(f, ENOMEM, "cannot read script %s", script->path);

	errno = 0;
	while (!err && (got = script_line_read(from, text, SCRIPT_LINE_MAX))) {
		number++;
		if (got == -EINVAL)
			return fail_usage(f, EINVAL, "%s:%u: this is no text, or longer than %u bytes", script->path,
					  number, SCRIPT_LINE_MAX - 1);
		if (got < 0)
			return fail_set(f, got, "cannot read script %s", script->path);
		if (number > SCRIPT_LINES_MAX)
			return fail_usage(f, EINVAL, "%s: more than %u lines", script->path, SCRIPT_LINES_MAX);
		script_danger(script, text);
		err = script_add(script, text, number, f);
		errno = 0;
	}
	return err;
}

static int script_begin(struct script **out, const char *path, struct fail *f)
{
	*out = calloc(1, sizeof(**out));
	if (*out)
		(*out)->path = strdup(path);
	if (*out && (*out)->path)
		return 0;
	free(*out);
	return fail_set(f, ENOMEM, "cannot read script %s", path);
}

/* All lines are there. @err: what came of reading them. */
static int script_end(struct script **out, struct script *script, int err, struct fail *f)
{
	if (!err)
		err = script_match(script, f);
	if (!err)
		err = script_number_twins(script, f);
	if (err)
		script_free(script);
	else
		*out = script;
	return err;
}

int script_load(struct script **out, const char *path, struct fail *f)
{
	FILE *from = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct script *script;
	int err;

	if (!from)
		return fail_set(f, errno, "cannot read script %s", path);
	err = script_begin(&script, from == stdin ? "stdin" : path, f);
	if (!err)
		err = script_end(out, script, script_read(script, from, f), f);
	if (from != stdin)
		fclose(from);
	return err;
}

int script_parse(struct script **out, const char *path, char *const *lines, unsigned int nr, struct fail *f)
{
	struct script *script;
	int err = script_begin(&script, path, f);

	if (err)
		return err;
	for (unsigned int i = 0; i < nr && !err; i++) {
		script_danger(script, lines[i]);
		err = script_add(script, lines[i], i + 1, f);
	}
	return script_end(out, script, err, f);
}

void script_free(struct script *script)
{
	if (!script)
		return;
	for (unsigned int i = 0; i < script->nr; i++) {
		struct script_line *line = &script->lines[i];

		free(line->vector);
		free(line->words);
		free(line->text);
	}
	free(script->lines);
	free(script->path);
	free(script);
}

/* What was due of a line with '!', and what came instead. */
static void script_not_due(const struct script_line *line, struct script_outcome *out)
{
	const char *due = line->want_err ? script_errno_name(line->want_err) : "a failure";
	char found[160];

	if (out->err)
		snprintf(found, sizeof(found), "not %s", script_errno_name(out->err));
	else if (out->result == RESULT_FAIL)
		snprintf(found, sizeof(found), "not %.150s", out->detail[0] ? out->detail : "a failure");
	else
		snprintf(found, sizeof(found), "but it succeeded");
	snprintf(out->detail, sizeof(out->detail), "%s was due, %s", due, found);
}

/* A line with '!' must fail, and in the way it names. */
static void script_judge(const struct script_line *line, struct script_outcome *out)
{
	if (!line->negated || out->result == RESULT_USAGE || out->lost)
		return;
	/* what nobody here can do shows nothing */
	if (out->result == RESULT_SKIP && (!line->want_err || out->err != line->want_err))
		return;
	/* a check that found something has failed too; an error's name asks for an op that could not be done */
	if (out->err ? !line->want_err || out->err == line->want_err : !line->want_err && out->result == RESULT_FAIL) {
		out->result = RESULT_PASS;
		return;
	}
	script_not_due(line, out);
	out->result = RESULT_FAIL;
}

/* True when nothing may follow. */
static bool script_step(struct script_line *line, uint64_t op, script_exec exec, void *ctx, bool keep_going,
			enum result *worst)
{
	struct script_outcome out = {.result = RESULT_PASS};

	exec(ctx, line, op, &out);
	script_judge(line, &out);
	/* of many runs the first bad one is kept */
	if (!line->runs++ || line->outcome.result == RESULT_PASS)
		line->outcome = out;
	line->injected += out.injected;
	if (!line->injected_err)
		line->injected_err = out.injected_err;
	*worst = result_worst(*worst, out.result);
	return out.lost || out.result == RESULT_ERROR || out.result == RESULT_USAGE ||
	       (out.result == RESULT_FAIL && !keep_going);
}

enum result script_run(struct script *script, bool keep_going, script_exec exec, void *ctx)
{
	uint64_t left[SCRIPT_DEPTH_MAX + 1];
	enum result worst = RESULT_PASS;
	unsigned int depth = 0;

	for (unsigned int i = 0; i < script->nr && !session_signal; i++) {
		struct script_line *line = &script->lines[i];

		switch (line->kind) {
		case SCRIPT_REPEAT:
			if (!line->repeat)
				i = line->match;
			else
				left[depth++] = line->repeat;
			break;
		case SCRIPT_END:
			if (--left[depth - 1])
				i = line->match; /* the loop's i++ goes on behind the repeat */
			else
				depth--;
			break;
		default:
			if (script_step(line, rng_draw(line->id, line->runs, rng_place("run")), exec, ctx, keep_going,
					&worst))
				return worst;
		}
	}
	return worst;
}
