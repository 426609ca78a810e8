/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The safety rules around DMA: where it may go, the canary before it, pins beside it, and what the kernel says after it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/num.h"
#include "base/rng.h"
#include "core/op/flight.h"
#include "core/session/buffer.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "host/host.h"
#include "iommu/ledger.h"

static uint64_t session_granule(const struct session *s)
{
	uint64_t sizes = iommu_caps(s->iommu)->page_sizes;

	return sizes ? sizes & -sizes : SESSION_PAGE;
}

/* What a refused range ran into, for the message. */
static void session_range_hint(const struct session *s, struct iova_range r, struct fail *f)
{
	const struct iommu_caps *caps = iommu_caps(s->iommu);
	const struct pci_window *w = NULL;
	struct iova_space all;

	space_init(&all, caps, UINT64_MAX);
	for (unsigned int i = 0; !w && i < s->nr_windows; i++)
		if (iova_range_overlaps(r, (struct iova_range){s->windows[i].start, s->windows[i].last}))
			w = &s->windows[i];
	if (iova_range_overlaps(r, (struct iova_range){0xfee00000, 0xfeefffff}))
		fail_hint(f, "0xfee00000-0xfeefffff is the interrupt (MSI) window, never memory");
	else if (w)
		fail_hint(
			f,
			"0x%llx-0x%llx is %s, where DMA may reach another device: choose another iova, or --allow-p2p",
			(unsigned long long)w->start, (unsigned long long)w->last, w->what);
	else if (all.nr && r.last > all.r[all.nr - 1].last)
		fail_hint(f, "the highest usable IOVA here is 0x%llx", (unsigned long long)all.r[all.nr - 1].last);
	else if (space_contains(&all, r))
		fail_hint(f, "the device cannot name it, or it is in the area kept for pins (0x%llx-0x%llx)",
			  (unsigned long long)s->arena.start, (unsigned long long)s->arena.last);
	else
		fail_hint(f, "a reserved region is in the way: see `iommuctl list`");
}

int session_check_map(const struct session *s, iova_t iova, uint64_t size, struct fail *f)
{
	uint64_t granule = session_granule(s), end;

	if (!size)
		return fail_usage(f, EINVAL, "size 0 maps nothing");
	if ((iova | size) & (granule - 1))
		return fail_usage(f, EINVAL, "iova 0x%llx and size 0x%llx must be multiples of 0x%llx",
				  (unsigned long long)iova, (unsigned long long)size, (unsigned long long)granule);
	if (!num_add(iova, size - 1, &end))
		return fail_usage(f, ERANGE, "iova 0x%llx + size 0x%llx wraps around the address space",
				  (unsigned long long)iova, (unsigned long long)size);
	if (space_contains(&s->reach, (struct iova_range){iova, end}) &&
	    !iova_range_overlaps((struct iova_range){iova, end}, s->arena))
		return 0;
	fail_usage(f, ERANGE, "iova 0x%llx-0x%llx " SESSION_NOT_USABLE, (unsigned long long)iova,
		   (unsigned long long)end);
	session_range_hint(s, (struct iova_range){iova, end}, f);
	return -ERANGE;
}

/* The device is in no space of ours. Detached it may be let loose where that has been proven to end nowhere. */
static int session_check_away(const struct session *s, struct fail *f)
{
	if (s->detached && !s->nr_rings)
		return 0;
	if (s->detached)
		fail_set(f, ENODEV, "device %s is attached to nothing, and fetches what it is to do from memory",
			 session_device_name(s));
	else
		fail_set(f, ENODEV, "device %s is attached to a page table of which nothing is known here",
			 session_device_name(s));
	fail_hint(f, "`attach main` brings it back");
	return -ENODEV;
}

bool session_maps(const struct session *s, struct iova_range r, unsigned int prot, iova_t *hole)
{
	struct ledger_entry entry;

	while (s->at && r.start <= r.last && ledger_find(iommu_ledger(s->at), r, &entry) &&
	       entry.range.start <= r.start && (entry.prot & prot) == prot) {
		if (entry.range.last >= r.last)
			return true;
		r.start = entry.range.last + 1;
	}
	*hole = r.start;
	return false;
}

int session_check_dma(struct session *s, iova_t iova, uint64_t size, struct fail *f)
{
	iova_t hole;
	struct iova_range r = {iova, 0};

	if (!size)
		return fail_usage(f, EINVAL, "a DMA of size 0 does nothing");
	if (!num_add(iova, size - 1, &r.last))
		return fail_usage(f, ERANGE, "iova 0x%llx + size 0x%llx wraps around the address space",
				  (unsigned long long)iova, (unsigned long long)size);
	if (s->forbidden) {
		*f = s->forbidden_why;
		return -f->err;
	}
	if (!s->at) {
		int err = session_check_away(s, f);

		if (err)
			return err;
	}
	if (iommu_caps(s->iommu)->no_hardware)
		return 0;
	if (!space_contains(&s->reach, r)) {
		fail_usage(f, ERANGE, "the device is not pointed at 0x%llx-0x%llx", (unsigned long long)r.start,
			   (unsigned long long)r.last);
		session_range_hint(s, r, f);
		return -ERANGE;
	}
	if (session_maps(s, r, 0, &hole) || s->canary_passed)
		return 0;
	fail_set(f, EPERM, "iova 0x%llx is not mapped and no canary has proven that the IOMMU translates",
		 (unsigned long long)hole);
	fail_hint(f, "as root the canary is possible; without it DMA goes to mapped memory only");
	return -EPERM;
}

void session_forbid(struct session *s, const struct fail *why)
{
	pthread_mutex_lock(&s->stop_lock);
	if (!s->forbidden) {
		s->forbidden_why = *why;
		s->canary_passed = false;
		snprintf(s->canary_why, sizeof(s->canary_why), "%.150s", why->text);
		s->forbidden = true;
		s->not_quiet = s->dev && dev_stop(s->dev);
	}
	pthread_mutex_unlock(&s->stop_lock);
}

int session_dma_failed(struct session *s, int err, struct fail *f)
{
	struct fail why = {0};

	if (!f)
		f = &why;
	if (err != -ETIMEDOUT)
		return err;
	if (idev_is_gone(s->idev)) {
		err = fail_set(f, ENODEV, "the device is gone: its configuration space reads as all ones");
		fail_hint(f, "it was unplugged, lost its power or its link: the kernel log may tell");
	}
	/* at once: until that is certain no memory it was given is touched */
	session_forbid(s, f);
	return err;
}

bool session_is_forbidden(const struct session *s)
{
	return s->forbidden;
}

bool session_is_quiet(const struct session *s)
{
	return !s->not_quiet;
}

void session_settle(struct session *s)
{
	flights_halt(s);
	pthread_mutex_lock(&s->stop_lock);
	s->started = false;
	if (s->dev && dev_stop(s->dev))
		s->not_quiet = true;
	pthread_mutex_unlock(&s->stop_lock);
}

int session_usable(const struct session *s, struct fail *f)
{
	if (!s->not_quiet)
		return 0;
	return fail_set(f, EBUSY, "device %s would not stop and may still write: nothing is unmapped or freed any more",
			session_device_name(s));
}

int session_canary(struct session *s, struct fail *f)
{
	int err = 0;

	if (s->forbidden) {
		*f = s->forbidden_why;
		return -f->err;
	}
	/* attached to nothing, or to what it cannot know, there is nothing to pass: no unmapped address is allowed then */
	if (s->canary_ready && s->started && s->at)
		err = canary_run(s, f);
	/* whatever it was, a device that failed its canary gets no other address; one that was never asked has not failed */
	if (err && canary_was_submitted(err))
		session_forbid(s, f);
	return err;
}

int session_dma_start(struct session *s, struct fail *f)
{
	int err;

	if (s->forbidden) {
		*f = s->forbidden_why;
		return -f->err;
	}
	if (s->started)
		return 0;
	/* its registers would answer with SIGBUS */
	if (s->asleep)
		return fail_set(f, EBUSY, "device %s may sleep: `device low-power exit` comes first",
				session_device_name(s));
	if (!s->dev) {
		*f = s->dev_why;
		if (!f->err)
			fail_set(f, ENODEV, "no driver for device %s", session_device_name(s));
		return -f->err;
	}
	err = canary_setup(s, f);
	if (err && err != -EOPNOTSUPP)
		return err;
	err = dev_start(s->dev, f);
	if (err)
		return err;
	s->started = true;
	err = session_canary(s, f);
	if (err && !s->forbidden) {
		s->started = false; /* the next one begins anew, with the canary */
		if (dev_stop(s->dev))
			session_forbid(s, f);
	}
	return err;
}

int session_pin_setup(struct session *s, uint64_t max_size, unsigned int slots, struct fail *f)
{
	uint64_t need;

	s->slot_size = ALIGN_UP(max_size, MiB(2)) + MiB(2);
	s->slots = slots;
	if (!num_mul(s->slot_size, slots, &need) || need > s->arena.last - s->slots_base + 1) {
		fail_set(f, ENOSPC, "%u buffers of 0x%llx bytes do not fit into the area kept for pins", slots,
			 (unsigned long long)max_size);
		fail_hint(f, "use a smaller --graveyard or --size");
		return -ENOSPC;
	}
	return 0;
}

int session_pin(struct session *s, unsigned int slot, void *va, uint64_t size, struct fail *f)
{
	struct iommu_map_req req = {.va = va, .size = size, .prot = IOMMU_PROT_READ, .tag = "graveyard", .owner = slot};

	req.iova = s->slots_base + slot * s->slot_size;
	return iommu_map(s->iommu, &req, f);
}

int session_unpin(struct session *s, unsigned int slot, uint64_t size, uint64_t *unmapped, struct fail *f)
{
	return iommu_unmap(s->iommu, s->slots_base + slot * s->slot_size, size, unmapped, f);
}

/* Where no access can end anywhere but in what is mapped, any free IOVA will do for one that must not succeed. */
static struct session_page *session_harmless_page(struct session *s, unsigned int n, struct fail *f)
{
	struct session_page *page;
	iova_t iova;

	if (!session_pick(s, &s->space, rng_place("probe") + n, SESSION_PAGE, SESSION_PAGE, &iova)) {
		fail_set(f, ENOSPC, "no iova for an access that must not succeed");
		return NULL;
	}
	page = session_page_new(s, false, UINT64_MAX, f);
	if (page) {
		page->has_phys = false;
		page->phys = iova;
	}
	return page;
}

int session_canary_page(struct session *s, unsigned int n, struct canary_page *out, struct fail *f)
{
	if (n >= SESSION_CANARY_PAGES)
		return -EINVAL;
	if (!s->canary_ready && !iommu_caps(s->iommu)->bypasses_table)
		return fail_set(f, EOPNOTSUPP, "no canary: %s", s->canary_why);
	if (!s->probe[n]) {
		s->probe[n] = s->canary_ready ? session_page_new(s, true, dev_limits(s->dev)->max_iova, f)
					      : session_harmless_page(s, n, f);
		if (!s->probe[n])
			return f && f->err ? -f->err : -ENOMEM;
		space_exclude(&s->space, (struct iova_range){s->probe[n]->phys, s->probe[n]->phys + SESSION_PAGE - 1});
	}
	*out = (struct canary_page){s->probe[n]->mem.va, s->probe[n]->phys};
	return 0;
}

int session_unmap_all(struct session *s, struct iommu *space, uint64_t *mapped, uint64_t *unmapped, struct fail *f)
{
	struct dev *dev = s->started && !s->forbidden && (space == s->at || space == s->iommu) ? s->dev : NULL;
	int err = session_usable(s, f);

	if (!err && dev)
		flights_halt(s);
	if (!err && dev && dev_stop(dev)) {
		fail_set(f, EBUSY, "device %s would not stop before unmapping everything", session_device_name(s));
		session_forbid(s, f);
		err = -EBUSY;
	}
	if (err)
		return err;
	*mapped = ledger_bytes(iommu_ledger(space));
	err = iommu_unmap_all(space, unmapped, f);
	if (!err && space == s->iommu)
		err = session_pages_restore(s, f);
	else if (!err && space == s->at)
		err = session_mirror(s, space, f);
	/* main's pages are held by this space alone while the device is in it */
	if (!err && space == s->at && space != s->iommu)
		err = session_check_pages(s, f);
	if (!err && dev)
		err = dev_start(dev, f);
	/* stopped, and without its canary: a later session_dma_start() would begin anew */
	s->started = s->started && !err;
	return err;
}

int session_check_table(struct session *s, struct iommu *space, const void *va, iova_t iova, uint64_t size, bool mapped,
			int pins, struct fail *f)
{
	int err;

	if (!iommu_caps(s->iommu)->checks_table)
		return 0;
	err = iommu_check_table(space, va, iova, size, mapped, pins, f);
	if (!err)
		__atomic_add_fetch(&s->table_checks, 1, __ATOMIC_RELAXED);
	/* ranges that cut an entry, and spaces without a page table, can be had with --unchecked and in scripts */
	return err == -EDOM || err == -ENODATA ? 0 : err;
}

uint64_t session_table_checks(const struct session *s)
{
	return __atomic_load_n(&s->table_checks, __ATOMIC_RELAXED);
}

bool session_kernel_watched(const struct session *s)
{
	return (s->faults && s->faults_seen) || s->taint_watched;
}

const char *session_kernel_complaint(struct session *s)
{
	uint64_t taint = session_is_simulated(s) ? s->taint : fault_kernel_taint();

	if (!s->complaint[0] && (taint & ~s->taint))
		snprintf(s->complaint, sizeof(s->complaint),
			 "the kernel became tainted during the run: 0x%llx, was 0x%llx", (unsigned long long)taint,
			 (unsigned long long)s->taint);
	s->complaint_told = s->complaint[0];
	return s->complaint;
}

int session_pin_excess(struct session *s, int64_t *pages)
{
	uint64_t now, bytes = ledger_bytes(iommu_ledger(s->iommu)) - buffers_uncounted_bytes(s);
	int err;

	/*
	 * Spaces share pages, and pin none while no device is attached: what is due then is the kernel's to know. The simulation pins for
	 * each mapping of each space.
	 */
	for (const struct named *n = s->named; n; n = n->next) {
		if (n->kind != IOMMU_OBJECT_IOAS && n->kind != IOMMU_OBJECT_HWPT)
			continue;
		if (!session_is_simulated(s) || n->kind == IOMMU_OBJECT_HWPT)
			return -EOPNOTSUPP;
		bytes += ledger_bytes(iommu_ledger(n->space));
	}
	if (!s->has_pins || !s->at)
		return -EOPNOTSUPP;
	err = iommu_pins(s->iommu, &now);
	if (!err)
		*pages = (int64_t)(now - s->pins_base) - (int64_t)(bytes / SESSION_PAGE);
	return err;
}
