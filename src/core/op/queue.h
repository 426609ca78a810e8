/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ops on queues and on what nested translation is made of. As in core/op/op.h. */
#ifndef IC_CORE_OP_QUEUE_H
#define IC_CORE_OP_QUEUE_H

#include "core/session/named.h"
#include "core/session/session.h"

#define OP_FAULTS_BATCH 64

int op_fault_queue_new(struct session *s, const char *name, struct named **out, struct fail *f);
/* Up to OP_FAULTS_BATCH; the cookies of faults that wait for an answer are noted down. */
int op_fault_read(struct session *s, const char *queue, bool unchecked, struct iommu_pgfault *out, unsigned int *n,
		  struct fail *f);
/* @cookie NULL: all that were read and not answered. A group of faults has one answer, to its last. */
int op_fault_answer(struct session *s, const char *queue, const uint64_t *cookie, bool success, bool unchecked,
		    unsigned int *answered, struct fail *f);

/* @data: "TYPE[,KEY=VALUE...]"; *out_data (may be NULL) gets what the kernel put there. */
int op_viommu_new(struct session *s, const char *name, const char *parent, const char *data, bool unchecked,
		  struct named **out, struct fail *f);
int op_vdevice_new(struct session *s, const char *name, const char *viommu, uint64_t virt_id, bool unchecked,
		   struct named **out, struct fail *f);
struct op_viommu_queue {
	const char *name, *viommu;
	uint32_t type, depth, index;
	iova_t iova;
	uint64_t size;
	bool unchecked;
};
int op_event_queue_new(struct session *s, const struct op_viommu_queue *op, struct named **out, struct fail *f);
int op_event_read(struct session *s, const char *queue, bool unchecked, struct iommu_event *out, unsigned int max,
		  unsigned int *n, struct fail *f);
int op_hw_queue_new(struct session *s, const struct op_viommu_queue *op, struct named **out, struct fail *f);

#endif
