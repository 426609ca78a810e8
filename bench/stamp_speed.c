/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stamping and verifying against memcpy, in one run and by turns: the best of many rounds each, as a ratio. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/stamp.h"

#define BENCH_ROUNDS 15
#define BENCH_BYTES MiB(256) /* moved in each round */

enum { BENCH_COPY, BENCH_STAMP, BENCH_VERIFY, BENCH_KINDS };

static void bench_once(int kind, char *to, const char *from, size_t size)
{
	static const struct stamp stamp = {1, 2, 0x100000};

	switch (kind) {
	case BENCH_COPY:
		memcpy(to, from, size);
		break;
	case BENCH_STAMP:
		stamp_fill(to, size, &stamp);
		break;
	default:
		if (!stamp_verify(to, size, &stamp))
			abort();
	}
	/* the bytes count as used */
	__asm__ volatile("" : : "r"(to) : "memory");
}

static double bench_round(int kind, char *to, const char *from, size_t size)
{
	uint64_t start = clock_ns();

	for (uint64_t done = 0; done < BENCH_BYTES; done += size)
		bench_once(kind, to, from, size);
	return (double)BENCH_BYTES / (double)(clock_ns() - start);
}

static int bench_size(size_t size)
{
	char *to = aligned_alloc(4096, size), *from = aligned_alloc(4096, size);
	double best[BENCH_KINDS] = {0}, rate;

	if (!to || !from)
		return 1;
	memset(to, 1, size);
	memset(from, 2, size);
	for (int round = 0; round < BENCH_ROUNDS; round++)
		for (int kind = 0; kind < BENCH_KINDS; kind++) {
			rate = bench_round(kind, to, from, size);
			best[kind] = MAX(best[kind], rate);
		}
	printf("%8zu KiB  memcpy %6.1f GB/s  stamp %6.1f (%.2f)  verify %6.1f (%.2f)\n", size >> 10, best[BENCH_COPY],
	       best[BENCH_STAMP], best[BENCH_STAMP] / best[BENCH_COPY], best[BENCH_VERIFY],
	       best[BENCH_VERIFY] / best[BENCH_COPY]);
	free(to);
	free(from);
	return 0;
}

int main(void)
{
	static const size_t sizes[] = {KiB(8), KiB(256), MiB(4), MiB(64)};
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		bad |= bench_size(sizes[i]);
	return bad;
}
