/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VFIO and iommufd answered, to `caps`: by themselves and about each device. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/caps.h"
#include "core/script.h"
#include "iommu/iommufd_abi.h"

/* iommufd's out_capabilities. */
static const struct {
	uint64_t bit;
	const char *name;
} ioctl_capabilities[] = {
	{IC_IOMMUFD_HW_CAP_DIRTY_TRACKING, "dirty-tracking"},
	{IC_IOMMUFD_HW_CAP_PCI_PASID_EXEC, "pasid-exec"},
	{IC_IOMMUFD_HW_CAP_PCI_PASID_PRIV, "pasid-priv"},
	{IC_IOMMUFD_HW_CAP_PCI_ATS_NOT_SUPPORTED, "ats-not-supported"},
};

static void ioctl_report_errno(struct report *r, int err, const char *why)
{
	report_str(r, "errno", err ? script_errno_name(err) : "");
	report_str(r, "why", why);
}

/* {NAME: {nr, before, after}}; an answer that nobody got is not there. */
static void ioctl_report_extensions(struct report *r, const struct vfio_extension *e, unsigned int n)
{
	report_object(r, "extensions");
	for (unsigned int i = 0; i < n; i++) {
		report_object(r, e[i].name);
		report_num(r, "nr", e[i].nr);
		if (e[i].before >= 0)
			report_num(r, "before", (uint64_t)e[i].before);
		if (e[i].after >= 0)
			report_num(r, "after", (uint64_t)e[i].after);
		report_close(r);
	}
	report_close(r);
}

static void ioctl_report_info(struct report *r, const struct ioctl_device *d)
{
	report_hex(r, "page_sizes", d->page_sizes);
	report_list(r, "ranges");
	for (unsigned int i = 0; i < d->nr_ranges; i++) {
		report_object(r, NULL);
		report_hex(r, "start", d->ranges[i].start);
		report_hex(r, "last", d->ranges[i].last);
		report_close(r);
	}
	report_close(r);
	if (d->has_migration) {
		report_hex(r, "dirty_page_sizes", d->dirty_page_sizes);
		report_num(r, "max_dirty_bitmap", d->max_dirty_bitmap);
	}
	if (d->has_dma_avail)
		report_num(r, "dma_avail", d->dma_avail);
}

void caps_report_asked(struct report *r, const struct ioctl_device *d)
{
	report_object(r, "vfio");
	ioctl_report_errno(r, d->vfio_err, d->vfio_why);
	ioctl_report_extensions(r, d->extensions, d->nr_extensions);
	report_object(r, "info");
	if (d->has_vfio)
		ioctl_report_info(r, d);
	report_close(r);
	report_close(r);
	report_object(r, "hw_info");
	ioctl_report_errno(r, d->hw_err, d->hw_why);
	if (d->has_hw_info) {
		report_str(r, "type", d->hw_type_name);
		report_hex(r, "capabilities_raw", d->capabilities);
		report_list(r, "capabilities");
		for (size_t i = 0; i < ARRAY_SIZE(ioctl_capabilities); i++)
			if (d->capabilities & ioctl_capabilities[i].bit)
				report_str(r, NULL, ioctl_capabilities[i].name);
		report_close(r);
		report_num(r, "max_pasid_log2", d->max_pasid_log2);
		report_object(r, "registers");
		for (unsigned int i = 0; i < d->nr_regs; i++)
			report_hex(r, d->regs[i].reg->name, d->regs[i].raw);
		report_close(r);
	}
	report_close(r);
}

static bool ioctl_is_shown(const struct caps *c, const struct ioctl_device *d)
{
	int at = machine_device(&c->machine, d->id);

	return at >= 0 ? c->devices[at] : c->all;
}

static void ioctl_report_ports(struct report *r, const struct ioctl_facts *facts)
{
	report_list(r, "ports");
	for (unsigned int i = 0; i < facts->nr_ports; i++) {
		const struct devlink_port *p = &facts->ports[i];

		report_object(r, NULL);
		report_str(r, "bus", p->bus);
		report_str(r, "device", p->device);
		report_num(r, "index", p->index);
		report_str(r, "flavour", p->flavour);
		if (strncmp(p->flavour, "pci", 3) == 0)
			report_num(r, "pf", p->pf);
		if (strcmp(p->flavour, "pcivf") == 0 || strcmp(p->flavour, "pcisf") == 0)
			report_num(r, p->flavour + 3, p->vf);
		report_bool(r, "has_function", p->has_function);
		if (p->state[0])
			report_str(r, "state", p->state);
		if (p->migratable_known)
			report_bool(r, "migratable", p->migratable);
		report_close(r);
	}
	report_close(r);
}

void caps_report_interfaces(struct report *r, const struct caps *c)
{
	const struct ioctl_facts *facts = &c->machine.ioctl;

	report_object(r, "vfio");
	report_bool(r, "asked", facts->asked);
	ioctl_report_errno(r, facts->vfio_err, c->machine.ioctl_problem);
	if (facts->vfio_api >= 0)
		report_num(r, "api_version", (uint64_t)facts->vfio_api);
	ioctl_report_extensions(r, facts->extensions, facts->nr_extensions);
	report_object(r, "info");
	for (unsigned int i = 0; i < facts->nr_devices; i++) {
		if (!facts->devices[i].has_vfio || !ioctl_is_shown(c, &facts->devices[i]))
			continue;
		report_object(r, facts->devices[i].id);
		ioctl_report_info(r, &facts->devices[i]);
		report_close(r);
	}
	report_close(r);
	report_close(r);
	report_object(r, "iommufd");
	report_bool(r, "asked", facts->asked);
	report_bool(r, "present", facts->has_iommufd);
	ioctl_report_errno(r, facts->iommufd_err, "");
	report_close(r);
	report_object(r, "devlink");
	report_bool(r, "asked", facts->devlink_asked);
	ioctl_report_errno(r, facts->devlink_err, "");
	ioctl_report_ports(r, facts);
	report_close(r);
	report_text_hide(r, "vfio");
	report_text_hide(r, "iommufd");
	report_text_hide(r, "devlink");
}

/* "TYPE1_IOMMU, UNMAP_ALL": those that were answered with more than 0. */
static void ioctl_text_extensions(const struct vfio_extension *e, unsigned int n, char *buf, size_t len)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < n && used < len; i++)
		if (e[i].before > 0)
			used += (size_t)snprintf(buf + used, len - used, "%s%.31s", used ? ", " : "", e[i].name);
}

/*
 * Some answer differently once an IOMMU is set: those that did are named. Whether DMA is coherent is only known then, and always
 * told.
 */
static void ioctl_text_changes(struct report *r, const struct ioctl_device *d)
{
	for (unsigned int i = 0; i < d->nr_extensions; i++) {
		const struct vfio_extension *e = &d->extensions[i];

		if (e->before < 0 || e->after < 0 || (e->before == e->after && strcmp(e->name, "VFIO_DMA_CC_IOMMU")))
			continue;
		report_line(r, "    %s is %d before an IOMMU is set, %d after", e->name, e->before, e->after);
	}
}

static void ioctl_text_info(struct report *r, const struct ioctl_device *d)
{
	char line[512] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < d->nr_ranges && used < sizeof(line); i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s0x%" PRIx64 "-0x%" PRIx64, i ? ", " : "",
					 d->ranges[i].start, d->ranges[i].last);
	report_line(r, "    page sizes 0x%" PRIx64 "; IOVA %s", d->page_sizes, d->nr_ranges ? line : "not told");
	line[0] = '\0';
	used = 0;
	if (d->has_migration)
		used = (size_t)snprintf(line, sizeof(line),
					"; dirty pages of sizes 0x%" PRIx64 ", bitmaps of up to %" PRIu64 " bytes",
					d->dirty_page_sizes, d->max_dirty_bitmap);
	if (d->has_dma_avail)
		snprintf(line + used, sizeof(line) - used, "; %u mappings left", d->dma_avail);
	if (line[0])
		report_line(r, "    %s", line + 2);
}

static void ioctl_text_hw_info(struct report *r, const struct ioctl_device *d)
{
	char line[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ioctl_capabilities); i++)
		if (d->capabilities & ioctl_capabilities[i].bit)
			used += (size_t)snprintf(line + used, sizeof(line) - used, ", %s", ioctl_capabilities[i].name);
	report_line(r, "    hardware info of type %s, capabilities 0x%" PRIx64 "%s", d->hw_type_name, d->capabilities,
		    line);
	if (d->max_pasid_log2)
		report_line(r, "    PASIDs of %u bits", d->max_pasid_log2);
}

/* What refused, with the error's text where the words do not have it. */
static void ioctl_text_refused(struct report *r, const char *what, int err, const char *why)
{
	report_line(r, "    %s: %s%s%s", what, why, err ? ": " : "", err ? strerror(err) : "");
}

static void ioctl_text_device(struct report *r, const struct ioctl_device *d)
{
	report_line(r, "  %s", d->id);
	ioctl_text_changes(r, d);
	if (d->has_vfio)
		ioctl_text_info(r, d);
	if (d->vfio_why[0])
		ioctl_text_refused(r, "not told by VFIO", d->vfio_err, d->vfio_why);
	if (d->has_hw_info)
		ioctl_text_hw_info(r, d);
	if (d->hw_why[0])
		ioctl_text_refused(r, "not told by iommufd", d->hw_err, d->hw_why);
}

static const char *ioctl_state(int err)
{
	return err == ENOENT ? "not there, or its module is not loaded" : strerror(err);
}

static void ioctl_text_head(struct report *r, const struct ioctl_facts *facts)
{
	char line[512];

	if (facts->vfio_api >= 0) {
		ioctl_text_extensions(facts->extensions, facts->nr_extensions, line, sizeof(line));
		report_line(r, "VFIO container: version %d%s%s", facts->vfio_api, line[0] ? "; " : "", line);
	} else {
		report_line(r, "VFIO container: %s", ioctl_state(facts->vfio_err));
	}
	report_line(r, "iommufd: %s", facts->has_iommufd ? "/dev/iommu answers" : ioctl_state(facts->iommufd_err));
}

void caps_text_interfaces(struct report *r, const struct caps *c)
{
	const struct ioctl_facts *facts = &c->machine.ioctl;
	unsigned int shown = 0;

	if (!facts->asked) {
		if (c->machine.ioctl_problem[0])
			report_line(r, "VFIO and iommufd: %s", c->machine.ioctl_problem);
		else if (host_is_capture(c->machine.host))
			report_line(r, "VFIO and iommufd: their answers are not in this capture");
		else
			report_line(r, "VFIO and iommufd: not asked, as no node of /dev was to be opened");
		return;
	}
	if (c->all)
		ioctl_text_head(r, facts);
	for (unsigned int i = 0; i < facts->nr_devices; i++)
		if (ioctl_is_shown(c, &facts->devices[i])) {
			ioctl_text_device(r, &facts->devices[i]);
			shown++;
		}
	if (!shown)
		report_line(r, "  no device here is bound to VFIO, so no IOMMU was asked through it");
}
