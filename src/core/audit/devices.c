/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single devices: what they are allowed to do to the IOMMU, and what their config space says. */
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"

#define DEVCTL_NO_SNOOP (1u << 11)

static void devices_config_path(const struct audit *a, unsigned int i, char *buf, size_t len)
{
	snprintf(buf, len, "/sys/bus/pci/devices/%s/config", a->m->pci[i].addr);
}

/* --- ats-untrusted, pri-untrusted --- */

/* "removable" is what the kernel calls devices behind a port that the firmware marks as external (drivers/pci/probe.c). */
static bool device_is_external(const struct audit *a, unsigned int i)
{
	char line[32];

	return host_read_line(a->m->host, line, sizeof(line), "/sys/bus/pci/devices/%s/removable", a->m->pci[i].addr) ==
		       0 &&
	       strcmp(line, "removable") == 0;
}

static void untrusted_check(struct audit *a, const char *name, const char *what)
{
	char path[64];

	if (!audit_sees_configs(a, true))
		return;
	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		const struct pci_config *c = audit_wants_device(a, i) ? audit_config(a, i) : NULL;
		const struct reg_value *v = c ? reg_value_find(c->regs, c->nr_regs, name) : NULL;
		const char *addr = a->m->pci[i].addr;

		if (!v || !reg_get(v->reg, "Enable", v->raw) || !device_is_external(a, i))
			continue;
		audit_add(a, AUDIT_HIGH, addr, "%s is behind an external port and has %s enabled", addr, what);
		devices_config_path(a, i, path, sizeof(path));
		audit_show(a, path, "%s 0x%llx: Enable is set", name, (unsigned long long)v->raw);
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/removable", addr);
		audit_show(a, path, "removable");
	}
}

static void ats_untrusted_check(struct audit *a)
{
	untrusted_check(a, "pcie.ats", "address translation services (ATS)");
}

const struct audit_rule audit_ats_untrusted = {
	.id = "ats-untrusted",
	.severity = AUDIT_HIGH,
	.title = "ATS enabled on a device behind an external port",
	.explain = "With ATS a device asks the IOMMU for translations and later sends requests that are marked as "
		   "translated. The IOMMU believes the mark, so a device that lies reaches any physical address. "
		   "The kernel does not enable ATS for devices behind ports that the firmware calls external "
		   "(Thunderbolt, for example): somebody has enabled it past the kernel, or the firmware before "
		   "it. Which devices these are is read from sysfs (removable); firmware that does not mark its "
		   "external ports, and kernels before 5.14, leave no trace of it, and then no finding. ATS on "
		   "other devices is a matter of trust in them, and no finding.",
	.advice = "unplug the device, or boot with pci=noats; look for what enabled it (setpci, firmware)",
	.check = ats_untrusted_check,
};

static void pri_untrusted_check(struct audit *a)
{
	untrusted_check(a, "pcie.pri", "page requests (PRI)");
}

const struct audit_rule audit_pri_untrusted = {
	.id = "pri-untrusted",
	.severity = AUDIT_HIGH,
	.title = "page requests enabled on a device behind an external port",
	.explain = "With PRI a device may ask the kernel to bring in pages, and goes on when it has them. It needs "
		   "ATS, with all that ats-untrusted says of it; and a device that floods the queue of page "
		   "requests holds up all others behind the same IOMMU. The kernel does not enable it for devices "
		   "behind external ports.",
	.advice = "unplug the device, or boot with pci=noats; look for what enabled it (setpci, firmware)",
	.check = pri_untrusted_check,
};

/* --- no-snoop-control --- */

/* The unit's ECAP where it has no snoop control: only VT-d has IOMMUs that lack it. */
static const struct reg_value *snoop_lacking(const struct audit *a, unsigned int i)
{
	const struct iommu_unit *unit = machine_unit(a->m, a->m->pci[i].iommu);
	const struct reg_value *ecap = unit ? reg_value_find(unit->regs, unit->nr_regs, "vtd.ecap") : NULL;

	return ecap && !reg_get(ecap->reg, "SC", ecap->raw) ? ecap : NULL;
}

static bool snoop_is_disabled(const struct audit *a, unsigned int i)
{
	const struct pci_config *c = audit_config(a, i);

	return c && c->has_pcie && !a->m->pci[i].is_bridge && c->devctl & DEVCTL_NO_SNOOP;
}

static void snoop_show(struct audit *a, unsigned int i)
{
	const struct pci_config *c = audit_config(a, i);
	char path[64];

	devices_config_path(a, i, path, sizeof(path));
	audit_show(a, path, "device control 0x%04x: Enable No Snoop (bit 11) is set", c->devctl);
}

static void snoop_assigned(struct audit *a, unsigned int i, const struct reg_value *ecap)
{
	const struct ioctl_device *asked = ioctl_facts_device(&a->m->ioctl, a->m->pci[i].addr);
	const struct pci_info *dev = &a->m->pci[i];

	audit_add(a, AUDIT_MEDIUM, dev->addr,
		  "%s is assigned and may send requests that do not snoop the caches, and %s cannot force them to",
		  dev->addr, dev->iommu);
	snoop_show(a, i);
	audit_show(a, ecap->source, "0x%llx: SC (bit 7) is clear", (unsigned long long)ecap->raw);
	for (unsigned int n = 0; asked && n < asked->nr_extensions; n++)
		if (strcmp(asked->extensions[n].name, "VFIO_DMA_CC_IOMMU") == 0 && asked->extensions[n].after >= 0)
			audit_show(a, "VFIO_CHECK_EXTENSION", "VFIO_DMA_CC_IOMMU %d with an IOMMU set",
				   asked->extensions[n].after);
}

/* The devices of the host in one line for each unit: they matter on the day when they are assigned. */
static void snoop_of_host(struct audit *a, const struct iommu_unit *unit)
{
	const struct reg_value *ecap = NULL;
	bool first = true;

	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		if (strcmp(a->m->pci[i].iommu, unit->name) || audit_is_assigned(&a->m->pci[i]) ||
		    !audit_wants_device(a, i) || !snoop_is_disabled(a, i))
			continue;
		ecap = snoop_lacking(a, i);
		if (!ecap)
			return;
		if (first) {
			audit_add(a, AUDIT_INFO, unit->name,
				  "%s cannot force coherent DMA, and devices behind it may send requests that do "
				  "not snoop",
				  unit->name);
			audit_advise(a, "nothing while the host drives them; before one is assigned, look at what "
					"no-snoop-control says");
			audit_show(a, ecap->source, "0x%llx: SC (bit 7) is clear", (unsigned long long)ecap->raw);
			first = false;
		}
		snoop_show(a, i);
	}
}

static void no_snoop_control_check(struct audit *a)
{
	if (!audit_has_unit(a, UNIT_VTD) || !audit_sees_configs(a, true))
		return;
	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		const struct reg_value *ecap = snoop_lacking(a, i);

		if (ecap && audit_is_assigned(&a->m->pci[i]) && audit_wants_device(a, i) && snoop_is_disabled(a, i))
			snoop_assigned(a, i, ecap);
	}
	for (unsigned int u = 0; u < a->m->nr_units; u++)
		if (audit_wants_unit(a, &a->m->units[u]))
			snoop_of_host(a, &a->m->units[u]);
}

const struct audit_rule audit_no_snoop_control = {
	.id = "no-snoop-control",
	.severity = AUDIT_MEDIUM,
	.title = "No Snoop enabled, and an IOMMU that cannot force coherency",
	.explain = "A PCI Express device whose Enable No Snoop bit is set may read and write memory without looking "
		   "into the processors' caches. An IOMMU with snoop control can overrule that; this one cannot "
		   "(VT-d ECAP bit 7). For a device of the host its driver deals with it. For an assigned device "
		   "the guest's driver would have to, and the guest's cache instructions may be virtualized away: "
		   "the device then sees old data, or its data are overwritten by a cache line written back later. "
		   "That looks like lost or stale DMA and comes and goes with timing. KVM is told of such devices "
		   "by VFIO and lets the guest control its caches, which costs speed; programs other than guests "
		   "are told nothing. For devices of the host there is one finding for information for each unit. "
		   "AMD's IOMMUs always can; conventional PCI devices have no such bit.",
	.advice = "clear the bit in the device (setpci -s ADDR CAP_EXP+8.w=0:0800) before the test, and see whether "
		  "the symptoms go away",
	.check = no_snoop_control_check,
};

/* --- dma-mask --- */

static void dma_mask_check(struct audit *a)
{
	unsigned int seen = 0, looked = 0;
	char line[16], path[64];

	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		const struct pci_info *dev = &a->m->pci[i];
		unsigned int bits;

		/* VFIO sets no mask: what it shows is the last driver's or the kernel's default */
		if (!audit_wants_device(a, i) || !dev->driver[0] || audit_is_assigned(dev) || dev->is_bridge)
			continue;
		looked++;
		if (host_read_line(a->m->host, line, sizeof(line), "/sys/bus/pci/devices/%s/dma_mask_bits",
				   dev->addr) ||
		    sscanf(line, "%u", &bits) != 1)
			continue;
		seen++;
		if (bits >= 32 || !bits)
			continue;
		audit_add(a, AUDIT_LOW, dev->addr,
			  "%s reaches no more than %u bits of addresses, as its driver %s says", dev->addr, bits,
			  dev->driver);
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/dma_mask_bits", dev->addr);
		audit_show(a, path, "%s", line);
	}
	if (looked && !seen)
		audit_unseen(a, "", "sysfs does not show the DMA masks of devices (dma_mask_bits)");
}

const struct audit_rule audit_dma_mask = {
	.id = "dma-mask",
	.severity = AUDIT_LOW,
	.title = "a device that reaches little of the address space",
	.explain = "The driver of the device has set a DMA mask of less than 32 bits. Its buffers must have IOVAs "
		   "below that limit; without translation they are copied through bounce buffers. When such a "
		   "device is assigned, its IOVAs have to be chosen as low, and a guest's memory, which is mapped "
		   "where the guest has it, is mostly beyond its reach. Masks of 32 bits are the default and no "
		   "finding; VFIO sets none, so that those of assigned devices are not looked at.",
	.advice = "map for it below the limit only; a guest needs a driver that knows of it, or a virtual IOMMU",
	.check = dma_mask_check,
};

/* --- config-broken --- */

static void config_broken_check(struct audit *a)
{
	char path[64];

	if (!audit_sees_configs(a, false))
		return;
	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		const char *addr = a->m->pci[i].addr;

		if (!audit_wants_device(a, i) || !a->m->configs[i].broken[0])
			continue;
		if (a->m->configs[i].gone)
			audit_add(a, AUDIT_INFO, addr, "%s does not answer: it is powered down, or has gone", addr);
		else
			audit_add(a, AUDIT_MEDIUM, addr, "the capability list in the config space of %s is broken",
				  addr);
		devices_config_path(a, i, path, sizeof(path));
		audit_show(a, path, "%s", a->m->configs[i].broken);
	}
}

const struct audit_rule audit_config_broken = {
	.id = "config-broken",
	.severity = AUDIT_MEDIUM,
	.title = "broken capability lists in config space",
	.explain = "The list of capabilities in the device's config space runs in a circle, leads out of the space, "
		   "or points into itself. What comes behind the break was not seen, by this audit nor by the "
		   "kernel, so that ATS, ACS and others may be there and not be known. It is seen on devices that "
		   "are defective, that have dropped off the bus and come back, or that are emulated badly. A device "
		   "whose whole header reads as ones is powered down (a graphics card that sleeps does that) or has "
		   "gone: that is for information.",
	.advice = "reset or power-cycle the device and look again; then update its firmware",
	.check = config_broken_check,
};
