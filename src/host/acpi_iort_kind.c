/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of IORT nodes (DEN0049 3.1): what follows the header they all have. Offsets count from the node's start. */
#include <inttypes.h>
#include <string.h>

#include "host/acpi_iort.h"

static void iort_registers(const struct acpi_part *part, const struct iort_node *n, uint64_t alignment)
{
	if (!n->base)
		acpi_problem(part->table, part->at + 16, "value", "%s: the registers are at address 0",
			     iort_type_name(n->type));
	if (!IS_ALIGNED(n->base, alignment))
		acpi_problem(part->table, part->at + 16, "misaligned",
			     "%s: the registers at 0x%" PRIx64 " are not %" PRIu64 "K aligned", iort_type_name(n->type),
			     n->base, alignment >> 10);
}

/* CCA, allocation hints, reserved, memory access flags: CPM, DACS and, later, CANWBS. */
static void iort_memory_access(const struct acpi_part *part, size_t off, struct iort_node *n)
{
	uint64_t v = acpi_get(part, off, 8);
	uint32_t cca = v;
	bool cpm = v >> 56 & 1, dacs = v >> 57 & 1;
	const char *name = iort_type_name(n->type);

	n->memory_access = v;
	acpi_reserved(part, off + 4, 1, 0xf0, "allocation hints");
	acpi_reserved(part, off + 5, 2, 0xffff, "memory access properties");
	acpi_reserved(part, off + 7, 1, 0xf8, "memory access flags");
	if (cca > 1)
		acpi_problem(part->table, part->at + off, "value", "%s: cache coherent attribute 0x%x, neither 0 nor 1",
			     name, cca);
	else if (cca && !cpm)
		acpi_problem(part->table, part->at + off, "value",
			     "%s: coherent, without a coherent path to memory (CCA 1, CPM 0)", name);
	else if (!cca && cpm && dacs)
		acpi_problem(part->table, part->at + off, "value",
			     "%s: not coherent, with a coherent path and cacheable attributes (CCA 0, CPM 1, DACS 1)",
			     name);
}

static void iort_name(const struct acpi_part *part, size_t off, struct iort_node *n)
{
	if (!acpi_string(part, off, n->name, sizeof(n->name)))
		acpi_problem(part->table, part->at + off, "value", "%s: the name '%s' has no end within %s",
			     iort_type_name(n->type), n->name,
			     part->bytes.len - off < sizeof(n->name) ? "the node" : "63 characters");
}

static void iort_limit(const struct acpi_part *part, size_t off, struct iort_node *n)
{
	n->address_bits = acpi_get(part, off, 1);
	if (n->address_bits > 64)
		acpi_problem(part->table, part->at + off, "value", "%s: a memory address limit of %u bits",
			     iort_type_name(n->type), n->address_bits);
}

static void iort_its(const struct acpi_part *part, struct iort_node *n)
{
	uint64_t room = (part->bytes.len - 20) / 4, count = acpi_get(part, 16, 4);

	n->nr_its = MIN(count, room);
	if (count > room)
		acpi_problem(part->table, part->at + 16, "truncated",
			     "ITS group: %" PRIu64 " identifiers, room for %" PRIu64, count, room);
	if (!count)
		acpi_problem(part->table, part->at + 16, "value", "ITS group: it names no ITS");
	if (acpi_get(part, 8, 4))
		acpi_problem(part->table, part->at + 8, "value", "ITS group: it has %u ID mappings, and may have none",
			     (unsigned int)acpi_get(part, 8, 4));
}

static void iort_named(const struct acpi_part *part, struct iort_node *n)
{
	n->flags = acpi_get(part, 16, 4);
	/* bit 0 stall, 5:1 PASID width; none of them in revision 0 */
	acpi_reserved(part, 16, 4, n->revision ? 0xffffffc0 : 0xffffffff, "named component flags");
	iort_memory_access(part, 20, n);
	iort_limit(part, 28, n);
	iort_name(part, 29, n);
}

static void iort_root(const struct acpi_part *part, struct iort_node *n)
{
	iort_memory_access(part, 16, n);
	n->ats = acpi_get(part, 24, 4);
	n->segment = acpi_get(part, 28, 4);
	acpi_reserved(part, 24, 4, 0xfffffff8, "root complex ATS attribute");
	if (n->segment > 0xffff)
		acpi_problem(part->table, part->at + 28, "value", "root complex: PCI segment 0x%x", n->segment);
	if (n->revision < 1)
		return;
	iort_limit(part, 32, n);
	if (n->revision < 4) {
		acpi_reserved(part, 33, 2, 0xffff, "root complex");
		return;
	}
	n->pasid = acpi_get(part, 33, 2);
	acpi_reserved(part, 33, 2, 0xffe0, "root complex PASID capabilities");
	acpi_reserved(part, 35, 1, 0xff, "root complex");
	acpi_reserved(part, 36, 4, 0xfffffffe, "root complex flags");
}

/* An array of GSI and flags: bit 0 edge triggered. */
static void iort_interrupts(const struct acpi_part *part, size_t off, uint64_t count, const char *what)
{
	struct acpi_part array;

	if (!acpi_sub(part, off, count * 8, &array)) {
		acpi_problem(part->table, part->at, "truncated",
			     "SMMU: %" PRIu64 " %s interrupts at 0x%zx leave the node", count, what, off);
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		acpi_reserved(&array, i * 8 + 4, 4, 0xfffffffe, "SMMU interrupt flags");
}

static void iort_smmu(const struct acpi_part *part, struct iort_node *n)
{
	n->base = acpi_get(part, 16, 8);
	n->span = acpi_get(part, 24, 8);
	n->model = acpi_get(part, 32, 4);
	n->flags = acpi_get(part, 36, 4);
	iort_registers(part, n, KiB(4));
	if (!n->span || n->span - 1 > UINT64_MAX - n->base)
		acpi_problem(part->table, part->at + 24, "value",
			     "SMMU: 0x%" PRIx64 " bytes of registers at 0x%" PRIx64, n->span, n->base);
	if (n->model > 5)
		acpi_problem(part->table, part->at + 32, "value", "SMMU: model %u, which is not defined", n->model);
	acpi_reserved(part, 36, 4, 0xfffffffc, "SMMU flags");
	iort_interrupts(part, acpi_get(part, 40, 4), 2, "global");
	iort_interrupts(part, acpi_get(part, 48, 4), acpi_get(part, 44, 4), "context");
	iort_interrupts(part, acpi_get(part, 56, 4), acpi_get(part, 52, 4), "PMU");
}

/* Which mapping is for the SMMU's own interrupts: drivers/acpi/arm64/iort.c, iort_get_id_mapping_index. */
static bool smmuv3_has_index(const struct acpi_part *part, const struct iort_node *n)
{
	if (n->revision < 1 || part->bytes.len < 68)
		return false;
	if (n->revision >= 5)
		return n->flags >> 4 & 1;
	return !acpi_get(part, 44, 4) || !acpi_get(part, 48, 4) || !acpi_get(part, 52, 4) || !acpi_get(part, 56, 4);
}

static void iort_smmuv3(const struct acpi_part *part, struct iort_node *n)
{
	uint32_t mappings = acpi_get(part, 8, 4), index = acpi_get(part, 64, 4);

	n->base = acpi_get(part, 16, 8);
	n->flags = acpi_get(part, 24, 4);
	n->model = acpi_get(part, 40, 4);
	iort_registers(part, n, KiB(64));
	acpi_reserved(part, 24, 4, n->revision >= 5 ? 0xffffffe0 : 0xfffffff0, "SMMUv3 flags");
	acpi_reserved(part, 28, 4, 0xffffffff, "SMMUv3");
	if ((n->flags >> 1 & 3) == 3)
		acpi_problem(part->table, part->at + 24, "reserved", "SMMUv3: HTTU override 3 is reserved");
	if (n->model > 2)
		acpi_problem(part->table, part->at + 40, "value", "SMMUv3: model %u, which is not defined", n->model);
	if (mappings && smmuv3_has_index(part, n) && index >= mappings)
		acpi_problem(part->table, part->at + 64, "reference", "SMMUv3: device ID mapping %u, of %u mappings",
			     index, mappings);
}

static void iort_pmcg(const struct acpi_part *part, struct iort_node *n)
{
	n->base = acpi_get(part, 16, 8);
	n->reference = acpi_get(part, 28, 4);
	if (acpi_get(part, 8, 4) > 1)
		acpi_problem(part->table, part->at + 8, "value",
			     "PMCG: %u ID mappings, at most one is for its interrupt",
			     (unsigned int)acpi_get(part, 8, 4));
}

static void iort_rmr_range(const struct acpi_part *part, size_t off, struct acpi_ranges *ranges, struct iort_node *n)
{
	uint64_t start = acpi_get(part, off, 8), length = acpi_get(part, off + 8, 8);
	bool whole = length && length - 1 <= UINT64_MAX - start;

	acpi_reserved(part, off + 16, 4, 0xffffffff, "RMR memory range");
	if (!IS_ALIGNED(start, KiB(64)) || !IS_ALIGNED(length, KiB(64)))
		acpi_problem(part->table, part->at + off, "misaligned",
			     "RMR: 0x%" PRIx64 " bytes at 0x%" PRIx64 " are not made of 64K", length, start);
	if (!whole)
		acpi_problem(part->table, part->at + off + 8, "value", "RMR: 0x%" PRIx64 " bytes at 0x%" PRIx64, length,
			     start);
	else if (acpi_ranges_add(ranges, 0, start, start + length - 1, part->at + off) >= 0)
		acpi_problem(part->table, part->at + off, "overlap",
			     "RMR: 0x%" PRIx64 "-0x%" PRIx64 " overlaps another range of the node", start,
			     start + length - 1);
	if (n->nr_memory < ARRAY_SIZE(n->memory)) {
		n->memory[n->nr_memory].start = start;
		n->memory[n->nr_memory++].length = length;
	}
}

static void iort_rmr(const struct acpi_part *part, struct iort_node *n)
{
	uint32_t count = acpi_get(part, 20, 4), off = acpi_get(part, 24, 4);
	struct acpi_ranges ranges = {0};
	struct acpi_part array;

	n->flags = acpi_get(part, 16, 4);
	acpi_reserved(part, 16, 4, 0xfffffc00, "RMR flags");
	if ((n->flags >> 2 & 0xff) > 5)
		acpi_problem(part->table, part->at + 16, "reserved", "RMR: access attributes 0x%02x are not defined",
			     n->flags >> 2 & 0xff);
	if (!count)
		acpi_problem(part->table, part->at + 20, "value", "RMR: it has no memory range");
	if (!acpi_get(part, 8, 4))
		acpi_problem(part->table, part->at + 8, "value", "RMR: it has no ID mapping, and so no device");
	if (!acpi_sub(part, off, (uint64_t)count * 20, &array))
		acpi_problem(part->table, part->at + 20, "truncated", "RMR: %u memory ranges at 0x%x leave the node",
			     count, off);
	for (size_t at = 0; at + 20 <= array.bytes.len && at < ARRAY_SIZE(n->memory) * 20; at += 20)
		iort_rmr_range(&array, at, &ranges, n);
	if (count > ARRAY_SIZE(n->memory))
		acpi_problem(part->table, part->at + 20, "too-many", "RMR: of %u memory ranges %zu are looked at",
			     count, ARRAY_SIZE(n->memory));
	acpi_ranges_end(&ranges);
}

static void iort_iwb(const struct acpi_part *part, struct iort_node *n)
{
	n->base = acpi_get(part, 16, 8);
	iort_registers(part, n, KiB(4));
	iort_name(part, 26, n);
}

/* By type; @revision is the last that is known (DEN0049E.f). */
static const struct iort_kind {
	const char *name;
	size_t fixed;
	uint8_t revision;
	void (*parse)(const struct acpi_part *part, struct iort_node *n);
} iort_kinds[] = {
	[IORT_ITS] = {"ITS group", 20, 1, iort_its},
	[IORT_NAMED] = {"named component", 30, 4, iort_named},
	[IORT_ROOT] = {"root complex", 32, 4, iort_root},
	[IORT_SMMU] = {"SMMU", 60, 3, iort_smmu},
	[IORT_SMMUV3] = {"SMMUv3", 60, 5, iort_smmuv3},
	[IORT_PMCG] = {"PMCG", 32, 2, iort_pmcg},
	[IORT_RMR] = {"RMR", 28, 3, iort_rmr},
	[IORT_IWB] = {"IWB", 27, 0, iort_iwb},
};

const char *iort_type_name(unsigned int type)
{
	return type < ARRAY_SIZE(iort_kinds) ? iort_kinds[type].name : NULL;
}

size_t iort_kind_fixed(uint8_t type)
{
	return type < ARRAY_SIZE(iort_kinds) ? iort_kinds[type].fixed : 0;
}

void iort_kind_parse(const struct acpi_part *part, struct iort_node *node)
{
	const struct iort_kind *kind = &iort_kinds[node->type];

	if (node->revision > kind->revision)
		acpi_problem(part->table, part->at + 3, "value", "%s: revision %u, at most %u is defined", kind->name,
			     node->revision, kind->revision);
	kind->parse(part, node);
}
