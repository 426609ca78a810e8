/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing stamps at memory speed, checking them at memory speed, and saying precisely what a bad line is. */
#include <string.h>

#include "base/util.h"
#include "core/stamp/kernel.h"

#define STAMP_MAGIC 0x1c57a3b1e5c0de01ull
#define STAMP_POISON 0x5bad5bad5bad5badull
#define STAMP_BURIAL 0x6dead6dead6dead6ull

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

/* The page number that a line for @iova carries: the IOVA's own, so that any part of what was stamped can be checked alone. */
static uint64_t stamp_page(iova_t iova)
{
	return iova >> STAMP_PAGE_SHIFT;
}

/*
 * The words of a line. Word i of the line after this one is word i plus a constant in all words but the page, which is why stamping needs one
 * addition per vector and no hashing.
 */
static void stamp_line(const struct stamp *s, uint64_t words[STAMP_WORDS])
{
	uint64_t key = stamp_mix(s->session ^ stamp_mix(s->generation));

	words[0] = STAMP_MAGIC ^ s->session;
	words[1] = s->generation;
	words[2] = s->iova;
	words[STAMP_PAGE_WORD] = stamp_page(s->iova);
	for (unsigned int i = 0; i < ARRAY_SIZE(stamp_factor); i++)
		words[4 + i] = (key >> i | key << (63 - i)) + s->iova * stamp_factor[i];
}

void stamp_lines_of_stamp(const struct stamp *s, struct stamp_lines *out)
{
	stamp_line(s, out->next);
	memset(out->step, 0, sizeof(out->step));
	out->step[2] = STAMP_LINE;
	for (unsigned int i = 0; i < ARRAY_SIZE(stamp_factor); i++)
		out->step[4 + i] = STAMP_LINE * stamp_factor[i];
	out->iova = s->iova;
	out->paged = true;
}

/* The same word everywhere. */
void stamp_lines_of_word(uint64_t word, struct stamp_lines *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < STAMP_WORDS; i++)
		out->next[i] = word;
}

/*
 * @size bytes, of which the last ones may be no whole line. What is so large that nothing of its beginning would be left in the caches at its end
 * goes past them: the lines need not be read first. Anything smaller is better off in a cache: it is read next, by a device or by us.
 */
static void stamp_write(void *va, size_t size, struct stamp_lines *lines)
{
	const struct stamp_variant *v = stamp_variant();
	size_t rest = size % STAMP_LINE;

	if (v->stream && size >= stamp_stream_from() && !((uintptr_t)va % STAMP_LINE))
		v->stream(va, size - rest, lines);
	else
		v->write(va, size - rest, lines);
	memcpy((char *)va + (size - rest), lines->next, rest);
}

/* True when all are as they are due; *good = bytes that are, to the page that holds the first bad line. */
static bool stamp_match(const void *va, size_t size, struct stamp_lines *lines, size_t *good)
{
	size_t rest = size % STAMP_LINE;

	*good = stamp_variant()->match(va, size - rest, lines);
	return *good == size - rest && !memcmp((const char *)va + *good, lines->next, rest);
}

void stamp_fill(void *va, size_t size, const struct stamp *stamp)
{
	struct stamp_lines lines;

	stamp_lines_of_stamp(stamp, &lines);
	stamp_write(va, size, &lines);
}

/* As stamp_verify; *good as above. */
static bool stamp_verify_from(const void *va, size_t size, const struct stamp *stamp, size_t *good)
{
	struct stamp_lines lines;

	stamp_lines_of_stamp(stamp, &lines);
	return stamp_match(va, size, &lines, good);
}

bool stamp_verify(const void *va, size_t size, const struct stamp *stamp)
{
	size_t good;

	return stamp_verify_from(va, size, stamp, &good);
}

static void stamp_fill_with(void *va, size_t size, uint64_t word)
{
	struct stamp_lines lines;

	stamp_lines_of_word(word, &lines);
	stamp_write(va, size, &lines);
}

static bool stamp_is_all(const void *va, size_t size, uint64_t word)
{
	struct stamp_lines lines;
	size_t good;

	stamp_lines_of_word(word, &lines);
	return stamp_match(va, size, &lines, &good);
}

void stamp_poison(void *va, size_t size)
{
	stamp_fill_with(va, size, STAMP_POISON);
}

bool stamp_is_poison(const void *va, size_t size)
{
	return stamp_is_all(va, size, STAMP_POISON);
}

void stamp_bury(void *va, size_t size)
{
	stamp_fill_with(va, size, STAMP_BURIAL);
}

bool stamp_is_buried(const void *va, size_t size)
{
	return stamp_is_all(va, size, STAMP_BURIAL);
}

/* The expected line @offset bytes into the stamped area. */
static struct stamp stamp_at(const struct stamp *s, size_t offset)
{
	return (struct stamp){s->session, s->generation, s->iova + offset};
}

/*
 * Is the line an intact stamp, whoever made it? Its words follow from session, generation and IOVA. The page is not part of the
 * test: it binds nothing, and has a verdict of its own.
 */
static bool stamp_decode(const uint64_t words[STAMP_WORDS], struct stamp *out)
{
	struct stamp s = {words[0] ^ STAMP_MAGIC, words[1], words[2]};
	uint64_t v[STAMP_WORDS];

	stamp_line(&s, v);
	for (unsigned int i = 0; i < STAMP_WORDS; i++)
		if (i != STAMP_PAGE_WORD && v[i] != words[i])
			return false;
	*out = s;
	return true;
}

/* Some words right or a pattern of ours, not all: pieces of several writes. */
static bool stamp_is_torn(const uint64_t words[STAMP_WORDS], const uint64_t *want, size_t n)
{
	unsigned int right = 0, poison = 0, count = n / 8;

	for (unsigned int i = 0; i < count; i++) {
		/* a page number is small: zeroes that are none of ours would pass for one */
		right += i != STAMP_PAGE_WORD && words[i] == want[i];
		poison += words[i] == STAMP_POISON || words[i] == STAMP_BURIAL;
	}
	return right || poison;
}

static enum stamp_class stamp_classify(const struct stamp *want, const void *at, size_t n, struct stamp_verdict *v)
{
	uint64_t line[STAMP_WORDS];

	stamp_line(want, line);
	memset(v->words, 0, sizeof(v->words));
	memcpy(v->words, at, n);
	v->got_is_stamp = n == STAMP_LINE && stamp_decode(v->words, &v->got);
	if (!memcmp(at, line, n))
		return STAMP_OK;
	if (stamp_is_poison(at, n))
		return STAMP_UNWRITTEN;
	if (stamp_is_buried(at, n))
		return STAMP_BURIED;
	if (!v->got_is_stamp)
		return stamp_is_torn(v->words, line, n) ? STAMP_TORN : STAMP_FOREIGN;
	if (v->got.session != want->session || v->got.generation >> 48 != want->generation >> 48)
		return STAMP_FOREIGN;
	if (v->got.generation == want->generation && v->words[STAMP_PAGE_WORD] == stamp_page(v->got.iova))
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

	/* whole good stretches go by at full speed; after a bad run, line by line */
	if (*offset == 0 && stamp_verify_from(va, size, stamp, &good))
		return false;
	*offset += good;
	for (; *offset < size; *offset += STAMP_LINE) {
		size_t n = MIN(size - *offset, (size_t)STAMP_LINE);
		struct stamp_verdict v;

		from = stamp_at(stamp, *offset);
		v.what = stamp_classify(&from, base + *offset, n, &v);
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
			v.what = stamp_classify(&from, base + *offset, n, &v);
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
