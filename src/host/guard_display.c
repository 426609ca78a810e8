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

static int guard_list_class(const struct host *host, char ***names, const char *class)
{
	int ret = host_list_dir(host, names, "/sys/class/%s", class);

	return ret == -ENOENT ? 0 : ret;
}

static int guard_framebuffers(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	CLEANUP_FREE char **names = NULL;
	int ret = guard_list_class(host, &names, "graphics");

	for (char **name = names; !ret && name && *name; name++)
		if (text_starts(*name, "fb") && guard_is_behind(host, dev->addr, "/sys/class/graphics/%s", *name))
			guard_reason(out, "its display is in use (%s)", *name);
	return ret;
}

/* card0-HDMI-A-1 and its like; the cards themselves have no such file. */
static int guard_connectors(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	CLEANUP_FREE char **names = NULL;
	char enabled[16];
	int ret = guard_list_class(host, &names, "drm");

	for (char **name = names; !ret && name && *name; name++)
		if (guard_is_behind(host, dev->addr, "/sys/class/drm/%s", *name) &&
		    host_read_line(host, enabled, sizeof(enabled), "/sys/class/drm/%s/enabled", *name) == 0 &&
		    strcmp(enabled, "enabled") == 0)
			guard_reason(out, "its display is in use (%s)", *name);
	return ret;
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

/* The console is in the memory of some display device, mostly without saying whose: it is this one unless shown otherwise. */
static int guard_firmware_fb(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	CLEANUP_FREE char **names = NULL;
	uint64_t at;
	int ret;

	if (dev->class_code >> 16 != GUARD_CLASS_DISPLAY)
		return 0;
	ret = host_list_dir(host, &names, "/sys/bus/platform/devices");
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	for (char **name = names; *name; name++)
		if (guard_is_firmware_fb(*name) && (!guard_find_fb(host, &at) || guard_decodes(host, dev->addr, at)))
			guard_reason(out, "its display is in use by the console (%s)", *name);
	return 0;
}

int guard_display(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	char value[8];
	int ret;

	if (host_read_line(host, value, sizeof(value), "/sys/bus/pci/devices/%s/boot_vga", dev->addr) == 0 &&
	    strcmp(value, "1") == 0)
		guard_reason(out, "it is the boot display");
	ret = guard_framebuffers(host, dev, out);
	if (!ret)
		ret = guard_connectors(host, dev, out);
	if (!ret)
		ret = guard_firmware_fb(host, dev, out);
	return ret;
}
