/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reasons not to take a device away from the host. */
#include "host/guards.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/guard_disk.h"
#include "host/guard_display.h"
#include "host/text.h"

#define GUARD_IFF_UP 0x1 /* include/uapi/linux/if.h */
#define GUARD_CLASS_NETWORK 0x02

void guard_reason(struct guard_reasons *out, const char *fmt, ...)
{
	va_list ap;

	if (out->count < GUARD_MAX_REASONS) {
		va_start(ap, fmt);
		vsnprintf(out->text[out->count], sizeof(out->text[0]), fmt, ap);
		va_end(ap);
	}
	out->count++;
}

static void guard_interface(const struct host *host, const char *name, struct guard_reasons *out)
{
	char flags[32], state[32];

	if (host_read_line(host, flags, sizeof(flags), "/sys/class/net/%s/flags", name))
		text_copy(flags, sizeof(flags), "0");
	if (host_read_line(host, state, sizeof(state), "/sys/class/net/%s/operstate", name))
		text_copy(state, sizeof(state), "unknown");
	if (strtoul(flags, NULL, 16) & GUARD_IFF_UP || strcmp(state, "up") == 0)
		guard_reason(out, "network interface %s is up", name);
}

/* Behind the device in any way: a network function of its own, virtio, or an adapter on a USB controller. */
static int guard_interfaces(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	const struct behind *nets;
	unsigned int n;

	if (index->err[BEHIND_NET] && index->err[BEHIND_NET] != -ENOENT)
		return index->err[BEHIND_NET];
	nets = guard_behind(index, dev->addr, BEHIND_NET, &n);
	for (unsigned int i = 0; i < n; i++)
		guard_interface(index->host, nets[i].name, out);
	/* sysfs shows the interfaces of our own network namespace only: one moved to a container is up unseen */
	if (!n && dev->class_code >> 16 == GUARD_CLASS_NETWORK && !pci_is_idle_driver(dev->driver))
		guard_reason(out, "its network interface cannot be seen from here (another network namespace?)");
	return 0;
}

int guards_check_in(struct guard_index *index, const struct pci_info *dev, bool probe, struct guard_reasons *out)
{
	static int (*const guards[])(struct guard_index *, const struct pci_info *, struct guard_reasons *) = {
		guard_disks,
		guard_shares,
		guard_interfaces,
		guard_display,
	};
	int ret;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ARRAY_SIZE(guards); i++) {
		ret = guards[i](index, dev, out);
		if (ret)
			return ret;
	}
	return probe && !out->count ? guard_probe_disks(index, dev, out) : 0;
}

int guards_check(const struct host *host, const struct pci_info *dev, bool probe, struct guard_reasons *out)
{
	struct guard_index *index;
	int ret = guard_index_open(host, &index);

	memset(out, 0, sizeof(*out));
	if (!ret)
		ret = guards_check_in(index, dev, probe, out);
	guard_index_close(index);
	return ret;
}
