/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard for displays: is anything shown through the device? */
#include "host/guard_display.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/guard_disk.h"
#include "host/text.h"

#define GUARD_CLASS_DISPLAY 0x03
#define GUARD_CLASS_OLD_VGA 0x0001 /* from before there were classes */

static int guard_framebuffers(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	const struct behind *fbs;
	unsigned int n;

	fbs = guard_behind(index, dev->addr, BEHIND_GRAPHICS, &n);
	for (unsigned int i = 0; i < n; i++)
		if (text_starts(fbs[i].name, "fb"))
			guard_reason(out, "its display is in use (%s)", fbs[i].name);
	return index->err[BEHIND_GRAPHICS] == -ENOENT ? 0 : index->err[BEHIND_GRAPHICS];
}

/* card0-HDMI-A-1 and its like; the cards themselves have no such file. */
static int guard_connectors(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	const struct behind *cards;
	char enabled[16];
	unsigned int n;

	cards = guard_behind(index, dev->addr, BEHIND_DRM, &n);
	for (unsigned int i = 0; i < n; i++)
		if (host_read_line(index->host, enabled, sizeof(enabled), "/sys/class/drm/%s/enabled", cards[i].name) ==
			    0 &&
		    strcmp(enabled, "enabled") == 0)
			guard_reason(out, "its display is in use (%s)", cards[i].name);
	return index->err[BEHIND_DRM] == -ENOENT ? 0 : index->err[BEHIND_DRM];
}

/* The platform device of a framebuffer that the firmware set up (drivers/firmware/sysfb.c); a real driver removes it. */
static bool guard_is_firmware_fb(const char *name)
{
	return text_starts(name, "efi-framebuffer.") || text_starts(name, "simple-framebuffer.") ||
	       text_starts(name, "vesa-framebuffer.") || text_starts(name, "platform-framebuffer.");
}

/* What its drivers call its memory in /proc/iomem. */
static bool guard_is_fb_memory(const char *what)
{
	return strcmp(what, "BOOTFB") == 0 || strcmp(what, "efifb") == 0 || strcmp(what, "simplefb") == 0 ||
	       strcmp(what, "simple-framebuffer") == 0 || strcmp(what, "vesafb") == 0 || guard_is_firmware_fb(what);
}

/* Where it is: inside that device's line of /proc/iomem. False where this is hidden, or no line tells. */
static bool guard_find_fb(const struct host *host, uint64_t *at)
{
	CLEANUP_FREE char *text = NULL;
	char *line, *rest, what[64];
	uint64_t start, last;

	if (host_read_file(host, &text, NULL, "/proc/iomem"))
		return false;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %63[^\n]", &start, &last, what) != 3 || !last)
			continue;
		*at = start;
		if (guard_is_fb_memory(what))
			return true;
	}
	return false;
}

static bool guard_decodes(const struct host *host, const char *addr, uint64_t at)
{
	CLEANUP_FREE char *text = NULL;
	char *line, *rest;
	uint64_t start, last;

	if (host_read_file(host, &text, NULL, "/sys/bus/pci/devices/%s/resource", addr))
		return true; /* who knows */
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, "%" SCNx64 " %" SCNx64, &start, &last) == 2 && last && at >= start && at <= last)
			return true;
	return false;
}

/* The same for every display, and most machines have one: read when it asks. */
static void guard_read_displays(struct guard_index *index)
{
	if (index->has_displays)
		return;
	index->has_displays = true;
	index->platform_err = host_list_dir(index->host, &index->platform, "/sys/bus/platform/devices");
	if (!index->platform_err)
		index->fb_known = guard_find_fb(index->host, &index->fb_at);
}

/* The console is in the memory of some display device, mostly without saying whose: it is this one unless shown otherwise. */
static int guard_firmware_fb(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	if (dev->class_code >> 16 != GUARD_CLASS_DISPLAY)
		return 0;
	guard_read_displays(index);
	if (index->platform_err)
		return index->platform_err == -ENOENT ? 0 : index->platform_err;
	for (char **name = index->platform; *name; name++)
		if (guard_is_firmware_fb(*name) &&
		    (!index->fb_known || guard_decodes(index->host, dev->addr, index->fb_at)))
			guard_reason(out, "its display is in use by the console (%s)", *name);
	return 0;
}

/* The kernel asks pci_is_vga() before it shows the file (drivers/pci/pci-sysfs.c). */
static bool guard_is_boot_display(const struct host *host, const struct pci_info *dev)
{
	char value[8];

	return (dev->class_code >> 16 == GUARD_CLASS_DISPLAY || dev->class_code >> 8 == GUARD_CLASS_OLD_VGA) &&
	       host_read_line(host, value, sizeof(value), "/sys/bus/pci/devices/%s/boot_vga", dev->addr) == 0 &&
	       strcmp(value, "1") == 0;
}

int guard_display(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	int ret;

	if (guard_is_boot_display(index->host, dev))
		guard_reason(out, "it is the boot display");
	ret = guard_framebuffers(index, dev, out);
	if (!ret)
		ret = guard_connectors(index, dev, out);
	if (!ret)
		ret = guard_firmware_fb(index, dev, out);
	return ret;
}
