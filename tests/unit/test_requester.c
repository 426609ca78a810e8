/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/requester: ids in faults that are a device's own, a bridge's, a phantom function's, or nobody's; by a clock of its own. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/requester.h"

static struct host host;
static uint64_t now_ns = 1000000000;

uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_ns(void)
{
	return now_ns;
}

static void put_device(const char *bus, const char *name, const char *path, int group)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd),
		 "cd '%s' && mkdir -p sys/bus/%s/devices sys/devices/%s && ln -s ../../../devices/%s "
		 "sys/bus/%s/devices/%s",
		 host.root, bus, path, path, bus, name);
	assert_int_equal(system(cmd), 0);
	if (group < 0)
		return;
	snprintf(cmd, sizeof(cmd), "cd '%s' && ln -s /sys/kernel/iommu_groups/%d sys/devices/%s/iommu_group", host.root,
		 group, path);
	assert_int_equal(system(cmd), 0);
}

/*
 * 01: conventional PCI behind a PCIe-to-PCI bridge, all of one group; 02: a device with functions in groups of their own; 03: one
 * whose functions share a group; 04: two devices in two groups; segment 1 has a 03:00.0 as well.
 */
static int build(void **state)
{
	char dir[] = "/tmp/iommuctl-requester-XXXXXX";

	assert_non_null(mkdtemp(dir));
	snprintf(host.root, sizeof(host.root), "%s", dir);
	put_device("pci", "0000:00:00.0", "pci0000:00/0000:00:00.0", 0);
	put_device("pci", "0000:00:02.0", "pci0000:00/0000:00:02.0", 1);
	put_device("pci", "0000:00:03.0", "pci0000:00/0000:00:03.0", 2);
	put_device("pci", "0000:01:02.0", "pci0000:00/0000:00:03.0/0000:01:02.0", 2);
	put_device("pci", "0000:01:05.1", "pci0000:00/0000:00:03.0/0000:01:05.1", 2);
	put_device("pci", "0000:02:00.0", "pci0000:00/0000:00:04.0/0000:02:00.0", 3);
	put_device("pci", "0000:02:00.1", "pci0000:00/0000:00:04.0/0000:02:00.1", 4);
	put_device("pci", "0000:03:00.0", "pci0000:00/0000:00:05.0/0000:03:00.0", 5);
	put_device("pci", "0000:03:00.1", "pci0000:00/0000:00:05.0/0000:03:00.1", 5);
	put_device("pci", "0000:04:01.0", "pci0000:00/0000:00:06.0/0000:04:01.0", 6);
	put_device("pci", "0000:04:02.0", "pci0000:00/0000:00:06.0/0000:04:02.0", 7);
	put_device("pci", "0000:05:00.0", "pci0000:00/0000:00:07.0/0000:05:00.0", -1);
	put_device("pci", "0001:03:00.0", "pci0001:00/0001:03:00.0", 8);
	put_device("pci", "0001:09:00.0", "pci0001:00/0001:09:00.0", 9);
	put_device("platform", "fe310000.dma", "platform/fe310000.dma", 10);
	return 0;
}

static int remove_all(void **state)
{
	char cmd[320];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", host.root);
	return system(cmd);
}

static struct dma_fault fault_of(const char *device)
{
	struct dma_fault fault = {0};

	snprintf(fault.device, sizeof(fault.device), "%s", device);
	return fault;
}

static void test_resolve(void **state)
{
	static const struct {
		const char *device;
		bool segment_lost;
		int group;
		const char *alias_of;
	} of[] = {
		{"0000:00:02.0", false, 1, ""},
		{"0000:01:05.1", false, 2, ""},
		/* the bridge's name for all behind it; a phantom function of one behind it */
		{"0000:01:00.0", false, 2, "0000:01:02.0"},
		{"0000:01:02.3", false, 2, "0000:01:02.0"},
		/* which of two groups, nobody can tell */
		{"0000:02:00.5", false, -1, ""},
		{"0000:03:00.5", false, 5, "0000:03:00.0"},
		{"0000:04:00.0", false, -1, ""},
		{"0000:04:03.0", false, -1, ""},
		/* no bus, no device, no group */
		{"0000:7f:00.0", false, -1, ""},
		{"0000:05:00.0", false, -1, ""},
		{"", false, -1, ""},
		/* without a segment: only where there is one such device */
		{"0000:00:02.0", true, 1, ""},
		{"0000:03:00.0", true, -1, ""},
		{"0000:09:00.0", true, 9, "0001:09:00.0"},
		{"0000:01:00.0", true, 2, "0000:01:02.0"},
		/* not on a PCI bus, and what would lead out of sysfs */
		{"fe310000.dma", false, 10, ""},
		{"../../pci/devices", false, -1, ""},
		{"..", false, -1, ""},
	};
	struct requesters *r = requesters_open(&host);

	assert_non_null(r);
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		struct dma_fault fault = fault_of(of[i].device);

		print_message("# %s\n", of[i].device);
		fault.segment_lost = of[i].segment_lost;
		requesters_resolve(r, &fault);
		assert_int_equal(fault.group_known, of[i].group >= 0);
		if (fault.group_known)
			assert_int_equal(fault.group, of[i].group);
		assert_string_equal(fault.alias_of, of[i].alias_of);
	}
	requesters_close(r);
}

static void test_match(void **state)
{
	static const struct {
		const char *fault, *addr;
		int group;
		bool segment_lost, bus_lost;
		enum fault_tie want;
	} of[] = {
		{"0000:00:02.0", "0000:00:02.0", 1, false, false, FAULT_TIE_DEVICE},
		{"0000:01:00.0", "0000:01:05.1", 2, false, false, FAULT_TIE_DEVICE},
		{"0000:01:05.1", "0000:01:02.0", 2, false, false, FAULT_TIE_DEVICE},
		{"0000:00:02.0", "0000:01:02.0", 2, false, false, FAULT_TIE_NONE},
		{"0000:7f:00.0", "0000:01:02.0", 2, false, false, FAULT_TIE_NONE},
		{"", "0000:01:02.0", 2, false, false, FAULT_TIE_TIME},
		/* no groups at all: only its own id */
		{"0000:05:00.0", "0000:05:00.0", -1, false, false, FAULT_TIE_DEVICE},
		{"0000:7f:00.0", "0000:05:00.0", -1, false, false, FAULT_TIE_NONE},
		/* segment lost: of two candidates either may be it */
		{"0000:03:00.0", "0001:03:00.0", 8, true, false, FAULT_TIE_TIME},
		{"0000:03:00.0", "0000:03:00.0", 5, true, false, FAULT_TIE_TIME},
		{"0000:09:00.0", "0001:09:00.0", 9, true, false, FAULT_TIE_DEVICE},
		{"0000:00:02.0", "0001:00:02.0", 11, true, false, FAULT_TIE_NONE},
		{"0000:03:00.0", "0001:03:00.0", 8, false, false, FAULT_TIE_NONE},
		/* bus lost: the same device and function, or 00.0 behind a bridge */
		{"0000:00:02.0", "0000:01:02.0", 2, false, true, FAULT_TIE_TIME},
		{"0000:00:00.0", "0000:01:02.0", 2, false, true, FAULT_TIE_TIME},
		{"0000:00:00.0", "0000:00:02.0", 1, false, true, FAULT_TIE_NONE},
		{"0000:00:03.0", "0000:01:02.0", 2, false, true, FAULT_TIE_NONE},
	};
	struct requesters *r = requesters_open(&host);

	assert_non_null(r);
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		struct dma_fault fault = fault_of(of[i].fault);

		print_message("# %s for %s\n", of[i].fault, of[i].addr);
		fault.segment_lost = of[i].segment_lost;
		fault.bus_lost = of[i].bus_lost;
		requesters_resolve(r, &fault);
		assert_int_equal(requesters_match(r, &fault, of[i].addr, of[i].group), of[i].want);
	}
	requesters_close(r);
}

/* By device and function alone: only where one device has these. */
static void test_alone(void **state)
{
	static const struct {
		const char *fault, *addr;
		bool bus_lost, want;
	} of[] = {
		{"0000:00:05.1", "0000:01:05.1", true, true},	/* no other 05.1 */
		{"0000:00:05.1", "0000:01:05.1", false, false}, /* what was logged is the bus, too */
		{"0000:00:02.0", "0000:01:02.0", true, false},
		{"0000:00:00.0", "0000:01:05.1", true, false},
		{"0000:00:00.0", "0000:05:00.0", true, false},
		{"0000:00:03.0", "0000:00:03.0", true, true},
		{"", "0000:01:05.1", true, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		struct requesters *r = requesters_open(&host);
		struct dma_fault fault = fault_of(of[i].fault);

		fault.bus_lost = of[i].bus_lost;
		assert_int_equal(requesters_alone(r, &fault, of[i].addr), of[i].want);
		requesters_close(r);
	}
}

/* A device that comes later is found, though not by each of many faults of one that is not there. */
static void test_later(void **state)
{
	struct requesters *r = requesters_open(&host);
	struct dma_fault fault = fault_of("0000:08:00.0");

	requesters_resolve(r, &fault);
	assert_false(fault.group_known);
	put_device("pci", "0000:08:00.0", "pci0000:00/0000:00:08.0/0000:08:00.0", 12);
	requesters_resolve(r, &fault);
	assert_false(fault.group_known);
	now_ns += 900000000;
	requesters_resolve(r, &fault);
	assert_false(fault.group_known);
	now_ns += 200000000;
	requesters_resolve(r, &fault);
	assert_true(fault.group_known && fault.group == 12);
	requesters_close(r);
	/* a machine without PCI */
	snprintf(host.root + strlen(host.root), sizeof(host.root) - strlen(host.root), "/nowhere");
	r = requesters_open(&host);
	requesters_resolve(r, &fault);
	assert_false(fault.group_known);
	requesters_close(r);
	*strrchr(host.root, '/') = '\0';
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_later),
	};

	return cmocka_run_group_tests_name("requester", tests, build, remove_all);
}
