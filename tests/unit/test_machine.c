/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine read as a whole: its tree of bridges, DMAR scopes as devices, nodes, log, and what is found in it. */
#include "unit.h"

#include <errno.h>

#include "host/machine.h"
#include "root.h"

#define BRIDGE "0x060400\n"
#define DISK "0x010802\n"

/* Two root ports; behind the first a switch, behind that a disk; a VMD domain; an ordinary device. */
static void make_tree(struct root *root)
{
	root_make(root);
	root_pci(root, "pci0000:00/0000:00:01.0", BRIDGE);
	root_pci(root, "pci0000:00/0000:00:01.0/0000:01:00.0", BRIDGE);
	root_pci(root, "pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:03.0", BRIDGE);
	root_pci(root, "pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:03.0/0000:05:00.0", DISK);
	root_pci(root, "pci0000:00/0000:00:02.0", BRIDGE);
	root_pci(root, "pci0000:00/0000:00:1f.3", "0x040300\n");
	root_pci(root, "pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0", BRIDGE);
	root_pci(root, "pci0000:00/0000:00:0e.0", "0x010400\n");
}

static void read_all(struct root *root, struct machine *m)
{
	struct fail f = {0};

	assert_int_equal(machine_read(&root->host, MACHINE_ALL, m, &f), 0);
}

static const char *parent_of(const struct machine *m, const char *addr)
{
	int at = machine_device(m, addr);

	assert_true(at >= 0);
	return m->parents[at] < 0 ? "" : m->pci[m->parents[at]].addr;
}

static void test_tree(void **state)
{
	struct machine m;
	struct root root;

	make_tree(&root);
	read_all(&root, &m);
	assert_int_equal(m.nr_devices, 8);
	assert_string_equal(parent_of(&m, "0000:00:01.0"), "");
	assert_string_equal(parent_of(&m, "0000:01:00.0"), "0000:00:01.0");
	assert_string_equal(parent_of(&m, "0000:05:00.0"), "0000:02:03.0");
	assert_string_equal(parent_of(&m, "10000:e0:06.0"), "");
	/* no config space here: the bus behind a bridge is that of the devices behind it */
	assert_int_equal(m.secondary[machine_device(&m, "0000:00:01.0")], 1);
	assert_int_equal(m.secondary[machine_device(&m, "0000:02:03.0")], 5);
	assert_int_equal(m.secondary[machine_device(&m, "0000:00:02.0")], -1);
	assert_int_equal(machine_device(&m, "0000:07:00.0"), -1);
	assert_int_equal(machine_device(&m, "nonsense"), -1);
	machine_free(&m);
	assert_null(m.pci);
	root_remove(&root);
}

/* Links that claim to be each other's parents, and a device that is its own. */
static void test_tree_of_lies(void **state)
{
	struct machine m;
	struct root root;

	root_make(&root);
	root_link(&root, "/sys/bus/pci/devices/0000:00:01.0", "../../../devices/pci0000:00/0000:00:02.0/0000:00:01.0");
	root_link(&root, "/sys/bus/pci/devices/0000:00:02.0", "../../../devices/pci0000:00/0000:00:01.0/0000:00:02.0");
	root_link(&root, "/sys/bus/pci/devices/0000:00:03.0", "0000:00:03.0/0000:00:03.0");
	root_link(&root, "/sys/bus/pci/devices/0000:00:04.0", "/");
	root_put(&root, "/sys/bus/pci/devices/0000:00:05.0/class", DISK);
	read_all(&root, &m);
	for (unsigned int i = 0; i < m.nr_devices; i++) {
		unsigned int steps = 0;

		for (int at = (int)i; at >= 0; at = m.parents[at])
			assert_true(steps++ <= m.nr_devices);
	}
	machine_free(&m);
	root_remove(&root);
}

static int scope_of(const struct machine *m, uint8_t type, uint8_t bus, unsigned int n, const uint8_t *path)
{
	struct acpi_scope scope = {.type = type, .bus = bus, .nr_path = n};

	for (unsigned int i = 0; i < n; i++) {
		scope.path[i].device = path[2 * i];
		scope.path[i].function = path[2 * i + 1];
	}
	return machine_scope(m, &scope);
}

static void test_scopes(void **state)
{
	static const uint8_t through[] = {1, 0, 0, 0, 3, 0, 0, 0}, behind_nothing[] = {2, 0, 0, 0}, audio[] = {0x1f, 3};
	struct machine m;
	struct root root;

	make_tree(&root);
	read_all(&root, &m);
	assert_int_equal(scope_of(&m, 1, 0, 1, audio), machine_device(&m, "0000:00:1f.3"));
	assert_int_equal(scope_of(&m, 1, 0, 4, through), machine_device(&m, "0000:05:00.0"));
	assert_int_equal(scope_of(&m, 2, 0, 2, through), machine_device(&m, "0000:01:00.0"));
	assert_int_equal(scope_of(&m, 1, 0, 2, behind_nothing), -1);
	assert_int_equal(scope_of(&m, 1, 9, 1, audio), -1);
	assert_int_equal(scope_of(&m, 1, 0, 0, audio), -1);
	/* an IOAPIC is no PCI device, whatever its path */
	assert_int_equal(scope_of(&m, 3, 0, 1, audio), -1);
	machine_free(&m);
	root_remove(&root);
}

/* The devices of make_tree() behind three units: one names the disk, one what is behind the first port, one has the rest. */
static void test_drhds(void **state)
{
	struct acpi_scope disk = {.type = 1, .bus = 5, .nr_path = 1};
	struct acpi_scope port = {.type = 2, .nr_path = 1, .path = {{1, 0}}};
	struct dmar_entry entries[] = {
		{.type = DMAR_DRHD, .flags = 1},
		{.type = DMAR_RMRR, .nr_scopes = 1, .scopes = &disk},
		{.type = DMAR_DRHD, .nr_scopes = 1, .scopes = &port},
		{.type = DMAR_DRHD, .nr_scopes = 1, .scopes = &disk},
	};
	struct machine m;
	struct root root;

	make_tree(&root);
	root_pci(&root, "pci0000:00/0000:05:00.1", DISK);
	root_link(&root, "/sys/bus/pci/devices/0000:05:00.1/physfn", "../0000:05:00.0");
	read_all(&root, &m);
	assert_int_equal(machine_drhd(&m, 0), -1); /* no DMAR here */
	m.dmar.entries = entries;
	m.dmar.nr_entries = ARRAY_SIZE(entries);
	assert_int_equal(machine_read_drhds(&m), 0);
	assert_int_equal(machine_drhd(&m, (unsigned int)machine_device(&m, "0000:05:00.0")), 3);
	assert_int_equal(machine_drhd(&m, (unsigned int)machine_device(&m, "0000:05:00.1")), 3);
	assert_int_equal(machine_drhd(&m, (unsigned int)machine_device(&m, "0000:02:03.0")), 2);
	assert_int_equal(machine_drhd(&m, (unsigned int)machine_device(&m, "0000:00:1f.3")), 0);
	/* another segment: nobody includes it */
	assert_int_equal(machine_drhd(&m, (unsigned int)machine_device(&m, "10000:e0:06.0")), -1);
	assert_int_equal(machine_drhd(&m, m.nr_devices), -1);
	/* Linux asks the unit of a later structure first, and that one has the disk's port */
	entries[2].scopes = &disk;
	entries[3].scopes = &port;
	free(m.drhds);
	assert_int_equal(machine_read_drhds(&m), 0);
	assert_int_equal(machine_drhd(&m, (unsigned int)machine_device(&m, "0000:05:00.0")), 3);
	m.dmar.entries = NULL;
	m.dmar.nr_entries = 0;
	machine_free(&m);
	root_remove(&root);
}

static void test_log(void **state)
{
	char records[] = "6,339,5140900,-;NET: Registered protocol family\n"
			 " SUBSYSTEM=net\n"
			 "3,340,5690716,-,caller=T1;DMAR: DRHD: handling fault status reg 2\n"
			 "12,341,5690717,-;a program's words\n"
			 "6,342,5690718,-;\n";
	char plain[] = "[    0.1] DMAR: Host address width 39\n  indented\n7 dwarfs; 1,2\nno newline";

	machine_clean_log(records);
	assert_string_equal(records, "NET: Registered protocol family\nDMAR: DRHD: handling fault status reg 2\n\n");
	machine_clean_log(plain);
	assert_string_equal(plain, "[    0.1] DMAR: Host address width 39\n  indented\n7 dwarfs; 1,2\nno newline");
}

static void test_log_of_a_capture(void **state)
{
	struct machine m;
	struct root root;

	root_make(&root);
	read_all(&root, &m);
	assert_null(m.log);
	assert_int_equal(m.log_err, -ENOENT);
	machine_free(&m);
	root_put(&root, "/iommuctl/kmsg", "6,1,2,-;one\ntwo\n");
	read_all(&root, &m);
	assert_string_equal(m.log, "one\ntwo\n");
	assert_int_equal(m.log_err, 0);
	machine_free(&m);
	root_remove(&root);
}

static void test_nodes(void **state)
{
	struct machine m;
	struct root root;
	char path[PATH_MAX];

	root_make(&root);
	root_put(&root, "/dev/vfio/7", "");
	root_put(&root, "/dev/vfio/devices/vfio0", "");
	snprintf(path, sizeof(path), "%s/dev/vfio/7", root.dir);
	assert_int_equal(chmod(path, 0646), 0);
	read_all(&root, &m);
	assert_int_equal(m.nr_nodes, 2);
	assert_string_equal(m.nodes[0].path, "/dev/vfio/7");
	assert_int_equal(m.nodes[0].mode, 0646);
	assert_string_equal(m.nodes[1].path, "/dev/vfio/devices/vfio0");
	machine_free(&m);
	/* a capture's list is the truth, not who owns the files that were unpacked */
	root_put(&root, "/iommuctl/nodes",
		 "/dev/iommu 660 0 104\n"
		 "/etc/passwd 644 0 0\n"
		 "/dev/vfio/vfio 20666 0 0\n"
		 "/dev/vfio/8 600 0\n"
		 "/dev/vfio/$(reboot) 600 0 0\n"
		 "/dev/vfio/9 600 0 0 more\n"
		 "/dev/a-name-that-is-much-longer-than-any-node-there-ever-was 600 0 0\n");
	read_all(&root, &m);
	assert_int_equal(m.nr_nodes, 2);
	assert_string_equal(m.nodes[0].path, "/dev/iommu");
	assert_int_equal(m.nodes[0].mode, 0660);
	assert_int_equal(m.nodes[0].gid, 104);
	assert_int_equal(m.nodes[1].mode, 0666);
	machine_free(&m);
	root_remove(&root);
}

static void test_ioctl_file(void **state)
{
	struct machine m;
	struct root root;

	root_make(&root);
	read_all(&root, &m);
	assert_false(m.ioctl.asked);
	assert_int_equal(m.ioctl.vfio_api, -1);
	assert_string_equal(m.ioctl_problem, "");
	machine_free(&m);
	/* what is wrong with it does not keep the rest from being read */
	root_put(&root, "/iommuctl/ioctl.json", "{\"asked\":7}");
	read_all(&root, &m);
	assert_false(m.ioctl.asked);
	assert_non_null(strstr(m.ioctl_problem, "asked is neither true nor false"));
	machine_free(&m);
	root_remove(&root);
}

static void test_lookups(void **state)
{
	struct machine m;
	struct root root;

	root_make(&root);
	root_put(&root, "/sys/kernel/iommu_groups/2/type", "DMA\n");
	root_put(&root, "/sys/kernel/iommu_groups/2/devices/x", "");
	root_put(&root, "/sys/kernel/iommu_groups/10/type", "identity\n");
	root_put(&root, "/sys/kernel/iommu_groups/10/devices/x", "");
	root_put(&root, "/sys/class/iommu/dmar0/intel-iommu/cap", "d2008c40660462\n");
	read_all(&root, &m);
	assert_string_equal(machine_group(&m, 2)->type, "DMA");
	assert_string_equal(machine_group(&m, 10)->type, "identity");
	assert_null(machine_group(&m, 3));
	assert_non_null(machine_unit(&m, "dmar0"));
	assert_null(machine_unit(&m, "dmar1"));
	machine_free(&m);
	machine_free(&m); /* twice is fine */
	machine_free(NULL);
	root_remove(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),	cmocka_unit_test(test_tree_of_lies),
		cmocka_unit_test(test_scopes),	cmocka_unit_test(test_drhds),
		cmocka_unit_test(test_log),	cmocka_unit_test(test_log_of_a_capture),
		cmocka_unit_test(test_nodes),	cmocka_unit_test(test_ioctl_file),
		cmocka_unit_test(test_lookups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
