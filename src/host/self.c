/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This process as the kernel accounts it: frame numbers, locked and pinned memory, limits, and who holds a node. */
#include "host/self.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "host/host.h"
#include "host/text.h"

/* Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bits 0-54 the frame number, which reads as 0 when hidden. */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN_MASK ((1ULL << 55) - 1)

#define SELF_CAP_IPC_LOCK 14

static const struct host self_host;

int self_phys(const void *va, uint64_t *phys)
{
	CLEANUP_FD int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), entry;
	uintptr_t addr = (uintptr_t)va;
	ssize_t n;

	if (fd < 0)
		return errno == EACCES ? -EPERM : -errno;
	n = pread(fd, &entry, sizeof(entry), (off_t)(addr / page * sizeof(entry)));
	if (n < 0)
		return -errno;
	if (n != sizeof(entry) || !(entry & PAGEMAP_PRESENT))
		return -EFAULT;
	if (!(entry & PAGEMAP_PFN_MASK))
		return -EPERM;
	*phys = (entry & PAGEMAP_PFN_MASK) * page + addr % page;
	return 0;
}

/* "KEY<blanks>NUMBER" at the start of a line of @text, in @base. */
static bool self_find_number(const char *text, const char *key, int base, uint64_t *out)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, len) == 0 && isspace((unsigned char)line[len])) {
			*out = strtoull(line + len, NULL, base);
			return true;
		}
	}
	return false;
}

int self_locked(uint64_t *vmlck, uint64_t *vmpin)
{
	CLEANUP_FREE char *status = NULL;
	int ret = host_read_file(&self_host, &status, NULL, "/proc/self/status");

	if (ret)
		return ret;
	if (!self_find_number(status, "VmLck:", 10, vmlck) || !self_find_number(status, "VmPin:", 10, vmpin))
		return -ENOENT;
	*vmlck *= 1024;
	*vmpin *= 1024;
	return 0;
}

int self_locked_of(pid_t pid, uint64_t *vmlck)
{
	CLEANUP_FREE char *status = NULL;
	int ret = host_read_file(&self_host, &status, NULL, "/proc/%ld/status", (long)pid);

	if (ret)
		return ret;
	if (!self_find_number(status, "VmLck:", 10, vmlck))
		return -ENOENT;
	*vmlck *= 1024;
	return 0;
}

int self_foll_pin(uint64_t *acquired, uint64_t *released)
{
	CLEANUP_FREE char *vmstat = NULL;
	int ret = host_read_file(&self_host, &vmstat, NULL, "/proc/vmstat");

	if (ret)
		return ret;
	if (!self_find_number(vmstat, "nr_foll_pin_acquired", 10, acquired) ||
	    !self_find_number(vmstat, "nr_foll_pin_released", 10, released))
		return -ENOENT;
	return 0;
}

bool self_vmstat_refresh(void)
{
	CLEANUP_FD int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, "1", 1) == 1;
}

uint64_t self_others_pinned(void)
{
	CLEANUP_FREE char **pids = NULL;
	uint64_t sum = 0, kib;

	if (host_list_dir(&self_host, &pids, "/proc"))
		return 0;
	for (size_t i = 0; pids[i]; i++) {
		CLEANUP_FREE char *status = NULL;
		long pid = strtol(pids[i], NULL, 10);

		if (pid <= 0 || pid == getpid() || host_read_file(&self_host, &status, NULL, "/proc/%ld/status", pid))
			continue;
		if (self_find_number(status, "VmLck:", 10, &kib))
			sum += kib << 10;
		if (self_find_number(status, "VmPin:", 10, &kib))
			sum += kib << 10;
	}
	return sum;
}

/*
 * The kernel asks capable(CAP_IPC_LOCK), which counts in the first user namespace only: root of a rootless container
 * shows the capability and does not have it.
 */
bool self_may_lock_all(void)
{
	CLEANUP_FREE char *status = NULL;
	unsigned long inside, outside, count;
	uint64_t effective;
	char map[128];

	if (host_read_file(&self_host, &status, NULL, "/proc/self/status") ||
	    !self_find_number(status, "CapEff:", 16, &effective) || !(effective >> SELF_CAP_IPC_LOCK & 1))
		return false;
	if (host_read_line(&self_host, map, sizeof(map), "/proc/self/uid_map"))
		return true; /* no user namespaces in this kernel */
	return sscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 && outside == 0 &&
	       count == UINT32_MAX;
}

int self_memlock_raise(uint64_t bytes, struct fail *f)
{
	uint64_t locked, pinned, need;
	struct rlimit limit, wanted;

	if (self_may_lock_all() || self_memlock_is_lowered())
		return 0;
	/* type1 counts what it pins in one of them, iommufd in the other */
	if (self_locked(&locked, &pinned))
		locked = pinned = 0;
	if (__builtin_add_overflow(MAX(locked, pinned), bytes, &need))
		need = UINT64_MAX;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return fail_set(f, errno, "cannot read the limit on locked memory");
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= need)
		return 0;
	wanted.rlim_cur = need;
	wanted.rlim_max = MAX(limit.rlim_max, need);
	if (setrlimit(RLIMIT_MEMLOCK, &wanted) == 0)
		return 0;
	fail_set(f, ENOMEM, "cannot lock %" PRIu64 " bytes: this process may lock %" PRIu64, need,
		 (uint64_t)limit.rlim_max);
	fail_hint(f, "as root: prlimit --memlock=%" PRIu64 " --pid %d, then try again from the same shell", need,
		  (int)getppid());
	return -ENOMEM;
}

void self_memlock_take(void)
{
	struct rlimit limit;

	if (!self_memlock_is_lowered() && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &limit);
	}
}

bool self_memlock_is_limited(void)
{
	struct rlimit limit;

	return !self_may_lock_all() && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

int self_check_cpu(unsigned int cpu, struct fail *f)
{
	long there = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t allowed;

	if (there > 0 && cpu >= (unsigned long)there) {
		fail_usage(f, EINVAL, "there is no processor %u: this machine has 0 to %ld", cpu, there - 1);
		fail_hint(f, "`taskset -cp $$` lists those that may be taken");
		return -EINVAL;
	}
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return fail_set(f, errno, "cannot ask which processors this process may run on");
	if (!CPU_ISSET(cpu, &allowed))
		return fail_usage(f, EINVAL, "processor %u is not one that this process may run on", cpu);
	return 0;
}

int self_open_files(unsigned int *count)
{
	CLEANUP_FREE char **fds = NULL;
	int err = host_list_dir(&self_host, &fds, "/proc/self/fd");

	*count = 0;
	while (!err && fds[*count])
		++*count;
	return err;
}

/* The same node under another name too (a container's /dev): compare the device number where the last part agrees. */
static bool self_fd_is(const char *fd_path, const char *path, const struct stat *want)
{
	char target[PATH_MAX];
	const char *a = strrchr(path, '/'), *b;
	struct stat st;
	ssize_t n = readlink(fd_path, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	if (strcmp(target, path) == 0)
		return true;
	b = strrchr(target, '/');
	if (!want || !a || !b || strcmp(a, b) || stat(fd_path, &st) < 0)
		return false;
	if (S_ISCHR(want->st_mode))
		return S_ISCHR(st.st_mode) && st.st_rdev == want->st_rdev;
	return st.st_dev == want->st_dev && st.st_ino == want->st_ino;
}

static bool self_pid_holds(const char *pid, const char *path, const struct stat *want)
{
	char dir[64], fd_path[320];
	struct dirent *d;
	bool found = false;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%.20s/fd", pid);
	fds = opendir(dir);
	if (!fds)
		return false;
	while (!found && (d = readdir(fds))) {
		snprintf(fd_path, sizeof(fd_path), "%s/%s", dir, d->d_name);
		found = self_fd_is(fd_path, path, want);
	}
	closedir(fds);
	return found;
}

int self_find_holder(const char *path, char *name, size_t len)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	struct stat st;
	bool have;
	int pid = 0;

	if (len)
		name[0] = '\0';
	if (!proc)
		return 0;
	have = stat(path, &st) == 0;
	while (!pid && (d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]) && self_pid_holds(d->d_name, path, have ? &st : NULL))
			pid = atoi(d->d_name);
	closedir(proc);
	if (pid && len && host_read_line(&self_host, name, len, "/proc/%d/comm", pid))
		text_copy(name, len, "?");
	return pid;
}

const char *self_kernel(void)
{
	static char release[sizeof(((struct utsname *)0)->release)];
	struct utsname u;

	if (!release[0])
		text_copy(release, sizeof(release), uname(&u) == 0 ? u.release : "unknown");
	return release;
}
