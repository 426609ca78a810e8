/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps that must be refused: over a mapping that is there, in reserved regions, above the aperture. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/compare/priv.h"

#define REFUSED_PAGE 4096u

/*
 * vfio_dma_do_map() says EEXIST for an overlap, iopt_check_iova() EEXIST or EADDRINUSE; both say EINVAL for what lies
 * outside the apertures. Out of memory or of mappings, or a bad buffer, come first and say nothing about the range.
 */
enum map_answer compare_answer_of(enum failure_class class, int err)
{
	if (!err)
		return MAP_ACCEPTED;
	if (class == FAILURE_OVERLAP_ACCEPTED)
		return err == -EEXIST || err == -EADDRINUSE ? MAP_REFUSED : MAP_NOT_ASKED;
	return err == -EINVAL ? MAP_REFUSED : MAP_NOT_ASKED;
}

static void refused_not_asked(struct compare *c, enum failure_class class, int err)
{
	struct compare_unasked *u = &c->res->unasked[class == FAILURE_RESERVED_ACCEPTED];

	if (!u->n++)
		u->err = -err;
}

/* An acceptance is undone at once and never used for DMA. */
static void must_refuse(struct compare_loop *l, iova_t iova, enum failure_class class, const char *why)
{
	struct iommu_map_req req = {
		.va = l->c->scratch.va, .size = REFUSED_PAGE, .iova = iova, .prot = IOMMU_PROT_READ, .tag = "refuse"};
	struct failure *bad;
	int err = iommu_map(session_iommu(l->c->s), &req, NULL);

	switch (compare_answer_of(class, err)) {
	case MAP_NOT_ASKED:
		refused_not_asked(l->c, class, err);
		return;
	case MAP_REFUSED:
		l->c->res->negative_probes++;
		return;
	default:
		l->c->res->negative_probes++;
		break;
	}
	bad = compare_found(l, class, iova, REFUSED_PAGE);
	snprintf(bad->text, sizeof(bad->text), "a map at iova 0x%" PRIx64 " was accepted although %s", iova, why);
	if (class == FAILURE_OVERLAP_ACCEPTED)
		l->bytes_doubtful = true; /* undone together with the mapping it lies on */
	else
		iommu_unmap(session_iommu(l->c->s), iova, REFUSED_PAGE, NULL, NULL);
}

int compare_probe_refused(struct compare_loop *l, struct fail *f)
{
	const struct iommu_caps *caps = iommu_caps(session_iommu(l->c->s));
	iova_t top = caps->nr_ranges ? caps->ranges[caps->nr_ranges - 1].last : UINT64_MAX;

	(void)f;
	must_refuse(l, l->iova + l->size - REFUSED_PAGE, FAILURE_OVERLAP_ACCEPTED, "its page is mapped already");
	/* kernels before 5.4 declare no ranges and accept what the hardware reserves: nothing to hold them against */
	if (!caps->ranges_known)
		return 0;
	for (unsigned int i = 0; i + 1 < caps->nr_ranges && i < 4; i++)
		if (caps->ranges[i].last + 1 < caps->ranges[i + 1].start)
			must_refuse(l, caps->ranges[i].last + 1, FAILURE_RESERVED_ACCEPTED,
				    "it lies in a reserved region");
	if (top != UINT64_MAX)
		must_refuse(l, top + 1, FAILURE_RESERVED_ACCEPTED, "it lies above the aperture");
	return 0;
}

void compare_tell_unasked(struct compare *c)
{
	static const char *const of[] = {"on top of a mapping", "where nothing may be mapped"};
	char what[96], why[128];

	for (unsigned int i = 0; i < ARRAY_SIZE(of); i++) {
		const struct compare_unasked *u = &c->res->unasked[i];

		if (!u->n)
			continue;
		snprintf(what, sizeof(what), "%" PRIu64 " maps %s, which must be refused", u->n, of[i]);
		snprintf(why, sizeof(why), "another error came first: %s", strerror(u->err));
		compare_skip(c, what, why);
	}
}
