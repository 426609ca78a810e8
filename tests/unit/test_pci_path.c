/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses as text and as numbers. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "host/pci.h"
#include "host/pci_path.h"

static void test_addresses(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"0000:00:04.0", "0000:00:04.0"},
		{"00:04.0", "0000:00:04.0"},
		{"3:0.1", "0000:03:00.1"},
		{"0000:FF:1F.7", "0000:ff:1f.7"},
		{"10000:e1:00.0", "10000:e1:00.0"},
		{"", NULL},
		{"04.0", NULL},
		{"00:04", NULL},
		{"00:20.0", NULL},
		{"00:04.8", NULL},
		{"00:04.0 ", NULL},
		{"0:0:0:04.0", NULL},
		{"000:00:04.00", NULL},
		{"00:004.0", NULL},
		{"-1:04.0", NULL},
		{"sim", NULL},
		{"100:04.0", NULL},
		{"fffff0:00:04.0", NULL},
		{":00:04.0", NULL},
	};
	char out[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret = pci_normalize(cases[i].in, out, sizeof(out));

		if (ret != (cases[i].out ? 0 : -EINVAL) || (cases[i].out && strcmp(out, cases[i].out)))
			fail_msg("'%s' -> %d '%s'", cases[i].in, ret, ret ? "" : out);
	}
	assert_true(pci_path_contains("../../devices/pci0000:00/0000:00:06.0/0000:01:00.0/nvme", "0000:00:06.0"));
	assert_false(pci_path_contains("../../devices/pci0000:00/0000:00:06.0/0000:01:00.0/nvme", "0000:00:00.0"));
	assert_true(pci_path_nearest("pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/nvme/nvme0", out));
	assert_string_equal(out, "10000:e0:06.0");
	assert_false(pci_path_nearest("/sys/devices/virtual/block/dm-0", out));
}

/* The usual form is read by a way of its own, and says the same. */
static void test_numbers(void **state)
{
	static const struct {
		const char *addr;
		uint64_t number;
	} cases[] = {
		{"0000:00:04.0", 0x20},
		{"0000:00:1f.7", 0xff},
		{"fffe:80:00.1", 0xfffe8001},
		{"00AB:CD:1E.3", 0xabcdf3},
		{"00:04.1", 0},
		{"0:3:0.1", 0x301},
		{"10000:e1:00.0", 0x10000e100},
		{"0000:00:20.0", 0},
		{"0000:00:00.8", 0},
		{"000g:00:04.0", 0},
		{"0000:00:04:0", 0},
		{"0000 00:04.0", 0},
		{"0000:/0:04.0", 0},
		{"0000:00:04.0 ", 0},
		{"unknown device", 0},
		{"AMDI0020:00", 0},
		{"", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (pci_path_number(cases[i].addr) != cases[i].number)
			fail_msg("%s: %#llx", cases[i].addr, (unsigned long long)pci_path_number(cases[i].addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
