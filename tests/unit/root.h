/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory that a struct host reads as a captured machine, file by file. For tests that include host/machine.h. */
#ifndef IC_TESTS_ROOT_H
#define IC_TESTS_ROOT_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"

struct root {
	char dir[32];
	struct host host;
};

static inline void root_make(struct root *root)
{
	struct fail f = {0};

	strcpy(root->dir, "/tmp/ic-root.XXXXXX");
	assert_non_null(mkdtemp(root->dir));
	assert_int_equal(host_init(&root->host, root->dir, &f), 0);
}

static inline void root_remove(struct root *root)
{
	char command[64];

	host_close(&root->host);
	snprintf(command, sizeof(command), "rm -rf %s", root->dir);
	assert_int_equal(system(command), 0);
}

/* "DIR/path" into @full, with the directories on the way to it. */
static inline void root_path(struct root *root, const char *path, char full[PATH_MAX])
{
	snprintf(full, PATH_MAX, "%s%s", root->dir, path);
	for (char *s = strchr(full + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(full, 0755);
		*s = '/';
	}
}

/* Creates or replaces a file. */
static inline void root_put(struct root *root, const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *to;

	root_path(root, path, full);
	to = fopen(full, "w");
	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	assert_int_equal(fclose(to), 0);
}

/* A symbolic link with this very target. */
static inline void root_link(struct root *root, const char *path, const char *target)
{
	char full[PATH_MAX];

	root_path(root, path, full);
	unlink(full);
	assert_int_equal(symlink(target, full), 0);
}

/* A PCI device whose sysfs directory is below /sys/devices/@path; its address is the last component. */
static inline void root_pci(struct root *root, const char *path, const char *class)
{
	const char *addr = strrchr(path, '/') + 1;
	char file[512], target[512];

	snprintf(file, sizeof(file), "/sys/devices/%.400s/class", path);
	root_put(root, file, class);
	snprintf(file, sizeof(file), "/sys/bus/pci/devices/%.16s", addr);
	snprintf(target, sizeof(target), "../../../devices/%.400s", path);
	root_link(root, file, target);
}

#endif
