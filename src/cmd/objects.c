/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands beside a context, as a tree for people and as rows: spaces, page tables, devices and their PASIDs, queues. */
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "core/session/named.h"

static const char *const object_kinds[] = {
	[IOMMU_OBJECT_IOAS] = "ioas",
	[IOMMU_OBJECT_HWPT] = "hwpt",
	[IOMMU_OBJECT_DEVICE] = "device",
	[IOMMU_OBJECT_FAULT_QUEUE] = "fault-queue",
	[IOMMU_OBJECT_VIOMMU] = "viommu",
	[IOMMU_OBJECT_VDEVICE] = "vdevice",
	[IOMMU_OBJECT_VEVENT_QUEUE] = "event-queue",
	[IOMMU_OBJECT_HW_QUEUE] = "hw-queue",
};

static const char *object_name(struct session *s, const struct iommu_object *o)
{
	return o->kind == IOMMU_OBJECT_DEVICE ? o->name : named_name(s, o->id);
}

/* "device 2 0000:00:04.0 pasid 5" */
static void object_words(struct session *s, const struct iommu_object *o, char *buf, size_t len)
{
	const char *name = object_name(s, o);
	char extra[48] = "";

	if (o->pasid != IOMMU_NO_PASID)
		snprintf(extra, sizeof(extra), " pasid %u", o->pasid);
	else if (o->queue)
		snprintf(extra, sizeof(extra), ", faults to %.31s", named_name(s, o->queue));
	snprintf(buf, len, "%s %u%s%s%s", object_kinds[o->kind], o->id, *name ? " " : "", name, extra);
}

#define OBJECTS_DEEP 8

static void object_tree(struct command_run *run, struct session *s, const struct iommu_object *top, unsigned int depth)
{
	struct iommu_object o;
	char words[128];

	object_words(s, top, words, sizeof(words));
	report_line(run->report, "%*s%s", (int)(2 * depth), "", words);
	if (depth == OBJECTS_DEEP || top->kind == IOMMU_OBJECT_DEVICE)
		return;
	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &o); i++)
		if (o.kind != IOMMU_OBJECT_IOAS && o.kind != IOMMU_OBJECT_FAULT_QUEUE && o.parent == top->id)
			object_tree(run, s, &o, depth + 1);
}

/* Does it stand below another one? */
static bool object_has_parent(struct session *s, const struct iommu_object *o)
{
	struct iommu_object other;

	if (o->kind == IOMMU_OBJECT_IOAS || o->kind == IOMMU_OBJECT_FAULT_QUEUE)
		return false;
	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &other); i++)
		if (other.kind != IOMMU_OBJECT_DEVICE && other.kind != IOMMU_OBJECT_FAULT_QUEUE &&
		    other.id == o->parent)
			return true;
	return false;
}

void command_report_objects(struct command_run *run, struct session *s)
{
	struct iommu_object o;

	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &o); i++)
		if (!object_has_parent(s, &o))
			object_tree(run, s, &o, 0);
	report_list(run->report, "objects");
	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &o); i++) {
		report_object(run->report, NULL);
		report_str(run->report, "kind", object_kinds[o.kind]);
		report_num(run->report, "id", o.id);
		report_str(run->report, "name", object_name(s, &o));
		report_num(run->report, "parent", o.parent);
		report_bool(run->report, "has_pasid", o.pasid != IOMMU_NO_PASID);
		report_num(run->report, "pasid", o.pasid == IOMMU_NO_PASID ? 0 : o.pasid);
		report_num(run->report, "fault_queue", o.queue);
		report_close(run->report);
	}
	report_close(run->report);
	report_text_hide(run->report, "objects");
}
