/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The invalidation queue: the driver's side that writes descriptors, the hardware's side that executes them. */
#include "iommu/sim/qi.h"

/* Descriptor types and granularities, VT-d 6.5.2.3 and 6.5.2.8. */
#define QI_TYPE UINT64_C(0xf)
#define QI_IOTLB UINT64_C(0x2)
#define QI_WAIT UINT64_C(0x5)
#define QI_GRANULARITY UINT64_C(0x30)
#define QI_DOMAIN UINT64_C(0x20)
#define QI_PAGE UINT64_C(0x30)
#define QI_DID_SHIFT 16
#define QI_AM UINT64_C(0x3f)
#define QI_WAIT_STATUS_WRITE UINT64_C(0x20)
#define QI_WAIT_DATA_SHIFT 32

#define SIM_QI_DONE UINT64_C(2)

void sim_qi_init(struct sim_qi *qi)
{
	*qi = (struct sim_qi){.head = 0};
}

void sim_qi_add(struct sim_qi *qi, struct sim_iotlb *tlb)
{
	tlb->next = qi->tlb;
	qi->tlb = tlb;
}

void sim_qi_drop(struct sim_qi *qi, struct sim_iotlb *tlb)
{
	struct sim_iotlb **at = &qi->tlb;

	while (*at && *at != tlb)
		at = &(*at)->next;
	if (*at)
		*at = tlb->next;
}

static void sim_qi_invalidate(struct sim_qi *qi, uint64_t start, uint64_t last)
{
	for (struct sim_iotlb *tlb = qi->tlb; tlb; tlb = tlb->next)
		sim_iotlb_invalidate(tlb, start, last);
}

unsigned int sim_qi_mask(uint64_t pfn, uint64_t pages)
{
	uint64_t differ = pfn ^ (pfn + pages - 1);

	return differ ? 64 - (unsigned int)__builtin_clzll(differ) : 0;
}

unsigned int sim_qi_mask_short(uint64_t pages)
{
	return pages > 1 ? 64 - (unsigned int)__builtin_clzll(pages - 1) : 0;
}

static void sim_qi_write(struct sim_qi *qi, uint64_t low, uint64_t high)
{
	qi->ring[qi->tail] = (struct sim_qi_desc){low, high};
	qi->tail = (qi->tail + 1) % SIM_QI_ENTRIES;
}

static void sim_qi_execute_iotlb(struct sim_qi *qi, const struct sim_qi_desc *desc)
{
	unsigned int order = desc->high & QI_AM;
	uint64_t size = UINT64_C(4096) << order;
	uint64_t first = sim_iotlb_address((uint16_t)(desc->low >> QI_DID_SHIFT), 0);
	uint64_t start = first | ALIGN_DOWN(desc->high, 4096);

	if ((desc->low & QI_GRANULARITY) == QI_PAGE && order <= SIM_QI_MAMV) {
		/* The hardware ignores the address bits below the mask. */
		start = ALIGN_DOWN(start, size);
		sim_qi_invalidate(qi, start, start + size - 1);
		qi->page_selective++;
	} else {
		sim_qi_invalidate(qi, first, first | SIM_IOVA_LAST);
		qi->domain_selective++;
	}
}

/* The hardware's side: it runs at the ring of the doorbell, in the caller's thread. */
static void sim_qi_run(struct sim_qi *qi)
{
	while (qi->head != qi->tail) {
		const struct sim_qi_desc *desc = &qi->ring[qi->head];

		if ((desc->low & QI_TYPE) == QI_IOTLB)
			sim_qi_execute_iotlb(qi, desc);
		else if ((desc->low & QI_TYPE) == QI_WAIT && desc->low & QI_WAIT_STATUS_WRITE)
			*(volatile uint32_t *)(uintptr_t)desc->high = (uint32_t)(desc->low >> QI_WAIT_DATA_SHIFT);
		qi->head = (qi->head + 1) % SIM_QI_ENTRIES;
	}
}

void sim_qi_flush(struct sim_qi *qi, uint16_t domain, uint64_t iova, unsigned int order)
{
	uint64_t did = (uint64_t)domain << QI_DID_SHIFT;
	volatile uint32_t status = 0;

	if (order <= SIM_QI_MAMV)
		sim_qi_write(qi, QI_IOTLB | QI_PAGE | did, ALIGN_DOWN(iova, 4096) | order);
	else
		sim_qi_write(qi, QI_IOTLB | QI_DOMAIN | did, 0);
	sim_qi_write(qi, QI_WAIT | QI_WAIT_STATUS_WRITE | SIM_QI_DONE << QI_WAIT_DATA_SHIFT, (uintptr_t)&status);
	while (status != SIM_QI_DONE)
		sim_qi_run(qi);
}
