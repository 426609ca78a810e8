/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limit on locked memory, lowered on purpose and given back. */
#include <errno.h>
#include <linux/capability.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "host/self.h"

/* Lowered by one thread at a time. */
static struct {
	atomic_bool on; /* threads that explain a refusal ask */
	bool had_right;
	struct rlimit was;
} self_lowered;

/* Whether the calling thread may lock all it wants; *had, if not NULL, whether it could before. */
static int self_ipc_lock(bool on, bool *had)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t *word = &data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective;

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (had)
		*had = *word & CAP_TO_MASK(CAP_IPC_LOCK);
	*word = on ? *word | CAP_TO_MASK(CAP_IPC_LOCK) : *word & ~CAP_TO_MASK(CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int self_memlock_lower(uint64_t bytes)
{
	struct rlimit limit;
	int err;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return -errno;
	if (!self_lowered.on) {
		self_lowered.was = limit;
		err = self_ipc_lock(false, &self_lowered.had_right);
		if (err)
			return err;
		self_lowered.on = true;
	}
	limit.rlim_cur = MIN(bytes, limit.rlim_max);
	err = setrlimit(RLIMIT_MEMLOCK, &limit) ? -errno : 0;
	if (err)
		self_memlock_back();
	return err;
}

void self_memlock_back(void)
{
	if (!self_lowered.on)
		return;
	setrlimit(RLIMIT_MEMLOCK, &self_lowered.was);
	if (self_lowered.had_right)
		self_ipc_lock(true, NULL);
	self_lowered.on = false;
}

bool self_memlock_is_lowered(void)
{
	return self_lowered.on;
}
