/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices VFIO and iommufd are asked about, in what order, and why the others are not. */
#include "core/asked.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/devlink.h"
#include "host/holders.h"
#include "iommu/ask.h"

static bool asked_is_vfio(const struct pci_info *pci)
{
	return pci_is_vfio_driver(pci->driver);
}

static const struct holder *asked_holder(const struct pci_info *pci, const struct holder *holders, unsigned int n)
{
	const struct holder *h = NULL;
	char node[48];

	if (pci->group >= 0) {
		snprintf(node, sizeof(node), "/dev/vfio/%d", pci->group);
		h = holders_of(holders, n, node);
	}
	if (!h && pci->cdev[0]) {
		snprintf(node, sizeof(node), "/dev/vfio/devices/%s", pci->cdev);
		h = holders_of(holders, n, node);
	}
	return h;
}

/* To have it bound to iommufd resets it: not under somebody's hands, and not where nothing would be told. */
static void asked_device(const struct machine *m, const struct pci_info *pci, const struct holder *holder,
			 struct ioctl_device *out)
{
	snprintf(out->id, sizeof(out->id), "%s", pci->addr);
	if (holder) {
		out->vfio_err = out->hw_err = EBUSY;
		snprintf(out->vfio_why, sizeof(out->vfio_why), "%s is in use by %s (pid %d)", holder->node,
			 holder->name, holder->pid);
		memcpy(out->hw_why, out->vfio_why, sizeof(out->hw_why));
		return;
	}
	if (m->ioctl.vfio_api >= 0) {
		ask_group(m->host, pci, out);
	} else {
		out->vfio_err = m->ioctl.vfio_err;
		snprintf(out->vfio_why, sizeof(out->vfio_why), "VFIO's container does not answer");
	}
	if (m->ioctl.has_iommufd) {
		ask_hw_info(m->host, pci, out);
	} else {
		out->hw_err = m->ioctl.iommufd_err;
		snprintf(out->hw_why, sizeof(out->hw_why), "/dev/iommu does not answer");
	}
}

static int asked_devices(struct machine *m, const bool *wanted)
{
	CLEANUP_FREE struct holder *holders = NULL;
	unsigned int n = 0, nr_holders;
	int err = holders_find(&holders, &nr_holders);

	for (unsigned int i = 0; i < m->nr_devices; i++)
		n += asked_is_vfio(&m->pci[i]);
	m->ioctl.devices = calloc(n + 1, sizeof(*m->ioctl.devices));
	if (err || !m->ioctl.devices)
		return -ENOMEM;
	for (unsigned int i = 0; i < m->nr_devices; i++)
		if ((!wanted || wanted[i]) && asked_is_vfio(&m->pci[i]))
			asked_device(m, &m->pci[i], asked_holder(&m->pci[i], holders, nr_holders),
				     &m->ioctl.devices[m->ioctl.nr_devices++]);
	return 0;
}

/* Opening a node whose module is not there would have it loaded: looking must not change the machine. */
static bool asked_is_loaded(const struct machine *m, const char *misc)
{
	return host_exists(m->host, "/sys/class/misc/%s", misc);
}

static void asked_interfaces(struct machine *m)
{
	if (asked_is_loaded(m, "vfio"))
		ask_container(&m->ioctl);
	else
		m->ioctl.vfio_err = ENOENT;
	if (asked_is_loaded(m, "iommu"))
		ask_iommufd(&m->ioctl);
	else
		m->ioctl.iommufd_err = ENOENT;
	m->ioctl.asked = true;
}

static int asked_devlink(struct machine *m)
{
	struct fail f = {0};
	int err = devlink_ports(&m->ioctl.ports, &m->ioctl.nr_ports, &f);

	if (err == -ENOMEM)
		return err;
	m->ioctl.devlink_asked = true;
	m->ioctl.devlink_err = -err;
	return 0;
}

int asked_fill_some(struct machine *m, bool open, const bool *wanted, struct fail *f)
{
	int err = 0;

	if (host_is_capture(m->host))
		return 0;
	ioctl_facts_free(&m->ioctl);
	m->ioctl.vfio_api = -1;
	if (open) {
		asked_interfaces(m);
		err = asked_devices(m, wanted);
	}
	if (!err)
		err = asked_devlink(m);
	return err ? fail_set(f, err, "cannot ask VFIO and iommufd") : 0;
}

int asked_fill(struct machine *m, bool open, struct fail *f)
{
	return asked_fill_some(m, open, NULL, f);
}
