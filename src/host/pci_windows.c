/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses at which a DMA could reach another device instead of memory: host bridge windows and BARs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/pci.h"
#include "host/text.h"

#define WINDOW_IORESOURCE_MEM 0x200 /* include/linux/ioport.h */

struct window_list {
	struct pci_window *items;
	unsigned int count, room;
};

static int window_add(struct window_list *list, uint64_t start, uint64_t last, const char *what)
{
	struct pci_window *bigger;

	/* /proc/iomem nests: what lies in the window before it adds nothing. */
	for (unsigned int i = 0; i < list->count; i++)
		if (start >= list->items[i].start && last <= list->items[i].last)
			return 0;
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 16;
		bigger = realloc(list->items, list->room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
	}
	list->items[list->count].start = start;
	list->items[list->count].last = last;
	text_copy(list->items[list->count].what, sizeof(list->items->what), what);
	list->count++;
	return 0;
}

/* "PCI Bus 0000:00", "PCI ECAM 0000 [bus 00-ff]" (MMCONFIG before 6.7) or a device's address. */
static bool window_is_pci(const char *what)
{
	char addr[16];

	return text_starts(what, "PCI ") || pci_normalize(what, addr, sizeof(addr)) == 0;
}

/* -EPERM when the kernel shows zeros, as it does to anyone without CAP_SYS_ADMIN. */
static int window_from_iomem(const struct host *host, struct window_list *list)
{
	CLEANUP_FREE char *text = NULL;
	char *line, *rest, what[64];
	uint64_t start, last;
	bool shown = false;
	int ret;

	ret = host_read_file(host, &text, NULL, "/proc/iomem");
	if (ret)
		return ret;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %63[^\n]", &start, &last, what) != 3)
			continue;
		if (last)
			shown = true;
		if (last && window_is_pci(what)) {
			ret = window_add(list, start, last, what);
			if (ret)
				return ret;
		}
	}
	return shown ? 0 : -EPERM;
}

/* A bridge's windows are lines 7 to 10 of its `resource` file, in the same form as BARs. */
static int window_from_device(const struct host *host, const char *addr, struct window_list *list)
{
	CLEANUP_FREE char *text = NULL;
	uint64_t start, last, flags;
	char *line, *rest;
	int ret;

	if (host_read_file(host, &text, NULL, "/sys/bus/pci/devices/%s/resource", addr))
		return 0;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &last, &flags) != 3)
			continue;
		if (!(flags & WINDOW_IORESOURCE_MEM) || !last || last < start)
			continue;
		ret = window_add(list, start, last, addr);
		if (ret)
			return ret;
	}
	return 0;
}

static int window_compare(const void *a, const void *b)
{
	const struct pci_window *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

int pci_windows(const struct host *host, struct pci_window **out, unsigned int *count)
{
	CLEANUP_FREE char **names = NULL;
	struct window_list list = {0};
	int ret;

	*out = NULL;
	*count = 0;
	ret = window_from_iomem(host, &list);
	if (ret == -ENOMEM)
		goto out_free;
	/* Devices too, always: they are all that is left when iomem is hidden. */
	ret = host_list_dir(host, &names, "/sys/bus/pci/devices");
	for (char **name = names; !ret && name && *name; name++)
		ret = window_from_device(host, *name, &list);
	if (ret && ret != -ENOENT)
		goto out_free;
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), window_compare);
	*out = list.items;
	*count = list.count;
	return 0;
out_free:
	free(list.items);
	return ret;
}
