/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uevents taken apart, good ones and any bytes at all; and what they mean on a fake machine. */
#include "unit.h"

#include "host/follow.h"
#include "host/uevent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define NIC "0000:02:00.0"
#define NIC_PATH "/devices/pci0000:00/0000:00:1c.0/0000:02:00.0"

/* As lib/kobject_uevent.c and drivers/pci/pci-driver.c write it. */
static const char bind_message[] =
	"bind@" NIC_PATH "\0ACTION=bind\0DEVPATH=" NIC_PATH "\0SUBSYSTEM=pci\0DRIVER=e1000e\0PCI_CLASS=20000\0"
	"PCI_ID=8086:15FB\0PCI_SUBSYS_ID=1028:0A21\0PCI_SLOT_NAME=" NIC "\0SEQNUM=2711";

static int parse(const void *message, size_t len, struct uevent *out)
{
	uint8_t *copy = malloc(len + !len);
	int ret;

	assert_non_null(copy);
	memcpy(copy, message, len);
	ret = uevent_parse(copy, len, out);
	free(copy);
	return ret;
}

static void test_parse(void **state)
{
	struct uevent e;

	assert_int_equal(parse(bind_message, sizeof(bind_message), &e), 0);
	assert_string_equal(e.action, "bind");
	assert_string_equal(e.devpath, NIC_PATH);
	assert_string_equal(e.subsystem, "pci");
	assert_string_equal(e.driver, "e1000e");
	assert_string_equal(e.slot, NIC);
	assert_string_equal(e.devname, "");
	assert_non_null(strstr(e.raw, "bind@" NIC_PATH " ACTION=bind DEVPATH="));
	assert_string_equal(e.raw + strlen(e.raw) - 11, "SEQNUM=2711");
}

#define WHOLE(text) text, sizeof(text)

static const struct refused {
	const char *name;
	const char *message;
	size_t len;
} refused[] = {
	{"nothing", "", 0},
	{"one 0", WHOLE("")},
	{"udev's own", WHOLE("libudev\0\xfe\xed\xca\xfe")},
	{"without its end", bind_message, sizeof(bind_message) - 1},
	{"no @", WHOLE("bind\0ACTION=bind\0DEVPATH=/x\0SUBSYSTEM=pci")},
	{"the @ elsewhere", WHOLE("bind\0ACTION=bind@\0DEVPATH=/x\0SUBSYSTEM=pci")},
	{"no subsystem", WHOLE("bind@/x\0ACTION=bind\0DEVPATH=/x")},
	{"no action", WHOLE("bind@/x\0DEVPATH=/x\0SUBSYSTEM=pci")},
	{"no path", WHOLE("bind@/x\0ACTION=bind\0SUBSYSTEM=pci")},
};

static void test_refused(void **state)
{
	struct uevent e;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (parse(refused[i].message, refused[i].len, &e) != -EBADMSG)
			fail_msg("%s: taken", refused[i].name);
}

/* A value that does not fit names nothing, rather than something else. */
static void test_long(void **state)
{
	char message[8192] = "add@/x";
	size_t at = strlen(message) + 1;
	struct uevent e;

	at += sprintf(message + at, "ACTION=add") + 1;
	at += sprintf(message + at, "DEVPATH=/x") + 1;
	at += sprintf(message + at, "SUBSYSTEM=pci") + 1;
	at += sprintf(message + at, "DRIVER=%0100d", 7) + 1;
	at += sprintf(message + at, "PCI_SLOT_NAME=0000:00:04.0") + 1;
	at += sprintf(message + at, "FILLER=%05000d", 7) + 1;
	assert_int_equal(parse(message, at, &e), 0);
	assert_string_equal(e.driver, "");
	assert_string_equal(e.slot, "0000:00:04.0");
	assert_int_equal(strlen(e.raw), sizeof(e.raw) - 1);
}

/* Cut anywhere, and every byte as every value. */
static void test_hostile(void **state)
{
	char message[sizeof(bind_message)];
	struct uevent e;

	for (size_t len = 0; len < sizeof(bind_message); len++)
		parse(bind_message, len, &e);
	for (size_t at = 0; at < sizeof(message); at++)
		for (unsigned int v = 0; v < 256; v++) {
			memcpy(message, bind_message, sizeof(message));
			message[at] = (char)v;
			parse(message, sizeof(message), &e);
			assert_true(strlen(e.raw) < sizeof(e.raw) && strlen(e.driver) < sizeof(e.driver));
		}
}

static struct uevent event(const char *action, const char *subsystem, const char *path, const char *driver,
			   const char *slot, const char *devname)
{
	struct uevent e = {.raw = "raw"};

	strcpy(e.action, action);
	strcpy(e.subsystem, subsystem);
	strcpy(e.devpath, path);
	strcpy(e.driver, driver);
	strcpy(e.slot, slot);
	strcpy(e.devname, devname);
	return e;
}

static void take(struct follow *f, struct uevent e, const char *device, const char *driver, int group)
{
	struct change c;

	assert_true(follow_take(f, &e, &c));
	assert_string_equal(c.action, e.action);
	assert_string_equal(c.device, device);
	assert_string_equal(c.driver, driver);
	assert_int_equal(c.group, group);
}

/* The kernel does not say which driver has let go: it is the one that the device had. */
static void test_rebound(void **state)
{
	struct follow *f;
	struct machine m;

	machine_build(&m, "intel", false);
	assert_int_equal(follow_open_quiet(&m.host, &f, NULL), 0);
	take(f, event("unbind", "pci", NIC_PATH, "", NIC, ""), NIC, "e1000e", 4);
	take(f, event("bind", "pci", NIC_PATH, "vfio-pci", NIC, ""), NIC, "vfio-pci", 4);
	take(f, event("add", "vfio-dev", NIC_PATH "/vfio-dev/vfio3", "", "", "vfio/devices/vfio3"), NIC, "vfio-pci", 4);
	take(f, event("unbind", "pci", NIC_PATH, "", NIC, ""), NIC, "vfio-pci", 4);
	/* a removed device is still known by what it had */
	machine_link(&m, "/sys/bus/pci/devices/0000:06:00.0", "nowhere");
	take(f, event("remove", "pci", "/devices/pci0000:00/0000:06:00.0", "", "0000:06:00.0", ""), "0000:06:00.0", "",
	     10);
	/* and a new one by what it has got */
	machine_put(&m, "/sys/bus/pci/devices/0000:0a:00.0/vendor", "0x8086\n");
	machine_link(&m, "/sys/bus/pci/devices/0000:0a:00.0/iommu_group", "../../../../kernel/iommu_groups/17");
	take(f, event("add", "pci", "/devices/pci0000:00/0000:0a:00.0", "", "0000:0a:00.0", ""), "0000:0a:00.0", "",
	     17);
	take(f, event("bind", "pci", "/devices/pci0000:00/0000:0a:00.0", "nvme", "0000:0a:00.0", ""), "0000:0a:00.0",
	     "nvme", 17);
	follow_close(f);
	machine_remove(&m);
}

static void test_others(void **state)
{
	struct uevent other = event("add", "net", NIC_PATH "/net/eth0", "", "", "");
	struct follow *f;
	struct change c;
	struct machine m;

	machine_build(&m, "intel", false);
	assert_int_equal(follow_open_quiet(&m.host, &f, NULL), 0);
	take(f, event("add", "vfio", "/devices/virtual/vfio/7", "", "", "vfio/7"), "7", "", 7);
	take(f, event("add", "vfio", "/devices/virtual/vfio/noiommu-7", "", "", ""), "noiommu-7", "", -1);
	take(f, event("add", "iommu", "/devices/virtual/iommu/dmar2", "", "", ""), "dmar2", "", -1);
	other = event("add", "vfio", "/devices/virtual/vfio/7", "", "", "vfio/7");
	assert_true(follow_take(f, &other, &c));
	assert_string_equal(c.node, "/dev/vfio/7");
	/* not what is listed, and what names no device */
	other = event("add", "net", NIC_PATH "/net/eth0", "", "", "");
	assert_false(follow_take(f, &other, &c));
	other = event("add", "pci", NIC_PATH, "", "../../etc", "");
	assert_false(follow_take(f, &other, &c));
	other = event("add", "vfio-dev", "/devices/virtual/x", "", "", "");
	assert_false(follow_take(f, &other, &c));
	other = event("add", "iommu", "dmar", "", "", "");
	assert_false(follow_take(f, &other, &c));
	follow_close(f);
	machine_remove(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	cmocka_unit_test(test_refused), cmocka_unit_test(test_long),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_rebound), cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests_name("uevent", tests, NULL, machine_forget);
}
