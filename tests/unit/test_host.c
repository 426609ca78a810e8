/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/: paths and files below a root, PCI devices, windows, groups, readiness, on fake machines; self on this one. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "host/groups.h"
#include "host/pci.h"
#include "host/self.h"
#include "machine.h"

static void test_root(void **state)
{
	struct host host;
	struct fail f = {0};
	char path[64], small[8];

	assert_int_equal(host_init(&host, NULL, &f), 0);
	assert_false(host_is_capture(&host));
	assert_true(host_may_change(&host));
	assert_int_equal(host_init(&host, "/", &f), 0);
	assert_false(host_is_capture(&host));
	assert_int_equal(host_init(&host, "/no/such/dir", &f), -ENOENT);
	assert_int_equal(host_init(&host, "/proc/self/status", &f), -ENOTDIR);
	assert_int_equal(host_init(&host, "/tmp//", &f), 0);
	assert_true(host_is_capture(&host));
	assert_int_equal(host_path(&host, path, sizeof(path), "/sys/%d", 7), 0);
	assert_string_equal(path, "/tmp/sys/7");
	assert_int_equal(host_path(&host, path, sizeof(path), "%s", "sys"), 0);
	assert_string_equal(path, "/tmp/sys");
	assert_int_equal(host_path(&host, small, sizeof(small), "sys"), -ENAMETOOLONG);
	assert_int_equal(host_path(&host, small, sizeof(small), "ab"), 0);
	assert_int_equal(host_write(&host, "x", "/x"), -EROFS);
}

static void test_files(void **state)
{
	char **names, *text, line[16], cut[4];
	struct machine m;
	size_t size;

	machine_build(&m, "none", false);
	machine_put(&m, "/d/b", "one\ntwo\n");
	machine_put(&m, "/d/a", "");
	machine_put(&m, "/d/.hidden", "");
	assert_int_equal(host_read_line(&m.host, line, sizeof(line), "/d/%s", "b"), 0);
	assert_string_equal(line, "one");
	assert_int_equal(host_read_line(&m.host, cut, sizeof(cut), "/d/b"), 0);
	assert_string_equal(cut, "one");
	assert_int_equal(host_read_line(&m.host, line, sizeof(line), "/d/a"), 0);
	assert_string_equal(line, "");
	assert_int_equal(host_read_line(&m.host, line, sizeof(line), "/d/c"), -ENOENT);
	assert_int_equal(host_list_dir(&m.host, &names, "/d"), 0);
	assert_string_equal(names[0], ".hidden");
	assert_string_equal(names[1], "a");
	assert_string_equal(names[2], "b");
	assert_null(names[3]);
	free(names);
	assert_int_equal(host_list_dir(&m.host, &names, "/nothing"), -ENOENT);
	/* Larger than any first buffer, and every byte of it. */
	for (int i = 0; i < 3000; i++)
		machine_append(&m, "/d/big", "abcdefg\n");
	assert_int_equal(host_read_file(&m.host, &text, &size, "/d/big"), 0);
	assert_int_equal(size, 24000);
	assert_int_equal(strlen(text), 24000);
	free(text);
	assert_int_equal(host_read_link(&m.host, line, sizeof(line), "/sys/bus/pci/devices/0000:00:03.0/driver"), 0);
	assert_string_equal(line, "e1000");
	assert_int_equal(host_read_link(&m.host, cut, sizeof(cut), "/sys/bus/pci/devices/0000:00:03.0/driver"),
			 -ENAMETOOLONG);
	assert_int_equal(host_read_link(&m.host, line, sizeof(line), "/sys/bus/pci/devices/0000:00:00.0/driver"),
			 -ENOENT);
	assert_true(host_exists(&m.host, "/d/%c", 'a'));
	assert_false(host_exists(&m.host, "/d/%c", 'c'));
	machine_remove(&m);
}

static const struct pci_info *device_of(const struct pci_info *list, unsigned int n, const char *addr)
{
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(list[i].addr, addr) == 0)
			return &list[i];
	fail_msg("no %s", addr);
	return NULL;
}

static void test_scan(void **state)
{
	const struct pci_info *d;
	struct pci_info *list;
	struct machine m;
	unsigned int n;

	machine_build(&m, "intel", false);
	assert_int_equal(pci_scan(&m.host, &list, &n, NULL), 0);
	assert_int_equal(n, 15);
	for (unsigned int i = 1; i < n; i++)
		assert_true(strcmp(list[i - 1].addr, list[i].addr) < 0);
	d = device_of(list, n, "0000:01:00.0");
	assert_int_equal(d->vendor, 0x144d);
	assert_int_equal(d->device, 0xa80a);
	assert_int_equal(d->subvendor, 0x1028);
	assert_int_equal(d->subdevice, 0x0a21);
	assert_int_equal(d->class_code, 0x010802);
	assert_int_equal(d->revision, 1);
	assert_false(d->is_bridge);
	assert_string_equal(d->driver, "nvme");
	assert_int_equal(d->group, 3);
	assert_string_equal(d->iommu, "dmar1");
	assert_string_equal(d->reset_methods, "flr bus");
	assert_string_equal(d->devnode, "nvme0n1");
	assert_string_equal(d->cdev, "");
	assert_string_equal(device_of(list, n, "0000:02:00.0")->devnode, "enp2s0");
	/* A bridge is one; a host bridge is not; and a bridge has no disk though one lies behind it. */
	assert_true(device_of(list, n, "0000:00:06.0")->is_bridge);
	assert_string_equal(device_of(list, n, "0000:00:06.0")->devnode, "");
	assert_false(device_of(list, n, "0000:00:00.0")->is_bridge);
	assert_string_equal(device_of(list, n, "0000:06:00.0")->driver, "");
	assert_string_equal(device_of(list, n, "0000:06:00.0")->reset_methods, "");
	free(list);
	machine_remove(&m);

	machine_build(&m, "amd", false);
	assert_int_equal(pci_scan(&m.host, &list, &n, NULL), 0);
	assert_string_equal(device_of(list, n, "0000:00:02.1")->cdev, "vfio1");
	assert_int_equal(device_of(list, n, "10000:e0:06.0")->group, -1);
	assert_string_equal(list[n - 1].addr, "10000:e0:06.0"); /* by number */
	free(list);
	machine_remove(&m);
}

static void test_names(void **state)
{
#ifdef HAVE_LIBPCI
	struct pci_info dev;
	struct machine m;

	if (access("/usr/share/misc/pci.ids", R_OK) && access("/usr/share/hwdata/pci.ids", R_OK))
		skip();
	machine_build(&m, "none", false);
	assert_int_equal(pci_find(&m.host, "00:03.0", &dev, NULL), 0);
	assert_string_equal(dev.name, "");
	pci_names(&m.host, &dev, 1);
	assert_non_null(strstr(dev.name, "Intel"));
	assert_non_null(strstr(dev.name, "82540EM"));
	assert_string_equal(dev.class_name, "Ethernet controller");
	machine_remove(&m);
#else
	skip();
#endif
}

static bool has_window(const struct pci_window *list, unsigned int n, uint64_t start, uint64_t last)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i].start == start && list[i].last == last)
			return true;
	return false;
}

static void test_windows(void **state)
{
	struct pci_window *list;
	struct machine m;
	bool estimated = true;
	unsigned int n;

	machine_build(&m, "intel", false);
	assert_int_equal(pci_windows(&m.host, &list, &n, &estimated), 0);
	assert_false(estimated);
	assert_true(has_window(list, n, 0xa0000, 0xbffff));
	assert_true(has_window(list, n, 0x80400000, 0xbfffffff));
	assert_true(has_window(list, n, 0xc0000000, 0xcfffffff));
	assert_true(has_window(list, n, 0x4000000000, 0x7fffffffff));
	assert_int_equal(n, 4); /* the rest lies inside; memory and I/O ports are none */
	free(list);

	machine_remove(&m);
}

#define ESTIMATED "PCI space (estimated: /proc/iomem hides it)"

/* The windows of @m as an ordinary user sees them: "a0000-fffff 80000000-ffffffff". */
static const char *estimate_of(struct machine *m)
{
	static char text[256];
	struct pci_window *list;
	bool estimated = false;
	size_t used = 0;
	unsigned int n;

	assert_int_equal(pci_windows(&m->host, &list, &n, &estimated), 0);
	assert_true(estimated);
	text[0] = '\0';
	for (unsigned int i = 0; i < n; i++) {
		assert_string_equal(list[i].what, ESTIMATED);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRIx64 "-%" PRIx64, i ? " " : "",
					 list[i].start, list[i].last);
	}
	free(list);
	return text;
}

static void put_memory(struct machine *m, int n, const char *type, const char *end)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/firmware/memmap/%d/type", n);
	machine_put(m, path, type);
	snprintf(path, sizeof(path), "/sys/firmware/memmap/%d/end", n);
	machine_put(m, path, end);
}

/* Hidden from this user: more than the devices use, as a host bridge decodes more. */
static void test_windows_hidden(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	machine_put(&m, "/proc/iomem", "00000000-00000000 : System RAM\n00000000-00000000 : PCI Bus 0000:00\n");
	assert_string_equal(estimate_of(&m), "a0000-fffff a2200000-ffffffff 4000000000-603fffffff");
	/* no such file, or one without host bridges, tells no more */
	machine_put(&m, "/proc/iomem", "00001000-0009ffff : System RAM\n");
	assert_string_equal(estimate_of(&m), "a0000-fffff a2200000-ffffffff 4000000000-603fffffff");
	/* where memory ends is known to everyone, and the bridge's window begins there or later */
	put_memory(&m, 0, "System RAM\n", "0x9fbff\n");
	put_memory(&m, 1, "System RAM\n", "0x7fffffff\n");
	put_memory(&m, 2, "Reserved\n", "0x803fffff\n");
	put_memory(&m, 3, "System RAM\n", "0x17fffffff\n");
	assert_string_equal(estimate_of(&m), "a0000-fffff 80000000-ffffffff 4000000000-603fffffff");
	/* a shadowed ROM is no BAR to begin at; a BAR below where memory ends counts */
	machine_put(&m, "/sys/bus/pci/devices/0000:06:00.0/resource",
		    "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n"
		    "0x0000000070001000 0x00000000700010ff 0x0000000000140204\n");
	assert_string_equal(estimate_of(&m), "a0000-fffff 70000000-ffffffff 4000000000-603fffffff");
	machine_remove(&m);

	/* no device below 4 GiB: the last GiB at least */
	machine_build(&m, "none", false);
	machine_put(&m, "/sys/bus/pci/devices/0000:00:03.0/resource",
		    "0x0000002000000000 0x0000002000000fff 0x0000000000140204\n");
	assert_string_equal(estimate_of(&m), "a0000-fffff c0000000-ffffffff 2000000000-203fffffff");
	machine_remove(&m);
}

static void windows_fail(const char *path, const char *text, int want)
{
	struct pci_window *list;
	struct machine m;
	bool estimated;
	unsigned int n;
	char cmd[160];

	machine_build(&m, "intel", false);
	snprintf(cmd, sizeof(cmd), "rm -rf $(echo %s%s | sed s,/not-a-file,,)", m.dir, path);
	assert_int_equal(system(cmd), 0);
	if (text)
		machine_put(&m, path, text);
	assert_int_equal(pci_windows(&m.host, &list, &n, &estimated), want);
	assert_null(list);
	assert_int_equal(n, 0);
	machine_remove(&m);
}

/* What cannot be read is an error, never an empty list; a machine without PCI has no windows. */
static void test_windows_errors(void **state)
{
	windows_fail("/sys/bus/pci/devices/0000:03:00.0/resource", NULL, -ENOENT);
	windows_fail("/sys/bus/pci/devices/0000:03:00.0/resource/not-a-file", "", -EISDIR);
	windows_fail("/sys/bus/pci/devices", "", -ENOTDIR);
	windows_fail("/proc/iomem/not-a-file", "", -EISDIR);
	windows_fail("/sys", NULL, -ENOENT);
}

static void test_groups(void **state)
{
	struct group_info *groups, g;
	struct machine m;
	unsigned int n;
	char **units;

	machine_build(&m, "intel", false);
	assert_int_equal(groups_scan(&m.host, &groups, &n, NULL), 0);
	assert_int_equal(n, 11);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(groups[i].id, i); /* 10 after 9 */
	assert_string_equal(groups[5].type, "DMA-FQ");
	assert_int_equal(groups[5].nr_devices, 2);
	assert_int_equal(groups[5].nr_reserved, 2);
	assert_int_equal(groups[5].reserved[0].start, 0x77a5f000);
	assert_int_equal(groups[5].reserved[0].last, 0x77a7efff);
	assert_string_equal(groups[5].reserved[0].type, "direct-relaxable");
	assert_string_equal(groups[5].reserved[1].type, "msi");
	/* One function on a host driver, one on none. */
	assert_false(groups[5].viable);
	assert_int_equal(groups[5].nr_blockers, 1);
	assert_string_equal(groups[5].blockers[0], "0000:00:14.0");
	assert_int_equal(groups[6].nr_blockers, 2);
	/* pcieport is no blocker, the network card below it is. */
	assert_true(groups[2].viable);
	assert_int_equal(groups[4].nr_blockers, 1);
	assert_string_equal(groups[4].blockers[0], "0000:02:00.0");
	assert_true(groups[7].viable);
	assert_true(groups[10].viable);
	groups_free(groups, n);
	assert_int_equal(iommu_units(&m.host, &units), 0);
	assert_string_equal(units[0], "dmar0");
	assert_string_equal(units[1], "dmar1");
	assert_null(units[2]);
	free(units);
	assert_int_equal(group_find(&m.host, 99, &g, NULL), -ENOENT);
	/* A bridge on another driver blocks since 5.18, and did not before. */
	machine_link(&m, "/sys/devices/pci0000:00/0000:00:06.0/driver", "../../../bus/pci/drivers/shpchp");
	assert_int_equal(group_find(&m.host, 2, &g, NULL), 0);
	assert_false(g.viable);
	group_clear(&g);
	machine_put(&m, "/proc/sys/kernel/osrelease", "4.18.0-348.el8.x86_64\n");
	assert_int_equal(group_find(&m.host, 2, &g, NULL), 0);
	assert_true(g.viable);
	group_clear(&g);
	machine_remove(&m);

	machine_build(&m, "none", false);
	assert_int_equal(groups_scan(&m.host, &groups, &n, NULL), 0);
	assert_int_equal(n, 0);
	groups_free(groups, n);
	machine_remove(&m);
}

static void expect_ready(struct machine *m, const char *addr, const char *why, const char *hint)
{
	char got_why[256], got_hint[256];
	struct pci_info dev;
	bool ready;

	assert_int_equal(pci_find(&m->host, addr, &dev, NULL), 0);
	ready = device_ready(&m->host, &dev, got_why, sizeof(got_why), got_hint, sizeof(got_hint));
	assert_string_equal(got_why, why);
	assert_string_equal(got_hint, hint);
	assert_int_equal(ready, *why == '\0');
}

/* Asked among all of its machine, every device gives the answer that it gives alone. */
static void expect_ready_alike(struct machine *m)
{
	char why[2][256], hint[2][256];
	struct group_info *groups;
	unsigned int n, nr_groups;
	struct pci_info *pci;
	struct ready *r;
	bool ready;

	assert_int_equal(pci_scan(&m->host, &pci, &n, NULL), 0);
	assert_int_equal(groups_scan(&m->host, &groups, &nr_groups, NULL), 0);
	assert_int_equal(ready_open(&m->host, pci, n, groups, nr_groups, &r), 0);
	for (unsigned int i = 0; i < n; i++) {
		ready = ready_ask(r, &pci[i], why[0], sizeof(why[0]), hint[0], sizeof(hint[0]));
		assert_int_equal(device_ready(&m->host, &pci[i], why[1], sizeof(why[1]), hint[1], sizeof(hint[1])),
				 ready);
		assert_string_equal(why[0], why[1]);
		assert_string_equal(hint[0], hint[1]);
	}
	ready_close(r);
	groups_free(groups, nr_groups);
	free(pci);
}

/* One group of more than anybody wants to read: some are named, the others counted. */
static void test_ready_many(void **state)
{
	struct machine m;
	char path[128];

	machine_build(&m, "intel", false);
	for (unsigned int i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/0000:20:%02x.0/class", i);
		machine_put(&m, path, "0x018000\n");
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/0000:20:%02x.0/driver", i);
		machine_link(&m, path, "../../drivers/ahci");
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/10/devices/0000:20:%02x.0", i);
		machine_link(&m, path, "../../../../bus/pci/devices/0000:20:01.0");
	}
	/* what is no PCI device is no bridge for that */
	machine_link(&m, "/sys/kernel/iommu_groups/10/devices/AMDI0010:00", "../../../../bus/pci/devices/0000:20:01.0");
	expect_ready(&m, "0000:06:00.0",
		     "not bound to vfio-pci, and group 10 is blocked by 0000:20:00.0 (ahci), 0000:20:01.0 (ahci), "
		     "0000:20:02.0 (ahci) and 10 more",
		     "iommuctl bind 0000:06:00.0 0000:20:00.0 0000:20:01.0 0000:20:02.0 0000:20:03.0 0000:20:04.0 "
		     "0000:20:05.0 0000:20:06.0 0000:20:07.0 and 5 more of group 10");
	expect_ready_alike(&m);
	machine_remove(&m);
}

static void test_ready(void **state)
{
	struct machine m;

	machine_build(&m, "intel", false);
	expect_ready(&m, "0000:03:00.0", "", "");
	expect_ready(&m, "0000:04:00.0", "bound to nvme", "iommuctl bind 0000:04:00.0");
	expect_ready(&m, "0000:06:00.0", "not bound to vfio-pci", "iommuctl bind 0000:06:00.0");
	expect_ready(&m, "0000:00:06.0", "a bridge", "");
	expect_ready(&m, "0000:00:00.0", "a bridge", "");
	expect_ready(&m, "0000:01:00.0", "bound to nvme: nvme0n1p1 is mounted on /boot", "");
	expect_ready(&m, "0000:00:02.0", "bound to i915: it is the boot display", "");
	/* Everything that blocks the group, in one command. */
	expect_ready(&m, "0000:00:14.2", "not bound to vfio-pci, and group 5 is blocked by 0000:00:14.0 (xhci_hcd)",
		     "iommuctl bind 0000:00:14.2 0000:00:14.0");
	machine_put(&m, "/sys/kernel/iommu_groups/7/name", "vfio-noiommu\n");
	expect_ready(&m, "0000:03:00.0", "group 7 is a noiommu group: its DMA would not be translated",
		     "enable VT-d in the firmware and boot with intel_iommu=on");
	expect_ready_alike(&m);
	machine_remove(&m);

	machine_build(&m, "amd", false);
	expect_ready_alike(&m);
	expect_ready(&m, "0000:01:00.0", "group 2 is blocked by 0000:01:00.1 (snd_hda_intel)",
		     "iommuctl bind 0000:01:00.1");
	expect_ready(&m, "0000:00:02.1", "", "");
	machine_remove(&m);

	machine_build(&m, "none", false);
	expect_ready_alike(&m);
	expect_ready(&m, "0000:00:03.0", "no IOMMU", "enable VT-d in the firmware and boot with intel_iommu=on");
	machine_put(&m, "/sys/firmware/acpi/tables/IVRS", "IVRS");
	expect_ready(&m, "0000:00:03.0", "no IOMMU", "boot without amd_iommu=off: the firmware describes AMD-Vi");
	machine_put(&m, "/sys/firmware/acpi/tables/DMAR", "DMAR");
	expect_ready(&m, "0000:00:03.0", "no IOMMU", "boot with intel_iommu=on: the firmware describes VT-d");
	machine_remove(&m);
}

static void test_self_locked(void **state)
{
	size_t size = 64 * 1024;
	uint64_t before, after, pin;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(self_locked(&before, &pin), 0);
	if (syscall(SYS_mlock, p, size) < 0) /* the sanitizers make nothing of mlock() */
		skip();
	assert_int_equal(self_locked(&after, &pin), 0);
	assert_int_equal(after - before, size);
	munmap(p, size);
	assert_int_equal(self_locked(&after, &pin), 0);
	assert_int_equal(after, before);
}

static void test_self_phys(void **state)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t a = 0, b = 0;
	int ret;

	assert_true(p != MAP_FAILED);
	ret = self_phys(p, &a);
	assert_true(ret == -EFAULT || ret == -EPERM || ret == -ENOENT);
	p[0] = 1;
	ret = self_phys(p, &a);
	if (ret == 0) {
		assert_int_equal(self_phys(p + 5, &b), 0);
		assert_int_equal(b, a + 5);
		assert_int_equal(a % 4096, 0);
	} else {
		assert_int_equal(ret, -EPERM);
	}
	munmap(p, 8192);
}

/* As an ordinary user under a hard limit: the number, the way out, and no change below the limit. */
static void test_self_memlock(void **state)
{
	struct rlimit limit = {64 * 1024, 128 * 1024};
	struct fail f = {0};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
		    (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0)))
			_exit(9);
		if (self_memlock_raise(32 * 1024, &f))
			_exit(1);
		if (self_memlock_raise(100 * 1024, &f) || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
		    limit.rlim_cur < 100 * 1024)
			_exit(2);
		if (self_memlock_raise(1 << 20, &f) != -ENOMEM || f.err != ENOMEM)
			_exit(3);
		if (!strstr(f.text, "1048576") || !strstr(f.hint, "prlimit --memlock=1048576"))
			_exit(4);
		_exit(self_memlock_raise(UINT64_MAX, &f) == -ENOMEM ? 0 : 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_self_holder(void **state)
{
	char path[] = "/tmp/iommuctl-holder-XXXXXX", name[32];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(self_find_holder(path, name, sizeof(name)), getpid());
	assert_string_equal(name, "test_host");
	close(fd);
	assert_int_equal(self_find_holder(path, name, sizeof(name)), 0);
	assert_string_equal(name, "");
	unlink(path);
	assert_true(strlen(self_kernel()) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),	       cmocka_unit_test(test_files),
		cmocka_unit_test(test_scan),	       cmocka_unit_test(test_names),
		cmocka_unit_test(test_windows),	       cmocka_unit_test(test_windows_hidden),
		cmocka_unit_test(test_windows_errors), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_ready),	       cmocka_unit_test(test_ready_many),
		cmocka_unit_test(test_self_locked),    cmocka_unit_test(test_self_phys),
		cmocka_unit_test(test_self_memlock),   cmocka_unit_test(test_self_holder),
	};

	return cmocka_run_group_tests(tests, NULL, machine_forget);
}
