/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requester ids of faults held against the PCI devices that are there: aliases of bridges, phantom functions, lost segments. */
#include "host/requester.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/pci.h"
#include "host/pci_path.h"
#include "host/text.h"

#define AGAIN_NS 1000000000ULL

struct requester {
	uint64_t number; /* pci_path_number() */
	int group;
};

struct requesters {
	const struct host *host;
	struct requester *at; /* sorted by number */
	unsigned int nr;
	uint64_t read_ns; /* 0 = never */
};

#define BUS_OF(number) ((number) >> 8)
#define SLOT_OF(number) ((number) >> 3)
#define DEVFN_OF(number) ((number)&0xff)
#define BDF_OF(number) ((number)&0xffff)

struct requesters *requesters_open(const struct host *host)
{
	struct requesters *r = calloc(1, sizeof(*r));

	if (r)
		r->host = host;
	return r;
}

void requesters_close(struct requesters *r)
{
	if (!r)
		return;
	free(r->at);
	free(r);
}

static int requester_group(const struct host *host, const char *bus, const char *name)
{
	char group[16];

	if (host_read_link(host, group, sizeof(group), "/sys/bus/%s/devices/%s/iommu_group", bus, name) ||
	    !isdigit((unsigned char)group[0]))
		return -1;
	return atoi(group);
}

static int requester_cmp(const void *a, const void *b)
{
	const struct requester *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void requesters_read(struct requesters *r)
{
	CLEANUP_FREE char **names = NULL;
	unsigned int n = 0;

	r->read_ns = clock_ns();
	r->nr = 0;
	free(r->at);
	r->at = NULL;
	if (host_list_dir(r->host, &names, "/sys/bus/pci/devices"))
		return;
	while (names[n])
		n++;
	r->at = calloc(n + 1, sizeof(*r->at));
	for (unsigned int i = 0; r->at && i < n; i++) {
		char addr[16];

		if (pci_path_parse(names[i], strlen(names[i]), addr))
			r->at[r->nr++] =
				(struct requester){pci_path_number(addr), requester_group(r->host, "pci", names[i])};
	}
	if (r->at)
		qsort(r->at, r->nr, sizeof(*r->at), requester_cmp);
}

/* The first one at @number or behind it; r->nr when there is none. */
static unsigned int requester_from(const struct requesters *r, uint64_t number)
{
	unsigned int low = 0, high = r->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (r->at[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void requester_name(uint64_t number, char *out, size_t len)
{
	snprintf(out, len, "%04x:%02x:%02x.%x", (unsigned int)(number >> 16) & 0xfffff,
		 (unsigned int)(number >> 8) & 0xff, (unsigned int)(number >> 3) & 0x1f, (unsigned int)number & 7);
}

static void requester_is(struct dma_fault *fault, const struct requester *q, bool alias)
{
	if (q->group >= 0) {
		fault->group = (unsigned int)q->group;
		fault->group_known = true;
	}
	if (alias)
		requester_name(q->number, fault->alias_of, sizeof(fault->alias_of));
}

/* All devices with numbers from @from to @last are of one group: the first of them stands for all. */
static const struct requester *requester_common(const struct requesters *r, uint64_t from, uint64_t last)
{
	unsigned int first = requester_from(r, from);

	if (first == r->nr || r->at[first].number > last || r->at[first].group < 0)
		return NULL;
	for (unsigned int i = first; i < r->nr && r->at[i].number <= last; i++)
		if (r->at[i].group != r->at[first].group)
			return NULL;
	return &r->at[first];
}

static bool requester_alias(const struct requesters *r, uint64_t number, struct dma_fault *fault)
{
	const struct requester *q = requester_common(r, number & ~7ULL, number | 7);

	if (!q && !DEVFN_OF(number))
		q = requester_common(r, number & ~0xffULL, number | 0xff);
	if (q)
		requester_is(fault, q, true);
	return q != NULL;
}

/* Bus, device and function, of which segment is for us to find: where two have it, nobody can. */
static bool requester_somewhere(const struct requesters *r, uint64_t number, struct dma_fault *fault)
{
	const struct requester *only = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->nr; i++)
		if (BDF_OF(r->at[i].number) == BDF_OF(number)) {
			only = &r->at[i];
			n++;
		}
	if (n == 1)
		requester_is(fault, only, only->number != number);
	return n > 0;
}

static bool requester_look(const struct requesters *r, uint64_t number, struct dma_fault *fault)
{
	unsigned int i = requester_from(r, number);

	if (fault->segment_lost && requester_somewhere(r, number, fault))
		return true;
	if (i < r->nr && r->at[i].number == number) {
		requester_is(fault, &r->at[i], false);
		return true;
	}
	return requester_alias(r, number, fault);
}

/* "fe310000.dma": on Arm and RISC-V a device need not be on a PCI bus. */
static void requester_platform(const struct requesters *r, struct dma_fault *fault)
{
	int group;

	if (strchr(fault->device, '/') || fault->device[0] == '.')
		return;
	group = requester_group(r->host, "platform", fault->device);
	if (group >= 0) {
		fault->group = (unsigned int)group;
		fault->group_known = true;
	}
}

void requesters_resolve(struct requesters *r, struct dma_fault *fault)
{
	uint64_t number;
	char addr[16];

	fault->group_known = false;
	fault->alias_of[0] = '\0';
	if (!fault->device[0] || fault->bus_lost)
		return;
	if (!pci_path_parse(fault->device, strlen(fault->device), addr)) {
		requester_platform(r, fault);
		return;
	}
	number = pci_path_number(addr);
	if (!r->read_ns)
		requesters_read(r);
	else if (requester_look(r, number, fault))
		return;
	else if (clock_ns() - r->read_ns > AGAIN_NS)
		requesters_read(r);
	else
		return;
	requester_look(r, number, fault);
}

/* How many devices, in all segments, have this bus, device and function? */
static unsigned int requester_count(const struct requesters *r, uint64_t number)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->nr; i++)
		n += BDF_OF(r->at[i].number) == BDF_OF(number);
	return n;
}

/* Bus and segment are not known. Behind a bridge function 00.0 may be the bridge's name for it. */
static bool requester_may_be(const struct requesters *r, const struct dma_fault *fault, const char *addr)
{
	uint64_t devfn = DEVFN_OF(pci_path_number(fault->device));
	char bridges[160];

	if (devfn == DEVFN_OF(pci_path_number(addr)))
		return true;
	pci_bridges(r->host, addr, bridges, sizeof(bridges));
	return bridges[0] && !devfn;
}

bool requesters_alone(struct requesters *r, const struct dma_fault *fault, const char *addr)
{
	uint64_t devfn = DEVFN_OF(pci_path_number(addr));
	unsigned int n = 0;

	/* 00.0 may be a bridge's name for all that is behind it */
	if (!fault->device[0] || !fault->bus_lost || !devfn || devfn != DEVFN_OF(pci_path_number(fault->device)))
		return false;
	if (!r->read_ns || clock_ns() - r->read_ns > AGAIN_NS)
		requesters_read(r);
	for (unsigned int i = 0; i < r->nr; i++)
		n += DEVFN_OF(r->at[i].number) == devfn;
	return n == 1;
}

enum fault_tie requesters_match(const struct requesters *r, const struct dma_fault *fault, const char *addr, int group)
{
	bool same_but_segment;

	if (!fault->device[0])
		return FAULT_TIE_TIME;
	if (fault->bus_lost)
		return requester_may_be(r, fault, addr) ? FAULT_TIE_TIME : FAULT_TIE_NONE;
	same_but_segment =
		fault->segment_lost && BDF_OF(pci_path_number(fault->device)) == BDF_OF(pci_path_number(addr));
	if (same_but_segment && requester_count(r, pci_path_number(addr)) > 1)
		return FAULT_TIE_TIME;
	if (!strcmp(fault->device, addr) || !strcmp(fault->alias_of, addr))
		return FAULT_TIE_DEVICE;
	if (same_but_segment)
		return fault->group_known && (int)fault->group != group ? FAULT_TIE_NONE : FAULT_TIE_DEVICE;
	return group >= 0 && fault->group_known && (int)fault->group == group ? FAULT_TIE_DEVICE : FAULT_TIE_NONE;
}
