/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the repros are that came with the program. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/repro/repro.h"

#define REPRO_ENDING ".iommu"
#define REPRO_FILES_MAX 1000u

static bool repro_is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The folder repro/ beside the binary is its own: that of a build tree. */
static const char *repro_dir(char *buf, size_t len)
{
	ssize_t n = readlink("/proc/self/exe", buf, len - 1);
	char *slash;

	buf[MAX(n, 0)] = '\0';
	slash = strrchr(buf, '/');
	if (n > 0 && slash && (size_t)(slash - buf) + sizeof("/repro") < len) {
		strcpy(slash, "/repro");
		if (repro_is_dir(buf))
			return buf;
	}
	return IC_REPRO_DIR;
}

static bool repro_is_name(const char *file)
{
	size_t n = strlen(file), ending = strlen(REPRO_ENDING);

	return n > ending && file[0] != '.' && !strcmp(file + n - ending, REPRO_ENDING);
}

static int repro_filter(const struct dirent *entry)
{
	return repro_is_name(entry->d_name);
}

static int repro_scan(const char *dir, struct dirent ***list, struct fail *f)
{
	int n = scandir(dir, list, repro_filter, alphasort);

	if (n >= 0)
		return n;
	n = -errno;
	fail_set(f, n, "cannot read the repros in %s", dir);
	fail_hint(f, "a repro of your own is named by its path, ./mine" REPRO_ENDING);
	return n;
}

static void repro_scan_free(struct dirent **list, int n)
{
	while (n-- > 0)
		free(list[n]);
	free(list);
}

int repro_find(struct repro **out, const char *name, struct fail *f)
{
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX];
	int err;

	if (strchr(name, '/') || repro_is_name(name))
		return repro_load(out, name, f);
	snprintf(path, sizeof(path), "%.*s/%.*s" REPRO_ENDING, PATH_MAX - 1, repro_dir(dir, sizeof(dir)),
		 NAME_MAX - (int)sizeof(REPRO_ENDING), name);
	if (access(path, F_OK)) {
		err = fail_set(f, errno, "there is no repro '%.60s'", name);
		fail_hint(f,
			  "`iommuctl repro list` shows those there are; a file is named by its path, "
			  "./%.60s" REPRO_ENDING,
			  name);
		return err;
	}
	err = repro_load(out, path, f);
	return err;
}

int repro_all(struct repro ***out, unsigned int *nr, struct fail *f)
{
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX];
	struct dirent **list = NULL;
	const char *in = repro_dir(dir, sizeof(dir));
	int n = repro_scan(in, &list, f), err = n < 0 ? n : 0;
	struct repro **all = NULL;

	*nr = 0;
	if (!err) {
		n = MIN(n, (int)REPRO_FILES_MAX);
		all = calloc((size_t)n + 1, sizeof(*all));
		err = all ? 0 : fail_set(f, ENOMEM, "cannot read the repros in %s", in);
	}
	for (int i = 0; i < n && !err; i++) {
		snprintf(path, sizeof(path), "%s/%s", in, list[i]->d_name);
		err = repro_load(&all[i], path, f);
		*nr += !err;
	}
	repro_scan_free(list, n);
	if (err) {
		repro_free_all(all, *nr);
		return err;
	}
	*out = all;
	return 0;
}

void repro_free_all(struct repro **all, unsigned int nr)
{
	for (unsigned int i = 0; all && i < nr; i++)
		repro_free(all[i]);
	free(all);
}
