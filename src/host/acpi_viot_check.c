/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VIOT's nodes say together: endpoints without an IOMMU, endpoints that are described twice. */
#include <errno.h>
#include <inttypes.h>

#include "host/acpi_viot.h"

static int viot_compare(const void *key, const void *node)
{
	uint32_t at = *(const uint32_t *)key, other = ((const struct viot_node *)node)->at;

	return at < other ? -1 : at > other;
}

static void viot_check_output(struct viot *v, const struct viot_node *n)
{
	uint32_t at = n->output;
	const struct viot_node *iommu = bsearch(&at, v->nodes, v->nr_nodes, sizeof(*v->nodes), viot_compare);

	if (!iommu)
		acpi_problem(&v->table, n->at + 16, "reference",
			     "%s: its IOMMU is said to be at 0x%x, where no node begins", viot_type_name(n->type), at);
	else if (iommu->type != VIOT_PCI_IOMMU && iommu->type != VIOT_MMIO_IOMMU)
		acpi_problem(&v->table, n->at + 16, "reference", "%s: its IOMMU is said to be the %s at 0x%x",
			     viot_type_name(n->type), viot_type_name(iommu->type), at);
}

/* Endpoint IDs are one space for each IOMMU. Those of several segments have holes between them: not looked at. */
static void viot_check_endpoint(struct viot *v, const struct viot_node *n, struct acpi_ranges *ids)
{
	uint64_t count = n->type == VIOT_PCI_RANGE ? n->last - n->first + 1 : 1;
	int64_t other = -1;

	if (n->type == VIOT_PCI_RANGE && (n->first > n->last || n->first_segment != n->last_segment))
		return;
	other = acpi_ranges_add(ids, n->output, n->endpoint, (uint64_t)n->endpoint + count - 1, n->at);
	if (other >= 0)
		acpi_problem(&v->table, n->at + 4, "overlap",
			     "%s: endpoints 0x%x-0x%" PRIx64 " meet those of the node at 0x%" PRIx64,
			     viot_type_name(n->type), n->endpoint, n->endpoint + count - 1, (uint64_t)other);
}

/*
 * PCI ranges are rectangles, of segments and of devices. They are walked by segment: what begins comes into a set of ranges
 * of devices, in which no two may meet, and leaves it where it ends.
 */
struct viot_edge {
	const struct viot_node *node;
	uint32_t segment;
	bool ends;
};

static int viot_compare_edges(const void *a, const void *b)
{
	const struct viot_edge *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	if (x->ends != y->ends)
		return x->ends ? -1 : 1;
	return x->node->at < y->node->at ? -1 : 1;
}

static unsigned int viot_edges(const struct viot *v, struct viot_edge *edges)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < v->nr_nodes; i++) {
		const struct viot_node *n = &v->nodes[i];

		if (n->type != VIOT_PCI_RANGE || n->first > n->last || n->first_segment > n->last_segment)
			continue;
		edges[nr++] = (struct viot_edge){n, n->first_segment, false};
		edges[nr++] = (struct viot_edge){n, n->last_segment + 1, true};
	}
	qsort(edges, nr, sizeof(*edges), viot_compare_edges);
	return nr;
}

static int viot_check_ranges(struct viot *v)
{
	struct viot_edge *edges = calloc(2 * v->nr_nodes + 1, sizeof(*edges));
	struct acpi_ranges open = {0};
	unsigned int nr;

	if (!edges)
		return -ENOMEM;
	nr = viot_edges(v, edges);
	for (unsigned int i = 0; i < nr; i++) {
		const struct viot_node *n = edges[i].node;
		int64_t other = -1;

		if (edges[i].ends)
			acpi_ranges_remove(&open, 0, n->first, n->last);
		else
			other = acpi_ranges_add(&open, 0, n->first, n->last, n->at);
		if (other >= 0)
			acpi_problem(&v->table, n->at + 8, "overlap",
				     "PCI range: segments %04x-%04x, devices 0x%04x-0x%04x meet those of the node at "
				     "0x%" PRIx64,
				     n->first_segment, n->last_segment, n->first, n->last, (uint64_t)other);
	}
	free(edges);
	return acpi_ranges_end(&open);
}

int viot_check(struct viot *viot)
{
	struct acpi_ranges ids = {0}, addresses = {0};
	int64_t other;

	for (unsigned int i = 0; i < viot->nr_nodes; i++) {
		const struct viot_node *n = &viot->nodes[i];

		if (n->type == VIOT_PCI_RANGE || n->type == VIOT_ENDPOINT) {
			viot_check_output(viot, n);
			viot_check_endpoint(viot, n, &ids);
		}
		other = n->type == VIOT_ENDPOINT ? acpi_ranges_add(&addresses, 0, n->base, n->base, n->at) : -1;
		if (other >= 0)
			acpi_problem(&viot->table, n->at + 8, "duplicate",
				     "MMIO endpoint: 0x%" PRIx64 " is also that of the node at 0x%" PRIx64, n->base,
				     (uint64_t)other);
	}
	return acpi_ranges_end(&ids) | acpi_ranges_end(&addresses) | viot_check_ranges(viot) ? -ENOMEM : 0;
}
