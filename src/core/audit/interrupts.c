/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts that devices send: are they remapped, and is VFIO told to do without. */
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"

/* With debugfs: GSTS.IRES of every unit. */
static enum remapping remapping_by_status(const struct audit *a, char *source, size_t source_len, char *line,
					  size_t len)
{
	enum remapping state = REMAPPING_UNKNOWN;

	for (unsigned int i = 0; i < a->m->nr_units; i++) {
		const struct reg_value *gsts = audit_debugfs(a, a->m->units[i].name, "vtd.gsts");
		bool on = gsts && reg_get(gsts->reg, "IRES", gsts->raw);

		if (!gsts)
			continue;
		snprintf(source, source_len, "%s", gsts->source);
		snprintf(line, len, "%s: GSTS 0x%llx: IRES (bit 25) is %s", a->m->units[i].name,
			 (unsigned long long)gsts->raw, on ? "set" : "clear");
		if (!on)
			return REMAPPING_OFF;
		state = REMAPPING_ON;
	}
	return state;
}

enum remapping audit_remapping(const struct audit *a, char *source, size_t source_len, char *line, size_t len)
{
	static const char *const on[] = {"Enabled IRQ remapping in ", "AMD-Vi: Interrupt remapping enabled"};
	enum remapping state;

	state = remapping_by_status(a, source, source_len, line, len);
	if (state != REMAPPING_UNKNOWN)
		return state;
	snprintf(source, source_len, "/proc/interrupts");
	state = remapping_by_chips(a->m->host, line, len);
	if (state != REMAPPING_UNKNOWN)
		return state;
	snprintf(source, source_len, "kernel log");
	for (size_t i = 0; i < ARRAY_SIZE(on); i++)
		if (audit_log_line(a, on[i], line, len))
			return REMAPPING_ON;
	return REMAPPING_UNKNOWN;
}

/* --- interrupt-remapping-off --- */

/* virtio-iommu translates and has no way to remap interrupts; on x86 VFIO gives nothing away behind it without being told to. */
static const struct iommu_unit *remapping_by_virtio(const struct audit *a)
{
	for (unsigned int i = 0; i < a->m->nr_units; i++)
		if (a->m->units[i].kind == UNIT_VIRTIO && strcmp(a->m->kernel.arch, "x86") == 0)
			return &a->m->units[i];
	return NULL;
}

/* Why it is off, from what firmware, hardware and the command line say. True when one of them rules it out. */
static bool remapping_why(const struct audit *a, char *source, size_t source_len, char *why, size_t len)
{
	const struct machine *m = a->m;

	if (kernel_option_has(&m->kernel, "intremap", "off") || kernel_option(&m->kernel, "nointremap")) {
		snprintf(source, source_len, "/proc/cmdline");
		snprintf(why, len, "%s", kernel_option(&m->kernel, "nointremap") ? "nointremap" : "intremap=off");
		return true;
	}
	for (unsigned int i = 0; i < m->nr_units; i++) {
		const struct reg_value *ecap = reg_value_find(m->units[i].regs, m->units[i].nr_regs, "vtd.ecap");

		if (!ecap || reg_get(ecap->reg, "IR", ecap->raw))
			continue;
		snprintf(source, source_len, "%s", ecap->source);
		snprintf(why, len, "0x%llx: IR (bit 3) is clear, %s cannot remap interrupts",
			 (unsigned long long)ecap->raw, m->units[i].name);
		return true;
	}
	if (m->dmar.table.signature[0] && m->dmar.nr_entries && !(m->dmar.flags & 1)) {
		snprintf(source, source_len, "%s", m->dmar.table.path);
		snprintf(why, len, "DMAR+37: flags 0x%02x, INTR_REMAP (bit 0) is clear", m->dmar.flags);
		return true;
	}
	if (remapping_by_virtio(a)) {
		snprintf(source, source_len, "/sys/class/iommu/%s", remapping_by_virtio(a)->name);
		snprintf(why, len, "a virtio-iommu, which cannot remap interrupts");
		return true;
	}
	return false;
}

static void remapping_advise(struct audit *a, const char *why)
{
	if (strstr(why, "nointremap") || strstr(why, "intremap=off"))
		audit_advise(a, "take %s off the kernel's command line", why);
	else if (a->guest)
		audit_advise(a, "start the guest with an IOMMU that remaps interrupts (QEMU: -machine "
				"q35,kernel-irqchip=split -device intel-iommu,intremap=on)");
}

static void interrupt_remapping_off_check(struct audit *a)
{
	enum audit_severity severity = a->guest ? AUDIT_MEDIUM : AUDIT_HIGH;
	char source[128], line[200], why_source[128] = "", why[200] = "";
	enum remapping state;
	bool ruled_out;

	/* x86 alone sends interrupts as writes that need it */
	if (!audit_has_unit(a, UNIT_VTD) && !audit_has_unit(a, UNIT_AMD) && !remapping_by_virtio(a))
		return;
	state = audit_remapping(a, source, sizeof(source), line, sizeof(line));
	ruled_out = remapping_why(a, why_source, sizeof(why_source), why, sizeof(why));
	if (state == REMAPPING_ON) {
		if (kernel_option_has(&a->m->kernel, "intremap", "nosid")) {
			audit_add(a, AUDIT_MEDIUM, "kernel",
				  "interrupts are remapped without a check of who sends them");
			audit_advise(a, "take nosid out of intremap= on the kernel's command line");
			audit_show(a, "/proc/cmdline", "intremap=nosid");
		}
		return;
	}
	if (state == REMAPPING_UNKNOWN && !ruled_out) {
		audit_unseen(a, "",
			     "neither /proc/interrupts nor the kernel's log shows whether interrupts are remapped");
		return;
	}
	audit_add(a, severity, "kernel",
		  "interrupts of devices are not remapped: a device can send any interrupt to any processor");
	remapping_advise(a, why);
	if (state == REMAPPING_OFF)
		audit_show(a, source, "%s", line);
	if (ruled_out)
		audit_show(a, why_source, "%s", why);
}

const struct audit_rule audit_interrupt_remapping_off = {
	.id = "interrupt-remapping-off",
	.severity = AUDIT_HIGH,
	.title = "no interrupt remapping",
	.explain = "On x86 a device sends an interrupt by writing to an address between 0xfee00000 and 0xfeefffff, and "
		   "translation does not apply there. Without interrupt remapping a device that was given to a "
		   "guest can send any vector to any processor of the host, exceptions included, and so attack the "
		   "host. VFIO therefore refuses such a machine unless it is told to allow unsafe interrupts. "
		   "Whether remapping is on is read from the names of the chips in /proc/interrupts (they begin "
		   "with IR-) or from the kernel's log; the reason why it is not from the command line, ECAP.IR "
		   "and the flags of the DMAR table. In a guest the finding is of medium severity: the host is "
		   "protected by its own IOMMU, and only guests of the guest are at risk; a virtio-iommu never "
		   "remaps interrupts. Machines other than x86 have no interrupt remapping of this kind, and no "
		   "finding.",
	.advice = "enable interrupt remapping (often named x2APIC or VT-d) in the firmware setup; see dmesg | grep -iE "
		  "'remapping|DMAR-IR|AMD-Vi'",
	.check = interrupt_remapping_off_check,
};

/* --- unsafe-interrupts --- */

static void unsafe_found(struct audit *a, const char *module, const char *source, const char *text)
{
	char where[128], line[200];
	enum audit_severity severity = a->guest ? AUDIT_MEDIUM : AUDIT_HIGH;

	if (!a->m->nr_units || audit_remapping(a, where, sizeof(where), line, sizeof(line)) == REMAPPING_ON)
		severity = AUDIT_LOW;
	audit_add(a, severity, "kernel", "%s is allowed to give devices away without interrupt remapping%s", module,
		  severity == AUDIT_LOW ? ", which has no effect at present" : "");
	audit_advise(a,
		     "take the option out of /etc/modprobe.d and the command line; as root: echo N > "
		     "/sys/module/%s/parameters/allow_unsafe_interrupts",
		     module);
	audit_show(a, source, "%s", text);
	if (a->m->nr_units && severity == AUDIT_LOW)
		audit_show(a, where, "interrupts are remapped: %.120s", line);
}

static void unsafe_interrupts_check(struct audit *a)
{
	static const char *const modules[] = {"vfio_iommu_type1", "iommufd"};
	char key[64], path[128], text[160];

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		const char *param = kernel_param(&a->m->kernel, modules[i], "allow_unsafe_interrupts");
		const char *option;

		snprintf(key, sizeof(key), "%s.allow_unsafe_interrupts", modules[i]);
		snprintf(path, sizeof(path), "/sys/module/%s/parameters/allow_unsafe_interrupts", modules[i]);
		option = kernel_option(&a->m->kernel, key);
		if (audit_is_yes(param)) {
			unsafe_found(a, modules[i], path, param);
		} else if (!param && option && (audit_is_yes(option) || !*option)) {
			/* not loaded yet: it will come up so */
			snprintf(text, sizeof(text), "%s=%.80s", key, option);
			unsafe_found(a, modules[i], "/proc/cmdline", text);
			audit_advise(a, "take %s off the kernel's command line: it holds when the module is loaded",
				     key);
		}
	}
}

const struct audit_rule audit_unsafe_interrupts = {
	.id = "unsafe-interrupts",
	.severity = AUDIT_HIGH,
	.title = "VFIO may give devices away without interrupt remapping",
	.explain = "allow_unsafe_interrupts of vfio_iommu_type1 or iommufd is set: the kernel then assigns devices "
		   "although nothing checks the interrupts that they send (see interrupt-remapping-off). A guest "
		   "that controls such a device can attack the host with interrupts. Where interrupts are remapped "
		   "the parameter does nothing, and the finding is low: it would hide the loss of remapping after "
		   "a change of firmware or command line. In a guest with virtio-iommu, which cannot remap, it is "
		   "the only way to use VFIO; there it is medium.",
	.advice = "take the option out of /etc/modprobe.d and off the command line",
	.check = unsafe_interrupts_check,
};
