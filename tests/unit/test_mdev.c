/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mediated devices: what sysfs says of them, which names are taken for one, and what VFIO's side refuses before it opens a node. */
#include "unit.h"

#include <errno.h>

#include "dev/dev.h"
#include "host/groups.h"
#include "host/mdev.h"
#include "iommu/vfio.h"
#include "root.h"

#define UUID "0123abcd-4567-89ab-cdef-0123456789ab"
#define OTHER "11111111-2222-3333-4444-555555555555"

static void put_mdev(struct root *root, const char *uuid)
{
	char path[256], target[256];

	snprintf(path, sizeof(path), "/sys/devices/virtual/mtty/mtty/%s/uevent", uuid);
	root_put(root, path, "DRIVER=mtty\n");
	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s", uuid);
	snprintf(target, sizeof(target), "../../../devices/virtual/mtty/mtty/%s", uuid);
	root_link(root, path, target);
}

/* The sample driver's, as Linux 7.3 shows it. */
static void put_mtty(struct root *root)
{
	put_mdev(root, UUID);
	root_put(root, "/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-1/name", "Single port serial\n");
	root_link(root, "/sys/devices/virtual/mtty/mtty/" UUID "/mdev_type", "../mdev_supported_types/mtty-1");
	root_link(root, "/sys/devices/virtual/mtty/mtty/" UUID "/driver", "../../../../../bus/mdev/drivers/mtty");
	root_link(root, "/sys/devices/virtual/mtty/mtty/" UUID "/iommu_group", "../../../../../kernel/iommu_groups/7");
	root_put(root, "/sys/devices/virtual/mtty/mtty/" UUID "/vfio-dev/vfio3/dev", "249:3\n");
	root_put(root, "/sys/kernel/iommu_groups/7/type", "unknown\n");
	root_put(root, "/sys/kernel/iommu_groups/7/reserved_regions", "");
	root_link(root, "/sys/kernel/iommu_groups/7/devices/" UUID, "../../../../devices/virtual/mtty/mtty/" UUID);
}

static void test_names(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"0000:00:04.0",
		"0123abcd-4567-89ab-cdef-0123456789a",
		(UUID "b"),
		(UUID " "),
		(" " UUID),
		"0123abcd-4567-89ab-cdef_0123456789ab",
		"0123abcg-4567-89ab-cdef-0123456789ab",
		"{0123abcd-4567-89ab-cdef-0123456789ab}",
		"0123abcd456789abcdef0123456789ab",
		"../../../../../../etc/passwd",
	};
	char out[MDEV_UUID_MAX], small[36];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(mdev_is_uuid(bad[i]));
		assert_int_equal(mdev_normalize(bad[i], out, sizeof(out)), -EINVAL);
	}
	assert_true(mdev_is_uuid(UUID));
	assert_true(mdev_is_uuid("0123ABCD-4567-89aB-CDEF-0123456789AB"));
	/* guid_parse() takes both; the device's name has small letters, and VFIO compares names byte by byte */
	assert_int_equal(mdev_normalize("0123ABCD-4567-89aB-CDEF-0123456789AB", out, sizeof(out)), 0);
	assert_string_equal(out, UUID);
	assert_int_equal(mdev_normalize(UUID, small, sizeof(small)), -EINVAL);
}

static void test_find(void **state)
{
	struct mdev_info m;
	struct fail f = {0};
	struct root root;

	root_make(&root);
	put_mtty(&root);
	assert_int_equal(mdev_find(&root.host, "0123ABCD-4567-89AB-CDEF-0123456789AB", &m, &f), 0);
	assert_string_equal(m.uuid, UUID);
	assert_string_equal(m.parent, "mtty");
	assert_string_equal(m.type, "mtty-1");
	assert_string_equal(m.type_name, "Single port serial");
	assert_string_equal(m.driver, "mtty");
	assert_string_equal(m.cdev, "vfio3");
	assert_int_equal(m.group, 7);

	assert_int_equal(mdev_find(&root.host, OTHER, &m, &f), -ENODEV);
	assert_false(f.usage);
	assert_string_equal(f.text, "there is no mediated device " OTHER);
	assert_string_equal(f.hint, "mediated devices here: " UUID);
	assert_int_equal(mdev_find(&root.host, "nonsense", &m, &f), -EINVAL);
	assert_true(f.usage);
	assert_non_null(strstr(f.hint, "in full"));
	root_remove(&root);
}

/* A device whose driver was taken away, and links that no kernel makes. */
static void test_bare(void **state)
{
	struct mdev_info m;
	struct root root;

	root_make(&root);
	put_mdev(&root, OTHER);
	assert_int_equal(mdev_find(&root.host, OTHER, &m, NULL), 0);
	assert_int_equal(m.group, -1);
	assert_string_equal(m.driver, "");
	assert_string_equal(m.cdev, "");
	assert_string_equal(m.type, "");
	assert_string_equal(m.parent, "mtty");
	root_link(&root, "/sys/devices/virtual/mtty/mtty/" OTHER "/iommu_group", "../seven");
	assert_int_equal(mdev_find(&root.host, OTHER, &m, NULL), 0);
	assert_int_equal(m.group, -1);
	root_link(&root, "/sys/devices/virtual/mtty/mtty/" OTHER "/iommu_group", "../4294967303");
	assert_int_equal(mdev_find(&root.host, OTHER, &m, NULL), 0);
	assert_int_equal(m.group, -1);
	root_remove(&root);
}

static void test_scan(void **state)
{
	struct mdev_info *list;
	struct fail f = {0};
	struct root root;
	unsigned int n;

	root_make(&root);
	assert_int_equal(mdev_scan(&root.host, &list, &n, &f), 0);
	assert_int_equal(n, 0);
	assert_int_equal(mdev_find(&root.host, UUID, &(struct mdev_info){0}, &f), -ENODEV);
	assert_non_null(strstr(f.hint, "mdev_supported_types"));
	put_mtty(&root);
	put_mdev(&root, OTHER);
	root_put(&root, "/sys/bus/mdev/devices/no-uuid/uevent", "");
	assert_int_equal(mdev_scan(&root.host, &list, &n, &f), 0);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].uuid, UUID);
	assert_string_equal(list[1].uuid, OTHER);
	free(list);
	root_remove(&root);
}

/* Its driver is no obstacle for VFIO; the same driver on a device of another bus is one. */
static void test_group(void **state)
{
	struct group_info g;
	struct root root;

	root_make(&root);
	put_mtty(&root);
	assert_int_equal(group_find(&root.host, 7, &g, NULL), 0);
	assert_int_equal(g.nr_devices, 1);
	assert_string_equal(g.devices[0], UUID);
	assert_true(g.viable);
	group_clear(&g);
	root_link(&root, "/sys/bus/mdev/devices/" OTHER, "../../../devices/nowhere");
	root_link(&root, "/sys/kernel/iommu_groups/7/devices/" OTHER "/driver", "../../../bus/platform/drivers/mtty");
	assert_int_equal(group_find(&root.host, 7, &g, NULL), 0);
	assert_int_equal(g.nr_blockers, 1);
	assert_false(g.viable);
	group_clear(&g);
	root_remove(&root);
}

static void test_target(void **state)
{
	struct vfio_target t;
	struct fail f = {0};
	struct root root;

	root_make(&root);
	put_mtty(&root);
	assert_int_equal(vfio_target_find(&root.host, UUID, &t, &f), 0);
	assert_string_equal(t.id.name, UUID);
	assert_true(t.id.emulated && t.id.no_bus);
	assert_false(t.id.is_sim);
	assert_int_equal(t.id.vendor | t.id.device, 0);
	assert_string_equal(t.cdev, "vfio3");
	assert_int_equal(t.group, 7);
	assert_int_equal(vfio_check_host(&root.host, &t, &f), 0);

	assert_int_equal(vfio_target_find(&root.host, OTHER, &t, &f), -ENODEV);
	assert_int_equal(vfio_target_find(&root.host, "eth0", &t, &f), -EINVAL);
	assert_true(f.usage);
	assert_string_equal(f.text, "'eth0' is neither a PCI address nor the UUID of a mediated device");
	assert_int_equal(vfio_target_find(&root.host, "0000:00:04.0", &t, &f), -ENOENT);
	root_pci(&root, "pci0000:00/0000:00:04.0", "0x010000\n");
	assert_int_equal(vfio_target_find(&root.host, "00:04.0", &t, &f), 0);
	assert_string_equal(t.id.name, "0000:00:04.0");
	assert_false(t.id.emulated || t.id.no_bus);
	assert_int_equal(t.id.class_code, 0x010000);
	root_remove(&root);
}

/* What is in the way, and what to do about it; no node is opened for these. */
static void test_refusals(void **state)
{
	struct iommu context = {0};
	struct iommu_device attached = {.id.name = UUID};
	struct vfio vfio = {.container = -1};
	struct vfio_group *group;
	struct vfio_device *d;
	struct vfio_target t;
	struct fail f = {0};
	struct root root;

	root_make(&root);
	put_mdev(&root, UUID);
	context.host = vfio.iommu.host = &root.host;
	assert_int_equal(vfio_target_find(&root.host, UUID, &t, &f), 0);
	assert_int_equal(vfio_check_host(&root.host, &t, &f), -ENODEV);
	assert_string_equal(f.text, "mediated device " UUID " has no driver");
	assert_non_null(strstr(f.hint, "/sys/bus/mdev/drivers/DRIVER/bind"));
	root_link(&root, "/sys/devices/virtual/mtty/mtty/" UUID "/driver", "../../../../../bus/mdev/drivers/mtty");
	assert_int_equal(vfio_target_find(&root.host, UUID, &t, &f), 0);
	assert_int_equal(vfio_group_get(&vfio, &t, &group, &f), -ENODEV);
	assert_string_equal(f.text, "mediated device " UUID " has no group");
	assert_non_null(strstr(f.hint, "--backend iommufd"));
	assert_int_equal(vfio_cdev_open(&context, -1, &t, &d, &f), -ENODEV);
	assert_string_equal(f.text, UUID " has no node of its own in /dev/vfio/devices");
	/* no machine has so many groups */
	t.group = 99999999;
	assert_int_equal(vfio_group_get(&vfio, &t, &group, &f), -ENOENT);
	assert_null(strstr(f.hint, "iommuctl bind"));

	assert_int_equal(vfio_check_twice(&context, &t, &f), 0);
	context.devices = &attached;
	assert_int_equal(vfio_check_twice(&context, &t, &f), -EBUSY);
	root_remove(&root);
}

/* Nobody here can have it do DMA, whatever ids it has and whoever is named. */
static void test_no_driver(void **state)
{
	static const struct idev_ops none = {0};
	struct iommu_device idev = {.id = {.name = UUID, .vendor = 0x1234, .device = 0x11e8}, .ops = &none};
	static const struct dev_env env = {0};
	struct fail f = {0};
	struct dev *dev;

	idev.id.emulated = idev.id.no_bus = true;
	assert_int_equal(dev_open(&dev, &idev, NULL, &env, &f), -EOPNOTSUPP);
	assert_null(dev);
	assert_non_null(strstr(f.text, "is a mediated device"));
	assert_int_equal(dev_open(&dev, &idev, "edu", &env, &f), -EOPNOTSUPP);
}

/* Only where no hardware is: nothing is pinned by a map, and DMA reaches nothing but what is mapped. */
static void test_caps(void **state)
{
	struct iommu_caps caps = {.has_pins = true, .has_page_tables = true, .has_spaces = true};

	vfio_caps_emulated(&caps);
	assert_true(caps.no_hardware && caps.has_spaces);
	assert_false(caps.has_pins || caps.has_page_tables || caps.bypasses_table || caps.simulated);
}

/* A container with nothing else in it tells no apertures (vfio_iommu_iova_build_caps()): its device's log has large pages all the same. */
static void test_log_pages(void **state)
{
	struct iommu_caps caps = {.page_sizes = 4096};

	assert_int_equal(dirty_sizes(&caps, 4096), (1ull << 40) - 4096);
	caps.ranges_known = true;
	caps.nr_ranges = 1;
	caps.ranges[0] = (struct iova_range){0x1000, 0x5fff};
	assert_int_equal(dirty_sizes(&caps, 4096), 0x1000 | 0x2000);
}

static int pins_ask(struct iommu *iommu, uint64_t *pages)
{
	*pages = 12;
	return 0;
}

static void test_pins(void **state)
{
	static const struct iommu_ops ops = {.name = "some", .pins = pins_ask};
	struct iommu context = {.ops = &ops, .caps.has_pins = true};
	uint64_t pages = 0;

	assert_int_equal(iommu_pins(&context, &pages), 0);
	assert_int_equal(pages, 12);
	vfio_caps_emulated(&context.caps);
	assert_int_equal(iommu_pins(&context, &pages), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	 cmocka_unit_test(test_find),	   cmocka_unit_test(test_bare),
		cmocka_unit_test(test_scan),	 cmocka_unit_test(test_group),	   cmocka_unit_test(test_target),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_no_driver), cmocka_unit_test(test_caps),
		cmocka_unit_test(test_pins),	 cmocka_unit_test(test_log_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
