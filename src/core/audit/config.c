/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is there an IOMMU, does the kernel use it, and does it translate strictly: rules about the kernel's choices. */
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"

/* --- iommu-absent, iommu-off --- */

/* The same IOMMU is described again, in newer forms, by blocks of types 0x11 and 0x40. */
static unsigned int config_ivhds(const struct ivrs *ivrs)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ivrs->nr_blocks; i++)
		n += ivrs->blocks[i].type == ivrs->blocks[0].type;
	return n;
}

/* How many IOMMUs the firmware's tables describe, and the table that does. */
static unsigned int config_described(const struct audit *a, const char **table)
{
	const struct machine *m = a->m;
	unsigned int n = 0;

	*table = "DMAR";
	for (unsigned int i = 0; i < m->dmar.nr_entries; i++)
		n += m->dmar.entries[i].type == DMAR_DRHD;
	if (n)
		return n;
	*table = "IVRS";
	n = config_ivhds(&m->ivrs);
	if (n)
		return n;
	*table = "IORT";
	for (unsigned int i = 0; i < m->iort.nr_nodes; i++)
		n += m->iort.nodes[i].type == IORT_SMMU || m->iort.nodes[i].type == IORT_SMMUV3;
	if (n)
		return n;
	*table = "VIOT";
	for (unsigned int i = 0; i < m->viot.nr_nodes; i++)
		n += m->viot.nodes[i].type == 3 || m->viot.nodes[i].type == 4;
	return n;
}

/* DMAR, IVRS and VIOT are about IOMMUs alone: one that is there describes some, also to who may not read it. */
static const char *config_hidden(const struct audit *a)
{
	if (a->m->dmar.table.err)
		return "DMAR";
	if (a->m->ivrs.table.err)
		return "IVRS";
	return a->m->viot.table.err ? "VIOT" : NULL;
}

/* iommufd's own test device is a unit too, of no known kind and with nothing behind it. */
static bool config_has_unit(const struct audit *a)
{
	for (unsigned int i = 0; i < a->m->nr_units; i++)
		if (a->m->units[i].kind != UNIT_OTHER || a->m->units[i].nr_devices)
			return true;
	return false;
}

static void config_show_unused(struct audit *a)
{
	audit_show(a, "/sys/class/iommu", "%s", a->m->nr_units ? "no unit with a device behind it" : "no units");
}

/* VFIO makes groups of its own where devices are given away without an IOMMU: nothing translates for them. */
static bool config_has_group(const struct audit *a)
{
	for (unsigned int i = 0; i < a->m->nr_groups; i++)
		if (!a->m->groups[i].noiommu)
			return true;
	return false;
}

/* In use as far as it shows. False and the rule told blind where nothing at all shows. */
static bool config_is_unused(struct audit *a)
{
	if (config_has_unit(a) || config_has_group(a))
		return false;
	if (!host_exists(a->m->host, "/sys")) {
		audit_unseen(a, "", "%s holds no /sys", host_is_capture(a->m->host) ? "the capture" : "this machine");
		return false;
	}
	return true;
}

static const char *config_absent_advice(const struct audit *a)
{
	if (a->guest)
		return "give the guest a virtual IOMMU (QEMU: -device intel-iommu,intremap=on, or virtio-iommu-pci)";
	if (strcmp(a->m->kernel.cpu_vendor, "GenuineIntel") == 0)
		return "enable VT-d in the firmware setup, and boot with intel_iommu=on";
	if (strcmp(a->m->kernel.cpu_vendor, "AuthenticAMD") == 0)
		return "enable IOMMU (AMD-Vi) in the firmware setup; the kernel then uses it by itself";
	return "enable the IOMMU in the firmware setup, if the machine has one";
}

static void iommu_absent_check(struct audit *a)
{
	const struct machine *m = a->m;
	const char *table;
	bool sees;

	if (!config_is_unused(a))
		return;
	sees = audit_sees_table(a, &m->dmar.table, "DMAR") && audit_sees_table(a, &m->ivrs.table, "IVRS") &&
	       audit_sees_table(a, &m->iort.table, "IORT") && audit_sees_table(a, &m->viot.table, "VIOT");
	if (config_described(a, &table) || config_hidden(a))
		return;
	audit_add(a, AUDIT_HIGH, "machine", "the machine has no IOMMU in use%s: every device reaches all of memory",
		  sees ? ", and its firmware describes none" : "");
	audit_advise(a, "%s", config_absent_advice(a));
	config_show_unused(a);
	audit_show(a, "/sys/kernel/iommu_groups", "%s",
		   a->m->nr_groups ? "no groups but those of VFIO's no-IOMMU mode and of mediated devices"
				   : "no groups");
	if (sees)
		audit_show(a, "/sys/firmware/acpi/tables", "none of DMAR, IVRS, IORT and VIOT describes an IOMMU");
}

const struct audit_rule audit_iommu_absent = {
	.id = "iommu-absent",
	.severity = AUDIT_HIGH,
	.title = "no IOMMU in use, and none described",
	.explain = "The kernel has no IOMMU unit and no IOMMU group, and the firmware's tables name no IOMMU. "
		   "Whatever a device writes to, it reaches: a faulty or hostile device, its firmware, or whoever "
		   "controls it from a guest or over the network owns the machine's memory. VFIO gives no device "
		   "away in this state. On most machines the IOMMU is there and switched off in the firmware setup "
		   "(VT-d, AMD-Vi, SMMU, sometimes \"virtualization for I/O\"), which also takes its table away. "
		   "Where the tables could not be read, the finding says only that none is in use. It is harmless "
		   "where nothing but trusted, fixed devices is plugged in and nothing is assigned to guests.",
	.advice = "enable the IOMMU in the firmware setup",
	.check = iommu_absent_check,
};

/* What on the command line, if anything, switches the IOMMU off. */
static bool config_switched_off(const struct audit *a, char *word, size_t len)
{
	static const struct {
		const char *key, *word;
	} off[] = {
		{"iommu", "off"}, {"intel_iommu", "off"}, {"amd_iommu", "off"}, {"iommu", "soft"}, {"acpi", "off"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		if (kernel_option_has(&a->m->kernel, off[i].key, off[i].word)) {
			snprintf(word, len, "%s=%s", off[i].key, off[i].word);
			return true;
		}
	return false;
}

static void iommu_off_advise(struct audit *a, const char *table, bool asked, const char *word)
{
	if (asked)
		audit_advise(a, "take %s off the kernel's command line", word);
	else if (strcmp(table, "DMAR") == 0 && !kernel_option_has(&a->m->kernel, "intel_iommu", "on"))
		audit_advise(a, "boot with intel_iommu=on");
	else if (strcmp(table, "VIOT") == 0)
		audit_advise(a, "load its driver early: modprobe virtio_iommu, and put it into the initramfs");
}

/* With debugfs: a unit that has a driver and does not translate. */
static void iommu_off_units(struct audit *a)
{
	for (unsigned int i = 0; i < a->m->nr_units; i++) {
		const struct iommu_unit *unit = &a->m->units[i];
		const struct reg_value *gsts = audit_debugfs(a, unit->name, "vtd.gsts");

		if (!gsts || reg_get(gsts->reg, "TES", gsts->raw) || !audit_wants_unit(a, unit))
			continue;
		audit_add(a, AUDIT_HIGH, unit->name, "%s is known to the kernel, and its translation is switched off",
			  unit->name);
		audit_show(a, gsts->source, "%s: GSTS 0x%llx: TES (bit 31) is clear", unit->name,
			   (unsigned long long)gsts->raw);
	}
}

/* @n 0: how many the table describes is not known. */
static void iommu_off_found(struct audit *a, const char *table, unsigned int n, const char *word)
{
	const char *why = *word ? ": it was started with " : "";

	if (n)
		audit_add(a, AUDIT_HIGH, "kernel",
			  "the firmware describes %u IOMMU%s in its %s table, and the kernel uses none%s%s", n,
			  n == 1 ? "" : "s", table, why, word);
	else
		audit_add(a, AUDIT_HIGH, "kernel", "the firmware has a %s table, and the kernel uses no IOMMU%s%s",
			  table, why, word);
	config_show_unused(a);
	if (n)
		audit_show(a, table, "%u IOMMU%s described", n, n == 1 ? "" : "s");
	else
		audit_show(a, table, "is there, and may not be read");
}

static void iommu_off_check(struct audit *a)
{
	char word[32] = "", line[200];
	const char *table;
	unsigned int n = config_described(a, &table);
	bool asked = config_switched_off(a, word, sizeof(word));

	audit_sees_table(a, &a->m->dmar.table, "DMAR");
	audit_sees_table(a, &a->m->ivrs.table, "IVRS");
	iommu_off_units(a);
	if (!n)
		table = config_hidden(a);
	if (!config_is_unused(a) || !table)
		return;
	iommu_off_found(a, table, n, asked ? word : "");
	iommu_off_advise(a, table, asked, word);
	if (asked)
		audit_show(a, "/proc/cmdline", "%s", word);
	if (audit_log_line(a, "DMAR: Failed", line, sizeof(line)) ||
	    audit_log_line(a, "AMD-Vi: Disabl", line, sizeof(line)))
		audit_show(a, "kernel log", "%s", line);
}

const struct audit_rule audit_iommu_off = {
	.id = "iommu-off",
	.severity = AUDIT_HIGH,
	.title = "the machine has an IOMMU that the kernel does not use",
	.explain = "The firmware's tables describe IOMMUs, and none of them is in use. The hardware is there and "
		   "enabled; the kernel was told to leave it alone (iommu=off, intel_iommu=off, amd_iommu=off), "
		   "was never told to use it (several distributions build VT-d support switched off, so that "
		   "intel_iommu=on is needed), lacks the driver (virtio_iommu is often a module), or gave up while "
		   "setting it up, which the kernel log tells. Until then every device reaches all of memory, and "
		   "VFIO gives none away.",
	.advice = "look in the kernel's log for why it gave up: dmesg | grep -iE 'dmar|amd-vi|smmu|iommu'",
	.check = iommu_off_check,
};

/* --- passthrough-default, lazy-flush --- */

/* What sysfs says of the groups that matter; kernels before 5.11 do not show the type. */
struct config_types {
	unsigned int groups, identity, strict, lazy, hidden;
	unsigned int lazy_on_host; /* lazy and not assigned */
};

static struct config_types config_types(const struct audit *a)
{
	struct config_types t = {0};

	for (unsigned int i = 0; i < a->m->nr_groups; i++) {
		const struct group_info *g = &a->m->groups[i];
		bool lazy = strcmp(g->type, "DMA-FQ") == 0;

		if (!audit_group_matters(a, g))
			continue;
		t.groups++;
		t.identity += strcmp(g->type, "identity") == 0;
		t.strict += strcmp(g->type, "DMA") == 0;
		t.lazy += lazy;
		t.lazy_on_host += lazy && audit_group_assigned(a, g) < 0;
		t.hidden += !g->type[0];
	}
	return t;
}

static void config_show_groups(struct audit *a, const char *type, bool assigned_too)
{
	char path[64];

	for (unsigned int i = 0; i < a->m->nr_groups; i++) {
		const struct group_info *g = &a->m->groups[i];

		if (strcmp(g->type, type) || !audit_group_matters(a, g) ||
		    (!assigned_too && audit_group_assigned(a, g) >= 0))
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/type", g->id);
		audit_show(a, path, "%s (%s%s)", type, g->devices[0], g->nr_devices > 1 ? " and others" : "");
	}
}

/* The word that asks for passthrough, and whether there is one. */
static const char *config_passthrough_word(const struct audit *a)
{
	const struct kernel_settings *k = &a->m->kernel;

	if (kernel_option_has(k, "iommu", "pt"))
		return "iommu=pt";
	return audit_is_yes(kernel_option(k, "iommu.passthrough")) ? "iommu.passthrough=1" : NULL;
}

static void passthrough_by_groups(struct audit *a, const struct config_types *t)
{
	const char *word = config_passthrough_word(a);
	bool all = !t->strict && !t->lazy;

	if (!t->identity)
		return;
	if (all || word)
		audit_add(a, AUDIT_MEDIUM, "kernel",
			  "%u of %u groups run without translation: their devices reach all of memory", t->identity,
			  t->groups);
	else
		audit_add(a, AUDIT_INFO, "kernel", "%u of %u groups run without translation, the others with it",
			  t->identity, t->groups);
	if (!word)
		audit_advise(a, "boot with iommu.passthrough=0; for a single group, with its devices unbound: echo DMA "
				"> /sys/kernel/iommu_groups/N/type");
	if (word)
		audit_show(a, "/proc/cmdline", "%s", word);
	config_show_groups(a, "identity", true);
}

/* Without types there are the command line and the line that kernels since 5.1 print. */
static void passthrough_by_words(struct audit *a)
{
	const char *word = config_passthrough_word(a);
	char line[200];
	bool logged = audit_log_line(a, "Default domain type:", line, sizeof(line));

	if (logged && strstr(line, "Translated"))
		return;
	if (!word && !logged) {
		audit_unseen(a, "", "the kernel does not show the type of a group (since 5.11 it does)");
		return;
	}
	audit_add(a, AUDIT_MEDIUM, "kernel",
		  "devices of the host run without translation by default: they reach all of memory");
	if (word)
		audit_show(a, "/proc/cmdline", "%s", word);
	if (logged)
		audit_show(a, "kernel log", "%s", line);
}

/* igfx_off leaves a unit off that is for graphics alone (intel/iommu.c, init_no_remapping_devices()): else it does nothing. */
static bool config_has_bare_graphics(const struct audit *a)
{
	for (unsigned int i = 0; audit_has_unit(a, UNIT_VTD) && i < a->m->nr_devices; i++) {
		const struct pci_info *dev = &a->m->pci[i];

		if (dev->class_code >> 16 == 0x03 && !dev->iommu[0] && dev->group < 0)
			return true;
	}
	return false;
}

static void passthrough_default_check(struct audit *a)
{
	struct config_types t = config_types(a);
	const char *bypass = kernel_option(&a->m->kernel, "arm-smmu.disable_bypass");

	if (bypass && !audit_is_yes(bypass)) {
		audit_add(a, AUDIT_MEDIUM, "kernel", "the SMMU lets devices through that no driver has set up");
		audit_advise(a, "take arm-smmu.disable_bypass off the kernel's command line");
		audit_show(a, "/proc/cmdline", "arm-smmu.disable_bypass=%s", bypass);
	}
	if (kernel_option_has(&a->m->kernel, "intel_iommu", "igfx_off") && config_has_bare_graphics(a)) {
		audit_add(
			a, AUDIT_MEDIUM, "kernel",
			"the IOMMU of the integrated graphics is left off: the graphics device reaches all of memory");
		audit_advise(a, "take igfx_off out of intel_iommu= on the kernel's command line");
		audit_show(a, "/proc/cmdline", "intel_iommu=igfx_off");
	}
	if (!t.groups)
		return;
	if (t.hidden == t.groups)
		passthrough_by_words(a);
	else
		passthrough_by_groups(a, &t);
}

const struct audit_rule audit_passthrough_default = {
	.id = "passthrough-default",
	.severity = AUDIT_MEDIUM,
	.title = "devices of the host are not translated",
	.explain = "The IOMMU is on, and the devices that the host itself drives bypass it: their groups are of type "
		   "identity, by iommu=pt or iommu.passthrough=1 on the command line or by the kernel's build. It "
		   "is chosen for speed. A device on VFIO is translated all the same; but a faulty or hostile "
		   "device of the host reaches all of memory, that of the guests included. Where only some groups "
		   "are of type identity the finding is for information: drivers ask for it (AMD graphics with "
		   "PASIDs, sound and graphics of some Intel chipsets), and administrators set it. igfx_off, which "
		   "leaves one IOMMU off, and arm-smmu.disable_bypass=0 belong here too.",
	.advice = "take iommu=pt or iommu.passthrough=1 off the kernel's command line, unless the host trusts every "
		  "device it drives",
	.check = passthrough_default_check,
};

static void lazy_flush_found(struct audit *a, const struct config_types *t)
{
	const char *are = a->nr_assigned == 1 ? " is" : "s are";
	char path[64];

	if (t->lazy_on_host)
		audit_add(a, AUDIT_MEDIUM, "kernel",
			  "%u device%s assigned while %u group%s of the host flush%s lazily: memory that was given "
			  "back, and is perhaps a guest's by now, stays in reach for a while",
			  a->nr_assigned, are, t->lazy_on_host, t->lazy_on_host == 1 ? "" : "s",
			  t->lazy_on_host == 1 ? "es" : "");
	else
		audit_add(a, AUDIT_MEDIUM, "kernel", "%u device%s assigned while the host's own flush lazily",
			  a->nr_assigned, are);
	for (unsigned int i = 0; i < a->m->nr_devices; i++)
		if (audit_is_assigned(&a->m->pci[i])) {
			snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", a->m->pci[i].addr);
			audit_show(a, path, "%s", a->m->pci[i].driver);
			break;
		}
	config_show_groups(a, "DMA-FQ", false);
}

static void lazy_flush_check(struct audit *a)
{
	struct config_types t = config_types(a);
	const char *strict = kernel_option(&a->m->kernel, "iommu.strict");
	char line[200];

	/* what is assigned is always flushed at once; without that, nothing is at stake but the host's own */
	if (!a->nr_assigned || !t.groups)
		return;
	if (t.hidden < t.groups) {
		if (t.lazy_on_host)
			lazy_flush_found(a, &t);
		return;
	}
	if (audit_log_line(a, "TLB invalidation policy:", line, sizeof(line))) {
		if (!strstr(line, "lazy"))
			return;
		lazy_flush_found(a, &t);
		audit_show(a, "kernel log", "%s", line);
	} else if (strict && !audit_is_yes(strict)) {
		lazy_flush_found(a, &t);
		audit_show(a, "/proc/cmdline", "iommu.strict=%s", strict);
	} else if (!strict && !kernel_option_has(&a->m->kernel, "intel_iommu", "strict") &&
		   !kernel_option_has(&a->m->kernel, "amd_iommu", "fullflush")) {
		audit_unseen(a, "", "the kernel does not show whether it flushes lazily (since 5.15 it does)");
	}
}

const struct audit_rule audit_lazy_flush = {
	.id = "lazy-flush",
	.severity = AUDIT_MEDIUM,
	.title = "lazy flushing while devices are assigned",
	.explain = "In groups of type DMA-FQ the kernel gives memory back before the IOMMU's cache has forgotten it, "
		   "and flushes in batches, up to 10 ms later. In between, a device still reaches pages that are "
		   "already somebody else's. Devices on VFIO are always flushed at once; but the pages that the "
		   "host's own devices can still write to may by then belong to a guest. Most distributions choose "
		   "lazy flushing, for speed. It is no finding where nothing is assigned: then all that a device "
		   "can reach late is the host's own.",
	.advice = "boot with iommu.strict=1, or for a group whose devices are unbound: echo DMA > "
		  "/sys/kernel/iommu_groups/N/type",
	.check = lazy_flush_check,
};

/* --- superpages-off --- */

static void superpages_by_unit(struct audit *a, const struct iommu_unit *unit)
{
	const struct reg_value *cap = reg_value_find(unit->regs, unit->nr_regs, "vtd.cap");

	/* without second-stage tables there is nothing to have large pages in */
	if (!cap || !audit_wants_unit(a, unit) || !reg_get(cap->reg, "SAGAW", cap->raw) ||
	    reg_get(cap->reg, "SSLPS", cap->raw))
		return;
	audit_add(a, AUDIT_LOW, unit->name, "%s has no large pages in its second-stage tables", unit->name);
	audit_advise(a, "nothing: the hardware has none; expect slow maps and more IOTLB misses with large guests");
	audit_show(a, cap->source, "0x%llx: SSLPS (bits 37:34) is 0", (unsigned long long)cap->raw);
}

static void superpages_off_check(struct audit *a)
{
	const char *param = kernel_param(&a->m->kernel, "vfio_iommu_type1", "disable_hugepages");

	if (kernel_option_has(&a->m->kernel, "intel_iommu", "sp_off") && audit_has_unit(a, UNIT_VTD)) {
		audit_add(a, AUDIT_LOW, "kernel", "VT-d maps 4 KiB pages only, by intel_iommu=sp_off");
		audit_advise(a, "take sp_off out of intel_iommu= on the kernel's command line");
		audit_show(a, "/proc/cmdline", "intel_iommu=sp_off");
	}
	if (audit_is_yes(param)) {
		audit_add(a, AUDIT_LOW, "kernel",
			  "VFIO maps 4 KiB pages only, by the parameter disable_hugepages of vfio_iommu_type1");
		audit_advise(a, "as root: echo N > /sys/module/vfio_iommu_type1/parameters/disable_hugepages");
		audit_show(a, "/sys/module/vfio_iommu_type1/parameters/disable_hugepages", "%s", param);
	}
	for (unsigned int i = 0; i < a->m->nr_units; i++)
		superpages_by_unit(a, &a->m->units[i]);
}

const struct audit_rule audit_superpages_off = {
	.id = "superpages-off",
	.severity = AUDIT_LOW,
	.title = "large pages are not used",
	.explain = "Memory is mapped in pages of 4 KiB where the IOMMU could use 2 MiB or 1 GiB: because the kernel "
		   "was told so (intel_iommu=sp_off, vfio_iommu_type1's disable_hugepages) or because the hardware "
		   "has no larger ones. Mapping a large guest then takes many times as long, its tables take more "
		   "memory, and the IOTLB holds less of it. These switches are used to look for a bug in large "
		   "pages, and forgotten; they harm nothing but speed.",
	.advice = "switch large pages on again",
	.check = superpages_off_check,
};
