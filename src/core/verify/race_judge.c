/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of writes and reads that race: reported in this read or the next, never in neither. */
#include "core/verify/race.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"

/* What concerns one leaf: its writes in order of their begin, and the latest end among those up to each; its reads that clear. */
struct race_leaf {
	const struct race_log *log;
	uint32_t first, last;
	const struct race_write **writes;
	uint64_t *latest;
	size_t nr_writes;
	/* of one page of it */
	const struct race_read **clears, **keeps;
	size_t nr_clears, nr_keeps;
	void (*found)(void *arg, const struct race_found *);
	void *arg;
	int count;
};

static bool race_asks(const struct race_read *r, uint32_t page)
{
	return page - r->first < r->pages && page >= r->first;
}

static bool race_has(const struct race_read *r, uint32_t page)
{
	return r->kind == RACE_RESET || bitmap_test(r->bits, page - r->first);
}

/* The first of @n reads that begins after @time. */
static size_t race_after(const struct race_read **reads, size_t n, uint64_t time)
{
	size_t low = 0;

	while (low < n) {
		size_t mid = low + (n - low) / 2;

		if (reads[mid]->begin > time)
			n = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void race_tell(struct race_leaf *l, uint32_t page, const struct race_write *w, const struct race_read *r)
{
	const struct race_found found = {page, w, r};

	l->count++;
	if (l->found)
		l->found(l->arg, &found);
}

/* Is there one among clears[0 .. @n - 1] that has the page and ended after the write began? They follow each other: the last ones first. */
static bool race_taken(const struct race_leaf *l, size_t n, uint32_t page, const struct race_write *w)
{
	while (n-- && l->clears[n]->end > w->begin)
		if (race_has(l->clears[n], page))
			return true;
	return false;
}

/* The first read that had to have the write and has not, nor any that may have had it in its stead; NULL: all is well. */
static const struct race_read *race_missed(const struct race_leaf *l, uint32_t page, const struct race_write *w)
{
	size_t clear = race_after(l->clears, l->nr_clears, w->end);
	size_t keep = race_after(l->keeps, l->nr_keeps, w->end);

	if (clear < l->nr_clears && !race_taken(l, clear + 1, page, w))
		return l->clears[clear];
	if (keep == l->nr_keeps || race_has(l->keeps[keep], page))
		return NULL;
	return race_taken(l, race_after(l->clears, l->nr_clears, l->keeps[keep]->end), page, w) ? NULL : l->keeps[keep];
}

/* Was anything of the leaf written that this read may have seen: before it ended, and not all before @since? */
static bool race_may_have(const struct race_leaf *l, const struct race_read *r, uint64_t since)
{
	size_t low = 0, high = l->nr_writes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->writes[mid]->begin < r->end)
			low = mid + 1;
		else
			high = mid;
	}
	return low && l->latest[low - 1] > since;
}

/* When the last read that cleared and had ended before @r began itself began; 0: none. */
static uint64_t race_since(const struct race_leaf *l, const struct race_read *r)
{
	size_t n = race_after(l->clears, l->nr_clears, r->begin);

	while (n && (l->clears[n - 1] == r || l->clears[n - 1]->end > r->begin))
		n--;
	return n ? l->clears[n - 1]->begin : 0;
}

static bool race_judge_read(struct race_leaf *l, uint32_t page, const struct race_read *r)
{
	if (r->kind == RACE_RESET || !race_has(r, page) || race_may_have(l, r, race_since(l, r)))
		return false;
	race_tell(l, page, NULL, r);
	return true;
}

static void race_judge_page(struct race_leaf *l, uint32_t page)
{
	bool told = false;

	l->nr_clears = l->nr_keeps = 0;
	for (size_t i = 0; i < l->log->nr_reads; i++) {
		const struct race_read *r = &l->log->reads[i];

		if (race_asks(r, page) && r->kind == RACE_KEEP)
			l->keeps[l->nr_keeps++] = r;
		else if (race_asks(r, page))
			l->clears[l->nr_clears++] = r;
	}
	for (size_t i = 0; i < l->nr_writes && !told; i++) {
		const struct race_write *w = l->writes[i];
		bool due = !w->refused && page >= w->first && page <= w->last;
		const struct race_read *missed = due ? race_missed(l, page, w) : NULL;

		told = missed;
		if (missed)
			race_tell(l, page, w, missed);
	}
	told = false;
	for (size_t i = 0; i < l->nr_clears && !told; i++)
		told = race_judge_read(l, page, l->clears[i]);
	for (size_t i = 0; i < l->nr_keeps && !told; i++)
		told = race_judge_read(l, page, l->keeps[i]);
}

static void race_judge_leaf(struct race_leaf *l)
{
	uint64_t latest = 0;

	l->nr_writes = 0;
	for (size_t i = 0; i < l->log->nr_writes; i++) {
		const struct race_write *w = &l->log->writes[i];

		if (w->first > l->last || w->last < l->first)
			continue;
		latest = MAX(latest, w->end);
		l->latest[l->nr_writes] = latest;
		l->writes[l->nr_writes++] = w;
	}
	for (uint32_t page = l->first; page <= l->last; page++)
		race_judge_page(l, page);
}

int race_judge(const struct race_log *log, void (*found)(void *arg, const struct race_found *), void *arg)
{
	struct race_leaf l = {.log = log, .found = found, .arg = arg};

	l.writes = calloc(log->nr_writes + 1, sizeof(*l.writes));
	l.latest = calloc(log->nr_writes + 1, sizeof(*l.latest));
	l.clears = calloc(log->nr_reads + 1, sizeof(*l.clears));
	l.keeps = calloc(log->nr_reads + 1, sizeof(*l.keeps));
	if (!l.writes || !l.latest || !l.clears || !l.keeps)
		l.count = -ENOMEM;
	for (l.first = 0; l.count >= 0 && l.first < log->pages; l.first += log->leaf) {
		l.last = MIN(l.first + log->leaf, log->pages) - 1;
		race_judge_leaf(&l);
	}
	free(l.writes);
	free(l.latest);
	free(l.clears);
	free(l.keeps);
	return l.count;
}
