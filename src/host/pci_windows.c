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

/* What an x86 machine's memory map keeps for VGA and option ROMs, whatever the BARs say. */
#define WINDOW_LEGACY_START 0xa0000
#define WINDOW_LEGACY_LAST 0xfffff
#define WINDOW_ESTIMATED "PCI space (estimated: /proc/iomem hides it)"

/* "PCI Bus 0000:00", "PCI ECAM 0000 [bus 00-ff]" (MMCONFIG before 6.7) or a device's address. */
static bool window_is_pci(const char *what)
{
	char addr[16];

	return text_starts(what, "PCI ") || pci_normalize(what, addr, sizeof(addr)) == 0;
}

/*
 * @shown: host bridges are in it. The kernel shows zeros to anyone without CAP_SYS_ADMIN; a hardened machine does not let
 * them read it at all.
 */
static int window_from_iomem(const struct host *host, struct window_list *list, bool *shown)
{
	CLEANUP_FREE char *text = NULL;
	char *line, *rest, what[64];
	uint64_t start, last;
	int ret;

	*shown = false;
	ret = host_read_file(host, &text, NULL, "/proc/iomem");
	if (ret)
		return ret == -EACCES || ret == -EPERM || ret == -ENOENT ? 0 : ret;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %63[^\n]", &start, &last, what) != 3)
			continue;
		if (!last || !window_is_pci(what))
			continue;
		if (text_starts(what, "PCI Bus "))
			*shown = true;
		ret = window_add(list, start, last, what);
		if (ret)
			return ret;
	}
	return 0;
}

/* A bridge's windows are lines 7 to 10 of its `resource` file, in the same form as BARs. */
static int window_from_device(const struct host *host, const char *addr, struct window_list *list)
{
	CLEANUP_FREE char *text = NULL;
	uint64_t start, last, flags;
	char *line, *rest;
	int ret;

	ret = host_read_file(host, &text, NULL, "/sys/bus/pci/devices/%s/resource", addr);
	if (ret) /* pulled out meanwhile, or not to be known */
		return host_exists(host, "/sys/bus/pci/devices/%s", addr) ? ret : 0;
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

static int window_from_devices(const struct host *host, struct window_list *list)
{
	CLEANUP_FREE char **names = NULL;
	int ret;

	ret = host_list_dir(host, &names, "/sys/bus/pci/devices");
	/* a machine without PCI has the other buses */
	if (ret == -ENOENT && host_exists(host, "/sys/bus"))
		return 0;
	for (char **name = names; !ret && *name; name++)
		ret = window_from_device(host, *name, list);
	return ret;
}

/* Where memory below 4 GiB ends, by the firmware's map, which everyone may read; 4 GiB where there is none. */
static uint64_t window_low_memory_end(const struct host *host)
{
	CLEANUP_FREE char **names = NULL;
	char type[32], text[32];
	uint64_t end = 0, last;

	if (host_list_dir(host, &names, "/sys/firmware/memmap"))
		return GiB(4);
	for (char **name = names; *name; name++) {
		if (host_read_line(host, type, sizeof(type), "/sys/firmware/memmap/%s/type", *name) ||
		    host_read_line(host, text, sizeof(text), "/sys/firmware/memmap/%s/end", *name))
			return GiB(4);
		last = strtoull(text, NULL, 16);
		if (strcmp(type, "System RAM") == 0 && last < GiB(4))
			end = MAX(end, last + 1);
	}
	return end > MiB(1) ? end : GiB(4);
}

/*
 * Host bridges decode more than their devices use today. Below 4 GiB: all from the lowest BAR or bridge window, or from the
 * end of memory if that is lower. Above: from the lowest to the highest, rounded outwards.
 */
static int window_estimate(const struct host *host, const struct window_list *known, struct window_list *list)
{
	uint64_t low = window_low_memory_end(host), high_start = UINT64_MAX, high_last = 0;
	int ret;

	for (unsigned int i = 0; i < known->count; i++) {
		const struct pci_window *w = &known->items[i];

		if (w->start > WINDOW_LEGACY_LAST && w->start < GiB(4))
			low = MIN(low, ALIGN_DOWN(w->start, MiB(1)));
		if (w->last >= GiB(4)) {
			high_start = MIN(high_start, MAX(ALIGN_DOWN(w->start, GiB(1)), GiB(4)));
			high_last = MAX(high_last, w->last | (GiB(1) - 1));
		}
	}
	ret = window_add(list, WINDOW_LEGACY_START, WINDOW_LEGACY_LAST, WINDOW_ESTIMATED);
	/* nothing known below: the last GiB is where x86 machines have their devices */
	if (!ret)
		ret = window_add(list, MIN(low, GiB(3)), GiB(4) - 1, WINDOW_ESTIMATED);
	if (!ret && high_last)
		ret = window_add(list, high_start, high_last, WINDOW_ESTIMATED);
	return ret;
}

static int window_compare(const void *a, const void *b)
{
	const struct pci_window *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* What is known of them into @list. Devices always count, also those that iomem forgets. */
static int window_collect(const struct host *host, struct window_list *list, bool *estimated)
{
	struct window_list known = {0};
	bool shown;
	int ret;

	ret = window_from_iomem(host, list, &shown);
	if (!ret)
		ret = window_from_devices(host, &known);
	*estimated = !shown && known.count;
	if (!ret && *estimated)
		ret = window_estimate(host, &known, list);
	for (unsigned int i = 0; !ret && i < known.count; i++)
		ret = window_add(list, known.items[i].start, known.items[i].last, known.items[i].what);
	free(known.items);
	return ret;
}

int pci_windows(const struct host *host, struct pci_window **out, unsigned int *count, bool *estimated)
{
	struct window_list list = {0};
	int ret;

	*out = NULL;
	*count = 0;
	ret = window_collect(host, &list, estimated);
	if (ret) {
		free(list.items);
		return ret;
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), window_compare);
	*out = list.items;
	*count = list.count;
	return 0;
}
