/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single pages that stay where they are: rings, canaries and probe pages, pinned by a mapping in the arena. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session/priv.h"
#include "iommu/ledger.h"

/* How many pages to look at for one with a low physical address before giving up: 64 MiB. */
#define PAGE_SEARCH_MAX 16384

static int page_pin(struct session *s, struct session_page *page, struct fail *f)
{
	struct iommu_map_req req = {
		.va = page->mem.va, .size = SESSION_PAGE, .iova = page->pin, .prot = IOMMU_PROT_READ, .tag = "pin"};
	int err = iommu_map(s->iommu, &req, f);

	if (err)
		return err;
	err = session_mirror_at(s, page, page->pin, IOMMU_PROT_READ, f);
	if (err)
		iommu_unmap(s->iommu, page->pin, SESSION_PAGE, NULL, NULL);
	page->pinned = !err;
	return err;
}

static bool page_fits(const struct session *s, uint64_t phys, iova_t max)
{
	struct iova_range r = {phys, phys + SESSION_PAGE - 1};
	struct iova_range pin = s->arena;
	struct ledger_entry there;

	/* a buffer may be mapped at that address already */
	return r.last <= max && space_contains(&s->reach, r) && !iova_range_overlaps(r, pin) &&
	       !ledger_find(iommu_ledger(s->iommu), r, &there);
}

static bool page_is_kept_free(const struct session *s, uint64_t phys)
{
	for (unsigned int i = 0; i < s->nr_keep; i++)
		if (iova_range_overlaps((struct iova_range){phys, phys + SESSION_PAGE - 1}, s->keep[i]))
			return true;
	return false;
}

/*
 * Memory whose physical address suits, found by looking at many pages. The candidates that do not suit are held until
 * the search ends, else the kernel would hand out the same ones again.
 */
static int page_search(struct session *s, iova_t max, bool any, struct iommu_mem *out)
{
	struct iommu_mem *held = calloc(PAGE_SEARCH_MAX, sizeof(*held));
	unsigned int n = 0;
	uint64_t phys;
	int err = held ? 0 : -ENOMEM;

	while (!err && n < PAGE_SEARCH_MAX) {
		err = iommu_mem_alloc(s->iommu, SESSION_PAGE, IOMMU_MEM_ANON, &held[n], NULL);
		if (err)
			break;
		n++;
		err = iommu_phys(s->iommu, held[n - 1].va, &phys);
		if (err)
			break;
		if (page_fits(s, phys, max) && (any || !page_is_kept_free(s, phys))) {
			*out = held[--n];
			goto out_free;
		}
	}
	if (!err)
		err = -ERANGE;
out_free:
	for (unsigned int i = 0; i < n; i++)
		iommu_mem_free(s->iommu, &held[i]);
	free(held);
	return err;
}

/* Away from where a test is to map; there too, when nothing else can be had: the test then says what is in its way. */
static int page_find(struct session *s, iova_t max, struct iommu_mem *out)
{
	int err = page_search(s, max, !s->nr_keep, out);

	return err == -ERANGE && s->nr_keep ? page_search(s, max, true, out) : err;
}

static void page_why(int err, iova_t max, struct fail *f)
{
	if (err == -ERANGE)
		fail_set(f, ERANGE, "no page of ours lies below the device's highest address 0x%llx",
			 (unsigned long long)max);
	else if (err == -EPERM || err == -EACCES)
		fail_set(f, EPERM, "physical addresses are hidden (pagemap needs root)");
	else
		fail_set(f, err, "physical addresses cannot be had");
}

struct session_page *session_page_new(struct session *s, bool identity, iova_t max, struct fail *f)
{
	struct session_page *page;
	uint64_t phys = 0;
	int err;

	if (s->nr_pages == SESSION_PAGES_MAX || (!s->nr_arena_free && s->arena_next + SESSION_PAGE > s->slots_base)) {
		fail_set(f, ENOSPC, "no room for another pinned page");
		return NULL;
	}
	page = calloc(1, sizeof(*page));
	if (!page) {
		fail_set(f, ENOMEM, "cannot allocate a page record");
		return NULL;
	}
	err = identity ? page_find(s, max, &page->mem)
		       : iommu_mem_alloc(s->iommu, SESSION_PAGE, IOMMU_MEM_ANON, &page->mem, f);
	if (err) {
		if (identity)
			page_why(err, max, f);
		goto out_record;
	}
	page->pin = s->nr_arena_free ? s->arena_free[s->nr_arena_free - 1] : s->arena_next;
	err = page_pin(s, page, f);
	if (err)
		goto out_mem;
	/* only now can it no longer move: the address that counts is this one */
	err = iommu_phys(s->iommu, page->mem.va, &phys);
	page->has_phys = !err;
	page->phys = phys;
	if (s->nr_arena_free)
		s->nr_arena_free--;
	else
		s->arena_next += SESSION_PAGE;
	s->pages[s->nr_pages++] = page;
	if (identity && (!page->has_phys || !page_fits(s, phys, max))) {
		page_why(err ? err : -ERANGE, max, f);
		session_page_free(s, page);
		return NULL;
	}
	return page;
out_mem:
	iommu_mem_free(s->iommu, &page->mem);
out_record:
	free(page);
	return NULL;
}

int session_page_map(struct session *s, struct session_page *page, iova_t iova, struct fail *f)
{
	struct iommu_map_req req = {
		.va = page->mem.va, .size = SESSION_PAGE, .iova = iova, .prot = IOMMU_PROT_RW, .tag = "page"};
	int err = iommu_map(s->iommu, &req, f);

	if (err)
		return err;
	page->iova = iova;
	page->mapped = true;
	err = session_mirror_at(s, page, iova, IOMMU_PROT_RW, f);
	if (err)
		session_page_unmap(s, page);
	return err;
}

int session_page_unmap(struct session *s, struct session_page *page)
{
	if (!page->mapped)
		return 0;
	page->mapped = false;
	session_unmirror(s, page, page->iova);
	return iommu_unmap(s->iommu, page->iova, SESSION_PAGE, NULL, NULL);
}

void session_page_free(struct session *s, struct session_page *page)
{
	if (!page)
		return;
	session_page_unmap(s, page);
	if (page->pinned) {
		session_unmirror(s, page, page->pin);
		iommu_unmap(s->iommu, page->pin, SESSION_PAGE, NULL, NULL);
	}
	iommu_mem_free(s->iommu, &page->mem);
	for (unsigned int i = 0; i < s->nr_pages; i++) {
		if (s->pages[i] != page)
			continue;
		s->pages[i] = s->pages[--s->nr_pages];
		s->arena_free[s->nr_arena_free++] = page->pin;
		break;
	}
	free(page);
}

void session_pages_free_all(struct session *s)
{
	while (s->nr_pages)
		session_page_free(s, s->pages[s->nr_pages - 1]);
	memset(s->canary, 0, sizeof(s->canary));
	memset(s->probe, 0, sizeof(s->probe));
}

static int session_page_moved(struct session *s, struct fail *f)
{
	fail_set(f, ESTALE, "a pinned page moved while no mapping held it");
	session_forbid(s, f);
	return -ESTALE;
}

/* Asked twice: a kernel that is short of memory for a moment does not say that a page moved. */
static bool session_page_stayed(struct session *s, const struct session_page *page)
{
	uint64_t phys = 0;

	if (!page->has_phys)
		return true;
	return (!iommu_phys(s->iommu, page->mem.va, &phys) || !iommu_phys(s->iommu, page->mem.va, &phys)) &&
	       phys == page->phys;
}

int session_check_pages(struct session *s, struct fail *f)
{
	for (unsigned int i = 0; i < s->nr_pages; i++)
		if (!session_page_stayed(s, s->pages[i]))
			return session_page_moved(s, f);
	return 0;
}

int session_pages_restore(struct session *s, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < s->nr_pages && !err; i++) {
		struct session_page *page = s->pages[i];
		bool mapped = page->mapped;

		err = page_pin(s, page, f);
		if (err)
			break;
		/* unpinned for a moment: had it moved, its identity IOVA would now name a stranger's page */
		if (!session_page_stayed(s, page))
			return session_page_moved(s, f);
		page->mapped = false;
		if (mapped)
			err = session_page_map(s, page, page->iova, f);
		/* still wanted there: whoever tries again maps it */
		page->mapped = mapped;
	}
	return err;
}
