/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/bitmap against loops over single bits: every variant that this CPU has, sizes around words, vectors and blocks, any rest. */
#include "variants.h"

#include <string.h>
#include <sys/mman.h>

#include "base/bitmap_variant.h"
#include "base/rng.h"
#include "base/util.h"

#define WORDS_MAX 1700u /* three blocks of edges and a part */
#define BITS_MAX (WORDS_MAX * 64u)

static uint64_t words[WORDS_MAX + 8], other[WORDS_MAX + 8], scratch[WORDS_MAX + 8];
static struct bitmap_edges found;

static const uint64_t sizes[] = {
	1,	   2,
	31,	   63,
	64,	   65,
	127,	   128,
	129,	   200,
	511,	   512,
	513,	   575,
	4095,	   4096,
	4097,	   64 * 100 + 1,
	64 * 510,  64 * 511 + 63,
	64 * 512,  64 * 512 + 1,
	64 * 513,  64 * 1023 + 5,
	64 * 1024, BITS_MAX - 1,
	BITS_MAX,
};

enum fill { EMPTY, FULL, FIRST, LAST, ALTERNATE, WORD_ENDS, LONG_RUNS, RARE, FEW, SOME, HALF, MOST, BLOCKS, FILLS };

static bool fill_bit(enum fill fill, uint64_t bit, uint64_t bits)
{
	uint64_t r = rng_draw(fill, bits, bit);

	switch (fill) {
	case EMPTY:
		return false;
	case FULL:
		return true;
	case FIRST:
		return bit == 0;
	case LAST:
		return bit + 1 == bits;
	case ALTERNATE:
		return bit % 2;
	case WORD_ENDS:
		return bit % 64 == 63 || bit % 128 == 0;
	case LONG_RUNS: /* over words, vectors and blocks */
		return bit / 777 % 2 || bit / 40000 % 2;
	case RARE:
		return r % 1000 == 0;
	case FEW:
		return r % 50 == 0;
	case SOME:
		return r % 8 == 0;
	case HALF:
		return r % 2;
	case MOST:
		return r % 100 != 0;
	default: /* empty ones beside dense ones */
		return bit / 32768 % 2 ? r % 2 : r % 5000 == 0;
	}
}

/* The rest of the last word, and what lies behind it, is garbage. */
static void fill_words(uint64_t *to, enum fill fill, uint64_t bits)
{
	for (uint64_t i = 0; i < WORDS_MAX + 8; i++)
		to[i] = rng_draw(77, fill, i);
	for (uint64_t bit = 0; bit < bits; bit++) {
		to[bit / 64] &= ~(1ull << bit % 64);
		to[bit / 64] |= (uint64_t)fill_bit(fill, bit, bits) << bit % 64;
	}
}

static void test_variants_exist(void **state)
{
	size_t n = 0;

	while (bitmap_variants[n])
		n++;
	assert_ptr_equal(bitmap_variants[n - 1], &bitmap_plain);
	assert_true(bitmap_plain.works());
	assert_true(bitmap_variant()->works());
	for (size_t i = 0; bitmap_variants[i] != bitmap_variant(); i++)
		assert_false(bitmap_variants[i]->works());
	bitmap_variant_force(&bitmap_plain);
	assert_ptr_equal(bitmap_variant(), &bitmap_plain);
	bitmap_variant_force(NULL);
	print_message("# the variant of this CPU is %s\n", bitmap_variant()->name);
}

static void check_count(const struct bitmap_variant *v, uint64_t n)
{
	struct bitmap_diff diff = {1, 2, 3}, want = {1, 2, 3};
	uint64_t count = 0, any = 0;

	for (uint64_t i = 0; i < n; i++)
		any |= words[i];
	assert_int_equal(v->merge(words, n), any);
	for (uint64_t bit = 0; bit < n * 64; bit++) {
		bool a = bitmap_test(words, bit), b = bitmap_test(other, bit);

		count += a;
		want.only_a += a && !b;
		want.only_b += b && !a;
		want.both += a && b;
	}
	assert_int_equal(v->count(words, n), count);
	v->compare(words, other, n, &diff);
	assert_int_equal(diff.only_a, want.only_a);
	assert_int_equal(diff.only_b, want.only_b);
	assert_int_equal(diff.both, want.both);
}

/* Of the block in @found: edges in order, all of them and no other. */
static void check_edges(const uint64_t *w, uint64_t bits, uint64_t *bit, bool *last)
{
	unsigned int nr = 0;

	for (unsigned int j = 0; j < found.nr_words; j++) {
		assert_true(found.word[j] < BITMAP_EDGE_WORDS);
		for (unsigned int k = 0; k < found.count[j]; k++, nr++) {
			uint64_t at = (found.first + found.word[j]) * 64 + found.bit[j][k];

			assert_true(at < bits && at >= *bit);
			for (; *bit < at; ++*bit)
				assert_int_equal(bitmap_test(w, *bit), *last);
			*last = !*last;
			assert_int_equal(bitmap_test(w, at), *last);
		}
	}
	assert_int_equal(nr, found.nr);
}

static void check_variant_edges(const struct bitmap_variant *v, uint64_t n)
{
	bool last = false;
	uint64_t bit = 0;

	bitmap_edges_begin(&found);
	for (uint64_t at = 0; at < n; at += BITMAP_EDGE_WORDS) {
		found.first = at;
		v->edges(words + at, (unsigned int)MIN(n - at, BITMAP_EDGE_WORDS), &found);
		check_edges(words, n * 64, &bit, &last);
	}
	for (; bit < n * 64; bit++)
		assert_int_equal(bitmap_test(words, bit), last);
}

static void check_skip(const struct bitmap_variant *v, uint64_t n, uint64_t same)
{
	uint64_t at;

	for (uint64_t from = 0; from <= n; from += 1 + from / 3) {
		for (at = from; at < n && words[at] == same; at++)
			;
		assert_int_equal(v->skip_same(words, from, n, same), at);
	}
}

/* What the variant at work does to whole words. */
static void test_scans(void **state)
{
	for (enum fill fill = 0; fill < FILLS; fill++)
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			fill_words(words, fill, sizes[s]);
			fill_words(other, (fill + s) % FILLS, sizes[s]);
			check_count(bitmap_variant(), sizes[s] / 64);
			check_variant_edges(bitmap_variant(), sizes[s] / 64);
			check_skip(bitmap_variant(), sizes[s] / 64, 0);
			check_skip(bitmap_variant(), sizes[s] / 64, ~0ull);
		}
}

/* Words at any place that a word may lie at. */
static void test_unaligned(void **state)
{
	const struct bitmap_variant *v = bitmap_variant();

	fill_words(scratch, HALF, BITS_MAX);
	for (unsigned int at = 0; at < 8; at++) {
		memcpy(words, scratch + at, 64 * sizeof(words[0]));
		assert_int_equal(v->count(scratch + at, 61), bitmap_plain.count(words, 61));
	}
}

/* @bytes that end where nothing can be read or written: two such places. */
static void *guarded(unsigned int which, size_t bytes)
{
	static char *base[2];
	size_t room = ALIGN_UP(sizeof(words), 4096);

	if (!base[which]) {
		base[which] = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(base[which] != MAP_FAILED);
		assert_int_equal(mprotect(base[which] + room, 4096, PROT_NONE), 0);
	}
	assert_true(bytes <= room);
	return base[which] + room - bytes;
}

/* The runs of what ends at a guard page, into an array that does: as many as by counting single bits, which end in the same place. */
static void check_guarded_runs(const uint64_t *w, uint64_t bits, size_t max)
{
	struct bitmap_run *runs = guarded(1, max * sizeof(*runs));
	uint64_t at = 0, nr = 0, set = 0, want = 0;
	size_t n;

	for (uint64_t bit = 0; bit < bits; bit++)
		want += bitmap_test(w, bit) && !(bit && bitmap_test(w, bit - 1));
	while ((n = bitmap_runs(w, bits, &at, runs, max))) {
		nr += n;
		for (size_t i = 0; i < n; i++)
			set += runs[i].count;
	}
	assert_int_equal(nr, want);
	assert_int_equal(bitmap_count_runs(w, bits), want);
	assert_int_equal(set, bitmap_count(w, bits));
}

/* Nothing is read past the last word, and nothing written past the last run. */
static void test_guarded(void **state)
{
	static const uint64_t few[] = {1,	   63,	   64,		65,	      127,	191,	 64 * 7,
				       64 * 8 + 1, 64 * 9, 64 * 15 + 9, 64 * 255 + 3, 64 * 261, BITS_MAX};
	static const size_t rooms[] = {1, 31, 32, 33, 36, 64, 100, 256, 1000};

	for (enum fill fill = 0; fill < FILLS; fill++)
		for (size_t s = 0; s < ARRAY_SIZE(few); s++) {
			size_t bytes = bitmap_words(few[s]) * 8;
			uint64_t *w = guarded(0, bytes), *o;
			struct bitmap_diff diff, want;

			fill_words(words, fill, few[s]);
			fill_words(other, (fill + 1) % FILLS, few[s]);
			memcpy(w, words, bytes);
			for (size_t r = 0; r < ARRAY_SIZE(rooms); r++)
				check_guarded_runs(w, few[s], rooms[r]);
			bitmap_edges_begin(&found);
			while (bitmap_edges(w, few[s], &found))
				;
			assert_int_equal(bitmap_next(w, few[s], 0), bitmap_next(words, few[s], 0));
			assert_int_equal(bitmap_next_clear(w, few[s], 0), bitmap_next_clear(words, few[s], 0));
			assert_int_equal(bitmap_variant()->merge(w, bytes / 8), bitmap_plain.merge(words, bytes / 8));
			o = guarded(1, bytes);
			memcpy(o, other, bytes);
			bitmap_compare(w, o, few[s], &diff);
			bitmap_compare(words, other, few[s], &want);
			assert_memory_equal(&diff, &want, sizeof(diff));
		}
}

static void check_runs(uint64_t bits, uint64_t from, size_t max)
{
	struct bitmap_run runs[1500];
	uint64_t at = from, bit = from, nr = 0;
	size_t n;

	do {
		n = bitmap_runs(words, bits, &at, runs, max);
		assert_true(n <= max);
		nr += n;
		for (size_t i = 0; i < n; i++) {
			for (; bit < runs[i].first; bit++)
				assert_false(bitmap_test(words, bit));
			for (; bit < runs[i].first + runs[i].count; bit++)
				assert_true(bitmap_test(words, bit));
			assert_true(runs[i].count > 0 && bit <= bits);
			assert_true(bit == bits || !bitmap_test(words, bit));
		}
		assert_true(at >= bit && at <= bits);
	} while (n);
	if (!from)
		assert_int_equal(bitmap_count_runs(words, bits), nr);
	for (; bit < bits; bit++)
		assert_false(bitmap_test(words, bit));
}

static void check_whole(uint64_t bits)
{
	struct bitmap_diff diff, want = {0};
	uint64_t count = 0, bit = 0;
	bool last = false;

	for (uint64_t i = 0; i < bits; i++) {
		count += bitmap_test(words, i);
		want.only_a += bitmap_test(words, i) && !bitmap_test(other, i);
		want.only_b += bitmap_test(other, i) && !bitmap_test(words, i);
	}
	assert_int_equal(bitmap_count(words, bits), count);
	bitmap_compare(words, other, bits, &diff);
	assert_int_equal(diff.only_a, want.only_a);
	assert_int_equal(diff.only_b, want.only_b);
	assert_int_equal(diff.both, count - want.only_a);
	bitmap_edges_begin(&found);
	while (bitmap_edges(words, bits, &found))
		check_edges(words, bits, &bit, &last);
	for (; bit < bits; bit++)
		assert_int_equal(bitmap_test(words, bit), last);
	assert_false(bitmap_edges(words, bits, &found));
}

static void test_whole(void **state)
{
	for (enum fill fill = 0; fill < FILLS; fill++)
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			fill_words(words, fill, sizes[s]);
			fill_words(other, (fill + s + 1) % FILLS, sizes[s]);
			check_whole(sizes[s]);
			check_runs(sizes[s], 0, 1 + s % 65);
			check_runs(sizes[s], 0, 65);
			check_runs(sizes[s], 0, 700);
			check_runs(sizes[s], 0, 1500);
			check_runs(sizes[s], sizes[s] / 3, 3);
			check_runs(sizes[s], sizes[s] / 3, 100);
			check_runs(sizes[s], ALIGN_DOWN(sizes[s] / 3, 64), 100);
		}
}

static void test_next(void **state)
{
	for (enum fill fill = 0; fill < FILLS; fill++)
		for (size_t s = 0; s < 16; s++) {
			uint64_t next = sizes[s], clear = sizes[s];

			fill_words(words, fill, sizes[s]);
			for (uint64_t from = sizes[s] + 1; from-- > 0;) {
				if (from < sizes[s] && bitmap_test(words, from))
					next = from;
				else if (from < sizes[s])
					clear = from;
				assert_int_equal(bitmap_next(words, sizes[s], from), next);
				assert_int_equal(bitmap_next_clear(words, sizes[s], from), clear);
			}
			assert_int_equal(bitmap_next(words, sizes[s], sizes[s] + 1000), sizes[s]);
		}
}

static void check_put(uint64_t first, uint64_t n, bool set)
{
	fill_words(words, HALF, 1000);
	memcpy(other, words, sizeof(words));
	if (set)
		bitmap_set(words, first, n);
	else
		bitmap_clear(words, first, n);
	for (uint64_t bit = 0; bit < 1000; bit++)
		assert_int_equal(bitmap_test(words, bit),
				 bit >= first && bit < first + n ? set : bitmap_test(other, bit));
	assert_int_equal(bitmap_count_range(words, first, n), set ? n : 0);
}

static void test_put(void **state)
{
	static const uint64_t firsts[] = {0, 1, 5, 63, 64, 65, 100, 127, 128, 191, 320};
	static const uint64_t counts[] = {0, 1, 2, 58, 59, 63, 64, 65, 127, 128, 129, 200, 512, 640};

	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(counts); j++) {
			check_put(firsts[i], counts[j], true);
			check_put(firsts[i], counts[j], false);
		}
}

static void test_count_range(void **state)
{
	fill_words(words, HALF, 2000);
	for (uint64_t first = 0; first < 200; first += 7)
		for (uint64_t n = 0; n < 1500; n += 11) {
			uint64_t count = 0;

			for (uint64_t bit = first; bit < first + n; bit++)
				count += bitmap_test(words, bit);
			assert_int_equal(bitmap_count_range(words, first, n), count);
		}
}

static void test_nothing(void **state)
{
	struct bitmap_run run;
	uint64_t at = 0;

	assert_int_equal(bitmap_words(0), 0);
	assert_int_equal(bitmap_words(1), 1);
	assert_int_equal(bitmap_words(64), 1);
	assert_int_equal(bitmap_words(65), 2);
	assert_int_equal(bitmap_words(UINT64_MAX), 1ull << 58);
	assert_int_equal(bitmap_count(words, 0), 0);
	assert_int_equal(bitmap_runs(words, 0, &at, &run, 1), 0);
	bitmap_edges_begin(&found);
	assert_false(bitmap_edges(words, 0, &found));
}

static int use_variant(void **state)
{
	bitmap_variant_force(*state);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest once[] = {
		cmocka_unit_test(test_variants_exist),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_nothing),
	};
	static const struct CMUnitTest each[] = {
		cmocka_unit_test(test_scans),	cmocka_unit_test(test_unaligned),   cmocka_unit_test(test_whole),
		cmocka_unit_test(test_guarded), cmocka_unit_test(test_count_range), cmocka_unit_test(test_next),
	};
	static struct variant_tests all;

	variant_tests_add(&all, once, ARRAY_SIZE(once), NULL, NULL, NULL);
	/* all of it by each variant that this CPU has */
	for (size_t i = 0; bitmap_variants[i]; i++)
		if (bitmap_variants[i]->works())
			variant_tests_add(&all, each, ARRAY_SIZE(each), bitmap_variants[i]->name, use_variant,
					  bitmap_variants[i]);
		else
			print_message("# variant %s: not on this CPU\n", bitmap_variants[i]->name);
	return variant_tests_run(&all);
}
