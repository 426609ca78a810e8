/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from the registers of one IOMMU: the families' rules run over them, and how a fact is worded. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "host/reg_facts.h"

const struct reg_fact_kind reg_fact_kinds[] = {
	{"second-stage", "tables from guest physical or I/O virtual addresses, and the bits of an address they take"},
	{"second-stage-levels", "the most levels that such a table may have"},
	{"first-stage", "tables from virtual addresses, and the bits of an address they take"},
	{"page-sizes", "sizes of a mapping, as a bit mask in value"},
	{"pasid", "process address space ids, and their bits"},
	{"dirty-tracking", "whether writes can be tracked in page tables, or which bit is missing"},
	{"snoop-control",
	 "whether the IOMMU can make a device's accesses snoop the caches whatever the device asks for"},
	{"page-walk-coherency", "whether the IOMMU's reads of its tables snoop the caches"},
	{"nested", "first-stage over second-stage translation"},
	{"ats", "translation requests by devices"},
	{"pri", "page requests by devices"},
	{"interrupt-remapping", "whether interrupts of devices are remapped"},
	{"x2apic", "32-bit APIC ids in remapped interrupts"},
	{"caching-mode", "entries that are not present may be cached: a virtual IOMMU"},
	{"domains", "how many domains there can be"},
	{NULL, NULL},
};

const struct reg_fact *reg_fact_find(const struct reg_fact *facts, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(facts[i].name, name))
			return &facts[i];
	return NULL;
}

const char *reg_fact_reason(const struct reg_fact *fact)
{
	return strncmp(fact->text, "no: ", 4) ? fact->text : fact->text + 4;
}

unsigned int reg_facts(const struct reg_value *values, unsigned int n, struct reg_fact *out)
{
	struct fact_list list = {.facts = out};

	facts_vtd(values, n, &list);
	facts_amd(values, n, &list);
	facts_smmuv3(values, n, &list);
	facts_riscv(values, n, &list);
	facts_virtio(values, n, &list);
	return list.n;
}

void fact_add(struct fact_list *list, const char *name, bool has, uint64_t value, const char *fmt, ...)
{
	struct reg_fact *f;
	va_list ap;

	if (list->n == REG_FACTS_MAX)
		return;
	f = &list->facts[list->n++];
	*f = (struct reg_fact){.name = name, .has = has, .value = value};
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

/* The next of the words in *@words into @name; false after the last. */
static bool fact_word(const char **words, char *name, size_t len)
{
	size_t n;

	*words += strspn(*words, " ");
	n = strcspn(*words, " ");
	snprintf(name, len, "%.*s", (int)n, *words);
	*words += n;
	return n > 0;
}

bool fact_has_flags(const struct reg_value *v, const char *flags)
{
	char name[32];

	while (fact_word(&flags, name, sizeof(name)))
		if (!reg_get(v->reg, name, v->raw))
			return false;
	return true;
}

void fact_flags(struct fact_list *list, const char *name, const struct reg_value *v, const char *flags, const char *yes)
{
	char missing[120] = "", flag[32];
	unsigned int count = 0;
	size_t used = 0;

	while (fact_word(&flags, flag, sizeof(flag))) {
		if (reg_get(v->reg, flag, v->raw))
			continue;
		if (used < sizeof(missing))
			used += (size_t)snprintf(missing + used, sizeof(missing) - used, "%s%s (bit %u)",
						 count ? ", " : "", flag, reg_field_find(v->reg, flag)->low);
		count++;
	}
	if (count)
		fact_add(list, name, false, 0, "no: %s %s clear", missing, count > 1 ? "are" : "is");
	else
		fact_add(list, name, true, 0, "%s", yes);
}

char *fact_sizes(uint64_t mask, char *buf, size_t len)
{
	char size[24];
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int bit = 0; bit < 64; bit++)
		if (mask >> bit & 1 && used < len)
			used += (size_t)snprintf(buf + used, len - used, "%s%s", used ? ", " : "",
						 num_format_size(size, sizeof(size), UINT64_C(1) << bit));
	return buf;
}
