/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing stamps at memory speed, checking them at memory speed, and saying precisely what a bad line is. */
#include <string.h>

#include "base/util.h"
#include "core/stamp.h"

#define STAMP_MAGIC 0x1c57a3b1e5c0de01ull
#define STAMP_POISON 0x5bad5bad5bad5badull
#define STAMP_BURIAL 0x6dead6dead6dead6ull
#define STAMP_WORDS (STAMP_LINE / 8)
#define STAMP_PAGE_SHIFT 12

/*
 * The compiler turns these into the widest vectors the target has. Word i of the line after this one is word i plus a
 * constant in all words but the page, which is why stamping needs one addition per vector and no hashing.
 */
typedef uint64_t stamp_vec __attribute__((vector_size(STAMP_LINE), aligned(8), may_alias));

/* Odd constants of the golden-ratio kind: a changed IOVA bit changes each bound word in its own way. */
static const uint64_t stamp_factor[4] = {0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full, 0x165667b19e3779f9ull,
					 0xd6e8feb86659fd93ull};

static uint64_t stamp_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	return x;
}

/* The page number that a line for @iova carries: counted from the page of the first byte stamped. */
static uint64_t stamp_page(iova_t base, iova_t iova)
{
	return (iova >> STAMP_PAGE_SHIFT) - (base >> STAMP_PAGE_SHIFT);
}

/* Vectors go by pointer: by value their calling convention would depend on the target's vector width. */
static void stamp_line(const struct stamp *s, iova_t base, stamp_vec *out)
{
	uint64_t key = stamp_mix(s->session ^ stamp_mix(s->generation));
	stamp_vec v;

	v[0] = STAMP_MAGIC ^ s->session;
	v[1] = s->generation;
	v[2] = s->iova;
	v[3] = stamp_page(base, s->iova);
	for (unsigned int i = 0; i < ARRAY_SIZE(stamp_factor); i++)
		v[4 + i] = (key >> i | key << (63 - i)) + s->iova * stamp_factor[i];
	*out = v;
}

static const stamp_vec stamp_step = {
	0,
	0,
	STAMP_LINE,
	0,
	STAMP_LINE * 0x9e3779b97f4a7c15ull,
	STAMP_LINE * 0xc2b2ae3d27d4eb4full,
	STAMP_LINE * 0x165667b19e3779f9ull,
	STAMP_LINE * 0xd6e8feb86659fd93ull,
};

#define STAMP_LINE_OF(word)                                    \
	{                                                      \
		word, word, word, word, word, word, word, word \
	}
static const stamp_vec stamp_poison_line = STAMP_LINE_OF(STAMP_POISON), stamp_burial_line = STAMP_LINE_OF(STAMP_BURIAL);
static const stamp_vec stamp_still; /* the step of a pattern that is the same everywhere */

/* Lines up to the next 4 KiB border of the IOVA, where the page number steps; at most @left bytes. */
static size_t stamp_chunk(iova_t iova, size_t left)
{
	size_t to_border = (1u << STAMP_PAGE_SHIFT) - (iova & ((1u << STAMP_PAGE_SHIFT) - 1));

	to_border = ALIGN_UP(to_border, STAMP_LINE);
	return MIN(to_border, left);
}

/*
 * A device may write these bytes while we look at them (that is the bug being hunted), so under ThreadSanitizer the
 * accesses are relaxed atomics. Elsewhere plain ones: a relaxed access compiles to the same moves.
 */
#if defined(__SANITIZE_THREAD__)
#define STAMP_RELAXED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STAMP_RELAXED 1
#endif
#endif

#ifdef STAMP_RELAXED
#define stamp_put(at, value) __atomic_store_n(at, value, __ATOMIC_RELAXED)
#define stamp_get(at) __atomic_load_n(at, __ATOMIC_RELAXED)
#else
#define stamp_put(at, value) (*(at) = (value))
#define stamp_get(at) (*(at))
#endif

/*
 * The inner loops, twice. Eight words in eight registers are the fastest form without 512-bit vectors, by far so under
 * QEMU's TCG, where vector registers live in memory; with 512-bit vectors a line is one register.
 */
static void stamp_write_words(char *p, size_t n, uint64_t *io, const uint64_t *by)
{
	uint64_t a = io[0], b = io[1], c = io[2], d = io[3], e = io[4], f = io[5], g = io[6], h = io[7];

	for (uint64_t *q = (uint64_t *)(void *)p, *stop = q + n / 8; q < stop; q += STAMP_WORDS) {
		stamp_put(q, a);
		stamp_put(q + 1, b);
		stamp_put(q + 2, c);
		stamp_put(q + 3, d);
		stamp_put(q + 4, e);
		stamp_put(q + 5, f);
		stamp_put(q + 6, g);
		stamp_put(q + 7, h);
		c += by[2];
		e += by[4];
		f += by[5];
		g += by[6];
		h += by[7];
	}
}

static bool stamp_match_words(const char *p, size_t n, const uint64_t *io, const uint64_t *by)
{
	uint64_t a = io[0], b = io[1], c = io[2], d = io[3], e = io[4], f = io[5], g = io[6], h = io[7], diff = 0;

	for (const uint64_t *q = (const uint64_t *)(const void *)p, *stop = q + n / 8; q < stop; q += STAMP_WORDS) {
		diff |= (stamp_get(q) ^ a) | (stamp_get(q + 1) ^ b) | (stamp_get(q + 2) ^ c) | (stamp_get(q + 3) ^ d);
		diff |= (stamp_get(q + 4) ^ e) | (stamp_get(q + 5) ^ f) | (stamp_get(q + 6) ^ g) |
			(stamp_get(q + 7) ^ h);
		c += by[2];
		e += by[4];
		f += by[5];
		g += by[6];
		h += by[7];
	}
	return !diff;
}

#if defined(__x86_64__) && !defined(STAMP_RELAXED)
#define STAMP_WIDE 1

/* Four lines a turn, each with its own register, so that no addition waits for the one before it. */
__attribute__((target("avx512f"))) static void stamp_write_wide(char *p, size_t n, const stamp_vec *io,
								const stamp_vec *by)
{
	stamp_vec one = *by, a = *io, b = a + one, c = b + one, d = c + one, four = one * 4;
	char *stop = p + n, *turns = p + (n & ~(size_t)(4 * STAMP_LINE - 1));

	for (; p < turns; p += 4 * STAMP_LINE) {
		stamp_vec *q = (stamp_vec *)p;

		q[0] = a;
		q[1] = b;
		q[2] = c;
		q[3] = d;
		a += four;
		b += four;
		c += four;
		d += four;
	}
	for (; p < stop; p += STAMP_LINE) {
		*(stamp_vec *)p = a;
		a += one;
	}
}

__attribute__((target("avx512f"))) static bool stamp_match_wide(const char *p, size_t n, const stamp_vec *io,
								const stamp_vec *by)
{
	stamp_vec one = *by, a = *io, b = a + one, c = b + one, d = c + one, four = one * 4;
	stamp_vec x = {0}, y = {0}, z = {0}, w = {0};
	const char *stop = p + n, *turns = p + (n & ~(size_t)(4 * STAMP_LINE - 1));

	for (; p < turns; p += 4 * STAMP_LINE) {
		const stamp_vec *q = (const stamp_vec *)p;

		x |= q[0] ^ a;
		y |= q[1] ^ b;
		z |= q[2] ^ c;
		w |= q[3] ^ d;
		a += four;
		b += four;
		c += four;
		d += four;
	}
	for (; p < stop; p += STAMP_LINE) {
		x |= *(const stamp_vec *)p ^ a;
		a += one;
	}
	x |= y | z | w;
	return !(x[0] | x[1] | x[2] | x[3] | x[4] | x[5] | x[6] | x[7]);
}
#endif

/* *io moves on to the line after @n bytes: word i has grown by its step times the lines. */
static void stamp_advance(stamp_vec *io, const stamp_vec *by, size_t n)
{
	*io += *by * (n / STAMP_LINE);
}

/* Write @n bytes (a multiple of a line) and leave *io at the line that follows. */
static void stamp_write_lines(char *p, size_t n, stamp_vec *io, const stamp_vec *by)
{
#ifdef STAMP_WIDE
	if (__builtin_cpu_supports("avx512f"))
		stamp_write_wide(p, n, io, by);
	else
#endif
		stamp_write_words(p, n, (uint64_t *)io, (const uint64_t *)by);
	stamp_advance(io, by, n);
}

/* True when @n bytes are the lines from *io on. */
static bool stamp_match_lines(const char *p, size_t n, stamp_vec *io, const stamp_vec *by)
{
	bool match;

#ifdef STAMP_WIDE
	if (__builtin_cpu_supports("avx512f"))
		match = stamp_match_wide(p, n, io, by);
	else
#endif
		match = stamp_match_words(p, n, (const uint64_t *)io, (const uint64_t *)by);
	stamp_advance(io, by, n);
	return match;
}

/* A ragged end shorter than a line. */
static void stamp_store_part(void *to, const stamp_vec *v, size_t n)
{
	memcpy(to, v, n);
}

static bool stamp_equal_part(const void *at, const stamp_vec *v, size_t n)
{
	return !memcmp(at, v, n);
}

void stamp_fill(void *va, size_t size, const struct stamp *stamp)
{
	iova_t iova = stamp->iova;
	char *p = va, *end = p + (size & ~(size_t)(STAMP_LINE - 1));
	stamp_vec line;

	stamp_line(stamp, stamp->iova, &line);
	while (p < end) {
		size_t n = stamp_chunk(iova, (size_t)(end - p));

		stamp_write_lines(p, n, &line, &stamp_step);
		p += n;
		iova += n;
		line[3] = stamp_page(stamp->iova, iova);
	}
	stamp_store_part(p, &line, size & (STAMP_LINE - 1));
}

/* As stamp_verify; *good = bytes from the start that are good, to the chunk that holds the first bad line. */
static bool stamp_verify_from(const void *va, size_t size, const struct stamp *stamp, size_t *good)
{
	iova_t iova = stamp->iova;
	const char *p = va, *end = p + (size & ~(size_t)(STAMP_LINE - 1));
	stamp_vec line;

	stamp_line(stamp, stamp->iova, &line);
	while (p < end) {
		size_t n = stamp_chunk(iova, (size_t)(end - p));

		*good = (size_t)(p - (const char *)va);
		if (!stamp_match_lines(p, n, &line, &stamp_step))
			return false;
		p += n;
		iova += n;
		line[3] = stamp_page(stamp->iova, iova);
	}
	*good = (size_t)(p - (const char *)va);
	return stamp_equal_part(p, &line, size & (STAMP_LINE - 1));
}

bool stamp_verify(const void *va, size_t size, const struct stamp *stamp)
{
	size_t good;

	return stamp_verify_from(va, size, stamp, &good);
}

/* A pattern that is the same in every line, up to a ragged end. */
static void stamp_fill_with(void *va, size_t size, const stamp_vec *pattern)
{
	stamp_vec line = *pattern;
	size_t whole = size & ~(size_t)(STAMP_LINE - 1);

	stamp_write_lines(va, whole, &line, &stamp_still);
	stamp_store_part((char *)va + whole, &line, size & (STAMP_LINE - 1));
}

static bool stamp_is_all(const void *va, size_t size, const stamp_vec *pattern)
{
	stamp_vec line = *pattern;
	size_t whole = size & ~(size_t)(STAMP_LINE - 1);

	return stamp_match_lines(va, whole, &line, &stamp_still) &&
	       stamp_equal_part((const char *)va + whole, &line, size & (STAMP_LINE - 1));
}

void stamp_poison(void *va, size_t size)
{
	stamp_fill_with(va, size, &stamp_poison_line);
}

bool stamp_is_poison(const void *va, size_t size)
{
	return stamp_is_all(va, size, &stamp_poison_line);
}

void stamp_bury(void *va, size_t size)
{
	stamp_fill_with(va, size, &stamp_burial_line);
}

bool stamp_is_buried(const void *va, size_t size)
{
	return stamp_is_all(va, size, &stamp_burial_line);
}

/* The expected line @offset bytes into the stamped area. */
static struct stamp stamp_at(const struct stamp *s, size_t offset)
{
	return (struct stamp){s->session, s->generation, s->iova + offset};
}

/*
 * Is the line an intact stamp, whoever made it? The page word is relative to the buffer, so it is not part of the test;
 * all others follow from session, generation and IOVA.
 */
static bool stamp_decode(const uint64_t words[STAMP_WORDS], struct stamp *out)
{
	struct stamp s = {words[0] ^ STAMP_MAGIC, words[1], words[2]};
	stamp_vec v;

	stamp_line(&s, s.iova, &v);
	for (unsigned int i = 0; i < STAMP_WORDS; i++)
		if (i != 3 && v[i] != words[i])
			return false;
	*out = s;
	return true;
}

/* Some words right or a pattern of ours, not all: pieces of several writes. */
static bool stamp_is_torn(const uint64_t words[STAMP_WORDS], const stamp_vec *want, size_t n)
{
	unsigned int right = 0, poison = 0, count = n / 8;

	for (unsigned int i = 0; i < count; i++) {
		/* a page number is small: zeroes that are none of ours would pass for one */
		right += i != 3 && words[i] == (*want)[i];
		poison += words[i] == STAMP_POISON || words[i] == STAMP_BURIAL;
	}
	return right || poison;
}

static enum stamp_class stamp_classify(const struct stamp *want, iova_t base, const void *at, size_t n,
				       struct stamp_verdict *v)
{
	stamp_vec line;

	stamp_line(want, base, &line);
	memset(v->words, 0, sizeof(v->words));
	memcpy(v->words, at, n);
	v->got_is_stamp = n == STAMP_LINE && stamp_decode(v->words, &v->got);
	if (stamp_equal_part(at, &line, n))
		return STAMP_OK;
	if (stamp_is_poison(at, n))
		return STAMP_UNWRITTEN;
	if (stamp_is_buried(at, n))
		return STAMP_BURIED;
	if (!v->got_is_stamp)
		return stamp_is_torn(v->words, &line, n) ? STAMP_TORN : STAMP_FOREIGN;
	if (v->got.session != want->session || v->got.generation >> 48 != want->generation >> 48)
		return STAMP_FOREIGN;
	if (v->got.generation == want->generation && v->words[3] == stamp_page(base, v->got.iova))
		return STAMP_MISPLACED;
	if (v->got.generation == want->generation) {
		v->got_is_stamp = false; /* no write of this generation has such a page */
		return STAMP_TORN;
	}
	return v->got.generation < want->generation ? STAMP_STALE : STAMP_NEWER;
}

bool stamp_next_bad(const void *va, size_t size, const struct stamp *stamp, size_t *offset, struct stamp_verdict *out)
{
	const char *base = va;
	struct stamp from = stamp_at(stamp, *offset);
	size_t good = 0;

	/* whole good stretches go by at full speed; page numbers are relative, so only from the start */
	if (*offset == 0 && stamp_verify_from(va, size, stamp, &good))
		return false;
	*offset += good;
	for (; *offset < size; *offset += STAMP_LINE) {
		size_t n = MIN(size - *offset, (size_t)STAMP_LINE);
		struct stamp_verdict v;

		from = stamp_at(stamp, *offset);
		v.what = stamp_classify(&from, stamp->iova, base + *offset, n, &v);
		if (v.what == STAMP_OK)
			continue;
		v.offset = *offset;
		v.length = 0;
		v.expected = from;
		*out = v;
		while (*offset < size && v.what == out->what) {
			n = MIN(size - *offset, (size_t)STAMP_LINE);
			out->length += n;
			*offset += n;
			if (*offset >= size)
				break;
			from = stamp_at(stamp, *offset);
			n = MIN(size - *offset, (size_t)STAMP_LINE);
			v.what = stamp_classify(&from, stamp->iova, base + *offset, n, &v);
		}
		return true;
	}
	return false;
}

bool stamp_read(const uint64_t *words, struct stamp *out)
{
	return stamp_decode(words, out);
}

const char *stamp_class_text(enum stamp_class what)
{
	static const char *const text[] = {
		[STAMP_OK] = "as expected",
		[STAMP_STALE] = "data of an earlier generation",
		[STAMP_NEWER] = "data of a later generation",
		[STAMP_MISPLACED] = "this generation's data of another place",
		[STAMP_UNWRITTEN] = "poison, never written",
		[STAMP_BURIED] = "what only unmapped buffers hold",
		[STAMP_TORN] = "one line mixed from several writes",
		[STAMP_FOREIGN] = "data that is none of ours",
	};

	return text[what];
}
