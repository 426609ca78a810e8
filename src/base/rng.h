/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every random choice: a pure hash of (seed, op number, place). There is no state to carry, so removing one op from a
 * script changes no other op's choices, and threads need no lock.
 */
#ifndef IC_BASE_RNG_H
#define IC_BASE_RNG_H

#include <stdbool.h>

#include "base/util.h"

/* 64 uniform bits for draw @place of op @op under @seed. The mixing is documented in rng.c and pinned by a unit test. */
uint64_t rng_draw(uint64_t seed, uint64_t op, uint64_t place);

/* Map a draw to 0..n-1 without modulo bias worth naming (multiply-shift); n >= 1. */
uint64_t rng_below(uint64_t draw, uint64_t n);

/* min..max inclusive. */
uint64_t rng_between(uint64_t draw, uint64_t min, uint64_t max);

/* True with probability p (0 never, 1 always). */
bool rng_chance(uint64_t draw, double p);

/* A fresh seed from the kernel's random source, for runs without --seed. */
uint64_t rng_entropy(void);

/* FNV-1a of a place name, so that call sites can say rng_place("iova"). */
uint64_t rng_place(const char *name);

#endif
