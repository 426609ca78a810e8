/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/guards on a fake machine: every guard both ways, and what cannot be found out. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "host/bind.h"
#include "host/bind_state.h"
#include "host/guards.h"
#include "machine.h"

#define IDLE_DISK "0000:04:00.0"
#define ROOT_DISK "0000:01:00.0"
#define EDU "0000:06:00.0"

static const struct bind_params plain;

/* What the guards say of a device, joined by "; ". */
static const char *reasons_of(struct machine *m, const char *addr)
{
	static char text[1024];
	struct guard_reasons reasons;
	struct pci_info dev;

	text[0] = '\0';
	assert_int_equal(pci_find(&m->host, addr, &dev, NULL), 0);
	assert_int_equal(guards_check(&m->host, &dev, false, &reasons), 0);
	for (unsigned int i = 0; i < reasons.count; i++) {
		strcat(text, i ? "; " : "");
		strcat(text, reasons.text[i]);
	}
	return text;
}

static void test_guards_as_built(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	assert_string_equal(reasons_of(&m, ROOT_DISK),
			    "nvme0n1p1 is mounted on /boot; nvme0n1p2 is part of dm-0 (vg-root); "
			    "nvme0n1p2 is part of dm-1 (vg-swap)");
	assert_string_equal(reasons_of(&m, "0000:02:00.0"), "network interface enp2s0 is up");
	assert_string_equal(reasons_of(&m, "0000:00:02.0"), "it is the boot display");
	/* An idle disk, an interface that is down, a sound card. */
	assert_string_equal(reasons_of(&m, IDLE_DISK), "");
	assert_string_equal(reasons_of(&m, "0000:05:00.0"), "");
	assert_string_equal(reasons_of(&m, "0000:00:1f.3"), "");
	/* The bridge's own devices count as its. */
	assert_non_null(strstr(reasons_of(&m, "0000:00:1c.0"), "enp2s0"));
	machine_remove(&m);

	machine_build(&m, "amd", false);
	assert_string_equal(reasons_of(&m, "0000:01:00.0"), ""); /* boot_vga 0 */
	machine_remove(&m);
}

#define MOUNTS "/proc/self/mountinfo"

static void test_guard_mount(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	/* Another disk's number and name begin the same way. */
	machine_append(&m, MOUNTS, "40 22 259:80 / /a rw - ext4 /dev/nvme1n10 rw\n");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "");
	machine_append(&m, MOUNTS, "41 22 259:9 / /data rw,relatime shared:9 - ext4 /dev/root rw\n");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "nvme1n1p1 is mounted on /data");
	machine_remove(&m);

	machine_build(&m, "intel", false);
	machine_append(&m, MOUNTS, "41 22 0:45 /sub /pool rw - btrfs /dev/nvme1n1 rw\n");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "nvme1n1 is mounted on /pool");
	machine_remove(&m);

	/* Seen by init, hidden from us in a mount namespace. */
	machine_build(&m, "intel", false);
	machine_put(&m, "/proc/1/mountinfo", "41 22 259:8 / /data rw - xfs /dev/nvme1n1 rw\n");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "nvme1n1 is mounted on /data");
	machine_remove(&m);
}

static void test_guard_swap(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	machine_append(&m, "/proc/swaps", "/dev/nvme1n1p10    partition 1 0 -3\n");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "");
	machine_append(&m, "/proc/swaps", "/dev/nvme1n1p1     partition 1 0 -3\n");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "nvme1n1p1 is swap");
	machine_remove(&m);
}

static void test_guard_holder(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	machine_link(&m, "/sys/devices/pci0000:00/0000:04:00.0/nvme/nvme1/nvme1n1/holders/md127",
		     "../../../../../../virtual/block/md127");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "nvme1n1 is part of md127");
	machine_remove(&m);
}

/* The disk hangs below a virtual subsystem; only the subsystem's link tells whose it is. */
static void test_guard_multipath(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	machine_put(&m, "/sys/devices/virtual/nvme-subsystem/nvme-subsys7/nvme7n1/dev", "259:70\n");
	machine_link(&m, "/sys/class/block/nvme7n1", "../../devices/virtual/nvme-subsystem/nvme-subsys7/nvme7n1");
	machine_append(&m, MOUNTS, "41 22 259:70 / /mp rw - ext4 /dev/nvme7n1 rw\n");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "");
	machine_link(&m, "/sys/devices/virtual/nvme-subsystem/nvme-subsys7/nvme1",
		     "../../../pci0000:00/0000:04:00.0/nvme/nvme1");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "nvme7n1 is mounted on /mp");
	machine_remove(&m);
}

static void test_guard_usb_disk(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	assert_string_equal(reasons_of(&m, "0000:00:14.0"), "");
	machine_put(&m, "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/host6/block/sda/dev", "8:0\n");
	machine_link(&m, "/sys/class/block/sda", "../../devices/pci0000:00/0000:00:14.0/usb1/1-1/host6/block/sda");
	machine_append(&m, MOUNTS, "41 22 8:0 / /stick rw - vfat /dev/sda rw\n");
	assert_string_equal(reasons_of(&m, "0000:00:14.0"), "sda is mounted on /stick");
	machine_remove(&m);
}

static void test_guard_share(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	machine_put(&m, "/sys/devices/pci0000:00/" EDU "/virtio3/mount_tag", "host0\n");
	machine_link(&m, "/sys/bus/virtio/devices/virtio3", "../../../devices/pci0000:00/" EDU "/virtio3");
	machine_append(&m, MOUNTS, "41 22 0:50 / /other rw - 9p host1 rw\n");
	assert_string_equal(reasons_of(&m, EDU), "");
	machine_append(&m, MOUNTS, "42 22 0:51 / /mnt rw - 9p host0 rw\n");
	assert_string_equal(reasons_of(&m, EDU), "host0 is mounted on /mnt (9p)");
	machine_remove(&m);
}

/* An interface of another network namespace is not in sysfs; its function is taken for used all the same. */
static void test_guard_hidden_interface(void **state)
{
	static const char unseen[] = "its network interface cannot be seen from here (another network namespace?)";
	const struct bind_params force = {.force = true};
	struct bind_result r;
	struct machine m;
	struct fail f = {0};
	char cmd[160];

	machine_build(&m, "intel", true);
	snprintf(cmd, sizeof(cmd), "rm %s/sys/class/net/*", m.dir);
	assert_int_equal(system(cmd), 0);
	assert_string_equal(reasons_of(&m, "0000:02:00.0"), unseen);
	assert_string_equal(reasons_of(&m, "0000:05:00.0"), unseen);
	assert_int_equal(bind_to_vfio(&m.host, "0000:05:00.0", &plain, &r, &f), -EBUSY);
	assert_non_null(strstr(f.text, "another network namespace?"));
	assert_int_equal(bind_to_vfio(&m.host, "0000:05:00.0", &force, &r, &f), 0);
	/* no interfaces in sysfs at all, even */
	snprintf(cmd, sizeof(cmd), "rm -r %s/sys/class/net", m.dir);
	assert_int_equal(system(cmd), 0);
	assert_string_equal(reasons_of(&m, "0000:02:00.0"), unseen);
	/* nobody's, or kept by a driver that does nothing with it; and other classes have no interface to miss */
	machine_link(&m, "/sys/bus/pci/devices/0000:02:00.0/driver", "../../../bus/pci/drivers/pci-stub");
	assert_string_equal(reasons_of(&m, "0000:02:00.0"), "");
	snprintf(cmd, sizeof(cmd), "rm %s/sys/bus/pci/devices/0000:02:00.0/driver", m.dir);
	assert_int_equal(system(cmd), 0);
	assert_string_equal(reasons_of(&m, "0000:02:00.0"), "");
	assert_string_equal(reasons_of(&m, IDLE_DISK), "");
	machine_remove(&m);
}

#define CARD "0000:01:00.0" /* of the machine amd, boot_vga 0 */
#define CARD_DIR "/sys/devices/pci0000:00/0000:00:01.1/" CARD
#define CARD_LINK "../../devices/pci0000:00/0000:00:01.1/" CARD

static void test_guard_display_in_use(void **state)
{
	struct machine m;

	machine_build(&m, "amd", false);
	machine_link(&m, "/sys/class/drm/card0", CARD_LINK "/drm/card0");
	machine_link(&m, "/sys/class/drm/card0-DP-1", CARD_LINK "/drm/card0/card0-DP-1");
	machine_put(&m, CARD_DIR "/drm/card0/card0-DP-1/enabled", "disabled\n");
	/* somebody else's */
	machine_link(&m, "/sys/class/graphics/fb0", "../../devices/pci0000:00/0000:00:02.1/graphics/fb0");
	machine_put(&m, "/sys/class/graphics/fbcon/rotate", "0\n");
	assert_string_equal(reasons_of(&m, CARD), "");
	machine_put(&m, CARD_DIR "/drm/card0/card0-DP-1/enabled", "enabled\n");
	assert_string_equal(reasons_of(&m, CARD), "its display is in use (card0-DP-1)");
	machine_link(&m, "/sys/class/graphics/fb1", CARD_LINK "/graphics/fb1");
	assert_string_equal(reasons_of(&m, CARD), "its display is in use (fb1); its display is in use (card0-DP-1)");
	machine_remove(&m);
}

/* efifb, simpledrm: a platform device without a link to its card. */
static void test_guard_firmware_console(void **state)
{
	static const char in_use[] = "its display is in use by the console (simple-framebuffer.0)";
	struct machine m;

	machine_build(&m, "amd", false);
	machine_put(&m, "/sys/bus/platform/devices/serial8250/x", "");
	assert_string_equal(reasons_of(&m, CARD), "");
	/* hidden from us in whose memory: any display's */
	machine_put(&m, "/sys/bus/platform/devices/simple-framebuffer.0/x", "");
	assert_string_equal(reasons_of(&m, CARD), in_use);
	assert_string_equal(reasons_of(&m, "0000:01:00.1"), ""); /* its sound */
	/* told, and its own; told, and another's */
	machine_put(&m, CARD_DIR "/resource", "0x00000000e0000000 0x00000000efffffff 0x0000000000140208\n");
	machine_put(
		&m, "/proc/iomem",
		"e0000000-efffffff : PCI Bus 0000:01\n  e0000000-e02fffff : BOOTFB\n    e0000000-e02fffff : efifb\n");
	assert_string_equal(reasons_of(&m, CARD), in_use);
	machine_put(&m, "/proc/iomem", "d0000000-dfffffff : PCI Bus 0000:02\n  d0000000-d02fffff : BOOTFB\n");
	assert_string_equal(reasons_of(&m, CARD), "");
	machine_remove(&m);
}

static const char *taken_reasons(struct machine *m, const char *addr)
{
	static char text[sizeof(((struct guard_reasons *)0)->text[0])];
	struct guard_reasons reasons;
	struct pci_info dev;

	assert_int_equal(pci_find(&m->host, addr, &dev, NULL), 0);
	assert_int_equal(guards_check_taken(&m->host, &dev, &reasons), 0);
	strcpy(text, reasons.text[0]);
	return text;
}

/* A disk that was in use when it was taken is not to be written to, until it was given back and taken in peace. */
static void test_guard_forced(void **state)
{
	const struct bind_params force = {.force = true};
	struct bind_result r;
	struct machine m;

	machine_build(&m, "intel", true);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &force, &r, NULL), 0);
	assert_string_equal(taken_reasons(&m, IDLE_DISK), ""); /* nothing had to be forced */
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, NULL), 0);

	machine_append(&m, "/proc/swaps", "/dev/nvme1n1p1     partition 1 0 -3\n");
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, NULL), -EBUSY);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &force, &r, NULL), 0);
	machine_put(&m, "/proc/swaps", "Filename Type Size Used Priority\n");
	assert_string_equal(taken_reasons(&m, IDLE_DISK), "it was taken by force while nvme1n1p1 is swap");
	/* bound again: it stays what it was */
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, NULL), 0);
	assert_string_equal(taken_reasons(&m, IDLE_DISK), "it was taken by force while nvme1n1p1 is swap");
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, NULL), 0);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "nvme");
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, NULL), 0);
	assert_string_equal(taken_reasons(&m, IDLE_DISK), "");
	machine_remove(&m);
}

/* What a mount point is called cannot add lines to the state; a file without the line is an older one's. */
static void test_guard_forced_names(void **state)
{
	struct bind_state in = {.driver = "nvme", .used = "a is mounted on /x\noverride=evil"}, out;
	struct machine m;

	machine_build(&m, "intel", true);
	assert_int_equal(bind_state_write(&m.host, IDLE_DISK, &in), 0);
	assert_int_equal(bind_state_read(&m.host, IDLE_DISK, &out), 0);
	assert_string_equal(out.driver, "nvme");
	assert_string_equal(out.override, "");
	assert_string_equal(out.used, "a is mounted on /x?override=evil");
	machine_put(&m, BIND_STATE_DIR "/" IDLE_DISK, "driver=nvme\noverride=\n");
	assert_string_equal(taken_reasons(&m, IDLE_DISK), "");
	machine_put(&m, BIND_STATE_DIR "/" IDLE_DISK, "driver=nvme\noverride=\nused=cut sho");
	assert_string_equal(taken_reasons(&m, IDLE_DISK), "it was taken by force while something was in use");
	machine_remove(&m);
}

/* Somebody else took the disk from under what is mounted on it. */
static void test_guard_orphans(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	assert_string_equal(taken_reasons(&m, EDU), "");
	machine_append(&m, MOUNTS, "41 22 259:70 / /srv rw - ext4 /dev/nvme7n1p2 rw\n");
	assert_string_equal(taken_reasons(&m, EDU),
			    "/dev/nvme7n1p2, mounted on /srv, is on a disk that is gone: perhaps this one");
	machine_put(&m, "/sys/class/block/nvme7n1p2/dev", "259:70\n");
	assert_string_equal(taken_reasons(&m, EDU), "");
	machine_append(&m, "/proc/swaps", "/dev/nvme8n1     partition 1 0 -3\n");
	assert_string_equal(taken_reasons(&m, EDU),
			    "/dev/nvme8n1, in use as swap, is on a disk that is gone: perhaps this one");
	machine_remove(&m);

	/* and what any guard says counts as well */
	machine_build(&m, "intel", false);
	assert_string_equal(taken_reasons(&m, ROOT_DISK), "nvme0n1p1 is mounted on /boot");
	machine_remove(&m);
}

/* A directory that cannot be listed, a table that cannot be read: then nobody knows, and the device stays. */
static void test_guard_errors(void **state)
{
	static const char *const dirs[] = {
		"/sys/class/block", "/sys/class/net", "/sys/bus/virtio/devices", "/sys/class/graphics",
		"/sys/class/drm",   "/proc/swaps",    "/proc/self/mountinfo",	 "/sys/block/nvme1n1/holders",
	};
	struct guard_reasons reasons;
	struct bind_result r;
	struct pci_info dev;
	struct machine m;
	struct fail f;
	char cmd[200], path[128];
	int want;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		machine_build(&m, "intel", true);
		snprintf(cmd, sizeof(cmd), "rm -rf %s%s", m.dir, dirs[i]);
		assert_int_equal(system(cmd), 0);
		/* a file for a directory, a directory for a file */
		want = dirs[i][1] == 'p' ? -EISDIR : -ENOTDIR;
		snprintf(path, sizeof(path), "%s%s", dirs[i], want == -EISDIR ? "/x" : "");
		machine_put(&m, path, "");
		assert_int_equal(pci_find(&m.host, IDLE_DISK, &dev, NULL), 0);
		if (guards_check(&m.host, &dev, false, &reasons) != want)
			fail_msg("%s: not %d", dirs[i], want);
		assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), want);
		assert_non_null(strstr(f.text, "cannot find out what uses"));
		assert_int_equal(m.writes, 0);
		machine_remove(&m);
	}
	/* the platform bus matters to displays only */
	machine_build(&m, "amd", true);
	machine_put(&m, "/sys/bus/platform/devices", "");
	assert_int_equal(pci_find(&m.host, CARD, &dev, NULL), 0);
	assert_int_equal(guards_check(&m.host, &dev, false, &reasons), -ENOTDIR);
	assert_int_equal(pci_find(&m.host, "0000:01:00.1", &dev, NULL), 0);
	assert_int_equal(guards_check(&m.host, &dev, false, &reasons), 0);
	machine_remove(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard_forced),
		cmocka_unit_test(test_guard_forced_names),
		cmocka_unit_test(test_guard_orphans),
		cmocka_unit_test(test_guards_as_built),
		cmocka_unit_test(test_guard_mount),
		cmocka_unit_test(test_guard_swap),
		cmocka_unit_test(test_guard_holder),
		cmocka_unit_test(test_guard_multipath),
		cmocka_unit_test(test_guard_usb_disk),
		cmocka_unit_test(test_guard_share),
		cmocka_unit_test(test_guard_hidden_interface),
		cmocka_unit_test(test_guard_display_in_use),
		cmocka_unit_test(test_guard_firmware_console),
		cmocka_unit_test(test_guard_errors),
	};

	msg_set_level(MSG_QUIET);
	return cmocka_run_group_tests(tests, NULL, machine_forget);
}
