/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A repro's file: its header, its script, and that the rules of the one speak of lines of the other. */
#include "core/repro/repro.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *repro_verdict_name(enum repro_verdict verdict)
{
	static const char *const names[] = {"not-affected", "affected", "not-applicable", "skipped", "error"};

	return (unsigned int)verdict < ARRAY_SIZE(names) ? names[verdict] : "?";
}

enum result repro_verdict_result(enum repro_verdict verdict)
{
	switch (verdict) {
	case REPRO_NOT_AFFECTED:
		return RESULT_PASS;
	case REPRO_AFFECTED_BY_IT:
		return RESULT_FAIL;
	case REPRO_NOT_APPLICABLE:
	case REPRO_SKIPPED:
		return RESULT_SKIP;
	default:
		return RESULT_ERROR;
	}
}

void repro_free(struct repro *r)
{
	if (!r)
		return;
	for (int key = 0; key < REPRO_KEYS; key++)
		free(r->value[key].text);
	script_free(r->script);
	free(r->name);
	free(r->path);
	free(r);
}

int repro_label(const char *text, char *label, size_t size, unsigned int *column)
{
	const char *mark = strstr(text, "#@"), *s;
	size_t len = 0;

	*label = '\0';
	*column = 0;
	if (!mark)
		return 0;
	s = mark + 2;
	*column = (unsigned int)(s - text) + 1;
	while (islower((unsigned char)s[len]) || isdigit((unsigned char)s[len]) || s[len] == '-')
		len++;
	if (!len || len >= size || s[len + strspn(s + len, " \t")])
		return -EINVAL;
	snprintf(label, size, "%.*s", (int)len, s);
	return 0;
}

bool repro_complaint_next(const char **at, char *part, size_t size)
{
	const char *end = strstr(*at, " | "), *from = *at;
	size_t len = end ? (size_t)(end - from) : strlen(from);

	*at = end ? end + 3 : NULL;
	if (len < 3 || len >= size)
		return false;
	snprintf(part, size, "%.*s", (int)len, from);
	return true;
}

static bool repro_has_line(const struct repro *r, const char *label)
{
	char at[sizeof(r->rule[0].label)];
	unsigned int column;

	for (unsigned int i = 0; i < r->script->nr; i++)
		if (!repro_label(r->script->lines[i].text, at, sizeof(at), &column) && !strcmp(at, label))
			return true;
	return false;
}

static bool repro_has_rule(const struct repro *r, const char *label)
{
	for (unsigned int i = 0; i < r->nr_rules; i++)
		if (!strcmp(r->rule[i].label, label))
			return true;
	return false;
}

int repro_check_labels(const struct repro *r, struct repro_error *e)
{
	char label[sizeof(r->rule[0].label)];
	unsigned int column;

	for (unsigned int i = 0; i < r->nr_rules; i++) {
		if (repro_has_line(r, r->rule[i].label) || !strcmp(r->rule[i].label, REPRO_PINNED))
			continue;
		*e = (struct repro_error){.line = r->rule[i].line, .column = r->rule[i].column};
		snprintf(e->text, sizeof(e->text), "no line of the script has the label '%s'", r->rule[i].label);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < r->script->nr; i++) {
		const struct script_line *line = &r->script->lines[i];
		int err = repro_label(line->text, label, sizeof(label), &column);

		if (!err && (!label[0] || (line->kind == SCRIPT_OP && repro_has_rule(r, label))))
			continue;
		*e = (struct repro_error){.line = line->number, .column = line->indent + column};
		if (err)
			snprintf(e->text, sizeof(e->text),
				 "a label is lower case letters, digits and '-', and ends the line");
		else if (line->kind != SCRIPT_OP)
			snprintf(e->text, sizeof(e->text), "'%s' has no outcome that a rule could be about",
				 line->argv[0]);
		else
			snprintf(e->text, sizeof(e->text), "no rule is about the label '%s'", label);
		return -EINVAL;
	}
	return 0;
}

/* As much as there may be and one byte more, by which it is seen to be too long. A device or pipe is not opened. */
static int repro_read(const char *path, char *text, size_t *len)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	ssize_t got;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	for (*len = 0; *len <= REPRO_FILE_MAX; *len += (size_t)got) {
		got = read(fd, text + *len, REPRO_FILE_MAX + 1 - *len);
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
	}
	return -EFBIG;
}

static int repro_broken(const char *path, const struct repro_error *e, struct fail *f)
{
	fail_usage(f, EINVAL, "%.120s:%u:%u: %s", path, e->line, e->column, e->text);
	if (e->hint[0])
		fail_hint(f, "%s", e->hint);
	f->complete = true;
	return -EINVAL;
}

/* The file's name without folder and ending. */
static char *repro_name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 6 && !strcmp(name + len - 6, ".iommu"))
		len -= 6;
	return strndup(name, len);
}

static int repro_load_into(struct repro *r, const char *path, struct fail *f)
{
	CLEANUP_FREE char *text = malloc(REPRO_FILE_MAX + 1);
	struct repro_error e = {0};
	size_t len = 0;
	int err = text ? repro_read(path, text, &len) : -ENOMEM;

	if (err == -EINVAL)
		return fail_complete(f, EINVAL, "%s is no file", path);
	if (!err) {
		r->path = strdup(path);
		r->name = repro_name_of(path);
		err = r->path && r->name ? repro_parse_header(r, text, len, &e) : -ENOMEM;
	}
	if (e.line)
		return repro_broken(path, &e, f);
	if (err)
		return fail_set(f, err, "cannot read the repro %s", path);
	err = script_load(&r->script, path, f);
	if (err)
		return err;
	err = repro_check_labels(r, &e);
	return err ? repro_broken(path, &e, f) : 0;
}

int repro_load(struct repro **out, const char *path, struct fail *f)
{
	struct repro *r = calloc(1, sizeof(*r));
	int err = r ? repro_load_into(r, path, f) : fail_set(f, ENOMEM, "cannot read the repro %s", path);

	if (err) {
		repro_free(r);
		return err;
	}
	*out = r;
	return 0;
}
