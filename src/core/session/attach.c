/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the device is attached, and the safety rules there: what its engine fetches and what the canary stands on are mapped
 * in every space it is attached to, and the canary is asked anew after every change. Detached it must reach nothing at all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/op/flight.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "iommu/ledger.h"

static int mirror_range(struct session *s, struct iommu *space, const struct session_page *page, iova_t iova,
			enum iommu_prot prot, struct fail *f)
{
	struct iommu_copy_req req = {
		.src = s->iommu, .src_iova = iova, .size = SESSION_PAGE, .iova = iova, .prot = prot};
	struct ledger_entry e;

	if (!ledger_find(iommu_ledger(space), (struct iova_range){iova, iova + SESSION_PAGE - 1}, &e))
		return iommu_space_copy(space, &req, f);
	if (e.range.start == iova && e.va == page->mem.va)
		return 0;
	fail_set(f, EEXIST, "iova 0x%llx of that space is taken by %s, and the device's rings and canaries need it",
		 (unsigned long long)iova, e.tag[0] ? e.tag : "a mapping");
	fail_hint(f, "map %s elsewhere, or with --iova random, which keeps off", e.tag[0] ? e.tag : "it");
	return -EEXIST;
}

int session_mirror_at(struct session *s, const struct session_page *page, iova_t iova, enum iommu_prot prot,
		      struct fail *f)
{
	return s->at && s->at != s->iommu ? mirror_range(s, s->at, page, iova, prot, f) : 0;
}

int session_mirror(struct session *s, struct iommu *space, struct fail *f)
{
	int err = 0;

	if (!space || space == s->iommu)
		return 0;
	for (unsigned int i = 0; i < s->nr_pages && !err; i++) {
		const struct session_page *page = s->pages[i];

		/* the pin too: a space that the device has left need not keep its pages pinned */
		if (page->pinned)
			err = mirror_range(s, space, page, page->pin, IOMMU_PROT_READ, f);
		if (!err && page->mapped)
			err = mirror_range(s, space, page, page->iova, IOMMU_PROT_RW, f);
	}
	return err;
}

void session_unmirror(struct session *s, const struct session_page *page, iova_t iova)
{
	struct ledger_entry e;

	for (const struct named *n = s->named; n; n = n->next)
		if (n->kind == IOMMU_OBJECT_IOAS &&
		    ledger_find(iommu_ledger(n->space), (struct iova_range){iova, iova}, &e) && e.range.start == iova &&
		    e.va == page->mem.va)
			iommu_unmap(n->space, iova, SESSION_PAGE, NULL, NULL);
}

struct iommu *session_attached(const struct session *s)
{
	return s->at;
}

int session_at_home(const struct session *s, struct fail *f)
{
	if (s->at == s->iommu)
		return session_idle(s, f);
	fail_usage(f, EBUSY, "device %s is not attached to the session's own space", session_device_name(s));
	fail_hint(f, "`attach main` brings it back");
	return -EBUSY;
}

/*
 * Detached, a space has no page table of its own, and iommufd pins nothing for it: a page table that no device is attached to
 * keeps the pages of main in place, on which the canary stands. Where none can be made the detached device gets no DMA.
 */
static void attach_hold_main(struct session *s)
{
	struct iommu_hwpt_req req = {.idev = s->idev, .parent = iommu_space_id(s->iommu)};

	if (!s->holder && iommu_caps(s->iommu)->has_page_tables && iommu_hwpt_new(s->iommu, &req, &s->holder, NULL))
		s->holder = 0;
}

static void attach_release_main(struct session *s)
{
	if (s->holder)
		iommu_object_destroy(s->iommu, s->holder, NULL);
	s->holder = 0;
}

int session_attach(struct session *s, uint32_t pt_id, struct iommu *space, struct fail *f)
{
	struct fail pause;
	int err = session_usable(s, f);

	/* the interface does not promise that what is under way gets through */
	if (!err)
		err = flights_yield(s, NULL, (struct iova_range){0, UINT64_MAX}, true, f);
	if (!err)
		err = session_mirror(s, space, f);
	if (!err)
		err = iommu_device_attach(s->idev, pt_id, IOMMU_NO_PASID, f);
	if (err)
		return err;
	s->at = space;
	s->at_pt = pt_id;
	s->detached = false;
	s->canary_passed = false;
	attach_release_main(s);
	err = space ? iommu_space_refresh(space, f) : 0;
	if (!err)
		err = session_check_pages(s, f);
	if (!err)
		err = session_canary(s, f);
	/* where it could not be asked no DMA goes on: the next one begins anew, with the canary */
	if (err)
		session_pause(s, &pause);
	return err;
}

int session_detach(struct session *s, struct fail *f)
{
	int err = session_usable(s, f);

	if (!err)
		err = flights_yield(s, NULL, (struct iova_range){0, UINT64_MAX}, false, f);
	if (err)
		return err;
	attach_hold_main(s);
	err = iommu_device_detach(s->idev, IOMMU_NO_PASID, f);
	if (err)
		return err;
	s->at = NULL;
	s->detached = true;
	s->canary_passed = false;
	return 0;
}

/* Its faults are what is wanted. */
static int attach_ask(struct session *s, bool *reached, struct fail *f)
{
	struct op_reach reach = {.nr = 2, .may_fault = true};
	struct failures unused;
	int err;

	failures_init(&unused);
	canary_reach(s, &reach.ranges[0], &reach.ranges[1]);
	op_faults_before(s, &reach);
	err = canary_run_detached(s, reached, f);
	op_faults_after(s, &reach, &unused, 0);
	return err;
}

int session_ask_detached(struct session *s, bool *reached, struct fail *f)
{
	int err = 0;

	*reached = false;
	if (!s->detached)
		return fail_set(f, EINVAL, "device %s is attached", session_device_name(s));
	if (!s->dev)
		err = fail_set(f, EOPNOTSUPP, "there is no driver for device %s", session_device_name(s));
	else if (!s->canary_ready || !s->started)
		err = fail_set(f, EOPNOTSUPP, "no DMA was done while it was attached%s%s",
			       s->canary_why[0] ? ", and no canary: " : "", s->canary_why);
	else if (s->nr_rings)
		err = fail_set(f, EOPNOTSUPP,
			       "driver %s fetches what it does from memory, so that its device cannot even try",
			       session_driver_name(s));
	else if (!s->holder && !session_is_simulated(s))
		err = fail_set(f, EOPNOTSUPP, "nothing keeps the canary's pages in place while no device is attached");
	if (err)
		return err;
	err = attach_ask(s, reached, f);
	if (err && canary_was_submitted(err))
		session_forbid(s, f);
	s->canary_passed = !err && !*reached;
	return err;
}
