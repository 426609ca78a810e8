/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loops over lines, compiled anew by each variant: STAMP_VEC is the bytes of its registers (8: plain words), STAMP_TARGET what it may use.
 * A line is as many registers as it takes; four registers or a line, whichever is more, make a turn, so that no addition waits for another.
 */
#ifndef IC_CORE_STAMP_BODY_H
#define IC_CORE_STAMP_BODY_H

#include <string.h>

#include "base/util.h"
#include "core/stamp/kernel.h"

#define STAMP_BODY static inline __attribute__((always_inline)) STAMP_TARGET
#define STAMP_PARTS (STAMP_LINE / STAMP_VEC)	       /* registers to a line */
#define STAMP_REGS (STAMP_PARTS > 4 ? STAMP_PARTS : 4) /* registers to a turn */
#define STAMP_TURN ((size_t)STAMP_REGS * STAMP_VEC)    /* bytes of a turn */

/*
 * A device may write these bytes while we look at them (that is the bug being hunted), so words are accessed by relaxed atomics, which compile to
 * the same moves: ThreadSanitizer has nothing to say about them, and the compiler keeps them in plain registers (gcc 12.2 makes vectors of these
 * loops otherwise, and wrong ones). There are no atomic vectors.
 */
#if STAMP_VEC == 8
/*
 * Sixteen registers have to do for the line, what differs and the loop: what grows by nothing, which are session, generation and page, is not
 * added to, and what differs comes together in one.
 */
#define STAMP_GROWS(part) ((part) != 0 && (part) != 1 && (part) != STAMP_PAGE_WORD)
#define STAMP_DIFFERS 1
typedef uint64_t stamp_vec __attribute__((may_alias));
#define STAMP_PAGE_OF(line) ((line)[STAMP_PAGE_WORD])
#define stamp_put(at, value) __atomic_store_n(at, value, __ATOMIC_RELAXED)
#define stamp_get(at) __atomic_load_n(at, __ATOMIC_RELAXED)
#else
#define STAMP_GROWS(part) true
#define STAMP_DIFFERS STAMP_REGS
typedef uint64_t stamp_vec __attribute__((vector_size(STAMP_VEC), aligned(8), may_alias));
#define STAMP_PAGE_OF(line) ((line)[STAMP_PAGE_WORD * 8 / STAMP_VEC][STAMP_PAGE_WORD * 8 % STAMP_VEC / 8])
#define stamp_put(at, value) (*(at) = (value))
#define stamp_get(at) (*(at))
#endif

/* Bytes up to where the page changes, at most @left. */
STAMP_BODY size_t stamp_body_chunk(const struct stamp_lines *lines, size_t left)
{
	size_t page = (size_t)1 << STAMP_PAGE_SHIFT;

	return MIN(ALIGN_UP(page - (size_t)(lines->iova & (page - 1)), STAMP_LINE), left);
}

/* The registers of a turn, from those of its first line, and what they grow by from turn to turn. */
STAMP_BODY void stamp_body_begin(stamp_vec *at, const stamp_vec *line, const stamp_vec *by)
{
#pragma GCC unroll 8
	for (unsigned int k = 0; k < STAMP_PARTS; k++)
		at[k] = line[k];
#pragma GCC unroll 8
	for (unsigned int k = STAMP_PARTS; k < STAMP_REGS; k++)
		at[k] = at[k - STAMP_PARTS] + by[k % STAMP_PARTS];
}

/* @n registers grow by their steps times @by. */
STAMP_BODY void stamp_body_grow(stamp_vec *at, const stamp_vec *by, unsigned int n)
{
#pragma GCC unroll 8
	for (unsigned int k = 0; k < n; k++)
		if (STAMP_GROWS(k % STAMP_PARTS))
			at[k] += by[k % STAMP_PARTS];
}

STAMP_BODY void stamp_body_load(const uint64_t *words, stamp_vec *line)
{
#pragma GCC unroll 8
	for (unsigned int k = 0; k < STAMP_PARTS; k++)
		line[k] = *(const stamp_vec *)(words + k * (STAMP_VEC / 8));
}

/* The line moves on to that after @n bytes, of the next page where there is one. */
STAMP_BODY void stamp_body_next(struct stamp_lines *lines, stamp_vec *line, const stamp_vec *at, size_t n)
{
#pragma GCC unroll 8
	for (unsigned int k = 0; k < STAMP_PARTS; k++)
		line[k] = at[k];
	lines->iova += n;
	if (lines->paged)
		STAMP_PAGE_OF(line) = lines->iova >> STAMP_PAGE_SHIFT;
}

STAMP_BODY void stamp_body_store(struct stamp_lines *lines, const stamp_vec *line)
{
#pragma GCC unroll 8
	for (unsigned int k = 0; k < STAMP_PARTS; k++)
		*(stamp_vec *)(lines->next + k * (STAMP_VEC / 8)) = line[k];
}

STAMP_BODY void stamp_body_put(char *p, stamp_vec value, bool stream)
{
#ifdef STAMP_STREAM
	if (stream) {
		STAMP_STREAM(p, value);
		return;
	}
#endif
	stamp_put((stamp_vec *)(void *)p, value);
}

STAMP_BODY void stamp_body_write(char *p, size_t n, struct stamp_lines *lines, bool stream)
{
	stamp_vec line[STAMP_PARTS], by[STAMP_PARTS], turn[STAMP_PARTS], at[STAMP_REGS];
	size_t chunk, left;

	stamp_body_load(lines->next, line);
	stamp_body_load(lines->step, by);
#pragma GCC unroll 8
	for (unsigned int k = 0; k < STAMP_PARTS; k++)
		turn[k] = by[k] * (STAMP_REGS / STAMP_PARTS);
	for (; n; n -= chunk) {
		chunk = stamp_body_chunk(lines, n);
		stamp_body_begin(at, line, by);
		for (left = chunk; left >= STAMP_TURN; left -= STAMP_TURN, p += STAMP_TURN) {
#pragma GCC unroll 8
			for (unsigned int k = 0; k < STAMP_REGS; k++)
				stamp_body_put(p + k * STAMP_VEC, at[k], stream);
			stamp_body_grow(at, turn, STAMP_REGS);
		}
		for (; left; left -= STAMP_LINE, p += STAMP_LINE) {
#pragma GCC unroll 8
			for (unsigned int k = 0; k < STAMP_PARTS; k++)
				stamp_body_put(p + k * STAMP_VEC, at[k], stream);
			stamp_body_grow(at, by, STAMP_PARTS);
		}
		stamp_body_next(lines, line, at, chunk);
	}
	stamp_body_store(lines, line);
}

/* Is any bit set in a turn's registers? */
STAMP_BODY bool stamp_body_any(const stamp_vec *differ)
{
	stamp_vec any = differ[0];
	uint64_t word = 0;

#pragma GCC unroll 8
	for (unsigned int k = 1; k < STAMP_DIFFERS; k++)
		any |= differ[k];
#if STAMP_VEC == 8
	word = any;
#else
#pragma GCC unroll 8
	for (unsigned int k = 0; k < STAMP_VEC / 8; k++)
		word |= any[k];
#endif
	return word;
}

STAMP_BODY size_t stamp_body_match(const char *p, size_t n, struct stamp_lines *lines)
{
	stamp_vec line[STAMP_PARTS], by[STAMP_PARTS], turn[STAMP_PARTS], at[STAMP_REGS], differ[STAMP_DIFFERS];
	size_t chunk, left, done = 0;

	stamp_body_load(lines->next, line);
	stamp_body_load(lines->step, by);
#pragma GCC unroll 8
	for (unsigned int k = 0; k < STAMP_PARTS; k++)
		turn[k] = by[k] * (STAMP_REGS / STAMP_PARTS);
	for (; done < n; done += chunk) {
		chunk = stamp_body_chunk(lines, n - done);
		stamp_body_begin(at, line, by);
#pragma GCC unroll 8
		for (unsigned int k = 0; k < STAMP_DIFFERS; k++)
			differ[k] = at[k] ^ at[k];
		for (left = chunk; left >= STAMP_TURN; left -= STAMP_TURN, p += STAMP_TURN) {
#pragma GCC unroll 8
			for (unsigned int k = 0; k < STAMP_REGS; k++)
				differ[k % STAMP_DIFFERS] |=
					stamp_get((const stamp_vec *)(const void *)(p + k * STAMP_VEC)) ^ at[k];
			stamp_body_grow(at, turn, STAMP_REGS);
		}
		for (; left; left -= STAMP_LINE, p += STAMP_LINE) {
#pragma GCC unroll 8
			for (unsigned int k = 0; k < STAMP_PARTS; k++)
				differ[k % STAMP_DIFFERS] |=
					stamp_get((const stamp_vec *)(const void *)(p + k * STAMP_VEC)) ^ at[k];
			stamp_body_grow(at, by, STAMP_PARTS);
		}
		if (stamp_body_any(differ))
			break;
		stamp_body_next(lines, line, at, chunk);
	}
	stamp_body_store(lines, line);
	return done;
}

#endif
