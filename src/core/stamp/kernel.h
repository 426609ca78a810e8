/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kind of CPU does in its own way to lines of a pattern; the table of kinds. Private to stamps, their tests and benchmarks. */
#ifndef IC_CORE_STAMP_KERNEL_H
#define IC_CORE_STAMP_KERNEL_H

#include "core/stamp/stamp.h"

#define STAMP_WORDS (STAMP_LINE / 8)
#define STAMP_PAGE_SHIFT 12
#define STAMP_PAGE_WORD 3

/*
 * Consecutive lines: the next one, and what each of its words grows by from line to line. The page is the one word that does not grow with
 * the lines: where @paged, it is set anew where the IOVA crosses a border of 4 KiB.
 */
struct stamp_lines {
	uint64_t next[STAMP_WORDS] __attribute__((aligned(STAMP_LINE)));
	/* nothing for session, generation and page: the words 0, 1 and STAMP_PAGE_WORD */
	uint64_t step[STAMP_WORDS] __attribute__((aligned(STAMP_LINE)));
	iova_t iova; /* of the next line */
	bool paged;
};

/* The lines that stamp_fill() writes; those that are one word throughout. */
void stamp_lines_of_stamp(const struct stamp *s, struct stamp_lines *out);
void stamp_lines_of_word(uint64_t word, struct stamp_lines *out);

struct stamp_variant {
	const char *name;
	bool (*works)(void); /* on this CPU and kernel */
	/* Writes @n bytes, a multiple of a line, to @p, 8-byte aligned; @lines moves on to the line that follows. */
	void (*write)(char *p, size_t n, struct stamp_lines *lines);
	/* The same past the caches, to @p aligned to a line; NULL where there is no such store. */
	void (*stream)(char *p, size_t n, struct stamp_lines *lines);
	/* The bytes from @p on, up to @n, that are as write() would make them, to the page that holds the first bad line. */
	size_t (*match)(const char *p, size_t n, struct stamp_lines *lines);
};

extern const struct stamp_variant stamp_plain;
#ifdef __x86_64__
extern const struct stamp_variant stamp_avx2, stamp_avx512;
#endif

/* The best first, ended by NULL; the last one always works. */
extern const struct stamp_variant *const stamp_variants[];
/* The best that works here, chosen once. */
const struct stamp_variant *stamp_variant(void);
/* Takes @v from now on, for tests of each; NULL: the best again. */
void stamp_variant_force(const struct stamp_variant *v);
/* So many bytes, and more, are better written past the caches. */
size_t stamp_stream_from(void);
/* Another number of bytes from now on, for tests; 0: the right one again. */
void stamp_stream_force(size_t from);

#endif
