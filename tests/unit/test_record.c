/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembering what was read of a machine, and a capture's list of what could not be. */
#include "unit.h"

#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/record.h"
#include "host/refused.h"

#define DEVICE "/sys/bus/pci/devices/0000:00:02.0"

static int setup(void **state)
{
	struct machine *m = malloc(sizeof(*m));

	assert_non_null(m);
	machine_build(m, "intel", false);
	m->host.record = record_new();
	assert_non_null(m->host.record);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct machine *m = *state;

	record_free(m->host.record);
	host_close(&m->host);
	machine_remove(m);
	free(m);
	return 0;
}

static const struct record_entry *seen(const struct machine *m, const char *path)
{
	return record_find(m->host.record, path);
}

static void is_file(const struct machine *m, const char *path, const char *text)
{
	const struct record_entry *e = seen(m, path);

	assert_non_null(e);
	assert_int_equal(e->kind, RECORD_FILE);
	assert_string_equal(e->data, text);
	assert_int_equal(e->size, strlen(text));
}

static void is_link(const struct machine *m, const char *path, const char *target)
{
	const struct record_entry *e = seen(m, path);

	assert_non_null(e);
	assert_int_equal(e->kind, RECORD_LINK);
	assert_string_equal(e->data, target);
}

static void is_dir(const struct machine *m, const char *path)
{
	const struct record_entry *e = seen(m, path);

	assert_non_null(e);
	assert_int_equal(e->kind, RECORD_DIR);
}

/* The link on the way becomes an entry, the file lies where the link leads. */
static void test_through_a_link(void **state)
{
	struct machine *m = *state;
	char line[32];

	assert_int_equal(host_read_line(&m->host, line, sizeof(line), DEVICE "/vendor"), 0);
	is_link(m, DEVICE, "../../../devices/pci0000:00/0000:00:02.0");
	is_file(m, "/sys/devices/pci0000:00/0000:00:02.0/vendor", "0x8086\n");
	is_dir(m, "/sys/devices/pci0000:00");
	is_dir(m, "/sys/devices/pci0000:00/0000:00:02.0");
	assert_null(seen(m, DEVICE "/vendor"));
	assert_null(seen(m, "/sys/devices/pci0000:00/0000:00:02.0/device")); /* nobody asked */
}

static void test_link_itself(void **state)
{
	struct machine *m = *state;
	char driver[32];

	assert_int_equal(host_read_link(&m->host, driver, sizeof(driver), DEVICE "/driver"), 0);
	assert_string_equal(driver, "i915");
	is_link(m, "/sys/devices/pci0000:00/0000:00:02.0/driver", "../../../bus/pci/drivers/i915");
	assert_null(seen(m, "/sys/bus/pci/drivers/i915"));
	/* asked whether it is there, what it leads to counts */
	assert_true(host_exists(&m->host, DEVICE "/driver"));
	is_dir(m, "/sys/bus/pci/drivers/i915");
}

static void test_listing(void **state)
{
	struct machine *m = *state;
	char **names;

	assert_int_equal(host_list_dir(&m->host, &names, "/sys/bus/pci/devices"), 0);
	free(names);
	is_link(m, "/sys/bus/pci/devices/0000:06:00.0", "../../../devices/pci0000:00/0000:06:00.0");
	assert_int_equal(host_list_dir(&m->host, &names, "/sys/class/iommu/dmar0/intel-iommu"), 0);
	free(names);
	is_dir(m, "/sys/devices/virtual/iommu/dmar0/intel-iommu");
	assert_non_null(seen(m, "/sys/devices/virtual/iommu/dmar0/intel-iommu/ecap"));
	assert_null(seen(m, "/sys/devices/virtual/iommu/dmar0/intel-iommu/ecap")->data); /* listed, not read */
}

/* The bytes of the first reading stay, unless a later one saw more of the file. */
static void test_bytes(void **state)
{
	struct machine *m = *state;
	char line[4], longer[32], *text;

	machine_put(m, "/proc/version", "abcdefgh");
	assert_int_equal(host_read_line(&m->host, line, sizeof(line), "/proc/version"), 0);
	is_file(m, "/proc/version", "abc");
	assert_int_equal(host_read_line(&m->host, longer, sizeof(longer), "proc/version"), 0);
	is_file(m, "/proc/version", "abcdefgh");
	machine_put(m, "/proc/version", "ABCDEFGH");
	assert_int_equal(host_read_file(&m->host, &text, NULL, "/proc/version"), 0);
	assert_string_equal(text, "ABCDEFGH");
	free(text);
	is_file(m, "/proc/version", "abcdefgh");
	machine_put(m, "/proc/empty", "");
	assert_int_equal(host_read_file(&m->host, &text, NULL, "/proc/empty"), 0);
	free(text);
	is_file(m, "/proc/empty", "");
}

static void test_absent(void **state)
{
	struct machine *m = *state;
	char line[32], **names;

	assert_int_equal(host_read_line(&m->host, line, sizeof(line), "/proc/none"), -ENOENT);
	assert_int_equal(host_list_dir(&m->host, &names, "/sys/nothing"), -ENOENT);
	assert_false(host_exists(&m->host, "/sys/nothing"));
	assert_int_equal(m->host.record->refused.nr_entries, 0);
	assert_null(seen(m, "/proc/none"));
	/* but that one looked: the way to it is there */
	assert_int_equal(host_read_link(&m->host, line, sizeof(line), "/sys/class/iommu/dmar9/link"), -ENOENT);
	is_dir(m, "/sys/class/iommu");
	assert_null(seen(m, "/sys/class/iommu/dmar9"));
}

/* Links that lead out of a sysroot, or in circles, end in nothing. */
static void test_outside(void **state)
{
	struct machine *m = *state;
	char line[32];

	machine_link(m, "/sys/away", "/proc/self");
	machine_link(m, "/sys/above", "../../../../../../../../../../proc");
	machine_link(m, "/sys/round", "round");
	host_read_line(&m->host, line, sizeof(line), "/sys/away/comm");
	host_read_line(&m->host, line, sizeof(line), "/sys/above/version");
	host_read_line(&m->host, line, sizeof(line), "/sys/round");
	is_link(m, "/sys/away", "/proc/self");
	assert_null(seen(m, "/proc/self"));
	assert_null(seen(m, "/proc/self/comm"));
	assert_null(seen(m, "/proc/version"));
	assert_true(m->host.record->nr_outside >= 2);
}

/* What a capture's list refuses is refused, and is a refusal in a capture of the capture. */
static void test_refused(void **state)
{
	struct machine *m = *state;
	const struct record_entry *e;
	char line[32], *text, **names;
	struct host host;

	machine_put(m, "/iommuctl/unreadable",
		    "/sys/class/net EPERM\n" DEVICE "/vendor EACCES\nnonsense\n/x NOSUCH\n/y \n\n/z EIO");
	assert_int_equal(host_init(&host, m->dir, NULL), 0);
	host.record = m->host.record;
	assert_int_equal(host_read_line(&host, line, sizeof(line), DEVICE "/vendor"), -EACCES);
	assert_int_equal(host_read_file(&host, &text, NULL, DEVICE "/vendor"), -EACCES);
	assert_int_equal(host_read_line(&host, line, sizeof(line), DEVICE "/device"), 0);
	assert_int_equal(host_list_dir(&host, &names, "/sys/class/net"), -EPERM);
	assert_int_equal(host_read_line(&host, line, sizeof(line), "/z"), -EIO);
	assert_int_equal(host_read_line(&host, line, sizeof(line), "/x"), -ENOENT);
	assert_true(host_exists(&host, DEVICE "/vendor"));
	assert_int_equal(host.record->refused.nr_entries, 3);
	record_sort(host.record);
	e = host.record->refused.entries;
	assert_string_equal(e[0].path, DEVICE "/vendor");
	assert_int_equal(e[0].err, EACCES);
	assert_string_equal(e[1].path, "/sys/class/net");
	assert_int_equal(e[1].err, EPERM);
	host_close(&host);
	assert_int_equal(refused_find(NULL, "/x"), 0);
}

static void test_sorted(void **state)
{
	struct machine *m = *state;
	struct record *r = m->host.record;
	char path[32];

	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/proc/f%u", i * 7919 % 1000);
		record_file(&m->host, path, "x", 1);
	}
	assert_int_equal(r->seen.nr_entries, 1001);
	assert_non_null(seen(m, "/proc/f999"));
	record_sort(r);
	for (unsigned int i = 1; i < r->seen.nr_entries; i++)
		assert_true(strcmp(r->seen.entries[i - 1].path, r->seen.entries[i].path) < 0);
	assert_false(r->no_memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_through_a_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sorted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, machine_forget);
}
