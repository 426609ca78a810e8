/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices cannot be told apart, and why: groups with several devices, requester aliases, host drivers in them. */
#include <stdio.h>
#include <string.h>

#include "core/audit/acs.h"
#include "core/audit/priv.h"
#include "host/pci_path.h"

#define VMD_SEGMENT 0x10000 /* made up by the kernel for what is behind Intel VMD */
#define MEMBERS_MAX 64	    /* of a group, whose causes are looked for */

static void groups_config_path(const struct audit *a, unsigned int i, char *buf, size_t len)
{
	snprintf(buf, len, "/sys/bus/pci/devices/%s/config", a->m->pci[i].addr);
}

/* --- group-shared --- */

/* What keeps a group together, as it is found. */
struct shared {
	unsigned int members[MEMBERS_MAX], nr_members, nr_all;
	unsigned int causes[AUDIT_EVIDENCE_MAX], nr_causes; /* devices without isolation */
	bool unseen, vmd;				    /* @vmd: one is behind a volume management device */
	char first[96];					    /* the first cause, in words */
	int fixable;					    /* a device whose missing bits can be enabled; -1 = none */
	unsigned int fixable_bits;
};

static void shared_members(const struct audit *a, const struct group_info *g, struct shared *s)
{
	for (unsigned int n = 0; n < g->nr_devices; n++) {
		int i = machine_device(a->m, g->devices[n]);

		if (i < 0 || a->m->pci[i].is_bridge)
			continue;
		if (pci_path_number(a->m->pci[i].addr) >> 16 >= VMD_SEGMENT)
			s->vmd = true;
		if (s->nr_members < MEMBERS_MAX)
			s->members[s->nr_members++] = (unsigned int)i;
		s->nr_all++;
	}
}

static void shared_cause(const struct audit *a, struct shared *s, unsigned int i)
{
	unsigned int missing;
	enum acs_verdict verdict = acs_verdict(a, i, &missing);
	const char *addr = a->m->pci[i].addr;
	char bits[32];

	s->unseen = s->unseen || verdict == ACS_UNSEEN;
	if (verdict == ACS_ISOLATES || verdict == ACS_UNSEEN || s->nr_causes == AUDIT_EVIDENCE_MAX)
		return;
	for (unsigned int n = 0; n < s->nr_causes; n++)
		if (s->causes[n] == i)
			return;
	if (verdict == ACS_DISABLED && s->fixable < 0) {
		s->fixable = (int)i;
		s->fixable_bits = missing;
	}
	if (!s->nr_causes && verdict == ACS_DISABLED)
		snprintf(s->first, sizeof(s->first), "ACS %s is off at %s", acs_bits(missing, bits, sizeof(bits)),
			 addr);
	else if (!s->nr_causes && verdict == ACS_NO_CAPABILITY)
		snprintf(s->first, sizeof(s->first), "%s has no ACS", addr);
	else if (!s->nr_causes)
		snprintf(s->first, sizeof(s->first), "%s is %s", addr,
			 acs_is_alias_bridge(a, i) ? "a bridge to conventional PCI" : "of a kind without ACS");
	s->causes[s->nr_causes++] = i;
}

static bool shared_same_slot(const struct audit *a, unsigned int i, unsigned int j)
{
	const char *x = a->m->pci[i].addr, *y = a->m->pci[j].addr;
	size_t n = strlen(x);

	return i != j && n && strlen(y) == n && strncmp(x, y, n - 1) == 0;
}

/* A function without ACS shares with the other functions of its slot; a port without shares all that is below it. */
static void shared_causes(const struct audit *a, struct shared *s)
{
	for (unsigned int n = 0; n < s->nr_members; n++) {
		unsigned int i = s->members[n];
		bool sibling = (n && shared_same_slot(a, i, s->members[n - 1])) ||
			       (n + 1 < s->nr_members && shared_same_slot(a, i, s->members[n + 1]));

		if (sibling)
			shared_cause(a, s, i);
		for (int up = a->m->parents ? a->m->parents[i] : -1; up >= 0; up = a->m->parents[up])
			shared_cause(a, s, (unsigned int)up);
	}
}

static void shared_show_cause(struct audit *a, unsigned int i)
{
	const struct pci_config *c = audit_config(a, i);
	const struct reg_value *acs = c ? reg_value_find(c->regs, c->nr_regs, "pcie.acs") : NULL;
	unsigned int missing;
	char path[64], bits[32];

	groups_config_path(a, i, path, sizeof(path));
	switch (acs_verdict(a, i, &missing)) {
	case ACS_DISABLED:
		audit_show(a, path, "ACS capability 0x%04x, control 0x%04x: %s supported and not enabled",
			   (unsigned int)(acs->raw & 0xffff), (unsigned int)(acs->raw >> 16 & 0xffff),
			   acs_bits(missing, bits, sizeof(bits)));
		break;
	case ACS_NO_CAPABILITY:
		audit_show(a, path, "no ACS capability: SV RR CR UF cannot be enabled");
		break;
	case ACS_NEVER:
		audit_show(a, path, "%s",
			   !c->has_pcie ? "conventional PCI, which has no ACS"
					: "a bridge or event collector, which never has ACS");
		break;
	default:
		break;
	}
}

static void shared_advise(struct audit *a, const struct shared *s)
{
	char flags[8];

	if (s->fixable < 0)
		return;
	/* the string is written with bit 6 first (admin-guide/kernel-parameters, pci=config_acs=) */
	for (unsigned int bit = 0; bit < 7; bit++)
		flags[6 - bit] = s->fixable_bits >> bit & 1 ? '1' : 'x';
	flags[7] = '\0';
	audit_advise(a,
		     "boot with pci=config_acs=%s@%s (Linux 6.11 and later), and without pci=disable_acs_redir=; "
		     "or assign the whole group",
		     flags, a->m->pci[s->fixable].addr);
}

static void group_shared_one(struct audit *a, const struct group_info *g)
{
	struct shared s = {.fixable = -1};
	char subject[32], path[64], more[24] = "";

	shared_members(a, g, &s);
	if (s.nr_members < 2)
		return;
	shared_causes(a, &s);
	snprintf(subject, sizeof(subject), "group %d", g->id);
	if (s.nr_all > 2)
		snprintf(more, sizeof(more), " and %u more", s.nr_all - 2);
	audit_add(a, AUDIT_LOW, subject, "group %d holds %u devices that cannot be told apart, %s%s%s%s%s%s", g->id,
		  s.nr_all, a->m->pci[s.members[0]].addr, more[0] ? ", " : " and ", a->m->pci[s.members[1]].addr, more,
		  s.first[0] ? ": " : "", s.first);
	shared_advise(a, &s);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices", g->id);
	audit_show(a, path, "%u devices, %u of them not bridges", g->nr_devices, s.nr_all);
	for (unsigned int n = 0; n < s.nr_causes; n++)
		shared_show_cause(a, s.causes[n]);
	if (s.vmd)
		audit_show(a, path, "devices of segments from 10000 on speak with the requester ID of the VMD device");
	if (!s.nr_causes && !s.vmd)
		audit_show(a, path, "%s",
			   s.unseen ? "config space is not readable: which ACS bit is missing is not known"
				    : "config space does not say why: every function and port on the way isolates");
}

static void group_shared_check(struct audit *a)
{
	audit_sees_configs(a, true);
	for (unsigned int i = 0; i < a->m->nr_groups; i++)
		if (audit_wants_group(a, &a->m->groups[i]))
			group_shared_one(a, &a->m->groups[i]);
}

const struct audit_rule audit_group_shared = {
	.id = "group-shared",
	.severity = AUDIT_LOW,
	.title = "a group with several devices",
	.explain = "The devices of a group can reach each other without passing the IOMMU, or cannot be told apart by "
		   "it, so they can only be given away together. The finding says what keeps them together, by the "
		   "kernel's own rules: a function of a multifunction device, or a port above, that does not have "
		   "the ACS features source validation (SV), request redirect (RR), completion redirect (CR) and "
		   "upstream forwarding (UF), or has them and they are not enabled. A feature that the capability "
		   "does not offer counts as hard-wired. Bridges do not count as devices of a group. It is normal "
		   "for chipset functions that share a slot, and for cards whose functions belong together; it "
		   "matters where one of them is to go to a guest and another stays. The kernel also knows devices "
		   "that isolate without saying so; these do not share a group, and are no finding.",
	.advice = "assign all devices of the group together, or move one to a slot below another root port",
	.check = group_shared_check,
};

/* --- bridge-alias --- */

/* The nearest bridge above that lends its requester ID; -1 = none. */
static int alias_above(const struct audit *a, unsigned int i)
{
	for (int up = a->m->parents ? a->m->parents[i] : -1; up >= 0; up = a->m->parents[up])
		if (acs_is_alias_bridge(a, (unsigned int)up))
			return up;
	return -1;
}

struct alias_count {
	unsigned int behind;
	bool assigned, wanted;
};

static void alias_found(struct audit *a, unsigned int bridge, const struct alias_count *n)
{
	const struct pci_config *c = audit_config(a, bridge);
	const char *addr = a->m->pci[bridge].addr;
	char path[64];

	audit_add(a, n->assigned ? AUDIT_MEDIUM : AUDIT_LOW, addr,
		  "%u device%s behind the bridge %s to conventional PCI send%s their DMA with a requester ID that "
		  "is not their own",
		  n->behind, n->behind == 1 ? "" : "s", addr, n->behind == 1 ? "s" : "");
	groups_config_path(a, bridge, path, sizeof(path));
	if (c->has_pcie)
		audit_show(a, path, "PCI Express capability of type %u: %s", c->pcie_type,
			   c->pcie_type == PCIE_TO_PCI ? "PCI Express to PCI bridge" : "PCI to PCI Express bridge");
	else
		audit_show(a, path, "class 0x%04x, no PCI Express capability", a->m->pci[bridge].class_code >> 8);
	for (unsigned int i = 0; i < a->m->nr_devices; i++)
		if (!a->m->pci[i].is_bridge && alias_above(a, i) == (int)bridge)
			audit_show(a, a->m->pci[i].addr, "behind it, group %d%s%s", a->m->pci[i].group,
				   a->m->pci[i].driver[0] ? ", driver " : "", a->m->pci[i].driver);
}

static void bridge_alias_check(struct audit *a)
{
	CLEANUP_FREE struct alias_count *counts = calloc(a->m->nr_devices + 1, sizeof(*counts));

	if (!counts) {
		a->out_of_memory = true;
		return;
	}
	if (!audit_sees_configs(a, true))
		return;
	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		int up = a->m->pci[i].is_bridge ? -1 : alias_above(a, i);

		if (up < 0)
			continue;
		counts[up].behind++;
		counts[up].assigned = counts[up].assigned || audit_is_assigned(&a->m->pci[i]);
		counts[up].wanted = counts[up].wanted || audit_wants_device(a, i);
	}
	for (unsigned int i = 0; i < a->m->nr_devices; i++)
		if (counts[i].behind && (counts[i].wanted || audit_wants_device(a, i)))
			alias_found(a, i, &counts[i]);
}

const struct audit_rule audit_bridge_alias = {
	.id = "bridge-alias",
	.severity = AUDIT_MEDIUM,
	.title = "devices behind a bridge to conventional PCI",
	.explain = "Conventional PCI has no requester IDs. A bridge from PCI Express to it sends the DMA of what is "
		   "behind it under its own ID or that of device 0 of its bus, so that the IOMMU cannot tell these "
		   "devices apart: they share one group and one set of mappings, faults are reported under the "
		   "alias and not under the device, and a device behind the bridge can act for another. The "
		   "severity is low where none of them is assigned.",
	.advice = "assign everything behind the bridge together, or use a PCI Express device in its stead",
	.check = bridge_alias_check,
};

/* --- group-host-bridge --- */

static bool host_driver_is_harmless(const struct pci_info *dev)
{
	return !dev->driver[0] || strcmp(dev->driver, "pcieport") == 0 || strcmp(dev->driver, "pci-stub") == 0 ||
	       audit_is_assigned(dev);
}

static void group_host_bridge_device(struct audit *a, const struct group_info *g, int assigned, int i)
{
	const struct pci_info *dev = &a->m->pci[i];
	bool host_bridge = dev->class_code >> 8 == 0x0600;
	char subject[32], path[64];

	if (dev->class_code >> 16 != 0x06 || (host_driver_is_harmless(dev) && !host_bridge))
		return;
	snprintf(subject, sizeof(subject), "group %d", g->id);
	if (!host_driver_is_harmless(dev))
		audit_add(a, AUDIT_MEDIUM, subject,
			  "group %d is assigned (%s), and the host's driver %s works on the bridge %s in it", g->id,
			  a->m->pci[assigned].addr, dev->driver, dev->addr);
	else
		audit_add(a, AUDIT_LOW, subject, "group %d is assigned (%s), and holds the host bridge %s", g->id,
			  a->m->pci[assigned].addr, dev->addr);
	if (!host_driver_is_harmless(dev))
		audit_advise(a, "as root: echo %s > /sys/bus/pci/devices/%s/driver/unbind", dev->addr, dev->addr);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", dev->addr);
	audit_show(a, path, "class 0x%06x, driver %s, group %d", dev->class_code, dev->driver[0] ? dev->driver : "none",
		   g->id);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", a->m->pci[assigned].addr);
	audit_show(a, path, "%s", a->m->pci[assigned].driver);
}

static void group_host_bridge_check(struct audit *a)
{
	for (unsigned int n = 0; n < a->m->nr_groups; n++) {
		const struct group_info *g = &a->m->groups[n];
		int assigned = audit_wants_group(a, g) ? audit_group_assigned(a, g) : -1;

		for (unsigned int d = 0; assigned >= 0 && d < g->nr_devices; d++) {
			int i = machine_device(a->m, g->devices[d]);

			if (i >= 0)
				group_host_bridge_device(a, g, assigned, i);
		}
	}
}

const struct audit_rule audit_group_host_bridge = {
	.id = "group-host-bridge",
	.severity = AUDIT_MEDIUM,
	.title = "a bridge of the host in an assigned group",
	.explain = "A group with a device on VFIO also holds a bridge that a driver of the host works on, other than "
		   "pcieport, which is known to do no DMA. The kernel then refuses to open the group, or, where it "
		   "does not (before 5.18, for PCI bridges), a driver of the host and a guest share one set of "
		   "mappings. Where the group holds the host bridge itself without a driver, the severity is low: "
		   "the device can reach the machine's own fabric without passing the IOMMU.",
	.advice = "move the device to a slot whose group it has for itself",
	.check = group_host_bridge_check,
};

/* --- acs-override --- */

/* The value of each pci= on the command line, word by word: does one begin with @prefix? */
static const char *override_pci_word(const struct audit *a, const char *prefix)
{
	for (unsigned int i = 0; i < a->m->kernel.nr_options; i++) {
		const struct kernel_option *o = &a->m->kernel.options[i];
		const char *at = strcmp(o->key, "pci") == 0 ? strstr(o->value, prefix) : NULL;

		if (at && (at == o->value || at[-1] == ','))
			return at;
	}
	return NULL;
}

static void acs_override_check(struct audit *a)
{
	const char *override = kernel_option(&a->m->kernel, "pcie_acs_override"), *word;

	if (!audit_sees_cmdline(a))
		return;
	if (override) {
		audit_add(a, a->nr_assigned ? AUDIT_HIGH : AUDIT_MEDIUM, "kernel",
			  "groups are split by pcie_acs_override, as if devices were isolated that are not");
		audit_show(a, "/proc/cmdline", "pcie_acs_override=%s", override);
	}
	word = override_pci_word(a, "disable_acs_redir=");
	if (word) {
		audit_add(a, AUDIT_MEDIUM, "kernel",
			  "ACS redirection is switched off for some devices, which may then reach each other past "
			  "the IOMMU");
		audit_advise(a, "take disable_acs_redir= out of pci= on the kernel's command line, unless peer-to-peer "
				"DMA needs it");
		audit_show(a, "/proc/cmdline", "pci=%.*s", (int)strcspn(word, ","), word);
	}
}

const struct audit_rule audit_acs_override = {
	.id = "acs-override",
	.severity = AUDIT_MEDIUM,
	.title = "isolation is claimed or switched off on the command line",
	.explain = "pcie_acs_override= is an option of patched kernels that makes them take devices for isolated that "
		   "do not say so. Groups look split, and nothing in the hardware keeps a device in one of them "
		   "from reaching a device in another: a guest can corrupt or read what the host does with the "
		   "neighbour. With devices assigned the severity is high. pci=disable_acs_redir= switches off "
		   "what keeps devices apart, for peer-to-peer DMA; the kernel then puts them into one group.",
	.advice = "take pcie_acs_override= off the kernel's command line, and assign groups as the hardware makes them",
	.check = acs_override_check,
};
