/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of /sys/class/iommu: every kind of unit, the three formats of AMD's features, and nonsense that is named. */
#include "unit.h"

#include <errno.h>

#include "host/machine.h"
#include "root.h"

static void features(const char *text, const char *log, int count, uint64_t efr, uint64_t efr2, bool known)
{
	uint64_t a, b;
	bool k;

	assert_int_equal(unit_parse_features(text, log, &a, &b, &k), count);
	if (count < 0)
		return;
	assert_int_equal(a, efr);
	assert_int_equal(b, efr2);
	assert_int_equal(k, known);
}

static void test_features(void **state)
{
	static const char log[] = "AMD-Vi: Using global IVHD EFR:0x29d3, EFR2:0x10\n"
				  "AMD-Vi: Extended features (0x29d3, 0x10): PPR GT IA GA\n";
	static const char swapped[] = "AMD-Vi: Extended features (0x10, 0x29d3): PPR\n";

	/* up to 5.19: one number */
	features("58f77ef22294ade", NULL, 1, 0x58f77ef22294ade, 0, true);
	/* 6.0 to about 6.6: EFR2 first. Since then EFR first. Which is which shows by their size */
	features("0:58f77ef22294ade", NULL, 2, 0x58f77ef22294ade, 0, true);
	features("58f77ef22294ade:0", NULL, 2, 0x58f77ef22294ade, 0, true);
	features("841:246577efa2254ada", NULL, 2, 0x246577efa2254ada, 0x841, true);
	features("246577efa2254ada:841", NULL, 2, 0x246577efa2254ada, 0x841, true);
	features("0:29d3", NULL, 2, 0x29d3, 0, true);
	features("29d3:0", NULL, 2, 0x29d3, 0, true);
	features("0:0", NULL, 2, 0, 0, true);
	features("77:77", NULL, 2, 0x77, 0x77, true);
	/* both small, or both large: the kernel's log knows, else nobody */
	features("29d3:10", log, 2, 0x29d3, 0x10, true);
	features("10:29d3", log, 2, 0x29d3, 0x10, true);
	features("29d3:10", swapped, 2, 0x10, 0x29d3, true);
	features("29d3:10", "AMD-Vi: Extended features (0x29d3, 0x11)\n", 2, 0x29d3, 0x10, false);
	features("29d3:10", NULL, 2, 0x29d3, 0x10, false);
	features("10:29d3", "", 2, 0x10, 0x29d3, false);
	features("123456789:987654321", NULL, 2, 0x123456789, 0x987654321, false);
}

static void test_features_refused(void **state)
{
	static const char *const wrong[] = {"",	   ":", "1:", ":1", "1:2:3", "xyz", "1 2", "-1", "12345678901234567",
					    "1:0x"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		features(wrong[i], NULL, -EINVAL, 0, 0, true);
}

static const struct reg_value *value_of(const struct iommu_unit *u, const char *name)
{
	return reg_value_find(u->regs, u->nr_regs, name);
}

static void read_units(struct root *root, const char *log, struct iommu_unit **units, unsigned int *n)
{
	struct fail f = {0};

	assert_int_equal(units_read(&root->host, log, units, n, &f), 0);
}

static void test_vtd(void **state)
{
	struct iommu_unit *u;
	struct root root;
	unsigned int n;

	root_make(&root);
	root_put(&root, "/sys/class/iommu/dmar3/intel-iommu/version", "4:0\n");
	root_put(&root, "/sys/class/iommu/dmar3/intel-iommu/address", "fed91000\n");
	root_put(&root, "/sys/class/iommu/dmar3/intel-iommu/cap", "d2008c40660462\n");
	root_put(&root, "/sys/class/iommu/dmar3/intel-iommu/ecap", "f050da\n");
	root_put(&root, "/sys/class/iommu/dmar3/intel-iommu/domains_supported", "256\n");
	root_put(&root, "/sys/class/iommu/dmar3/intel-iommu/domains_used", "7\n");
	root_put(&root, "/sys/class/iommu/dmar3/devices/0000:00:02.0", "");
	root_put(&root, "/sys/class/iommu/dmar3/devices/0000:00:03.0", "");
	read_units(&root, NULL, &u, &n);
	assert_int_equal(n, 1);
	assert_int_equal(u->kind, UNIT_VTD);
	assert_true(u->has_address && u->has_domains);
	assert_int_equal(u->address, 0xfed91000);
	assert_int_equal(u->domains_supported, 256);
	assert_int_equal(u->domains_used, 7);
	assert_int_equal(u->nr_devices, 2);
	assert_int_equal(value_of(u, "vtd.cap")->raw, 0xd2008c40660462);
	assert_string_equal(value_of(u, "vtd.cap")->source, "/sys/class/iommu/dmar3/intel-iommu/cap");
	assert_int_equal(value_of(u, "vtd.ecap")->raw, 0xf050da);
	assert_int_equal(value_of(u, "vtd.ver")->raw, 0x40);
	assert_string_equal(u->problem, "");
	free(u);
	root_remove(&root);
}

/* Each file by itself holds nonsense: no register comes of it, and it is named with its text. */
static void test_nonsense(void **state)
{
	static const struct {
		const char *file, *text;
	} wrong[] = {
		{"cap", "d2008c4066046200000\n"}, {"cap", "\n"},	{"cap", "cap\n"},
		{"ecap", "f050da f050da\n"},	  {"version", "1.0\n"}, {"version", "1:16\n"},
		{"version", "1:0:0\n"},		  {"address", "-1\n"},	{"domains_used", "-1\n"},
	};
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct iommu_unit *u;
		struct root root;
		unsigned int n;

		root_make(&root);
		snprintf(path, sizeof(path), "/sys/class/iommu/dmar0/intel-iommu/%s", wrong[i].file);
		root_put(&root, path, wrong[i].text);
		read_units(&root, NULL, &u, &n);
		assert_int_equal(u->nr_regs, 0);
		assert_false(u->has_address);
		assert_false(u->has_domains);
		assert_non_null(strstr(u->problem, path));
		free(u);
		root_remove(&root);
	}
}

static void test_amd(void **state)
{
	struct iommu_unit *u;
	struct root root;
	unsigned int n;

	root_make(&root);
	root_put(&root, "/sys/class/iommu/ivhd0/amd-iommu/cap", "1f03000f\n");
	root_put(&root, "/sys/class/iommu/ivhd0/amd-iommu/features", "29d3:10\n");
	read_units(&root, NULL, &u, &n);
	assert_int_equal(u->kind, UNIT_AMD);
	assert_int_equal(value_of(u, "amd.cap")->raw, 0x1f03000f);
	/* both are shown, and that nobody knows which is which */
	assert_int_equal(value_of(u, "amd.efr")->raw, 0x29d3);
	assert_int_equal(value_of(u, "amd.efr2")->raw, 0x10);
	assert_non_null(strstr(value_of(u, "amd.efr")->source, "order not known"));
	assert_true(u->order_unknown);
	assert_non_null(strstr(u->problem, "not known"));
	free(u);
	read_units(&root, "AMD-Vi: Extended features (0x10, 0x29d3): \n", &u, &n);
	assert_int_equal(value_of(u, "amd.efr")->raw, 0x10);
	assert_false(u->order_unknown);
	assert_string_equal(u->problem, "");
	free(u);
	root_put(&root, "/sys/class/iommu/ivhd0/amd-iommu/features", "29d3\n");
	read_units(&root, NULL, &u, &n);
	assert_int_equal(value_of(u, "amd.efr")->raw, 0x29d3);
	assert_null(value_of(u, "amd.efr2"));
	free(u);
	root_remove(&root);
}

static void test_others(void **state)
{
	struct iommu_unit *u;
	struct root root;
	unsigned int n;

	root_make(&root);
	read_units(&root, NULL, &u, &n);
	assert_int_equal(n, 0);
	free(u);
	/* in the order of their names */
	root_link(&root, "/sys/class/iommu/0000:00:02.0/device", "../../../devices/virtio0");
	root_link(&root, "/sys/devices/virtio0/driver", "../../bus/virtio/drivers/virtio_iommu");
	root_put(&root, "/sys/devices/virtio0/features",
		 "11101110000000000000000000000000100000000000000000000000000000000\n");
	root_put(&root, "/sys/class/iommu/a-new-one/uevent", "");
	root_put(&root, "/sys/class/iommu/riscv-iommu@100000/uevent", "");
	root_put(&root, "/sys/class/iommu/smmu.0x0000000012340000/uevent", "");
	root_put(&root, "/sys/class/iommu/smmu3.0x0000000009050000/uevent", "");
	read_units(&root, NULL, &u, &n);
	assert_int_equal(n, 5);
	assert_int_equal(u[0].kind, UNIT_VIRTIO);
	assert_int_equal(value_of(&u[0], "virtio-iommu.features")->raw, 0x100000077);
	assert_int_equal(u[1].kind, UNIT_OTHER);
	assert_int_equal(u[2].kind, UNIT_RISCV);
	assert_int_equal(u[3].kind, UNIT_SMMU);
	assert_int_equal(u[3].address, 0x12340000);
	assert_int_equal(u[4].kind, UNIT_SMMUV3);
	assert_true(u[4].has_address);
	assert_int_equal(u[4].address, 0x9050000);
	assert_int_equal(u[4].nr_regs, 0);
	free(u);
	root_put(&root, "/sys/devices/virtio0/features", "1110x\n");
	read_units(&root, NULL, &u, &n);
	assert_int_equal(u[0].nr_regs, 0);
	assert_non_null(strstr(u[0].problem, "1110x"));
	free(u);
	root_remove(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features), cmocka_unit_test(test_features_refused),
		cmocka_unit_test(test_vtd),	 cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_amd),	 cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
