/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/bind on a fake machine: there and back, one run at a time, a death or a failure at every step. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/msg.h"
#include "host/bind.h"
#include "host/bind_state.h"
#include "host/groups.h"
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

struct holder {
	pid_t pid;
	int end; /* has a byte once it is about to end of its own accord */
};

/* A child that has the device's lock for so long, or until it is killed; returns when it has it. */
static struct holder lock_holder(struct machine *m, unsigned int ms)
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_NONBLOCK), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd = bind_state_lock(&m->host, IDLE_DISK);
		if (fd < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		usleep(ms * 1000);
		_exit(write(ready[1], "x", 1) != 1);
	}
	close(ready[1]);
	poll(&(struct pollfd){.fd = ready[0], .events = POLLIN}, 1, -1);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	return (struct holder){pid, ready[0]};
}

static bool lock_was_let_go(struct holder *h)
{
	char byte;
	bool end = read(h->end, &byte, 1) == 1;

	close(h->end);
	waitpid(h->pid, NULL, 0);
	return end;
}

/* Two runs on one device: the second waits for the first, and after a while says what it waits for. */
static void test_lock(void **state)
{
	const struct bind_params dry = {.dry_run = true};
	struct bind_result r;
	struct machine m;
	struct fail f = {0};
	struct holder holder;

	machine_build(&m, "intel", true);
	holder = lock_holder(&m, 300);
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_true(lock_was_let_go(&holder));
	assert_true(r.changed);
	holder = lock_holder(&m, 300);
	assert_int_equal(bind_restore(&m.host, IDLE_DISK, &plain, &r, &f), 0);
	assert_true(lock_was_let_go(&holder));

	holder = lock_holder(&m, 600000);
	m.writes = 0;
	assert_int_equal(bind_to_vfio(&m.host, "04:00.0", &plain, &r, &f), -EBUSY);
	assert_string_equal(f.text, "another iommuctl is binding or unbinding " IDLE_DISK);
	assert_non_null(strstr(f.hint, BIND_STATE_DIR "/." IDLE_DISK ".lock"));
	assert_int_equal(m.writes, 0);
	assert_false(is_remembered(&m, IDLE_DISK));
	/* who changes nothing waits for nobody, nor does one who wants another device */
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &dry, &r, &f), 0);
	assert_int_equal(bind_to_vfio(&m.host, EDU, &plain, &r, &f), 0);
	/* the lock of a run that died is gone with it */
	kill(holder.pid, SIGKILL);
	assert_false(lock_was_let_go(&holder));
	assert_int_equal(bind_to_vfio(&m.host, IDLE_DISK, &plain, &r, &f), 0);
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

/* Behind virtio-iommu a device has no group before a driver probes it. */
static void test_late_group(void **state)
{
	const struct bind_params dry = {.dry_run = true};
	char why[160], hint[160], cmd[160];
	struct pci_info dev;
	struct bind_result r;
	struct machine m;
	struct fail f = {0};

	machine_build(&m, "intel", true);
	snprintf(cmd, sizeof(cmd), "rm %s/sys/bus/pci/devices/" EDU "/iommu_group", m.dir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(pci_find(&m.host, EDU, &dev, NULL), 0);
	assert_false(device_ready(&m.host, &dev, why, sizeof(why), hint, sizeof(hint)));
	assert_string_equal(why, "not bound: its IOMMU group appears when it is");
	assert_string_equal(hint, "iommuctl bind " EDU);
	/* had a driver probed it, it would have one */
	strcpy(dev.driver, "edu");
	assert_false(device_ready(&m.host, &dev, why, sizeof(why), hint, sizeof(hint)));
	assert_string_equal(why, "not behind an IOMMU");
	assert_int_equal(bind_to_vfio(&m.host, EDU, &dry, &r, &f), 0);
	assert_int_equal(m.writes, 0);

	/* None appears: vfio-pci refuses it, or takes it without one. Both are undone. */
	for (int taken = 0; taken < 2; taken++) {
		m.noiommu = taken;
		assert_int_equal(bind_to_vfio(&m.host, EDU, &plain, &r, &f), -ENODEV);
		assert_non_null(strstr(f.text, "it has no IOMMU group"));
		assert_non_null(strstr(f.hint, "switch the IOMMU on"));
		assert_false(r.changed);
		assert_string_equal(machine_driver(&m, EDU), "");
		assert_string_equal(machine_override(&m, EDU), "(null)");
		assert_false(is_remembered(&m, EDU));
	}
	/* another failure stays what it is */
	m.late_group = "8";
	m.writes = 0;
	m.fail_at = 1;
	assert_int_equal(bind_to_vfio(&m.host, EDU, &plain, &r, &f), -EINVAL);
	m.fail_at = 0;
	assert_int_equal(bind_to_vfio(&m.host, EDU, &plain, &r, &f), 0);
	assert_true(r.changed);
	assert_string_equal(machine_driver(&m, EDU), "vfio-pci");
	assert_true(host_exists(&m.host, "/dev/vfio/8"));
	assert_int_equal(bind_restore(&m.host, EDU, &plain, &r, &f), 0);
	assert_string_equal(machine_driver(&m, EDU), "");
	machine_remove(&m);
}

/* What is looked at before the first of several is moved. */
static void test_check(void **state)
{
	const struct bind_params force = {.force = true};
	struct machine m;

	machine_build(&m, "intel", true);
	assert_int_equal(bind_check(&m.host, IDLE_DISK, &plain, NULL), 0);
	assert_int_equal(bind_check(&m.host, LSI, &plain, NULL), 0);
	assert_int_equal(bind_check(&m.host, ROOT_DISK, &plain, NULL), -EBUSY);
	assert_int_equal(bind_check(&m.host, ROOT_DISK, &force, NULL), 0);
	assert_int_equal(bind_check(&m.host, "0000:09:00.0", &force, NULL), -ENOENT);
	assert_int_equal(bind_check(&m.host, "0000:00:1f.0", &force, NULL), -EINVAL);
	assert_int_equal(bind_check(&m.host, "0000:00:00.0", &force, NULL), -EINVAL);
	assert_int_equal(m.writes, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),	cmocka_unit_test(test_no_driver_before),
		cmocka_unit_test(test_override_before), cmocka_unit_test(test_modules),
		cmocka_unit_test(test_death),		cmocka_unit_test(test_death_then_bind),
		cmocka_unit_test(test_failure_undone),	cmocka_unit_test(test_no_node),
		cmocka_unit_test(test_holder),		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_refused),		cmocka_unit_test(test_bad_state_file),
		cmocka_unit_test(test_late_group),	cmocka_unit_test(test_check),
	};

	msg_set_level(MSG_QUIET);
	return cmocka_run_group_tests(tests, NULL, machine_forget);
}
