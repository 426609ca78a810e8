/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer of bitmap files: the input is a file. It is read as it is; then, so that more than the checksums is met, with sums that fit; then
 * with a size that fits what the header says, as far as there is enough.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "core/dirty/format.h"

/* Every run, in order, apart, and together as many bits as are set; the edges say the same. */
static void runs_hold(const struct dirty_bitmap *b)
{
	static struct bitmap_edges edges;
	struct bitmap_run runs[7];
	uint64_t at = 0, end = 0, sum = 0, nr = 0, nr_edges = 0;
	size_t n;

	while ((n = bitmap_runs(b->words, b->bits, &at, runs, ARRAY_SIZE(runs))))
		for (size_t i = 0; i < n; i++) {
			FUZZ_HOLDS(runs[i].count && (runs[i].first > end || !nr) && runs[i].first < b->bits);
			FUZZ_HOLDS(runs[i].count <= b->bits - runs[i].first);
			FUZZ_HOLDS(bitmap_count_range(b->words, runs[i].first, runs[i].count) == runs[i].count);
			end = runs[i].first + runs[i].count;
			sum += runs[i].count;
			nr++;
		}
	FUZZ_HOLDS(at == b->bits && sum == bitmap_count(b->words, b->bits));
	bitmap_edges_begin(&edges);
	while (bitmap_edges(b->words, b->bits, &edges))
		nr_edges += edges.nr;
	FUZZ_HOLDS(nr_edges / 2 + nr_edges % 2 == nr && bitmap_count_runs(b->words, b->bits) == nr);
}

/* What `dirty show` walks over. */
static void shown(const struct dirty_bitmap *b)
{
	struct report_params params = {.format = REPORT_JSON, .command = "dirty", .to = fopen("/dev/null", "w")};
	struct report *r;

	FUZZ_HOLDS(params.to && !report_open(&r, &params));
	dirty_bitmap_report(r, b, DIRTY_RANGES_MAX);
	dirty_bitmap_describe(r, b);
	report_discard(r);
	fclose(params.to);
}

static void opened(const struct dirty_bitmap *b, const char *path, size_t size)
{
	struct dirty_diff diff;

	FUZZ_HOLDS(b->page_size && !(b->page_size & (b->page_size - 1)));
	FUZZ_HOLDS(b->bits && b->bits * b->page_size == b->length);
	FUZZ_HOLDS(b->iova + (b->length - 1) >= b->iova);
	FUZZ_HOLDS(DIRTY_HEADER + bitmap_words(b->bits) * 8 == size);
	FUZZ_HOLDS(b->source < DIRTY_SOURCES);
	FUZZ_ENDS(b->kernel);
	FUZZ_ENDS(b->backend);
	FUZZ_ENDS(b->device);
	runs_hold(b);
	shown(b);
	FUZZ_HOLDS(!dirty_diff(b, b, &diff, NULL) && !diff.part && diff.length == b->length);
	FUZZ_HOLDS(diff.both == bitmap_count(b->words, b->bits));
	FUZZ_HOLDS(!bitmap_count(diff.only_a.words, diff.only_a.bits) &&
		   !bitmap_count(diff.only_b.words, diff.only_b.bits));
	dirty_diff_free(&diff);
	FUZZ_HOLDS(!dirty_file_check_whole(b, path, NULL));
}

static void file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("bitmap", MFD_CLOEXEC), err;
	struct fail f = {0};
	struct dirty_bitmap b;
	char path[40];

	FUZZ_HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = dirty_file_open(&b, path, &f);
	if (err) {
		FUZZ_HOLDS(err == -EILSEQ || err == -EUCLEAN || err == -ENODATA || err == -EPROTO);
		FUZZ_HOLDS(f.err == -err && f.complete && strstr(f.text, path));
		FUZZ_HOLDS(!b.words && !b.map);
	} else {
		opened(&b, path, size);
	}
	dirty_bitmap_free(&b);
	close(fd);
}

static void put(uint8_t *data, enum dirty_field field, unsigned int width, uint64_t v)
{
	for (unsigned int i = 0; i < width; i++)
		data[field + i] = (uint8_t)(v >> 8 * i);
}

static void resum(uint8_t *data, size_t size)
{
	struct crc32c c;

	crc32c_begin(&c);
	crc32c_add(&c, data + DIRTY_HEADER, size - DIRTY_HEADER);
	put(data, FIELD_DATA_SUM, 4, crc32c_sum(&c));
	crc32c_begin(&c);
	crc32c_add(&c, data, FIELD_HEADER_SUM);
	put(data, FIELD_HEADER_SUM, 4, crc32c_sum(&c));
}

/* The bits that the header has room for, and their number. */
static void fit(uint8_t *data, size_t *size)
{
	struct bytes all = {data, *size};
	uint64_t length = bytes_at(all, FIELD_LENGTH, 8), page = bytes_at(all, FIELD_PAGE_SIZE, 8), bits, words,
		 sum = 0;

	bits = page ? length / page : 0;
	words = bitmap_words(bits);
	if (!bits || words > (*size - DIRTY_HEADER) / 8)
		return;
	*size = DIRTY_HEADER + words * 8;
	if (bits % 64)
		put(data, (enum dirty_field)(*size - 8), 8, bytes_at(all, *size - 8, 8) & ((1ull << bits % 64) - 1));
	for (size_t at = DIRTY_HEADER; at < *size; at += 8)
		sum += (uint64_t)__builtin_popcountll(bytes_at(all, at, 8));
	put(data, FIELD_DIRTY, 8, sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	file(data, size);
	if (size < DIRTY_HEADER)
		return 0;
	copy = fuzz_copy(data, size, 0);
	memcpy(copy, DIRTY_MAGIC, 8);
	put(copy, FIELD_VERSION, 4, DIRTY_VERSION);
	put(copy, FIELD_HEADER, 4, DIRTY_HEADER);
	resum(copy, size);
	file(copy, size);
	fit(copy, &size);
	resum(copy, size);
	file(copy, size);
	free(copy);
	return 0;
}
