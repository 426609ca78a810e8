/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What IOMMU_IOAS_COPY has to answer, and what is mapped after it: iommufd_ioas_copy(), iopt_get_pages(), iopt_map_pages() of Linux 7.3. */
#include <errno.h>

#include "base/num.h"
#include "core/stress/model_priv.h"

/* iopt_get_pages(): without a hole, by as many mappings as it takes. */
static bool model_ask_source(const struct model *src, iova_t from, uint64_t size, struct model_answer *due)
{
	uint64_t last;

	if (!size)
		model_due(due, EINVAL, "size 0: iopt_get_pages()");
	else if (!num_add(from, size - 1, &last))
		model_due(due, EOVERFLOW, "the source wraps: iopt_get_pages()");
	else if (!model_reaches(src, from, size, 0))
		model_due(due, ENOENT, "the source is not mapped all the way: iopt_get_pages()");
	else
		return false;
	return true;
}

/* iopt_insert_area() of one piece after another. */
static void model_ask_pieces(const struct model *m, const struct model *src, iova_t from, iova_t last,
			     enum iommu_prot prot, struct model_answer *due)
{
	for (;;) {
		const struct model_node *node = model_first(src, from, from);

		if (prot & IOMMU_PROT_WRITE && !node->writable) {
			model_due(due, EPERM, "pages pinned for reading only cannot be written to: iopt_insert_area()");
			return;
		}
		if (!IS_ALIGNED(from, model_granule(m))) {
			model_due(due, EINVAL, "it begins inside of a page: iopt_insert_area()");
			return;
		}
		if (node->node.last >= last)
			return;
		from = node->node.last + 1;
	}
}

void model_ask_copy(const struct model *m, const struct model *src, iova_t from, uint64_t size, iova_t to,
		    enum iommu_prot prot, struct model_answer *due)
{
	uint64_t last;

	if (m->params.personality != IOMMU_IOMMUFD)
		model_due(due, EOPNOTSUPP, "only iommufd has copies");
	else if (size == UINT64_MAX || from == UINT64_MAX || to == UINT64_MAX)
		model_due(due, EOVERFLOW, "2^64 - 1 is refused as a number: iommufd_ioas_copy()");
	else if (!(prot & IOMMU_PROT_RW))
		model_due(due, EINVAL, "neither READ nor WRITE: iommufd_ioas_copy()");
	else if (model_ask_source(src, from, size, due))
		return;
	else if (!IS_ALIGNED(size, model_granule(m)) || !IS_ALIGNED(to, model_granule(m)))
		model_due(due, EINVAL,
			  "not a multiple of the smallest page: iopt_alloc_area_pages(), iopt_check_iova()");
	else if (!num_add(to, size - 1, &last))
		model_due(due, EOVERFLOW, "the range wraps: iopt_check_iova()");
	else
		model_ask_place(m, to, size, due);
	if (!due->errs[0])
		model_ask_pieces(m, src, from, from + (size - 1), prot, due);
	due->bytes = due->errs[0] ? 0 : size;
}

int model_copied(struct model *m, const struct model *src, iova_t from, uint64_t size, iova_t to, enum iommu_prot prot)
{
	uint64_t gone = model_remove_range(m, to, to + (size - 1));
	int r = 0;

	for (uint64_t done = 0; done < size && !r;) {
		const struct model_node *node = model_first(src, from + done, from + done);
		struct model_map piece;
		uint64_t length;

		if (!node)
			return -ENOENT;
		length = MIN(size - done, node->node.last - (from + done) + 1);
		piece = node->map;
		piece.offset += from + done - node->node.start;
		piece.range = (struct iova_range){to + done, to + done + (length - 1)};
		piece.prot = prot;
		r = model_insert(m, &piece, node->writable);
		done += length;
	}
	return r ? r : gone ? -EEXIST : 0;
}
