/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fake machine for unit tests, and a model of drivers/base/bus.c and dd.c as far as sysfs shows it. */
#include "unit.h"

#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEVICES "/sys/bus/pci/devices"

static void machine_run(const char *fmt, ...) IC_PRINTF(1, 2);

static void machine_run(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("failed: %s", cmd);
}

/* "DIR/path" into @full, with the directories on the way to it. */
static void machine_path(struct machine *m, const char *path, char full[PATH_MAX])
{
	snprintf(full, PATH_MAX, "%s%s", m->dir, path);
	for (char *s = strchr(full + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(full, 0755);
		*s = '/';
	}
}

static void machine_file(struct machine *m, const char *path, const char *text, const char *mode)
{
	char full[PATH_MAX];
	FILE *fp;

	machine_path(m, path, full);
	fp = fopen(full, mode);
	assert_non_null(fp);
	assert_true(fputs(text, fp) >= 0);
	assert_int_equal(fclose(fp), 0);
}

void machine_put(struct machine *m, const char *path, const char *text)
{
	machine_file(m, path, text, "w");
}

void machine_append(struct machine *m, const char *path, const char *text)
{
	machine_file(m, path, text, "a");
}

void machine_link(struct machine *m, const char *path, const char *target)
{
	char full[PATH_MAX];

	machine_path(m, path, full);
	unlink(full);
	assert_int_equal(symlink(target, full), 0);
}

static void machine_unlink(struct machine *m, const char *fmt, ...) IC_PRINTF(2, 3);

static void machine_unlink(struct machine *m, const char *fmt, ...)
{
	char path[PATH_MAX], full[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (host_path(&m->host, full, sizeof(full), "%s", path) == 0)
		unlink(full);
}

const char *machine_driver(struct machine *m, const char *addr)
{
	static char driver[64];

	if (host_read_link(&m->host, driver, sizeof(driver), DEVICES "/%s/driver", addr))
		driver[0] = '\0';
	return driver;
}

const char *machine_override(struct machine *m, const char *addr)
{
	static char text[64];

	assert_int_equal(host_read_line(&m->host, text, sizeof(text), DEVICES "/%s/driver_override", addr), 0);
	return text;
}

static int machine_attach(struct machine *m, const char *driver, const char *addr)
{
	char path[128], target[128], group[16];

	if (machine_driver(m, addr)[0])
		return -EBUSY;
	if (strcmp(machine_override(m, addr), "(null)") && strcmp(machine_override(m, addr), driver))
		return -ENODEV;
	if (strcmp(driver, m->native) && strcmp(machine_override(m, addr), driver))
		return -ENODEV;
	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", addr);
	if (m->late_group && !host_exists(&m->host, "%s", path)) {
		snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%s", m->late_group);
		machine_link(m, path, target);
	} else if (!m->late_group && strcmp(driver, "vfio-pci") == 0 && !m->noiommu &&
		   host_read_link(&m->host, group, sizeof(group), "%s", path)) {
		return -EINVAL; /* vfio takes no device without a group */
	}
	snprintf(path, sizeof(path), DEVICES "/%s/driver", addr);
	snprintf(target, sizeof(target), "../../bus/pci/drivers/%s", driver);
	machine_link(m, path, target);
	if (strcmp(driver, "vfio-pci") == 0 && !m->no_node &&
	    host_read_link(&m->host, group, sizeof(group), DEVICES "/%s/iommu_group", addr) == 0) {
		snprintf(path, sizeof(path), "/dev/vfio/%s", group);
		machine_put(m, path, "");
	}
	return 0;
}

static int machine_detach(struct machine *m, const char *driver, const char *addr)
{
	char group[16];

	if (strcmp(machine_driver(m, addr), driver))
		return -ENODEV;
	machine_unlink(m, DEVICES "/%s/driver", addr);
	if (strcmp(driver, "vfio-pci") == 0 &&
	    host_read_link(&m->host, group, sizeof(group), DEVICES "/%s/iommu_group", addr) == 0)
		machine_unlink(m, "/dev/vfio/%s", group);
	return 0;
}

static int machine_probe(struct machine *m, const char *addr)
{
	char driver[64];

	if (machine_driver(m, addr)[0])
		return 0;
	strcpy(driver, machine_override(m, addr));
	return machine_attach(m, strcmp(driver, "(null)") ? driver : m->native, addr);
}

static int machine_count(struct machine *m)
{
	m->writes++;
	if (m->writes == m->die_before)
		_exit(9);
	return m->writes == m->fail_at ? -EINVAL : 0;
}

static int machine_write(const struct host *host, const char *path, const char *text)
{
	struct machine *m = (struct machine *)(uintptr_t)host;
	char name[64], verb[16], line[80];

	if (machine_count(m))
		return -EINVAL;
	if (strcmp(path, "/sys/bus/pci/drivers_probe") == 0)
		return machine_probe(m, text);
	if (sscanf(path, DEVICES "/%63[^/]/%15s", name, verb) == 2 && strcmp(verb, "driver_override") == 0) {
		snprintf(line, sizeof(line), "%s", *text == '\n' ? "(null)\n" : text);
		machine_put(m, path, line);
		return 0;
	}
	if (sscanf(path, "/sys/bus/pci/drivers/%63[^/]/%15s", name, verb) != 2)
		return -ENOENT;
	if (!host_exists(host, "/sys/bus/pci/drivers/%s", name))
		return -ENOENT;
	return strcmp(verb, "bind") == 0 ? machine_attach(m, name, text) : machine_detach(m, name, text);
}

static int machine_load_module(const struct host *host, const char *name)
{
	struct machine *m = (struct machine *)(uintptr_t)host;
	char path[128];

	if (machine_count(m) || m->no_modules)
		return -ENOENT;
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/bind", strncmp(name, "pci:", 4) == 0 ? m->native : name);
	machine_put(m, path, "");
	return 0;
}

static const struct host_kernel machine_kernel = {.write = machine_write, .load_module = machine_load_module};

static struct machine_tree {
	const char *name;
	char dir[64];
} machine_trees[] = {{"intel", ""}, {"amd", ""}, {"none", ""}};

static const char *machine_tree(const char *name)
{
	const char *top = getenv("top_srcdir");

	for (size_t i = 0; i < ARRAY_SIZE(machine_trees); i++) {
		struct machine_tree *tree = &machine_trees[i];

		if (strcmp(tree->name, name))
			continue;
		if (!tree->dir[0]) {
			strcpy(tree->dir, "/tmp/iommuctl-tree-XXXXXX");
			assert_non_null(mkdtemp(tree->dir));
			machine_run("bash %s/tests/data/mkhost %s %s", top ? top : "..", name, tree->dir);
		}
		return tree->dir;
	}
	fail_msg("no machine %s", name);
	return NULL;
}

int machine_forget(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(machine_trees); i++)
		if (machine_trees[i].dir[0])
			machine_run("rm -rf %s", machine_trees[i].dir);
	return 0;
}

void machine_build(struct machine *m, const char *name, bool live)
{
	const char *tree = machine_tree(name);

	memset(m, 0, sizeof(*m));
	strcpy(m->dir, "/tmp/iommuctl-machine-XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	machine_run("cp -a %s/. %s", tree, m->dir);
	assert_int_equal(host_init(&m->host, m->dir, NULL), 0);
	if (live)
		m->host.kernel = &machine_kernel;
	m->native = "nvme";
}

void machine_remove(struct machine *m)
{
	machine_run("rm -rf %s", m->dir);
}
