/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page tables' memory: chunks from the host, a stack of empty tables, and those waiting for a grace period. */
#include "iommu/sim/pt_pool.h"

#include <sys/mman.h>

#define SIM_PT_BYTES 4096u
#define SIM_PT_CHUNK 256u
/* Spare tables beyond this many give their memory back to the host. */
#define SIM_PT_WARM 512u

static bool sim_pt_pool_books(struct sim_pt *pt, size_t total)
{
	sim_pte **spare = realloc(pt->spare.table, total * sizeof(*spare)), **parted;
	void **chunk;

	if (!spare)
		return false;
	pt->spare.table = spare;
	parted = realloc(pt->parted.table, total * sizeof(*parted));
	if (!parted)
		return false;
	pt->parted.table = parted;
	chunk = realloc(pt->chunk, (pt->chunks + 1) * sizeof(*chunk));
	if (!chunk)
		return false;
	pt->chunk = chunk;
	return true;
}

static bool sim_pt_pool_grow(struct sim_pt *pt)
{
	char *memory;

	/* The books have room for every table there is, so that parting and reaping cannot fail. */
	if (!sim_pt_pool_books(pt, pt->total + SIM_PT_CHUNK))
		return false;
	memory = mmap(NULL, SIM_PT_CHUNK * SIM_PT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	pt->chunk[pt->chunks++] = memory;
	pt->total += SIM_PT_CHUNK;
	for (unsigned int i = SIM_PT_CHUNK; i-- > 0;)
		pt->spare.table[pt->spare.count++] = (sim_pte *)(void *)(memory + i * SIM_PT_BYTES);
	return true;
}

/* By several lanes at once. */
sim_pte *sim_pt_pool_get(struct sim_pt *pt)
{
	sim_pte *table = NULL;

	pthread_mutex_lock(&pt->lock);
	if (pt->spare.count || sim_pt_pool_grow(pt)) {
		pt->live++;
		table = pt->spare.table[--pt->spare.count];
	}
	pthread_mutex_unlock(&pt->lock);
	return table;
}

void sim_pt_pool_part(struct sim_pt *pt, sim_pte *table)
{
	pt->live--;
	pt->parted.table[pt->parted.count++] = table;
}

void sim_pt_reap(struct sim_pt *pt)
{
	while (pt->parted.count) {
		sim_pte *table = pt->parted.table[--pt->parted.count];

		if (pt->spare.count >= SIM_PT_WARM)
			madvise((void *)table, SIM_PT_BYTES, MADV_DONTNEED);
		pt->spare.table[pt->spare.count++] = table;
	}
}

void sim_pt_pool_exit(struct sim_pt *pt)
{
	while (pt->chunks)
		munmap(pt->chunk[--pt->chunks], SIM_PT_CHUNK * SIM_PT_BYTES);
	free(pt->chunk);
	free(pt->spare.table);
	free(pt->parted.table);
	pthread_mutex_destroy(&pt->lock);
	*pt = (struct sim_pt){0};
}

uint64_t sim_pt_bytes(const struct sim_pt *pt)
{
	return pt->live * SIM_PT_BYTES + 2 * pt->total * sizeof(sim_pte *) + pt->chunks * sizeof(void *);
}
