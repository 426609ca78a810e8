/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log itself: ranges in order, a bit per page, words set and taken by atomics. */
#include "iommu/sim/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/bitmap.h"

/* What the device has for its bits. */
#define SIM_LOG_BYTES GiB(1)
/* The page sizes it can log by. */
#define SIM_LOG_LEAST 12u
#define SIM_LOG_MOST 21u

struct sim_log_range {
	struct iova_range range;
	_Atomic uint64_t *words;
};

struct sim_log {
	unsigned int shift, nr;
	void *memory; /* all words; zero pages until they are marked */
	uint64_t bytes;
	struct sim_log_range range[];
};

static int sim_log_order(const void *a, const void *b)
{
	const struct sim_log_range *x = a, *y = b;

	return x->range.start < y->range.start ? -1 : x->range.start > y->range.start;
}

static uint64_t sim_log_words(const struct sim_log *log, const struct iova_range *range)
{
	return bitmap_words(((range->last - range->start) >> log->shift) + 1);
}

/* The hint is followed as far as the device can. */
static unsigned int sim_log_shift(uint64_t page_size)
{
	unsigned int shift = page_size ? 63 - (unsigned int)__builtin_clzll(page_size) : 0;

	return MIN(MAX(shift, SIM_LOG_LEAST), SIM_LOG_MOST);
}

static int sim_log_memory(struct sim_log *log)
{
	uint64_t words = 0;

	for (unsigned int i = 0; i < log->nr; i++) {
		words += sim_log_words(log, &log->range[i].range);
		if (words > SIM_LOG_BYTES / 8)
			return -ENOMEM;
	}
	log->bytes = words * 8;
	log->memory =
		mmap(NULL, log->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (log->memory == MAP_FAILED)
		return -ENOMEM;
	words = 0;
	for (unsigned int i = 0; i < log->nr; i++) {
		log->range[i].words = (_Atomic uint64_t *)log->memory + words;
		words += sim_log_words(log, &log->range[i].range);
	}
	return 0;
}

int sim_log_new(const struct dirty_start *req, struct sim_log **out)
{
	struct sim_log *log = calloc(1, sizeof(*log) + req->nr * sizeof(log->range[0]));

	if (!log)
		return -ENOMEM;
	log->shift = sim_log_shift(req->page_size);
	log->nr = req->nr;
	for (unsigned int i = 0; i < req->nr; i++)
		log->range[i].range = req->ranges[i];
	qsort(log->range, log->nr, sizeof(log->range[0]), sim_log_order);
	if (sim_log_memory(log)) {
		free(log);
		return -ENOMEM;
	}
	*out = log;
	return 0;
}

void sim_log_free(struct sim_log *log)
{
	if (!log)
		return;
	munmap(log->memory, log->bytes);
	free(log);
}

unsigned int sim_log_page_shift(const struct sim_log *log)
{
	return log->shift;
}

/* The lowest range that ends at @iova or behind it; NULL: none does. */
static struct sim_log_range *sim_log_find(struct sim_log *log, uint64_t iova)
{
	unsigned int low = 0, high = log->nr;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (log->range[mid].range.last < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low < log->nr ? &log->range[low] : NULL;
}

/*
 * Always by an atomic that orders, even where the bit is set already: only then does a report that takes the bit come after the data,
 * and one that came before leaves it set.
 */
void sim_log_mark(struct sim_log *log, uint64_t iova, uint64_t len)
{
	uint64_t last = iova + (len - 1);

	for (struct sim_log_range *r = sim_log_find(log, iova); r && r < &log->range[log->nr]; r++) {
		uint64_t page, end;

		if (r->range.start > last)
			break;
		page = (MAX(iova, r->range.start) - r->range.start) >> log->shift;
		end = (MIN(last, r->range.last) - r->range.start) >> log->shift;
		for (; page <= end; page++)
			atomic_fetch_or_explicit(&r->words[page / 64], UINT64_C(1) << (page % 64),
						 memory_order_acq_rel);
	}
}

/* Pages first..last of a range: bits of word @word. */
static uint64_t sim_log_mask(uint64_t word, uint64_t first, uint64_t last)
{
	uint64_t mask = UINT64_MAX;

	if (first > last || first > word * 64 + 63 || last < word * 64)
		return 0;
	if (first > word * 64)
		mask &= UINT64_MAX << (first % 64);
	if (last < word * 64 + 63)
		mask &= UINT64_MAX >> (63 - last % 64);
	return mask;
}

/* What one range has for the report. Pages that lie in it only in part are seen and stay. */
struct sim_log_look {
	uint64_t first, last;		  /* pages to report */
	uint64_t first_whole, last_whole; /* pages to clear */
};

static uint64_t sim_log_take(struct sim_log_range *r, uint64_t word, const struct sim_log_look *look,
			     struct sim_faults *faults)
{
	uint64_t seen = sim_log_mask(word, look->first, look->last);
	uint64_t clear = sim_log_mask(word, look->first_whole, look->last_whole);

	if (!(atomic_load_explicit(&r->words[word], memory_order_relaxed) & seen))
		return 0;
	if (sim_fault_fires(faults, SIM_FAULT_DIRTY_NO_CLEAR))
		clear = 0;
	return atomic_fetch_and_explicit(&r->words[word], ~clear, memory_order_acq_rel) & seen;
}

static void sim_log_report_range(struct sim_log *log, struct sim_log_range *r, struct sim_bits *bits)
{
	uint64_t start = MAX(bits->range.start, r->range.start), last = MIN(bits->range.last, r->range.last);
	uint64_t size = UINT64_C(1) << log->shift;
	struct sim_log_look look;

	look.first = (start - r->range.start) >> log->shift;
	look.last = (last - r->range.start) >> log->shift;
	look.first_whole = look.first + !IS_ALIGNED(start - r->range.start, size);
	look.last_whole = look.last;
	if (last != r->range.last && !IS_ALIGNED(last + 1 - r->range.start, size)) {
		if (!look.last)
			look.first_whole = 1;
		else
			look.last_whole--;
	}
	for (uint64_t word = look.first / 64; word <= look.last / 64; word++) {
		uint64_t seen = sim_log_take(r, word, &look, bits->faults);

		for (; seen; seen &= seen - 1) {
			uint64_t page = word * 64 + (uint64_t)__builtin_ctzll(seen);
			uint64_t at = r->range.start + (page << log->shift);

			sim_bits_add(bits, at, MIN(at + (size - 1), r->range.last));
		}
	}
}

/* Is all of @range logged, by one range or several that touch? */
static bool sim_log_covers(struct sim_log *log, struct iova_range range)
{
	uint64_t at = range.start;

	for (struct sim_log_range *r = sim_log_find(log, at); r && r < &log->range[log->nr]; r++) {
		if (r->range.start > at)
			break;
		if (r->range.last >= range.last)
			return true;
		at = r->range.last + 1;
	}
	return false;
}

int sim_log_report(struct sim_log *log, struct sim_bits *bits)
{
	if (!sim_log_covers(log, bits->range))
		return -EINVAL;
	for (struct sim_log_range *r = sim_log_find(log, bits->range.start); r < &log->range[log->nr]; r++) {
		sim_log_report_range(log, r, bits);
		if (r->range.last >= bits->range.last)
			break;
	}
	sim_bits_finish(bits);
	return 0;
}
