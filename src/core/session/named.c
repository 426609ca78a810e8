/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of a session's spaces, page tables and queues. */
#include "core/session/named.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/session/priv.h"

struct named *named_find(const struct session *s, const char *name)
{
	for (struct named *n = s->named; n; n = n->next)
		if (!strcmp(n->name, name))
			return n;
	return NULL;
}

int named_check(struct session *s, const char *name, struct fail *f)
{
	if (!buffer_name_is_valid(name))
		return fail_usage(f, EINVAL, "'%s' is not a name: a lower case letter, then letters, digits, - and _",
				  name);
	if (!strcmp(name, "main") || named_find(s, name))
		return fail_usage(f, EEXIST, "there is a '%s' already", name);
	return 0;
}

struct named *named_add(struct session *s, const char *name, enum iommu_object_kind kind, uint32_t id,
			struct iommu *space, struct fail *f)
{
	struct named *n = calloc(1, sizeof(*n)), **at = &s->named;

	if (!n) {
		fail_set(f, ENOMEM, "cannot note down '%s'", name);
		return NULL;
	}
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->kind = kind;
	n->id = id;
	n->space = space;
	while (*at)
		at = &(*at)->next;
	*at = n;
	return n;
}

static struct named *named_by_id(const struct session *s, uint32_t id)
{
	for (struct named *n = s->named; n; n = n->next)
		if (n->id == id)
			return n;
	return NULL;
}

const char *named_name(const struct session *s, uint32_t id)
{
	struct named *n = named_by_id(s, id);

	if (n)
		return n->name;
	return id == iommu_space_id(s->iommu) ? "main" : "";
}

void named_remove(struct session *s, struct named *n)
{
	for (struct named **at = &s->named; *at; at = &(*at)->next) {
		if (*at != n)
			continue;
		*at = n->next;
		if (n->kind == IOMMU_OBJECT_FAULT_QUEUE)
			session_pgfaults_drop(s, n->id);
		free(n);
		return;
	}
}

void named_free_all(struct session *s)
{
	while (s->named)
		named_remove(s, s->named);
}

static int named_number(struct session *s, const char *text, bool unchecked, uint32_t *id, struct iommu **space,
			struct fail *f)
{
	struct named *n;
	uint64_t value;

	if (num_parse_u64(text, &value) || value > UINT32_MAX)
		return fail_usage(f, EINVAL, "'%s' is neither a name nor an id", text);
	*id = (uint32_t)value;
	if (!value || value == iommu_space_id(s->iommu)) {
		*id = iommu_space_id(s->iommu);
		*space = s->iommu;
		return 0;
	}
	n = named_by_id(s, *id);
	if (n)
		*space = n->space;
	if (n || unchecked)
		return 0;
	fail_set(f, ENOENT, "there is no object %s here", text);
	fail_hint(f, "see `iommuctl maps`");
	return -ENOENT;
}

int named_resolve(struct session *s, const char *text, bool unchecked, uint32_t *id, struct iommu **space,
		  struct fail *f)
{
	struct named *n;

	*space = NULL;
	if (text[0] >= '0' && text[0] <= '9')
		return named_number(s, text, unchecked, id, space, f);
	if (!strcmp(text, "main")) {
		*id = iommu_space_id(s->iommu);
		*space = s->iommu;
		return 0;
	}
	n = named_find(s, text);
	if (!n) {
		fail_set(f, ENOENT, "there is no space, page table or queue '%s' here", text);
		fail_hint(f, "see `iommuctl maps`");
		return -ENOENT;
	}
	*id = n->id;
	*space = n->space;
	return 0;
}

int named_space(struct session *s, const char *text, struct iommu **space, struct fail *f)
{
	uint32_t id;
	int err;

	*space = s->iommu;
	if (!text)
		return 0;
	err = named_resolve(s, text, false, &id, space, f);
	if (err)
		return err;
	return *space && iommu_space_id(*space) == id ? 0 : fail_usage(f, EINVAL, "'%s' is no address space", text);
}
