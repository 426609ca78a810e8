/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/iommufd*, iommu/vfio_cdev: what needs no kernel: its answers read, options, tokens, and what is refused before it is asked. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "iommu/iommufd.h"
#include "iommu/vfio.h"

static struct host machine;

static void test_ranges(void **state)
{
	struct ic_iommufd_iova_range ranges[IOMMU_MAX_RANGES];
	struct ic_iommufd_ioas_iova_ranges arg = {.num_iovas = 2, .out_iova_alignment = 0x1000};
	struct iommu_caps caps = {.nr_reserved = 1, .reserved = {{0xfee00000, 0xfeefffff}}};

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct ic_iommufd_iova_range){i * 0x100000, i * 0x100000 + 0xffff};
	iommufd_take_ranges(&caps, &arg, ranges);
	assert_true(caps.ranges_known);
	assert_int_equal(caps.page_sizes, 0x1000);
	assert_int_equal(caps.nr_ranges, 2);
	assert_int_equal(caps.ranges[1].start, 0x100000);
	assert_int_equal(caps.ranges[1].last, 0x10ffff);
	/* of the device, not of the space */
	assert_int_equal(caps.nr_reserved, 1);
	/* more than were written: what was written counts, and nothing behind it is read */
	arg.num_iovas = 1000;
	iommufd_take_ranges(&caps, &arg, ranges);
	assert_int_equal(caps.nr_ranges, IOMMU_MAX_RANGES);
	assert_int_equal(caps.ranges[IOMMU_MAX_RANGES - 1].start, (IOMMU_MAX_RANGES - 1) * 0x100000);
	/* none at all, and of any address: a space that no device is attached to */
	arg = (struct ic_iommufd_ioas_iova_ranges){.out_iova_alignment = 1};
	iommufd_take_ranges(&caps, &arg, ranges);
	assert_int_equal(caps.nr_ranges, 0);
	assert_int_equal(caps.page_sizes, 1);
	arg.out_iova_alignment = 0;
	iommufd_take_ranges(&caps, &arg, ranges);
	assert_int_equal(caps.page_sizes, 4096);
}

static void test_prot(void **state)
{
	assert_int_equal(iommufd_prot_flags(IOMMU_PROT_READ), IC_IOMMUFD_IOAS_MAP_READABLE);
	assert_int_equal(iommufd_prot_flags(IOMMU_PROT_WRITE), IC_IOMMUFD_IOAS_MAP_WRITEABLE);
	assert_int_equal(iommufd_prot_flags(IOMMU_PROT_RW),
			 IC_IOMMUFD_IOAS_MAP_READABLE | IC_IOMMUFD_IOAS_MAP_WRITEABLE);
	assert_int_equal(iommufd_prot_flags(0), 0);
}

/* As the kernel's uuid_parse() reads it: byte by byte in the order of the text. */
static void test_token(void **state)
{
	static const unsigned char want[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
					       0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe};
	unsigned char got[18] = {0};

	got[16] = got[17] = 0x5a;
	vfio_token_bytes("01234567-89ab-CDEF-1032-547698badcfe", got);
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(got[16], 0x5a);
}

static struct fail open_fails(const struct iommu_ops *ops, const char *options, const char *token)
{
	struct iommu_params params = {.vf_token = token, .host = &machine};
	struct iommu *iommu = NULL;
	struct fail f = {0};

	assert_true(ops->open(options, &params, &iommu, &f) < 0);
	assert_null(iommu);
	return f;
}

static void test_options(void **state)
{
	static const char *const bad[] = {"x", "rlimit", "rlimit=", "rlimit=none", "rlimit=user,", "rlimit=user,y=1"};
	static const char *const bad_compat[] = {"type", "type=", "type=v3", "v1", "type=v1,", "type=v2,x"};
	struct fail f;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		f = open_fails(&iommu_iommufd_ops, bad[i], NULL);
		assert_int_equal(f.err, EINVAL);
		assert_string_equal(f.hint, "valid options: rlimit=user, rlimit=process");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_compat); i++) {
		f = open_fails(&iommu_iommufd_compat_ops, bad_compat[i], NULL);
		assert_int_equal(f.err, EINVAL);
		assert_string_equal(f.hint, "valid options: type=v1, type=v2");
	}
	f = open_fails(&iommu_iommufd_ops, "", "not-a-token");
	assert_true(f.usage);
	f = open_fails(&iommu_iommufd_compat_ops, "type=v1", "not-a-token");
	assert_true(f.usage);
	/* nothing is ever opened for a capture */
	snprintf(machine.root, sizeof(machine.root), "/nonexistent");
	assert_int_equal(open_fails(&iommu_iommufd_ops, "rlimit=user", NULL).err, EROFS);
	assert_int_equal(open_fails(&iommu_iommufd_compat_ops, "type=v2", NULL).err, EROFS);
	machine.root[0] = '\0';
}

static struct fail refusal(const char *driver, int group, const char *cdev)
{
	struct iommu iommu = {.host = &machine};
	struct vfio_target t = {.id.name = "0000:00:04.0", .group = group};
	struct vfio_device *d = (void *)1;
	struct fail f = {0};
	int err;

	snprintf(t.driver, sizeof(t.driver), "%s", driver);
	snprintf(t.cdev, sizeof(t.cdev), "%s", cdev);
	err = vfio_cdev_open(&iommu, -1, &t, &d, &f);
	assert_true(err < 0);
	assert_int_equal(f.err, -err);
	assert_null(d);
	return f;
}

static void test_refusals(void **state)
{
	struct fail f = refusal("vfio-pci", -1, "vfio0");

	assert_string_equal(f.text, "0000:00:04.0 has no IOMMU behind it");
	f = refusal("sym53c8xx", 3, "");
	assert_string_equal(f.text, "0000:00:04.0 is bound to sym53c8xx");
	assert_string_equal(f.hint, "iommuctl bind 0000:00:04.0");
	f = refusal("vfio-pci", 99999999, "");
	assert_int_equal(f.err, ENODEV);
	assert_string_equal(f.text, "0000:00:04.0 has no node of its own in /dev/vfio/devices");
	assert_non_null(strstr(f.hint, "CONFIG_VFIO_DEVICE_CDEV"));
	/* the kernel gives such a device a node, and no protection */
	f = refusal("vfio-pci", 99999999, "noiommu-vfio0");
	assert_int_equal(f.err, ENODEV);
	assert_non_null(strstr(f.text, "noiommu"));
	f = refusal("vfio-pci", 99999999, "vfio99999999");
	assert_int_equal(f.err, ENOENT);
	assert_string_equal(f.text, "there is no /dev/vfio/devices/vfio99999999 for 0000:00:04.0");
}

static void test_twice(void **state)
{
	struct iommu_device d = {.id = {.name = "0000:00:04.0"}};
	struct iommu iommu = {.devices = &d};
	struct vfio_target t = {.id.name = "0000:00:04.0"};
	struct fail f = {0};

	assert_int_equal(vfio_check_twice(&iommu, &t, &f), -EBUSY);
	assert_string_equal(f.text, "0000:00:04.0 is attached already");
	t.id.name[6]++;
	assert_int_equal(vfio_check_twice(&iommu, &t, &f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),	cmocka_unit_test(test_prot),	 cmocka_unit_test(test_token),
		cmocka_unit_test(test_options), cmocka_unit_test(test_refusals), cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
