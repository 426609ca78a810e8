/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/vfio: what is refused before a group's node is opened, and with which words; the name a device is asked for by. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "iommu/vfio.h"

static struct host machine;
static struct vfio vfio = {.iommu = {.host = &machine}, .container = -1};

/* A machine whose group 3 is named as told. */
static void make_machine(const char *name)
{
	static const char *const dirs[] = {"", "/sys", "/sys/kernel", "/sys/kernel/iommu_groups",
					   "/sys/kernel/iommu_groups/3"};
	char path[400];
	FILE *out;

	snprintf(machine.root, sizeof(machine.root), "test_vfio_group.root.%d", (int)getpid());
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s%s", machine.root, dirs[i]);
		mkdir(path, 0755);
	}
	strcat(path, "/name");
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(name, out);
	fclose(out);
}

static void remove_machine(void)
{
	static const char *const paths[] = {"/sys/kernel/iommu_groups/3/name",
					    "/sys/kernel/iommu_groups/3",
					    "/sys/kernel/iommu_groups",
					    "/sys/kernel",
					    "/sys",
					    ""};
	char path[400];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		snprintf(path, sizeof(path), "%s%s", machine.root, paths[i]);
		assert_int_equal(remove(path), 0);
	}
	machine.root[0] = '\0';
}

static struct fail refusal(const char *driver, int group)
{
	struct vfio_target target = {.id.name = "0000:00:04.0", .group = group};
	struct vfio_group *g;
	struct fail f = {0};
	int err;

	snprintf(target.driver, sizeof(target.driver), "%s", driver);
	err = vfio_group_get(&vfio, &target, &g, &f);
	assert_true(err < 0);
	assert_int_equal(f.err, -err);
	assert_null(g);
	assert_null(vfio.groups);
	return f;
}

static void test_refusals(void **state)
{
	struct fail f = refusal("vfio-pci", -1);

	assert_int_equal(f.err, ENODEV);
	assert_string_equal(f.text, "0000:00:04.0 has no IOMMU behind it");
	f = refusal("sym53c8xx", 3);
	assert_int_equal(f.err, ENODEV);
	assert_string_equal(f.text, "0000:00:04.0 is bound to sym53c8xx");
	assert_string_equal(f.hint, "iommuctl bind 0000:00:04.0");
	f = refusal("", 3);
	assert_string_equal(f.text, "0000:00:04.0 is not bound to vfio-pci");
	/* bound, as it says, but there is no node: no machine has so many groups */
	f = refusal("vfio-pci", 99999999);
	assert_int_equal(f.err, ENOENT);
	assert_string_equal(f.text, "there is no /dev/vfio/99999999 for 0000:00:04.0");
	assert_string_equal(f.hint, "iommuctl bind 0000:00:04.0");
	/* drivers built on vfio-pci count as such */
	assert_int_equal(refusal("mlx5_vfio_pci", 99999999).err, ENOENT);
}

static void test_noiommu(void **state)
{
	struct fail f;

	make_machine("vfio-noiommu\n");
	f = refusal("vfio-pci", 3);
	assert_int_equal(f.err, ENODEV);
	assert_non_null(strstr(f.text, "noiommu"));
	make_machine("another name\n");
	f = refusal("sym53c8xx", 3);
	assert_null(strstr(f.text, "noiommu"));
	remove_machine();
}

#define TOKEN "01234567-89ab-cdef-0123-456789ABCDEF"

/* Whole and exact, or refused before anything is opened. */
static void test_vf_token(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"01234567-89ab-cdef-0123-456789abcde",
		TOKEN "0",
		TOKEN " ",
		TOKEN " vf_token=" TOKEN,
		"01234567089ab-cdef-0123-456789abcdef",
		"0123456g-89ab-cdef-0123-456789abcdef",
	};
	struct iommu_params params = {.host = &machine};
	char name[128], small[40], exact[59];
	struct iommu *opened = NULL;
	struct fail f = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		params.vf_token = bad[i];
		assert_int_equal(iommu_vfio_ops.open("", &params, &opened, &f), -EINVAL);
		assert_true(f.usage);
		assert_non_null(strstr(f.text, "is not a UUID"));
		assert_null(opened);
	}
	/* a good one gets further: here as far as the machine that is only a picture */
	strcpy(machine.root, "/proc");
	params.vf_token = TOKEN;
	assert_int_equal(iommu_vfio_ops.open("", &params, &opened, &f), -EROFS);
	machine.root[0] = '\0';

	assert_int_equal(vfio_device_name(name, sizeof(name), "0000:00:04.0", NULL), 0);
	assert_string_equal(name, "0000:00:04.0");
	assert_int_equal(vfio_device_name(name, sizeof(name), "0000:00:04.0", TOKEN), 0);
	assert_string_equal(name, "0000:00:04.0 vf_token=" TOKEN);
	assert_int_equal(vfio_device_name(exact, sizeof(exact), "0000:00:04.0", TOKEN), 0);
	assert_int_equal(vfio_device_name(exact, sizeof(exact) - 1, "0000:00:04.0", TOKEN), -ENAMETOOLONG);
	assert_int_equal(vfio_device_name(small, sizeof(small), "0000:00:04.0", TOKEN), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_noiommu),
		cmocka_unit_test(test_vf_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
