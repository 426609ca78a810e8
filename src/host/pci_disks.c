/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disks of PCI devices by name: /sys/block is looked through once, however many devices ask. */
#include "host/pci_disks.h"

#include <limits.h>
#include <stdbool.h>

#include "host/pci_path.h"

struct pci_disk {
	uint64_t pci;
	const char *name;
};

struct pci_disks {
	char **names; /* owns the text */
	unsigned int count;
	struct pci_disk disks[];
};

static int pci_disk_compare(const void *a, const void *b)
{
	const struct pci_disk *x = a, *y = b;

	if (x->pci != y->pci)
		return x->pci < y->pci ? -1 : 1;
	/* in one block of memory in the order of names */
	return (x->name > y->name) - (x->name < y->name);
}

struct pci_disks *pci_disks_read(const struct host *host)
{
	char target[PATH_MAX], nearest[16], **names;
	struct pci_disks *disks;
	unsigned int n = 0;

	if (host_list_dir(host, &names, "/sys/block"))
		return NULL;
	while (names[n])
		n++;
	disks = calloc(1, sizeof(*disks) + n * sizeof(disks->disks[0]));
	if (!disks) {
		free(names);
		return NULL;
	}
	disks->names = names;
	for (char **name = names; *name; name++)
		if (host_read_target(host, target, sizeof(target), "/sys/block/%s", *name) == 0 &&
		    pci_path_nearest(target, nearest))
			disks->disks[disks->count++] = (struct pci_disk){pci_path_number(nearest), *name};
	if (disks->count)
		qsort(disks->disks, disks->count, sizeof(disks->disks[0]), pci_disk_compare);
	return disks;
}

void pci_disks_free(struct pci_disks *disks)
{
	if (!disks)
		return;
	free(disks->names);
	free(disks);
}

const char *pci_disks_of(const struct pci_disks *disks, const char *addr)
{
	uint64_t pci = pci_path_number(addr);
	unsigned int low = 0, high = disks ? disks->count : 0, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (disks->disks[mid].pci < pci)
			low = mid + 1;
		else
			high = mid;
	}
	return disks && low < disks->count && disks->disks[low].pci == pci ? disks->disks[low].name : NULL;
}
