/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory for the pictures of one program, gone at its end; the locale is C. */
#ifndef IC_TESTS_PLOT_DIR_H
#define IC_TESTS_PLOT_DIR_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static char plot_dir[] = "/tmp/iommuctl-plot.XXXXXX";

/* Of a file in it; valid until the next call. */
static inline const char *plot_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", plot_dir, name);
	return path;
}

static inline int plot_setup(void **state)
{
	setenv("LC_ALL", "C", 1);
	return mkdtemp(plot_dir) ? 0 : -1;
}

static inline int plot_teardown(void **state)
{
	char path[600];
	DIR *dir = opendir(plot_dir);

	for (struct dirent *e; dir && (e = readdir(dir));) {
		snprintf(path, sizeof(path), "%s/%s", plot_dir, e->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	return rmdir(plot_dir);
}

#endif
