/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of `caps` for machines: everything that was read of them, by offset, and what is wrong with it. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/caps_acpi.h"
#include "core/script.h"

const char *acpi_rid(uint16_t segment, uint16_t rid, char buf[ACPI_RID_LEN])
{
	snprintf(buf, ACPI_RID_LEN, "%04x:%02x:%02x.%x", segment, rid >> 8, rid >> 3 & 0x1f, rid & 7);
	return buf;
}

static void acpi_report_problems(struct report *r, const struct acpi_table *t)
{
	report_list(r, "problems");
	for (unsigned int i = 0; i < t->nr_problems; i++) {
		report_object(r, NULL);
		report_num(r, "at", t->problems[i].at);
		report_str(r, "kind", t->problems[i].kind);
		report_str(r, "text", t->problems[i].text);
		report_close(r);
	}
	report_close(r);
	report_num(r, "problems_lost", t->nr_problems_lost);
}

static void acpi_report_table(struct report *r, const struct acpi_table *t)
{
	report_bool(r, "present", t->signature[0] != '\0');
	report_str(r, "path", t->path);
	report_str(r, "error", t->err ? script_errno_name(-t->err) : "");
	report_num(r, "length", t->len);
	report_num(r, "revision", t->revision);
	report_str(r, "oem_id", t->oem_id);
	report_str(r, "oem_table_id", t->oem_table_id);
	acpi_report_problems(r, t);
}

/* What a list's objects begin with. A type nobody has a name for is not in any list. */
static void acpi_report_head(struct report *r, uint32_t at, const char *type)
{
	report_object(r, NULL);
	report_num(r, "at", at);
	report_str(r, "type", type ?: "");
}

static void acpi_report_rid(struct report *r, const char *key, uint16_t segment, uint16_t rid)
{
	char buf[ACPI_RID_LEN];

	report_str(r, key, acpi_rid(segment, rid, buf));
}

/* --- DMAR --- */

static void dmar_report_scope(struct report *r, const struct acpi_scope *s)
{
	char step[12];

	acpi_report_head(r, s->at, acpi_scope_type_name(s->type));
	report_num(r, "flags", s->flags);
	report_num(r, "id", s->id);
	report_num(r, "bus", s->bus);
	report_list(r, "path");
	for (unsigned int i = 0; i < s->nr_path; i++) {
		snprintf(step, sizeof(step), "%02x.%x", s->path[i].device, s->path[i].function);
		report_str(r, NULL, step);
	}
	report_close(r);
	report_close(r);
}

static void dmar_report_entry(struct report *r, const struct dmar_entry *e)
{
	acpi_report_head(r, e->at, dmar_type_name(e->type));
	report_num(r, "length", e->len);
	report_num(r, "flags", e->flags);
	report_num(r, "segment", e->segment);
	if (e->type == DMAR_DRHD || e->type == DMAR_RMRR || e->type == DMAR_RHSA)
		report_hex(r, "base", e->base);
	if (e->type == DMAR_DRHD || e->type == DMAR_RMRR)
		report_hex(r, "last", e->last);
	if (e->type == DMAR_RHSA)
		report_num(r, "domain", e->domain);
	if (e->type == DMAR_ANDD) {
		report_num(r, "device", e->domain);
		report_str(r, "name", e->name);
	}
	report_list(r, "scopes");
	for (unsigned int i = 0; i < e->nr_scopes; i++)
		dmar_report_scope(r, &e->scopes[i]);
	report_close(r);
	report_close(r);
}

static void dmar_report(struct report *r, const struct dmar *d)
{
	report_object(r, "dmar");
	acpi_report_table(r, &d->table);
	if (d->table.data) {
		report_num(r, "host_address_width", d->width);
		report_num(r, "flags", d->flags);
	}
	report_list(r, "entries");
	for (unsigned int i = 0; i < d->nr_entries; i++)
		dmar_report_entry(r, &d->entries[i]);
	report_close(r);
	report_close(r);
}

/* --- IVRS --- */

static void ivrs_report_entry(struct report *r, const struct ivhd *b, const struct ivhd_entry *e)
{
	acpi_report_head(r, e->at, ivrs_type_name(e->type));
	acpi_report_rid(r, "first", b->segment, e->first);
	acpi_report_rid(r, "last", b->segment, e->last);
	report_num(r, "settings", e->settings);
	if (e->has_alias)
		acpi_report_rid(r, "alias", b->segment, e->alias);
	if (e->special) {
		report_str(r, "special", e->special == 1 ? "ioapic" : e->special == 2 ? "hpet" : "");
		report_num(r, "handle", e->handle);
	}
	if (e->hid[0]) {
		report_str(r, "hid", e->hid);
		report_str(r, "uid", e->uid);
	}
	if (e->extended)
		report_hex(r, "extended", e->extended);
	report_close(r);
}

static void ivrs_report_block(struct report *r, const struct ivhd *b)
{
	acpi_report_head(r, b->at, ivrs_type_name(b->type));
	report_num(r, "length", b->len);
	report_num(r, "flags", b->flags);
	report_num(r, "segment", b->segment);
	acpi_report_rid(r, "device", b->segment, b->device_id);
	report_hex(r, "base", b->base);
	report_num(r, "capability", b->capability);
	report_hex(r, "info", b->info);
	report_hex(r, "features", b->features);
	/* 10h has no images of the registers */
	if (b->type != 0x10) {
		report_hex(r, "efr", b->efr);
		report_hex(r, "efr2", b->efr2);
	}
	report_list(r, "devices");
	for (unsigned int i = 0; i < b->nr_entries; i++)
		ivrs_report_entry(r, b, &b->entries[i]);
	report_close(r);
	report_close(r);
}

static void ivrs_report_memory(struct report *r, const struct ivmd *m)
{
	acpi_report_head(r, m->at, ivrs_type_name(m->type));
	report_num(r, "flags", m->flags);
	report_num(r, "segment", m->segment);
	acpi_report_rid(r, "first", m->segment, m->first);
	acpi_report_rid(r, "last", m->segment, m->last);
	report_hex(r, "start", m->start);
	report_hex(r, "bytes", m->length);
	report_close(r);
}

static void ivrs_report(struct report *r, const struct ivrs *v)
{
	report_object(r, "ivrs");
	acpi_report_table(r, &v->table);
	if (v->table.data)
		report_hex(r, "info", v->info);
	report_list(r, "entries");
	for (unsigned int i = 0; i < v->nr_blocks; i++)
		ivrs_report_block(r, &v->blocks[i]);
	report_close(r);
	report_list(r, "memory");
	for (unsigned int i = 0; i < v->nr_memory; i++)
		ivrs_report_memory(r, &v->memory[i]);
	report_close(r);
	report_close(r);
}

/* --- IORT --- */

static void iort_report_mappings(struct report *r, const struct iort_node *n)
{
	report_list(r, "mappings");
	for (unsigned int i = 0; i < n->nr_mappings; i++) {
		const struct iort_mapping *m = &n->mappings[i];

		report_object(r, NULL);
		report_num(r, "at", m->at);
		report_num(r, "input", m->input);
		report_num(r, "count", m->count);
		report_num(r, "output", m->output);
		report_num(r, "target", m->target);
		report_num(r, "flags", m->flags);
		report_close(r);
	}
	report_close(r);
}

static void iort_report_memory(struct report *r, const struct iort_node *n)
{
	report_list(r, "memory");
	for (unsigned int i = 0; i < n->nr_memory; i++) {
		report_object(r, NULL);
		report_hex(r, "start", n->memory[i].start);
		report_hex(r, "bytes", n->memory[i].length);
		report_close(r);
	}
	report_close(r);
}

/* What only some kinds of node have. */
static void iort_report_kind(struct report *r, const struct iort_node *n)
{
	bool smmu = n->type == IORT_SMMU || n->type == IORT_SMMUV3;

	if (smmu || n->type == IORT_PMCG || n->type == IORT_IWB)
		report_hex(r, "base", n->base);
	if (smmu || n->type == IORT_NAMED || n->type == IORT_RMR)
		report_hex(r, "flags", n->flags);
	if (smmu)
		report_num(r, "model", n->model);
	if (n->type == IORT_SMMU)
		report_hex(r, "bytes", n->span);
	if (n->type == IORT_ITS)
		report_num(r, "its", n->nr_its);
	if (n->type == IORT_PMCG)
		report_num(r, "reference", n->reference);
	if (n->type == IORT_ROOT) {
		report_num(r, "segment", n->segment);
		report_num(r, "ats", n->ats);
		report_num(r, "pasid_bits", n->pasid & 0x1f);
	}
	if (n->type == IORT_NAMED || n->type == IORT_IWB)
		report_str(r, "name", n->name);
	if (n->type == IORT_NAMED || n->type == IORT_ROOT) {
		report_hex(r, "memory_access", n->memory_access);
		report_num(r, "address_bits", n->address_bits);
	}
	if (n->type == IORT_RMR)
		iort_report_memory(r, n);
}

static void iort_report(struct report *r, const struct iort *iort)
{
	report_object(r, "iort");
	acpi_report_table(r, &iort->table);
	report_list(r, "entries");
	for (unsigned int i = 0; i < iort->nr_nodes; i++) {
		const struct iort_node *n = &iort->nodes[i];

		acpi_report_head(r, n->at, iort_type_name(n->type));
		report_num(r, "length", n->len);
		report_num(r, "revision", n->revision);
		report_num(r, "id", n->id);
		iort_report_kind(r, n);
		iort_report_mappings(r, n);
		report_close(r);
	}
	report_close(r);
	report_close(r);
}

/* --- VIOT --- */

static void viot_report_node(struct report *r, const struct viot_node *n)
{
	acpi_report_head(r, n->at, viot_type_name(n->type));
	if (n->type == 1) {
		acpi_report_rid(r, "first", n->first_segment, n->first);
		acpi_report_rid(r, "last", n->last_segment, n->last);
	}
	if (n->type == 1 || n->type == 2) {
		report_num(r, "endpoint", n->endpoint);
		report_num(r, "output", n->output);
	}
	if (n->type == 3)
		acpi_report_rid(r, "device", n->first_segment, n->first);
	if (n->type == 2 || n->type == 4)
		report_hex(r, "base", n->base);
	report_close(r);
}

static void viot_report(struct report *r, const struct viot *v)
{
	report_object(r, "viot");
	acpi_report_table(r, &v->table);
	report_list(r, "entries");
	for (unsigned int i = 0; i < v->nr_nodes; i++)
		viot_report_node(r, &v->nodes[i]);
	report_close(r);
	report_close(r);
}

void caps_report_acpi(struct report *r, const struct machine *m)
{
	report_object(r, "acpi");
	dmar_report(r, &m->dmar);
	ivrs_report(r, &m->ivrs);
	iort_report(r, &m->iort);
	viot_report(r, &m->viot);
	report_close(r);
	report_text_hide(r, "acpi");
	acpi_text(r, m);
}
