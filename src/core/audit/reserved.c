/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: what firmware reserves for devices, where interrupts go, how wide the IOMMU's addresses are. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"

#define X86_MSI_START 0xfee00000ULL
#define X86_MSI_LAST 0xfeefffffULL

static void reserved_path(const struct group_info *g, char *buf, size_t len)
{
	snprintf(buf, len, "/sys/kernel/iommu_groups/%d/reserved_regions", g->id);
}

#define ISA_LAST 0xffffffULL
#define CLASS_ISA_BRIDGE 0x0601

static bool reserved_has_isa_bridge(const struct audit *a, const struct group_info *g)
{
	for (unsigned int n = 0; n < g->nr_devices; n++) {
		int i = machine_device(a->m, g->devices[n]);

		if (i >= 0 && a->m->pci[i].class_code >> 8 == CLASS_ISA_BRIDGE)
			return true;
	}
	return false;
}

/*
 * The kernel's VT-d driver adds the first 16 MiB for floppy controllers behind an ISA bridge, on every machine that has one
 * (intel/iommu.c, CONFIG_INTEL_IOMMU_FLOPPY_WA): no firmware asked for them.
 */
static bool reserved_is_for_floppies(const struct audit *a, const struct group_info *g, const struct group_reserved *r)
{
	if (r->start != 0 || r->last != ISA_LAST || strcmp(r->type, "direct-relaxable"))
		return false;
	for (unsigned int i = 0; i < a->m->dmar.nr_entries; i++)
		if (a->m->dmar.entries[i].type == DMAR_RMRR && !a->m->dmar.entries[i].base)
			return false;
	return reserved_has_isa_bridge(a, g);
}

static bool reserved_is(const struct audit *a, const struct group_info *g, const struct group_reserved *r,
			const char *type)
{
	return strcmp(r->type, type) == 0 && !reserved_is_for_floppies(a, g, r);
}

static bool reserved_has(const struct audit *a, const struct group_info *g, const char *type)
{
	for (unsigned int i = 0; i < g->nr_reserved; i++)
		if (reserved_is(a, g, &g->reserved[i], type))
			return true;
	return false;
}

/* Where the firmware's table has the region, as further evidence. */
static void reserved_show_table(struct audit *a, uint64_t start, uint64_t last)
{
	const struct machine *m = a->m;
	char source[32];

	for (unsigned int i = 0; i < m->dmar.nr_entries; i++) {
		const struct dmar_entry *e = &m->dmar.entries[i];

		if (e->type != DMAR_RMRR || e->base != start || e->last != last)
			continue;
		snprintf(source, sizeof(source), "DMAR+0x%x", e->at);
		audit_show(a, source, "RMRR 0x%" PRIx64 "-0x%" PRIx64 " for %u device scope%s", e->base, e->last,
			   e->nr_scopes, e->nr_scopes == 1 ? "" : "s");
		return;
	}
	for (unsigned int i = 0; i < m->ivrs.nr_memory; i++) {
		const struct ivmd *v = &m->ivrs.memory[i];

		if (v->start != start || v->start + v->length - 1 != last)
			continue;
		snprintf(source, sizeof(source), "IVRS+0x%x", v->at);
		audit_show(a, source, "IVMD of type 0x%02x, flags 0x%02x", v->type, v->flags);
		return;
	}
}

static void reserved_show(struct audit *a, const struct group_info *g, const char *type, bool table)
{
	char path[64];

	reserved_path(g, path, sizeof(path));
	for (unsigned int i = 0; i < g->nr_reserved; i++) {
		const struct group_reserved *r = &g->reserved[i];

		if (!reserved_is(a, g, r, type))
			continue;
		audit_show(a, path, "0x%016" PRIx64 " 0x%016" PRIx64 " %s", r->start, r->last, r->type);
		if (table)
			reserved_show_table(a, r->start, r->last);
	}
}

/* One finding for all groups of the host together. */
static unsigned int reserved_count(const struct audit *a, const char *type, bool assigned_too)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < a->m->nr_groups; i++) {
		const struct group_info *g = &a->m->groups[i];

		n += reserved_has(a, g, type) && audit_wants_group(a, g) &&
		     (assigned_too || audit_group_assigned(a, g) < 0);
	}
	return n;
}

static void reserved_show_all(struct audit *a, const char *type, bool assigned_too)
{
	for (unsigned int i = 0; i < a->m->nr_groups; i++) {
		const struct group_info *g = &a->m->groups[i];

		if (reserved_has(a, g, type) && audit_wants_group(a, g) &&
		    (assigned_too || audit_group_assigned(a, g) < 0))
			reserved_show(a, g, type, false);
	}
}

/* Groups whose reserved addresses could not be read, or hold lines that are none: what they say is not all there is. */
static void reserved_tell_unread(struct audit *a)
{
	unsigned int n = 0;
	int err = 0, id = 0;

	for (unsigned int i = 0; i < a->m->nr_groups; i++) {
		const struct group_info *g = &a->m->groups[i];

		if (!g->reserved_err || g->reserved_err == -ENOENT || !audit_wants_group(a, g))
			continue;
		if (!n++) {
			id = g->id;
			err = g->reserved_err;
		}
	}
	if (n)
		audit_unseen(a, "", "the reserved addresses of %u group%s, the first is %d, cannot be read: %s", n,
			     n == 1 ? "" : "s", id, err == -EBADMSG ? "lines that are no regions" : strerror(-err));
}

/* --- reserved-direct --- */

static void reserved_direct_check(struct audit *a)
{
	unsigned int others = reserved_count(a, "direct", false);
	char subject[32];

	reserved_tell_unread(a);
	for (unsigned int i = 0; i < a->m->nr_groups; i++) {
		const struct group_info *g = &a->m->groups[i];
		int assigned =
			audit_wants_group(a, g) && reserved_has(a, g, "direct") ? audit_group_assigned(a, g) : -1;

		if (assigned < 0)
			continue;
		snprintf(subject, sizeof(subject), "group %d", g->id);
		audit_add(a, AUDIT_MEDIUM, subject,
			  "group %d with the assigned device %s has memory that firmware shares with it", g->id,
			  a->m->pci[assigned].addr);
		reserved_show(a, g, "direct", true);
	}
	if (!others)
		return;
	audit_add(a, AUDIT_INFO, "machine",
		  "firmware shares memory with devices of %u group%s, which VFIO will not assign", others,
		  others == 1 ? "" : "s");
	audit_advise(a, "nothing, unless one of them is to be assigned; then look for a firmware setting or update "
			"that ends it");
	reserved_show_all(a, "direct", false);
}

const struct audit_rule audit_reserved_direct = {
	.id = "reserved-direct",
	.severity = AUDIT_MEDIUM,
	.title = "memory that firmware shares with a device (RMRR, unity map)",
	.explain = "The firmware says that the device keeps using a piece of memory behind the system's back (an RMRR "
		   "of the DMAR table, an IVMD of IVRS, an RMR of IORT): to report its state to a management "
		   "controller, for example. The kernel maps it one to one as long as the host has the device. On "
		   "VT-d it refuses to assign such a device (\"Device is ineligible for IOMMU domain attach due to "
		   "platform RMRR requirement\"), because whoever has it could use that memory. On other machines "
		   "the region must be left out of the guest's addresses. For devices of the host this is normal, "
		   "and one finding for information.",
	.advice = "look for a firmware setting (shared memory features of the slot) or update that ends it, or use "
		  "another device",
	.check = reserved_direct_check,
};

/* --- reserved-relaxable --- */

static void reserved_relaxable_check(struct audit *a)
{
	unsigned int n = reserved_count(a, "direct-relaxable", true);

	reserved_tell_unread(a);
	if (!n)
		return;
	audit_add(a, AUDIT_INFO, "machine",
		  "firmware shared memory with devices of %u group%s until the system took over", n, n == 1 ? "" : "s");
	reserved_show_all(a, "direct-relaxable", true);
}

const struct audit_rule audit_reserved_relaxable = {
	.id = "reserved-relaxable",
	.severity = AUDIT_INFO,
	.title = "memory that firmware shared with a device and no longer needs to",
	.explain = "An RMRR of a USB controller or a graphics device. Firmware uses it for the keyboard and the screen "
		   "before the system runs; the kernel knows that nobody needs it afterwards, calls it "
		   "direct-relaxable and lets the device be assigned. With integrated graphics the region may be "
		   "the memory stolen for it, which the guest's driver then has to do without. The first 16 MiB of "
		   "a group with an ISA bridge are no finding: Linux adds them by itself, for floppy controllers.",
	.advice = "nothing",
	.check = reserved_relaxable_check,
};

/* --- msi-window --- */

static bool window_is_there(const struct group_info *g)
{
	for (unsigned int i = 0; i < g->nr_reserved; i++)
		if (strcmp(g->reserved[i].type, "msi") == 0 && g->reserved[i].start <= X86_MSI_START &&
		    g->reserved[i].last >= X86_MSI_LAST)
			return true;
	return false;
}

static bool window_is_read(const struct group_info *g)
{
	return g->reserved_err != -ENOENT;
}

static void window_missing(struct audit *a)
{
	unsigned int missing = 0, unread = 0, pass;
	char path[64];

	for (pass = 0; pass < 2; pass++) {
		if (pass && !missing)
			return;
		if (pass)
			audit_add(a, AUDIT_HIGH, "kernel",
				  "%u group%s lack%s the interrupt window 0xfee00000-0xfeefffff among the reserved "
				  "addresses",
				  missing, missing == 1 ? "" : "s", missing == 1 ? "s" : "");
		for (unsigned int i = 0; i < a->m->nr_groups; i++) {
			const struct group_info *g = &a->m->groups[i];

			/* without an IOMMU there are no IOVAs to keep it out of: noiommu-mode tells of that */
			if (g->noiommu || !audit_wants_group(a, g) || !audit_group_matters(a, g) || window_is_there(g))
				continue;
			/* reserved_tell_unread() has told of these */
			if (g->reserved_err && g->reserved_err != -ENOENT)
				continue;
			if (!window_is_read(g)) {
				unread++;
				continue;
			}
			missing++;
			reserved_path(g, path, sizeof(path));
			if (pass)
				audit_show(a, path, "%u regions, none of them covers it", g->nr_reserved);
		}
		if (!pass && unread)
			audit_unseen(a, "", "the reserved addresses of %u group%s are not shown", unread,
				     unread == 1 ? "" : "s");
	}
}

/* "fee00000-feefffff : System RAM" of /proc/iomem; ordinary users see zeroes. */
static void window_over_memory(struct audit *a)
{
	CLEANUP_FREE char *text = NULL;
	char line[160];
	const char *at;
	uint64_t start, last;

	if (host_read_file(a->m->host, &text, NULL, "/proc/iomem"))
		return;
	for (at = text; audit_log_next(&at, line, sizeof(line));) {
		if (!strstr(line, ": System RAM") || sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &last) != 2 ||
		    start > X86_MSI_LAST || last < X86_MSI_START)
			continue;
		audit_add(a, AUDIT_HIGH, "machine",
			  "memory lies in the interrupt window 0xfee00000-0xfeefffff: DMA to it becomes interrupts");
		audit_advise(a, "report it to the maker of the firmware; keep devices away from it: boot with "
				"memmap=1M$0xfee00000");
		audit_show(a, "/proc/iomem", "%s", line);
		return;
	}
}

/* Where interrupts are mapped by software the window is a choice of the kernel's, and guests have to go round it. */
static void window_of_software(struct audit *a)
{
	for (unsigned int i = 0; i < a->m->nr_groups; i++) {
		const struct group_info *g = &a->m->groups[i];

		if (!reserved_has(a, g, "msi") || !audit_wants_group(a, g))
			continue;
		audit_add(a, AUDIT_INFO, "kernel", "interrupts take a window out of the IOVAs of every device");
		reserved_show(a, g, "msi", false);
		return;
	}
}

static void msi_window_check(struct audit *a)
{
	bool x86 = audit_has_unit(a, UNIT_VTD) || audit_has_unit(a, UNIT_AMD) || strcmp(a->m->kernel.arch, "x86") == 0;

	if (!a->m->nr_groups)
		return;
	if (!x86) {
		window_of_software(a);
		return;
	}
	reserved_tell_unread(a);
	window_missing(a);
	window_over_memory(a);
}

const struct audit_rule audit_msi_window = {
	.id = "msi-window",
	.severity = AUDIT_INFO,
	.title = "the window of addresses that interrupts are sent to",
	.explain = "On x86 a write of a device to 0xfee00000-0xfeefffff is an interrupt, whatever the IOMMU's tables "
		   "say. The kernel lists the window among the reserved addresses of every group, so that nobody "
		   "maps memory there. Where a group lacks it, or memory lies there, DMA that was meant for memory "
		   "turns into interrupts: severity high. On Arm and RISC-V the kernel maps the interrupt "
		   "controller's doorbell at IOVAs of its own choice (0x8000000 in most cases) for devices on "
		   "VFIO; that is reported for information, because guests whose memory lies there cannot be "
		   "mapped one to one.",
	.advice = "leave these addresses out of what is mapped",
	.check = msi_window_check,
};

/* --- iova-width --- */

/* Bits of the highest IOVA that VFIO offers for a device behind the unit; 0 = nobody asked. */
static unsigned int width_by_vfio(const struct audit *a, const struct iommu_unit *unit, const char **device)
{
	unsigned int bits = 0;

	for (unsigned int n = 0; n < a->m->ioctl.nr_devices; n++) {
		const struct ioctl_device *d = &a->m->ioctl.devices[n];
		int i = d->has_vfio ? machine_device(a->m, d->id) : -1;

		if (i < 0 || strcmp(a->m->pci[i].iommu, unit->name))
			continue;
		for (unsigned int r = 0; r < MIN(d->nr_ranges, ARRAY_SIZE(d->ranges)); r++)
			for (unsigned int b = bits; b < 64 && d->ranges[r].last >> b; b++)
				bits = b + 1;
		*device = d->id;
	}
	return bits;
}

static void width_of_unit(struct audit *a, const struct iommu_unit *unit)
{
	struct reg_fact facts[REG_FACTS_MAX];
	unsigned int n = unit->order_unknown ? 0 : reg_facts(unit->regs, unit->nr_regs, facts), bits;
	const struct reg_fact *stage = reg_fact_find(facts, n, "second-stage");
	const char *device = "";
	char source[64];

	bits = width_by_vfio(a, unit, &device);
	snprintf(source, sizeof(source), "VFIO_IOMMU_GET_INFO of %s", device);
	if (!bits && stage && stage->has && stage->value <= 64) {
		bits = (unsigned int)stage->value;
		snprintf(source, sizeof(source), "registers of %s", unit->name);
	}
	if (!bits || bits >= a->address_bits)
		return;
	audit_add(a, AUDIT_LOW, unit->name,
		  "%s translates %u-bit addresses, and the processor's have %u bits: what a guest has above 0x%llx "
		  "cannot be mapped",
		  unit->name, bits, a->address_bits, (1ULL << bits) - 1);
	audit_show(a, source, "%u bits", bits);
	audit_show(a, "/proc/cpuinfo", "address sizes: %u bits physical", a->address_bits);
}

static void iova_width_check(struct audit *a)
{
	if (!a->m->nr_units)
		return;
	if (!a->address_bits) {
		if (strcmp(a->m->kernel.arch, "x86") == 0)
			audit_unseen(a, "", "/proc/cpuinfo does not show the width of physical addresses");
		return;
	}
	for (unsigned int i = 0; i < a->m->nr_units; i++)
		if (audit_wants_unit(a, &a->m->units[i]))
			width_of_unit(a, &a->m->units[i]);
}

const struct audit_rule audit_iova_width = {
	.id = "iova-width",
	.severity = AUDIT_LOW,
	.title = "the IOMMU's addresses are narrower than the processor's",
	.explain = "A guest's physical addresses are the IOVAs of its assigned devices. Where the IOMMU translates "
		   "fewer bits than the processor has physical addresses, a guest that is laid out for the "
		   "processor's width has memory or device windows that no device can reach: its firmware likes to "
		   "put 64-bit BARs at the top. Maps above the limit fail with EINVAL (QEMU: \"VFIO_MAP_DMA "
		   "failed: Invalid argument\"), and peer-to-peer DMA between its devices does not work. Guests "
		   "whose memory ends below the limit work all the same.",
	.advice = "give guests with assigned devices no more address bits than the IOMMU has (QEMU: -cpu "
		  "host,host-phys-bits-limit=BITS)",
	.check = iova_width_check,
};
