/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files mapped for reading, and the handler of SIGBUS that outlives their being cut. */
#include "core/dirty/map.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Never freed, because the handler may walk the list at any time; used again for the next file. */
struct dirty_map {
	struct dirty_map *next;
	_Atomic uintptr_t base; /* 0: of no file */
	_Atomic uint64_t size;
	atomic_bool lost;
};

static _Atomic(struct dirty_map *) map_list;
static pthread_mutex_t map_lock = PTHREAD_MUTEX_INITIALIZER; /* who opens and closes; the handler takes no lock */
static struct sigaction map_before;
static uintptr_t map_page;

/* Zeros in place of all that comes after, so that this happens once. mmap() is but a system call. */
static bool map_fill(struct dirty_map *m, uintptr_t at)
{
	uintptr_t base = atomic_load(&m->base), from = at & ~(map_page - 1);
	uint64_t size = atomic_load(&m->size);

	if (!base || at < base || at - base >= size)
		return false;
	atomic_store(&m->lost, true);
	return mmap((void *)from, size - (from - base), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	       MAP_FAILED;
}

static void map_on_sigbus(int sig, siginfo_t *info, void *context)
{
	int err = errno;
	bool access = info->si_code > 0; /* not sent by a process */

	for (struct dirty_map *m = atomic_load(&map_list); access && m; m = m->next)
		if (map_fill(m, (uintptr_t)info->si_addr)) {
			errno = err;
			return;
		}
	/* none of ours: it happens again, to whom it would have happened without us */
	sigaction(SIGBUS, &map_before, NULL);
	if (!access)
		raise(sig);
	errno = err;
}

/* Each time, with the lock held: another handler may have come after ours. */
static void map_install(void)
{
	struct sigaction action = {.sa_sigaction = map_on_sigbus, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER},
			 now;

	map_page = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigemptyset(&action.sa_mask);
	if (!sigaction(SIGBUS, NULL, &now) && now.sa_sigaction == map_on_sigbus)
		return;
	map_before = now;
	sigaction(SIGBUS, &action, NULL);
}

/* One of the list that is of no file, or a new one; called with the lock held. */
static struct dirty_map *map_take(void)
{
	struct dirty_map *m = atomic_load(&map_list);

	while (m && atomic_load(&m->base))
		m = m->next;
	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (m) {
		m->next = atomic_load(&map_list);
		atomic_store(&map_list, m);
	}
	return m;
}

int dirty_map_open(int fd, uint64_t size, struct dirty_map **out)
{
	struct dirty_map *m;
	void *base;
	int err = 0;

	if (size > SIZE_MAX)
		return -EFBIG;
	base = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	pthread_mutex_lock(&map_lock);
	map_install();
	m = map_take();
	if (m) {
		atomic_store(&m->lost, false);
		atomic_store(&m->size, size);
		atomic_store(&m->base, (uintptr_t)base);
	} else {
		err = -ENOMEM;
	}
	pthread_mutex_unlock(&map_lock);
	if (err)
		munmap(base, (size_t)size);
	*out = m;
	return err;
}

const void *dirty_map_data(const struct dirty_map *m)
{
	return (const void *)atomic_load(&m->base);
}

bool dirty_map_is_lost(const struct dirty_map *m)
{
	return atomic_load(&m->lost);
}

void dirty_map_close(struct dirty_map *m)
{
	uintptr_t base = m ? atomic_load(&m->base) : 0;

	if (!base)
		return;
	pthread_mutex_lock(&map_lock);
	atomic_store(&m->base, 0);
	munmap((void *)base, (size_t)atomic_load(&m->size));
	pthread_mutex_unlock(&map_lock);
}
