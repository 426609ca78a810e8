/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list registers[] of `caps`: of a thousand ports with the same value one is decoded, and all are named. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/caps.h"
#include "cmd/registers.h"

struct found {
	const struct reg_value *value;
	const char *of;
	unsigned int order; /* in which it was found */
};

struct found_list {
	struct found *found;
	unsigned int count, room;
};

static int found_add(struct found_list *list, const struct reg_value *v, const char *of)
{
	struct found *more;

	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		more = reallocarray(list->found, list->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->found = more;
	}
	list->found[list->count] = (struct found){v, of, list->count};
	list->count++;
	return 0;
}

static int found_compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int names = strcmp(x->value->reg->name, y->value->reg->name);

	if (names)
		return names;
	if (x->value->raw != y->value->raw)
		return x->value->raw < y->value->raw ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int found_collect(const struct caps *c, struct found_list *list)
{
	const struct machine *m = &c->machine;
	int ret = 0;

	for (unsigned int u = 0; u < m->nr_units; u++)
		for (unsigned int i = 0; c->units[u] && i < c->merged[u].nr_regs && !ret; i++)
			ret = found_add(list, &c->merged[u].regs[i], m->units[u].name);
	for (unsigned int d = 0; m->configs && d < m->nr_devices; d++)
		for (unsigned int i = 0; c->devices[d] && i < m->configs[d].nr_regs && !ret; i++)
			ret = found_add(list, &m->configs[d].regs[i], m->pci[d].addr);
	return ret;
}

static bool found_same(const struct found *a, const struct found *b)
{
	return a->value->reg == b->value->reg && a->value->raw == b->value->raw;
}

int caps_report_registers(struct report *r, const struct caps *c)
{
	struct found_list list = {0};
	int ret = found_collect(c, &list);

	if (list.count)
		qsort(list.found, list.count, sizeof(*list.found), found_compare);
	report_list(r, "registers");
	for (unsigned int i = 0, next; i < list.count; i = next) {
		register_report(r, list.found[i].value);
		report_list(r, "of");
		for (next = i; next < list.count && found_same(&list.found[i], &list.found[next]); next++)
			report_str(r, NULL, list.found[next].of);
		report_close(r);
		report_close(r);
	}
	report_close(r);
	free(list.found);
	return ret;
}
