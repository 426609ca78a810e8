/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VIOT table of virtual machines (ACPI specification; layout as in include/acpi/actbl3.h): endpoints and their virtio-iommu. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/acpi_viot.h"

#define VIOT_FIXED 48
#define VIOT_NODE 4

static void viot_range(const struct acpi_part *part, struct viot_node *n)
{
	n->endpoint = acpi_get(part, 4, 4);
	n->first_segment = acpi_get(part, 8, 2);
	n->last_segment = acpi_get(part, 10, 2);
	n->first = acpi_get(part, 12, 2);
	n->last = acpi_get(part, 14, 2);
	n->output = acpi_get(part, 16, 2);
	acpi_reserved_bytes(part, 18, 24, "PCI range");
	if (n->first_segment > n->last_segment || n->first > n->last)
		acpi_problem(part->table, part->at + 8, "value", "PCI range: segments %04x-%04x, devices 0x%04x-0x%04x",
			     n->first_segment, n->last_segment, n->first, n->last);
}

static void viot_endpoint(const struct acpi_part *part, struct viot_node *n)
{
	n->endpoint = acpi_get(part, 4, 4);
	n->base = acpi_get(part, 8, 8);
	n->output = acpi_get(part, 16, 2);
	acpi_reserved_bytes(part, 18, 24, "MMIO endpoint");
	if (!n->base)
		acpi_problem(part->table, part->at + 8, "value", "MMIO endpoint: its address is 0");
}

static void viot_pci_iommu(const struct acpi_part *part, struct viot_node *n)
{
	n->first_segment = n->last_segment = acpi_get(part, 4, 2);
	n->first = n->last = acpi_get(part, 6, 2);
	acpi_reserved_bytes(part, 8, 16, "virtio-iommu on PCI");
}

static void viot_mmio_iommu(const struct acpi_part *part, struct viot_node *n)
{
	n->base = acpi_get(part, 8, 8);
	acpi_reserved_bytes(part, 4, 8, "virtio-iommu on MMIO");
	if (!n->base)
		acpi_problem(part->table, part->at + 8, "value", "virtio-iommu on MMIO: its address is 0");
}

static const struct viot_shape {
	const char *name;
	size_t fixed;
	void (*parse)(const struct acpi_part *part, struct viot_node *n);
} viot_shapes[] = {
	[VIOT_PCI_RANGE] = {"PCI range", 24, viot_range},
	[VIOT_ENDPOINT] = {"MMIO endpoint", 24, viot_endpoint},
	[VIOT_PCI_IOMMU] = {"virtio-iommu on PCI", 16, viot_pci_iommu},
	[VIOT_MMIO_IOMMU] = {"virtio-iommu on MMIO", 16, viot_mmio_iommu},
};

const char *viot_type_name(unsigned int type)
{
	return type < ARRAY_SIZE(viot_shapes) ? viot_shapes[type].name : NULL;
}

static int viot_node_parse(struct viot *v, const struct acpi_part *part)
{
	unsigned int type = acpi_get(part, 0, 1);
	struct viot_node *n;

	acpi_reserved(part, 1, 1, 0xff, "a node's header");
	if (!viot_type_name(type)) {
		acpi_problem(part->table, part->at, "reserved", "a node of type %u, which is not defined", type);
		return 0;
	}
	if (part->bytes.len < viot_shapes[type].fixed) {
		acpi_problem(part->table, part->at + 2, "length", "%s: %zu bytes, not %zu", viot_shapes[type].name,
			     part->bytes.len, viot_shapes[type].fixed);
		return 0;
	}
	if (acpi_array_room(&v->nodes, v->nr_nodes, sizeof(*v->nodes)))
		return -ENOMEM;
	n = &v->nodes[v->nr_nodes++];
	n->at = part->at;
	n->type = type;
	viot_shapes[type].parse(part, n);
	return 0;
}

/* The node at @off as @out. False when there is none, or its length cannot be used. */
static bool viot_next(const struct acpi_part *whole, size_t off, struct acpi_part *out)
{
	size_t left = whole->bytes.len - MIN(off, whole->bytes.len), len = acpi_get(whole, off + 2, 2);

	if (left < VIOT_NODE) {
		acpi_problem(whole->table, MIN(off, whole->bytes.len), "truncated",
			     "%zu bytes where a node should be, less than its header of 4", left);
		return false;
	}
	if (len < VIOT_NODE) {
		acpi_problem(whole->table, off + 2, "length",
			     "a node of %zu bytes, less than its header of 4: nothing behind it can be read", len);
		return false;
	}
	if (!acpi_sub(whole, off, len, out))
		acpi_problem(whole->table, off + 2, "truncated", "a node of %zu bytes, of which there are %zu", len,
			     left);
	return true;
}

/* There can be no more than 65535 nodes: the count has 16 bits. */
static int viot_walk(struct viot *v, const struct acpi_part *whole)
{
	unsigned int count = acpi_get(whole, 36, 2), i = 0;
	size_t off = acpi_get(whole, 38, 2);
	struct acpi_part part;
	int err = 0;

	if (off < VIOT_FIXED || off > whole->bytes.len) {
		acpi_problem(whole->table, 38, "reference",
			     "the nodes are said to begin at 0x%zx, outside what follows the header", off);
		return 0;
	}
	for (; !err && i < count && viot_next(whole, off, &part); i++, off += part.bytes.len)
		err = viot_node_parse(v, &part);
	if (i == count && off < whole->bytes.len)
		acpi_problem(whole->table, off, "length", "%zu bytes behind the last of %u nodes",
			     whole->bytes.len - off, count);
	return err;
}

static int viot_load(const struct acpi_table *table, struct viot *out)
{
	struct acpi_part whole;
	int err = 0;

	*out = (struct viot){.table = *table};
	if (acpi_table_open(&out->table, "VIOT", VIOT_FIXED, &whole)) {
		acpi_reserved_bytes(&whole, 40, VIOT_FIXED, "the table");
		err = viot_walk(out, &whole);
		if (!err)
			err = viot_check(out);
	}
	if (err)
		viot_free(out);
	return err;
}

int viot_parse(uint8_t *data, size_t len, struct viot *out)
{
	const struct acpi_table table = {.data = data, .len = len};

	return viot_load(&table, out);
}

int viot_read(const struct host *host, struct viot *out)
{
	struct acpi_table table;
	int err = acpi_table_read(host, "VIOT", &table);

	*out = (struct viot){.table = table};
	return err || !table.data ? err : viot_load(&table, out);
}

void viot_free(struct viot *viot)
{
	free(viot->nodes);
	free(viot->table.data);
	*viot = (struct viot){0};
}
