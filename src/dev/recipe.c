/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recipe's file, its end, and the words for its parts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/recipe.h"

#define RECIPE_PATH_SHOWN 120

const char *recipe_section_name(enum recipe_section section)
{
	static const char *const names[RECIPE_SECTIONS] = {
		[RECIPE_INIT] = "init", [RECIPE_READ] = "read", [RECIPE_WRITE] = "write",
		[RECIPE_COPY] = "copy", [RECIPE_WAIT] = "wait", [RECIPE_STOP] = "stop",
	};

	return (unsigned int)section < RECIPE_SECTIONS ? names[section] : "?";
}

const char *recipe_verb_name(enum recipe_verb verb)
{
	static const char *const names[RECIPE_VERBS] = {
		[RECIPE_WRITE_REG] = "write",
		[RECIPE_READ_REG] = "read",
		[RECIPE_POLL] = "poll",
		[RECIPE_CHECK] = "check",
		[RECIPE_FAULT_IF] = "fault-if",
		[RECIPE_DELAY] = "delay",
		[RECIPE_STORE] = "store",
		[RECIPE_LOAD] = "load",
		[RECIPE_POLL_MEM] = "pollmem",
		[RECIPE_CHECK_MEM] = "checkmem",
		[RECIPE_FAULT_IF_MEM] = "fault-ifmem",
		[RECIPE_SET] = "set",
		[RECIPE_REPEAT] = "repeat",
		[RECIPE_END] = "end",
	};

	return (unsigned int)verb < RECIPE_VERBS ? names[verb] : "?";
}

void recipe_free(struct recipe *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; i < RECIPE_SECTIONS; i++)
		free(r->sections[i].steps);
	free(r);
}

/* As much as a recipe may have and one byte more, by which it is seen to have too many. */
static int recipe_read(const char *path, char *text, size_t *len)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	ssize_t got;

	/* a pipe is waited for as everybody does; a device is not even opened */
	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	for (*len = 0; *len <= RECIPE_FILE_MAX; *len += (size_t)got) {
		got = read(fd, text + *len, RECIPE_FILE_MAX + 1 - *len);
		if (got < 0)
			return -errno;
		if (!got)
			break;
	}
	return 0;
}

/* A bare name that is no file here: one of those that were installed, with or without their ending. */
static int recipe_read_installed(const char *name, char *text, size_t *len)
{
	char path[PATH_MAX];
	int err = -ENOENT;

	for (int ending = 0; err == -ENOENT && ending < 2; ending++) {
		int n = snprintf(path, sizeof(path), IC_RECIPES_DIR "/%s%s", name, ending ? ".recipe" : "");

		err = n < (int)sizeof(path) ? recipe_read(path, text, len) : -ENAMETOOLONG;
	}
	return err;
}

static int recipe_broken(const char *path, const struct recipe_error *error, struct fail *f)
{
	size_t n = strlen(path);
	/* what is wrong is worth more than all of a long path */
	const char *cut = n > RECIPE_PATH_SHOWN ? "..." : "";

	path += n > RECIPE_PATH_SHOWN ? n - RECIPE_PATH_SHOWN : 0;
	if (error->line)
		fail_usage(f, EINVAL, "%s%s:%u:%u: %s", cut, path, error->line, error->column, error->text);
	else
		fail_usage(f, EINVAL, "%s%s: %s", cut, path, error->text);
	if (error->hint[0])
		fail_hint(f, "%s", error->hint);
	return -EINVAL;
}

int recipe_check(struct recipe **out, const char *path, struct recipe_error *error, struct fail *f)
{
	CLEANUP_FREE char *text = malloc(RECIPE_FILE_MAX + 1);
	size_t len = 0;
	int err = text ? recipe_read(path, text, &len) : -ENOMEM;

	*error = (struct recipe_error){0};
	*out = NULL;
	if (err == -ENOENT && !strchr(path, '/'))
		err = recipe_read_installed(path, text, &len);
	if (err == -EINVAL)
		return fail_complete(f, err, "%s is no file", path);
	if (err) {
		fail_set(f, err, "cannot read recipe %s", path);
		if (err == -ENOENT)
			fail_hint(f, strchr(path, '/')
					     ? "a name without / is looked for in " IC_RECIPES_DIR ", too"
					     : "looked for here and, with and without .recipe, in " IC_RECIPES_DIR);
		return err;
	}
	*out = recipe_parse(text, len, error);
	return *out ? 0 : recipe_broken(path, error, f);
}

int recipe_load(struct recipe **out, const char *path, struct fail *f)
{
	struct recipe_error error;

	return recipe_check(out, path, &error, f);
}
