/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/stamp: what is written is found again, what is changed anywhere is seen, and each kind of damage gets its name. */
#include "variants.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/stamp/kernel.h"

#define WORDS (STAMP_LINE / 8)
#define AREA (5 * 4096 + 200)

static uint64_t area[AREA / 8 + 8], other[AREA / 8 + 8];
static const struct stamp mine = {0x1234567890abcdef, 0x0003000000000007, 0x40000000};

static struct stamp with_loop(uint64_t loop)
{
	struct stamp s = mine;

	s.generation = stamp_generation(3, loop);
	return s;
}

static char *at(size_t offset)
{
	return (char *)area + offset;
}

/* The only bad run of @size bytes stamped as @want. */
static struct stamp_verdict only(size_t size, const struct stamp *want)
{
	struct stamp_verdict v, more;
	size_t offset = 0;

	assert_false(stamp_verify(area, size, want));
	assert_true(stamp_next_bad(area, size, want, &offset, &v));
	assert_false(stamp_next_bad(area, size, want, &offset, &more));
	return v;
}

static void test_generation(void **state)
{
	assert_int_equal(stamp_generation(0, 0), 1);
	assert_int_equal(stamp_generation(3, 6), mine.generation);
	assert_int_equal(stamp_generation(0xffff, 0), 0xffff000000000001);
}

/* Every size from nothing to three lines, then around page borders: filled exactly, nothing beyond. */
static void test_sizes(void **state)
{
	static const uint64_t starts[] = {0, 0x40000000, 0x40000fc0, 0x40000f80, UINT64_MAX - 4095};

	for (unsigned int k = 0; k < sizeof(starts) / sizeof(*starts); k++) {
		struct stamp s = {7, 9, starts[k]};

		for (size_t size = 0; size <= 2 * 4096 + 3 * STAMP_LINE; size += size < 200 ? 1 : 37) {
			memset(area, 0xa5, size + 64);
			stamp_fill(area, size, &s);
			assert_true(stamp_verify(area, size, &s));
			for (size_t i = size; i < size + 64; i++)
				assert_int_equal((unsigned char)*at(i), 0xa5);
			if (!size)
				continue;
			*at(size - 1) ^= 1;
			assert_false(stamp_verify(area, size, &s));
		}
	}
}

/* Any flipped bit, at every place of two pages. */
static void test_every_bit(void **state)
{
	size_t size = 2 * 4096 + STAMP_LINE / 2;

	stamp_fill(area, size, &mine);
	for (size_t bit = 0; bit < size * 8; bit++) {
		*at(bit / 8) ^= (char)(1u << bit % 8);
		assert_false(stamp_verify(area, size, &mine));
		*at(bit / 8) ^= (char)(1u << bit % 8);
	}
	assert_true(stamp_verify(area, size, &mine));
	for (size_t bit = 0; bit < size * 8; bit += 61) {
		struct stamp_verdict v;

		*at(bit / 8) ^= (char)(1u << bit % 8);
		v = only(size, &mine);
		assert_int_equal(v.offset, bit / 8 / STAMP_LINE * STAMP_LINE);
		assert_int_equal(v.what, STAMP_TORN);
		*at(bit / 8) ^= (char)(1u << bit % 8);
	}
}

/* Two stamps are equal only when session, generation and IOVA are: no line of one passes for the other's. */
static void test_distinct(void **state)
{
	struct stamp o[] = {mine, mine, mine, mine};

	o[0].session++;
	o[1].generation++;
	o[2].iova += STAMP_LINE;
	o[3].iova += 4096;
	for (unsigned int k = 0; k < 4; k++) {
		stamp_fill(area, 8192, &mine);
		stamp_fill(other, 8192, &o[k]);
		for (size_t line = 0; line < 8192; line += STAMP_LINE) {
			memcpy(at(line), (char *)other + line, STAMP_LINE);
			assert_false(stamp_verify(area, 8192, &mine));
			stamp_fill(area, 8192, &mine);
		}
	}
}

/* One line of each kind, with what the verdict has to say about it. */
static void test_classes(void **state)
{
	struct stamp old = with_loop(2), young = with_loop(90), thread = mine, session = mine;
	const struct {
		const struct stamp *from;
		enum stamp_class what;
	} kinds[] = {{&old, STAMP_STALE}, {&young, STAMP_NEWER}, {&thread, STAMP_FOREIGN}, {&session, STAMP_FOREIGN}};

	thread.generation = stamp_generation(4, 6);
	session.session ^= 1ull << 63;
	for (unsigned int k = 0; k < 4; k++) {
		struct stamp_verdict v;

		stamp_fill(area, 8192, &mine);
		stamp_fill(other, 8192, kinds[k].from);
		memcpy(at(4096 + 128), (char *)other + 4096 + 128, STAMP_LINE);
		v = only(8192, &mine);
		assert_int_equal(v.what, kinds[k].what);
		assert_int_equal(v.offset, 4096 + 128);
		assert_int_equal(v.length, STAMP_LINE);
		assert_true(v.got_is_stamp);
		assert_int_equal(v.got.session, kinds[k].from->session);
		assert_int_equal(v.got.generation, kinds[k].from->generation);
		assert_int_equal(v.got.iova, mine.iova + 4096 + 128);
		assert_int_equal(v.expected.session, mine.session);
		assert_int_equal(v.expected.generation, mine.generation);
		assert_int_equal(v.expected.iova, mine.iova + 4096 + 128);
		assert_memory_equal(v.words, at(4096 + 128), STAMP_LINE);
	}
}

static void test_misplaced(void **state)
{
	static const struct {
		size_t from, to;
	} moves[] = {{0, 64}, {64, 0}, {0, 4096}, {4096 + 192, 192}, {8192 - 64, 0}};

	for (unsigned int k = 0; k < sizeof(moves) / sizeof(*moves); k++) {
		struct stamp_verdict v;

		stamp_fill(area, 8192, &mine);
		memmove(at(moves[k].to), at(moves[k].from), STAMP_LINE);
		v = only(8192, &mine);
		assert_int_equal(v.what, STAMP_MISPLACED);
		assert_int_equal(v.offset, moves[k].to);
		assert_true(v.got_is_stamp);
		assert_int_equal(v.got.iova, mine.iova + moves[k].from);
	}
}

static void test_unwritten(void **state)
{
	struct stamp_verdict v;

	stamp_fill(area, 8192, &mine);
	stamp_poison(at(4096), 4096);
	assert_true(stamp_is_poison(at(4096), 4096));
	assert_false(stamp_is_poison(at(4096 - 8), 4096));
	v = only(8192, &mine);
	assert_int_equal(v.what, STAMP_UNWRITTEN);
	assert_int_equal(v.offset, 4096);
	assert_int_equal(v.length, 4096);
	assert_false(v.got_is_stamp);
}

/* What an unmapped buffer was filled with is told from poison: somebody read it there. */
static void test_buried(void **state)
{
	struct stamp_verdict v;

	stamp_fill(area, 8192, &mine);
	stamp_poison(at(4096), 2048);
	stamp_bury(at(4096 + 2048), 2048);
	assert_true(stamp_is_buried(at(4096 + 2048), 2048));
	assert_false(stamp_is_buried(at(4096 + 2048 - 8), 2048));
	assert_false(stamp_is_poison(at(4096 + 2048), 8));
	assert_false(stamp_is_buried(at(4096), 8));
	stamp_poison(at(4096), 4096);
	stamp_bury(at(4096), 4096);
	v = only(8192, &mine);
	assert_int_equal(v.what, STAMP_BURIED);
	assert_int_equal(v.offset, 4096);
	assert_int_equal(v.length, 4096);
	assert_false(v.got_is_stamp);
}

/* Poison of every length is all poison, and one changed byte is not. */
static void test_poison_sizes(void **state)
{
	for (size_t size = 1; size <= 3 * STAMP_LINE; size++) {
		memset(area, 0, size + 1);
		stamp_poison(area, size);
		assert_int_equal(*at(size), 0);
		assert_true(stamp_is_poison(area, size));
		for (size_t i = 0; i < size; i++) {
			*at(i) ^= 4;
			assert_false(stamp_is_poison(area, size));
			*at(i) ^= 4;
		}
	}
}

/* A line whose first n words are of one write and the rest of another, for each n and every pair of writes. */
static void test_torn(void **state)
{
	struct stamp old = with_loop(2), older = with_loop(1);
	uint64_t poison[WORDS];
	const void *in[] = {area, other, poison};

	stamp_poison(poison, sizeof(poison));
	for (unsigned int n = 1; n < WORDS; n++) {
		for (unsigned int a = 0; a < 3; a++) {
			for (unsigned int b = 0; b < 3; b++) {
				uint64_t line[WORDS];
				struct stamp_verdict v;

				if (a == b)
					continue;
				stamp_fill(area, 4096, &mine);
				stamp_fill(other, 64, &old);
				memcpy(line, in[a], n * 8);
				memcpy(line + n, (const char *)in[b] + n * 8, (WORDS - n) * 8);
				memcpy(at(0), line, sizeof(line));
				/* the first word is the session's, the same in all */
				if (n == 1 && a != 2 && b != 2)
					continue;
				v = only(4096, &mine);
				assert_int_equal(v.what, STAMP_TORN);
				assert_int_equal(v.length, STAMP_LINE);
				assert_false(v.got_is_stamp);
			}
		}
	}
	/* of two earlier writes, none of it what was due */
	stamp_fill(area, 4096, &mine);
	stamp_fill(other, 64, &old);
	stamp_fill(at(0), 64, &older);
	memcpy(at(24), (char *)other + 24, 40);
	assert_int_equal(only(4096, &mine).what, STAMP_TORN);
}

/* Right but for the word that tells the page: no whole write of ours looks so. */
static void test_torn_page_word(void **state)
{
	stamp_fill(area, 8192, &mine);
	memset(at(4096 + 24), 0x77, 8);
	assert_int_equal(only(8192, &mine).what, STAMP_TORN);
	/* also in a line that lies where another one should */
	stamp_fill(area, 8192, &mine);
	memcpy(at(0), at(4096), STAMP_LINE);
	memset(at(24), 0x77, 8);
	assert_int_equal(only(8192, &mine).what, STAMP_TORN);
}

/* What was stamped as one can be checked in parts, which begin on any page of it. */
static void test_parts(void **state)
{
	struct stamp part = mine;

	stamp_fill(area, 3 * 4096, &mine);
	part.iova = mine.iova + 4096 + 64;
	assert_true(stamp_verify(at(4096 + 64), 4096, &part));
	part.iova += 4096;
	assert_false(stamp_verify(at(4096 + 64), 4096, &part));
}

static void test_foreign(void **state)
{
	static const unsigned char bytes[] = {0x00, 0xff, 0x5a};

	for (unsigned int k = 0; k < sizeof(bytes); k++) {
		struct stamp_verdict v;

		stamp_fill(area, 4096, &mine);
		memset(at(640), bytes[k], 320);
		v = only(4096, &mine);
		assert_int_equal(v.what, STAMP_FOREIGN);
		assert_int_equal(v.offset, 640);
		assert_int_equal(v.length, 320);
		assert_false(v.got_is_stamp);
	}
}

/* Runs end where the class changes, and every run is told once, in order. */
static void test_runs(void **state)
{
	static const struct {
		enum stamp_class what;
		size_t offset, length;
	} want[] = {{STAMP_UNWRITTEN, 0, 128},
		    {STAMP_FOREIGN, 128, 64},
		    {STAMP_STALE, 4096, 4096},
		    {STAMP_FOREIGN, 12288, 64},
		    {STAMP_UNWRITTEN, AREA - 200, 200}};
	struct stamp old = with_loop(0);
	struct stamp_verdict v;
	size_t offset = 0;

	stamp_fill(area, AREA, &mine);
	stamp_fill(other, AREA, &old);
	stamp_poison(at(0), 128);
	memset(at(128), 0xee, 64);
	memcpy(at(4096), (char *)other + 4096, 4096);
	memset(at(12288), 0xee, 64);
	stamp_poison(at(AREA - 200), 200);
	for (unsigned int k = 0; k < sizeof(want) / sizeof(*want); k++) {
		assert_true(stamp_next_bad(area, AREA, &mine, &offset, &v));
		assert_int_equal(v.what, want[k].what);
		assert_int_equal(v.offset, want[k].offset);
		assert_int_equal(v.length, want[k].length);
		assert_int_equal(offset, want[k].offset + want[k].length);
		assert_int_equal(v.expected.iova, mine.iova + want[k].offset);
	}
	assert_false(stamp_next_bad(area, AREA, &mine, &offset, &v));
}

/* A ragged end is looked at byte by byte. */
static void test_ragged(void **state)
{
	for (size_t size = STAMP_LINE + 1; size < 2 * STAMP_LINE; size++) {
		struct stamp_verdict v;

		stamp_fill(area, size, &mine);
		*at(size - 1) ^= 0x10;
		v = only(size, &mine);
		assert_int_equal(v.offset, STAMP_LINE);
		assert_int_equal(v.length, size - STAMP_LINE);
		assert_false(v.got_is_stamp);
		*at(size - 1) ^= 0x10;
		assert_true(stamp_verify(area, size, &mine));
	}
}

/* Random damage is always found, whatever its kind. */
static void test_random_damage(void **state)
{
	for (unsigned int k = 0; k < 2000; k++) {
		size_t size = 8 * rng_between(rng_draw(1, k, 1), 8, 8192 / 8),
		       n = rng_between(rng_draw(1, k, 2), 1, 64);
		size_t where = rng_below(rng_draw(1, k, 3), size - n);
		struct stamp_verdict v;
		size_t offset = 0;

		stamp_fill(area, size, &mine);
		for (size_t i = 0; i < n; i++)
			*at(where + i) ^= (char)(1 + rng_below(rng_draw(2, k, i), 255));
		assert_false(stamp_verify(area, size, &mine));
		assert_true(stamp_next_bad(area, size, &mine, &offset, &v));
		assert_int_equal(v.offset, where / STAMP_LINE * STAMP_LINE);
	}
}

static void test_texts(void **state)
{
	for (int a = STAMP_OK; a <= STAMP_FOREIGN; a++) {
		assert_true(strlen(stamp_class_text(a)) > 3);
		for (int b = STAMP_OK; b < a; b++)
			assert_string_not_equal(stamp_class_text(a), stamp_class_text(b));
	}
}

/* @size bytes that end where nothing can be read or written. */
static char *guarded(size_t size)
{
	static char *base;
	size_t pages = ALIGN_UP(AREA, 4096);

	if (!base) {
		base = mmap(NULL, pages + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(base != MAP_FAILED);
		assert_int_equal(mprotect(base + pages, 4096, PROT_NONE), 0);
	}
	return base + pages - size;
}

/* A line at a time, each from the beginning. */
static void naive(char *to, size_t size, const struct stamp *s)
{
	for (size_t done = 0; done < size; done += STAMP_LINE) {
		struct stamp one = {s->session, s->generation, s->iova + done};
		struct stamp_lines lines;

		stamp_lines_of_stamp(&one, &lines);
		memcpy(to + done, lines.next, STAMP_LINE);
	}
}

/* Lines @size long at an address that is no line's, right before a guard page, by the variant that is at work. */
static void check_lines(char *p, size_t size, const struct stamp *s)
{
	struct stamp_lines lines, after;
	struct stamp end = {s->session, s->generation, s->iova + size};

	naive((char *)other, size, s);
	stamp_lines_of_stamp(&end, &after);
	memset(p, 0x11, size);
	stamp_lines_of_stamp(s, &lines);
	stamp_variant()->write(p, size, &lines);
	assert_memory_equal(p, other, size);
	assert_memory_equal(lines.next, after.next, sizeof(after.next));
	stamp_lines_of_stamp(s, &lines);
	assert_int_equal(stamp_variant()->match(p, size, &lines), size);
	assert_memory_equal(lines.next, after.next, sizeof(after.next));
	if (stamp_variant()->stream && !((uintptr_t)p % STAMP_LINE)) {
		memset(p, 0x22, size);
		stamp_lines_of_stamp(s, &lines);
		stamp_variant()->stream(p, size, &lines);
		assert_memory_equal(p, other, size);
	}
	for (size_t bad = 0; bad < size; bad += 8 * 13) {
		size_t good;

		p[bad] ^= 0x40;
		stamp_lines_of_stamp(s, &lines);
		good = stamp_variant()->match(p, size, &lines);
		assert_true(good <= bad && bad - good < 4096 + STAMP_LINE);
		p[bad] ^= 0x40;
	}
}

static void test_lines(void **state)
{
	static const uint64_t starts[] = {0, 64, 4096 - 64, 4096 - 128, 0x7fffff80, 0x1000 + 8, UINT64_MAX - 8191};

	for (size_t k = 0; k < ARRAY_SIZE(starts); k++)
		for (size_t size = 0; size <= 2 * 4096 + 1024; size += size < 1024 ? 64 : 64 * 17)
			for (size_t back = 0; back < STAMP_LINE; back += size % 4096 ? 32 : 8) {
				struct stamp s = {11, 13, starts[k]};

				check_lines(guarded(size + back), size, &s);
			}
}

/* Ragged ends, right before a guard page. */
static void test_guarded(void **state)
{
	for (size_t size = 8; size < 4096 + 200; size += size < 300 ? 8 : 104) {
		char *p = guarded(size);

		stamp_fill(p, size, &mine);
		naive((char *)other, size, &mine);
		assert_memory_equal(p, other, size);
		assert_true(stamp_verify(p, size, &mine));
		stamp_bury(p, size);
		assert_true(stamp_is_buried(p, size));
		stamp_poison(p, size);
		assert_true(stamp_is_poison(p, size));
	}
}

/* What counts as large goes past the caches and is the same, wherever it begins. */
static void test_large(void **state)
{
	stamp_stream_force(4096);
	for (size_t size = 4096 - 8; size <= 2 * 4096 + 72; size += 8)
		for (size_t back = 0; back < STAMP_LINE; back += size % 1024 ? 32 : 8) {
			char *p = guarded(size + back);

			stamp_fill(p, size, &mine);
			naive((char *)other, size, &mine);
			assert_memory_equal(p, other, size);
			assert_true(stamp_verify(p, size, &mine));
		}
	stamp_stream_force(0);
}

/* The table: what is chosen is the first that works, except where words are the best; the last one always works. */
static void test_table(void **state)
{
	size_t n = 0;

	stamp_variant_force(NULL);
	assert_true(stamp_variant()->works());
	assert_string_equal(stamp_variant_name(), stamp_variant()->name);
	if (stamp_variant() != &stamp_plain)
		for (size_t i = 0; stamp_variants[i] != stamp_variant(); i++)
			assert_false(stamp_variants[i]->works());
	while (stamp_variants[n])
		n++;
	assert_ptr_equal(stamp_variants[n - 1], &stamp_plain);
	assert_true(stamp_plain.works());
	assert_true(stamp_stream_from() >= MiB(2));
	print_message("# the variant of this CPU is %s, past the caches from %zu KiB on\n", stamp_variant_name(),
		      stamp_stream_from() / 1024);
}

static int use_variant(void **state)
{
	stamp_variant_force(*state);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest each[] = {
		cmocka_unit_test(test_generation),     cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_every_bit),      cmocka_unit_test(test_distinct),
		cmocka_unit_test(test_classes),	       cmocka_unit_test(test_misplaced),
		cmocka_unit_test(test_unwritten),      cmocka_unit_test(test_buried),
		cmocka_unit_test(test_poison_sizes),   cmocka_unit_test(test_torn),
		cmocka_unit_test(test_torn_page_word), cmocka_unit_test(test_parts),
		cmocka_unit_test(test_foreign),	       cmocka_unit_test(test_runs),
		cmocka_unit_test(test_ragged),	       cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_texts),	       cmocka_unit_test(test_lines),
		cmocka_unit_test(test_guarded),	       cmocka_unit_test(test_large),
	};
	static const struct CMUnitTest once[] = {cmocka_unit_test(test_table)};
	static struct variant_tests all;

	/* all of it by each variant that this CPU has */
	for (size_t i = 0; stamp_variants[i]; i++)
		if (stamp_variants[i]->works())
			variant_tests_add(&all, each, ARRAY_SIZE(each), stamp_variants[i]->name, use_variant,
					  stamp_variants[i]);
		else
			print_message("# variant %s: not on this CPU\n", stamp_variants[i]->name);
	variant_tests_add(&all, once, ARRAY_SIZE(once), NULL, NULL, NULL);
	return variant_tests_run(&all);
}
