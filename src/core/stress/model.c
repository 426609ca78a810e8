/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model's state: what is mapped in one address space, and looking at it. */
#include "core/stress/model.h"

#include <errno.h>

#include "base/num.h"
#include "core/stress/model_priv.h"

bool model_allows(const struct model_answer *due, int err)
{
	for (unsigned int i = 0; i < due->nr; i++)
		if (due->errs[i] == err)
			return true;
	return false;
}

int model_new(struct model **out, const struct model_params *params)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->params = *params;
	*out = m;
	return 0;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	model_reset(m);
	runs_free(&m->dirty);
	runs_free(&m->touched);
	while (m->spare) {
		struct model_node *node = m->spare;

		m->spare = node->spare;
		free(node);
	}
	free(m);
}

void model_reset(struct model *m)
{
	model_remove_range(m, 0, UINT64_MAX);
	model_dirty_stop(m);
}

int model_insert(struct model *m, const struct model_map *map, bool writable)
{
	struct model_node *node = m->spare;

	if (node)
		m->spare = node->spare;
	else
		node = malloc(sizeof(*node));
	if (!node)
		return -ENOMEM;
	*node = (struct model_node){
		.node = {.start = map->range.start, .last = map->range.last}, .map = *map, .writable = writable};
	range_tree_insert(&m->maps, &node->node);
	m->bytes += map->range.last - map->range.start + 1;
	return 0;
}

void model_remove(struct model *m, struct model_node *node)
{
	range_tree_remove(&m->maps, &node->node);
	m->bytes -= node->map.range.last - node->map.range.start + 1;
	node->spare = m->spare;
	m->spare = node;
}

uint64_t model_remove_range(struct model *m, iova_t start, iova_t last)
{
	uint64_t before = m->bytes;
	struct model_node *node;

	while ((node = model_first(m, start, last))) {
		model_dirty_unmapped(m, node->map.range);
		model_remove(m, node);
	}
	return before - m->bytes;
}

bool model_find(const struct model *m, iova_t iova, struct model_map *out)
{
	const struct model_node *node = model_first(m, iova, iova);

	if (node && out)
		*out = node->map;
	return node;
}

int model_each(const struct model *m, int (*fn)(const struct model_map *map, void *arg), void *arg)
{
	const struct model_node *node;
	iova_t at = 0;
	int r;

	while ((node = model_first(m, at, UINT64_MAX))) {
		struct model_map map = node->map;

		r = fn(&map, arg);
		if (r)
			return r;
		if (map.range.last == UINT64_MAX)
			break;
		at = map.range.last + 1;
	}
	return 0;
}

bool model_reaches(const struct model *m, iova_t iova, uint64_t size, enum iommu_prot access)
{
	uint64_t last;

	if (!size || !num_add(iova, size - 1, &last))
		return false;
	for (;;) {
		const struct model_node *node = model_first(m, iova, iova);

		if (!node || (node->map.prot & access) != access)
			return false;
		if (node->node.last >= last)
			return true;
		iova = node->node.last + 1;
	}
}

uint64_t model_count(const struct model *m)
{
	return m->maps.count;
}

uint64_t model_bytes(const struct model *m)
{
	return m->bytes;
}

bool model_pair_is_whole(const struct model_pair *p)
{
	return p->has_from && p->has_to && p->from.id != p->to.id;
}

bool model_pair_take(struct model_pair *p, const struct model_map *map)
{
	if (!p->has_from && map->prot & IOMMU_PROT_READ && !p->skip--) {
		p->from = *map;
		p->has_from = true;
	} else if (!p->has_to && map->prot & IOMMU_PROT_WRITE && !(p->has_from && p->from.id == map->id)) {
		p->to = *map;
		p->has_to = true;
	}
	return model_pair_is_whole(p);
}
