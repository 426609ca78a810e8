/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a pattern for CPUs with AVX2. */
#include "core/stamp/kernel.h"

#ifdef __x86_64__
#include <immintrin.h>

#define STAMP_VEC 32
#define STAMP_TARGET __attribute__((target("avx2")))
#define STAMP_STREAM(p, value) _mm256_stream_si256((__m256i *)(void *)(p), (__m256i)(value))
#include "core/stamp/body.h"

static bool avx2_works(void)
{
	return __builtin_cpu_supports("avx2");
}

STAMP_TARGET static void avx2_write(char *p, size_t n, struct stamp_lines *lines)
{
	stamp_body_write(p, n, lines, false);
}

STAMP_TARGET static void avx2_stream(char *p, size_t n, struct stamp_lines *lines)
{
	stamp_body_write(p, n, lines, true);
	_mm_sfence();
}

STAMP_TARGET static size_t avx2_match(const char *p, size_t n, struct stamp_lines *lines)
{
	return stamp_body_match(p, n, lines);
}

const struct stamp_variant stamp_avx2 = {
	.name = "avx2",
	.works = avx2_works,
	.write = avx2_write,
	.stream = avx2_stream,
	.match = avx2_match,
};
#else
/* A file needs something in it. */
typedef int stamp_no_avx2;
#endif
