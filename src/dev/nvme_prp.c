/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a command names its memory: two pages, or one and a list of the others (B 4.1.1), or one SGL data block (B 4.1.2). */
#include <errno.h>

#include "dev/nvme.h"

/* Bytes up to the next page border. */
static uint64_t nvme_page_rest(iova_t iova)
{
	return NVME_PAGE - (iova & (NVME_PAGE - 1));
}

unsigned int nvme_prp_entries(uint64_t len)
{
	/* at the worst the first page has 4 bytes, and the rest begins with the second */
	uint64_t pages = (len - 1 + NVME_PAGE - 1) / NVME_PAGE;

	return pages > 1 ? (unsigned int)pages : 0;
}

/* Parts of a list of @entries: all but the last one end with a pointer to the next. */
static unsigned int nvme_prp_parts(unsigned int entries)
{
	if (entries <= NVME_PRPS_PER_PAGE)
		return 1;
	return (entries - 2) / (NVME_PRPS_PER_PAGE - 1) + 1;
}

/* The smallest power of two that holds a list: as many of them share a page. */
static unsigned int nvme_prp_room(unsigned int entries)
{
	unsigned int room = 2;

	while (room < entries && room < NVME_PRPS_PER_PAGE)
		room *= 2;
	return room;
}

int nvme_prp_lists(struct dev *dev, struct nvme_queue *q, unsigned int n, uint64_t max_len, struct fail *f)
{
	unsigned int entries = nvme_prp_entries(max_len), room = nvme_prp_room(entries), at = NVME_PRPS_PER_PAGE;
	iova_t iova = 0;
	void *va = NULL;
	int err = 0;

	for (unsigned int i = 0; entries && i < n; i++) {
		struct nvme_list *list = &q->slots[i].list;

		list->nr = nvme_prp_parts(entries);
		list->room = room;
		for (unsigned int k = 0; k < list->nr; k++, at += room) {
			if (at + room > NVME_PRPS_PER_PAGE) {
				err = nvme_page_alloc(dev, &va, &iova, f);
				if (err)
					return err;
				at = 0;
			}
			list->part[k].va = (volatile uint64_t *)va + at;
			list->part[k].iova = iova + at * sizeof(uint64_t);
		}
	}
	return 0;
}

static void nvme_set64(struct nvme_command *cmd, unsigned int dw, uint64_t value)
{
	cmd->dw[dw] = (uint32_t)value;
	cmd->dw[dw + 1] = (uint32_t)(value >> 32);
}

/* Pages from @iova on. */
static void nvme_prp_fill(const struct nvme_list *list, iova_t iova, uint64_t pages)
{
	unsigned int part = 0, at = 0;

	for (; pages; pages--, iova += NVME_PAGE) {
		if (at == list->room - 1 && pages > 1 && part + 1 < list->nr) {
			list->part[part].va[at] = list->part[part + 1].iova;
			part++;
			at = 0;
		}
		list->part[part].va[at++] = iova;
	}
}

void nvme_prp_set(struct nvme_command *cmd, const struct nvme_list *list, iova_t iova, uint64_t len)
{
	uint64_t first = MIN(nvme_page_rest(iova), len), rest = len - first;

	nvme_set64(cmd, 6, iova);
	if (!rest)
		return;
	if (rest <= NVME_PAGE) {
		nvme_set64(cmd, 8, iova + first);
		return;
	}
	nvme_prp_fill(list, iova + first, (rest + NVME_PAGE - 1) / NVME_PAGE);
	nvme_set64(cmd, 8, list->part[0].iova);
}

void nvme_sgl_set(struct nvme_command *cmd, iova_t iova, uint64_t len)
{
	cmd->dw[0] |= NVME_PSDT_SGL;
	nvme_set64(cmd, 6, iova);
	cmd->dw[8] = (uint32_t)len;
	cmd->dw[9] = 0; /* type 0, subtype 0: a data block by its address */
}
