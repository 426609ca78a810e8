/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of `caps` for people: a line for each thing the firmware says, and one for each thing that is wrong. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/caps_acpi.h"

/* A line that grows until it is full; what does not fit is said to be more. */
struct acpi_line {
	char text[200];
	size_t used;
	bool full;
};

static void IC_PRINTF(2, 3) line_add(struct acpi_line *l, const char *fmt, ...)
{
	char word[80];
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	len = strlen(word);
	if (l->full)
		return;
	if (l->used + len + sizeof(" ...") > sizeof(l->text)) {
		len = strlen(strcpy(word, " ..."));
		l->full = true;
	}
	memcpy(l->text + l->used, word, len + 1);
	l->used += len;
}

/* False when there is nothing more to show of it. */
static bool text_table(struct report *r, const struct acpi_table *t)
{
	if (!t->signature[0])
		return false;
	report_line(r, "%s", "");
	if (t->err) {
		report_line(r, "%s: not readable: %s: %s", t->signature, t->path, strerror(-t->err));
		return false;
	}
	if (t->len < 36) {
		report_line(r, "%s: %s, %zu bytes", t->signature, t->path, t->len);
		return true;
	}
	report_line(r, "%s: %s, %zu bytes, revision %u, by %s %s", t->signature, t->path, t->len, t->revision,
		    t->oem_id, t->oem_table_id);
	return true;
}

static void text_problems(struct report *r, const struct acpi_table *t)
{
	for (unsigned int i = 0; i < t->nr_problems; i++)
		report_line(r, "  problem at 0x%x, %s: %s", t->problems[i].at, t->problems[i].kind,
			    t->problems[i].text);
	if (t->nr_problems_lost)
		report_line(r, "  and %u problems more", t->nr_problems_lost);
}

static void line_scope(struct acpi_line *l, const struct acpi_scope *s)
{
	const char *name = acpi_scope_type_name(s->type);
	char path[24] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < s->nr_path && used < sizeof(path) - 8; i++)
		used += (size_t)snprintf(path + used, sizeof(path) - used, "%s%02x.%x", i ? "/" : ":",
					 s->path[i].device, s->path[i].function);
	if (s->type <= 2)
		line_add(l, ", %s %02x%s", name ?: "unknown", s->bus, path);
	else
		line_add(l, ", %s %u", name ?: "unknown", s->id);
}

static void text_dmar_entry(struct report *r, const struct dmar_entry *e)
{
	struct acpi_line l = {.used = 0};

	switch (e->type) {
	case DMAR_DRHD:
		line_add(&l, "registers at 0x%" PRIx64 ", segment %04x%s", e->base, e->segment,
			 e->flags & 1 ? ", all devices that no other names" : "");
		break;
	case DMAR_RMRR:
		line_add(&l, "0x%" PRIx64 "-0x%" PRIx64 ", segment %04x", e->base, e->last, e->segment);
		break;
	case DMAR_RHSA:
		line_add(&l, "registers at 0x%" PRIx64 ", proximity domain %u", e->base, e->domain);
		break;
	case DMAR_ANDD:
		line_add(&l, "ACPI device %u is %s", e->domain, e->name);
		break;
	case DMAR_ATSR:
		line_add(&l, "segment %04x%s", e->segment, e->flags & 1 ? ", all root ports" : "");
		break;
	default:
		line_add(&l, "segment %04x", e->segment);
	}
	for (unsigned int i = 0; i < e->nr_scopes; i++)
		line_scope(&l, &e->scopes[i]);
	report_line(r, "  %-4s  %s", dmar_type_name(e->type), l.text);
}

static void text_dmar(struct report *r, const struct dmar *d)
{
	if (!text_table(r, &d->table))
		return;
	if (d->width)
		report_line(
			r, "  host addresses of %u bits; interrupt remapping: %s; DMA protection before boot: %s%s%s",
			d->width, d->flags & 1 ? "yes" : "no", d->flags & 4 ? "yes" : "no",
			d->flags & 2 ? "; x2APIC: opted out" : "", d->flags & 8 ? "; DMA remapping: opted out" : "");
	for (unsigned int i = 0; i < d->nr_entries; i++)
		text_dmar_entry(r, &d->entries[i]);
	text_problems(r, &d->table);
}

static void text_ivhd(struct report *r, const struct ivhd *b)
{
	struct acpi_line l = {.used = 0};
	char rid[ACPI_RID_LEN], last[ACPI_RID_LEN];

	line_add(&l, "%s, registers at 0x%" PRIx64, acpi_rid(b->segment, b->device_id, rid), b->base);
	if (b->type != 0x10)
		line_add(&l, ", EFR 0x%" PRIx64 " 0x%" PRIx64, b->efr, b->efr2);
	for (unsigned int i = 0; i < b->nr_entries; i++) {
		const struct ivhd_entry *e = &b->entries[i];

		if (e->all)
			line_add(&l, ", all devices");
		else if (e->special)
			line_add(&l, ", %s %u", e->special == 1 ? "I/O APIC" : "HPET", e->handle);
		else if (e->hid[0])
			line_add(&l, ", %s", e->hid);
		else if (e->first == e->last)
			line_add(&l, ", %s", acpi_rid(b->segment, e->first, rid));
		else
			line_add(&l, ", %s-%s", acpi_rid(b->segment, e->first, rid),
				 acpi_rid(b->segment, e->last, last));
	}
	report_line(r, "  %s  %s", ivrs_type_name(b->type), l.text);
}

static void text_ivmd(struct report *r, const struct ivmd *m)
{
	char first[ACPI_RID_LEN], last[ACPI_RID_LEN];

	report_line(r, "  IVMD      0x%" PRIx64 "-0x%" PRIx64 ", %s%s%s%s, %s-%s", m->start, m->start + m->length - 1,
		    m->flags & 8 ? "excluded" : "", m->flags & 1 ? "mapped as it is" : "", m->flags & 2 ? ", read" : "",
		    m->flags & 4 ? ", write" : "", acpi_rid(m->segment, m->first, first),
		    acpi_rid(m->segment, m->last, last));
}

static void text_ivrs(struct report *r, const struct ivrs *v)
{
	unsigned int physical = v->info >> 8 & 0x7f, virtual = v->info >> 15 & 0x7f;

	if (!text_table(r, &v->table))
		return;
	if (v->table.len >= 48)
		report_line(
			r,
			"  addresses: physical %u bits, virtual %u bits (0 = not said); EFR images %s; DMA protection "
			"before boot: %s",
			physical, virtual, v->info & 1 ? "valid" : "not valid", v->info & 2 ? "yes" : "no");
	for (unsigned int i = 0; i < v->nr_blocks; i++)
		text_ivhd(r, &v->blocks[i]);
	for (unsigned int i = 0; i < v->nr_memory; i++)
		text_ivmd(r, &v->memory[i]);
	text_problems(r, &v->table);
}

static void line_iort_kind(struct acpi_line *l, const struct iort_node *n)
{
	static const char *const httu[] = {"", ", access flag", ", access and dirty flags", ", flags 3 (reserved)"};

	switch (n->type) {
	case IORT_SMMU:
	case IORT_PMCG:
	case IORT_IWB:
		line_add(l, ", registers at 0x%" PRIx64, n->base);
		break;
	case IORT_SMMUV3:
		line_add(l, ", registers at 0x%" PRIx64 "%s%s", n->base, n->flags & 1 ? ", coherent" : "",
			 httu[n->flags >> 1 & 3]);
		break;
	case IORT_ROOT:
		line_add(l, ", segment %04x%s%s%s", n->segment, n->memory_access & 1 ? ", coherent" : "",
			 n->ats & 1 ? ", ATS" : "", n->ats & 2 ? ", PRI" : "");
		break;
	case IORT_RMR:
		for (unsigned int i = 0; i < n->nr_memory; i++)
			line_add(l, ", 0x%" PRIx64 "-0x%" PRIx64, n->memory[i].start,
				 n->memory[i].start + n->memory[i].length - 1);
		line_add(l, "%s", n->flags & 1 ? ", may be moved" : "");
		break;
	default:
		break;
	}
	if (n->name[0])
		line_add(l, ", %s", n->name);
	if (n->address_bits)
		line_add(l, ", addresses of %u bits", n->address_bits);
}

static void text_iort(struct report *r, const struct iort *iort)
{
	if (!text_table(r, &iort->table))
		return;
	for (unsigned int i = 0; i < iort->nr_nodes; i++) {
		const struct iort_node *n = &iort->nodes[i];
		struct acpi_line l = {.used = 0};

		line_iort_kind(&l, n);
		for (unsigned int k = 0; k < n->nr_mappings; k++)
			line_add(&l, ", 0x%x+0x%x to 0x%x of node 0x%x", n->mappings[k].input, n->mappings[k].count,
				 n->mappings[k].output, n->mappings[k].target);
		report_line(r, "  0x%04x  %s%s", n->at, iort_type_name(n->type) ?: "unknown", l.text);
	}
	text_problems(r, &iort->table);
}

static void text_viot(struct report *r, const struct viot *v)
{
	char first[ACPI_RID_LEN], last[ACPI_RID_LEN];

	if (!text_table(r, &v->table))
		return;
	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		const struct viot_node *n = &v->nodes[i];
		struct acpi_line l = {.used = 0};

		if (n->type == 1)
			line_add(&l, " %s-%s", acpi_rid(n->first_segment, n->first, first),
				 acpi_rid(n->last_segment, n->last, last));
		else if (n->type == 3)
			line_add(&l, " %s", acpi_rid(n->first_segment, n->first, first));
		else
			line_add(&l, " 0x%" PRIx64, n->base);
		if (n->type <= 2)
			line_add(&l, ", endpoint 0x%x of node 0x%x", n->endpoint, n->output);
		report_line(r, "  0x%04x  %s%s", n->at, viot_type_name(n->type), l.text);
	}
	text_problems(r, &v->table);
}

void acpi_text(struct report *r, const struct machine *m)
{
	text_dmar(r, &m->dmar);
	text_ivrs(r, &m->ivrs);
	text_iort(r, &m->iort);
	text_viot(r, &m->viot);
}
