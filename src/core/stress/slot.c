/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a slot has mapped, as the model has it, and taking that away. */
#include <errno.h>
#include <stdio.h>

#include "core/stress/priv.h"

void stress_slot_mapped(struct stress_thread *t, unsigned int slot, struct stress_mem *m, const struct stress_op *op)
{
	struct model_map map = {.range = {op->iova, op->iova + (op->size - 1)},
				.prot = op->prot,
				.id = stress_mem_id(t, m),
				.file = op->kind == STRESS_MAP_FILE};

	t->slots[slot] = (struct stress_slot){SLOT_MAPPED, m, op->iova, op->size, op->prot};
	m->last_iova = op->iova;
	/* a model that is out of memory would tell what is not so */
	if (model_mapped(t->model[0], &map))
		t->err = fail_set(&t->fail, ENOMEM, "cannot note down a mapping");
}

/* How much of each memory is mapped, and whether in one piece. */
struct slot_pieces {
	unsigned int nr[STRESS_MEMS + 1];
	struct iova_range last[STRESS_MEMS + 1];
};

static int slot_piece(const struct model_map *map, void *arg)
{
	struct slot_pieces *p = arg;

	if (map->id > STRESS_MEMS)
		return 0;
	p->nr[map->id]++;
	p->last[map->id] = map->range;
	return 0;
}

void stress_slots_refresh(struct stress_thread *t)
{
	struct slot_pieces p = {.nr = {0}};

	model_each(t->model[0], slot_piece, &p);
	for (unsigned int i = 0; i < STRESS_SLOTS; i++) {
		struct stress_slot *s = &t->slots[i];
		unsigned int id;

		if (s->state == SLOT_EMPTY)
			continue;
		id = stress_mem_id(t, s->mem);
		if (!p.nr[id])
			s->state = SLOT_HELD;
		else if (p.nr[id] == 1 && p.last[id].start == s->iova && p.last[id].last == s->iova + (s->size - 1))
			s->state = SLOT_MAPPED;
		else
			s->state = SLOT_CUT;
	}
}

int stress_unmap(struct stress_thread *t, struct stress_op *op, unsigned int space, iova_t iova, uint64_t size)
{
	struct model_answer due;
	uint64_t bytes = 0;
	int err;

	model_ask_unmap(t->model[space], iova, size, &due);
	err = iommu_unmap(t->st->space[space], iova, size, &bytes, NULL);
	if (!stress_judge(t, op, &due, err, bytes))
		return -EILSEQ;
	/* a refused one may be half done, too: the model knows */
	model_unmapped(t->model[space], iova, size);
	if (!space && !err) {
		t->recent[t->next_recent] = (struct iova_range){iova, iova + (size - 1)};
		t->next_recent = (t->next_recent + 1) % STRESS_RECENT;
	}
	return 0;
}

struct slot_search {
	uint64_t id;
	struct model_map found;
};

static int slot_is(const struct model_map *map, void *arg)
{
	struct slot_search *s = arg;

	if (map->id != s->id)
		return 0;
	s->found = *map;
	return 1;
}

int stress_slot_unmap(struct stress_thread *t, struct stress_op *op, unsigned int space, const struct stress_mem *m)
{
	struct slot_search s = {.id = stress_mem_id(t, m)};

	while (model_each(t->model[space], slot_is, &s)) {
		uint64_t size = s.found.range.last - s.found.range.start + 1;

		if (stress_unmap(t, op, space, s.found.range.start, size))
			return -EILSEQ;
		if (m->va)
			stress_check_table(t, op, space, m, s.found.offset, s.found.range.start, size, false);
	}
	return 0;
}

void stress_slot_clear(struct stress_thread *t, struct stress_op *op, unsigned int slot, bool bury)
{
	struct stress_slot *s = &t->slots[slot];

	if (s->state == SLOT_EMPTY)
		return;
	for (unsigned int i = 0; i < t->st->nr_spaces; i++)
		if (stress_slot_unmap(t, op, i, s->mem))
			return;
	s->state = SLOT_HELD;
	stress_mem_give_up(t, op, s->mem, bury);
	*s = (struct stress_slot){.state = SLOT_EMPTY};
}

void stress_check_table(struct stress_thread *t, struct stress_op *op, unsigned int space, const struct stress_mem *m,
			uint64_t offset, iova_t iova, uint64_t size, bool mapped)
{
	struct fail why = {0};
	/* copies share the pins of what they are made of, and how many have a part in them is the kernel's to know */
	bool ask_pins = t->st->nr_spaces == 1 && !offset && size == m->size;
	int err;

	if (!t->st->caps->checks_table || t->broken)
		return;
	err = session_check_table(t->st->s, t->st->space[space], (char *)m->va + offset, iova, size, mapped,
				  ask_pins ? mapped : -1, &why);
	if (err == -EILSEQ || err == -EUCLEAN)
		stress_mismatch(t, op, err == -EUCLEAN ? FAILURE_PIN_LEAK : FAILURE_PAGE_TABLE,
				"the kernel's view of its page table to agree", "%.150s", why.text);
}
