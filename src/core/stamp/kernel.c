/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a pattern word by word, for every CPU; which variant is the best one here. */
#include "core/stamp/kernel.h"

#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#define STAMP_VEC 8
#define STAMP_TARGET
#include "core/stamp/body.h"

static bool plain_works(void)
{
	return true;
}

static void plain_write(char *p, size_t n, struct stamp_lines *lines)
{
	stamp_body_write(p, n, lines, false);
}

static size_t plain_match(const char *p, size_t n, struct stamp_lines *lines)
{
	return stamp_body_match(p, n, lines);
}

const struct stamp_variant stamp_plain = {
	.name = "plain",
	.works = plain_works,
	.write = plain_write,
	.match = plain_match,
};

/* ThreadSanitizer is given the one whose accesses are atomic. */
#if defined(__SANITIZE_THREAD__)
#define STAMP_WORDS_ONLY 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STAMP_WORDS_ONLY 1
#endif
#endif

const struct stamp_variant *const stamp_variants[] = {
#if defined(__x86_64__) && !defined(STAMP_WORDS_ONLY)
	&stamp_avx512,
	&stamp_avx2,
#endif
	&stamp_plain,
	NULL,
};

/* QEMU's TCG translates vectors to calls and keeps them in memory: words in registers are quicker there. It says who it is. */
static bool stamp_is_translated(void)
{
#ifdef __x86_64__
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31)) /* no hypervisor */
		return false;
	__cpuid(0x40000000, a, b, c, d);
	return b == 0x54474354 && c == 0x43544743 && d == 0x47435447; /* TCGTCGTCGTCG */
#else
	return false;
#endif
}

static const struct stamp_variant *stamp_chosen;

/* A table instead of the compiler's function versions: those are resolved before a sanitizer's runtime is there. */
const struct stamp_variant *stamp_variant(void)
{
	const struct stamp_variant *v = __atomic_load_n(&stamp_chosen, __ATOMIC_RELAXED);

	if (v)
		return v;
	for (size_t i = 0; !v; i++)
		if (stamp_variants[i]->works())
			v = stamp_variants[i];
	if (stamp_is_translated())
		v = &stamp_plain;
	__atomic_store_n(&stamp_chosen, v, __ATOMIC_RELAXED);
	return v;
}

void stamp_variant_force(const struct stamp_variant *v)
{
	__atomic_store_n(&stamp_chosen, v, __ATOMIC_RELAXED);
}

#define STAMP_CACHE_DEFAULT MiB(32)

static size_t stamp_stream_size; /* 0: not known yet */

/* Twice the last cache that is known of. What the C library says may be that of a whole socket, of which a core uses a part. */
size_t stamp_stream_from(void)
{
	size_t size = __atomic_load_n(&stamp_stream_size, __ATOMIC_RELAXED);
	long cache = -1;

	if (size)
		return size;
#ifdef _SC_LEVEL3_CACHE_SIZE
	cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
	size = 2 * (cache > 0 ? MAX((size_t)cache, MiB(1)) : STAMP_CACHE_DEFAULT);
	__atomic_store_n(&stamp_stream_size, size, __ATOMIC_RELAXED);
	return size;
}

void stamp_stream_force(size_t from)
{
	__atomic_store_n(&stamp_stream_size, from, __ATOMIC_RELAXED);
}

const char *stamp_variant_name(void)
{
	return stamp_variant()->name;
}
