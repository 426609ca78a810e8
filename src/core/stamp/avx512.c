/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a pattern for CPUs with AVX-512. */
#include "core/stamp/kernel.h"

#ifdef __x86_64__
#include <immintrin.h>

#define STAMP_VEC 64
#define STAMP_TARGET __attribute__((target("avx512f")))
#define STAMP_STREAM(p, value) _mm512_stream_si512((__m512i *)(void *)(p), (__m512i)(value))
#include "core/stamp/body.h"

static bool avx512_works(void)
{
	return __builtin_cpu_supports("avx512f");
}

STAMP_TARGET static void avx512_write(char *p, size_t n, struct stamp_lines *lines)
{
	stamp_body_write(p, n, lines, false);
}

STAMP_TARGET static void avx512_stream(char *p, size_t n, struct stamp_lines *lines)
{
	stamp_body_write(p, n, lines, true);
	_mm_sfence();
}

STAMP_TARGET static size_t avx512_match(const char *p, size_t n, struct stamp_lines *lines)
{
	return stamp_body_match(p, n, lines);
}

const struct stamp_variant stamp_avx512 = {
	.name = "avx512",
	.works = avx512_works,
	.write = avx512_write,
	.stream = avx512_stream,
	.match = avx512_match,
};
#else
/* A file needs something in it. */
typedef int stamp_no_avx512;
#endif
