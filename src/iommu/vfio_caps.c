/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capability chains of the VFIO info structs: bounds, cycles and counts are checked, whoever wrote them. */
#include "iommu/vfio_caps.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "iommu/vfio_abi.h"

int vfio_cap_next(struct vfio_cap_walk *walk)
{
	struct ic_vfio_cap_header header;

	if (walk->next == 0)
		return 0;
	if (walk->next < walk->first_ok || walk->len < sizeof(header) || walk->next > walk->len - sizeof(header) ||
	    walk->steps++ >= walk->len / sizeof(header))
		return -EBADMSG;
	memcpy(&header, (const char *)walk->info + walk->next, sizeof(header));
	walk->id = header.id;
	walk->version = header.version;
	walk->body = (const char *)walk->info + walk->next + sizeof(header);
	walk->body_len = walk->len - walk->next - sizeof(header);
	walk->next = header.next;
	return 1;
}

/* Insertion sort: the kernel's list is sorted already, and short. */
static void type1_add_range(struct type1_info *out, struct iova_range r)
{
	unsigned int at = out->nr_ranges;

	if (at == IOMMU_MAX_RANGES)
		return;
	for (; at > 0 && out->ranges[at - 1].start > r.start; at--)
		out->ranges[at] = out->ranges[at - 1];
	out->ranges[at] = r;
	out->nr_ranges++;
}

static int type1_parse_ranges(const struct vfio_cap_walk *walk, struct type1_info *out)
{
	struct ic_vfio_cap_iova_range cap;
	struct ic_vfio_iova_range r;

	if (walk->body_len < sizeof(cap))
		return -EBADMSG;
	memcpy(&cap, walk->body, sizeof(cap));
	if (cap.nr_iovas > (walk->body_len - sizeof(cap)) / sizeof(r))
		return -EBADMSG;
	out->nr_ranges = 0;
	for (uint32_t i = 0; i < cap.nr_iovas; i++) {
		memcpy(&r, (const char *)walk->body + sizeof(cap) + i * sizeof(r), sizeof(r));
		if (r.start > r.end)
			return -EBADMSG;
		type1_add_range(out, (struct iova_range){r.start, r.end});
	}
	out->has_ranges = true;
	return 0;
}

static int type1_parse_cap(const struct vfio_cap_walk *walk, struct type1_info *out)
{
	struct ic_vfio_cap_migration migration;

	switch (walk->id) {
	case IC_VFIO_CAP_IOVA_RANGE:
		return type1_parse_ranges(walk, out);
	case IC_VFIO_CAP_MIGRATION:
		if (walk->body_len < sizeof(migration))
			return -EBADMSG;
		memcpy(&migration, walk->body, sizeof(migration));
		out->has_migration = true;
		out->dirty_page_sizes = migration.pgsize_bitmap;
		out->max_dirty_bitmap = migration.max_dirty_bitmap_size;
		return 0;
	case IC_VFIO_CAP_DMA_AVAIL:
		if (walk->body_len < sizeof(out->dma_avail))
			return -EBADMSG;
		memcpy(&out->dma_avail, walk->body, sizeof(out->dma_avail));
		out->has_dma_avail = true;
		return 0;
	default: /* of a newer kernel */
		return 0;
	}
}

int type1_parse_info(const void *info, size_t len, struct type1_info *out)
{
	struct vfio_cap_walk walk = {.info = info, .len = len, .first_ok = sizeof(struct ic_vfio_type1_info)};
	struct ic_vfio_type1_info head = {0};
	int ret;

	*out = (struct type1_info){0};
	if (len < offsetof(struct ic_vfio_type1_info, cap_offset))
		return -EINVAL;
	memcpy(&head, info, MIN(len, sizeof(head)));
	if (head.flags & IC_VFIO_INFO_PGSIZES)
		out->page_sizes = head.iova_pgsizes;
	if (head.flags & IC_VFIO_INFO_CAPS)
		walk.next = head.cap_offset;
	while ((ret = vfio_cap_next(&walk)) > 0) {
		ret = type1_parse_cap(&walk, out);
		if (ret)
			return ret;
	}
	return ret;
}

int vfio_region_type(const void *info, size_t len, uint32_t *type, uint32_t *subtype)
{
	struct vfio_cap_walk walk = {.info = info, .len = len, .first_ok = sizeof(struct ic_vfio_region_info)};
	struct ic_vfio_region_info head;
	struct ic_vfio_cap_type cap;
	int ret;

	if (len < sizeof(head))
		return -EINVAL;
	memcpy(&head, info, sizeof(head));
	walk.next = head.flags & IC_VFIO_REGION_CAPS ? head.cap_offset : 0;
	while ((ret = vfio_cap_next(&walk)) > 0) {
		if (walk.id != IC_VFIO_CAP_TYPE)
			continue;
		if (walk.body_len < sizeof(cap))
			return -EBADMSG;
		memcpy(&cap, walk.body, sizeof(cap));
		*type = cap.type;
		*subtype = cap.subtype;
		return 1;
	}
	return ret;
}
