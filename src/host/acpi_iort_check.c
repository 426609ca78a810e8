/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What IORT's nodes say together: where mappings lead, whether they lead in a circle, what is there twice. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/acpi_iort.h"

static int iort_compare(const void *key, const void *node)
{
	uint32_t at = *(const uint32_t *)key, other = ((const struct iort_node *)node)->at;

	return at < other ? -1 : at > other;
}

const struct iort_node *iort_node_at(const struct iort *iort, uint32_t at)
{
	return bsearch(&at, iort->nodes, iort->nr_nodes, sizeof(*iort->nodes), iort_compare);
}

/* What may be asked to translate: the IDs of any other kind of node go nowhere. */
static bool iort_is_target(uint8_t type)
{
	return type == IORT_ITS || type == IORT_SMMU || type == IORT_SMMUV3 || type == IORT_IWB;
}

static void iort_check_target(struct iort *iort, const struct iort_node *n, const struct iort_mapping *m)
{
	const struct iort_node *target = iort_node_at(iort, m->target);

	if (!target)
		acpi_problem(&iort->table, m->at + 12, "reference",
			     "%s: an ID mapping leads to 0x%x, where no node begins", iort_type_name(n->type),
			     m->target);
	else if (!iort_is_target(target->type))
		acpi_problem(&iort->table, m->at + 12, "reference", "%s: an ID mapping leads to the %s at 0x%x",
			     iort_type_name(n->type), iort_type_name(target->type) ?: "node of no known type",
			     target->at);
}

/* A node that is too short is there, so that others can lead to it, but nothing of its kind has been read. */
static bool iort_was_read(const struct iort_node *n)
{
	size_t fixed = iort_kind_fixed(n->type);

	return fixed && n->len >= fixed;
}

static void iort_check_references(struct iort *iort, const struct iort_node *n)
{
	for (unsigned int i = 0; i < n->nr_mappings; i++)
		iort_check_target(iort, n, &n->mappings[i]);
	if (n->type == IORT_PMCG && iort_was_read(n) && !iort_node_at(iort, n->reference))
		acpi_problem(&iort->table, n->at + 28, "reference", "PMCG: it counts for 0x%x, where no node begins",
			     n->reference);
}

struct iort_twins {
	struct acpi_ranges ids, segments, registers;
};

/* SMMUv3: two pages of 64K (drivers/acpi/arm64/iort.c, arm_smmu_v3_resource_size: one for Cavium's). */
static uint64_t iort_span(const struct iort_node *n)
{
	if (n->type == IORT_SMMU)
		return n->span;
	return n->model == 2 ? KiB(64) : KiB(128);
}

static void iort_check_registers(struct iort *iort, const struct iort_node *n, struct iort_twins *twins)
{
	uint64_t span = iort_span(n), last;
	int64_t other;

	if (!n->base || !span || __builtin_add_overflow(n->base, span - 1, &last))
		return;
	other = acpi_ranges_add(&twins->registers, 0, n->base, last, n->at);
	if (other >= 0)
		acpi_problem(&iort->table, n->at + 16, "overlap",
			     "%s: the registers 0x%" PRIx64 "-0x%" PRIx64 " overlap those of the node at 0x%" PRIx64,
			     iort_type_name(n->type), n->base, last, (uint64_t)other);
}

static void iort_check_twins(struct iort *iort, const struct iort_node *n, struct iort_twins *twins)
{
	int64_t other = -1;

	if (n->type == IORT_SMMU || n->type == IORT_SMMUV3)
		iort_check_registers(iort, n, twins);
	/* one root complex for a segment: drivers/acpi/arm64/iort.c, iort_match_node_callback */
	if (n->type == IORT_ROOT && iort_was_read(n))
		other = acpi_ranges_add(&twins->segments, 0, n->segment, n->segment, n->at);
	if (other >= 0)
		acpi_problem(&iort->table, n->at + 28, "duplicate",
			     "root complex: PCI segment %04x is also that of the node at 0x%" PRIx64, n->segment,
			     (uint64_t)other);
	/* the field was reserved before revision E.b of the specification, which is 3 of the table */
	if (iort->table.revision < 3)
		return;
	other = acpi_ranges_add(&twins->ids, 0, n->id, n->id, n->at);
	if (other >= 0)
		acpi_problem(&iort->table, n->at + 4, "duplicate",
			     "%s: identifier %u is also that of the node at 0x%" PRIx64,
			     iort_type_name(n->type) ?: "node", n->id, (uint64_t)other);
}

/* Depth first, without recursion: @next is the mapping of a node to follow next. */
struct iort_search {
	struct iort *iort;
	enum { IORT_NEW, IORT_OPEN, IORT_DONE } * state;
	uint32_t *next, *stack;
	unsigned int depth;
};

static void iort_push(struct iort_search *s, unsigned int index)
{
	s->state[index] = IORT_OPEN;
	s->next[index] = 0;
	s->stack[s->depth++] = index;
}

static void iort_follow(struct iort_search *s, const struct iort_node *n)
{
	const struct iort_mapping *m = &n->mappings[s->next[n - s->iort->nodes]++];
	const struct iort_node *target = iort_node_at(s->iort, m->target);

	if (!target)
		return;
	if (s->state[target - s->iort->nodes] == IORT_OPEN)
		acpi_problem(&s->iort->table, m->at + 12, "loop", "%s: an ID mapping leads back to the %s at 0x%x",
			     iort_type_name(n->type), iort_type_name(target->type) ?: "node", target->at);
	else if (s->state[target - s->iort->nodes] == IORT_NEW)
		iort_push(s, target - s->iort->nodes);
}

static void iort_search_from(struct iort_search *s, unsigned int root)
{
	if (s->state[root] != IORT_NEW)
		return;
	iort_push(s, root);
	while (s->depth) {
		unsigned int index = s->stack[s->depth - 1];
		const struct iort_node *n = &s->iort->nodes[index];

		if (s->next[index] < n->nr_mappings) {
			iort_follow(s, n);
		} else {
			s->state[index] = IORT_DONE;
			s->depth--;
		}
	}
}

static int iort_check_loops(struct iort *iort)
{
	struct iort_search s = {.iort = iort};
	bool room;

	s.state = calloc(iort->nr_nodes + 1, sizeof(*s.state));
	s.next = calloc(iort->nr_nodes + 1, sizeof(*s.next));
	s.stack = calloc(iort->nr_nodes + 1, sizeof(*s.stack));
	room = s.state && s.next && s.stack;
	for (unsigned int i = 0; room && i < iort->nr_nodes; i++)
		iort_search_from(&s, i);
	free(s.state);
	free(s.next);
	free(s.stack);
	return room ? 0 : -ENOMEM;
}

int iort_check(struct iort *iort)
{
	struct iort_twins twins = {0};
	int err;

	for (unsigned int i = 0; i < iort->nr_nodes; i++) {
		iort_check_references(iort, &iort->nodes[i]);
		iort_check_twins(iort, &iort->nodes[i], &twins);
	}
	err = acpi_ranges_end(&twins.ids) | acpi_ranges_end(&twins.segments) | acpi_ranges_end(&twins.registers);
	return err ? -ENOMEM : iort_check_loops(iort);
}
