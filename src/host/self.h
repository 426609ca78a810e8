/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of this process and its memory: physical addresses, pinned and locked pages, limits. */
#ifndef IC_HOST_SELF_H
#define IC_HOST_SELF_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fail.h"

/* Physical address of a resident page by /proc/self/pagemap. -EPERM when the kernel hides frame numbers (not root). */
int self_phys(const void *va, uint64_t *phys);
/* Bytes from VmLck and VmPin of /proc/self/status. */
int self_locked(uint64_t *vmlck, uint64_t *vmpin);
/* VmLck of another process, in bytes. */
int self_locked_of(pid_t pid, uint64_t *vmlck);
/* nr_foll_pin_acquired and nr_foll_pin_released of /proc/vmstat, whole machine. -ENOENT on kernels without them. */
int self_foll_pin(uint64_t *acquired, uint64_t *released);
/*
 * Fold the per-CPU parts of /proc/vmstat into it (mm/vmstat.c, vmstat_refresh), which otherwise lags by up to a hundred
 * pages per CPU. False without the right (root).
 */
bool self_vmstat_refresh(void);
/* VmLck + VmPin of every other process that can be seen, in bytes: did somebody else pin meanwhile? */
uint64_t self_others_pinned(void);
/*
 * Make sure @bytes may be locked: raises RLIMIT_MEMLOCK if allowed. -ENOMEM with the number needed and the command in
 * the hint otherwise; a process with CAP_IPC_LOCK passes.
 */
int self_memlock_raise(uint64_t bytes, struct fail *f);
/* Raise RLIMIT_MEMLOCK to the hard limit, which needs no right. What is refused then shows where memory is pinned. */
void self_memlock_take(void);
/*
 * Lower the soft RLIMIT_MEMLOCK to @bytes, and have the calling thread's CAP_IPC_LOCK not count (capabilities(7)): what is locked
 * beyond that is refused. Until self_memlock_back() neither of the two above raises it. 0 or -errno.
 */
int self_memlock_lower(uint64_t bytes);
/* By the same thread; does nothing where nothing was lowered. */
void self_memlock_back(void);
bool self_memlock_is_lowered(void);
/* CAP_IPC_LOCK, in the first user namespace: no limit counts. */
bool self_may_lock_all(void);
/* False when nothing limits how much this process may lock. */
bool self_memlock_is_limited(void);
/* May this process run on processor @cpu? 0, or -EINVAL (usage) with @f that says why not: there is none, or it is not allowed. */
int self_check_cpu(unsigned int cpu, struct fail *f);
struct host;
/* "AMD EPYC 9B45, 2 processors". Returns buf. */
const char *self_machine(const struct host *host, char *buf, size_t len);
/* How many wanted a processor in the last minute, on average; negative: not known. */
double self_load(void);
/*
 * How much more memory this process can have: what the machine has available, less where a control group (v2) leaves it less. -ENODATA,
 * -errno: nobody tells.
 */
int self_memory_free(const struct host *host, uint64_t *bytes);
/* -ENOMEM with the numbers and a hint where @bytes, never to be swapped out, would be more than 7/8 of that. */
int self_memory_enough(const struct host *host, uint64_t bytes, struct fail *f);
/* How many descriptors this process has open. 0 or -errno. */
int self_open_files(unsigned int *count);
/* Processes that hold @path open ("/dev/vfio/7"): first one's pid and name, 0 when none can be seen. */
int self_find_holder(const char *path, char *name, size_t len);
/* uname -r. */
const char *self_kernel(void);

#endif
