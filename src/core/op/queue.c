/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on fault queues, virtual IOMMUs and what belongs to those. */
#include "core/op/queue.h"

#include <errno.h>

#include "core/session/priv.h"
#include "iommu/pt_data.h"

/* Note down what the kernel made; undone where that is not possible. */
static int queue_note(struct session *s, const char *name, enum iommu_object_kind kind, uint32_t id, struct named **out,
		      struct fail *f)
{
	*out = named_add(s, name, kind, id, NULL, f);
	if (*out)
		return 0;
	iommu_object_destroy(s->iommu, id, NULL);
	return -ENOMEM;
}

static int queue_resolve(struct session *s, const char *what, bool unchecked, uint32_t *id, struct fail *f)
{
	struct iommu *unused;

	return named_resolve(s, what, unchecked, id, &unused, f);
}

int op_fault_queue_new(struct session *s, const char *name, struct named **out, struct fail *f)
{
	uint32_t id;
	int err = session_usable(s, f);

	if (!err)
		err = named_check(s, name, f);
	if (!err)
		err = iommu_fault_queue_new(s->iommu, &id, f);
	return err ? err : queue_note(s, name, IOMMU_OBJECT_FAULT_QUEUE, id, out, f);
}

int op_fault_read(struct session *s, const char *queue, bool unchecked, struct iommu_pgfault *out, unsigned int *n,
		  struct fail *f)
{
	uint32_t id;
	int err = queue_resolve(s, queue, unchecked, &id, f);

	*n = 0;
	if (!err)
		*n = session_pgfaults_take(s, id, out, OP_FAULTS_BATCH);
	if (!err && !*n)
		err = iommu_fault_queue_read(s->iommu, id, out, OP_FAULTS_BATCH, n, f);
	for (unsigned int i = 0; i < *n && s->nr_cookies < SESSION_COOKIES; i++)
		if (out[i].is_last)
			s->cookies[s->nr_cookies++] = (struct session_cookie){id, out[i].cookie};
	return err;
}

int op_fault_answer(struct session *s, const char *queue, const uint64_t *cookie, bool success, bool unchecked,
		    unsigned int *answered, struct fail *f)
{
	unsigned int kept = 0;
	uint32_t id;
	int err = queue_resolve(s, queue, unchecked, &id, f);

	*answered = 0;
	if (err)
		return err;
	if (cookie)
		err = iommu_fault_queue_answer(s->iommu, id, (uint32_t)*cookie, success, f);
	*answered = cookie && !err;
	for (unsigned int i = 0; i < s->nr_cookies; i++) {
		struct session_cookie c = s->cookies[i];

		if (c.queue == id && !cookie && !err) {
			err = iommu_fault_queue_answer(s->iommu, id, c.cookie, success, f);
			*answered += !err;
		} else if (c.queue != id || (cookie && c.cookie != *cookie) || (cookie && err)) {
			s->cookies[kept++] = c;
		}
	}
	s->nr_cookies = kept;
	return err;
}

int op_viommu_new(struct session *s, const char *name, const char *parent, const char *data, bool unchecked,
		  struct named **out, struct fail *f)
{
	struct iommu_viommu_req req = {.idev = s->idev};
	struct pt_data in = {0};
	uint32_t id;
	int err = session_usable(s, f);

	if (!err)
		err = named_check(s, name, f);
	if (!err)
		err = queue_resolve(s, parent, unchecked, &req.hwpt, f);
	if (!err)
		err = pt_data_parse(PT_DATA_VIOMMU, data, &in, f);
	if (err)
		return err;
	req.type = in.type;
	req.data = in.len ? in.bytes : NULL;
	req.data_len = in.len;
	err = iommu_viommu_new(s->iommu, &req, &id, f);
	return err ? err : queue_note(s, name, IOMMU_OBJECT_VIOMMU, id, out, f);
}

int op_vdevice_new(struct session *s, const char *name, const char *viommu, uint64_t virt_id, bool unchecked,
		   struct named **out, struct fail *f)
{
	uint32_t on, id;
	int err = session_usable(s, f);

	if (!err)
		err = named_check(s, name, f);
	if (!err)
		err = queue_resolve(s, viommu, unchecked, &on, f);
	if (!err)
		err = iommu_vdevice_new(s->iommu, s->idev, on, virt_id, &id, f);
	return err ? err : queue_note(s, name, IOMMU_OBJECT_VDEVICE, id, out, f);
}

int op_event_queue_new(struct session *s, const struct op_viommu_queue *op, struct named **out, struct fail *f)
{
	uint32_t on, id;
	int err = session_usable(s, f);

	if (!err)
		err = named_check(s, op->name, f);
	if (!err)
		err = queue_resolve(s, op->viommu, op->unchecked, &on, f);
	if (!err)
		err = iommu_event_queue_new(s->iommu, on, op->type, op->depth, &id, f);
	return err ? err : queue_note(s, op->name, IOMMU_OBJECT_VEVENT_QUEUE, id, out, f);
}

int op_event_read(struct session *s, const char *queue, bool unchecked, struct iommu_event *out, unsigned int max,
		  unsigned int *n, struct fail *f)
{
	uint32_t id;
	int err = queue_resolve(s, queue, unchecked, &id, f);

	*n = 0;
	return err ? err : iommu_event_queue_read(s->iommu, id, out, max, n, f);
}

int op_hw_queue_new(struct session *s, const struct op_viommu_queue *op, struct named **out, struct fail *f)
{
	uint32_t on, id;
	int err = session_usable(s, f);

	if (!err)
		err = named_check(s, op->name, f);
	if (!err)
		err = queue_resolve(s, op->viommu, op->unchecked, &on, f);
	if (!err)
		err = iommu_hw_queue_new(s->iommu, on, op->type, op->index, op->iova, op->size, &id, f);
	return err ? err : queue_note(s, op->name, IOMMU_OBJECT_HW_QUEUE, id, out, f);
}
