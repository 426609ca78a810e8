/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzer of host/acpi: the input is a table; its signature says which, or else its first byte. What was read is shown too. */
#include "fuzz.h"

#include "cmd/caps.h"

static void table_holds(const struct acpi_table *t)
{
	FUZZ_ENDS(t->signature);
	FUZZ_ENDS(t->path);
	FUZZ_ENDS(t->oem_id);
	FUZZ_ENDS(t->oem_table_id);
	FUZZ_HOLDS(t->nr_problems <= ACPI_PROBLEMS_MAX);
	for (unsigned int i = 0; i < t->nr_problems; i++) {
		FUZZ_HOLDS(t->problems[i].at <= MAX(t->len, 48));
		FUZZ_HOLDS(t->problems[i].kind && t->problems[i].text[0]);
		FUZZ_ENDS(t->problems[i].text);
	}
}

static void dmar_holds(const struct dmar *d)
{
	table_holds(&d->table);
	for (unsigned int i = 0; i < d->nr_entries; i++) {
		const struct dmar_entry *e = &d->entries[i];

		FUZZ_HOLDS(dmar_type_name(e->type) && e->at + e->len <= d->table.len && e->len >= 8);
		FUZZ_ENDS(e->name);
		for (unsigned int k = 0; k < e->nr_scopes; k++)
			FUZZ_HOLDS(e->scopes[k].nr_path <= ACPI_PATH_MAX && e->scopes[k].at < e->at + e->len);
	}
}

static void ivrs_holds(const struct ivrs *v)
{
	table_holds(&v->table);
	for (unsigned int i = 0; i < v->nr_blocks; i++) {
		const struct ivhd *b = &v->blocks[i];

		FUZZ_HOLDS(b->at + b->len <= v->table.len && b->len >= 24);
		for (unsigned int k = 0; k < b->nr_entries; k++) {
			FUZZ_HOLDS(b->entries[k].first <= b->entries[k].last);
			FUZZ_HOLDS(b->entries[k].at < b->at + b->len);
			FUZZ_ENDS(b->entries[k].hid);
			FUZZ_ENDS(b->entries[k].uid);
		}
	}
}

static void iort_holds(const struct iort *iort)
{
	table_holds(&iort->table);
	for (unsigned int i = 0; i < iort->nr_nodes; i++) {
		const struct iort_node *n = &iort->nodes[i];

		FUZZ_HOLDS(n->at + n->len <= iort->table.len && n->len >= 16);
		FUZZ_HOLDS(n->nr_memory <= ARRAY_SIZE(n->memory) && n->nr_mappings <= n->len / 20);
		FUZZ_ENDS(n->name);
	}
}

static void viot_holds(const struct viot *v)
{
	table_holds(&v->table);
	for (unsigned int i = 0; i < v->nr_nodes; i++)
		FUZZ_HOLDS(viot_type_name(v->nodes[i].type) && v->nodes[i].at < v->table.len);
}

static void show(const struct machine *m)
{
	const struct report_params params = {.format = REPORT_JSON, .command = "caps"};
	struct report *r;

	FUZZ_HOLDS(report_open(&r, &params) == 0);
	caps_report_acpi(r, m);
	report_discard(r);
}

static unsigned int which(const uint8_t *data, size_t size)
{
	static const char *const signatures[] = {"DMAR", "IVRS", "IORT", "VIOT"};

	for (unsigned int i = 0; i < ARRAY_SIZE(signatures); i++)
		if (size >= 4 && memcmp(data, signatures[i], 4) == 0)
			return i;
	return size ? data[0] & 3 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size, 0);
	static struct machine m;

	memset(&m, 0, sizeof(m));
	switch (which(data, size)) {
	case 0:
		FUZZ_HOLDS(dmar_parse(copy, size, &m.dmar) == 0);
		dmar_holds(&m.dmar);
		break;
	case 1:
		FUZZ_HOLDS(ivrs_parse(copy, size, &m.ivrs) == 0);
		ivrs_holds(&m.ivrs);
		break;
	case 2:
		FUZZ_HOLDS(iort_parse(copy, size, &m.iort) == 0);
		iort_holds(&m.iort);
		break;
	default:
		FUZZ_HOLDS(viot_parse(copy, size, &m.viot) == 0);
		viot_holds(&m.viot);
		break;
	}
	show(&m);
	dmar_free(&m.dmar);
	ivrs_free(&m.ivrs);
	iort_free(&m.iort);
	viot_free(&m.viot);
	return 0;
}
