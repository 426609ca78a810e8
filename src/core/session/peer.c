/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of a session by their name: its own, and others that join the same I/O address space without a driver. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/op/flight.h"
#include "core/session/priv.h"
#include "host/mdev.h"
#include "host/pci.h"
#include "iommu/device.h"
#include "iommu/idev_vfio.h"

static struct iommu_device *peer_find(const struct session *s, const char *addr)
{
	if (s->idev && !strcmp(idev_id(s->idev)->name, addr))
		return s->idev;
	for (unsigned int i = 0; i < s->nr_peers; i++)
		if (!strcmp(idev_id(s->peers[i])->name, addr))
			return s->peers[i];
	return NULL;
}

int session_idev(struct session *s, const char *id, struct iommu_device **out, struct fail *f)
{
	char addr[MDEV_UUID_MAX];
	int err;

	*out = s->idev;
	if (!id)
		return 0;
	if (session_is_simulated(s))
		return fail_set(f, EOPNOTSUPP, "beside the simulated device there is no other");
	if (pci_normalize(id, addr, sizeof(addr)) && mdev_normalize(id, addr, sizeof(addr)))
		return fail_usage(f, EINVAL, "'%s' is neither a PCI address nor the UUID of a mediated device", id);
	*out = peer_find(s, addr);
	if (*out)
		return 0;
	if (s->nr_peers == ARRAY_SIZE(s->peers))
		return fail_set(f, ENOSPC, "a session takes %zu devices beside its own", ARRAY_SIZE(s->peers));
	err = iommu_attach(s->iommu, addr, out, f);
	if (err)
		return err;
	/* nobody drives it: it gets no right to master the bus, only to be reached */
	err = idev_id(*out)->no_bus ? 0 : idev_memory(*out, true);
	if (err) {
		iommu_detach(*out);
		*out = NULL;
		return fail_set(f, err, "cannot turn on memory decoding of %s", addr);
	}
	s->peers[s->nr_peers++] = *out;
	return 0;
}

int session_pause(struct session *s, struct fail *f)
{
	if (!s->started || s->forbidden)
		return session_usable(s, f);
	flights_halt(s);
	if (dev_stop(s->dev)) {
		fail_set(f, EBUSY, "device %s would not stop", session_device_name(s));
		session_forbid(s, f);
		return -EBUSY;
	}
	s->started = false;
	return 0;
}
