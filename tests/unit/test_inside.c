/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture's links, devices and pipes: nothing of it leads to the machine that reads it. */
#include "unit.h"

#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "host/host_dir.h"
#include "host/inside.h"
#include "host/machine.h"

#define SECRET "of another machine"

struct rooms {
	struct root in, out; /* a capture, and what is beside it */
};

static int setup(void **state)
{
	struct rooms *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	root_make(&r->in);
	root_make(&r->out);
	root_put(&r->out, "/dir/file", SECRET "\n");
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rooms *r = *state;

	root_remove(&r->in);
	root_remove(&r->out);
	free(r);
	return 0;
}

/* By a directory that is held, too. */
static void is_shut_by_dir(const struct host *host, const char *path)
{
	char line[64], **names = NULL;
	struct host_dir dir;

	host_dir_open(&dir, host, "%s", path);
	assert_int_equal(host_dir_line(&dir, "file", line, sizeof(line)), -EXDEV);
	assert_int_equal(host_dir_link(&dir, "link", line, sizeof(line)), -EXDEV);
	assert_int_equal(host_dir_target(&dir, "link", line, sizeof(line)), -EXDEV);
	assert_int_equal(host_dir_list(&dir, "list", &names), -EXDEV);
	host_dir_close(&dir);
}

/* Whatever is read through @path says -EXDEV. */
static void is_shut(struct rooms *r, const char *dir)
{
	const struct host *host = &r->in.host;
	char line[64], *text = NULL, **names = NULL;
	struct stat st;

	assert_int_equal(host_read_line(host, line, sizeof(line), "%s/file", dir), -EXDEV);
	assert_int_equal(host_read_file(host, &text, NULL, "%s/file", dir), -EXDEV);
	assert_int_equal(host_read_bounded(host, 100, &text, NULL, "%s/file", dir), -EXDEV);
	assert_int_equal(host_list_dir(host, &names, "%s", dir), -EXDEV);
	assert_int_equal(host_read_link(host, line, sizeof(line), "%s/link", dir), -EXDEV);
	assert_int_equal(host_stat(host, &st, "%s/file", dir), -EXDEV);
	assert_false(host_exists(host, "%s/file", dir));
	is_shut_by_dir(host, dir);
}

static void test_absolute(void **state)
{
	struct rooms *r = *state;
	char target[PATH_MAX];

	snprintf(target, sizeof(target), "%s/dir", r->out.dir);
	root_link(&r->out, "/dir/link", "file");
	root_link(&r->in, "/sys/away", target);
	is_shut(r, "/sys/away");
}

static void test_above(void **state)
{
	struct rooms *r = *state;
	char target[PATH_MAX];

	root_link(&r->out, "/dir/link", "file");
	snprintf(target, sizeof(target), "../../%s/dir", strrchr(r->out.dir, '/') + 1);
	root_link(&r->in, "/sys/above", target);
	is_shut(r, "/sys/above");
}

/* Those that sysfs has: relative, and within the root. */
static void test_within(void **state)
{
	struct rooms *r = *state;
	const struct host *host = &r->in.host;
	char line[64], **names = NULL;
	struct stat st;

	root_put(&r->in, "/sys/devices/pci0000:00/0000:00:02.0/vendor", "0x8086\n");
	root_link(&r->in, "/sys/bus/pci/devices/0000:00:02.0", "../../../devices/pci0000:00/0000:00:02.0");
	assert_int_equal(host_read_line(host, line, sizeof(line), "/sys/bus/pci/devices/0000:00:02.0/vendor"), 0);
	assert_string_equal(line, "0x8086");
	assert_int_equal(host_read_link(host, line, sizeof(line), "/sys/bus/pci/devices/0000:00:02.0"), 0);
	assert_string_equal(line, "0000:00:02.0");
	assert_int_equal(host_list_dir(host, &names, "/sys/bus/pci/devices/0000:00:02.0"), 0);
	assert_string_equal(names[0], "vendor");
	free(names);
	assert_int_equal(host_stat(host, &st, "/sys/bus/pci/devices/0000:00:02.0"), 0);
	assert_true(S_ISDIR(st.st_mode));
	/* no link, and nothing */
	assert_int_equal(host_read_link(host, line, sizeof(line), "/sys/devices"), -EINVAL);
	assert_int_equal(host_read_link(host, line, sizeof(line), "/sys/none"), -ENOENT);
	assert_int_equal(host_read_line(host, line, sizeof(line), "/sys/devices"), -EISDIR);
}

/* A directory that is held reads as the paths do, and its links go no further than theirs. */
static void test_dir(void **state)
{
	struct rooms *r = *state;
	const struct host *host = &r->in.host;
	char line[64], target[PATH_MAX], **names = NULL;
	struct host_dir dir;

	snprintf(target, sizeof(target), "%s/dir/file", r->out.dir);
	root_put(&r->in, "/sys/devices/a/vendor", "0x8086\nand more\n");
	root_put(&r->in, "/sys/devices/a/net/eth0/flags", "1\n");
	root_link(&r->in, "/sys/devices/a/same", "vendor");
	root_link(&r->in, "/sys/devices/a/away", target);
	root_link(&r->in, "/sys/devices/a/driver", "../../bus/pci/drivers/e1000");
	root_link(&r->in, "/sys/bus/pci/devices/a", "../../../devices/a");
	host_dir_open(&dir, host, "/sys/bus/pci/devices/%s", "a");
	assert_true(dir.fd >= 0);
	assert_int_equal(host_dir_line(&dir, "vendor", line, sizeof(line)), 0);
	assert_string_equal(line, "0x8086");
	assert_int_equal(host_dir_line(&dir, "vendor", line, 4), 0);
	assert_string_equal(line, "0x8");
	assert_int_equal(host_dir_line(&dir, "same", line, sizeof(line)), 0);
	assert_string_equal(line, "0x8086");
	assert_int_equal(host_dir_line(&dir, "away", line, sizeof(line)), -EXDEV);
	assert_int_equal(host_dir_line(&dir, "none", line, sizeof(line)), -ENOENT);
	assert_int_equal(host_dir_line(&dir, "net", line, sizeof(line)), -EISDIR);
	assert_int_equal(host_dir_link(&dir, "driver", line, sizeof(line)), 0);
	assert_string_equal(line, "e1000");
	assert_int_equal(host_dir_link(&dir, "driver", line, 5), -ENAMETOOLONG);
	assert_int_equal(host_dir_link(&dir, "vendor", line, sizeof(line)), -EINVAL);
	assert_int_equal(host_dir_target(&dir, "driver", line, sizeof(line)), 0);
	assert_string_equal(line, "../../bus/pci/drivers/e1000");
	assert_int_equal(host_dir_list(&dir, "vfio-dev", &names), -ENOENT);
	assert_int_equal(host_dir_list(&dir, "net", &names), 0);
	assert_string_equal(names[0], "eth0");
	free(names);
	host_dir_close(&dir);
}

/* What was refused on the machine is refused below a directory as well. */
static void test_dir_refused(void **state)
{
	struct rooms *r = *state;
	char line[64], **names = NULL;
	struct fail f = {0};
	struct host_dir dir;
	struct host again;

	root_put(&r->in, "/sys/devices/a/vendor", "0x8086\n");
	root_put(&r->in, "/iommuctl/unreadable", "/sys/devices/a/vendor EACCES\n/sys/devices/a/net EPERM\n");
	assert_int_equal(host_init(&again, r->in.dir, &f), 0);
	host_dir_open(&dir, &again, "/sys/devices/a");
	assert_int_equal(host_dir_line(&dir, "vendor", line, sizeof(line)), -EACCES);
	assert_int_equal(host_dir_list(&dir, "net", &names), -EPERM);
	host_dir_close(&dir);
	host_close(&again);
}

/* Of the running machine, and of a directory that is not there. */
static void test_dir_here(void **state)
{
	const struct host here = {.root = ""};
	char line[64], same[64], **names = NULL;
	struct host_dir dir;

	(void)state;
	assert_int_equal(host_read_line(&here, same, sizeof(same), "/proc/self/comm"), 0);
	host_dir_open(&dir, &here, "/proc/%s", "self");
	assert_int_equal(host_dir_line(&dir, "comm", line, sizeof(line)), 0);
	assert_string_equal(line, same);
	assert_int_equal(host_read_link(&here, same, sizeof(same), "/proc/self/exe"), 0);
	assert_int_equal(host_dir_link(&dir, "exe", line, sizeof(line)), 0);
	assert_string_equal(line, same);
	assert_int_equal(host_dir_list(&dir, "none", &names), -ENOENT);
	host_dir_close(&dir);
	host_dir_open(&dir, &here, "/proc/none");
	assert_int_equal(host_dir_line(&dir, "comm", line, sizeof(line)), -ENOENT);
	assert_int_equal(host_dir_link(&dir, "exe", line, sizeof(line)), -ENOENT);
	assert_int_equal(host_dir_list(&dir, "none", &names), -ENOENT);
	host_dir_close(&dir);
}

/* Opening a pipe would wait for somebody to write, for ever. */
static void test_pipe(void **state)
{
	struct rooms *r = *state;
	char full[PATH_MAX], line[16];
	struct host_dir dir;

	root_path(&r->in, "/proc/cmdline", full);
	assert_int_equal(mkfifo(full, 0600), 0);
	assert_int_equal(host_read_line(&r->in.host, line, sizeof(line), "/proc/cmdline"), -ENODEV);
	host_dir_open(&dir, &r->in.host, "/proc");
	assert_int_equal(host_dir_line(&dir, "cmdline", line, sizeof(line)), -ENODEV);
	host_dir_close(&dir);
}

/* The list of what was refused is a file of the capture like any other. */
static void test_list(void **state)
{
	struct rooms *r = *state;
	struct fail f = {0};
	struct host again;

	root_link(&r->in, "/iommuctl/unreadable", "/dev/zero");
	assert_int_equal(host_init(&again, r->in.dir, &f), -EXDEV);
}

static void test_config(void **state)
{
	struct rooms *r = *state;
	struct pci_configs *configs;
	struct pci_config config;
	char target[PATH_MAX], bytes[65];

	memset(bytes, '1', 64);
	bytes[64] = '\0';
	root_put(&r->out, "/config", bytes);
	snprintf(target, sizeof(target), "%s/config", r->out.dir);
	root_link(&r->in, "/sys/bus/pci/devices/0000:00:02.0/config", target);
	if (pci_configs_open(&r->in.host, &configs) == -EOPNOTSUPP)
		return;
	pci_config_read(configs, "0000:00:02.0", &config);
	assert_int_equal(config.len, 0);
	assert_int_equal(config.err, -EXDEV);
	pci_configs_close(configs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_absolute, setup, teardown),
		cmocka_unit_test_setup_teardown(test_above, setup, teardown),
		cmocka_unit_test_setup_teardown(test_within, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir_refused, setup, teardown),
		cmocka_unit_test(test_dir_here),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
