/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mixes of stress: how often each kind of operation comes, those with a name and those from a file. */
#include "core/stress/mix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define MIX_WEIGHT_MAX 1000000u
#define MIX_FILE_MAX 65536u

/* A fork takes as long as a hundred other operations: in `all` it has the lowest of weights. */
const struct stress_mix stress_mixes[] = {
	{"churn",
	 {[STRESS_MAP] = 20,
	  [STRESS_UNMAP] = 16,
	  [STRESS_UNMAP_RANGE] = 4,
	  [STRESS_UNMAP_ALL] = 1,
	  [STRESS_REMAP] = 10,
	  [STRESS_BAD_MAP] = 4,
	  [STRESS_BAD_UNMAP] = 3,
	  [STRESS_FILL] = 8,
	  [STRESS_CHECK] = 4,
	  [STRESS_DMA] = 24,
	  [STRESS_DMA_DENIED] = 2,
	  [STRESS_FLIGHT] = 1,
	  [STRESS_COLLIDE] = 4}},
	{"edges",
	 {[STRESS_MAP] = 16,
	  [STRESS_MAP_FILE] = 2,
	  [STRESS_UNMAP] = 8,
	  [STRESS_UNMAP_RANGE] = 16,
	  [STRESS_UNMAP_ALL] = 2,
	  [STRESS_BAD_MAP] = 20,
	  [STRESS_BAD_UNMAP] = 16,
	  [STRESS_COPY] = 2,
	  [STRESS_CHECK] = 2,
	  [STRESS_DMA] = 6,
	  [STRESS_DMA_DENIED] = 4,
	  [STRESS_LIMIT] = 2,
	  [STRESS_CHOOSE] = 2,
	  [STRESS_COLLIDE] = 6}},
	{"dirty",
	 {[STRESS_MAP] = 16,
	  [STRESS_UNMAP] = 8,
	  [STRESS_UNMAP_RANGE] = 2,
	  [STRESS_REMAP] = 4,
	  [STRESS_FILL] = 4,
	  [STRESS_CHECK] = 2,
	  [STRESS_DMA] = 30,
	  [STRESS_FLIGHT] = 1,
	  [STRESS_COLLIDE] = 2,
	  [STRESS_DIRTY_START] = 4,
	  [STRESS_DIRTY_STOP] = 1,
	  [STRESS_DIRTY_READ] = 6,
	  [STRESS_DIRTY_CLEAR] = 12,
	  [STRESS_DIRTY_UNMAP] = 8}},
	{"huge",
	 {[STRESS_MAP] = 20,
	  [STRESS_MAP_FILE] = 4,
	  [STRESS_UNMAP] = 14,
	  [STRESS_UNMAP_RANGE] = 8,
	  [STRESS_UNMAP_ALL] = 1,
	  [STRESS_REMAP] = 6,
	  [STRESS_COPY] = 2,
	  [STRESS_FILL] = 4,
	  [STRESS_CHECK] = 2,
	  [STRESS_DMA] = 24,
	  [STRESS_DMA_DENIED] = 2,
	  [STRESS_COLLIDE] = 2,
	  [STRESS_DIRTY_START] = 2,
	  [STRESS_DIRTY_STOP] = 1,
	  [STRESS_DIRTY_READ] = 2,
	  [STRESS_DIRTY_CLEAR] = 4,
	  [STRESS_DIRTY_UNMAP] = 2}},
	{"lifecycle",
	 {[STRESS_MAP] = 16,
	  [STRESS_MAP_FILE] = 4,
	  [STRESS_UNMAP] = 12,
	  [STRESS_UNMAP_ALL] = 2,
	  [STRESS_REMAP] = 8,
	  [STRESS_COPY] = 8,
	  [STRESS_RELEASE] = 6,
	  [STRESS_MOVE] = 6,
	  [STRESS_FORK] = 1,
	  [STRESS_FILL] = 6,
	  [STRESS_CHECK] = 6,
	  [STRESS_DMA] = 16,
	  [STRESS_DMA_DENIED] = 1,
	  [STRESS_FLIGHT] = 1,
	  [STRESS_REPLACE] = 6,
	  [STRESS_DETACH] = 3,
	  [STRESS_RESET] = 2}},
	{"all",
	 {[STRESS_MAP] = 160,	     [STRESS_MAP_FILE] = 32,	[STRESS_UNMAP] = 112,	 [STRESS_UNMAP_RANGE] = 48,
	  [STRESS_UNMAP_ALL] = 16,   [STRESS_REMAP] = 64,	[STRESS_BAD_MAP] = 40,	 [STRESS_BAD_UNMAP] = 32,
	  [STRESS_COPY] = 24,	     [STRESS_RELEASE] = 16,	[STRESS_MOVE] = 16,	 [STRESS_FORK] = 1,
	  [STRESS_FILL] = 64,	     [STRESS_CHECK] = 32,	[STRESS_DMA] = 192,	 [STRESS_DMA_DENIED] = 16,
	  [STRESS_FLIGHT] = 8,	     [STRESS_DIRTY_START] = 16, [STRESS_DIRTY_STOP] = 8, [STRESS_DIRTY_READ] = 16,
	  [STRESS_DIRTY_CLEAR] = 32, [STRESS_DIRTY_UNMAP] = 16, [STRESS_REPLACE] = 16,	 [STRESS_DETACH] = 8,
	  [STRESS_RESET] = 8,	     [STRESS_LIMIT] = 8,	[STRESS_CHOOSE] = 8,	 [STRESS_COLLIDE] = 32}},
	{"", {0}},
};

/* "map, map-file, unmap ...", as far as there is room. */
static void mix_hint_kinds(struct fail *f)
{
	char names[sizeof(f->hint) - 16] = "";
	size_t at = 0;

	for (const struct stress_kind_info *k = stress_kinds; k->name && at < sizeof(names); k++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", at ? ", " : "", k->name);
	fail_hint(f, "the kinds are %s", names);
}

static void mix_hint_names(struct fail *f)
{
	char names[200] = "";
	size_t at = 0;

	for (const struct stress_mix *m = stress_mixes; m->name[0] && at < sizeof(names); m++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", at ? ", " : "", m->name);
	fail_hint(f, "the mixes are %s; or give a file of lines KIND WEIGHT", names);
}

static bool mix_kind(const char *word, enum stress_kind *kind)
{
	for (unsigned int i = 0; i < STRESS_KINDS; i++) {
		if (strcmp(stress_kinds[i].name, word))
			continue;
		*kind = (enum stress_kind)i;
		return true;
	}
	return false;
}

/* A mix while its file is read. */
struct mix_reader {
	struct stress_mix *mix;
	const char *path;
	unsigned int number; /* of the line */
	bool given[STRESS_KINDS];
};

/* @line is cut up. */
static int mix_line(struct mix_reader *r, char *line, struct fail *f)
{
	const char *blank = " \t\r";
	char *rest = NULL, *word, *weight;
	enum stress_kind kind;
	uint64_t value;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, blank, &rest);
	if (!word)
		return 0;
	weight = strtok_r(NULL, blank, &rest);
	if (!mix_kind(word, &kind)) {
		fail_usage(f, EINVAL, "%s:%u: there is no kind of operation '%.40s'", r->path, r->number, word);
		mix_hint_kinds(f);
		return -EINVAL;
	}
	if (!weight || num_parse_u64(weight, &value) || value > MIX_WEIGHT_MAX) {
		fail_usage(f, EINVAL, "%s:%u: '%s' takes one number, 0 to %u", r->path, r->number, word,
			   MIX_WEIGHT_MAX);
		fail_hint(f, "a line is KIND WEIGHT, such as: %s 10", word);
		return -EINVAL;
	}
	if (strtok_r(NULL, blank, &rest))
		return fail_usage(f, EINVAL, "%s:%u: nothing may follow the weight but a comment", r->path, r->number);
	if (r->given[kind])
		return fail_usage(f, EINVAL, "%s:%u: '%s' was given before", r->path, r->number, word);
	r->given[kind] = true;
	r->mix->weight[kind] = (unsigned int)value;
	return 0;
}

static int mix_check(const struct stress_mix *mix, const char *path, struct fail *f)
{
	for (unsigned int i = 0; i < STRESS_KINDS; i++)
		if (mix->weight[i])
			return 0;
	fail_usage(f, EINVAL, "%s: no kind of operation has a weight", path);
	mix_hint_kinds(f);
	return -EINVAL;
}

int stress_mix_parse(struct stress_mix *out, const char *path, const char *text, size_t len, struct fail *f)
{
	struct mix_reader r = {.mix = out, .path = path};
	const char *slash = strrchr(path, '/'), *end = text + len;
	int err = 0;

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", slash ? slash + 1 : path);
	while (text < end && !err) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((eol ? eol : end) - text);
		char line[256];

		r.number++;
		if (n >= sizeof(line) || memchr(text, '\0', n))
			return fail_usage(f, EINVAL, "%s:%u: this is no text, or longer than %zu bytes", path, r.number,
					  sizeof(line) - 1);
		memcpy(line, text, n);
		line[n] = '\0';
		err = mix_line(&r, line, f);
		text += n + 1;
	}
	return err ? err : mix_check(out, path, f);
}

static int mix_read(struct stress_mix *out, const char *path, FILE *from, struct fail *f)
{
	CLEANUP_FREE char *text = malloc(MIX_FILE_MAX + 1);
	size_t len;

	if (!text)
		return fail_set(f, ENOMEM, "cannot read mix %s", path);
	errno = 0;
	len = fread(text, 1, MIX_FILE_MAX + 1, from);
	if (ferror(from))
		return fail_set(f, errno ? errno : EIO, "cannot read mix %s", path);
	if (len > MIX_FILE_MAX)
		return fail_usage(f, EINVAL, "%s: a mix has at most %u bytes", path, MIX_FILE_MAX);
	return stress_mix_parse(out, path, text, len, f);
}

/* "map=20,unmap=10": a file's lines, with other marks between them. */
static int mix_inline(struct stress_mix *out, const char *text, struct fail *f)
{
	CLEANUP_FREE char *lines = strdup(text);
	int err;

	if (!lines)
		return fail_set(f, ENOMEM, "cannot read a mix");
	for (char *c = lines; *c; c++)
		*c = *c == ',' ? '\n' : *c == '=' ? ' ' : *c;
	err = stress_mix_parse(out, "--mix", lines, strlen(lines), f);
	snprintf(out->name, sizeof(out->name), "own");
	return err;
}

int stress_mix_load(struct stress_mix *out, const char *name_or_file, struct fail *f)
{
	FILE *from;
	int err;

	for (const struct stress_mix *m = stress_mixes; m->name[0]; m++) {
		if (strcmp(m->name, name_or_file))
			continue;
		*out = *m;
		return 0;
	}
	if (strchr(name_or_file, '='))
		return mix_inline(out, name_or_file, f);
	from = fopen(name_or_file, "re");
	if (!from) {
		err = fail_usage(f, errno, "there is no mix '%s', and no file to read", name_or_file);
		mix_hint_names(f);
		return err;
	}
	err = mix_read(out, name_or_file, from, f);
	fclose(from);
	return err;
}
