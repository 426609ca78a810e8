/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seeded generator. A draw is a hash, not a step of a stream:
 *
 *	h = mix(seed  + 0x9e3779b97f4a7c15)
 *	h = mix(h ^ (op    * 0xd1342543de82ef95 + 0x632be59bd9b4e019))
 *	h = mix(h ^ (place * 0xaef17502108ef2d9 + 0xda3e39cb94b95bdb))
 *
 * mix is the 64-bit finalizer of MurmurHash3 with the multipliers and shifts that D. Stafford found to avalanche best
 * ("Mix13"): x ^= x >> 30; x *= 0xbf58476d1ce4e5b9; x ^= x >> 27; x *= 0x94d049bb133111eb; x ^= x >> 31.
 *
 * Every step is a bijection of its input (odd multipliers), so under one seed two ops never share a draw at one place,
 * and one op never draws the same value at two places. The constants differ per input, so that (op, place) and
 * (place, op) are unrelated. A saved seed must mean the same choices in every later version: the known answers in
 * tests/unit/test_rng.c pin this.
 */
#include "base/rng.h"

#include <sys/random.h>

#include "base/clock.h"

static uint64_t rng_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9;
	x ^= x >> 27;
	x *= 0x94d049bb133111eb;
	x ^= x >> 31;
	return x;
}

uint64_t rng_draw(uint64_t seed, uint64_t op, uint64_t place)
{
	uint64_t h = rng_mix(seed + 0x9e3779b97f4a7c15);

	h = rng_mix(h ^ (op * 0xd1342543de82ef95 + 0x632be59bd9b4e019));
	return rng_mix(h ^ (place * 0xaef17502108ef2d9 + 0xda3e39cb94b95bdb));
}

uint64_t rng_below(uint64_t draw, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)draw * n) >> 64);
}

uint64_t rng_between(uint64_t draw, uint64_t min, uint64_t max)
{
	uint64_t count = max - min + 1;

	/* count is 0 for the whole 64-bit range */
	return count ? min + rng_below(draw, count) : draw;
}

bool rng_chance(uint64_t draw, double p)
{
	/* The top 53 bits as a double in 0..1, 1 excluded: so 0 never and 1 always. */
	return (double)(draw >> 11) * 0x1p-53 < p;
}

uint64_t rng_entropy(void)
{
	uint64_t seed;

	/* Early in boot, or under a seccomp filter, the time and the process have to do. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = rng_draw(clock_ns(), (uint64_t)getpid(), 0);
	return seed;
}

uint64_t rng_place(const char *name)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3;
	return h;
}
