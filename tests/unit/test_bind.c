/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/bind on a fake machine: there and back, every guard both ways, a death or a failure at every step. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/msg.h"
#include "host/bind.h"
#include "host/bind_state.h"
#include "host/guards.h"
#include "machine.h"

#define IDLE_DISK "0000:04:00.0"
#define ROOT_DISK "0000:01:00.0"
#define LSI "0000:03:00.0"
#define EDU "0000:06:00.0"

static const struct bind_params plain;

static bool is_remembered(struct machine *m, const char *addr)
{
	return host_exists(&m->host, BIND_STATE_DIR "/%s", addr);
}

static void test_there_and_back(void **state)
{
	struct bind_result r;
	struct machine m;
	struct fail f = {0};

	machine_build(&m, "intel", true);
	/* vfio-pci is loaded (LSI uses it), the short form of the address will do. */
	assert_int_equal(bind_to_vfio(&m.host, "04:00.0", &plain, &r, &f), 0);
	assert_string_equal(r.id, IDLE_DISK);
	assert_string_equal(r.from, "nvme");
	assert_string_equal(r.to, "vfio-pci");
	assert_true(r.changed);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "vfio-pci");
	assert_true(host_exists(&m.host, "/dev/vfio/8"));
	assert_true(is_remembered(&m, IDLE_DISK));

	/* Again: nothing to do, and nothing forgotten. */
	m.writes = 0;
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_false(r.changed);
	assert_int_equal(m.writes, 0);

	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_string_equal(r.from, "vfio-pci");
	assert_string_equal(r.to, "nvme");
	assert_true(r.changed);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "nvme");
	assert_string_equal(machine_override(&m, IDLE_DISK), "(null)");
	assert_false(is_remembered(&m, IDLE_DISK));

	m.writes = 0;
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_false(r.changed);
	assert_int_equal(m.writes, 0);
	machine_remove(&m);
}

/* A device that had no driver gets none back, though the kernel would have one; nobody's state: the kernel chooses. */
static void test_no_driver_before(void **state)
{
	struct bind_result r;
	struct machine m;

	machine_build(&m, "intel", true);
	m.native = "edu";
	machine_put(&m, "/sys/bus/pci/drivers/edu/bind", "");
	assert_int_equal(bind_to_vfio(&m.host, EDU, &plain, &r, NULL), 0);
	assert_string_equal(r.from, "");
	assert_int_equal(bind_restore(&m.host, EDU, &plain, &r, NULL), 0);
	assert_string_equal(r.to, "");
	assert_string_equal(machine_driver(&m, EDU), "");

	m.native = "sym53c8xx";
	machine_put(&m, "/sys/bus/pci/drivers/sym53c8xx/bind", "");
	assert_int_equal(bind_restore(&m.host, LSI, &plain, &r, NULL), 0);
	assert_string_equal(r.to, "sym53c8xx");
	machine_remove(&m);
}

/* An override that was there before comes back too. */
static void test_override_before(void **state)
{
	struct bind_result r;
	struct machine m;

	machine_build(&m, "intel", true);
	machine_put(&m, "/sys/bus/pci/devices/" IDLE_DISK "/driver_override", "nvme\n");
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, NULL), 0);
	assert_string_equal(machine_override(&m, IDLE_DISK), "vfio-pci");
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, NULL), 0);
	assert_string_equal(machine_override(&m, IDLE_DISK), "nvme");
	machine_remove(&m);
}

static void test_modules(void **state)
{
	struct bind_result r;
	struct machine m;
	struct fail f = {0};
	char cmd[160];

	machine_build(&m, "intel", true);
	snprintf(cmd, sizeof(cmd), "rm -rf %s/sys/bus/pci/drivers/vfio-pci", m.dir);
	assert_int_equal(system(cmd), 0);
	m.no_modules = true;
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), -ENOENT);
	assert_non_null(strstr(f.hint, "modprobe vfio-pci"));
	assert_string_equal(machine_driver(&m, IDLE_DISK), "nvme");
	assert_false(is_remembered(&m, IDLE_DISK));
	m.no_modules = false;
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	/* The driver it had has been unloaded: its module comes back by the modalias. */
	snprintf(cmd, sizeof(cmd), "rm -rf %s/sys/bus/pci/drivers/nvme", m.dir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "nvme");
	machine_remove(&m);
}

/* Died before write N, for every N: unbind brings everything back. True while there was a write N to die at. */
static bool die_and_undo(unsigned int n, bool in_unbind)
{
	struct bind_result r;
	struct machine m;
	struct fail f = {0};
	int status;
	pid_t pid;

	machine_build(&m, "intel", true);
	if (in_unbind)
		assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	m.writes = 0;
	m.die_before = n;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(in_unbind ? bind_restore(&m.host, IDLE_DISK, &plain, &r, NULL) != 0
				: bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, NULL) != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0));
	m.die_before = 0;
	if (bind_restore(&m.host, IDLE_DISK, &plain, &r, &f))
		fail_msg("death before write %u: %s", n, f.text);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "nvme");
	assert_string_equal(machine_override(&m, IDLE_DISK), "(null)");
	assert_false(is_remembered(&m, IDLE_DISK));
	machine_remove(&m);
	return WEXITSTATUS(status) == 9;
}

static void test_death(void **state)
{
	unsigned int n = 1;

	while (die_and_undo(n, false))
		n++;
	assert_int_equal(n, 4); /* override, unbind, bind */
	n = 1;
	while (die_and_undo(n, true))
		n++;
	assert_int_equal(n, 4);
}

/* Died half-way, then bound again: the driver to give back is still the first one. */
static void test_death_then_bind(void **state)
{
	struct bind_result r;
	struct machine m;
	int status;
	pid_t pid;

	machine_build(&m, "intel", true);
	m.die_before = 3; /* between unbind and bind: no driver at all */
	pid = fork();
	if (pid == 0)
		_exit(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, NULL) != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "");
	m.die_before = 0;
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, NULL), 0);
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, NULL), 0);
	assert_string_equal(r.to, "nvme");
	assert_string_equal(machine_override(&m, IDLE_DISK), "(null)");
	machine_remove(&m);
}

/* The kernel says no to one write: the message names it, and the device is where it was. */
static void test_failure_undone(void **state)
{
	struct bind_result r;
	struct machine m;
	struct fail f;

	for (unsigned int n = 1; n <= 3; n++) {
		memset(&f, 0, sizeof(f));
		machine_build(&m, "intel", true);
		m.fail_at = n;
		assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), -EINVAL);
		assert_non_null(strstr(f.text, "cannot write to /sys/bus/pci/"));
		assert_false(r.changed);
		assert_string_equal(machine_driver(&m, IDLE_DISK), "nvme");
		assert_string_equal(machine_override(&m, IDLE_DISK), "(null)");
		assert_false(is_remembered(&m, IDLE_DISK));
		machine_remove(&m);
	}
}

static void test_no_node(void **state)
{
	struct bind_result r;
	struct machine m;
	struct fail f = {0};

	machine_build(&m, "intel", true);
	m.no_node = true;
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), -ETIMEDOUT);
	assert_non_null(strstr(f.text, "/dev/vfio/8 did not appear"));
	assert_true(is_remembered(&m, IDLE_DISK));
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "nvme");
	machine_remove(&m);
}

static void test_holder(void **state)
{
	struct bind_result r;
	struct machine m;
	struct fail f = {0};
	char path[PATH_MAX], pid_text[32];
	int to_child[2];
	pid_t pid;

	machine_build(&m, "intel", true);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_int_equal(host_path(&m.host, path, sizeof(path), "/dev/vfio/8"), 0);
	assert_int_equal(pipe(to_child), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDONLY);

		if (fd < 0 || write(to_child[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(to_child[0], pid_text, 1), 1);
	m.writes = 0;
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), -EBUSY);
	snprintf(pid_text, sizeof(pid_text), "test_bind (pid %d)", (int)pid);
	assert_non_null(strstr(f.text, pid_text));
	assert_int_equal(m.writes, 0);
	assert_string_equal(machine_driver(&m, IDLE_DISK), "vfio-pci");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(to_child[0]);
	close(to_child[1]);
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	machine_remove(&m);
}

/* A child that has the device's lock for so long, or until it is killed; returns when it has it. */
static pid_t lock_holder(struct machine *m, unsigned int ms)
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd = bind_state_lock(&m->host, IDLE_DISK);
		if (fd < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		usleep(ms * 1000);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* Two runs on one device: the second waits for the first, and after a while says what it waits for. */
static void test_lock(void **state)
{
	const struct bind_params dry = {.dry_run = true};
	struct bind_result r;
	struct machine m;
	struct fail f = {0};
	uint64_t start;
	pid_t pid;

	machine_build(&m, "intel", true);
	pid = lock_holder(&m, 300);
	start = clock_ns();
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_true(clock_ns() - start > 200000000);
	assert_true(r.changed);
	waitpid(pid, NULL, 0);
	pid = lock_holder(&m, 300);
	start = clock_ns();
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_true(clock_ns() - start > 200000000);
	waitpid(pid, NULL, 0);

	pid = lock_holder(&m, 60000);
	m.writes = 0;
	assert_int_equal(bind_to_vfio(&m.host, "04:00.0", &plain, &r, &f), -EBUSY);
	assert_string_equal(f.text, "another iommuctl is binding or unbinding " IDLE_DISK);
	assert_non_null(strstr(f.hint, BIND_STATE_DIR "/." IDLE_DISK ".lock"));
	assert_int_equal(m.writes, 0);
	assert_false(is_remembered(&m, IDLE_DISK));
	/* who changes nothing waits for nobody, nor does one who wants another device */
	start = clock_ns();
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &dry, &r, &f), 0);
	assert_int_equal(bind_to_vfio(&m.host, EDU, &plain, &r, &f), 0);
	assert_true(clock_ns() - start < 4000000000);
	/* the lock of a run that died is gone with it */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_true(clock_ns() - start < 4000000000);
	machine_remove(&m);
}

static void test_refused(void **state)
{
	const struct bind_params dry = {.dry_run = true}, force = {.force = true};
	struct bind_result r;
	struct machine m;
	struct fail f = {0};

	machine_build(&m, "intel", true);
	assert_int_equal(bind_to_vfio(&m.host, "0000:00:06.0", &plain, &r, &f), -EINVAL);
	assert_non_null(strstr(f.text, "bridge"));
	assert_int_equal(bind_to_vfio(&m.host, "0000:09:00.0", &plain, &r, &f), -ENOENT);
	assert_non_null(strstr(f.hint, ROOT_DISK));
	assert_int_equal(bind_to_vfio(&m.host, "four", &plain, &r, &f), -EINVAL);
	assert_int_equal(bind_to_vfio(&m.host, ROOT_DISK, &plain, &r, &f), -EBUSY);
	assert_int_equal(bind_to_vfio(&m.host, ROOT_DISK, &dry, &r, &f), -EBUSY);
	assert_int_equal(m.writes, 0);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &dry, &r, &f), 0);
	assert_false(r.changed);
	assert_string_equal(r.to, "vfio-pci");
	assert_int_equal(m.writes, 0);
	assert_false(is_remembered(&m, IDLE_DISK));
	assert_int_equal(bind_to_vfio(&m.host, ROOT_DISK, &force, &r, &f), 0);
	assert_true(r.changed);
	machine_remove(&m);

	machine_build(&m, "none", true);
	assert_int_equal(bind_to_vfio(&m.host, "0000:00:03.0", &plain, &r, &f), -ENODEV);
	machine_remove(&m);

	/* A capture is looked at, never changed. */
	machine_build(&m, "intel", false);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), -EROFS);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &dry, &r, &f), 0);
	assert_int_equal(bind_restore(&m.host, LSI, &plain, &r, &f), -EROFS);
	assert_int_equal(bind_restore(&m.host, LSI, &dry, &r, &f), 0);
	machine_remove(&m);
}

static void test_bad_state_file(void **state)
{
	struct bind_result r;
	struct machine m;
	struct fail f = {0};

	machine_build(&m, "intel", true);
	machine_put(&m, BIND_STATE_DIR "/" LSI, "driver=../../evil\noverride=\n");
	assert_int_equal(bind_restore(&m.host, LSI, &plain, &r, &f), -EINVAL);
	machine_put(&m, BIND_STATE_DIR "/" LSI, "driver=nvme");
	assert_int_equal(bind_restore(&m.host, LSI, &plain, &r, &f), -EINVAL);
	assert_int_equal(m.writes, 0);
	machine_remove(&m);
}

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
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_no_driver_before),
		cmocka_unit_test(test_override_before),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_death_then_bind),
		cmocka_unit_test(test_failure_undone),
		cmocka_unit_test(test_no_node),
		cmocka_unit_test(test_holder),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_state_file),
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
