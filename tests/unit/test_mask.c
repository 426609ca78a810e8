/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture masks, and what it leaves alone. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/capture.h"
#include "core/mask.h"

static struct mask mask;

static int fresh(void **state)
{
	memset(&mask, 0, sizeof(mask));
	return 0;
}

static void macs(const char *text, const char *want)
{
	char *copy = strdup(text);

	mask_macs(&mask, copy, strlen(copy));
	assert_string_equal(copy, want);
	free(copy);
}

static void test_macs(void **state)
{
	macs("52:54:00:12:34:56", "02:00:00:00:00:01");
	macs("eth0: 52:54:00:12:34:57: link is up", "eth0: 02:00:00:00:00:02: link is up");
	macs("(52-54-00-12-34-56)", "(02-00-00-00-00-01)"); /* the first one again */
	macs("a=DE:AD:BE:EF:00:11,b=de:ad:be:ef:00:11", "a=02:00:00:00:00:03,b=02:00:00:00:00:03");
	macs("/sys/class/net/enx525400123456/flags", "/sys/class/net/enx020000000001/flags");
	macs("../wlxaabbccddeeff", "../wlx020000000004");
	macs("80:00:02:08:fe:80:00:00:00:00:00:00", "00:00:00:00:00:00:00:00:00:00:00:00");
	assert_int_equal(mask.nr_macs, 4);
	assert_int_equal(mask.serials, 1);
}

static void test_no_macs(void **state)
{
	static const char *const texts[] = {
		"0000:00:1f.6",
		"pci 0000:01:00.0: [8086:1572] type 00 class 0x020000",
		"12:34:56",
		"52:54:00:12:34",
		"52:54:00-12:34:56",
		"52:54:00:12:34:567",
		"x52:54:00:12:34:5",
		"2026-11-21 10:04:22",
		"fe80::5054:ff:fe12:3456",
		"0x00000000fee00000 0x00000000feefffff msi",
		"00:00:00:00:00:00 ff:ff:ff:ff:ff:ff",
		"02:00:00:00:00:07",
		"enp0s31f6 enx5254001234 enx5254001234567 xenx525400123456",
		"deadbeef-0011-2233-4455-66778899aabb",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		macs(texts[i], texts[i]);
	assert_int_equal(mask.nr_macs, 0);
	assert_int_equal(mask.serials, 0);
}

static void cmdline(const char *text, const char *want)
{
	char *out = mask_cmdline(&mask, text);

	assert_non_null(out);
	assert_string_equal(out, want);
	free(out);
}

static void test_cmdline(void **state)
{
	cmdline("quiet intel_iommu=on,sm_on iommu=pt vfio-pci.ids=8086:1572 hugepages=16\n",
		"quiet intel_iommu=on,sm_on iommu=pt vfio-pci.ids=8086:1572 hugepages=16\n");
	assert_int_equal(mask.values, 0);
	cmdline("BOOT_IMAGE=/boot/vmlinuz root=UUID=11 rd.luks.key=/k password=hunter2 ro",
		"BOOT_IMAGE=masked root=masked rd.luks.key=masked password=masked ro");
	assert_int_equal(mask.values, 4);
	cmdline("a=\"two words\" \"b=more words\" arm-smmu.disable_bypass=1 arm_smmu.disable_bypass=1",
		"a=masked b=masked arm-smmu.disable_bypass=1 arm_smmu.disable_bypass=1");
	cmdline("iommu.strict=1 -- --token secret", "iommu.strict=1 -- masked");
	cmdline("iommux=1 intel_iommux=2 xiommu=3 iommu_=4",
		"iommux=masked intel_iommux=masked xiommu=masked iommu_=masked");
	cmdline("--", "--");
	cmdline("", "");
	cmdline("=x \"", "=masked \"");
	cmdline("root=masked", "root=masked");
}

static void log_line(const char *text, const char *want)
{
	char *out = mask_log_line(&mask, text);

	assert_non_null(out);
	assert_string_equal(out, want);
	free(out);
}

static void test_log(void **state)
{
	log_line("Kernel command line: root=/dev/sda1 intel_iommu=on", "Kernel command line: masked");
	/* a line of several, which begins within quotes */
	log_line("Kernel command line: quick brown fox \\", "Kernel command line: masked");
	log_line("Command line: secret=1", "Command line: masked");
	log_line("Unknown kernel command line parameters \"BOOT_IMAGE=/x a=\"b\", c\", will be passed to user space.",
		 "Unknown kernel command line parameters masked");
	log_line("Unknown command line parameters: iommu_secret=1", "Unknown command line parameters masked");
	log_line("usb 1-1: SerialNumber: 4C5300", "usb 1-1: SerialNumber: masked");
	log_line("vfio-pci 0000:01:00.0: 52:54:00:12:34:56", "vfio-pci 0000:01:00.0: 02:00:00:00:00:01");
	log_line("DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap d2008c40660462 ecap f050da",
		 "DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap d2008c40660462 ecap f050da");
	assert_int_equal(mask.serials, 1);
}

static void test_wanted_lines(void **state)
{
	assert_true(capture_wants_line("DMAR: Host address width 39"));
	assert_true(capture_wants_line("AMD-Vi: Interrupt remapping enabled"));
	assert_true(capture_wants_line("Fault 5 devid: 0x8 iotval: 1000 iotval2: 0"));
	assert_true(capture_wants_line("WARNING: CPU: 3 PID: 1234 at drivers/x.c:1 y+0x1/0x2"));
	assert_true(capture_wants_line("BUG: unable to handle page fault"));
	assert_false(capture_wants_line("usb 1-1: SerialNumber: 4C5300"));
	assert_false(capture_wants_line("Warning: only a driver"));
	assert_false(capture_wants_line(""));
}

static void put(uint8_t *config, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		config[at + i] = (uint8_t)(value >> 8 * i);
}

/* AER at 0x100, the serial number at 0x148, ATS at 0x154. */
static void chain(uint8_t config[4096])
{
	memset(config, 0x5a, 4096);
	put(config, 0x100, 0x14820001);
	put(config, 0x148, 0x15410003);
	put(config, 0x154, 0x0001000f);
}

static void test_config(void **state)
{
	static const uint8_t zeros[8];
	uint8_t config[4096], before[4096];

	chain(config);
	memcpy(before, config, sizeof(before));
	mask_config(&mask, config, sizeof(config));
	assert_memory_equal(config + 0x14c, zeros, 8);
	memcpy(config + 0x14c, before + 0x14c, 8);
	assert_memory_equal(config, before, sizeof(before)); /* nothing else */
	assert_int_equal(mask.serials, 1);
}

/* Power management at 0x40, vital product data at 0x48: the data register, whatever address it was read at. */
static void test_config_vpd(void **state)
{
	uint8_t config[256] = {[0x34] = 0x40, [0x40] = 1, 0x48, [0x48] = 3, 0x40, 0x10, 0x80, 'S', 'N', '0', '1'};

	mask_config(&mask, config, sizeof(config));
	assert_memory_equal(config + 0x48, "\3\x40\x10\x80\0\0\0", 8);
	assert_int_equal(mask.serials, 1);
	mask_config(&mask, config, sizeof(config));
	assert_int_equal(mask.serials, 1);
}

static void config_is_left(uint8_t *config, size_t len)
{
	uint8_t before[4096];

	memcpy(before, config, len);
	mask_config(&mask, config, len);
	assert_memory_equal(config, before, len);
	assert_int_equal(mask.serials, 0);
}

/* Without a serial number, short, looping, all ones: nothing happens, and it ends. */
static void test_config_left(void **state)
{
	uint8_t config[4096];

	chain(config);
	put(config, 0x100, 0x15410001); /* past it */
	config_is_left(config, sizeof(config));
	chain(config);
	config_is_left(config, 256);
	config_is_left(config, 64);
	config_is_left(config, 0);
	chain(config);
	put(config, 0x100, 0x10010001);
	config_is_left(config, sizeof(config));
	put(config, 0x100, 0xffc10001); /* to the last word, which leads to the middle of nothing */
	put(config, 0xffc, 0x10010001);
	config_is_left(config, sizeof(config));
	memset(config, 0xff, sizeof(config));
	config_is_left(config, sizeof(config));
}

/* Cut in the middle of the number: what is there goes. */
static void test_config_cut(void **state)
{
	uint8_t config[4096];

	chain(config);
	mask_config(&mask, config, 0x14e);
	assert_int_equal(config[0x14c], 0);
	assert_int_equal(config[0x14d], 0);
	assert_int_equal(config[0x14e], 0x5a);
}

static void test_cpuinfo(void **state)
{
	char text[] = "processor\t: 0\nmodel\t\t: deadbeef\nSerial\t\t: 00000000deadbeef\nSerial\nSeries: 5";

	mask_cpuinfo(&mask, text);
	assert_string_equal(text,
			    "processor\t: 0\nmodel\t\t: deadbeef\nSerial\t\t: 0000000000000000\nSerial\nSeries: 5");
}

static void test_mounts(void **state)
{
	char *out = mask_mounts(&mask,
				"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw,errors=remount-ro\n"
				"30 22 0:50 / /mnt/x rw - cifs //server/private rw,username=alice\n"
				"31 22 0:40 /sub /home rw - btrfs /dev/sda2 rw,subvol=/sub\n"
				"32 22 0:41 / /share rw - 9p tag0 rw,trans=virtio\n"
				"nonsense\n"
				"33 22 0:42 / /shm rw - tmpfs tmpfs rw");

	assert_non_null(out);
	assert_string_equal(out, "22 1 254:0 / / rw - ext4 /dev/mapper/vg-root rw\n"
				 "31 22 0:40 / /home rw - btrfs /dev/sda2 rw\n"
				 "32 22 0:41 / /share rw - 9p tag0 rw\n");
	assert_int_equal(mask.mounts, 2);
	free(out);
}

static void file_is(const char *path, const char *data, size_t size, const char *want, size_t want_size)
{
	char *out;
	size_t len;

	assert_int_equal(mask_file(&mask, path, data, size, &out, &len), 0);
	assert_int_equal(len, want_size);
	assert_memory_equal(out, want, want_size);
	free(out);
}

static void test_files(void **state)
{
	static const char table[] = "DMAR\0\0\0\0 52:54:00:12:34:56";

	file_is("/proc/cmdline", "root=1 quiet\n", 13, "root=masked quiet\n", 18);
	file_is("/sys/class/net/eth0/address", "52:54:00:12:34:56\n", 18, "02:00:00:00:00:01\n", 18);
	file_is("/sys/class/dmi/id/product_serial", "ABC\n", 4, "masked\n", 7);
	file_is("/sys/class/tty/serial0/dev", "4:64\n", 5, "4:64\n", 5); /* the directory's name, not the file's */
	/* bytes are no text */
	file_is("/sys/firmware/acpi/tables/DMAR", table, sizeof(table), table, sizeof(table));
	file_is("/proc/empty", "", 0, "", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_macs, fresh),	  cmocka_unit_test_setup(test_no_macs, fresh),
		cmocka_unit_test_setup(test_cmdline, fresh),	  cmocka_unit_test_setup(test_log, fresh),
		cmocka_unit_test_setup(test_wanted_lines, fresh), cmocka_unit_test_setup(test_config, fresh),
		cmocka_unit_test_setup(test_config_vpd, fresh),	  cmocka_unit_test_setup(test_config_cut, fresh),
		cmocka_unit_test_setup(test_config_left, fresh),  cmocka_unit_test_setup(test_config_cut, fresh),
		cmocka_unit_test_setup(test_cpuinfo, fresh),	  cmocka_unit_test_setup(test_mounts, fresh),
		cmocka_unit_test_setup(test_files, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
