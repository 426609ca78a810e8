/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of a modelled NVMe command: PRP1, PRP2 and lists (B 4.1.1), or one SGL data block (B 4.1.2). */
#include "iommu/model/nvme.h"

#include <string.h>

/* A transfer on its way through memory. */
struct nvme_walk {
	struct model *m;
	bool to_memory;
	uint8_t *buf;
	uint64_t left;
};

/*
 * A read that was refused is answered with an error, which the controller passes on. A write that was refused nobody tells it of.
 */
static uint16_t nvme_walk_piece(struct nvme_walk *w, iova_t at, uint64_t len)
{
	struct nvme_model *nvme = w->m->priv;
	uint64_t n = len < w->left ? len : w->left;
	int err = w->to_memory ? model_dma_write(w->m, at, w->buf, n) : model_dma_read(w->m, at, w->buf, n);

	w->buf += n;
	w->left -= n;
	nvme->moved += n;
	return err && !w->to_memory ? NVME_MODEL_DATA_TRANSFER : NVME_MODEL_OK;
}

/* The last entry of a list's page says where the list goes on, if more than one page is left. */
static uint16_t nvme_walk_list(struct nvme_walk *w, uint64_t list)
{
	uint16_t status = NVME_MODEL_OK;
	uint64_t entry;

	if (list % sizeof(entry))
		return NVME_MODEL_PRP_OFFSET;
	while (w->left && !status) {
		bool last = (list + sizeof(entry)) % NVME_MODEL_PAGE == 0;

		if (model_dma_read(w->m, list, &entry, sizeof(entry)))
			return NVME_MODEL_DATA_TRANSFER;
		if (last && w->left > NVME_MODEL_PAGE) {
			list = entry;
			/* what a list goes on with begins a page */
			status = entry % NVME_MODEL_PAGE ? NVME_MODEL_PRP_OFFSET : NVME_MODEL_OK;
			continue;
		}
		if (entry % NVME_MODEL_PAGE)
			return NVME_MODEL_PRP_OFFSET;
		status = nvme_walk_piece(w, entry, NVME_MODEL_PAGE);
		list += sizeof(entry);
	}
	return status;
}

static uint16_t nvme_walk_prps(struct nvme_walk *w, uint64_t prp1, uint64_t prp2)
{
	uint16_t status;

	if (prp1 % 4)
		return NVME_MODEL_PRP_OFFSET;
	status = nvme_walk_piece(w, prp1, NVME_MODEL_PAGE - prp1 % NVME_MODEL_PAGE);
	if (status || !w->left)
		return status;
	if (w->left > NVME_MODEL_PAGE)
		return nvme_walk_list(w, prp2);
	return prp2 % NVME_MODEL_PAGE ? NVME_MODEL_PRP_OFFSET : nvme_walk_piece(w, prp2, NVME_MODEL_PAGE);
}

static uint64_t nvme_dw64(const struct nvme_model_command *cmd, unsigned int dw)
{
	return (uint64_t)cmd->dw[dw + 1] << 32 | cmd->dw[dw];
}

uint16_t nvme_model_transfer(struct model *m, const struct nvme_model_command *cmd, bool to_memory, void *buf,
			     uint64_t len)
{
	struct nvme_walk w = {.m = m, .to_memory = to_memory, .buf = buf, .left = len};

	if (model_is(m, MODEL_BOGUS_LENGTH))
		w.left /= 2;
	switch (cmd->dw[0] >> 14 & 3) {
	case 0:
		return nvme_walk_prps(&w, nvme_dw64(cmd, 6), nvme_dw64(cmd, 8));
	case 1:
		if (cmd->dw[9])
			return NVME_MODEL_SGL_TYPE;
		return cmd->dw[8] == len ? nvme_walk_piece(&w, nvme_dw64(cmd, 6), w.left) : NVME_MODEL_SGL_LENGTH;
	default:
		return NVME_MODEL_BAD_FIELD;
	}
}
