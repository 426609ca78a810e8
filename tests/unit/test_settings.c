/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's settings: its command line split as the kernel does, parameters of modules, processor, taint. */
#include "unit.h"

#include "host/machine.h"
#include "root.h"

static struct kernel_settings parsed(const char *text)
{
	struct kernel_settings k = {0};

	assert_int_equal(kernel_options_parse(text, &k), 0);
	return k;
}

static void test_cmdline(void **state)
{
	struct kernel_settings k = parsed("BOOT_IMAGE=/vmlinuz  ro\tintel_iommu=on,sm_on iommu=pt quiet "
					  "intel_iommu=igfx_off \"efi=disable early\" name=\"a b\" iommu.strict=1\n");

	assert_int_equal(k.nr_options, 9);
	assert_string_equal(kernel_option(&k, "intel_iommu"), "igfx_off"); /* the last */
	assert_string_equal(kernel_option(&k, "quiet"), "");
	assert_null(kernel_option(&k, "iommu.passthrough"));
	assert_string_equal(kernel_option(&k, "efi"), "disable early");
	assert_string_equal(kernel_option(&k, "name"), "a b");
	assert_string_equal(kernel_option(&k, "iommu.strict"), "1");
	/* any occurrence, whole words only */
	assert_true(kernel_option_has(&k, "intel_iommu", "on"));
	assert_true(kernel_option_has(&k, "intel_iommu", "sm_on"));
	assert_true(kernel_option_has(&k, "intel_iommu", "igfx_off"));
	assert_false(kernel_option_has(&k, "intel_iommu", "sm"));
	assert_false(kernel_option_has(&k, "intel_iommu", "off"));
	assert_false(kernel_option_has(&k, "iommu", "on"));
	assert_true(kernel_option_has(&k, "iommu", "pt"));
	/* the kernel takes both characters for the same */
	assert_string_equal(kernel_option(&k, "intel-iommu"), "igfx_off");
	kernel_settings_free(&k);
}

static void test_cmdline_corners(void **state)
{
	struct kernel_settings k = parsed("");

	assert_int_equal(k.nr_options, 0);
	kernel_settings_free(&k);
	k = parsed("a=1 -- iommu=pt");
	assert_int_equal(k.nr_options, 1);
	assert_null(kernel_option(&k, "iommu"));
	kernel_settings_free(&k);
	k = parsed("\"never closed iommu=pt");
	assert_int_equal(k.nr_options, 1);
	kernel_settings_free(&k);
	k = parsed("= =x iommu= a,b,,c=d=e");
	assert_string_equal(kernel_option(&k, "iommu"), "");
	assert_string_equal(kernel_option(&k, "a,b,,c"), "d=e");
	assert_false(kernel_option_has(&k, "iommu", "pt"));
	kernel_settings_free(&k);
}

static void test_long_words(void **state)
{
	char text[2048];
	struct kernel_settings k;

	memset(text, 'x', sizeof(text));
	memcpy(text, "iommu=", 6);
	text[sizeof(text) - 1] = '\0';
	k = parsed(text);
	assert_int_equal(k.nr_options, 1);
	assert_int_equal(strlen(kernel_option(&k, "iommu")), sizeof(k.options->value) - 1);
	kernel_settings_free(&k);
	memset(text, '=', sizeof(text) - 1);
	k = parsed(text);
	assert_int_equal(k.nr_options, 1);
	kernel_settings_free(&k);
}

static void test_machine_settings(void **state)
{
	struct kernel_settings k;
	struct root root;

	root_make(&root);
	assert_int_equal(kernel_settings_read(&root.host, &k), 0);
	assert_false(k.has_cmdline);
	assert_false(k.has_memlock); /* whose would it be */
	assert_string_equal(k.arch, "");
	kernel_settings_free(&k);
	root_put(&root, "/proc/cmdline", "iommu=pt\n");
	root_put(&root, "/proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel\t: 1\n");
	root_put(&root, "/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
	root_put(&root, "/proc/sys/kernel/tainted", "4609\n");
	root_put(&root, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
	root_put(&root, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n");
	root_put(&root, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "N\n");
	root_put(&root, "/sys/module/usbcore/parameters/autosuspend", "2\n");
	assert_int_equal(kernel_settings_read(&root.host, &k), 0);
	assert_true(k.has_cmdline);
	assert_string_equal(k.release, "6.1.0-18-amd64");
	assert_string_equal(k.cpu_vendor, "AuthenticAMD");
	assert_string_equal(k.arch, "x86");
	assert_int_equal(k.taint, 4609);
	assert_int_equal(k.nr_params, 3);
	assert_string_equal(kernel_param(&k, "vfio_iommu_type1", "allow_unsafe_interrupts"), "Y");
	assert_string_equal(kernel_param(&k, "iommufd", "allow_unsafe_interrupts"), "N");
	assert_null(kernel_param(&k, "usbcore", "autosuspend"));
	assert_null(kernel_param(&k, "vfio", "no_such"));
	kernel_settings_free(&k);
	root_remove(&root);
}

static void test_processors(void **state)
{
	static const struct {
		const char *text, *arch, *vendor;
	} cpus[] = {
		{"processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n", "arm64", ""},
		{"processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdch_zicbom\n", "riscv", ""},
		{"vendor_id       : IBM/S390\n", "s390", "IBM/S390"},
		{"nothing known", "", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
		struct kernel_settings k;
		struct root root;

		root_make(&root);
		root_put(&root, "/proc/cpuinfo", cpus[i].text);
		assert_int_equal(kernel_settings_read(&root.host, &k), 0);
		assert_string_equal(k.arch, cpus[i].arch);
		assert_string_equal(k.cpu_vendor, cpus[i].vendor);
		kernel_settings_free(&k);
		root_remove(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmdline),	   cmocka_unit_test(test_cmdline_corners),
		cmocka_unit_test(test_long_words), cmocka_unit_test(test_machine_settings),
		cmocka_unit_test(test_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
