/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture's links, devices and pipes: nothing of it leads to the machine that reads it. */
#include "unit.h"

#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

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

/* Opening a pipe would wait for somebody to write, for ever. */
static void test_pipe(void **state)
{
	struct rooms *r = *state;
	char full[PATH_MAX], line[16];

	root_path(&r->in, "/proc/cmdline", full);
	assert_int_equal(mkfifo(full, 0600), 0);
	assert_int_equal(host_read_line(&r->in.host, line, sizeof(line), "/proc/cmdline"), -ENODEV);
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
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
